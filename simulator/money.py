"""Accounts, payments with salaries among them, and month-end balances."""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.catalogue import LINES, PAYMENT, WEALTH
from simulator.delivery import Files
from simulator.outcomes import CANCELLED, REJECTED
from simulator.people import NO_BUYER
from simulator.tables_channel import by_quarter
from simulator.world import (
    DAY,
    MONTH,
    NEVER,
    ZONE,
    Floats,
    Ints,
    World,
    day_begin,
    local_day,
    pick,
    poisson_times,
)
from simulator.writing import coded, constant, day, moment, money, table

KINDS = ("purchase", "transfer", "top_up", "withdrawal", "salary", "repayment")
_KIND_WEIGHTS = [0.62, 0.16, 0.12, 0.10]
_COUNTERPARTIES = ("merchant", "person", "bank", "bank", "employer", "platform")
PAYMENTS_PER_MONTH = 1.1
#: People whose assets elsewhere are told too: this rich, and this many fen in the middle.
RICH, RICH_MEDIAN = 2.6, 650_000_00
_STATUS = ("active", "frozen", "closed")


def wallets(scene: Scene) -> tuple[Ints, Ints, Ints]:
    """Account, opening and last use of every payment account that is used for payments."""
    world, people, accounts = scene.world, scene.people, scene.accounts
    rng = world.rng("wallets")
    chance = np.where(people.buyer > NO_BUYER, 0.6, 0.25)
    person = np.flatnonzero(rng.random(people.count) < chance)
    opened = people.registered_at[person] + (rng.exponential(20 * DAY, len(person))).astype(
        np.int64
    )
    last = np.minimum(people.churned_at[person], accounts.deleted_at[person])
    fits = opened < np.minimum(last, world.end)
    return person[fits], opened[fits], np.minimum(last[fits], world.end)


def accounts(scene: Scene) -> Files:
    """transaction.accounts: one file; one account per customer and product line they used."""
    world, orders = scene.world, scene.orders
    rng = world.rng("line_accounts")
    wallet, wallet_opened, _ = wallets(scene)
    key = np.concatenate([orders.account * len(LINES) + orders.line, wallet * len(LINES) + PAYMENT])
    at = np.concatenate([orders.at - 120, wallet_opened])
    number, place = np.unique(key, return_inverse=True)
    opened = np.full(len(number), NEVER)
    np.minimum.at(opened, place, at)
    owner = number // len(LINES)
    opened = np.maximum(opened, scene.accounts.registered_at[owner])
    closed = scene.accounts.deleted_at[owner]
    frozen = rng.random(len(number)) < 0.01
    columns = {
        "account_id": world.ids("a", number),
        "customer_id": world.ids("k", owner),
        "product_line": coded(LINES, number % len(LINES)),
        "opened_at": moment(opened),
        "closed_at": moment(closed),
        "status": coded(_STATUS, np.where(closed < NEVER, 2, frozen.astype(np.int64))),
    }
    yield "accounts", table(columns)


def payments(scene: Scene) -> Files:
    """transaction.payments: one file a quarter, by time."""
    world, orders, own = scene.world, scene.orders, scene.repayments
    rng = world.rng("payments")
    wallet, opened, last = wallets(scene)
    row, at = poisson_times(rng, np.maximum(opened, world.begin), last, PAYMENTS_PER_MONTH / MONTH)
    kind = pick(rng, _KIND_WEIGHTS, len(at))
    spent = np.rint(rng.lognormal(4.6, 1.0, len(at)) * np.array([1, 4, 6, 5])[kind] * 100)
    paid_row, paid_at, wage = _salaries(world, rng, scene.people.wealth[wallet], opened, last)
    settled = np.flatnonzero((own.paid_at < NEVER) & (rng.random(len(own.order)) < 0.5))
    loan = own.order[settled]
    account = np.concatenate([wallet[row], wallet[paid_row], orders.account[loan]])
    line = np.full(len(account), PAYMENT)
    line[len(row) + len(paid_row) :] = orders.line[loan]
    at = np.concatenate([at, paid_at, own.paid_at[settled]])
    kind = np.concatenate([kind, np.full(len(paid_row), 4), np.full(len(settled), 5)])
    amount = np.concatenate([spent, wage, own.paid[settled]]).astype(np.int64)
    order = np.lexsort((amount, kind, account, at))
    account, line, at, kind, amount = (c[order] for c in (account, line, at, kind, amount))
    fee = np.where(
        np.isin(kind, (1, 3)), amount // 1000, np.where(kind == 0, amount * 6 // 1000, 0)
    )
    for name, rows in by_quarter(at):
        columns = {
            "payment_id": world.ids("y", rows),
            "customer_id": world.ids("k", account[rows]),
            "account_id": world.ids("a", account[rows] * len(LINES) + line[rows]),
            "paid_at": moment(at[rows]),
            "amount": money(amount[rows]),
            "fee_amount": money(fee[rows]),
            "currency_code": constant("CNY", len(rows)),
            "kind": coded(KINDS, kind[rows]),
            "counterparty_kind": coded(_COUNTERPARTIES, kind[rows]),
        }
        yield f"payments_{name}", table(columns)


def _salaries(
    world: World, rng: np.random.Generator, wealth: Floats, opened: Ints, last: Ints
) -> tuple[Ints, Ints, Ints]:
    """Wallet row, time and amount of the salaries that arrive on the 10th of each month."""
    earner = np.flatnonzero(rng.random(len(wealth)) < 0.2)
    month = _months(world)
    tenth = day_begin(month.astype("datetime64[D]").astype(np.int64) + 9) + 10 * 3600
    row = np.repeat(earner, len(tenth))
    at = np.tile(tenth, len(earner)) + rng.integers(0, 7200, len(row))
    wage = np.repeat(rng.lognormal(9.0, 0.35, len(earner)) * np.sqrt(wealth[earner]), len(tenth))
    fits = (at >= np.maximum(opened[row], world.begin)) & (at < last[row])
    return row[fits], at[fits], (np.rint(wage[fits]) * 100).astype(np.int64)


def _months(world: World) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    edge = np.array([world.begin, world.end - 1]) + ZONE
    month = edge.astype("datetime64[s]").astype("datetime64[M]")
    return np.arange(month[0], month[1] + 1)


def balance_days(world: World) -> Ints:
    """Month ends inside the window, and its last day."""
    ends = (_months(world) + 1).astype("datetime64[D]").astype(np.int64) - 1
    last = int(local_day(np.array([world.end - 1]))[0])
    return np.append(ends[ends < last], last)


def asset_balances(scene: Scene) -> Files:
    """transaction.asset_balances: one file; wealth of customers who hold any, at month ends."""
    world, orders, people = scene.world, scene.orders, scene.people
    rng = world.rng("balances")
    good = (orders.status != CANCELLED) & (orders.status != REJECTED)
    held = np.flatnonzero((orders.line == WEALTH) & good)
    rich = np.flatnonzero(people.wealth > RICH)
    owner = np.unique(np.concatenate([orders.account[held], rich]))
    days = balance_days(world)
    edge = day_begin(days + 1)
    balance = np.zeros((len(owner), len(days)), np.int64)
    place = np.searchsorted(owner, orders.account[held])
    for month, end in enumerate(edge.tolist()):
        open_ = (orders.at[held] < end) & (orders.matured_at[held] >= end)
        np.add.at(balance[:, month], place[open_], orders.amount[held][open_])
    base = np.zeros(len(owner), np.int64)
    base[np.searchsorted(owner, rich)] = RICH_MEDIAN * rng.lognormal(0, 0.6, len(rich))
    drift = np.exp(np.cumsum(rng.normal(0.004, 0.02, (len(owner), len(days))), axis=1))
    balance += (base[:, None] * drift).astype(np.int64)
    person = scene.accounts.person[owner]
    since = scene.accounts.registered_at[owner]
    until = np.minimum(people.churned_at[person] + 45 * DAY, scene.accounts.deleted_at[owner])
    told = (edge[None, :] > since[:, None]) & (edge[None, :] <= until[:, None])
    row, column = np.nonzero(told & (balance > 0))
    columns = {
        "customer_id": world.ids("k", owner[row]),
        "balance_date": day(days[column]),
        "product_line": constant("wealth", len(row)),
        "balance_amount": money(balance[row, column]),
        "currency_code": constant("CNY", len(row)),
    }
    yield "asset_balances", table(columns)
