"""The KPIs of tags a second time: each month's end is looked at on its own.

The warehouse makes periods of every tag and lays them over one another; here is only asked whether
there is any tag at all, from the raw rows that could give one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from finview.settings import project_root
from second_way.facts import Facts
from second_way.periods import ALL, Published, end_of, shifted, start_of
from second_way.raw import Node, seed
from second_way.tiers import TierMonth, overdue_days, settings

Tiers = dict[tuple[Node, date], TierMonth]
Days = dict[Node, list[date]]
Periods = dict[Node, list[tuple[date, date]]]
FRESH, YEAR, TWO_YEARS = timedelta(30), timedelta(365), timedelta(730)


def tag_kpis(facts: Facts, tiers: Tiers, out: Published) -> None:
    """Fresh behavioural tags, users with basic tags only, and events that are used."""
    _event_use(facts, out)
    _covers(facts, tiers, out)


def _event_use(facts: Facts, out: Published) -> None:
    used = {row["event_name"] for row in seed(project_root() / "seeds/tags/event_uses.csv")}
    months: dict[date, Counter[bool]] = defaultdict(Counter)
    for row in facts.raw["channel/app_events"]:
        month = start_of("month", facts.raw.day(row["occurred_at"]))
        months[month][row["event_name"] in used] += 1
    for month, counts in months.items():
        place = ("month", month, *ALL)
        out.put_ratio("behaviour_data_use_rate", place, counts[True], counts.total())


def _covers(facts: Facts, tiers: Tiers, out: Published) -> None:
    orders = _sorted((order.user, order.day) for order in facts.orders)
    seen = ((user, day) for user, days in facts.event_days.items() for day in days)
    activity = _sorted((*seen, *((user, day) for user in orders for day in orders[user])))
    opened, claimed = _opened(facts), _claimed(facts)
    told, risks, private = _told(facts), _risk_known(facts), _private_domain(facts)
    owed, limit = overdue_days(facts), settings()["high_net_worth_amount"]
    late = settings()["overdue_days"]
    fresh: dict[date, list[bool]] = defaultdict(list)
    basic: dict[date, list[bool]] = defaultdict(list)
    for user, month in tiers:
        end = min(end_of("month", month), facts.raw.as_of)
        # A monthly tag is told at the end of a month: of the last one that is over.
        valued = month if end == end_of("month", month) else shifted(month, -1)
        valued_end = end_of("month", valued)
        was_listed = (user, valued) in tiers

        def took(days: Days, user: Node = user, valued: date = valued) -> bool:
            """Whether a tag of the last twelve months has a value."""
            return _within(days, user, shifted(valued, -11), end_of("month", valued))

        fresh[month].append(
            _within(activity, user, end - FRESH, end)
            or any(
                was_listed and took(days) and _within(days, user, end - FRESH, end)
                for days in (opened, claimed)
            )
        )
        monthly = was_listed and (
            any(took(days) and _within(days, user, end - YEAR, end) for days in (opened, claimed))
            or (
                _within(orders, user, date.min, valued_end)
                and _within(orders, user, end - TWO_YEARS, end)
            )
            or tiers[user, valued].assets >= limit
            or _holds(risks, user, valued_end)
            or owed(user, valued_end) >= late
        )
        other = monthly or _within(activity, user, end - YEAR, end) or _holds(private, user, end)
        basic[month].append(told.get(user, date.max) <= end and not other)
    for month, marks in fresh.items():
        place = ("month", month, *ALL)
        out.put_ratio("dynamic_tag_coverage", place, sum(marks), len(marks))
        out.put_ratio("basic_tag_only_share", place, sum(basic[month]), len(marks))


def _sorted(pairs: Iterable[tuple[Node | None, date]]) -> Days:
    found: dict[Node, list[date]] = defaultdict(list)
    for user, day in pairs:
        if user:
            found[user].append(day)
    return {user: sorted(days) for user, days in found.items()}


def _within(days: Days, user: Node, first: date, last: date) -> bool:
    of_user = days.get(user, [])
    place = bisect_right(of_user, last)
    return place > 0 and of_user[place - 1] >= first


def _holds(periods: Periods, user: Node, day: date) -> bool:
    return any(first <= day < last for first, last in periods.get(user, []))


def _opened(facts: Facts) -> Days:
    days = (
        (touch.user, facts.raw.day(touch.row["opened_at"]))
        for touch in facts.touches
        if touch.kind == "message" and touch.row["opened_at"]
    )
    return _sorted((user, day) for user, day in days if day <= facts.raw.as_of)


def _claimed(facts: Facts) -> Days:
    return _sorted(
        (touch.user, facts.raw.day(touch.touched_at))
        for touch in facts.touches
        if touch.kind == "coupon_claim"
    )


def _told(facts: Facts) -> dict[Node, date]:
    """Day on which anything demographic was told first."""
    first: dict[Node, date] = {}
    for row in facts.raw["crm/customers"]:
        values = [row[name] for name in ("birth_date", "city_code", "income_band", "occupation")]
        if any(values) or row["gender"] not in (None, "unknown"):
            user = facts.who.user_of["customer", row["customer_id"]]
            moment = row["updated_at"] or row["registered_at"]
            day = facts.raw.day(moment) if moment else date.min
            first[user] = min(day, first.get(user, day))
    for row, answers in facts.profiles():
        if "income_band" in answers:
            user = facts.who.user_of["customer", row["customer_id"]]
            day = facts.raw.day(row["answered_at"])
            first[user] = min(day, first.get(user, day))
    return first


def _risk_known(facts: Facts) -> Periods:
    """When a risk tolerance is known: after a questionnaire, or while wealth products are held."""
    raw, who = facts.raw, facts.who
    months = settings()["questionnaire_months"]
    found: Periods = defaultdict(list)
    for row, answers in facts.profiles():
        if answers.get("risk_tolerance") in ("R1", "R2", "R3", "R4", "R5"):
            day = raw.day(row["answered_at"])
            user = who.user_of["customer", row["customer_id"]]
            found[user].append((day, shifted(day, months)))
    risky = {
        row["product_id"]
        for row in raw["transaction/products"]
        if row["product_line"] == "wealth" and row["risk_level"]
    }
    for row in raw["transaction/orders"]:
        stands = row["status"] not in ("rejected", "cancelled")
        if stands and row["product_id"] in risky and Decimal(row["amount"] or 0) > 0:
            matured = raw.day(row["matured_at"]) if row["matured_at"] else date.max
            user = who.user_of["customer", row["customer_id"]]
            found[user].append((raw.day(row["ordered_at"]), matured))
    return found


def _private_domain(facts: Facts) -> Periods:
    """When somebody was a contact on WeCom or in a community."""
    raw = facts.raw
    found: Periods = defaultdict(list)
    for table, came, went in (
        ("channel/wecom_contacts", "added_at", "removed_at"),
        ("channel/community_members", "joined_at", "left_at"),
    ):
        for row in raw[table]:
            user = facts.who.user("wecom_user", row["external_user_id"])
            last = raw.day(row[went]) if row[went] else date.max
            assert user is not None
            found[user].append((raw.day(row[came]), last))
    return found
