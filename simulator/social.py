"""Followers, WeCom contacts, communities and invitations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.build import Scene
from simulator.catalogue import CHANNEL_CODES, GIVEN, PRIVATE, SURNAMES
from simulator.delivery import Files
from simulator.identifiers import (
    PHONES_PER_BLOCK,
    STRANGERS_FROM,
    names,
    phones,
    strangers,
)
from simulator.world import DAY, MONTH, NEVER, Ints, World, pick, poisson_times, waking
from simulator.writing import coded, moment, table

PLATFORMS = ("weixin", "weibo", "douyin", "xiaohongshu")
#: Share of registered people that follow, and followers per user that never register.
FOLLOWERS, STRANGE_FOLLOWERS = 0.26, 0.43
#: People who keep their nickname on another platform.
SAME_NICKNAME = 0.8
_SOURCES = ("scan", "referral", "search", "group")
STAFF, GROUPS = 40, 5
_ACTIVITIES = ("post", "reply", "like", "share", "click")


@dataclass(frozen=True)
class Follows:
    """Followers of social accounts; `person` counts strangers on from the last person."""

    person: Ints
    platform: Ints
    at: Ints
    until: Ints
    phone: Ints


def make_follows(scene: Scene) -> Follows:
    """Registered people and strangers who follow; some on two platforms."""
    world, people = scene.world, scene.people
    rng = world.rng("follows")
    known = np.flatnonzero(rng.random(people.count) < FOLLOWERS)
    others = people.count + np.arange(round(world.users * STRANGE_FOLLOWERS))
    person = np.concatenate([known, others])
    platform = pick(rng, [0.55, 0.15, 0.2, 0.1], len(person))
    again = np.flatnonzero(rng.random(len(person)) < 0.15)
    person = np.concatenate([person, person[again]])
    platform = np.concatenate([platform, (platform[again] + 1) % len(PLATFORMS)])
    size = len(person)
    at = world.begin + (rng.random(size) * (world.end - world.begin)).astype(np.int64)
    member = person < people.count
    row = np.where(member, person, 0)
    near = people.registered_at[row] + rng.normal(0, 40 * DAY, size).astype(np.int64)
    inside = member & (near > world.begin) & (near < world.end)
    at = np.minimum(waking(np.where(inside, near, at)), world.end - 1)
    until = waking(at + rng.exponential(300 * DAY, size).astype(np.int64) + DAY)
    left = (rng.random(size) < 0.3) & (until < world.end)
    own = stranger_phones(world)[np.maximum(person - people.count, 0)]
    phone = np.where(member, scene.identifiers.phone_at(row, at), own)
    phone = np.where(rng.random(size) < np.where(member, 0.35, 0.1), phone, -1)
    return Follows(person, platform, at, np.where(left, until, NEVER), phone)


def stranger_phones(world: World) -> Ints:
    """Phone of each person that never registers, in the order of these people."""
    free = PHONES_PER_BLOCK - STRANGERS_FROM
    return STRANGERS_FROM + world.rng("follow_phones").permutation(free)


def open_ids(world: World, follows: Follows) -> Ints:
    """Numbers of the open ids: one per person and platform."""
    return np.asarray(follows.person * len(PLATFORMS) + follows.platform)


def social_profiles(scene: Scene) -> Files:
    """channel.social_profiles: one file. Only weixin tells a union id, few tell a phone.

    Four in five of those who follow on two platforms have the same nickname on both.
    """
    world, own = scene.world, make_follows(scene)
    rng = world.rng("nicknames")
    nickname = rng.integers(0, len(SURNAMES) * len(GIVEN) ** 2, len(own.person))
    _, first, person = np.unique(own.person, return_index=True, return_inverse=True)
    keeps = world.rng("same_nickname").random(len(nickname)) < SAME_NICKNAME
    nickname = np.where(keeps, nickname[first[person]], nickname)
    columns = {
        "platform": coded(PLATFORMS, own.platform),
        "open_id": world.ids("oid", open_ids(world, own)),
        "union_id": world.ids("uid", np.where(own.platform == 0, own.person, -1)),
        "phone": phones(world, own.phone),
        "nickname": names(nickname),
        "followed_at": moment(own.at),
        "unfollowed_at": moment(own.until),
    }
    yield "social_profiles", table(columns)


@dataclass(frozen=True)
class Contacts:
    """WeCom contacts: one row per person and staff member; group -1 is no community."""

    person: Ints
    staff: Ints
    at: Ints
    until: Ints
    phone: Ints
    source: Ints
    group: Ints
    joined_at: Ints
    left_at: Ints


def make_contacts(scene: Scene) -> Contacts:
    """People won through private channels and a few others; some know two of the staff."""
    world, people = scene.world, scene.people
    rng = world.rng("contacts")
    chance = np.where(people.group == PRIVATE, 0.9, 0.085)
    person = np.flatnonzero(rng.random(people.count) < chance)
    low = np.maximum(people.registered_at[person], world.begin)
    high = np.minimum(people.churned_at[person], world.end)
    fits = high > low + 3 * DAY
    person, low, high = person[fits], low[fits], high[fits]
    at = low + (rng.random(len(person)) ** 2 * (high - low - 2 * DAY)).astype(np.int64)
    staff = rng.integers(0, STAFF, len(person))
    again = np.flatnonzero(rng.random(len(person)) < 0.08)
    person, at = np.concatenate([person, person[again]]), np.concatenate([at, at[again] + 3600])
    staff = np.concatenate([staff, (staff[again] + 1) % STAFF])
    size = len(person)
    until = at + DAY + rng.exponential(400 * DAY, size).astype(np.int64)
    gone = (until < world.end) & (rng.random(size) < 0.5)
    first = np.arange(size) < size - len(again)
    joins = first & (rng.random(size) < 0.6)
    joined = np.minimum(at + rng.integers(600, DAY, size), world.end - 1)
    left = joined + 3600 + rng.exponential(300 * DAY, size).astype(np.int64)
    leaves = (left < world.end) & (rng.random(size) < 0.5)
    told = rng.random(size) < 0.35
    return Contacts(
        person=person,
        staff=staff,
        at=at,
        until=np.where(gone, until, NEVER),
        phone=np.where(told, scene.identifiers.phone_at(person, at), -1),
        source=rng.integers(0, len(_SOURCES), size),
        group=np.where(joins, rng.integers(0, GROUPS, size), -1),
        joined_at=joined,
        left_at=np.where(leaves, left, NEVER),
    )


def wecom_contacts(scene: Scene) -> Files:
    """channel.wecom_contacts: one file."""
    world, own = scene.world, make_contacts(scene)
    told = world.rng("contact_columns").random(len(own.person)) < 0.7
    columns = {
        "external_user_id": world.ids("wx", own.person),
        "staff_id": world.common_ids("st", own.staff),
        "union_id": world.ids("uid", np.where(told, own.person, -1)),
        "phone": phones(world, own.phone),
        "added_at": moment(own.at),
        "removed_at": moment(own.until),
        "source": coded(_SOURCES, own.source),
    }
    yield "wecom_contacts", table(columns)


def community_members(scene: Scene) -> Files:
    """channel.community_members: one file."""
    world, own = scene.world, make_contacts(scene)
    rows = np.flatnonzero(own.group >= 0)
    columns = {
        "group_id": world.ids("gr", own.group[rows]),
        "external_user_id": world.ids("wx", own.person[rows]),
        "joined_at": moment(own.joined_at[rows]),
        "left_at": moment(own.left_at[rows]),
    }
    yield "community_members", table(columns)


def community_activity(scene: Scene) -> Files:
    """channel.community_activity: one file; few members do most of it."""
    world, own = scene.world, make_contacts(scene)
    rng = world.rng("community_activity")
    members = np.flatnonzero(own.group >= 0)
    end = np.minimum(own.left_at[members], scene.people.churned_at[own.person[members]])
    eager = rng.gamma(0.25, 0.22, len(members)) / MONTH
    row, at = poisson_times(rng, own.joined_at[members], np.minimum(end, world.end), eager)
    order = np.lexsort((row, at))
    row, at = members[row[order]], at[order]
    columns = {
        "activity_id": world.ids("ca", np.arange(len(row))),
        "group_id": world.ids("gr", own.group[row]),
        "external_user_id": world.ids("wx", own.person[row]),
        "happened_at": moment(at),
        "kind": coded(_ACTIVITIES, pick(rng, [0.12, 0.2, 0.4, 0.05, 0.23], len(row))),
    }
    yield "community_activity", table(columns)


def referrals(scene: Scene) -> Files:
    """channel.referrals: one file; three invitations in four bring nobody."""
    world, people = scene.world, scene.people
    rng = world.rng("referrals")
    came = np.flatnonzero(
        (people.channel == CHANNEL_CODES.index("referral"))
        & (people.registered_at >= world.begin + DAY)
        & (np.arange(people.count) > 20)
    )
    inviter = (rng.random(len(came)) * (came - 10)).astype(np.int64)
    sent = people.registered_at[came] - rng.exponential(2 * DAY, len(came)).astype(np.int64) - 60
    sent = np.maximum(sent, np.maximum(people.registered_at[inviter] + 1, world.begin))
    sent = np.minimum(sent, people.registered_at[came])
    low = np.maximum(people.registered_at, world.begin)
    high = np.minimum(people.churned_at, world.end)
    able = np.flatnonzero(high > low + DAY)
    vain = able[rng.integers(0, len(able), 3 * len(came))] if len(able) else able
    vain_at = waking(low[vain] + (rng.random(len(vain)) * (high - low)[vain]).astype(np.int64))
    vain_at = np.clip(vain_at, low[vain], high[vain] - 1)
    at = np.concatenate([sent, vain_at])
    guest = np.concatenate([came, np.full(len(vain), -1)])
    phone = np.where(
        guest >= 0,
        scene.identifiers.phone_at(np.maximum(guest, 0), at),
        strangers(world, "invited", len(at)),
    )
    size = len(at)
    campaign = scene.campaigns.running(np.full(size, 13), np.full(size, 1), at)
    told = rng.random(size) < 0.6
    columns = {
        "referral_id": world.ids("rf", np.arange(size)),
        "inviter_customer_id": world.ids("k", np.concatenate([inviter, vain])),
        "invitee_phone": phones(world, phone),
        "sent_at": moment(at),
        "registered_customer_id": world.ids("k", guest),
        "registered_at": moment(
            np.where(guest >= 0, people.registered_at[np.maximum(guest, 0)], NEVER)
        ),
        "campaign_id": coded(scene.campaigns.ids, np.where(told, campaign, -1)),
    }
    yield "referrals", table(columns)
