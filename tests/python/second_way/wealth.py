"""The KPIs of tiers, high net worth and concentration of revenue a second time."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from second_way.facts import Facts
from second_way.periods import ALL, Published, end_of, months_between, shifted, start_of
from second_way.raw import Node
from second_way.tiers import TierMonth, settings
from second_way.users import regions

Tiers = dict[tuple[Node, date], TierMonth]


def tier_kpis(facts: Facts, tiers: Tiers, out: Published) -> None:
    """Tiers, high net worth and concentration of revenue."""
    _tiers(tiers, out)
    _high_net_worth(facts, tiers, out)
    _reach(facts, tiers, out)
    _renewals(facts, tiers, out)
    _concentration(facts, out)
    _assets(tiers, out)


def _assets(tiers: Tiers, out: Published) -> None:
    """Assets now of those who had a high net worth a year ago, against theirs then."""
    limit = settings()["high_net_worth_amount"]
    sums: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for (user, month), found in tiers.items():
        before = tiers.get((user, shifted(month, -12)))
        if month.month % 3 == 0 and before and before.assets >= limit:
            for place, number in enumerate((found.assets, before.assets, Decimal(1))):
                sums[start_of("quarter", month)][place] += number
    for quarter, (now, then, users) in sums.items():
        out.put_ratio("aum_growth_yoy", ("quarter", quarter, *ALL), now - then, then, users)


def _tiers(tiers: Tiers, out: Published) -> None:
    shares: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    entered: dict[date, list[bool]] = defaultdict(list)
    for (_, month), found in tiers.items():
        if found.tier != "lapsed":
            shares[month][found.tier] += 1
        if found.previous == "potential":
            entered[month].append(found.order_count > 0)
    for month, counts in shares.items():
        for tier, count in counts.items():
            out.put_ratio("tier_share", ("month", month, "tier", tier), count, sum(counts.values()))
    for month, bought in entered.items():
        place = ("month", month, *ALL)
        out.put_ratio("tier_potential_conversion", place, sum(bought), len(bought))


def _high_net_worth(facts: Facts, tiers: Tiers, out: Published) -> None:
    limit = settings()["high_net_worth_amount"]
    holders: dict[date, set[Node]] = defaultdict(set)
    for (user, month), found in tiers.items():
        if month.month % 3 == 0 and found.assets >= limit:
            holders[month].add(user)
    first_order = min(order.day for order in facts.orders)
    active: dict[Node, set[date]] = defaultdict(set)
    for user, days in facts.event_days.items():
        active[user] |= {start_of("quarter", day) for day in days}
    for order in facts.orders:
        active[order.user].add(start_of("quarter", order.day))
    for month, users in holders.items():
        end, quarter = end_of("month", month), start_of("quarter", month)
        margin = sum(
            order.margin
            for order in facts.orders
            if order.user in users and shifted(month, -11) <= order.day <= end
        )
        is_covered = shifted(first_order, 12) <= shifted(month, 1)
        mature = out.ended("quarter", quarter) and is_covered
        place = ("quarter", quarter, *ALL)
        out.put_ratio("hnw_annual_contribution", place, margin, len(users), is_mature=mature)
        later = shifted(quarter, 12)
        if later <= out.as_of and end <= out.as_of:
            left = sum(later not in active[user] for user in users)
            out.put_ratio("hnw_churn_rate", ("quarter", later, *ALL), left, len(users))


def _concentration(facts: Facts, out: Published) -> None:
    first_order = min(order.day for order in facts.orders)
    for month in months_between(first_order, out.as_of):
        revenue: dict[Node, Decimal] = defaultdict(Decimal)
        for order in facts.orders:
            if shifted(month, -11) <= order.day <= end_of("month", month):
                revenue[order.user] += order.revenue
        if not revenue:
            continue
        poorest, total = sorted(revenue.values()), sum(revenue.values())
        count = len(poorest)
        top = sum(poorest[(-12 * count // 100) :])
        # Mean difference between any two users, over twice the mean.
        gaps = sum(abs(one - other) for one in poorest for other in poorest)
        gini = Fraction(gaps) / (2 * count * Fraction(total)) if total else None
        mature = out.ended("month", month) and shifted(first_order, 12) <= shifted(month, 1)
        name = "high_value_concentration"
        out.put_ratio(name, ("month", month, *ALL), top, total, count, mature)
        out.put(name, ("month", month, "measure", "gini"), gini, gini, None, count, mature)


def _reach(facts: Facts, tiers: Tiers, out: Published) -> None:
    """Users of high net worth who were shown or sent a wealth product in the month."""
    raw = facts.raw
    wealth = _wealth_products(facts)
    campaigns = {
        row["campaign_id"] for row in raw["channel/campaigns"] if row["product_id"] in wealth
    }
    reached = {
        (touch.user, start_of("month", raw.day(touch.touched_at)))
        for touch in facts.touches
        if touch.kind in ("impression", "message") and touch.campaign_id in campaigns
    }
    for row in raw["crm/recommendations"]:
        if str(row["shown"]).lower() == "true" and row["product_id"] in wealth:
            user = facts.who.user("customer", row["customer_id"])
            reached.add((user, start_of("month", raw.day(row["decided_at"]))))
    limit = settings()["high_net_worth_amount"]
    where = regions(facts)
    holders: dict[tuple[date, str, str], list[bool]] = defaultdict(list)
    for (user, month), found in tiers.items():
        if found.assets >= limit:
            for cut in (ALL, ("region", where[user][0])):
                holders[month, *cut].append((user, month) in reached)
    for (month, *place), hits in holders.items():
        out.put_ratio("hnw_reach_rate", ("month", month, place[0], place[1]), sum(hits), len(hits))


def _renewals(facts: Facts, tiers: Tiers, out: Published) -> None:
    """Wealth orders of users of high net worth that were renewed within 30 days."""
    raw, wealth = facts.raw, _wealth_products(facts)
    limit = settings()["high_net_worth_amount"]
    rows = [
        row for row in raw["transaction/orders"] if row["status"] not in ("rejected", "cancelled")
    ]
    renewals: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        renewals[row["renewed_from_order_id"]].append(raw.day(row["ordered_at"]))
    quarters: dict[date, list[bool]] = defaultdict(list)
    for row in rows:
        if row["product_id"] not in wealth or row["matured_at"] is None:
            continue
        matured = raw.day(row["matured_at"])
        user = facts.who.user_of["customer", row["customer_id"]]
        before = tiers.get((user, shifted(start_of("month", matured), -1)))
        if matured <= raw.as_of and before and before.assets >= limit:
            days = renewals.get(row["order_id"], [])
            is_renewed = bool(days) and min(days) <= matured + timedelta(days=30)
            quarters[start_of("quarter", matured)].append(is_renewed)
    for quarter, kept in quarters.items():
        place = ("quarter", quarter, *ALL)
        mature = end_of("quarter", quarter) + timedelta(days=30) <= raw.as_of
        out.put_ratio("hnw_renewal_rate", place, sum(kept), len(kept), is_mature=mature)


def _wealth_products(facts: Facts) -> set[str]:
    return {
        row["product_id"]
        for row in facts.raw["transaction/products"]
        if row["product_line"] == "wealth"
    }
