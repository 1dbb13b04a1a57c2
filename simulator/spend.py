"""What the platforms bill and report each day, by campaign and creative.

Cost follows the registrations that a quarter really brought, times the cost per registration
aimed at; platforms report more conversions than happened, as they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import Campaigns, quarter_of
from simulator.catalogue import (
    CHANNEL_CODES,
    CHANNELS,
    CREATIVES,
    ONLINE_PLACEMENTS,
    PLACEMENTS,
    SLOTS,
)
from simulator.people import People
from simulator.touches import Touches
from simulator.world import Bools, Floats, Ints, World, blend, day_begin, local_day, season

#: Cost per registration (CNY) aimed at, by years since the start.
_CAC_YEARS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 4.0)
_CAC = (128.0, 150.0, 186.0, 221.0, 232.0, 205.0, 175.0)
#: Share of a channel's budget that each placement takes.
_PLACEMENT_SHARE = (0.55, 0.45, 0.6, 0.4, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
_CLICK_RATIO = (0.021, 0.0175)
_APPROVING = np.array([platform in ("tencent", "baidu") for platform, _ in PLACEMENTS])


@dataclass(frozen=True)
class Spend:
    """One row per day, campaign and creative; cost in fen; `approved` is -1 where not reported."""

    day: Ints
    campaign: Ints
    creative: Ints
    impressions: Ints
    clicks: Ints
    cost: Ints
    conversions: Ints
    approved: Ints


def make_spend(
    world: World,
    campaigns: Campaigns,
    arrivals: Ints,
    impressions_logged: Ints,
    clicks_logged: Ints,
) -> Spend:
    """Daily spend, never below what the tracking links logged.

    Args:
        world: The world of all blocks.
        campaigns: All campaigns.
        arrivals: Paid registrations by day of the window.
        impressions_logged: Impressions that links logged, by row (see `logged`).
        clicks_logged: Clicks that links logged, by row.
    """
    rng = world.rng("spend")
    days = _window(world)
    budget = _daily_budget(world, arrivals, days)
    day, placement, slot, creative = _rows(len(days))
    share = _uneven(rng, len(day)) * np.where(slot == 2, 0.25, 0.375)
    share = np.where(placement < ONLINE_PLACEMENTS, share / CREATIVES, share)
    cost = np.rint(budget[day, placement] * share * 100).astype(np.int64)
    online = placement < ONLINE_PLACEMENTS
    moment = day_begin(days)
    campaign = campaigns.running(placement, slot, moment[day])
    number = campaign * CREATIVES + creative
    impressions, clicks = _traffic(world, rng, cost, online, moment[day])
    clicks = np.maximum(clicks, clicks_logged)
    impressions = np.maximum(impressions, impressions_logged + clicks)
    impressions[~online] = 0
    conversions = rng.poisson(clicks * 0.045)
    approved = rng.binomial(conversions, 0.72)
    return Spend(
        day=days[day],
        campaign=campaign,
        creative=number,
        impressions=impressions,
        clicks=clicks,
        cost=cost,
        conversions=np.where(online, conversions, 0),
        approved=np.where(_APPROVING[placement], approved, -1),
    )


def _window(world: World) -> Ints:
    first = int(local_day(np.array([world.begin]))[0])
    return np.arange(first, first + world.days)


def paid_arrivals(world: World, people: People) -> Ints:
    """Registrations by a paid placement, by day of the window."""
    paid = (people.placement >= 0) & (people.registered_at >= world.begin)
    day = local_day(people.registered_at[paid]) - _window(world)[0]
    return np.bincount(day, minlength=world.days)


def _daily_budget(world: World, arrivals: Ints, days: Ints) -> Floats:
    """CNY by day and placement."""
    moment = day_begin(days)
    quarter = quarter_of(moment)
    numbers, place, length = np.unique(quarter, return_inverse=True, return_counts=True)
    brought = np.maximum(np.bincount(place, weights=arrivals), 1) / length
    per_day = brought[place] * season(days)
    per_day *= np.interp(world.years(moment), _CAC_YEARS, _CAC)
    channels = blend(
        np.array([channel.budget[0] for channel in CHANNELS]),
        np.array([channel.budget[1] for channel in CHANNELS]),
        world.years(moment),
    )
    rows = [CHANNEL_CODES.index(channel) for _, channel in PLACEMENTS]
    return np.asarray(per_day[:, None] * channels[:, rows] * np.array(_PLACEMENT_SHARE))


def _rows(days: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Day number, placement, slot and creative of every row: one creative where offline."""
    grid = [
        (placement, slot, creative)
        for placement in range(len(PLACEMENTS))
        for slot in range(SLOTS)
        for creative in range(CREATIVES if placement < ONLINE_PLACEMENTS else 1)
    ]
    table = np.tile(np.array(grid), (days, 1))
    return np.repeat(np.arange(days), len(grid)), table[:, 0], table[:, 1], table[:, 2]


def _uneven(rng: np.random.Generator, size: int) -> Floats:
    """Factors around 1 with mean 1."""
    return rng.lognormal(-0.045, 0.3, size)


def _traffic(
    world: World, rng: np.random.Generator, cost: Ints, online: Bools, at: Ints
) -> tuple[Ints, Ints]:
    """Impressions bought with the cost (about 117 CNY per thousand) and their clicks."""
    impressions = rng.poisson(cost / 100 / 117.0 * 1000 * online)
    ratio = np.interp(world.years(at), [0.0, 1.6], _CLICK_RATIO)
    return impressions, rng.binomial(impressions, ratio)


def logged(world: World, campaigns: Campaigns, touches: Touches) -> tuple[Ints, Ints]:
    """Logged impressions and clicks of each spend row's day and creative."""
    days = _window(world)
    day, placement, slot, creative = _rows(len(days))
    number = campaigns.running(placement, slot, day_begin(days)[day]) * CREATIVES + creative
    width = int(number.max()) + 1
    key = day * width + number
    seen = (local_day(touches.at) - days[0]) * width + touches.creative
    order = np.argsort(key)
    place = order[np.searchsorted(key, seen, sorter=order)]
    size = len(key)
    clicks = np.bincount(place[touches.is_click], minlength=size)
    return np.bincount(place[~touches.is_click], minlength=size), clicks
