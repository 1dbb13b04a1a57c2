"""What an ingestion did: results per file and totals per table. No data values, only counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

ROW_COUNTS = ("rows_in", "rows_accepted", "rows_quarantined", "rows_duplicate")
AMOUNT_PARTS = ("in", "accepted", "quarantined", "duplicate", "residual")

#: Per amount column: sums as decimal text by part, and the count of unparseable values.
Amounts = dict[str, dict[str, str]]


@dataclass(frozen=True)
class FileResult:
    """One landed file: `status` is accepted, duplicate or refused; `reason` explains.

    `amounts` maps each amount column to the sums in, accepted, quarantined, duplicate and
    residual (decimal text) and to `unparseable`, the number of values in no sum.
    """

    source: str
    table: str
    file: str
    sha256: str
    status: str
    reason: str = ""
    rows_in: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    amounts: Amounts = field(default_factory=dict)

    @property
    def residual(self) -> int:
        """Rows that are in no account; zero when nothing got lost."""
        return self.rows_in - self.rows_accepted - self.rows_quarantined - self.rows_duplicate


@dataclass(frozen=True)
class TableTotals:
    """Sums over the files of one table in this run, with the same parts as `FileResult`."""

    source: str
    table: str
    files_accepted: int
    files_duplicate: int
    files_refused: int
    rows_in: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    amounts: Amounts

    @property
    def residual(self) -> int:
        """Rows that are in no account; zero when nothing got lost."""
        return self.rows_in - self.rows_accepted - self.rows_quarantined - self.rows_duplicate


@dataclass(frozen=True)
class IngestReport:
    """Everything one call of `ingest` saw, in the order of the files."""

    files: tuple[FileResult, ...]
    tables: tuple[TableTotals, ...]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every residual, of rows and of amounts, is zero."""
        parts: list[FileResult | TableTotals] = [*self.files, *self.tables]
        return all(part.residual == 0 and amounts_balance(part.amounts) for part in parts)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values, with `ok`."""
        return {"ok": self.ok, **asdict(self)}


def amounts_balance(amounts: Amounts) -> bool:
    """Whether every column's residual is zero."""
    return all(Decimal(parts["residual"]) == 0 for parts in amounts.values())


def amount_parts(
    total: Decimal, accepted: Decimal, quarantined: Decimal, duplicate: Decimal, unparseable: int
) -> dict[str, str]:
    """One column's sums as text, residual included."""
    residual = total - accepted - quarantined - duplicate
    sums = (total, accepted, quarantined, duplicate, residual)
    parts = {name: plain(value) for name, value in zip(AMOUNT_PARTS, sums, strict=True)}
    return {**parts, "unparseable": str(unparseable)}


def add_amounts(parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The sums of one column over several portions or files."""
    total, accepted, quarantined, duplicate = (
        sum((Decimal(part[name]) for part in parts), Decimal(0)) for name in AMOUNT_PARTS[:4]
    )
    unparseable = sum(int(part["unparseable"]) for part in parts)
    return amount_parts(total, accepted, quarantined, duplicate, unparseable)


def plain(value: Decimal) -> str:
    """Decimal text without an exponent and with at least two decimals."""
    text = f"{value:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def total_by_table(files: Iterable[FileResult]) -> tuple[TableTotals, ...]:
    """Totals per table, sorted by source and table."""
    groups: dict[tuple[str, str], list[FileResult]] = {}
    for result in files:
        groups.setdefault((result.source, result.table), []).append(result)
    return tuple(_totals(*name, groups[name]) for name in sorted(groups))


def _totals(source: str, table: str, files: list[FileResult]) -> TableTotals:
    counts = {name: sum(getattr(result, name) for result in files) for name in ROW_COUNTS}
    columns = sorted({column for result in files for column in result.amounts})
    amounts = {
        column: add_amounts(
            [result.amounts[column] for result in files if column in result.amounts]
        )
        for column in columns
    }
    status = [result.status for result in files]
    return TableTotals(
        source,
        table,
        status.count("accepted"),
        status.count("duplicate"),
        status.count("refused"),
        **counts,
        amounts=amounts,
    )
