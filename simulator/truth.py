"""What is true about the simulated people and plans, for scoring whatever is computed from them.

It holds raw identifiers and is never delivered: nothing under `landing/` may lead to it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simulator import truth_people, truth_planted
from simulator.build import Scene, Shared
from simulator.delivery import Parquet, write_bytes
from simulator.faults import Fault
from simulator.plan import Plan
from simulator.planted import BIAS

_PARTS = ".parts"
_FAULTS = pa.schema(
    [
        ("table_name", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("kind", pa.string()),
        ("column", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
    ]
)


class Ledger:
    """Truth about one part of the people, kept in files that `collect` puts together."""

    def __init__(self, truth: Path, part: int) -> None:
        self._folder, self._part = truth / _PARTS, part
        self._open: dict[str, Parquet] = {}

    def add(self, scene: Scene) -> None:
        """Describe a block of people."""
        self._add("persons", truth_people.persons(scene))
        self._add("identifiers", truth_people.identifiers(scene))
        self._add("customers", truth_people.customers(scene))
        self._add("shared_devices", truth_people.shared_devices(scene))

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Keep the faults planted into this part's files."""
        rows = [asdict(fault) for fault in faults]
        self._add("faults", pa.Table.from_pylist(rows, _FAULTS))

    def close(self) -> None:
        """Complete the files."""
        for writer in self._open.values():
            writer.finish()

    def _add(self, kind: str, rows: pa.Table) -> None:
        if kind not in self._open:
            path = self._folder / f"{kind}_{self._part:03d}.parquet"
            self._open[kind] = Parquet(path, rows.schema)
        self._open[kind].add(rows)


def clear(truth: Path) -> None:
    """Remove what an interrupted run has left."""
    shutil.rmtree(truth / _PARTS, ignore_errors=True)


def collect(truth: Path, parts: int) -> None:
    """Put the parts of the truth in their places; the faults of all parts become one file.

    With several parts every other file keeps its part's number, as the delivered files do.
    """
    folder = truth / _PARTS
    faults = Parquet(truth / "faults.parquet", _FAULTS)
    for part in range(parts + 1):
        for path in sorted(folder.glob(f"*_{part:03d}.parquet")):
            kind = path.name.removesuffix(f"_{part:03d}.parquet")
            if kind == "faults":
                faults.add(pq.read_table(path, schema=_FAULTS))
                path.unlink()
            else:
                path.rename(truth / (path.name if parts > 1 else f"{kind}.parquet"))
    faults.finish()
    folder.rmdir()


def write_summary(plan: Plan, rows: dict[str, int]) -> None:
    """Write summary.json: the arguments and the rows delivered."""
    summary = {
        "users": plan.users,
        "days": plan.days,
        "seed": plan.seed,
        "start": plan.start.isoformat(),
        "format": plan.file_format,
        "fault_rate": plan.fault_rate,
        "rows": rows,
    }
    text_form = json.dumps(summary, indent=2, sort_keys=True) + "\n"
    write_bytes(plan.truth / "summary.json", text_form.encode())


def write_shared_truth(shared: Shared, truth: Path) -> None:
    """Write what was planted: channel effects, bias, violations, experiments."""
    for name, rows in (
        ("channel_effects", truth_planted.effects(shared)),
        ("bias", pa.Table.from_pylist([asdict(item) for item in BIAS])),
        ("violations", truth_planted.violations(shared)),
        ("experiments", truth_planted.experiments(shared)),
    ):
        file = Parquet(truth / f"{name}.parquet", rows.schema)
        file.add(rows)
        file.finish()
