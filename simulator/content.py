"""What happens in public: offline events, posts, partners' calls, and mentions to answer."""

from __future__ import annotations

import numpy as np

from simulator.build import Shared
from simulator.campaigns import FIRST_PRIVATE
from simulator.catalogue import CITIES, ONLINE_PLACEMENTS, SCENARIOS
from simulator.delivery import Files
from simulator.partners import PARTNERS, joined_on
from simulator.world import DAY, NEVER, local_day, pick, season, waking
from simulator.writing import coded, constant, day, moment, money, table, whole

_KINDS = ("community_event", "supermarket", "enterprise")
_PLATFORMS = ("weixin", "weibo", "douyin", "xiaohongshu", "bilibili")
_TYPES = ("promotion", "original", "repost", "ugc", "scenario")
#: Shares of posts by type in the first two years and later.
_MIX = np.array([[0.50, 0.15, 0.26, 0.05, 0.04], [0.36, 0.22, 0.20, 0.10, 0.12]])
#: Interactions per impression by type.
_APPEAL = np.array([0.008, 0.03, 0.01, 0.045, 0.035])
POSTS_PER_DAY = 1.4
#: Mentions a day of a platform of 3,000 users; they grow with the logarithm of the users.
MENTIONS_PER_DAY = 0.25
SHARE_FOUND_FIRST, RESPONSE_HOURS = 0.35, 6.6
_TOPICS = ("promise_mismatch", "collection", "fees", "data_safety", "app_fault")


def offline_events(shared: Shared) -> Files:
    """channel.offline_events: one per offline campaign; it costs what the campaign did."""
    own, spend, world = shared.campaigns, shared.spend, shared.world
    spent = np.bincount(spend.campaign, weights=spend.cost, minlength=len(own.placement))
    number = np.flatnonzero((own.placement >= ONLINE_PLACEMENTS) & (own.placement < FIRST_PRIVATE))
    rng = world.rng("offline_events")
    city = pick(rng, [share for _, _, share in CITIES], len(number))
    starts = own.launched_at[number] + 3600
    ends = np.where(own.ended_at[number] < NEVER, own.ended_at[number], NEVER)
    placement = own.placement[number] - ONLINE_PLACEMENTS
    names = [
        f"{own.names[row]}_{CITIES[where][1]}" for row, where in zip(number, city, strict=True)
    ]
    columns = {
        "event_id": world.common_ids("v", number),
        "name": coded(names, np.arange(len(number))),
        "kind": coded(_KINDS, placement),
        "campaign_id": coded(own.ids, number),
        "city_code": coded([code for _, code, _ in CITIES], city),
        "starts_at": moment(starts),
        "ends_at": moment(ends),
        "cost_amount": money(spent[number].astype(np.int64)),
        "currency_code": constant("CNY", len(number)),
    }
    yield "offline_events", table(columns)


def content_posts(shared: Shared) -> Files:
    """channel.content_posts: one file; half are promotion, users' own posts come slowly."""
    world = shared.world
    rng = world.rng("content_posts")
    size = int(rng.poisson(world.days * POSTS_PER_DAY))
    at = np.sort(waking(world.begin + (rng.random(size) * world.days * DAY).astype(np.int64)))
    late = world.years(at) >= 2.0
    draw = rng.random(size)
    kind = (np.cumsum(_MIX, axis=1)[late.astype(np.int64)] < draw[:, None]).sum(axis=1)
    kind = np.minimum(kind, len(_TYPES) - 1)
    seen = np.rint(rng.lognormal(7.5, 1.0, size) * (1 + 0.6 * (kind == 3))).astype(np.int64)
    columns = {
        "post_id": world.ids("po", np.arange(size)),
        "platform": coded(_PLATFORMS, rng.integers(0, len(_PLATFORMS), size)),
        "published_at": moment(at),
        "content_type": coded(_TYPES, kind),
        "scenario_code": coded(
            SCENARIOS, np.where(kind == 4, rng.integers(0, len(SCENARIOS), size), -1)
        ),
        "impressions": whole(seen),
        "interactions": whole(rng.binomial(seen, _APPEAL[kind])),
    }
    yield "content_posts", table(columns)


def partner_calls_daily(shared: Shared) -> Files:
    """channel.partner_calls_daily: one file; calls follow users, season and how long one is in."""
    world, referred = shared.world, shared.totals.referred
    rng = world.rng("partner_calls")
    first = int(local_day(np.array([world.begin]))[0])
    number, partner = np.divmod(np.arange(world.days * PARTNERS), PARTNERS)
    age = number - joined_on(world)[partner]
    active = np.flatnonzero((age >= 0) | (referred[number, partner] > 0))
    number, partner, age = number[active], partner[active], np.maximum(age[active], 0)
    level = world.users / 250 * (1 + age / 365) * season(first + number) * (1 + partner % 3)
    calls = np.maximum(rng.poisson(level), referred[number, partner])
    columns = {
        "call_date": day(first + number),
        "partner_id": world.common_ids("pn", partner),
        "scenario_code": coded(SCENARIOS, partner % len(SCENARIOS)),
        "calls": whole(calls),
        "fee_amount": money(calls * (30 + partner)),
        "currency_code": constant("CNY", len(calls)),
        "referred_registrations": whole(referred[number, partner]),
    }
    yield "partner_calls_daily", table(columns)


def sentiment_items(shared: Shared) -> Files:
    """crm.sentiment_items: one file; a third are found before somebody reports them."""
    world = shared.world
    rng = world.rng("sentiment")
    level = MENTIONS_PER_DAY * max(1.0, 1 + np.log10(world.users / 3000))
    size = int(rng.poisson(world.days * level))
    at = np.sort(waking(world.begin + (rng.random(size) * world.days * DAY).astype(np.int64)))
    watched = rng.random(size) < SHARE_FOUND_FIRST
    found = at + (rng.exponential(np.where(watched, 1.2, 5.0) * 3600)).astype(np.int64) + 60
    found = np.minimum(found, world.end - 1)
    quicker = np.interp(world.years(at), [1.9, 2.5], [1.0, 0.4])
    hours = RESPONSE_HOURS * quicker * rng.lognormal(0, 0.7, size)
    answered = np.maximum(at + (hours * 3600).astype(np.int64), found + 300)
    columns = {
        "item_id": world.ids("se", np.arange(size)),
        "published_at": moment(np.minimum(at, world.end - 1)),
        "found_at": moment(found),
        "found_by": coded(("report", "monitoring"), watched.astype(np.int64)),
        "responded_at": moment(
            np.where((answered < world.end) & (rng.random(size) < 0.96), answered, NEVER)
        ),
        "severity": coded(("minor", "major", "critical"), pick(rng, [0.65, 0.28, 0.07], size)),
        "platform": coded(_PLATFORMS, rng.integers(0, len(_PLATFORMS), size)),
        "topic": coded(_TOPICS, pick(rng, [0.38, 0.2, 0.18, 0.1, 0.14], size)),
    }
    yield "sentiment_items", table(columns)
