"""The KPI scorecard out of the published marts, and how its values are written for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finview.errors import FinviewError
from finview.settings import Home

#: Ratios of two amounts, not shares of a whole.
_MULTIPLES = ("ltv_cac_ratio",)
_RELATION = "report.rpt_kpi_scorecard"


@dataclass(frozen=True)
class ScoreRow:
    """One KPI (and slice) of the scorecard; values in the KPI's unit, None when not known."""

    kpi_id: str
    cut_value: str
    is_headline: bool
    level: str
    area: str
    name_en: str
    name_zh: str
    unit: str
    direction: str
    period_grain: str | None
    period_start_date: date | None
    kpi_value: Decimal | None
    previous_value: Decimal | None
    baseline_value: Decimal | None
    target_value: Decimal | None
    benchmark_value: Decimal | None
    gap_to_target: Decimal | None
    sample_size: Decimal | None
    status: str | None

    @property
    def period(self) -> str:
        """The period as people write it: 2025, 2025 Q2, 2025-06, or the day."""
        day, grain = self.period_start_date, self.period_grain
        if day is None:
            return "-"
        if grain == "year":
            return f"{day:%Y}"
        if grain == "quarter":
            return f"{day:%Y} Q{(day.month + 2) // 3}"
        return f"{day:%Y-%m}" if grain == "month" else day.isoformat()

    @property
    def shown_unit(self) -> str:
        """The unit, `x` where a ratio is read as a multiple (3.5 x) rather than as a share."""
        return "x" if self.kpi_id in _MULTIPLES else self.unit


def read_scorecard(
    home: Home,
    *,
    level: str | None = None,
    area: str | None = None,
    with_cuts: bool = False,
) -> list[ScoreRow]:
    """Rows of the published scorecard, in its order (level, area, KPI).

    Args:
        home: Home with a published version.
        level: `strategic`, `strategy` or `execution`; all when None.
        area: Such as `acquisition`; all when None.
        with_cuts: Also rows for slices (channel, tier), not only each KPI's headline.

    Raises:
        FinviewError: nothing is published, the scorecard is not in it, or no row is left.
    """
    import duckdb

    from finview.publish import open_current

    connection = open_current(home)
    try:
        columns = ", ".join(field.name for field in fields(ScoreRow))
        # The names are those of the dataclass: no text of a user reaches the query.
        found = connection.execute(f"select {columns} from {_RELATION}").fetchall()
    except duckdb.CatalogException:
        raise FinviewError(
            "the published version holds no scorecard", "build and publish anew: finview run"
        ) from None
    finally:
        connection.close()
    rows = [_row(values) for values in found]
    for name, wanted in (("level", level), ("area", area)):
        known = sorted({getattr(row, name) for row in rows})
        if wanted is not None and wanted not in known:
            raise FinviewError(f"no KPI has {name} {wanted!r}", f"use one of: {', '.join(known)}")
    order = {"strategic": 0, "strategy": 1, "execution": 2}
    return sorted(
        (
            row
            for row in rows
            if (level in (None, row.level))
            and (area in (None, row.area))
            and (with_cuts or row.is_headline)
        ),
        key=lambda row: (order.get(row.level, 9), row.area, row.kpi_id, row.cut_value),
    )


def _row(values: Sequence[Any]) -> ScoreRow:
    named = dict(zip((field.name for field in fields(ScoreRow)), values, strict=True))
    return ScoreRow(**named)


def format_value(value: Decimal | None, unit: str) -> str:
    """A value as people read it: 12.3 %, 195.00 CNY/user, 1,200 users; `-` when not known."""
    if value is None:
        return "-"
    if unit == "ratio":
        return f"{_rounded(value * 100, 1):,} %"
    if unit.startswith("CNY"):
        return f"{_rounded(value, 2):,} {unit}"
    if unit in ("count", "users", "partners"):
        return f"{_rounded(value, 0):,}" + ("" if unit == "count" else f" {unit}")
    if unit == "x":
        return f"{_rounded(value, 2):,} x"
    if unit == "per mille":
        return f"{_rounded(value, 2):,} ‰"
    if unit == "pp":  # kept as a difference of ratios
        return f"{_rounded(value * 100, 1):,} pp"
    return f"{_rounded(value, 1):,} {unit}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
