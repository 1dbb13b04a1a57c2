"""What one more user costs, with a response curve that the home was given."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction

from finview.attribution.fit import NODES, RESPONSE
from finview.settings import Home
from finview.value.parameters import PROMOTED, Parameter, append_version
from second_way.facts import Facts
from second_way.periods import ALL, Published, rounded, start_of
from second_way.spend import ledger

#: Spend of a month and users at it, by the curve and by both ends of its interval.
CURVES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "feed_ad": (
        ("0", "0", "0", "0"),
        ("120.50", "1.25", "1", "1.75"),
        ("260", "2.1", "1.4", "3.3"),
        ("9000", "30", "12", "51"),
    ),
    "short_video": (("0", "0", "0", "0"), ("35", "0.4", "0.3", "0.5"), ("70", "0.7", "0.4", "1")),
}


def plant_response(home: Home) -> None:
    """A promoted version with made-up curves, for homes that are too small to learn."""
    nodes = [
        Parameter(RESPONSE, None, kind, channel, Decimal(value), step)
        for channel, levels in CURVES.items()
        for step, values in enumerate(levels)
        for kind, value in zip(NODES, values, strict=True)
    ]
    append_version(home, [*nodes, Parameter(RESPONSE, None, "verdict", PROMOTED)])


def marginal_costs(facts: Facts, out: Published) -> None:
    """Spend of the level that holds a month's spend over the users it brings."""
    spend: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    users: dict[tuple[date, str], int] = defaultdict(int)
    for bill in ledger(facts):
        if bill.aims:
            spend[start_of("month", bill.day), bill.channel] += bill.cost
    for found in facts.registrations.values():
        users[start_of("month", found.day), found.channel] += 1
    sums: dict[tuple[date, str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    for (month, channel), amount in spend.items():
        for number, cut in enumerate(("channel", "high", "low"), 1):
            more = _as_much_again(channel, amount, number)
            for value in () if more is None else (facts.path(channel), "all"):
                bound = "" if cut == "channel" else f"{cut}/"
                numbers = Fraction(amount), more, Fraction(users[month, channel])
                kept = sums[month, bound, value]
                sums[month, bound, value] = [a + b for a, b in zip(kept, numbers, strict=True)]
    for (month, bound, value), (amounts, more_users, sample) in sums.items():
        cut = ALL if value == "all" else ("channel", value)
        place = ("month", month, *(("interval", bound + value) if bound else cut))
        out.put_ratio("cac_marginal", place, amounts, more_users, sample)


def _as_much_again(channel: str, amount: Decimal, column: int) -> Fraction | None:
    """Users that as much money again would bring at the price of the level."""
    levels = [[Fraction(value) for value in row] for row in CURVES.get(channel, ())]
    for lower, upper in zip(levels, levels[1:], strict=False):
        if lower[0] < amount <= upper[0]:
            ends = [upper[at] - lower[at] for at in range(4)]
            # The dearer end of the interval has fewer users, whichever curve that is.
            gained = {1: ends[1], 2: min(ends[2:]), 3: max(ends[2:])}[column]
            price = rounded((upper[0] - lower[0]) / gained)
            assert price is not None
            more = rounded(Fraction(amount) / Fraction(price))
            return None if more is None else Fraction(more)
    return None
