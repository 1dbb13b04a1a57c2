"""Lifecycle, tiers and value concentration a second time: a walk through each user's days.

The warehouse finds stages as intervals and tiers by counting runs; here each month's end is looked
at on its own, with nothing later than it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finview.settings import project_root
from second_way.facts import Facts, Order
from second_way.periods import end_of, months_between, shifted, start_of
from second_way.raw import Node, seed
from second_way.users import births_told

RHYTHMS = {"consumer_credit": 30, "wealth": 90, "payment": 14, "insurance": 365}
OTHER_RHYTHM = 30
TIERS = project_root() / "seeds/tiers"


@dataclass(frozen=True)
class TierMonth:
    """The tier of a user in a month, with what the KPIs need."""

    tier: str
    reason: str
    previous: str | None
    order_count: int
    assets: Decimal


def settings() -> dict[str, int]:
    """Numbers of the segmentation by name."""
    return {
        row["setting_name"]: int(row["setting_value"]) for row in seed(TIERS / "tier_settings.csv")
    }


def _activities(facts: Facts) -> dict[Node, dict[date, list[int]]]:
    """Longest rhythm and orders of each day with an event, an order or the registration."""
    days: dict[Node, dict[date, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))

    def add(user: Node, day: date, rhythm: int, orders: int) -> None:
        found = days[user][day]
        found[0], found[1] = max(found[0], rhythm), found[1] + orders

    for user, seen in facts.event_days.items():
        for day in seen:
            add(user, day, OTHER_RHYTHM, 0)
    for user, registration in facts.registrations.items():
        add(user, registration.day, OTHER_RHYTHM, 0)
    for order in facts.orders:
        add(order.user, order.day, RHYTHMS.get(order.line, OTHER_RHYTHM), 1)
    return days


def stage_at(days: dict[date, list[int]], at: date, numbers: dict[str, int]) -> tuple[str, int]:
    """Lifecycle stage on a day, and for pauses the days since they began."""
    spell, start, greeting, orders = 0, date.min, 0, 0
    quiet = lost = date.max
    for day in sorted(day for day in days if day <= at):
        rhythm, placed = days[day]
        if start == date.min or day >= lost:
            spell += 0 if start == date.min else 1
            start, greeting, orders = day, rhythm * numbers["new_rhythms"], 0
            quiet = lost = date.min
        orders += placed
        quiet = max(quiet, day + timedelta(rhythm * numbers["dormant_rhythms"] + 1))
        lost = max(lost, day + timedelta(rhythm * numbers["churned_rhythms"] + 1))
    if at >= lost:
        return "churned", (at - lost).days
    if at >= quiet:
        return "dormant", (at - quiet).days
    if (at - start).days < greeting:
        return ("won_back" if spell else "new"), 0
    mature = (at - start).days >= numbers["mature_days"] and orders >= numbers["mature_orders"]
    return ("mature" if mature else "active"), 0


def _assets(facts: Facts) -> dict[tuple[Node, date], Decimal]:
    """Assets of each user at the end of each month; a balance holds for one month more."""
    last: dict[tuple[str, str, date], tuple[date, Decimal]] = {}
    for row in facts.raw["transaction/asset_balances"]:
        if row["product_line"] != "consumer_credit":
            key = (row["customer_id"], row["product_line"], start_of("month", row["balance_date"]))
            last[key] = max(
                last.get(key, (date.min, Decimal(0))), (row["balance_date"], row["balance_amount"])
            )
    told = {(customer, line) for customer, line, _ in last}
    sums: dict[tuple[Node, date], Decimal] = defaultdict(Decimal)
    first = min((month for _, _, month in last), default=facts.raw.as_of)
    for customer, line in told:
        user = facts.who.user_of.get(("customer", customer))
        if user is None:
            continue
        for month in months_between(first, facts.raw.as_of):
            found = last.get((customer, line, month))
            found = found or last.get((customer, line, shifted(month, -1)))
            if found:
                sums[user, month] += found[1]
    return sums


def _instalments(facts: Facts) -> dict[Node, list[tuple[date, date | None]]]:
    """Day due and day settled of the instalments of each user."""
    raw = facts.raw
    owner = {
        row["order_id"]: facts.who.user_of["customer", row["customer_id"]]
        for row in raw["transaction/orders"]
    }
    found: dict[Node, list[tuple[date, date | None]]] = defaultdict(list)
    for row in raw["transaction/repayments"]:
        if row["order_id"] in owner:
            paid = raw.day(row["paid_at"]) if row["paid_at"] else None
            is_full = (row["paid_amount"] or Decimal(0)) >= row["due_amount"]
            settled = paid if is_full else None
            found[owner[row["order_id"]]].append((raw.day(row["due_at"]), settled))
    return found


def overdue_days(facts: Facts) -> Callable[[Node, date], int]:
    """Days past due of the oldest instalment of a user that is open on a day."""
    instalments = _instalments(facts)
    return lambda user, end: _days_past_due(instalments.get(user, []), end)


def _first_rule(measures: dict[str, Any]) -> dict[str, str]:
    for rule in sorted(seed(TIERS / "tier_rules.csv"), key=lambda row: int(row["priority"])):
        value, highest = measures[rule["measure_name"]], rule["maximum_value"]
        if value is None or value < Decimal(rule["minimum_value"]):
            continue
        if not highest or value <= Decimal(highest):
            decisive = rule["decisive_value"] and value >= Decimal(rule["decisive_value"])
            return {**rule, "is_decisive": "yes" if decisive else ""}
    raise ValueError("no rule holds")


def _days_past_due(instalments: list[tuple[date, date | None]], end: date) -> int:
    open_days = [
        (end - due).days
        for due, settled in instalments
        if due <= end and (settled is None or settled > end)
    ]
    return max(open_days, default=0)


def _age(told: list[tuple[date, date]], end: date) -> int | None:
    """Age on a day, as far as a birth date was told by then."""
    births = [born for day, born in told if day <= end]
    if not births:
        return None
    birth = births[-1]
    return sum(shifted(birth, 12 * age) <= end for age in range(1, 150))


def tiers_of(facts: Facts) -> dict[tuple[Node, date], TierMonth]:
    """Tier of every user with an account, by month."""
    numbers, activities, assets = settings(), _activities(facts), _assets(facts)
    instalments, born = _instalments(facts), births_told(facts)
    orders: dict[Node, list[Order]] = defaultdict(list)
    for order in facts.orders:
        orders[order.user].append(order)
    made = {}
    for user in facts.who.accounts():
        registered = facts.registrations.get(user)
        signs = [order.day for order in orders[user]] + ([registered.day] if registered else [])
        tier: str | None = None
        candidate, confirmed, run = "", "", 0
        for month in months_between(min(signs), facts.raw.as_of) if signs else ():
            end = min(end_of("month", month), facts.raw.as_of)
            stage, pause = stage_at(activities[user], end, numbers)
            recent = [o for o in orders[user] if shifted(month, -11) <= o.day <= end]
            owned = assets.get((user, month), Decimal(0))
            rule = _first_rule(
                {
                    "days_churned": pause if stage == "churned" else None,
                    "days_dormant": pause if stage == "dormant" else None,
                    "days_past_due": _days_past_due(instalments[user], end),
                    "assets_amount": owned,
                    "revenue_12m": sum((o.revenue for o in recent), Decimal(0)),
                    "order_count_12m": len(recent),
                    "age_years": _age(born[user], end),
                    "always": 1,
                }
            )
            run = run + 1 if rule["tier_code"] == candidate else 1
            candidate, before = rule["tier_code"], tier
            if tier is None or rule["is_decisive"] or run >= int(rule["months_to_confirm"]):
                tier, confirmed = candidate, rule["rule_code"]
            reason = rule["rule_code"] if candidate == tier else confirmed
            placed = sum(start_of("month", o.day) == month for o in recent)
            made[user, month] = TierMonth(tier, reason, before, placed, owned)
    return made
