"""What users have brought, and whether it pays for them, a second time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from second_way.facts import Facts
from second_way.periods import (
    ALL,
    LONG_GRAINS,
    Published,
    Sums,
    end_of,
    months_between,
    ratio,
    rounded,
    shifted,
    start_of,
)
from second_way.raw import Node
from second_way.tiers import TierMonth
from second_way.users import regions

#: The year that growth is measured from.
BASE_YEAR = 2023
REALISED = ("part", "realised")
FORETOLD = ("part", "predicted")


def lifetime_value(
    facts: Facts,
    tiers: Mapping[tuple[Node, date], TierMonth],
    predicted: Decimal | None,
    out: Published,
) -> None:
    """Margin to a month's end of the users registered by then, per user; and its growth.

    In the last month what is predicted stands beside it.
    """
    flows = Sums(["month"], 2)
    places = regions(facts)
    for registration in facts.registrations.values():
        flows.add(registration.day, _cuts(facts, registration.user, places), 0, 1)
    margins: dict[tuple[Node, date], Decimal] = defaultdict(Decimal)
    for order in facts.orders:
        if order.user in facts.registrations:
            day = max(order.day, facts.registrations[order.user].day)
            flows.add(day, _cuts(facts, order.user, places), order.margin, 0)
            margins[order.user, start_of("month", day)] += order.margin
    first = min(start for (_, start, _, _), _ in flows.items())
    totals: dict[date, Decimal] = {}
    for name, value in sorted({place[2:] for place, _ in flows.items()}):
        margin, users = Decimal(0), 0
        cut = REALISED if (name, value) == ALL else (name, value)
        for month in months_between(first, out.as_of):
            more = flows.get(("month", month, name, value)) or [Decimal(0)] * 2
            margin, users = margin + more[0], users + int(more[1])
            if users:
                out.put_ratio("ltv", ("month", month, *cut), margin, users)
            now = ("month", start_of("month", out.as_of))
            if predicted is not None and cut == REALISED and month == now[1]:
                for cut_now, worth in ((FORETOLD, predicted), (ALL, margin + predicted)):
                    out.put_ratio("ltv", (*now, *cut_now), worth, users, is_mature=True)
            if users and cut == REALISED and month.month % 3 == 0:
                found = rounded(ratio(margin, users))
                assert found is not None
                totals[start_of("quarter", month)] = found
    _by_tier(facts, tiers, margins, out)
    _growth(facts, totals, out)


def _cuts(facts: Facts, user: Node, places: Mapping[Node, tuple[str, str]]) -> dict[str, str]:
    registration = facts.registrations[user]
    region, city_tier = places[user]
    return {
        "channel": facts.path(registration.channel),
        "cohort": start_of("quarter", registration.day).isoformat(),
        "region": region,
        "city_tier": city_tier,
    }


def _by_tier(
    facts: Facts,
    tiers: Mapping[tuple[Node, date], TierMonth],
    margins: Mapping[tuple[Node, date], Decimal],
    out: Published,
) -> None:
    sums: dict[tuple[date, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for user, registration in facts.registrations.items():
        margin = Decimal(0)
        for month in months_between(registration.day, out.as_of):
            margin += margins.get((user, month), Decimal(0))
            found = sums[month, tiers[user, month].tier]
            found[0] += margin
            found[1] += 1
    for (month, tier), (margin, users) in sums.items():
        out.put_ratio("ltv", ("month", month, "tier", tier), margin, users)


def _growth(facts: Facts, totals: Mapping[date, Decimal], out: Published) -> None:
    """Against the end of the base year; and first years against those of its users."""
    base = totals.get(date(BASE_YEAR, 10, 1))
    counts: dict[date, int] = defaultdict(int)
    for registration in facts.registrations.values():
        counts[start_of("quarter", registration.day)] += 1
    for quarter, value in totals.items():
        end = end_of("quarter", quarter)
        if base and base > 0 and quarter.year > BASE_YEAR:
            users = sum(found.day <= end for found in facts.registrations.values())
            place = ("quarter", quarter, "basis", "to_date")
            out.put_ratio("ltv_growth", place, value - base, base, users)
    margins: dict[date, Decimal] = defaultdict(Decimal)
    for order in facts.orders:
        user = facts.registrations.get(order.user)
        if user and order.day < shifted(user.day, 12):
            margins[start_of("quarter", user.day)] += order.margin
    ended = [
        quarter
        for quarter in counts
        if quarter.year == BASE_YEAR and shifted(quarter, 15) > out.as_of
    ]
    of_base = [quarter for quarter in counts if quarter.year == BASE_YEAR and quarter not in ended]
    if not of_base:
        return
    base = rounded(ratio(sum(margins[day] for day in of_base), sum(counts[day] for day in of_base)))
    for quarter, count in counts.items():
        if base and base > 0 and quarter.year > BASE_YEAR:
            value = rounded(ratio(margins[quarter], count))
            assert value is not None
            out.put_ratio(
                "ltv_growth",
                ("quarter", quarter, *ALL),
                value - base,
                base,
                count,
                end_of("quarter", shifted(quarter, 12)) <= out.as_of,
            )


def value_against_cost(facts: Facts, out: Published, paid: Sums) -> None:
    """Margin to date over spend, and months until it was paid back, of paid channels' users."""
    margins: dict[Node, list[tuple[int, Decimal]]] = defaultdict(list)
    for order in facts.orders:
        if order.user in facts.registrations:
            joined = facts.registrations[order.user].day
            age = (order.day.year - joined.year) * 12 + order.day.month - joined.month
            margins[order.user].append((max(age, 0), order.margin))
    oldest = max((age for flows in margins.values() for age, _ in flows), default=0)
    cohorts = Sums(LONG_GRAINS, 2 + oldest + 1)
    for user, registration in facts.registrations.items():
        if facts.is_paid(registration.channel):
            cut = {"channel": facts.path(registration.channel)}
            by_age = [Decimal(0)] * (oldest + 1)
            for age, margin in margins[user]:
                by_age[age] += margin
            cohorts.add(registration.day, cut, sum(by_age, Decimal(0)), 1, *by_age)
    for place, (margin, users, *by_age) in cohorts.items():
        found = paid.get(place) or [Decimal(0)] * 2
        spend, counted = found[0], found[1]
        if spend:
            mature = shifted(end_of(*place[:2]), 12) <= out.as_of
            out.put_ratio("ltv_cac_ratio", place, margin, spend, users, mature)
            assert counted
            last_month = start_of("month", end_of(*place[:2]))
            reached = [
                age
                for age in range(oldest + 1)
                if sum(by_age[: age + 1]) >= spend
                and end_of("month", shifted(last_month, age)) <= out.as_of
            ]
            months = min(reached, default=None)
            out.put("cac_payback_months", place, months, months, None, users, mature)
