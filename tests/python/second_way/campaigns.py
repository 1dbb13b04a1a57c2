"""Campaign effects, win-back, referrals and contacts by channel and tier a second time.

Campaigns are walked through day by day and looked up in the four weeks before; users who left are
judged from the list of all their moments.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from finview.settings import project_root
from second_way.behaviour import sessions
from second_way.facts import Facts
from second_way.periods import (
    ALL,
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

DAY = timedelta(days=1)
FUNDED = ("funded", "completed", "defaulted")
Tiers = dict[tuple[Node, date], TierMonth]


def campaign_kpis(facts: Facts, tiers: Tiers, out: Published) -> None:
    """All KPIs of this module."""
    _uplifts(facts, out)
    _winbacks(facts, tiers, out)
    _referrals(facts, out)
    _contacts(facts, tiers, out)


def _campaigns(facts: Facts) -> Iterator[tuple[str, date, date, tuple[str, str]]]:
    """Id, first and last day and scope of what has begun and has an end."""
    for row in facts.raw["channel/campaigns"]:
        if row["launched_at"] and row["ended_at"]:
            first, last = facts.raw.day(row["launched_at"]), facts.raw.day(row["ended_at"])
            scope = ("all", "all")
            if row["product_id"]:
                scope = ("product", row["product_id"])
            elif row["scenario_code"]:
                scope = ("scenario", row["scenario_code"])
            if first <= min(last, facts.raw.as_of):
                yield row["campaign_id"], first, last, scope
    for row in seed(project_root() / "seeds/campaigns/festivals.csv"):
        first, last = date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])
        if first <= facts.raw.as_of:
            yield row["festival_code"], first, last, ("all", "all")


def _uplifts(facts: Facts, out: Published) -> None:
    raw = facts.raw
    products = {row["product_id"]: row for row in raw["transaction/products"]}
    # Orders and money paid out by scope and day.
    orders: dict[tuple[str, str, date], int] = defaultdict(int)
    money: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for row in raw["transaction/orders"]:
        product = products.get(row["product_id"], {})
        is_credit = product.get("product_line") == "consumer_credit"
        paid = row["amount"] if is_credit and row["status"] in FUNDED else 0
        scopes = [("all", "all"), ("product", row["product_id"])]
        for kind, code in [*scopes, ("scenario", product.get("scenario_code"))]:
            if code:
                orders[kind, code, raw.day(row["ordered_at"])] += 1
                money[kind, code, raw.day(row["ordered_at"])] += Decimal(paid or 0)
    if not orders:
        return
    begins = min(day for _, _, day in orders)
    for campaign, first, last, scope in _campaigns(facts):
        after = last + 14 * DAY
        for start, end, label in ((first, last, ""), (last + DAY, after, "afterglow/")):
            days = [start + number * DAY for number in range((end - start).days + 1)]
            days = [day for day in days if day <= raw.as_of]
            before = [first - (28 - (day - first).days % 28) * DAY for day in days]
            mature = end <= raw.as_of and begins <= first - 28 * DAY
            count = sum(orders.get((*scope, day), 0) for day in days)
            for counted, name in (
                (orders, label),
                (money, f"disbursement{'_' if label else '/'}{label}"),
            ):
                now = sum(Decimal(counted.get((*scope, day), 0)) for day in days)
                then = sum(Decimal(counted.get((*scope, day), 0)) for day in before)
                cut = ("measure", f"{name}{campaign}") if name else ("campaign", campaign)
                if then:
                    place = ("campaign", first, *cut)
                    out.put_ratio("campaign_uplift", place, now - then, then, count, mature)


@dataclass(frozen=True)
class Treatment:
    """A user targeted by a win-back campaign."""

    user: Node
    at: datetime
    campaign: str | None
    is_holdout: bool
    is_experiment: bool


def _treatments(facts: Facts) -> list[Treatment]:
    raw = facts.raw
    objectives = {row["campaign_id"]: row["objective"] for row in raw["channel/campaigns"]}
    written: dict[str, dict[Node, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for touch in facts.touches:
        is_marketing = touch.kind == "message" and touch.row["purpose"] == "marketing"
        campaign = touch.campaign_id
        if is_marketing and touch.user and campaign and objectives.get(campaign) == "winback":
            written[campaign][touch.user].append(touch.touched_at)
    names = {
        row["experiment_id"]: re.sub(r"[-_ ]", "", row["name"].lower())
        for row in raw["crm/experiments"]
        if row["name"]
    }
    assigned: dict[str, dict[Node, Row]] = defaultdict(dict)
    rows = sorted(
        raw["crm/experiment_assignments"], key=lambda row: (row["assigned_at"], row["customer_id"])
    )
    for row in rows:
        user = facts.who.user_of.get(("customer", row["customer_id"]))
        if user and "winback" in names.get(row["experiment_id"], ""):
            assigned[row["experiment_id"]].setdefault(user, row)
    made, measured = [], set()
    for members in assigned.values():
        reached: Counter[str] = Counter()
        for user, row in members.items():
            at = row["assigned_at"]
            for campaign, readers in written.items():
                soon = any(at <= moment <= at + 7 * DAY for moment in readers.get(user, ()))
                reached[campaign] += soon and row["variant"] not in ("holdout", "control")
        behind = min(+reached, key=lambda name: (-reached[name], name), default=None)
        measured.add(behind)
        for user, row in members.items():
            held = row["variant"] in ("holdout", "control")
            made.append(Treatment(user, row["assigned_at"], behind, held, True))
    for campaign in written.keys() - measured:
        for user, moments in written[campaign].items():
            made.append(Treatment(user, min(moments), campaign, False, False))
    return made


def _winbacks(facts: Facts, tiers: Tiers, out: Published) -> None:
    raw = facts.raw
    orders: dict[Node, list[datetime]] = defaultdict(list)
    for row in raw["transaction/orders"]:
        orders[facts.who.user_of["customer", row["customer_id"]]].append(row["ordered_at"])
    moments: dict[Node, list[datetime]] = defaultdict(list)
    for user, began, _ in sessions(facts):
        moments[user].append(began)
    registered: dict[Node, list[datetime]] = defaultdict(list)
    for row in raw["crm/customers"]:
        if row["registered_at"]:
            user = facts.who.user_of["customer", row["customer_id"]]
            registered[user].append(row["registered_at"])
    success, rechurn = Sums(LONG_GRAINS, 2), Sums(LONG_GRAINS, 2)
    groups = Sums(LONG_GRAINS, 2), Sums(LONG_GRAINS, 2)
    for one in _treatments(facts):
        seen = moments[one.user] + orders[one.user]
        # Only the first registration of a user counts.
        known = [moment for moment in seen + sorted(registered[one.user])[:1] if moment < one.at]
        if not known or max(known) + 30 * DAY >= one.at:
            continue
        bought = any(one.at < moment <= one.at + 30 * DAY for moment in orders[one.user])
        back = [moment for moment in seen if one.at < moment <= one.at + 30 * DAY]
        group = {"group": "holdout" if one.is_holdout else "treated"}
        day = raw.day(one.at)
        tier = tiers.get((one.user, shifted(start_of("month", day), -1)))
        cuts = {"campaign": one.campaign or "none", "tier": tier.tier if tier else "not_tiered"}
        if not one.is_holdout:
            success.add(day, cuts, int(bought), 1)
        if one.is_experiment:
            groups[0].add(day, group, int(bought), 1)
        if back:
            home = raw.day(min(back))
            gone = not any(home < raw.day(moment) <= home + 30 * DAY for moment in seen)
            if not one.is_holdout:
                rechurn.add(home, {}, int(gone), 1)
            if one.is_experiment:
                groups[1].add(home, group, int(gone), 1)
    names = ("winback_success_rate", "winback_rechurn_d30")
    for kpi_id, headline, beside in zip(names, (success, rechurn), groups, strict=True):
        of_groups = [item for item in beside.items() if item[0][2] == "group"]
        for place, (hits, users) in [*headline.items(), *of_groups]:
            mature = end_of(*place[:2]) + 30 * DAY <= out.as_of
            out.put_ratio(kpi_id, place, hits, users, is_mature=mature)


def _referrals(facts: Facts, out: Published) -> None:
    raw, who = facts.raw, facts.who
    active: dict[date, int] = Counter(
        month
        for days in facts.event_days.values()
        for month in {start_of("month", day) for day in days}
    )
    sent: dict[date, list[str]] = defaultdict(list)
    came: dict[Node, tuple[datetime, str, Row]] = {}
    for row in raw["channel/referrals"]:
        day = raw.day(row["sent_at"])
        sent[start_of("month", day)].append(row["campaign_id"] or "none")
        if row["registered_at"] and raw.day(row["registered_at"]) > raw.as_of:
            continue
        guest = who.user_of.get(("customer", row["registered_customer_id"]))
        found = facts.registrations.get(guest) if guest else None
        inviter = who.user_of.get(("customer", row["inviter_customer_id"]))
        if guest and found and guest != inviter and day <= found.day <= day + 30 * DAY:
            one = (row["sent_at"], row["referral_id"], row)
            came[guest] = max(came.get(guest, one), one, key=lambda item: item[:2])
    brought: Counter[tuple[date, str]] = Counter()
    for _, _, row in came.values():
        month = start_of("month", raw.day(row["sent_at"]))
        brought[month, row["campaign_id"] or "none"] += 1
    for month in months_between(min(sent), raw.as_of):
        users = active.get(month)
        if not users:
            continue
        mature = end_of("month", month) + 30 * DAY <= raw.as_of
        campaigns = Counter(sent.get(month, []))
        new, invited = sum(brought[month, name] for name in campaigns), campaigns.total()
        rows = {
            ALL: (new, users, invited),
            ("measure", "invitations_per_user"): (invited, users, invited),
        }
        if invited:
            rows["measure", "conversion_per_invitation"] = (new, invited, invited)
        for name, count in campaigns.items():
            rows["campaign", name] = (brought[month, name], users, count)
        for cut, (numerator, denominator, sample) in rows.items():
            place = ("month", month, *cut)
            out.put_ratio("referral_k_factor", place, numerator, denominator, sample, mature)


def _contacts(facts: Facts, tiers: Tiers, out: Published) -> None:
    """Contacts per user by channel of the campaign and by tier."""
    contacts: dict[tuple[date, str, str], list[Node]] = defaultdict(list)
    for touch in facts.touches:
        if touch.kind == "message" and touch.row["purpose"] == "marketing" and touch.user:
            month = start_of("month", facts.raw.day(touch.touched_at))
            path = facts.path(touch.channel)
            tier = tiers.get((touch.user, month))
            contacts[month, "channel", path].append(touch.user)
            contacts[month, "tier", tier.tier if tier else "not_tiered"].append(touch.user)
    for (month, name, value), users in contacts.items():
        place = ("month", month, name, value)
        out.put_ratio("contact_frequency", place, len(users), len(set(users)))
