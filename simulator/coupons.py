"""Coupons claimed by an offline scan; a redeemed one belongs to a payment order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import OFFLINE
from simulator.people import People
from simulator.world import DAY, MONTH, NEVER, Bools, Ints, World, poisson_times, waking

REDEEMED_BY_NEW = 0.22
REDEEMED_BY_USERS = 0.27
FIRST_OFFLINE, LAST_OFFLINE = 8, 10


@dataclass(frozen=True)
class Coupons:
    """Coupons by claim time; `person` is -1 for people who never register."""

    person: Ints
    claimed_at: Ints
    redeemed_at: Ints
    placement: Ints

    @property
    def redeemed(self) -> Ints:
        """Numbers of the redeemed coupons in order of redemption: the order of their orders."""
        numbers = np.flatnonzero(self.redeemed_at < NEVER)
        order = np.lexsort((self.person[numbers], self.redeemed_at[numbers]))
        return np.asarray(numbers[order])


def make_coupons(world: World, people: People) -> Coupons:
    """Claims of new offline users, of users passing by, and of people who never register."""
    rng = world.rng("coupons")
    new = np.flatnonzero((people.group == OFFLINE) & (people.registered_at >= world.begin))
    new_at = people.registered_at[new] - rng.integers(0, 900, len(new))
    last = np.minimum(people.churned_at, world.end)
    user, user_at = poisson_times(
        rng, np.maximum(people.registered_at + 600, world.begin), last, 0.03 / MONTH
    )
    stranger_at = _stranger_times(world, rng, len(new) // 2)
    person = np.concatenate([new, user, np.full(len(stranger_at), -1)])
    claimed_at = np.concatenate([new_at, user_at, stranger_at])
    placement = np.where(
        np.arange(len(person)) < len(new),
        people.placement[person],
        rng.integers(FIRST_OFFLINE, LAST_OFFLINE + 1, len(person)),
    )
    order = np.flatnonzero((claimed_at >= world.begin) & (claimed_at < world.end))
    order = order[np.lexsort((person[order], claimed_at[order]))]
    person, claimed_at = person[order], claimed_at[order]
    is_new = order < len(new)
    redeemed_at = _redemptions(rng, last, person, claimed_at, is_new)
    return Coupons(person, claimed_at, redeemed_at, placement[order])


def _stranger_times(world: World, rng: np.random.Generator, size: int) -> Ints:
    span = world.end - world.begin
    return waking(world.begin + (rng.random(size) * span).astype(np.int64))


def _redemptions(
    rng: np.random.Generator, last: Ints, person: Ints, claimed_at: Ints, is_new: Bools
) -> Ints:
    size = len(person)
    share = np.where(is_new, REDEEMED_BY_NEW, REDEEMED_BY_USERS) * 1.12  # some have no time left
    share = np.where(person < 0, 0.0, share)
    wait = rng.exponential(9 * DAY, size) + 1800
    at = np.maximum(waking(claimed_at + wait.astype(np.int64)), claimed_at + 1800)
    fits = (rng.random(size) < share) & (wait < 55 * DAY) & (at < last[person])
    return np.where(fits, at, NEVER).astype(np.int64)
