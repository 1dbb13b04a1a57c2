"""Partners of the ecosystem: one scenario each; new ones join over the years."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import CHANNEL_CODES
from simulator.people import People
from simulator.world import DAY, Ints, World, local_day

PARTNERS, FIRST_PARTNERS, DAYS_BETWEEN = 24, 8, 45


def joined_on(world: World) -> Ints:
    """Day of the window on which each partner joins."""
    return np.maximum(np.arange(PARTNERS) - FIRST_PARTNERS + 1, 0) * DAYS_BETWEEN


def partner_of(world: World, people: People) -> Ints:
    """Partner that sent each person; -1 for people who came otherwise."""
    day = (people.registered_at - world.begin) // DAY
    active = np.searchsorted(joined_on(world), np.maximum(day, 0), side="right")
    partner = (world.rng("partners").random(people.count) * active).astype(np.int64)
    return np.where(people.channel == CHANNEL_CODES.index("partner"), partner, -1)


def referred_registrations(world: World, people: People) -> Ints:
    """Registrations by day (rows) and partner (columns)."""
    partner = partner_of(world, people)
    first = int(local_day(np.array([world.begin]))[0])
    came = np.flatnonzero((partner >= 0) & (people.registered_at >= world.begin))
    day = local_day(people.registered_at[came]) - first
    flat = np.bincount(day * PARTNERS + partner[came], minlength=world.days * PARTNERS)
    return flat.reshape(world.days, PARTNERS)
