"""Network prefixes: everybody has one at home, and mobile ones are shared by all.

The prefixes are those of carrier-grade NAT (100.64.0.0/10) at home and of benchmarks
(198.18.0.0/15) on the way, so that none belongs to anybody. A home prefix is one of 16,384: of
3,000 people few share one with a stranger, of a million some dozens do.
"""

from __future__ import annotations

import numpy as np

from simulator.devices import Devices
from simulator.people import People
from simulator.sessions import Sessions
from simulator.world import Ints, World

#: Sessions that do not come from the home network.
SHARE_MOBILE = 0.25
_HOMES, _MOBILES = 64 * 256, 2 * 256
PREFIXES = tuple(
    [f"100.{64 + number // 256}.{number % 256}" for number in range(_HOMES)]
    + [f"198.{18 + number // 256}.{number % 256}" for number in range(_MOBILES)]
)


def session_networks(world: World, people: People, devices: Devices, sessions: Sessions) -> Ints:
    """Prefix (row of PREFIXES) of each session."""
    rng = world.rng("networks")
    home = _home_networks(rng, people, devices)[sessions.device]
    mobile = _HOMES + rng.integers(0, _MOBILES, sessions.count)
    return np.where(rng.random(sessions.count) < SHARE_MOBILE, mobile, home)


def _home_networks(rng: np.random.Generator, people: People, devices: Devices) -> Ints:
    """Prefix of each device: its owner's where one person uses it, else one of its own."""
    of_person = rng.integers(0, _HOMES, people.count)
    of_device = rng.integers(0, _HOMES, devices.count)
    users = np.bincount(devices.device, minlength=devices.count)
    alone = users[devices.device] == 1
    of_device[devices.device[alone]] = of_person[devices.person[alone]]
    return of_device
