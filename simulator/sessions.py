"""Visits to the app: who opened it when, on which device, as whom and for what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.devices import Devices
from simulator.orders import Orders
from simulator.people import Accounts, People
from simulator.repayments import Repayments
from simulator.touches import Touches
from simulator.winback import Winback
from simulator.world import DAY, MONTH, NEVER, Ints, World, poisson_times, waking

BROWSE, FROM_AD, REGISTER, ORDER, REPAY = range(5)
#: People who look in once a month at least, on about the same day.
SHARE_REGULAR = 0.7
#: Visits grow rarer in the weeks before somebody leaves for good: at the end, by this share.
FADING, FADED = 60 * DAY, 0.9


@dataclass(frozen=True)
class Sessions:
    """Sessions in no order. `account` is -1 where nobody logs in (on a guest device it is who sits
    there, and no event tells); `subject` is what it is about: the touch, person, order or
    instalment, by kind (-1 for browsing).
    """

    kind: Ints
    at: Ints
    device: Ints
    account: Ints
    subject: Ints
    latest: Ints

    @property
    def count(self) -> int:
        """Number of sessions."""
        return len(self.at)


def make_sessions(
    world: World,
    people: People,
    accounts: Accounts,
    devices: Devices,
    touches: Touches,
    orders: Orders,
    repayments: Repayments,
    winback: Winback,
) -> Sessions:
    """All sessions of the window; only people won back use the app after they left."""
    parts = [
        _browsing(world, people, accounts, devices),
        _strangers(world, devices),
        _from_ads(world, people, accounts, touches),
        _registrations(world, people, devices),
        _orders(world, orders),
        _repayments(world, people, accounts, devices, orders, repayments),
        _returns(world, devices, winback),
    ]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Sessions.__dataclass_fields__
    }
    keep = (joined["at"] >= world.begin) & (joined["at"] < world.end)
    return Sessions(**{name: values[keep] for name, values in joined.items()})


def _fill(size: int, value: int) -> Ints:
    return np.full(size, value, dtype=np.int64)


def _browsing(world: World, people: People, accounts: Accounts, devices: Devices) -> Sessions:
    rng = world.rng("browsing")
    begin = np.maximum(people.registered_at + 600, world.begin)
    last = np.minimum(people.churned_at, world.end)
    regular = rng.random(people.count) < SHARE_REGULAR
    rate = np.where(
        regular, np.maximum(people.sessions_per_month - 1, 0.3), people.sessions_per_month
    )
    person, at = poisson_times(rng, begin, last, rate / MONTH)
    monthly, monthly_at = _monthly(rng, begin, np.where(regular, last, begin))
    person, at = np.concatenate([person, monthly]), np.concatenate([at, monthly_at])
    tired = np.clip(1 - (people.churned_at[person] - at) / FADING, 0, 1) * FADED
    kept = rng.random(len(at)) >= tired
    person, at = person[kept], at[kept]
    logged_in = rng.random(len(at)) < 0.88
    account = np.where(logged_in, accounts.at(rng, person, at), -1)
    device = devices.at(rng, person, at)
    size = len(at)
    return Sessions(_fill(size, BROWSE), at, device, account, _fill(size, -1), last[person])


def _monthly(rng: np.random.Generator, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """One visit a month on about the same day: row and time."""
    step = 30 * DAY
    count = np.maximum(end - begin, 0) // step + 1
    row = np.repeat(np.arange(len(begin)), count)
    first = np.cumsum(count) - count
    number = np.arange(len(row)) - first[row]
    phase = (rng.random(len(begin)) * step).astype(np.int64)
    shift = rng.normal(0, 2 * DAY, len(row)).astype(np.int64)
    at = waking(begin[row] + phase[row] + number * step + shift)
    inside = (at >= begin[row]) & (at < end[row])
    return row[inside], at[inside]


def _strangers(world: World, devices: Devices) -> Sessions:
    """Visits of people who never register, without a click that was logged."""
    rng = world.rng("strangers")
    device = np.repeat(devices.visitor_device, rng.poisson(0.7, len(devices.visitor_device)))
    size = len(device)
    span = world.end - world.begin
    at = waking(world.begin + (rng.random(size) * span).astype(np.int64))
    nobody = _fill(size, -1)
    return Sessions(_fill(size, BROWSE), at, device, nobody, nobody, _fill(size, world.end))


def _from_ads(world: World, people: People, accounts: Accounts, touches: Touches) -> Sessions:
    """A click opens the app; people still unknown stay anonymous."""
    rng = world.rng("from_ads")
    click = np.flatnonzero(touches.is_click & (rng.random(len(touches.at)) < 0.8))
    person = touches.person[click]
    known = person < people.count
    row = np.where(known, person, 0)
    at = touches.at[click] + rng.integers(5, 90, len(click))
    member = known & (at > people.registered_at[row])
    account = np.where(member, accounts.at(rng, row, at), -1)
    latest = np.where(member, people.churned_at[row], world.end)
    latest = np.where(known & ~member, people.registered_at[row], latest)
    latest = np.minimum(latest, world.end)
    fits = np.flatnonzero(at < latest)
    size = len(fits)
    return Sessions(
        _fill(size, FROM_AD),
        at[fits],
        touches.device[click][fits],
        account[fits],
        click[fits],
        latest[fits],
    )


def _returns(world: World, devices: Devices, winback: Winback) -> Sessions:
    """The visit with which people come back, and the visits of those who stay."""
    rng = world.rng("returns")
    back = np.flatnonzero(winback.returned_at < NEVER)
    first = winback.returned_at[back]
    row, later = poisson_times(
        rng, first + DAY, np.minimum(winback.stays_until[back], world.end), 3.0 / MONTH
    )
    person = winback.person[np.concatenate([back, back[row]])]
    at = np.concatenate([first, later])
    size = len(at)
    device = devices.logged_in_at(rng, person, at)
    return Sessions(
        _fill(size, BROWSE), at, device, person, _fill(size, -1), _fill(size, world.end)
    )


def _registrations(world: World, people: People, devices: Devices) -> Sessions:
    rng = world.rng("registrations")
    person = np.flatnonzero(people.registered_at >= world.begin)
    at = people.registered_at[person]
    opened = np.maximum(at - rng.integers(60, 300, len(at)), world.begin)
    return Sessions(
        _fill(len(at), REGISTER), opened, devices.register_device[person], person, person, at + 1
    )


def _orders(world: World, orders: Orders) -> Sessions:
    """A session around each order, ending with it. A few orders come without one (renewals)."""
    rng = world.rng("order_sessions")
    number = np.flatnonzero(rng.random(orders.count) < 0.97)
    at = np.maximum(orders.at[number] - rng.integers(420, 880, len(number)), world.begin)
    return Sessions(
        _fill(len(number), ORDER),
        at,
        orders.device[number],
        orders.account[number],
        number,
        orders.at[number] + 1,
    )


def _repayments(
    world: World,
    people: People,
    accounts: Accounts,
    devices: Devices,
    orders: Orders,
    repayments: Repayments,
) -> Sessions:
    """Some instalments are paid in the app, the others by direct debit."""
    rng = world.rng("repay_sessions")
    person = orders.person[repayments.order]
    chosen = (repayments.paid_at < NEVER) & (repayments.paid_at < people.churned_at[person])
    number = np.flatnonzero(chosen & (rng.random(len(person)) < 0.4))
    paid = repayments.paid_at[number]
    at = np.maximum(paid - rng.integers(20, 120, len(paid)), orders.at[repayments.order[number]])
    device = devices.logged_in_at(rng, person[number], at)
    account = orders.account[repayments.order[number]]
    return Sessions(_fill(len(at), REPAY), at, device, account, number, paid + 1)
