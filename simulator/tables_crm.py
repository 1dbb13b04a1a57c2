"""The raw tables of merges, erasure requests and leads, as the CRM would deliver them."""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.catalogue import CHANNEL_CODES, OFFLINE, PRIVATE
from simulator.delivery import Files
from simulator.identifiers import phones, strangers
from simulator.world import DAY, NEVER, waking
from simulator.writing import coded, moment, table

SHARE_MERGED, SHARE_MERGED_WRONGLY = 0.4, 0.002


def customer_merges(scene: Scene) -> Files:
    """crm.customer_merges: one file; merges of unrelated people are undone some weeks later."""
    world, accounts = scene.world, scene.accounts
    rng = world.rng("merges")
    second = np.arange(scene.people.count, len(accounts.person))
    right = second[rng.random(len(second)) < SHARE_MERGED]
    wrong = rng.choice(
        scene.people.count,
        2 * max(1, round(scene.people.count * SHARE_MERGED_WRONGLY)),
        replace=False,
    )
    merged = np.concatenate([right, wrong[::2]])
    surviving = np.concatenate([accounts.person[right], wrong[1::2]])
    known = np.maximum(accounts.registered_at[merged], accounts.registered_at[surviving])
    low = np.maximum(known, world.begin)
    at = (
        low
        + DAY
        + (rng.random(len(merged)) * np.maximum(world.end - low - 2 * DAY, 1)).astype(np.int64)
    )
    is_right = np.arange(len(merged)) < len(right)
    undone = waking(at + rng.integers(5 * DAY, 40 * DAY, len(merged)))
    fits = at < world.end
    columns = {
        "merged_customer_id": world.ids("k", merged[fits]),
        "surviving_customer_id": world.ids("k", surviving[fits]),
        "merged_at": moment(at[fits]),
        "reason": coded(("similar name", "same id card or phone"), is_right[fits].astype(np.int64)),
        "undone_at": moment(np.where(is_right | (undone >= world.end), NEVER, undone)[fits]),
    }
    yield "customer_merges", table(columns)


def erasure_requests(scene: Scene) -> Files:
    """crm.erasure_requests: one file; some who close their account, a few who stay."""
    world, accounts = scene.world, scene.accounts
    rng = world.rng("erasure")
    closed = np.flatnonzero((accounts.deleted_at < NEVER) & (accounts.deleted_at >= world.begin))
    closed = closed[rng.random(len(closed)) < 0.25]
    staying = np.flatnonzero(
        (accounts.deleted_at == NEVER) & (rng.random(len(accounts.person)) < 0.004)
    )
    low = np.maximum(accounts.registered_at[staying] + DAY, world.begin)
    asked = low + (rng.random(len(staying)) * np.maximum(world.end - low - 1, 1)).astype(np.int64)
    fits = asked < world.end
    owner = np.concatenate([closed, staying[fits]])
    at = np.concatenate([accounts.deleted_at[closed], asked[fits]])
    only_marketing = np.arange(len(owner)) >= len(closed)
    columns = {
        "request_id": world.ids("er", np.arange(len(owner))),
        "customer_id": world.ids("k", owner),
        "requested_at": moment(at),
        "scope": coded(("all", "marketing"), only_marketing.astype(np.int64)),
    }
    yield "erasure_requests", table(columns)


def leads(scene: Scene) -> Files:
    """crm.leads: one file; people met offline, in private channels or through partners."""
    world, people = scene.world, scene.people
    rng = world.rng("leads")
    met = (people.group == OFFLINE) | (people.group == PRIVATE)
    met |= people.channel == CHANNEL_CODES.index("partner")
    won = np.flatnonzero(met & (people.registered_at >= world.begin + DAY))
    won = won[rng.random(len(won)) < 0.7]
    before = np.minimum(rng.exponential(6 * DAY, len(won)).astype(np.int64) + 900, 40 * DAY)
    created = np.maximum(people.registered_at[won] - before, world.begin)
    qualified = created + ((people.registered_at[won] - created) * rng.random(len(won))).astype(
        np.int64
    )
    vain = rng.integers(0, len(won), round(len(won) * 1.3)) if len(won) else won
    vain_at = waking(
        world.begin + (rng.random(len(vain)) * (world.end - world.begin)).astype(np.int64)
    )
    sorted_out = vain_at + rng.integers(DAY, 30 * DAY, len(vain))
    seen = vain_at + rng.integers(3600, DAY, len(vain))
    like = np.concatenate([won, won[vain] if len(won) else won])
    at = np.concatenate([created, vain_at])
    size, known = len(like), np.arange(len(like)) < len(won)
    offline = people.group[like] == OFFLINE
    paid = people.placement[like] >= 0
    campaign = scene.campaigns.running(
        np.maximum(people.placement[like], 0), np.zeros(size, np.int64), at
    )
    phone = np.where(
        known, scene.identifiers.phone_at(like, at), strangers(world, "lead_phones", size)
    )
    lost = np.concatenate(
        [np.full(len(won), NEVER), np.where(sorted_out < world.end, sorted_out, NEVER)]
    )
    qualifies = rng.random(len(vain)) < 0.35
    good = np.concatenate([qualified, np.where(qualifies & (seen < world.end), seen, NEVER)])
    columns = {
        "lead_id": world.ids("ld", np.arange(size)),
        "phone": phones(world, np.where(rng.random(size) < 0.9, phone, -1)),
        "source_channel": coded(CHANNEL_CODES, people.channel[like]),
        "campaign_id": coded(scene.campaigns.ids, np.where(paid, campaign, -1)),
        "offline_event_id": world.common_ids("v", np.where(offline, campaign, -1)),
        "created_at": moment(at),
        "qualified_at": moment(good),
        "converted_customer_id": world.ids("k", np.where(known, like, -1)),
        "lost_at": moment(lost),
    }
    yield "leads", table(columns)
