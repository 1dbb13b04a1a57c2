"""Impressions and clicks that tracking links logged: a sample of what the platforms count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import Campaigns
from simulator.catalogue import CHANNELS, CREATIVES, ONLINE
from simulator.devices import Devices
from simulator.people import Accounts, People
from simulator.world import (
    DAY,
    MONTH,
    Bools,
    Floats,
    Ints,
    World,
    blend,
    choose,
    poisson_times,
    waking,
)

RETARGETED_PER_MONTH = 2.4


@dataclass(frozen=True)
class Touches:
    """Touches by time. `person` counts visitors on from the last registered person."""

    at: Ints
    is_click: Bools
    campaign: Ints
    creative: Ints
    person: Ints
    device: Ints


@dataclass(frozen=True)
class _Draft:
    """Touches before campaigns are chosen."""

    person: Ints
    device: Ints
    at: Ints
    is_click: Bools
    placement: Ints
    slot: Ints


def make_touches(
    world: World, people: People, accounts: Accounts, devices: Devices, campaigns: Campaigns
) -> Touches:
    """Paths to registration, visitors that never register, and ads shown to people already won."""
    drafts = [
        _paths(world, people, devices),
        _unpaid(world, people, devices),
        _visitors(world, people, devices),
        _retargeting(world, people, accounts, devices),
    ]
    person, device, at, click, placement, slot = (
        np.concatenate([getattr(draft, name) for draft in drafts])
        for name in ("person", "device", "at", "is_click", "placement", "slot")
    )
    inside = np.flatnonzero((at >= world.begin) & (at < world.end))
    order = inside[np.lexsort((click[inside], person[inside], at[inside]))]
    rng = world.rng("creatives")
    campaign = campaigns.running(placement[order], slot[order], at[order])
    creative = campaign * CREATIVES + rng.integers(0, CREATIVES, len(order))
    return Touches(at[order], click[order], campaign, creative, person[order], device[order])


def placement_weights(world: World, times: Ints) -> Floats:
    """Weights of the online placements at each time, by budget."""
    shares = np.array([[CHANNELS[c].budget[mix] * part for c, part in _SPLIT] for mix in range(2)])
    return blend(shares[0], shares[1], world.years(times))


#: (channel row, share of its budget) of each online placement.
_SPLIT = ((0, 0.55), (0, 0.45), (1, 0.6), (1, 0.4), (2, 1.0), (3, 0.5), (3, 0.5), (4, 1.0))


def _paths(world: World, people: People, devices: Devices) -> _Draft:
    """Impressions, earlier clicks and the last click before a registration won by an ad."""
    rng = world.rng("paths")
    came = np.flatnonzero((people.group == ONLINE) & (people.registered_at >= world.begin))
    registered = people.registered_at[came]
    seen = np.repeat(np.arange(len(came)), 2 + rng.poisson(4, len(came)))
    early = np.repeat(np.arange(len(came)), rng.poisson(0.5, len(came)))
    at_once = rng.random(len(came)) < 0.62
    gap = np.where(at_once, rng.integers(400, 1500, len(came)), rng.exponential(4 * DAY, len(came)))
    last = registered - np.maximum(gap, 400).astype(np.int64)
    before = (rng.exponential(6 * DAY, len(seen) + len(early)) + 60).astype(np.int64)
    row = np.concatenate([seen, early, np.arange(len(came))])
    at = np.concatenate([waking(last[row[: len(before)]] - before), last])
    at[: len(before)] = np.minimum(at[: len(before)], last[row[: len(before)]] - 5)
    other = rng.random(len(row)) < 0.2
    other[-len(came) :] = False
    placement = people.placement[came][row]
    placement = np.where(other, choose(rng, placement_weights(world, at)), placement)
    click = np.arange(len(row)) >= len(seen)
    return _Draft(
        came[row], devices.own(came[row]), at, click, placement, rng.integers(0, 2, len(row))
    )


def _unpaid(world: World, people: People, devices: Devices) -> _Draft:
    """A few impressions of people who came by themselves."""
    rng = world.rng("unpaid")
    came = np.flatnonzero((people.group != ONLINE) & (rng.random(people.count) < 0.25))
    person = np.repeat(came, rng.integers(1, 3, len(came)))
    before = (rng.random(len(person)) * 60 * DAY).astype(np.int64)
    at = waking(people.registered_at[person] - before)
    at = np.minimum(at, people.registered_at[person] - 700)
    return _shown(world, rng, person, devices.own(person), at, np.zeros(len(at), bool), False)


def _visitors(world: World, people: People, devices: Devices) -> _Draft:
    """Impressions and clicks of people who look and never register."""
    rng = world.rng("visitors")
    count = len(devices.visitor_device)
    begin, end = np.full(count, world.begin), np.full(count, world.end - 31 * DAY)
    first = begin + (rng.random(count) * np.maximum(end - begin, DAY)).astype(np.int64)
    row = np.repeat(np.arange(count), 2 + rng.poisson(5, count))
    at = waking(first[row] + (rng.random(len(row)) * 30 * DAY).astype(np.int64))
    click = rng.random(len(row)) < 0.17
    return _shown(world, rng, people.count + row, devices.visitor_device[row], at, click, False)


def _retargeting(world: World, people: People, accounts: Accounts, devices: Devices) -> _Draft:
    """Ads shown to registered people, also to those that stopped using the app."""
    rng = world.rng("retargeting")
    begin = np.maximum(people.registered_at + 60, world.begin)
    end = np.minimum(accounts.deleted_at[: people.count], world.end)
    person, at = poisson_times(rng, begin, end, RETARGETED_PER_MONTH / MONTH)
    click = (rng.random(len(at)) < 0.015) & (at < people.churned_at[person])
    return _shown(world, rng, person, devices.at(rng, person, at), at, click, True)


def _shown(
    world: World,
    rng: np.random.Generator,
    person: Ints,
    device: Ints,
    at: Ints,
    click: Bools,
    won: bool,
) -> _Draft:
    placement = choose(rng, placement_weights(world, at))
    slot = np.where(rng.random(len(at)) < 0.7, 2, 0) if won else rng.integers(0, 2, len(at))
    return _Draft(person, device, at, click, placement, slot)
