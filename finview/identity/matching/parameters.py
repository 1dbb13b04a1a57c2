"""Versions of the weights: rows of `accepted/identity/match_parameters/`, one file per version.

dbt reads the folder as the source `identity.match_parameters`. A file is never changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from finview.durable import sync_folder
from finview.settings import Home

#: Verdict of a version whose weights are used.
PROMOTED = "promoted"
REFUSED = "refused"

_DECIMAL = pa.decimal128(18, 9)
SCHEMA = pa.schema(
    [
        ("model_version", pa.string()),
        ("comparison", pa.string()),
        ("level", pa.int64()),
        ("label", pa.string()),
        ("m_probability", _DECIMAL),
        ("u_probability", _DECIMAL),
        ("weight", _DECIMAL),
        ("kind", pa.string()),
        ("value", _DECIMAL),
        ("note", pa.string()),
        ("fitted_sequence", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Parameter:
    """One row; `kind` is term, prior, calibration, quality or verdict."""

    kind: str
    comparison: str | None = None
    level: int | None = None
    label: str | None = None
    m_probability: Decimal | None = None
    u_probability: Decimal | None = None
    weight: Decimal | None = None
    value: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Version:
    """The rows of one fit."""

    name: str
    sequence: int
    rows: tuple[Parameter, ...]

    @property
    def is_promoted(self) -> bool:
        """Whether SQL may score with it."""
        return any(row.kind == "verdict" and row.label == PROMOTED for row in self.rows)

    def of_kind(self, kind: str) -> list[Parameter]:
        """Its rows of one kind, in the order written."""
        return [row for row in self.rows if row.kind == kind]


def decimal(value: float) -> Decimal:
    """`value` as it is stored: nine places."""
    return Decimal(f"{value:.9f}")


def folder(home: Home) -> Path:
    """Where the versions are."""
    return home.accepted / "identity" / "match_parameters"


def ensure_parameters(home: Home) -> None:
    """Keep a file without rows in the folder, so that dbt finds a table before the first fit."""
    if not (folder(home) / _file_name(0)).exists():
        _write(home, 0, [])


def read_versions(home: Home) -> list[Version]:
    """All versions, oldest first."""
    found = []
    for path in sorted(folder(home).glob("*.parquet")):
        rows = pq.read_table(path, schema=SCHEMA).to_pylist()
        if not rows:
            continue
        names = [field.name for field in fields(Parameter)]
        parameters = tuple(Parameter(**{name: row[name] for name in names}) for row in rows)
        found.append(Version(rows[0]["model_version"], rows[0]["fitted_sequence"], parameters))
    return found


def append_version(home: Home, rows: Sequence[Parameter]) -> Version:
    """Write a new version; a crash leaves it whole or not at all."""
    ensure_parameters(home)
    sequence = max((version.sequence for version in read_versions(home)), default=0) + 1
    version = Version(f"m{sequence:04d}", sequence, tuple(rows))
    names = [field.name for field in fields(Parameter)]
    records = [
        dict(zip(names, astuple(row), strict=True))
        | {"model_version": version.name, "fitted_sequence": sequence}
        for row in rows
    ]
    _write(home, sequence, records)
    return version


def _file_name(sequence: int) -> str:
    return f"{sequence:08d}.parquet"


def _write(home: Home, sequence: int, records: list[dict[str, object]]) -> None:
    target = folder(home)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = target / _file_name(sequence)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pq.write_table(pa.Table.from_pylist(records, schema=SCHEMA), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(target)
