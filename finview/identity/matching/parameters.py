"""Versions of the weights of device matching: rows of the state table `match_parameters`.

One file per version, never changed; dbt reads them as the source `identity.match_parameters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal

from finview.identity import state
from finview.settings import Home

#: Verdict of a version whose weights are used.
PROMOTED = "promoted"
REFUSED = "refused"

#: The table of `finview.identity.state`.
TABLE = "match_parameters"


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


def read_versions(home: Home) -> list[Version]:
    """All versions, oldest first."""
    names = [field.name for field in fields(Parameter)]
    found: dict[tuple[int, str], list[Parameter]] = {}
    for row in state.rows(home, TABLE):
        place = (row["fitted_sequence"], row["model_version"])
        found.setdefault(place, []).append(Parameter(**{name: row[name] for name in names}))
    return [
        Version(name, sequence, tuple(found[sequence, name])) for sequence, name in sorted(found)
    ]


def append_version(home: Home, rows: Sequence[Parameter]) -> Version:
    """Write a new version; a crash leaves it whole or not at all."""
    sequence = state.next_sequence(home, TABLE)
    version = Version(f"m{sequence:04d}", sequence, tuple(rows))
    names = [field.name for field in fields(Parameter)]
    records = []
    for row in rows:
        values = dict(zip(names, astuple(row), strict=True))
        values |= {"model_version": version.name, "fitted_sequence": sequence}
        records.append([values[name] for name in state.TABLES[TABLE]])
    state.write(home, TABLE, records, sequence)
    return version
