"""Devices: who uses which from when, families that share one, kiosks that many use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import OFFLINE
from simulator.people import VISITORS_PER_USER, People
from simulator.world import DAY, NEVER, Bools, Ints, World, pick

SHARE_SHARED = 0.04
#: Of the shared devices: those with a ring of up to five people.
SHARE_RINGS = 0.08
#: Of the people with a second device: those who never log in on it.
SHARE_GUESTS = 0.08


@dataclass(frozen=True)
class Devices:
    """Links between people and devices, sorted by person; a person's first link is their own.

    Attributes:
        count: Number of devices, those of visitors and kiosks included.
        person, device, since: One row per link.
        offset: Links of person p are offset[p] to offset[p + 1].
        register_device: Device on which each person registered (a kiosk for some).
        visitor_device: Device of each visitor.
        os: Operating system code of each device.
        guest: Devices on which their owner never logs in.
    """

    count: int
    person: Ints
    device: Ints
    since: Ints
    offset: Ints
    register_device: Ints
    visitor_device: Ints
    os: Ints
    guest: Bools

    def at(self, rng: np.random.Generator, person: Ints, times: Ints) -> Ints:
        """A device that the person has at that time."""
        number = self.offset[person + 1] - self.offset[person]
        link = self.offset[person] + (rng.random(len(person)) * number).astype(np.int64)
        link = np.where(self.since[link] <= times, link, self.offset[person])
        return self.device[link]

    def logged_in_at(self, rng: np.random.Generator, person: Ints, times: Ints) -> Ints:
        """A device on which the person logs in: the first one instead of a guest device."""
        device = self.at(rng, person, times)
        return np.where(self.guest[device], self.own(person), device)

    def own(self, person: Ints) -> Ints:
        """Each person's first device."""
        return self.device[self.offset[person]]


def make_devices(world: World, people: People) -> Devices:
    """Draw devices and who uses them."""
    rng = world.rng("devices")
    visitors = round(world.users * VISITORS_PER_USER)
    number = pick(rng, [0.62, 0.30, 0.08], people.count) + 1
    person = np.repeat(np.arange(people.count), number)
    owned = len(person)
    first = np.concatenate([[0], np.cumsum(number)[:-1]])
    later = (rng.random(owned) * 700 * DAY).astype(np.int64)
    since = people.registered_at[person] + later
    since[first] = -NEVER
    shared, with_whom, from_when = _shares(world, rng, people, person)
    links_person = np.concatenate([person, with_whom])
    links_device = np.concatenate([np.arange(owned), shared])
    links_since = np.concatenate([since, from_when])
    order = np.argsort(links_person, kind="stable")
    kiosk, kiosks = _kiosks(rng, people, owned)
    register_device = np.where(kiosk >= 0, kiosk, np.arange(owned)[first])
    count = owned + kiosks + visitors
    return Devices(
        count=count,
        person=links_person[order],
        device=links_device[order],
        since=links_since[order],
        offset=np.searchsorted(links_person[order], np.arange(people.count + 1)),
        register_device=register_device,
        visitor_device=np.arange(owned + kiosks, count),
        os=pick(rng, [0.58, 0.33, 0.09], count),
        guest=_guests(world, number, shared, count),
    )


def _guests(world: World, number: Ints, shared: Ints, count: int) -> Bools:
    """Second devices that nobody logs in on; a device that others use too is none of them."""
    second = (np.cumsum(number) - number + 1)[number > 1]
    drawn = world.rng("guest_devices").random(len(second)) < SHARE_GUESTS
    guest = np.zeros(count, bool)
    guest[second[drawn]] = True
    guest[shared] = False
    return guest


def _shares(
    world: World, rng: np.random.Generator, people: People, owner: Ints
) -> tuple[Ints, Ints, Ints]:
    """Devices that unrelated people use too (a ring of several on some): device, person, since."""
    number = max(1, round(len(owner) * SHARE_SHARED))
    device = np.sort(rng.choice(len(owner), number, replace=False))
    device = np.repeat(device, np.where(rng.random(number) < SHARE_RINGS, 4, 1))
    number = len(device)
    other = (owner[device] + rng.integers(1, people.count, number)) % people.count
    both = np.maximum(people.registered_at[other], people.registered_at[owner[device]])
    since = np.maximum(both, world.begin) + (rng.random(number) * 120 * DAY).astype(np.int64)
    return device, other, since


def _kiosks(rng: np.random.Generator, people: People, first: int) -> tuple[Ints, int]:
    """Kiosk device on which some offline people registered (else -1), and how many there are."""
    at_kiosk = np.flatnonzero((people.group == OFFLINE) & (rng.random(people.count) < 0.3))
    kiosks = max(1, len(at_kiosk) // 15)
    kiosk = np.full(people.count, -1, dtype=np.int64)
    kiosk[at_kiosk] = first + rng.integers(0, kiosks, len(at_kiosk))
    return kiosk, kiosks
