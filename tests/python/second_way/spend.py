"""What was paid for whom: the ledger of spend, and KPIs by campaign, creative, platform, place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from finview.settings import project_root
from second_way.facts import (
    CLICK_WINDOW,
    CURRENCY,
    Facts,
    campaign_channels,
    last_touch,
)
from second_way.periods import ALL, LONG_GRAINS, Published, Sums, ratio, rounded, start_of
from second_way.raw import seed
from second_way.users import regions

PLACE_KINDS = ("region", "city_tier")
NO_CAMPAIGN = "no_campaign"


@dataclass(frozen=True)
class Bill:
    """A line of a bill, or an offline event that no platform bills."""

    day: date
    channel: str
    campaign: str | None
    creative: str | None
    platform: str
    cost: Decimal
    clicks: int
    impressions: int
    #: The campaign aims at acquiring users, or names no aim.
    aims: bool
    #: Region and city tier, where known.
    places: tuple[str | None, str | None]


class Places:
    """Regions and city tiers by what bills and events name."""

    def __init__(self, facts: Facts) -> None:
        folder = project_root() / "seeds/regions"
        rows = seed(folder / "provinces.csv")
        self.of_province = {row["province_prefix"]: row["region_code"] for row in rows}
        self.names = set(self.of_province.values())
        self.tiers = {row["city_code"]: row["city_tier"] for row in seed(folder / "cities.csv")}
        cities: dict[str, set[str]] = defaultdict(set)
        for row in facts.raw["channel/offline_events"]:
            if row["campaign_id"] and row["city_code"]:
                cities[row["campaign_id"]].add(row["city_code"])
        self.of_campaign = {name: min(found) for name, found in cities.items() if len(found) == 1}

    def of(
        self, region: str | None, city: str | None, campaign: str | None
    ) -> tuple[str | None, str | None]:
        """Where a line belongs: what the bill names, else the place of the campaign's event."""
        if region in self.names:
            return region, None
        is_code = (region or "")[:2] in self.of_province
        code = region if is_code else city or self.of_campaign.get(campaign or "")
        found = self.of_province.get((code or "")[:2])
        if not code or not found or code[2:] in ("", "0000"):
            return found, None
        return found, self.tiers.get(code, "tier_3_and_below")


def ledger(facts: Facts) -> Iterable[Bill]:
    """Every line of the ledger."""
    channel_of, places = campaign_channels(facts), Places(facts)
    objective = {row["campaign_id"]: row["objective"] for row in facts.raw["channel/campaigns"]}

    def bill(row: Mapping, day: date, platform: str, default: str, city: str | None) -> Bill:
        campaign = row["campaign_id"]
        return Bill(
            day,
            channel_of.get(campaign, default),
            campaign,
            row.get("creative_id"),
            platform,
            row["cost_amount"],
            row.get("clicks") or 0,
            row.get("impressions") or 0,
            objective.get(campaign) in (None, "acquire"),
            places.of(row.get("region"), city, campaign),
        )

    billed = set()
    for row in facts.raw["channel/ad_spend_daily"]:
        if row["cost_amount"]:
            billed.add(row["campaign_id"])
        yield bill(row, row["spend_date"], row["platform"], "unmapped", None)
    for row in facts.raw["channel/offline_events"]:
        if not row["cost_amount"] or not row["starts_at"] or row["campaign_id"] in billed:
            continue
        if row["currency_code"] != CURRENCY:
            raise ValueError("channel/offline_events: another currency")
        day = facts.raw.day(row["starts_at"])
        default = row["kind"] if row["kind"] in facts.channels else "unmapped"
        yield bill(row, day, row["kind"], default, row["city_code"])


def spend_kpis(facts: Facts, out: Published) -> None:
    """Cuts by campaign, creative, platform and place; the organic share of new users."""
    bills = list(ledger(facts))
    _campaigns(facts, bills, out)
    _places(facts, bills, out)
    _organic(facts, out)


def _campaigns(facts: Facts, bills: list[Bill], out: Published) -> None:
    platforms = _main_platforms(bills)
    clicks = Sums(LONG_GRAINS, 2)
    # Acquisition spend, users; spend, margin, orders.
    paid = Sums(LONG_GRAINS, 5)
    # Acquisition spend, users.
    channels = {name: Sums(LONG_GRAINS, 2) for name in ("feed_ad", "short_video")}
    for bill in bills:
        campaign = bill.campaign or NO_CAMPAIGN
        aimed = bill.cost if bill.aims else Decimal(0)
        cuts = {"campaign": campaign}
        if bill.creative:
            cuts["creative"] = bill.creative
        if bill.impressions:
            clicks.add(bill.day, cuts, bill.clicks, bill.impressions)
        elif bill.clicks:
            # Clicks of a month without any impression of the campaign do not count, others do.
            clicks.add(bill.day, {"campaign": campaign}, bill.clicks, 0)
        if facts.is_paid(bill.channel):
            paid.add(bill.day, {"campaign": campaign}, aimed, 0, bill.cost)
        if bill.channel in channels:
            channels[bill.channel].add(bill.day, {"platform": bill.platform}, aimed, 0)
    for found in facts.registrations.values():
        if facts.is_paid(found.channel):
            paid.add(found.day, {"campaign": found.campaign or NO_CAMPAIGN}, 0, 1)
        if found.channel in channels:
            platform = platforms.get(found.campaign or "", "unknown")
            channels[found.channel].add(found.day, {"platform": platform}, 0, 1)
    for order in facts.orders:
        if facts.is_paid(order.channel):
            cut = {"campaign": order.campaign or NO_CAMPAIGN}
            paid.add(order.day, cut, 0, 0, 0, order.margin, 1)

    for place, (clicked, shown) in clicks.items():
        if shown and place[2:] != ALL:
            out.put_ratio("ctr", place, clicked, shown)
    for place, (aimed, users, cost, margin, orders) in paid.items():
        if place[2:] == ALL:
            continue
        if aimed:
            out.put_ratio("cac", place, aimed, users)
        if cost:
            out.put_ratio("marketing_roi", place, margin - cost, cost, orders)
    for name, sums in channels.items():
        for place, (aimed, users) in sums.items():
            if aimed and place[2:] != ALL:
                out.put_ratio(f"{name}_cac", place, aimed, users)


def _main_platforms(bills: list[Bill]) -> dict[str, str]:
    """The platform that billed most for each campaign."""
    costs: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for bill in bills:
        if bill.campaign:
            costs[bill.campaign][bill.platform] += bill.cost
    return {
        campaign: min(found, key=lambda name: (-found[name], name))
        for campaign, found in costs.items()
    }


def _places(facts: Facts, bills: list[Bill], out: Published) -> None:
    where = regions(facts)
    for index, kind in enumerate(PLACE_KINDS):
        sums = Sums(LONG_GRAINS, 2)
        # Users by place, and spend without a place, of each month and channel.
        users: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        open_costs: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
        for found in facts.registrations.values():
            if facts.is_paid(found.channel):
                place = where[found.user][index]
                users[start_of("month", found.day), found.channel][place] += 1
                sums.add(found.day, {kind: place}, 0, 1)
        for bill in bills:
            if facts.is_paid(bill.channel) and bill.aims:
                named = bill.places[index]
                if named:
                    sums.add(bill.day, {kind: named}, bill.cost, 0)
                else:
                    open_costs[start_of("month", bill.day), bill.channel] += bill.cost
        for key, cost in open_costs.items():
            for place, part in _parts(cost, users.get(key, {}), f"unknown_{kind}"):
                sums.add(key[0], {kind: place}, part, 0)
        for at, (spend, count) in sums.items():
            if spend and at[2:] != ALL:
                out.put_ratio("cac", at, spend, count)


def _parts(
    cost: Decimal, users: Mapping[str, int], otherwise: str
) -> Iterable[tuple[str, Decimal]]:
    """The cost by users, in whole cents that add up."""
    if not users:
        yield otherwise, cost
    before, so_far, total = Decimal(0), 0, sum(users.values())
    for place in sorted(users):
        so_far += users[place]
        share = rounded(ratio(cost * so_far, total))
        assert share is not None
        reached = share.quantize(Decimal("0.01"), ROUND_HALF_UP)
        yield place, reached - before
        before = reached


def _organic(facts: Facts, out: Published) -> None:
    touches = {
        user: [touch for touch in engaged if facts.is_paid(touch.channel)]
        for user, engaged in facts.engaged.items()
    }
    logged = [
        facts.raw.day(touch.touched_at)
        for touch in facts.touches
        if touch.kind in ("impression", "click")
    ]
    headline, by_log = Sums(LONG_GRAINS, 2), Sums(LONG_GRAINS, 2)
    for found in facts.registrations.values():
        is_touched = last_touch(touches.get(found.user, ()), found.at) is not None
        is_paid = found.declared in facts.channels and facts.is_paid(found.declared or "")
        headline.add(found.day, {}, int(not is_touched and not is_paid), 1)
        by_log.add(found.day, {}, int(not is_touched), 1)
    for sums, cut in ((headline, ALL), (by_log, ("basis", "logged_touch"))):
        for place, (organic, users) in sums.items():
            grain, start = place[:2]
            mature = out.ended(grain, start) and min(logged) + CLICK_WINDOW <= start
            out.put_ratio("organic_share", (grain, start, *cut), organic, users, is_mature=mature)
