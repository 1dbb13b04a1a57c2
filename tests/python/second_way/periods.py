"""Calendar periods, exact rounding and sums by period and cut."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

#: kpi_id, period grain, first day of the period, cut, cut value.
Key = tuple[str, str, date, str, str]
Number = int | Decimal | Fraction
ALL = ("all", "all")
GRAINS = ("day", "week", "month", "quarter", "year")
LONG_GRAINS = ("month", "quarter", "year")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Value:
    """What the warehouse publishes for a KPI, period and cut."""

    kpi_value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    sample_size: Decimal | None
    is_mature: bool


def rounded(number: Number | None) -> Decimal | None:
    """A number with six decimals, half rounded away from zero."""
    if number is None:
        return None
    exact = Fraction(number) * 10**6
    whole = (abs(exact.numerator) * 2 + exact.denominator) // (exact.denominator * 2)
    return Decimal(whole if exact >= 0 else -whole).scaleb(-6)


def ratio(numerator: Number, denominator: Number) -> Fraction | None:
    """Exact quotient; none over 0."""
    return Fraction(numerator) / Fraction(denominator) if denominator else None


def start_of(grain: str, day: date) -> date:
    """First day of the period that holds a day."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = {"day": 0, "month": 1, "quarter": 3, "year": 12}[grain]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1) if months else day


def end_of(grain: str, start: date) -> date:
    """Last day of the period that begins on a day."""
    if grain in ("day", "week"):
        return start + (6 if grain == "week" else 0) * DAY
    return shifted(start, {"month": 1, "quarter": 3, "year": 12}[grain]) - DAY


def shifted(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(first: date, last: date) -> Iterable[date]:
    """First days of the months from the month of one day to that of another."""
    month = start_of("month", first)
    while month <= last:
        yield month
        month = shifted(month, 1)


Cut = tuple[str, str]
Place = tuple[str, date, str, str]


class Sums:
    """Numbers added up over periods and cuts."""

    def __init__(self, grains: Iterable[str], measures: int) -> None:
        self.grains = tuple(grains)
        self._places: dict[Place, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * measures)

    def add(self, day: date, cuts: Mapping[str, str], *numbers: int | Decimal) -> None:
        """Add to the total and to each cut, in every period that holds the day."""
        for grain in self.grains:
            start = start_of(grain, day)
            for name, value in (ALL, *cuts.items()):
                sums = self._places[grain, start, name, value]
                for index, number in enumerate(numbers):
                    sums[index] += number

    def items(self) -> Iterable[tuple[Place, list[Decimal]]]:
        """Places and their sums."""
        return self._places.items()

    def get(self, place: Place) -> list[Decimal] | None:
        """Sums of a place, if there are any."""
        return self._places.get(place)


class Published:
    """The rows of the KPIs, as they should be published."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.rows: dict[Key, Value] = {}

    def ended(self, grain: str, start: date) -> bool:
        """The period is over."""
        return end_of(grain, start) <= self.as_of

    def put(
        self,
        kpi_id: str,
        place: Place,
        value: Number | None,
        numerator: Number | None,
        denominator: Number | None,
        sample_size: Number | None,
        is_mature: bool | None = None,
    ) -> None:
        """One row; mature when its period is over, where nothing else is said."""
        key = (kpi_id, *place)
        assert key not in self.rows, key
        mature = self.ended(*place[:2]) if is_mature is None else is_mature
        self.rows[key] = Value(
            rounded(value), rounded(numerator), rounded(denominator), rounded(sample_size), mature
        )

    def put_ratio(
        self,
        kpi_id: str,
        place: Place,
        numerator: Number,
        denominator: Number,
        sample_size: Number | None = None,
        is_mature: bool | None = None,
    ) -> None:
        """A quotient; its sample is the denominator, where nothing else is said."""
        sample = denominator if sample_size is None else sample_size
        value = ratio(numerator, denominator)
        self.put(kpi_id, place, value, numerator, denominator, sample, is_mature)

    def put_ratios(
        self, kpi_id: str, sums: Sums, mature: Callable[[str, date], bool] | None = None
    ) -> None:
        """The quotient of the first two sums, everywhere."""
        for place, (numerator, denominator, *_) in sums.items():
            is_mature = mature(*place[:2]) if mature else None
            self.put_ratio(kpi_id, place, numerator, denominator, is_mature=is_mature)
