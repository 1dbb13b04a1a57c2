"""The KPIs that are built, computed a second time from raw files: no SQL, no floats.

Acquisition, value and growth are here, the others in second_way/users.
Definitions: seeds/kpis/kpi_catalogue.csv and the first comment of each KPI's model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from finview.settings import project_root
from finview.value.parameters import Parameter
from second_way.behaviour import match_rates
from second_way.campaigns import campaign_kpis
from second_way.churn import churn_accuracy
from second_way.conversions import conversion_kpis
from second_way.ecosystem import ecosystem_kpis
from second_way.facts import Facts, gather
from second_way.identity import resolve
from second_way.lifetime import BASE_YEAR, lifetime_value, value_against_cost
from second_way.naming import Namer
from second_way.periods import (
    ALL,
    GRAINS,
    LONG_GRAINS,
    Key,
    Published,
    Sums,
    Value,
    end_of,
    months_between,
    ratio,
    rounded,
    shifted,
    start_of,
)
from second_way.personas import persona_kpis
from second_way.raw import Node, identifier, read_landing, seed
from second_way.response import marginal_costs
from second_way.spend import ledger, spend_kpis
from second_way.tags import tag_kpis
from second_way.tiers import tiers_of
from second_way.users import user_kpis
from second_way.wealth import tier_kpis


@dataclass(frozen=True)
class Models:
    """What foretells: rows of the scorecard, the day it was trained to, and the margin expected.

    The margin of the 36 months to come is that of all registered users; None without a model.
    """

    scorecard: Sequence[Parameter]
    trained_to: date
    predicted: Decimal | None


def facts_of(landing: Path, as_of: date, name: Namer) -> Facts:
    """Everything the KPIs need to know about a home."""
    seeds = project_root() / "seeds"
    raw = read_landing(landing, as_of)
    rules = {row["identifier_type"]: row for row in seed(seeds / "identity/identity_rules.csv")}
    links = {row["rule_code"]: row for row in seed(seeds / "identity/identity_link_rules.csv")}
    blocked = [
        (row["identifier_type"], identifier(row["identifier_type"], row["identifier_value"]))
        for row in seed(seeds / "identity/blocked_identifiers.csv")
    ]
    who = resolve(raw, rules, links, blocked, name)
    channels = {row["channel_code"]: row for row in seed(seeds / "channels/channels.csv")}
    return gather(raw, who, channels)


def kpis_of(facts: Facts, models: Models) -> dict[Key, Value]:
    """Every published row of every KPI."""
    out = Published(facts.raw.as_of)
    _spend(facts, out)
    spend_kpis(facts, out)
    _value(facts, out)
    _growth(facts, out)
    user_kpis(facts, out)
    match_rates(facts, out)
    tiers = tiers_of(facts)
    tier_kpis(facts, tiers, out)
    tag_kpis(facts, tiers, out)
    campaign_kpis(facts, tiers, out)
    conversion_kpis(facts, tiers, out)
    persona_kpis(facts, tiers, out)
    lifetime_value(facts, tiers, models.predicted, out)
    marginal_costs(facts, out)
    ecosystem_kpis(facts, tiers, out)
    churn_accuracy(facts, models.trained_to, models.scorecard, out)
    return out.rows


def _spend(facts: Facts, out: Published) -> None:
    # Acquisition spend, registrations, first orders; all spend, attributed margin, orders.
    paid = Sums(GRAINS, 6)
    clicks = Sums(GRAINS, 2)
    budget = Sums(GRAINS[1:], 1)

    def cuts(channel: str, *names: str) -> dict[str, str]:
        path = facts.path(channel)
        every = {"channel": path, "channel_group": path.split("/")[0]}
        return {name: every[name] for name in names or every}

    for bill in ledger(facts):
        day, channel, cost = bill.day, bill.channel, bill.cost
        clicks.add(day, cuts(channel, "channel"), bill.clicks, bill.impressions)
        budget.add(day, cuts(channel), cost)
        if facts.is_paid(channel):
            paid.add(day, cuts(channel), cost if bill.aims else 0, 0, 0, cost)
    for registration in facts.registrations.values():
        if facts.is_paid(registration.channel):
            paid.add(registration.day, cuts(registration.channel), 0, 1)
    for order in facts.orders:
        if facts.is_paid(order.channel):
            first = int(order.is_first)
            paid.add(order.day, cuts(order.channel), 0, 0, first, 0, order.margin, 1)

    for place, (clicked, shown) in clicks.items():
        if shown:
            out.put_ratio("ctr", place, clicked, shown)
    for place, (spend,) in budget.items():
        total = budget.get((*place[:2], *ALL))
        if place[2:] != ALL and spend and total:
            out.put_ratio("channel_budget_share", place, spend, total[0])
    for place, (spend, users, buyers, cost, margin, orders) in paid.items():
        if spend:
            out.put_ratio("cac", place, spend, users)
            for kpi_id, path in (("feed_ad_cac", "feed_ad"), ("short_video_cac", "short_video")):
                if place[2:] == ("channel", facts.path(path)):
                    out.put_ratio(kpi_id, (*place[:2], *ALL), spend, users)
        if spend and place[2:] == ALL:
            out.put_ratio("cac", (*place[:2], "basis", "first_order"), spend, buyers)
        if cost and place[0] in LONG_GRAINS and place[2] != "channel_group":
            out.put_ratio("marketing_roi", place, margin - cost, cost, orders)
    value_against_cost(facts, out, paid)


def _value(facts: Facts, out: Published) -> None:
    revenue, lines = Sums(LONG_GRAINS, 3), Sums(["year"], 2)
    for order in facts.orders:
        cut = {"scenario": order.scenario} if order.scenario else {}
        revenue.add(order.day, cut, order.revenue, 1, order.revenue if order.scenario else 0)
        lines.add(order.day, {"product_line": order.line}, order.revenue, 1)
    for place, (_, _, of_scenarios) in revenue.items():
        total = revenue.get((*place[:2], *ALL))
        assert total is not None
        out.put_ratio("scenario_revenue_share", place, of_scenarios, total[0], total[1])
    base_start = date(BASE_YEAR, 1, 1)
    first_order = min(order.day for order in facts.orders)
    is_covered = first_order <= base_start + timedelta(days=6)
    for place, (amount, orders) in lines.items():
        base = lines.get(("year", base_start, *place[2:]))
        if base and place[1] > base_start:
            mature = out.ended(*place[:2]) and is_covered
            difference = amount - base[0]
            out.put_ratio("revenue_growth", place, difference, base[0], orders, mature)
    _repeat_purchases(facts, out, first_order)


def _repeat_purchases(facts: Facts, out: Published, first_order: date) -> None:
    for month in months_between(first_order, out.as_of):
        end = end_of("month", month)
        bought: dict[tuple[str, str], dict[Node, int]] = defaultdict(lambda: defaultdict(int))
        for order in facts.orders:
            if shifted(month, -11) <= order.day <= end:
                for cut in (ALL, ("product_line", order.line)):
                    bought[cut][order.user] += 1
        mature = out.ended("month", month) and shifted(first_order, 12) <= end + timedelta(days=1)
        for cut, counts in bought.items():
            again = sum(count >= 2 for count in counts.values())
            place = ("month", month, *cut)
            out.put_ratio("repeat_purchase_rate", place, again, len(counts), is_mature=mature)


def _growth(facts: Facts, out: Published) -> None:
    active: dict[date, set[Node]] = defaultdict(set)
    for user, days in facts.event_days.items():
        for month in {start_of("month", day) for day in days}:
            active[month].add(user)
    first_event = min(min(days) for days in facts.event_days.values())
    for month, users in active.items():
        _monthly_users(facts, out, month, users)
        before = active.get(shifted(month, -12))
        if before:
            mature = out.ended("month", month) and shifted(month, -12) >= first_event
            place = ("month", month, *ALL)
            difference = len(users) - len(before)
            out.put_ratio("mau_growth_yoy", place, difference, len(before), len(users), mature)
    _registered_users(facts, out)
    _complaints(facts, out, {month: len(users) for month, users in active.items()})


def _monthly_users(facts: Facts, out: Published, month: date, users: Iterable[Node]) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for user in users:
        found = facts.registrations.get(user)
        path = facts.path(found.channel) if found else "not_registered"
        for cut in (ALL, ("channel", path)):
            counts[cut] += 1
    for cut, count in counts.items():
        out.put("mau", ("month", month, *cut), count, count, None, count)


def _registered_users(facts: Facts, out: Published) -> None:
    days = [registration.day for registration in facts.registrations.values()]
    for grain in LONG_GRAINS:
        for start in {start_of(grain, m) for m in months_between(min(days), out.as_of)}:
            end = end_of(grain, start)
            year_before = shifted(end + timedelta(days=1), -12) - timedelta(days=1)
            count = sum(day <= end for day in days)
            before = sum(day <= year_before for day in days)
            if before:
                mature = out.ended(grain, start) and year_before >= min(days)
                place = (grain, start, *ALL)
                out.put_ratio("user_growth_yoy", place, count - before, before, count, mature)


def _complaints(facts: Facts, out: Published, monthly_users: dict[date, int]) -> None:
    complaints = Sums(LONG_GRAINS, 1)
    for row in facts.raw["crm/tickets"]:
        if row["kind"] == "complaint":
            complaints.add(facts.raw.day(row["opened_at"]), {"topic": row["topic"] or "unknown"}, 1)
    user_months = Sums(LONG_GRAINS, 1)
    for month, active in monthly_users.items():
        user_months.add(month, {}, active)
    for place, (count,) in complaints.items():
        active_users = user_months.get((*place[:2], *ALL))
        if active_users:
            out.put_ratio("complaint_rate", place, count * 1000, active_users[0])
    for place, (users,) in user_months.items():
        now = complaints.get(place) or (0,)
        if not now[0]:
            out.put_ratio("complaint_rate", place, 0, users)
        before = complaints.get((place[0], shifted(place[1], -12), *ALL)) or (0,)
        base = user_months.get((place[0], shifted(place[1], -12), *ALL))
        if base:
            old = rounded(ratio(before[0] * 1000, base[0]))
            new = rounded(ratio(now[0] * 1000, users))
            assert old is not None and new is not None
            place = (*place[:2], "measure", "yoy_change")
            out.put_ratio("complaint_rate", place, new - old, old, users)
