"""Orders of the four product lines, and what has become of each by the end of the window."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.catalogue import CREDIT, PAYMENT, PRODUCTS, SCENARIO_PEAKS, WEALTH
from simulator.devices import Devices
from simulator.outcomes import CANCELLED, COMPLETED, LINE, REJECTED, margin_to_date, status_at_end
from simulator.people import NO_BUYER, REPEATER, Accounts, People
from simulator.world import (
    DAY,
    NEVER,
    YEAR,
    Bools,
    Floats,
    Ints,
    World,
    choose,
    local_day,
    pick,
    poisson_times,
    waking,
)

#: Line shares of occasional buyers and of repeaters.
_LINES = np.array([[0.58, 0.22, 0.08, 0.12], [0.09, 0.10, 0.77, 0.04]])
_MEDIAN = np.array([18_000.0, 80_000.0, 600.0, 2_400.0])
_SIGMA = np.array([0.6, 0.6, 0.9, 0.6])
RENEWED = 0.5
#: Rows of CITIES whose credit applications are refused more often than others, and both shares.
REFUSED_CITIES, REFUSED = (8, 9), (0.36, 0.176)
WALLET = next(number for number, item in enumerate(PRODUCTS) if item.name == "Wallet payment")


@dataclass(frozen=True)
class _Draft:
    """What was bought by whom, before its outcome."""

    person: Ints
    at: Ints
    product: Ints
    amount: Ints
    term: Ints
    renewed_from: Ints
    is_coupon: Bools


@dataclass(frozen=True)
class Orders:
    """Orders by time. Money in fen; `term` in months; `renewed_from` is an order number or -1."""

    person: Ints
    account: Ints
    product: Ints
    at: Ints
    amount: Ints
    term: Ints
    status: Ints
    matured_at: Ints
    renewed_from: Ints
    device: Ints
    is_coupon: Bools
    revenue: Ints
    cost: Ints

    @property
    def line(self) -> Ints:
        """Product line of each order."""
        return np.asarray(LINE[self.product])

    @property
    def count(self) -> int:
        """Number of orders."""
        return len(self.at)


def make_orders(
    world: World,
    people: People,
    accounts: Accounts,
    devices: Devices,
    coupon_person: Ints,
    coupon_at: Ints,
    returned: tuple[Ints, Ints] | None = None,
) -> Orders:
    """All orders, those paid with a coupon (person and time given, in that order) included.

    `returned` holds persons and times of the orders of people won back.
    """
    rng = world.rng("orders")
    person, at = _times(world, rng, people)
    if returned is not None:
        person, at = np.concatenate([person, returned[0]]), np.concatenate([at, returned[1]])
    kind = (people.buyer[person] == REPEATER).astype(np.int64)
    line = choose(rng, _LINES[kind])
    product = _products(world, rng, line, at)
    size = len(at)
    bought = _Draft(
        person=person,
        at=at,
        product=product,
        amount=_amounts(rng, line, people.wealth[person]),
        term=_terms(rng, product),
        renewed_from=np.full(size, -1),
        is_coupon=np.zeros(size, bool),
    )
    drafts = _joined([bought, _coupon_orders(rng, coupon_person, coupon_at)])
    base = _assemble(world, rng, people, accounts, devices, drafts)
    return _with_renewals(world, rng, people, accounts, devices, base)


def _times(world: World, rng: np.random.Generator, people: People) -> tuple[Ints, Ints]:
    """First orders and the orders that follow, while the person still uses the platform."""
    last = np.minimum(people.churned_at, world.end)
    buys = np.flatnonzero((people.buyer > NO_BUYER) & (people.first_order_at < last))
    first = np.maximum(waking(people.first_order_at[buys]), people.registered_at[buys] + 900)
    first = np.minimum(first, last[buys] - 1)
    heavy = people.buyer[buys] == REPEATER
    rate = np.where(heavy, rng.gamma(4.0, 17.0, len(buys)), 0.16) / YEAR
    row, later = poisson_times(rng, np.maximum(first + 1, world.begin), last[buys], rate)
    person = np.concatenate([buys, buys[row]])
    at = np.concatenate([first, later])
    inside = (at >= world.begin) & (at < world.end)
    return person[inside], at[inside]


def _products(world: World, rng: np.random.Generator, line: Ints, at: Ints) -> Ints:
    """A product of each order's line; one not yet launched gives way to the line's first."""
    weights = np.array([product.weight for product in PRODUCTS])
    weights = weights * _demand(at)
    product = choose(rng, np.where(LINE[None, :] == line[:, None], weights, 0.0))
    launched = world.begin + np.array([p.launched_after_days for p in PRODUCTS]) * DAY
    general = np.array([0, 10, 17, 20])
    return np.asarray(np.where(launched[product] <= at, product, general[line]))


def _demand(at: Ints) -> Floats:
    """Demand for each product (columns) at each time: scenarios have their months."""
    month = local_day(at).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    factors = np.ones((12, len(PRODUCTS)))
    for number, item in enumerate(PRODUCTS):
        for peak in SCENARIO_PEAKS.get(item.scenario or "", ()):
            factors[peak - 1, number] = 1.8
    return np.asarray(factors[month], dtype=np.float64)


def _amounts(rng: np.random.Generator, line: Ints, wealth: Floats) -> Ints:
    """Fen; loans and investments in whole hundreds of CNY."""
    power = np.array([0.5, 0.8, 0.8, 0.5])[line]
    value = _MEDIAN[line] * rng.lognormal(0, _SIGMA[line]) * wealth**power
    value = np.clip(value, 10, np.array([200_000, 5_000_000, 50_000, 30_000])[line])
    rounded = np.maximum(np.rint(value / 100) * 100, 500)
    value = np.where((line == CREDIT) | (line == WEALTH), rounded, value)
    return np.asarray(np.rint(value * 100), dtype=np.int64)


def _terms(rng: np.random.Generator, product: Ints) -> Ints:
    """Months; 0 for payments."""
    credit = np.array([3, 6, 12, 24])[pick(rng, [0.2, 0.3, 0.4, 0.1], len(product))]
    wealth = np.array([3, 6, 12])[pick(rng, [0.5, 0.35, 0.15], len(product))]
    table = np.stack([credit, wealth, np.zeros_like(credit), np.full_like(credit, 12)])
    return np.asarray(table[LINE[product], np.arange(len(product))])


def _coupon_orders(rng: np.random.Generator, person: Ints, at: Ints) -> _Draft:
    """Small wallet payments."""
    size = len(at)
    return _Draft(
        person=person,
        at=at,
        product=np.full(size, WALLET),
        amount=rng.integers(20_00, 400_00, size),
        term=np.zeros(size, np.int64),
        renewed_from=np.full(size, -1),
        is_coupon=np.ones(size, bool),
    )


def _joined(drafts: list[_Draft]) -> _Draft:
    """Drafts in one, by time (ties by person and product, so that the order is certain)."""
    columns = {
        name: np.concatenate([getattr(draft, name) for draft in drafts])
        for name in _Draft.__dataclass_fields__
    }
    order = np.lexsort((columns["product"], columns["person"], columns["at"]))
    return _Draft(**{name: values[order] for name, values in columns.items()})


def _assemble(
    world: World,
    rng: np.random.Generator,
    people: People,
    accounts: Accounts,
    devices: Devices,
    draft: _Draft,
) -> Orders:
    """Orders with account, device, outcome and margin."""
    person, at, product, amount, term = (
        draft.person,
        draft.at,
        draft.product,
        draft.amount,
        draft.term,
    )
    line = LINE[product]
    matures = at + term * 30 * DAY
    refused = np.where(np.isin(people.city[person], REFUSED_CITIES), *REFUSED)
    status = status_at_end(world, rng, line, at, matures, draft.is_coupon, refused)
    good = (status != CANCELLED) & (status != REJECTED)
    matured_at = np.where(good & (line != PAYMENT), matures, NEVER)
    revenue, cost = margin_to_date(world, rng, product, at, amount, term, good)
    return Orders(
        person=person,
        account=accounts.at(rng, person, at),
        product=product,
        at=at,
        amount=amount,
        term=term,
        status=status,
        matured_at=matured_at,
        renewed_from=draft.renewed_from,
        device=devices.logged_in_at(rng, person, at),
        is_coupon=draft.is_coupon,
        revenue=revenue,
        cost=cost,
    )


def _with_renewals(
    world: World,
    rng: np.random.Generator,
    people: People,
    accounts: Accounts,
    devices: Devices,
    orders: Orders,
) -> Orders:
    """Add the wealth orders that follow a matured one within a month, then sort by time."""
    matured = np.flatnonzero((orders.line == WEALTH) & (orders.status == COMPLETED))
    matured = matured[rng.random(len(matured)) < RENEWED]
    at = waking(orders.matured_at[matured] + (rng.random(len(matured)) * 25 * DAY).astype(np.int64))
    person = orders.person[matured]
    fits = (at < np.minimum(world.end, people.churned_at[person])) & (
        at > orders.matured_at[matured]
    )
    matured, at, person = matured[fits], at[fits], person[fits]
    draft = _Draft(
        person=person,
        at=at,
        product=orders.product[matured],
        amount=orders.amount[matured],
        term=orders.term[matured],
        renewed_from=matured,
        is_coupon=np.zeros(len(at), bool),
    )
    added = _assemble(world, rng, people, accounts, devices, draft)
    added = replace(added, account=orders.account[matured])
    joined = {
        name: np.concatenate([getattr(orders, name), getattr(added, name)])
        for name in Orders.__dataclass_fields__
    }
    order = np.lexsort((joined["product"], joined["person"], joined["at"]))
    position = np.argsort(order)
    joined = {name: values[order] for name, values in joined.items()}
    before = joined["renewed_from"]
    joined["renewed_from"] = np.where(before >= 0, position[before], -1)
    return Orders(**joined)
