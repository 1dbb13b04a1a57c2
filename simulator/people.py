"""The people of the world: who registers when and through which channel, and how long they stay.

Rows 0 to n-1 are the registered people, in order of registration; visitors that never register
have only a device (see `simulator.devices`). Accounts (customers) are rows of their own, because
some people hold two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import CHANNELS, CITIES, OFFLINE, PRIVATE
from simulator.world import (
    DAY,
    MONTH,
    NEVER,
    Bools,
    Floats,
    Ints,
    World,
    blend,
    choose,
    day_begin,
    local_day,
    pick,
    poisson_times,
    season,
    waking,
)

SHARE_BEFORE_START = 0.35
VISITORS_PER_USER = 0.6
SHARE_TWO_ACCOUNTS = 0.02
#: Each year registers this share fewer people than the year before: growth slows.
YEARLY_DECLINE = 0.14
NO_BUYER, OCCASIONAL, REPEATER = range(3)
GROUPS = np.array([channel.group for channel in CHANNELS])
#: Exponent of the survival curve (1 + months)^-b by channel group.
_DECAY = np.array([0.370, 0.195, 0.22, 0.33])


@dataclass(frozen=True)
class People:
    """Registered people; arrays of length n."""

    registered_at: Ints
    channel: Ints
    placement: Ints
    churned_at: Ints
    sessions_per_month: Floats
    buyer: Ints
    first_order_at: Ints
    wealth: Floats
    city: Ints

    @property
    def count(self) -> int:
        """Number of registered people."""
        return len(self.registered_at)

    @property
    def group(self) -> Ints:
        """Channel group (ONLINE, OFFLINE, PRIVATE, OTHER) of each person."""
        return np.asarray(GROUPS[self.channel])


@dataclass(frozen=True)
class Accounts:
    """Customer accounts: the first n rows are the people's first accounts, in their order."""

    person: Ints
    registered_at: Ints
    deleted_at: Ints
    second: Ints
    same_phone: Bools

    def at(self, rng: np.random.Generator, person: Ints, times: Ints) -> Ints:
        """Account that a person uses at a time: half the time the second, once it exists."""
        second = self.second[person]
        exists = (second >= 0) & (self.registered_at[second] <= times)
        return np.where(exists & (rng.random(len(person)) < 0.5), second, person)


def make_people(world: World) -> People:
    """Draw the registered people."""
    rng = world.rng("people")
    registered_at = _registration_times(world, rng)
    count = len(registered_at)
    channel = choose(rng, _channel_weights(world, registered_at))
    buyer, first_order_at = _buyers(rng, registered_at, GROUPS[channel])
    decay = _DECAY[GROUPS[channel]]
    months = np.minimum(rng.random(count) ** (-1 / decay) - 1, 600.0)
    months *= np.where(buyer == REPEATER, 3.0, 1.0)
    return People(
        registered_at=registered_at,
        channel=channel,
        placement=_placements(rng, channel),
        churned_at=registered_at + 600 + (months * MONTH).astype(np.int64),
        sessions_per_month=np.clip(rng.lognormal(0.95, 0.6, count), 0.5, 15),
        buyer=buyer,
        first_order_at=first_order_at,
        wealth=rng.lognormal(0.0, 0.6, count),
        city=pick(rng, [share for _, _, share in CITIES], count),
    )


def _registration_times(world: World, rng: np.random.Generator) -> Ints:
    before = round(world.users * SHARE_BEFORE_START)
    first = int(local_day(np.array([world.begin]))[0])
    earlier = np.arange(first - 365, first)
    window = np.arange(first, first + world.days)
    slowing = (1 - YEARLY_DECLINE) ** ((window - first) / 365.25)
    days = np.concatenate(
        [
            earlier[pick(rng, season(earlier), before)],
            window[pick(rng, season(window) * slowing, world.users - before)],
        ]
    )
    times = day_begin(days) + rng.integers(0, DAY, world.users)
    return np.sort(waking(times.astype(np.int64)))


def _channel_weights(world: World, times: Ints) -> Floats:
    early = np.array([channel.registrations[0] for channel in CHANNELS])
    planned = np.array([channel.registrations[1] for channel in CHANNELS])
    return blend(early, planned, world.years(times))


def _placements(rng: np.random.Generator, channel: Ints) -> Ints:
    """Placement (row of PLACEMENTS) that a person came through; -1 for unpaid channels."""
    even = rng.random(len(channel)) < 0.55
    table = np.array([[0, 1], [2, 3], [4, 4], [5, 6], [7, 7]] + [[i, i] for i in range(8, 14)])
    table = np.concatenate([table, np.full((3, 2), -1)])
    return np.asarray(np.where(even, table[channel, 0], table[channel, 1]), dtype=np.int64)


def _buyers(rng: np.random.Generator, registered_at: Ints, group: Ints) -> tuple[Ints, Ints]:
    """Who ever buys, how often, and when first (the order happens only if they still use it)."""
    count = len(registered_at)
    draw = rng.random(count)
    soon = draw < np.where(group == OFFLINE, 0.02, 0.042)
    later = ~soon & (draw < np.where(group == PRIVATE, 0.55, 0.40))
    days = np.where(soon, rng.random(count) * 29, 30 + rng.exponential(200, count))
    repeater = rng.random(count) < 0.13
    buyer = np.where(soon | later, np.where(repeater, REPEATER, OCCASIONAL), NO_BUYER)
    first = np.where(buyer > NO_BUYER, registered_at + 900 + (days * DAY).astype(np.int64), NEVER)
    return buyer.astype(np.int64), first.astype(np.int64)


def make_accounts(world: World, people: People) -> Accounts:
    """First accounts of all people, second accounts of some, and the accounts that were closed."""
    rng = world.rng("accounts")
    count = people.count
    room = np.minimum(people.churned_at, world.end) - people.registered_at
    able = np.flatnonzero(
        (room > 20 * DAY) & (np.minimum(people.churned_at, world.end) > world.begin + 20 * DAY)
    )
    number = min(len(able), max(1, round(count * SHARE_TWO_ACCOUNTS)))
    holders = np.sort(rng.choice(able, number, replace=False)) if len(able) else able
    low = np.maximum(people.registered_at[holders] + DAY, world.begin)
    high = np.minimum(people.churned_at[holders], world.end)
    opened = waking(low + (rng.random(len(holders)) * (high - low)).astype(np.int64))
    opened = np.clip(opened, low, high - 1)
    second = np.full(count, -1, dtype=np.int64)
    second[holders] = count + np.arange(len(holders))
    return Accounts(
        person=np.concatenate([np.arange(count), holders]),
        registered_at=np.concatenate([people.registered_at, opened]),
        deleted_at=np.concatenate([_deletions(world, rng, people), np.full(len(holders), NEVER)]),
        second=second,
        same_phone=np.concatenate([np.zeros(count, bool), rng.random(len(holders)) < 0.5]),
    )


def _deletions(world: World, rng: np.random.Generator, people: People) -> Ints:
    """Some of those who left close their account within half a year."""
    closes = rng.random(people.count) < 0.06
    at = waking(people.churned_at + DAY + (rng.random(people.count) * 180 * DAY).astype(np.int64))
    return np.where(closes & (at < world.end), at, NEVER).astype(np.int64)


@dataclass(frozen=True)
class Consents:
    """Consent events, and each account's valid marketing interval [granted, withdrawn)."""

    account: Ints
    purpose: Ints
    is_grant: Bools
    at: Ints
    source: Ints
    marketing_from: Ints
    marketing_to: Ints


def make_consents(world: World, accounts: Accounts) -> Consents:
    """Grants at registration (about 62 %) and the withdrawals that follow."""
    rng = world.rng("consents")
    size = len(accounts.person)
    lean = rng.normal(0, 1, size)
    parts: list[tuple[Ints, Ints, Bools, Ints, Ints]] = []
    marketing_from, marketing_to = np.full(size, NEVER), np.full(size, NEVER)
    for purpose in range(3):
        grants = np.flatnonzero(0.8 * lean + 0.6 * rng.normal(0, 1, size) < 0.305)
        granted_at = accounts.registered_at[grants]
        last = np.minimum(accounts.deleted_at[grants], world.end)
        row, at = poisson_times(rng, granted_at, last, 0.09 / (12 * MONTH))
        row, unique = np.unique(row, return_index=True)
        at = at[unique]
        if purpose == 0:
            marketing_from[grants] = granted_at
            marketing_to[grants[row]] = at
        parts.append(_consent_rows(rng, grants, granted_at, purpose, True))
        parts.append(_consent_rows(rng, grants[row], at, purpose, False))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    account, number, is_grant, moment, source = joined
    return Consents(account, number, is_grant, moment, source, marketing_from, marketing_to)


def _consent_rows(
    rng: np.random.Generator, account: Ints, at: Ints, purpose: int, grant: bool
) -> tuple[Ints, Ints, Bools, Ints, Ints]:
    source = np.zeros(len(account), np.int64) if grant else rng.integers(1, 3, len(account))
    return account, np.full(len(account), purpose), np.full(len(account), grant), at, source
