"""The KPIs of scenarios, partners, the private domain and the market a second time."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from finview.settings import project_root
from second_way.facts import Facts, login_user
from second_way.periods import (
    ALL,
    DAY,
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

Tiers = dict[tuple[Node, date], TierMonth]
Cut = tuple[str, str]
NO_ORDER = ("rejected", "cancelled")
SHOWN_FOR, OFFERED_FOR = 7 * DAY, 90 * DAY


@dataclass(frozen=True)
class Deal:
    """An order with its product; `stands` where it was not rejected or cancelled."""

    user: Node
    product: str | None
    line: str | None
    scenario: str | None
    is_bundle: bool
    at: datetime
    day: date
    matured: date | None
    revenue: Decimal
    margin: Decimal
    stands: bool


def ecosystem_kpis(facts: Facts, tiers: Tiers, out: Published) -> None:
    """All KPIs of this module."""
    deals = list(_deals(facts))
    _partners(facts, out)
    _partner_years(facts, out)
    _scenario_conversion(facts, deals, out)
    _scenario_use(facts, out)
    _volatility(deals, out)
    _bundles(facts, deals, out)
    _cross_selling(facts, deals, out)
    _niches(facts, out)
    _private_domain(facts, tiers, out)
    _communities(facts, out)
    _market(facts, deals, out)


def _deals(facts: Facts) -> Iterator[Deal]:
    raw = facts.raw
    products = _products(facts)
    rows = sorted(raw["transaction/orders"], key=lambda row: (row["ordered_at"], row["order_id"]))
    for row, order in zip(rows, facts.orders, strict=True):
        product = products.get(row["product_id"], {})
        yield Deal(
            order.user,
            row["product_id"],
            product.get("product_line"),
            product.get("scenario_code"),
            str(product.get("is_bundle")).lower() == "true",
            row["ordered_at"],
            order.day,
            raw.day(row["matured_at"]) if row["matured_at"] else None,
            order.revenue,
            order.margin,
            row["status"] not in NO_ORDER,
        )


def _products(facts: Facts) -> dict[str, Row]:
    return {row["product_id"]: row for row in facts.raw["transaction/products"]}


def _shares(
    kpi_id: str,
    found: Iterable[tuple[date, Cut, bool]],
    out: Published,
    wait: timedelta,
    covered: date = date.min,
) -> None:
    """Hits over all, by month and cut; mature once the wait is over, if the month is covered."""
    hits: dict[tuple[date, Cut], list[bool]] = defaultdict(list)
    for month, cut, hit in found:
        hits[month, cut].append(hit)
    for (month, cut), told in hits.items():
        mature = end_of("month", month) + wait <= out.as_of and covered <= month
        out.put_ratio(kpi_id, ("month", month, *cut), sum(told), len(told), is_mature=mature)


def _partners(facts: Facts, out: Published) -> None:
    active: dict[tuple[date, Cut], set[str]] = defaultdict(set)
    told: dict[date, list[Row]] = defaultdict(list)
    seen: dict[date, set[str]] = defaultdict(set)
    for row in facts.raw["channel/partner_calls_daily"]:
        month, partner = start_of("month", row["call_date"]), row["partner_id"]
        seen[month].add(partner)
        if row["calls"] or row["referred_registrations"]:
            for cut in (ALL, ("scenario", row["scenario_code"])):
                active[month, cut].add(partner)
        if row["referred_registrations"]:
            told[row["call_date"]].append(row)
    for (month, cut), partners in active.items():
        count = len(partners)
        out.put("partner_count", ("month", month, *cut), count, count, None, count)

    arrived: dict[date, int] = Counter()
    registered: dict[date, int] = Counter()
    for registration in facts.registrations.values():
        registered[start_of("month", registration.day)] += 1
        if facts.channels[registration.channel]["channel_group"] == "partner":
            arrived[registration.day] += 1
    brought: dict[date, dict[str, int]] = defaultdict(Counter)
    for day, users in arrived.items():
        reports = told.get(day, [])
        sure = len(reports) == 1 and reports[0]["referred_registrations"] >= users
        partner = reports[0]["partner_id"] if sure else "unknown_partner"
        brought[start_of("month", day)][partner] += users
    for month, users in registered.items():
        counts = {**dict.fromkeys(seen[month], 0), **brought[month]}
        name = "partner_new_user_share"
        out.put_ratio(name, ("month", month, *ALL), sum(counts.values()), users)
        for partner, count in counts.items():
            out.put_ratio(name, ("month", month, "partner", partner), count, users)


def _partner_years(facts: Facts, out: Published) -> None:
    sums = Sums(["year"], 2)
    first: dict[Cut, date] = {}
    for row in facts.raw["channel/partner_calls_daily"]:
        fee = row["fee_amount"] or Decimal(0)
        if not row["calls"] and not fee:
            continue
        sums.add(row["call_date"], {"partner": row["partner_id"]}, row["calls"], fee)
        if row["calls"]:
            for cut in (ALL, ("partner", row["partner_id"])):
                first[cut] = min(row["call_date"], first.get(cut, row["call_date"]))
    for place, (calls, fee) in sums.items():
        out.put("partner_api_revenue", place, fee, fee, None, calls)
        year, cut = shifted(place[1], 12), place[2:]
        if year <= out.as_of and calls:
            now = (sums.get(("year", year, *cut)) or [Decimal(0)])[0]
            mature = out.ended("year", year) and first[cut] <= place[1] + 6 * DAY
            place = ("year", year, *cut)
            out.put_ratio("partner_api_call_growth", place, now - calls, calls, now, mature)


def _scenario_conversion(facts: Facts, deals: list[Deal], out: Published) -> None:
    raw, products = facts.raw, _products(facts)
    shown: dict[tuple[Node, str], list[datetime]] = defaultdict(list)
    for row in raw["crm/recommendations"]:
        user = facts.who.user("customer", row["customer_id"])
        if str(row["shown"]).lower() == "true" and user:
            shown[user, row["product_id"]].append(row["decided_at"])
    for row in raw["channel/app_events"]:
        if row["event_name"] == "product_view" and row["product_id"]:
            moment = row["occurred_at"]
            user = login_user(facts.who, row["customer_id"], row["device_id"], moment)
            shown[user, row["product_id"]].append(moment)
    bought: dict[tuple[Node, str | None], list[Deal]] = defaultdict(list)
    for deal in deals:
        if deal.stands:
            bought[deal.user, deal.product].append(deal)
    found: dict[tuple[Node, date, Cut], bool] = defaultdict(bool)
    for (user, product), moments in shown.items():
        scenario = products.get(product, {}).get("scenario_code")
        if not scenario:
            continue
        for moment in moments:
            day = raw.day(moment)
            hit = any(
                moment <= deal.at and deal.day <= day + SHOWN_FOR
                for deal in bought.get((user, product), ())
            )
            for cut in (ALL, ("scenario", scenario)):
                found[user, start_of("month", day), cut] |= hit
    told = ((month, cut, hit) for (_, month, cut), hit in found.items())
    _shares("scenario_conversion", told, out, SHOWN_FOR)


def _scenario_use(facts: Facts, out: Published) -> None:
    """Users with an event of a scenario, and product pages with one."""
    raw, products = facts.raw, _products(facts)
    first: dict[tuple[str, str | None, date], datetime] = {}
    scenarios: dict[tuple[str, str | None, date], set[str]] = defaultdict(set)
    views = Sums(["month"], 2)
    for row in raw["channel/app_events"]:
        moment, scenario = row["occurred_at"], row["scenario_code"]
        key = row["device_id"], row["customer_id"], raw.day(moment)
        first[key] = min(moment, first.get(key, moment))
        if scenario:
            scenarios[key].add(scenario)
        if row["event_name"] == "product_view":
            line = products.get(row["product_id"], {}).get("product_line") or "unknown"
            views.add(raw.day(moment), {"product_line": line}, int(bool(scenario)), 1)
    out.put_ratios("on_scenario_content_share", views)
    active: dict[date, set[Node]] = defaultdict(set)
    used: dict[tuple[date, Cut], set[Node]] = defaultdict(set)
    for (device, customer, day), moment in first.items():
        user = login_user(facts.who, customer, device, moment)
        month = start_of("month", day)
        active[month].add(user)
        for scenario in scenarios.get((device, customer, day), ()):
            used[month, ALL].add(user)
            used[month, ("scenario", scenario)].add(user)
    for (month, cut), users in used.items():
        place = ("month", month, *cut)
        out.put_ratio("scenario_penetration", place, len(users), len(active[month]))


def _volatility(deals: list[Deal], out: Published) -> None:
    revenue: dict[date, Decimal] = defaultdict(Decimal)
    count: dict[date, int] = Counter()
    of_scenario: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for deal in deals:
        month = start_of("month", deal.day)
        revenue[month] += deal.revenue
        count[month] += 1
        if deal.scenario:
            of_scenario[month, deal.scenario] += deal.revenue
    first = min(deal.day for deal in deals)
    for month, total in revenue.items():
        before = shifted(month, -1)
        names = {name for moment, name in of_scenario if moment in (month, before)}
        if total <= 0 or month <= first or not names:
            continue
        none = Decimal(0)
        changes = {
            ("scenario", name): abs(
                of_scenario.get((month, name), none) - of_scenario.get((before, name), none)
            )
            for name in names
        }
        changes[ALL] = max(changes.values())
        mature = out.ended("month", month) and first <= before + 6 * DAY
        for cut, change in changes.items():
            place = ("month", month, *cut)
            name = "scenario_volatility_impact"
            out.put_ratio(name, place, change, total, count[month], mature)


def _bundles(facts: Facts, deals: list[Deal], out: Published) -> None:
    first = min(deal.day for deal in deals)
    for quarter in {start_of("quarter", month) for month in months_between(first, out.as_of)}:
        end = end_of("quarter", quarter)
        margins: dict[Cut, dict[Node, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for deal in deals:
            if not deal.stands or not shifted(end + DAY, -12) <= deal.day <= end:
                continue
            if not deal.scenario:
                margins["product_kind", "traditional"][deal.user] += deal.margin
            elif deal.is_bundle:
                margins["product_kind", "bundle"][deal.user] += deal.margin
                margins["scenario", deal.scenario][deal.user] += deal.margin
        mature = out.ended("quarter", quarter) and shifted(first, 12) <= end + DAY
        for cut, users in margins.items():
            total = sum(users.values(), Decimal(0))
            place = ("quarter", quarter, *cut)
            name = "scenario_product_contribution"
            out.put_ratio(name, place, total, len(users), is_mature=mature)


def _offers(facts: Facts) -> dict[tuple[Node, str, date], datetime]:
    """First moment of each day on which a product line was offered to a user."""
    raw, products = facts.raw, _products(facts)
    advertised = {row["campaign_id"]: row["product_id"] for row in raw["channel/campaigns"]}
    first: dict[tuple[Node, str, date], datetime] = {}

    def add(user: Node | None, product: str | None, moment: datetime) -> None:
        line = products.get(product or "", {}).get("product_line")
        if user and line:
            key = user, line, raw.day(moment)
            first[key] = min(moment, first.get(key, moment))

    for row in raw["crm/recommendations"]:
        if str(row["shown"]).lower() == "true":
            user = facts.who.user("customer", row["customer_id"])
            add(user, row["product_id"], row["decided_at"])
    for touch in facts.touches:
        is_message = touch.kind == "message" and touch.row["purpose"] == "marketing"
        if touch.kind == "impression" or is_message:
            add(touch.user, advertised.get(touch.campaign_id or ""), touch.touched_at)
    return first


def _cross_selling(facts: Facts, deals: list[Deal], out: Published) -> None:
    of_user: dict[Node, list[Deal]] = defaultdict(list)
    for deal in deals:
        if deal.stands and deal.line:
            of_user[deal.user].append(deal)
    found: dict[tuple[Node, date, Cut], bool] = defaultdict(bool)
    for (user, line, day), moment in _offers(facts).items():
        held = {
            deal.line
            for deal in of_user.get(user, ())
            if deal.at < moment and (deal.matured is None or deal.matured > day)
        }
        if len(held) != 1 or line in held:
            continue
        hit = any(
            deal.line == line and moment <= deal.at and deal.day <= day + OFFERED_FOR
            for deal in of_user[user]
        )
        cuts = (ALL, ("from_line", f"from/{held.pop()}"), ("to_line", f"to/{line}"))
        for cut in cuts:
            found[user, start_of("month", day), cut] |= hit
    told = ((month, cut, hit) for (_, month, cut), hit in found.items())
    # Before orders reach back a year, a line held for long goes unseen.
    covered = shifted(min(deal.day for deal in deals), 12)
    _shares("cross_sell_conversion", told, out, OFFERED_FOR, covered)


def _niches(facts: Facts, out: Published) -> None:
    products = _products(facts)
    segment_of = {
        row["campaign_id"]: products.get(row["product_id"], {}).get("segment")
        for row in facts.raw["channel/campaigns"]
    }
    spend: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in facts.raw["channel/ad_spend_daily"]:
        segment = segment_of.get(row["campaign_id"]) or "none"
        spend[start_of("quarter", row["spend_date"])][segment] += row["cost_amount"]
    for quarter, found in spend.items():
        total, silver, green = sum(found.values()), found["silver"], found["green"]
        cuts = (
            (ALL, silver + green),
            (("segment", "silver"), silver),
            (("segment", "green"), green),
        )
        for cut, amount in cuts:
            if total:
                out.put_ratio("niche_promotion_share", ("quarter", quarter, *cut), amount, total)


def _members(facts: Facts) -> Iterator[tuple[str, str, Node, date, date | None]]:
    """Kind, group, user, first day and day of leaving of every membership."""
    raw, who = facts.raw, facts.who
    tables = (
        ("wecom", "channel/wecom_contacts", "staff_id", "added_at", "removed_at"),
        ("community", "channel/community_members", "group_id", "joined_at", "left_at"),
    )
    for kind, table, unit, since, until in tables:
        for row in raw[table]:
            user = who.user("wecom_user", row["external_user_id"])
            assert user is not None
            began = raw.day(row[since])
            yield kind, row[unit], user, began, _left(facts, began, row[until])
    for row in raw["crm/customers"]:
        since_at = row["registered_at"] or row["updated_at"]
        if row["member_number"] and since_at:
            user = who.user_of["customer", row["customer_id"]]
            began = raw.day(since_at)
            left = _left(facts, began, row["deleted_at"])
            yield "membership", "programme", user, began, left


def _left(facts: Facts, began: date, moment: datetime | None) -> date | None:
    """The day of leaving, as far as known; nobody leaves before joining."""
    day = facts.raw.day(moment) if moment else None
    return max(began, day) if day and day <= facts.raw.as_of else None


def _private_domain(facts: Facts, tiers: Tiers, out: Published) -> None:
    periods: dict[Node, list[tuple[str, date, date | None]]] = defaultdict(list)
    for kind, _, user, since, until in _members(facts):
        periods[user].append((kind, since, until))
    where = regions(facts)
    days = [registration.day for registration in facts.registrations.values()]
    for month in months_between(min(days), out.as_of):
        end = end_of("month", month)
        counts: dict[Cut, list[bool]] = defaultdict(list)
        for user, registration in facts.registrations.items():
            if registration.day > end:
                continue
            kinds = {
                kind
                for kind, since, until in periods.get(user, ())
                if since <= end and (until is None or end < until)
            }
            tier = tiers.get((user, month))
            cuts = (ALL, ("region", where[user][0]), ("tier", tier.tier if tier else "not_tiered"))
            for cut in cuts:
                counts[cut].append(bool(kinds))
            for kind in ("wecom", "community", "membership"):
                counts["kind", kind].append(kind in kinds)
        for cut, held in counts.items():
            place = ("month", month, *cut)
            out.put_ratio("private_domain_share", place, sum(held), len(held))


def _communities(facts: Facts, out: Published) -> None:
    raw = facts.raw
    acted = {
        (
            row["group_id"],
            facts.who.user("wecom_user", row["external_user_id"]),
            start_of("month", raw.day(row["happened_at"])),
        )
        for row in raw["channel/community_activity"]
    }
    found: dict[tuple[date, Cut], dict[Node, bool]] = defaultdict(dict)
    for kind, group, user, since, until in _members(facts):
        if kind != "community":
            continue
        for month in months_between(since, min(until or out.as_of, out.as_of)):
            hit = (group, user, month) in acted
            for cut in (ALL, ("group", group)):
                found[month, cut][user] = found[month, cut].get(user, False) or hit
    told = ((month, cut, hit) for (month, cut), users in found.items() for hit in users.values())
    _shares("community_interaction_rate", told, out, timedelta())


def _market(facts: Facts, deals: list[Deal], out: Published) -> None:
    users: dict[tuple[date, Cut], set[Node]] = defaultdict(set)
    for user, days in facts.event_days.items():
        for day in days:
            users[start_of("year", day), ALL].add(user)
    for deal in deals:
        users[start_of("year", deal.day), ALL].add(deal.user)
        if deal.stands and deal.line:
            users[start_of("year", deal.day), ("product_line", deal.line)].add(deal.user)
    first = min(
        min(min(days) for days in facts.event_days.values()), min(deal.day for deal in deals)
    )
    for row in seed(project_root() / "seeds/industry/industry_users.csv"):
        year, line = date(int(row["year"]), 1, 1), row["product_line"]
        cut = ALL if line == "all" else ("product_line", line)
        if found := users.get((year, cut)):
            mature = out.ended("year", year) and first <= year + 6 * DAY
            size, place = int(row["industry_users"]), ("year", year, *cut)
            out.put_ratio("market_share", place, len(found), size, len(found), mature)


def plant_activity(landing: Path, last: date) -> None:
    """Actions until a last day in the groups of a small sample, whose few members are silent."""
    with (landing / "channel/community_members/community_members.csv").open(newline="") as lines:
        members = list(csv.DictReader(lines))
    path = landing / "channel/community_activity/community_activity_planted.csv"
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["activity_id", "group_id", "external_user_id", "happened_at", "kind"])
        for number, row in enumerate(members):
            began = datetime.fromisoformat(row["joined_at"])
            for days in (1, 2, 45 + number):
                moment = began + timedelta(days=days)
                ids = (f"ca-planted-{number}-{days}", row["group_id"], row["external_user_id"])
                if moment.date() < last:
                    writer.writerow([*ids, moment, "reply"])
