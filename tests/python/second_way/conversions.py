"""The KPIs of funnels, conversion and retention, and cuts of older ones, a second time.

The warehouse lists events by a seed and numbers them; here each user's moments are walked through.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from finview.settings import project_root
from second_way.facts import Facts, login_user
from second_way.periods import (
    ALL,
    DAY,
    GRAINS,
    LONG_GRAINS,
    Published,
    Sums,
    end_of,
    months_between,
    shifted,
    start_of,
)
from second_way.raw import Node, Row, seed
from second_way.tiers import TierMonth
from second_way.users import regions

FUNNELS = project_root() / "seeds/funnels"
LONG_STAY = 180
Moments = dict[Node, list[datetime]]


def conversion_kpis(
    facts: Facts, tiers: Mapping[tuple[Node, date], TierMonth], out: Published
) -> None:
    """All KPIs and cuts of this module."""
    events = _app_events(facts, ("app_open", "share", "branch_lookup", "apply"))
    areas = {user: region for user, (region, _) in regions(facts).items()}
    _social_chain(facts, events["app_open"], out)
    _share_stays(facts, events["share"], out)
    _branch_lookups(facts, events, areas, out)
    _operations(facts, out)
    _retention_gap(out)
    _first_orders_by_region(facts, areas, out)
    _coupons_by_city(facts, out)
    _monthly_users(facts, tiers, areas, out)
    _repeat_purchases_by_tier(facts, tiers, out)


def _app_events(facts: Facts, names: Iterable[str]) -> dict[str, list[tuple[Node, Row]]]:
    """App events by name, each with who was logged in, else with who had the device then."""
    found: dict[str, list[tuple[Node, Row]]] = {name: [] for name in names}
    for row in facts.raw["channel/app_events"]:
        if row["event_name"] in found:
            user = login_user(facts.who, row["customer_id"], row["device_id"], row["occurred_at"])
            found[row["event_name"]].append((user, row))
    return found


def _moments(pairs: Iterable[tuple[Node, datetime]]) -> Moments:
    found: Moments = defaultdict(list)
    for user, moment in pairs:
        found[user].append(moment)
    for moments in found.values():
        moments.sort()
    return found


def _first_from(moments: list[datetime], start: datetime, end: datetime) -> datetime | None:
    """The first moment at or after one and before another."""
    place = bisect_left(moments, start)
    return moments[place] if place < len(moments) and moments[place] < end else None


def _social_chain(facts: Facts, opens: list[tuple[Node, Row]], out: Published) -> None:
    """Entries through a social platform: who opened the app, and who then ordered."""
    opened = _moments((user, row["occurred_at"]) for user, row in opens)
    user_of = facts.who.user_of
    ordered = _moments(
        (user_of["customer", row["customer_id"]], row["ordered_at"])
        for row in facts.raw["transaction/orders"]
    )
    lost, visits = Sums(GRAINS[1:], 2), Sums(GRAINS[1:], 2)
    for user, moment, _ in _entries(facts, "social_to_app_purchase"):
        end = moment + _window("social_to_app_purchase")
        open_at = _first_from(opened.get(user, []), moment, end)
        order_at = open_at and _first_from(ordered.get(user, []), open_at, end)
        lost.add(facts.raw.day(moment), {}, int(order_at is None), 1)
    for user, moment, platform in _entries(facts, "social_to_app"):
        end = moment + _window("social_to_app")
        came = _first_from(opened.get(user, []), moment, end) is not None
        visits.add(facts.raw.day(moment), {"platform": platform}, int(came), 1)
    for kpi_id, funnel, sums in (
        ("chain_loss_social_app_purchase", "social_to_app_purchase", lost),
        ("social_to_app_rate", "social_to_app", visits),
    ):
        days = _window(funnel)
        out.put_ratios(
            kpi_id, sums, lambda grain, start, days=days: end_of(grain, start) + days <= out.as_of
        )


def _window(funnel: str) -> timedelta:
    rows = {row["funnel_code"]: row for row in seed(FUNNELS / "funnels.csv")}
    return int(rows[funnel]["window_days"]) * DAY


def _entries(facts: Facts, funnel: str) -> list[tuple[Node, datetime, str]]:
    """User, moment and platform of each entry since app events are known."""
    wanted = {
        (row["event_value"], row["channel_code"])
        for row in seed(FUNNELS / "funnel_events.csv")
        if row["funnel_code"] == funnel and row["step_number"] == "1"
    }
    platforms: dict[str, set[str]] = defaultdict(set)
    for row in facts.raw["channel/ad_spend_daily"]:
        platforms[row["campaign_id"]].add(row["platform"])
    touches: dict[Node, list[tuple[datetime, str, str | None]]] = defaultdict(list)
    for touch in facts.touches:
        if touch.user and (touch.kind, touch.channel) in wanted:
            name = f"{touch.kind}:{touch.touch_id}"
            touches[touch.user].append((touch.touched_at, name, touch.campaign_id))
    observed_from = min(min(days) for days in facts.event_days.values())
    made = []
    for user, found in touches.items():
        closed = datetime.min
        for moment, _, campaign in sorted(found, key=lambda touch: touch[:2]):
            if moment < closed:
                continue
            closed = moment + _window(funnel)
            if facts.raw.day(moment) >= observed_from:
                known = platforms.get(campaign or "", set())
                made.append((user, moment, next(iter(known)) if len(known) == 1 else "unknown"))
    return made


def _share_stays(facts: Facts, shares: list[tuple[Node, Row]], out: Published) -> None:
    """Longest stay on the share step of buyers who shared."""
    first = {user: min(days) for user, days in _order_days(facts).items()}
    stays: dict[tuple[str, date], dict[Node, int]] = defaultdict(lambda: defaultdict(int))
    for user, row in shares:
        if row["dwell_seconds"] is None or user not in first:
            continue
        for grain in LONG_GRAINS:
            start = start_of(grain, facts.raw.day(row["occurred_at"]))
            if first[user] <= end_of(grain, start):
                of_period = stays[grain, start]
                of_period[user] = max(of_period[user], row["dwell_seconds"])
    for period, longest in stays.items():
        long = sum(seconds > LONG_STAY for seconds in longest.values())
        out.put_ratio("share_step_dwell", (*period, *ALL), long, len(longest))


def _order_days(facts: Facts) -> dict[Node, list[date]]:
    days: dict[Node, list[date]] = defaultdict(list)
    for order in facts.orders:
        days[order.user].append(order.day)
    return days


def _branch_lookups(
    facts: Facts,
    events: dict[str, list[tuple[Node, Row]]],
    areas: Mapping[Node, str],
    out: Published,
) -> None:
    """Users who applied, and whether they looked up a branch in the 30 days before."""
    looked = _moments((user, row["occurred_at"]) for user, row in events["branch_lookup"])
    observed_from = min(min(days) for days in facts.event_days.values())
    applied: dict[tuple[str, date], dict[Node, bool]] = defaultdict(dict)
    for user, row in events["apply"]:
        moment = row["occurred_at"]
        day = facts.raw.day(moment)
        if day >= observed_from + 30 * DAY:
            before = any(moment - 30 * DAY <= at <= moment for at in looked.get(user, ()))
            for grain in LONG_GRAINS:
                users = applied[grain, start_of(grain, day)]
                users[user] = users.get(user, False) or before
    for period, users in applied.items():
        sums: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for user, before in users.items():
            for cut in (ALL, ("region", areas.get(user, "unknown_region"))):
                sums[cut].append(before)
        for cut, found in sums.items():
            place = (*period, *cut)
            out.put_ratio("branch_lookup_before_apply", place, sum(found), len(found))


def _operations(facts: Facts, out: Published) -> None:
    """Active users by the number of their app events of a month."""
    groups: dict[tuple[str, str | None, date], list[datetime]] = defaultdict(list)
    for row in facts.raw["channel/app_events"]:
        moment = row["occurred_at"]
        groups[row["device_id"], row["customer_id"], facts.raw.day(moment)].append(moment)
    counts: dict[date, Counter[Node]] = defaultdict(Counter)
    for (device, customer, day), moments in groups.items():
        user = login_user(facts.who, customer, device, min(moments))
        counts[start_of("month", day)][user] += len(moments)
    for month, users in counts.items():
        for band in seed(FUNNELS / "operation_bands.csv"):
            low, high = int(band["from_operations"]), band["to_operations"]
            inside = sum(
                low <= count and (not high or count < int(high)) for count in users.values()
            )
            place = ("month", month, "band", band["band_code"])
            out.put_ratio("operation_frequency_mix", place, inside, len(users))


def _retention_gap(out: Published) -> None:
    """From the published rows of both sides, which are rounded."""
    for (kpi_id, *period, cut, group), offline in list(out.rows.items()):
        if kpi_id != "retention_m18" or (cut, group) != ("channel_group", "offline"):
            continue
        online = out.rows.get((kpi_id, period[0], period[1], cut, "online"))
        if online:
            values = offline.kpi_value, online.kpi_value
            sizes = offline.sample_size, online.sample_size
            assert None not in values and None not in sizes
            gap, size = values[0] - values[1], sizes[0] + sizes[1]
            place = (period[0], period[1], *ALL)
            out.put("retention_m18_offline_gap", place, gap, gap, None, size, offline.is_mature)


def _first_orders_by_region(facts: Facts, areas: Mapping[Node, str], out: Published) -> None:
    days = {user: min(found) for user, found in _order_days(facts).items()}
    observed_from = min(days.values())
    sums = Sums(GRAINS[1:], 2)
    for user, registration in facts.registrations.items():
        if registration.day >= observed_from:
            day = days.get(user)
            ordered = day is not None and day <= registration.day + 30 * DAY
            sums.add(
                registration.day, {"region": areas.get(user, "unknown_region")}, int(ordered), 1
            )
    _put_cut(out, "registration_to_first_order", sums, "region", 30 * DAY)


def _coupons_by_city(facts: Facts, out: Published) -> None:
    cities = {row["event_id"]: row["city_code"] for row in facts.raw["channel/offline_events"]}
    sums = Sums(GRAINS[1:], 2)
    for row in facts.raw["channel/coupons"]:
        city = cities.get(row["offline_event_id"] or "") or "unknown_city"
        day = facts.raw.day(row["claimed_at"])
        sums.add(day, {"city": city}, int(row["redeemed_at"] is not None), 1)
    _put_cut(out, "coupon_redemption_rate", sums, "city", 0 * DAY)


def _put_cut(out: Published, kpi_id: str, sums: Sums, cut: str, wait: timedelta) -> None:
    """The quotients of one cut; the others of the KPI are computed elsewhere."""
    for place, (numerator, denominator) in sums.items():
        if place[2] == cut:
            mature = end_of(*place[:2]) + wait <= out.as_of
            out.put_ratio(kpi_id, place, numerator, denominator, is_mature=mature)


def _monthly_users(
    facts: Facts,
    tiers: Mapping[tuple[Node, date], TierMonth],
    areas: Mapping[Node, str],
    out: Published,
) -> None:
    counts: Counter[tuple[date, str, str]] = Counter()
    for user, days in facts.event_days.items():
        for month in {start_of("month", day) for day in days}:
            found = tiers.get((user, month))
            counts[month, "tier", found.tier if found else "none"] += 1
            counts[month, "region", areas.get(user, "unknown_region")] += 1
    for cut, count in counts.items():
        out.put("mau", ("month", *cut), count, count, None, count)


def _repeat_purchases_by_tier(
    facts: Facts, tiers: Mapping[tuple[Node, date], TierMonth], out: Published
) -> None:
    days = _order_days(facts)
    first_order = min(min(found) for found in days.values())
    for month in months_between(first_order, out.as_of):
        end = end_of("month", month)
        bought: dict[str, list[int]] = defaultdict(list)
        for user, found in days.items():
            count = sum(shifted(month, -11) <= day <= end for day in found)
            tier = tiers.get((user, month))
            if count:
                bought[tier.tier if tier else "none"].append(count)
        mature = out.ended("month", month) and shifted(first_order, 12) <= end + DAY
        for tier_code, counts in bought.items():
            again = sum(count >= 2 for count in counts)
            place = ("month", month, "tier", tier_code)
            out.put_ratio("repeat_purchase_rate", place, again, len(counts), is_mature=mature)
