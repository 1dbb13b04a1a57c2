"""The raw tables of the channel systems, as they would deliver them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.build import Scene, Shared
from simulator.campaigns import OBJECTIVES, quarter_of
from simulator.catalogue import (
    CHANNEL_CODES,
    CITIES,
    EVENTS,
    PAGES,
    PLACEMENTS,
    PRODUCTS,
    SCENARIOS,
)
from simulator.delivery import Files
from simulator.identifiers import platform_users
from simulator.networks import PREFIXES, session_networks
from simulator.world import DAY, Ints, World, local_day
from simulator.writing import coded, constant, day, moment, money, table, text, whole

_PLATFORM = tuple(platform for platform, _ in PLACEMENTS)
_TEAMS = ("growth_online", "growth_offline", "private_domain")
_OS = ("android", "ios", "harmony")
_VERSIONS = tuple(f"{major}.{minor}.0" for major in range(5, 9) for minor in range(4))


def product_ids(world: World) -> pa.Array:
    """Ids of the catalogue's products."""
    return world.common_ids("p", np.arange(len(PRODUCTS)))


def campaigns(shared: Shared) -> Files:
    """channel.campaigns: one file. The budget is what was spent on it, in whole hundreds."""
    own, spend = shared.campaigns, shared.spend
    spent = np.bincount(spend.campaign, weights=spend.cost, minlength=len(own.ids))
    channel = np.array([CHANNEL_CODES.index(code) for _, code in PLACEMENTS])[own.placement]
    product = np.array([_scenario_product(code) for code in range(len(SCENARIOS))] + [-1])
    team = np.where(own.placement < 8, 0, np.where(own.placement < 11, 1, 2))
    columns = {
        "campaign_id": own.ids,
        "name": text(own.names),
        "channel_code": coded(CHANNEL_CODES, channel),
        "objective": coded(OBJECTIVES, own.objective),
        "scenario_code": coded(SCENARIOS, own.scenario),
        "product_id": coded(product_ids(shared.world), product[own.scenario]),
        "brief_at": moment(own.launched_at - np.where(own.quarter < 4, 45, 34) * DAY),
        "launched_at": moment(own.launched_at),
        "ended_at": moment(own.ended_at),
        "budget_amount": money((np.rint(spent * 1.05 / 10_000) * 10_000).astype(np.int64)),
        "currency_code": constant("CNY", len(own.ids)),
        "team": coded(_TEAMS, team),
    }
    yield "campaigns", table(columns)


def _scenario_product(scenario: int) -> int:
    name = SCENARIOS[scenario]
    return next(number for number, item in enumerate(PRODUCTS) if item.scenario == name)


def ad_spend_daily(shared: Shared) -> Files:
    """channel.ad_spend_daily: one file a year. Rows of a budget of zero are left out."""
    spend, own = shared.spend, shared.campaigns
    keep = (spend.cost > 0) | (spend.impressions > 0)
    year = spend.day.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    for number in np.unique(year):
        rows = np.flatnonzero(keep & (year == number))
        campaign = spend.campaign[rows]
        yield (
            f"ad_spend_daily_{number}",
            table(
                {
                    "spend_date": day(spend.day[rows]),
                    "platform": coded(_PLATFORM, own.placement[campaign]),
                    "campaign_id": coded(own.ids, campaign),
                    "creative_id": coded(own.creative_ids, spend.creative[rows]),
                    "impressions": whole(spend.impressions[rows]),
                    "clicks": whole(spend.clicks[rows]),
                    "cost_amount": money(spend.cost[rows]),
                    "currency_code": constant("CNY", len(rows)),
                    "platform_conversions": whole(spend.conversions[rows]),
                    "platform_approved_conversions": whole(spend.approved[rows]),
                    "region": constant("CN", len(rows)),
                }
            ),
        )


def ad_touches(scene: Scene) -> Files:
    """channel.ad_touches: one file a quarter. The device is known for most, the platform's user
    for some; on a guest device people have not logged in to the platform either."""
    touches, own, world = scene.touches, scene.campaigns, scene.world
    rng = world.rng("touch_columns")
    size = len(touches.at)
    device_known = touches.is_click | (rng.random(size) < 0.9)
    user_known = (rng.random(size) < 0.6) & ~scene.devices.guest[touches.device]
    utm = np.array([f"https://app.finview.example/l/{name}" for name in own.names])
    for name, rows in by_quarter(touches.at):
        campaign = touches.campaign[rows]
        click = touches.is_click[rows]
        placement = np.where(click, own.placement[campaign], -1)
        ids = world.ids("t", rows)
        number = pc.utf8_slice_codeunits(ids, 2)
        base = coded(utm, np.where(click, campaign, -1))
        url = pc.binary_join_element_wise(base, "?click_id=", number, "&utm_source=ad", "")
        person = touches.person[rows]
        yield (
            f"ad_touches_{name}",
            table(
                {
                    "touch_id": ids,
                    "touched_at": moment(touches.at[rows]),
                    "kind": coded(("impression", "click"), click.astype(np.int64)),
                    "campaign_id": coded(own.ids, campaign),
                    "creative_id": coded(own.creative_ids, touches.creative[rows]),
                    "device_id": world.ids("d", np.where(device_known, touches.device, -1)[rows]),
                    "platform_user_id": platform_users(
                        world, np.where(user_known[rows], person, -1)
                    ),
                    "utm_source": coded(_PLATFORM, placement),
                    "utm_medium": coded(("cpc",), np.where(click, 0, -1)),
                    "utm_campaign": coded(own.names, np.where(click, campaign, -1)),
                    "landing_url": url,
                }
            ),
        )


def by_quarter(times: Ints) -> Iterator[tuple[str, Ints]]:
    """Name and row numbers of each quarter."""
    quarter = quarter_of(times)
    for number in np.unique(quarter):
        year, part = divmod(int(number), 4)
        yield f"{1970 + year}-q{part + 1}", np.flatnonzero(quarter == number)


def app_events(scene: Scene) -> Files:
    """channel.app_events: one file a month, by the day on which the event happened."""
    events, world = scene.events, scene.world
    month = local_day(events.at).astype("datetime64[D]").astype("datetime64[M]")
    home = world.rng("device_columns").integers(0, len(CITIES), scene.devices.count)
    home[scene.devices.device] = scene.people.city[scene.devices.person]
    network = session_networks(world, scene.people, scene.devices, scene.sessions)
    regions = [region for region, _, _ in CITIES]
    for value in np.unique(month):
        rows = np.flatnonzero(month == value)
        device = events.device[rows]
        version = np.clip((world.years(events.at[rows]) * 4).astype(int) + device % 3, 0, 15)
        yield (
            f"app_events_{value}",
            table(
                {
                    "event_id": world.ids("e", rows),
                    "occurred_at": moment(events.at[rows]),
                    "received_at": moment(events.received_at[rows]),
                    "device_id": world.ids("d", device),
                    "session_id": world.ids("s", events.session[rows]),
                    "customer_id": world.ids("k", events.account[rows]),
                    "event_name": coded(EVENTS, events.event[rows]),
                    "page": coded(PAGES, events.event[rows]),
                    "scenario_code": coded(SCENARIOS, events.scenario[rows]),
                    "product_id": coded(product_ids(world), events.product[rows]),
                    "campaign_id": coded(scene.campaigns.ids, events.campaign[rows]),
                    "dwell_seconds": whole(events.dwell[rows]),
                    "os": coded(_OS, scene.devices.os[device]),
                    "app_version": coded(_VERSIONS, version),
                    "ip_prefix": coded(PREFIXES, network[events.session[rows]]),
                    "region_code": coded(regions, home[device]),
                    "properties": coded(_PROPERTIES, events.event[rows]),
                }
            ),
        )


#: One set of properties per event name.
_PROPERTIES = tuple(f'{{"step":"{page}","v":1}}' for page in PAGES)
