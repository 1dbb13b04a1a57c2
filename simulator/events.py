"""The events that sessions send: opening, browsing, logging in, registering, ordering, paying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import CREDIT, EVENT, PRODUCTS, SCENARIOS
from simulator.devices import Devices
from simulator.orders import Orders
from simulator.people import NO_BUYER, Accounts, People
from simulator.sessions import FROM_AD, ORDER, REGISTER, REPAY, Sessions
from simulator.touches import Touches
from simulator.world import DAY, Ints, World, pick

_BROWSED = (
    "page_view",
    "search",
    "product_view",
    "favourite",
    "share",
    "branch_lookup",
    "banner_view",
    "tab_switch",
)
_BROWSED_WEIGHTS = [0.30, 0.08, 0.18, 0.03, 0.02, 0.03, 0.21, 0.15]
_SCENARIO = np.array(
    [SCENARIOS.index(p.scenario) if p.scenario else -1 for p in PRODUCTS], dtype=np.int64
)


@dataclass(frozen=True)
class Events:
    """Events by time; codes are -1 where empty."""

    at: Ints
    received_at: Ints
    session: Ints
    event: Ints
    product: Ints
    scenario: Ints
    campaign: Ints
    dwell: Ints
    account: Ints
    device: Ints


@dataclass(frozen=True)
class _Part:
    session: Ints
    at: Ints
    event: Ints
    product: Ints


def make_events(
    world: World,
    people: People,
    accounts: Accounts,
    devices: Devices,
    sessions: Sessions,
    touches: Touches,
    orders: Orders,
) -> Events:
    """Expand sessions to events, sorted by time. On a guest device nobody logs in."""
    rng = world.rng("events")
    parts = [
        _part(np.arange(sessions.count), sessions.at, "app_open"),
        _logins(rng, sessions),
        _browsing(rng, sessions),
        _closing(sessions, REGISTER, "register"),
        _closing(sessions, REPAY, "repay"),
        *_ordering(rng, sessions, orders),
    ]
    joined = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in _Part.__dataclass_fields__
    ]
    keep = joined[1] < np.minimum(sessions.latest[joined[0]], world.end)
    session, at, event, product = (column[keep] for column in joined)
    order = np.lexsort((event, session, at))
    session, at, event, product = session[order], at[order], event[order], product[order]
    scenario = np.where(product >= 0, _SCENARIO[product], -1)
    guest = devices.guest[sessions.device[session]]
    return Events(
        at=at,
        received_at=_received(world, rng, at),
        session=session,
        event=np.where(guest & (event == EVENT["login"]), EVENT["tab_switch"], event),
        product=product,
        scenario=_browsed_scenarios(rng, event, scenario),
        campaign=_campaigns(sessions, touches, session),
        dwell=_dwell(rng, people, accounts, sessions, session, event),
        account=np.where(guest, -1, _accounts(accounts, sessions, session, at, event)),
        device=sessions.device[session],
    )


def _part(session: Ints, at: Ints, event: str, product: Ints | None = None) -> _Part:
    empty = np.full(len(session), -1, dtype=np.int64)
    code = np.full(len(session), EVENT[event], dtype=np.int64)
    return _Part(session, at, code, empty if product is None else product)


def _logins(rng: np.random.Generator, sessions: Sessions) -> _Part:
    """A third of the sessions log in again; the others are still logged in."""
    able = (sessions.account >= 0) & (sessions.kind != REGISTER)
    session = np.flatnonzero(able & (rng.random(sessions.count) < 0.35))
    return _part(session, sessions.at[session] + 4, "login")


def _browsing(rng: np.random.Generator, sessions: Sessions) -> _Part:
    """Events of looking around, at most 20 minutes after opening."""
    mean = np.array([2.4, 2.0, 0.6, 0.8, 0.3])[sessions.kind]
    session = np.repeat(np.arange(sessions.count), rng.poisson(mean))
    codes = np.array([EVENT[name] for name in _BROWSED])
    event = codes[pick(rng, _BROWSED_WEIGHTS, len(session))]
    weights = np.array([product.weight for product in PRODUCTS])
    product = pick(rng, np.sqrt(weights), len(session))
    about = (
        (event == EVENT["product_view"]) | (event == EVENT["favourite"]) | (event == EVENT["share"])
    )
    at = sessions.at[session] + np.minimum(rng.exponential(240, len(session)) + 6, 1200).astype(
        np.int64
    )
    return _Part(session, at, event, np.where(about, product, -1))


def _closing(sessions: Sessions, kind: int, event: str) -> _Part:
    """The event that a session was for, in its last second."""
    session = np.flatnonzero(sessions.kind == kind)
    return _part(session, sessions.latest[session] - 1, event)


def _ordering(rng: np.random.Generator, sessions: Sessions, orders: Orders) -> list[_Part]:
    """View, perhaps look up a branch or share, apply for a loan, order."""
    session = np.flatnonzero(sessions.kind == ORDER)
    product = orders.product[sessions.subject[session]]
    at = sessions.latest[session] - 1
    draw = rng.random((3, len(session)))
    loan = orders.line[sessions.subject[session]] == CREDIT
    looked, shared = loan & (draw[0] < 0.77), draw[1] < 0.25
    start = sessions.at[session]

    def early(share: float, chosen: Ints, event: str) -> _Part:
        moment = start + (share * (at - start)).astype(np.int64)
        return _part(session[chosen], moment[chosen], event, product[chosen])

    everyone = np.arange(len(session))
    return [
        early(0.15, everyone, "product_view"),
        early(0.3, np.flatnonzero(looked), "branch_lookup"),
        early(0.4, np.flatnonzero(shared), "share"),
        early(0.8, np.flatnonzero(loan), "apply"),
        _part(session, at, "order_submit", product),
    ]


def _received(world: World, rng: np.random.Generator, at: Ints) -> Ints:
    """Seconds later; for a few per cent, days later (a phone that was offline)."""
    late = rng.random(len(at)) < 0.03
    delay = np.where(late, rng.uniform(0.5, 5, len(at)) * DAY, rng.integers(0, 60, len(at)))
    return np.minimum(at + delay.astype(np.int64), world.end - 1)


def _browsed_scenarios(rng: np.random.Generator, event: Ints, scenario: Ints) -> Ints:
    """Some page views happen on a scenario's pages."""
    page = (event == EVENT["page_view"]) & (rng.random(len(event)) < 0.22)
    return np.where(page, rng.integers(0, len(SCENARIOS), len(event)), scenario)


def _campaigns(sessions: Sessions, touches: Touches, session: Ints) -> Ints:
    """Campaign of the click that opened the session."""
    from_ad = sessions.kind == FROM_AD
    campaign = np.full(sessions.count, -1, dtype=np.int64)
    campaign[from_ad] = touches.campaign[sessions.subject[from_ad]]
    return np.asarray(campaign[session])


def _dwell(
    rng: np.random.Generator,
    people: People,
    accounts: Accounts,
    sessions: Sessions,
    session: Ints,
    event: Ints,
) -> Ints:
    """Seconds on the page; buyers stay long at the share step."""
    dwell = np.minimum(rng.lognormal(2.6, 0.9, len(event)), 900).astype(np.int64)
    account = sessions.account[session]
    buyer = (account >= 0) & (people.buyer[accounts.person[account]] > NO_BUYER)
    long = (event == EVENT["share"]) & (rng.random(len(event)) < np.where(buyer, 0.93, 0.3))
    dwell = np.where(long, rng.integers(181, 420, len(event)), dwell)
    instant = np.isin(event, [EVENT["app_open"], EVENT["login"], EVENT["register"]])
    return np.where(instant, 0, dwell)


def _accounts(accounts: Accounts, sessions: Sessions, session: Ints, at: Ints, event: Ints) -> Ints:
    """Account of each event: empty before registration, and at an opening that needs a login."""
    account = sessions.account[session]
    known = (account >= 0) & (at >= accounts.registered_at[account])
    needs_login = np.zeros(sessions.count, bool)
    needs_login[session[event == EVENT["login"]]] = True
    opening = (event == EVENT["app_open"]) & needs_login[session]
    return np.where(known & ~opening, account, -1)
