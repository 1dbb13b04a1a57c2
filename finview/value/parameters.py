"""Versions of the models of value: rows of the state table `value_parameters`.

One file per version, never changed; dbt reads them as the source `identity.value_parameters`. A
version has a verdict for each family and product line; SQL takes the newest promoted one of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from math import isfinite

from finview.identity import state
from finview.settings import Home

PROMOTED = "promoted"
REFUSED = "refused"
#: The table of `finview.identity.state`.
TABLE = "value_parameters"


@dataclass(frozen=True)
class Parameter:
    """One row; `kind` is parameter, term, node, node_*, band, quality, window or verdict."""

    model_family: str
    product_line: str | None
    kind: str
    label: str
    value: Decimal | None = None
    step: int | None = None
    note: str | None = None


def decimal(value: float) -> Decimal | None:
    """`value` as it is stored; nothing where it is no number."""
    return Decimal(f"{value:.18f}") if isfinite(value) else None


def append_version(home: Home, rows: Iterable[Parameter]) -> str:
    """Write a new version and give its name; a crash leaves it whole or not at all."""
    sequence = state.next_sequence(home, TABLE)
    version = f"v{sequence:04d}"
    names = [field.name for field in fields(Parameter)]
    records = []
    for row in rows:
        values = dict(zip(names, astuple(row), strict=True))
        values |= {"model_version": version, "fitted_sequence": sequence}
        records.append([values[name] for name in state.TABLES[TABLE]])
    state.write(home, TABLE, records, sequence)
    return version


def promoted_families(home: Home) -> set[str]:
    """Families with a promoted version for at least one product line."""
    condition = "kind = 'verdict' and label = ?"
    return {
        str(row["model_family"]) for row in state.rows_where(home, TABLE, condition, [PROMOTED])
    }


def promoted_rows(
    home: Home, family: str, product_line: str | None
) -> tuple[str, Sequence[Parameter]] | None:
    """Version in use of a family and product line, with its rows; None where there is none."""
    condition = "model_family = ? and product_line is not distinct from ?"
    found = state.rows_where(home, TABLE, condition, [family, product_line])
    versions = [
        (row["fitted_sequence"], row["model_version"])
        for row in found
        if row["kind"] == "verdict" and row["label"] == PROMOTED
    ]
    if not versions:
        return None
    newest = max(versions)[1]
    names = [field.name for field in fields(Parameter)]
    rows = [
        Parameter(**{name: row[name] for name in names})
        for row in found
        if row["model_version"] == newest
    ]
    return newest, rows


def values_of(rows: Sequence[Parameter]) -> dict[str, float]:
    """Parameters by label."""
    return {
        row.label: float(row.value)
        for row in rows
        if row.kind == "parameter" and row.value is not None
    }
