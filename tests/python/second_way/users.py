"""The second way to the KPIs of users, messages, consents and service."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from finview.settings import project_root
from second_way.behaviour import duplicate_contacts, standing_consents
from second_way.facts import Facts
from second_way.periods import (
    ALL,
    GRAINS,
    LONG_GRAINS,
    Published,
    Sums,
    end_of,
    months_between,
    shifted,
    start_of,
)
from second_way.raw import Node, seed

DAY = timedelta(days=1)
AGE_BANDS = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (45, "35_44"), (60, "45_59"))


def user_kpis(facts: Facts, out: Published) -> None:
    """All KPIs of this module."""
    _first_orders(facts, out)
    _coupons(facts, out)
    _retention_days(facts, out)
    _retention_months(facts, out)
    _messages(facts, out)
    _consents(facts, out)
    _complaint_kinds(facts, out)


def _cuts(facts: Facts, channel: str) -> dict[str, str]:
    path = facts.path(channel)
    return {"channel": path, "channel_group": path.split("/")[0]}


def _first_orders(facts: Facts, out: Published) -> None:
    """Registrations with a first order within 30 days."""
    first: dict[Node, date] = {}
    for order in facts.orders:
        first[order.user] = min(order.day, first.get(order.user, order.day))
    observed_from = min(first.values())
    bands = age_bands(facts)
    sums = Sums(GRAINS[1:], 2)
    for user, registration in facts.registrations.items():
        if registration.day >= observed_from:
            day = first.get(user)
            ordered = day is not None and day <= registration.day + 30 * DAY
            cuts = {"channel": facts.path(registration.channel), "age_band": bands[user]}
            sums.add(registration.day, cuts, int(ordered), 1)
    out.put_ratios(
        "registration_to_first_order",
        sums,
        lambda grain, start: end_of(grain, start) + 30 * DAY <= out.as_of,
    )


def age_bands(facts: Facts) -> dict[Node, str]:
    """Age band of each user with an account."""
    return {
        user: "unknown" if born is None else _age_band(born, facts.raw.as_of)
        for user, born in birth_dates(facts).items()
    }


def birth_dates(facts: Facts) -> dict[Node, date | None]:
    """Birth of each user with an account."""
    return golden_values(facts, "birth_date")


def births_told(facts: Facts) -> dict[Node, list[tuple[date, date]]]:
    """Days on which a birth date was told, and the date, in the order in which they count."""
    rows = {row["customer_id"]: row for row in facts.raw["crm/customers"]}
    told = {}
    for user, accounts in facts.who.accounts().items():
        known = [rows[name] for name in sorted(accounts, reverse=True) if name in rows]
        said = [(row["updated_at"] or row["registered_at"], row["birth_date"]) for row in known]
        said.sort(key=lambda one: (one[0] is not None, one[0] or datetime.min))
        told[user] = [
            (facts.raw.day(at) if at else date.min, born) for at, born in said if born is not None
        ]
    return told


def golden_values(facts: Facts, column: str) -> dict[Node, Any]:
    """Value of each user with an account: of the account in use that was updated last."""
    rows = {row["customer_id"]: row for row in facts.raw["crm/customers"]}
    values = {}
    for user, accounts in facts.who.accounts().items():
        known = [rows[name] for name in sorted(accounts) if name in rows]
        # Stable sorts, from the least important criterion to the most important one.
        for moment in ("registered_at", "updated_at"):
            dated = [row for row in known if row[moment] is not None]
            dated.sort(key=lambda row: row[moment], reverse=True)
            known = dated + [row for row in known if row[moment] is None]
        known.sort(key=lambda row: row["deleted_at"] is not None)
        values[user] = next((row[column] for row in known if row[column]), None)
    return values


def regions(facts: Facts) -> dict[Node, tuple[str, str]]:
    """Region and city tier of each user with an account."""
    folder = project_root() / "seeds/regions"
    of_province = {
        row["province_prefix"]: row["region_code"] for row in seed(folder / "provinces.csv")
    }
    tiers = {row["city_code"]: row["city_tier"] for row in seed(folder / "cities.csv")}
    made = {}
    for user, city in golden_values(facts, "city_code").items():
        region = of_province.get((city or "")[:2])
        tier = tiers.get(city, "tier_3_and_below")
        if not region or city[2:] == "0000":
            tier = "unknown_city_tier"
        made[user] = (region or "unknown_region", tier)
    return made


def _age_band(born: date, as_of: date) -> str:
    younger = (band for limit, band in AGE_BANDS if shifted(born, limit * 12) > as_of)
    return next(younger, "60_plus")


def _coupons(facts: Facts, out: Published) -> None:
    sums = Sums(GRAINS[1:], 2)
    for row in facts.raw["channel/coupons"]:
        cut = {"event": row["offline_event_id"] or "none"}
        sums.add(facts.raw.day(row["claimed_at"]), cut, int(row["redeemed_at"] is not None), 1)
    out.put_ratios("coupon_redemption_rate", sums)


def _retention_days(facts: Facts, out: Published) -> None:
    """Users with an app event again around, on and within 30 days of registration."""
    observed_from = min(min(days) for days in facts.event_days.values())
    sums = Sums(GRAINS, 4)
    for user, registration in facts.registrations.items():
        if registration.day >= observed_from:
            ages = {(day - registration.day).days for day in facts.event_days.get(user, ())}
            came = [bool(ages.intersection(days)) for days in (range(27, 34), (30,), range(1, 31))]
            cuts = _cuts(facts, registration.channel)
            sums.add(registration.day, cuts, came[0], 1, came[1], came[2])
    for place, (around, users, exactly, within) in sums.items():
        mature = end_of(*place[:2]) + 33 * DAY <= out.as_of
        out.put_ratio("retention_d30", place, around, users, is_mature=mature)
        if place[2:] == ALL:
            for label, came_back in (("exact_day", exactly), ("within_30_days", within)):
                window = (*place[:2], "window", label)
                out.put_ratio("retention_d30", window, came_back, users, is_mature=mature)


def _retention_months(facts: Facts, out: Published) -> None:
    """Users with an app event in the 18th month after that of registration."""
    months = {
        user: {start_of("month", day) for day in days} for user, days in facts.event_days.items()
    }
    observed_from = min(min(found) for found in months.values())
    sums = Sums(LONG_GRAINS, 2)
    for user, registration in facts.registrations.items():
        target = shifted(start_of("month", registration.day), 18)
        if target >= observed_from:
            came = int(target in months.get(user, ()))
            sums.add(registration.day, _cuts(facts, registration.channel), came, 1)
    for place, (came_back, users) in sums.items():
        mature = shifted(end_of(*place[:2]) + DAY, 18) - DAY <= out.as_of
        out.put_ratio("retention_m18", place, came_back, users, is_mature=mature)
        out.put_ratio("churn_m18", place, users - came_back, users, is_mature=mature)


def _messages(facts: Facts, out: Published) -> None:
    """Opened messages, messages per user, duplicates, messages without consent."""
    consents = standing_consents(facts)
    duplicates = duplicate_contacts(facts)
    opened, unconsented = Sums(GRAINS, 2), Sums(GRAINS, 2)
    contacts: dict[date, list[tuple[Node, bool]]] = defaultdict(list)
    for touch in facts.touches:
        row = touch.row
        if touch.kind != "message" or row["purpose"] != "marketing":
            continue
        day, cut = facts.raw.day(touch.touched_at), {"message_channel": row["message_channel"]}
        if row["delivered_at"] is not None:
            of_campaign = {**cut, "campaign": touch.campaign_id or "none"}
            opened.add(day, of_campaign, int(row["opened_at"] is not None), 1)
        allowed = False
        if touch.user:
            changes = consents.get((touch.user, "marketing"), [])
            passed = bisect_right([moment for moment, _ in changes], touch.touched_at)
            allowed = passed > 0 and changes[passed - 1][1]
            found = (touch.user, touch.touch_id in duplicates)
            contacts[start_of("month", day)].append(found)
        unconsented.add(day, cut, int(not allowed), 1)
    out.put_ratios("push_open_rate", opened)
    for place, (without, sent) in unconsented.items():
        out.put("contact_without_consent", place, without, without, None, sent)
        if place[2:] == ALL:
            rate = (*place[:2], "measure", "rate")
            out.put_ratio("contact_without_consent", rate, without, sent)
    for month, sent_to in contacts.items():
        users = len({user for user, _ in sent_to})
        repeated = sum(is_duplicate for _, is_duplicate in sent_to)
        out.put_ratio("contact_frequency", ("month", month, *ALL), len(sent_to), users)
        share = ("month", month, "measure", "duplicate_share")
        out.put_ratio("contact_frequency", share, repeated, len(sent_to))


def _consents(facts: Facts, out: Published) -> None:
    """Users whose consent stands at the end of the month, over users registered by then."""
    registered = {user: found.day for user, found in facts.registrations.items()}
    consents = {
        key: [(facts.raw.day(moment), stands) for moment, stands in changes]
        for key, changes in standing_consents(facts).items()
    }
    purposes = {purpose for _, purpose in consents}
    for month in months_between(min(registered.values()), out.as_of):
        end = end_of("month", month)
        users = sum(day <= end for day in registered.values())
        standing = dict.fromkeys(purposes, 0)
        for (user, purpose), changes in consents.items():
            if user in registered and registered[user] <= end:
                standing[purpose] += next(
                    (stands for day, stands in reversed(changes) if day <= end), False
                )
        for purpose, count in standing.items():
            out.put_ratio("consent_rate", ("month", month, "purpose", purpose), count, users)
        out.put_ratio("consent_rate", ("month", month, *ALL), standing["marketing"], users)


def _complaint_kinds(facts: Facts, out: Published) -> None:
    """The share of broken promises, and days to resolution."""
    promises = Sums(LONG_GRAINS, 2)
    waits: dict[tuple[str, date, str, str], list[int | None]] = defaultdict(list)
    for row in facts.raw["crm/tickets"]:
        if row["kind"] != "complaint":
            continue
        day, topic = facts.raw.day(row["opened_at"]), row["topic"]
        promises.add(day, {}, int(topic == "promise_mismatch"), 1)
        wait = row["resolved_at"] and int((row["resolved_at"] - row["opened_at"]).total_seconds())
        for grain in LONG_GRAINS:
            for cut in (ALL, ("topic", topic or "unknown")):
                waits[grain, start_of(grain, day), *cut].append(wait)
    out.put_ratios("complaint_promise_share", promises)
    for place, found in waits.items():
        resolved = sorted(wait for wait in found if wait is not None)
        days = Fraction(sum(resolved), 86400)
        out.put_ratio("complaint_resolution_days", place, days, len(resolved), len(found))
        if place[2:] == ALL:
            measure = (*place[:2], "measure")
            p90, count = _quantile(resolved, Fraction(9, 10)), len(found)
            still = count - len(resolved)
            name = "complaint_resolution_days"
            out.put(name, (*measure, "p90"), p90, None, len(resolved), count)
            out.put(name, (*measure, "still_open"), still, still, count, count)


def _quantile(seconds: Iterable[int], share: Fraction) -> Fraction | None:
    """Continuous quantile of sorted waits, in days."""
    values = list(seconds)
    if not values:
        return None
    position = share * (len(values) - 1)
    low = int(position)
    high = min(low + 1, len(values) - 1)
    between = values[low] + (position - low) * (values[high] - values[low])
    return Fraction(between) / 86400
