"""Monthly instalments of loans, and what they make of the loan: completed, late, defaulted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.catalogue import CREDIT
from simulator.orders import Orders
from simulator.outcomes import COMPLETED, DEFAULTED, FUNDED, PLACED, RATE
from simulator.world import DAY, NEVER, Ints, World, waking

SHARE_DEFAULTING = 0.03
#: A loan counts as defaulted when an instalment is this many days overdue.
DEFAULT_DAYS = 90


@dataclass(frozen=True)
class Repayments:
    """One row per instalment, loans in order; money in fen."""

    order: Ints
    number: Ints
    due_at: Ints
    paid_at: Ints
    due: Ints
    paid: Ints
    days_past_due: Ints


def make_repayments(world: World, orders: Orders) -> tuple[Repayments, Orders]:
    """Instalments of all running or ended loans, and the orders with status and revenue mended."""
    rng = world.rng("repayments")
    loans = np.flatnonzero(
        (orders.line == CREDIT) & ((orders.status == FUNDED) | (orders.status == COMPLETED))
    )
    row, number = _numbers(orders.term[loans])
    order = loans[row]
    due_at = (orders.at[order] // DAY + 30 * number) * DAY + 4 * 3600
    interest = np.rint(orders.amount * RATE[orders.product] * orders.term / 12 * 0.55)
    interest = interest.astype(np.int64)
    due = _split(orders.amount + interest, orders.term, order, number)
    stops = np.where(rng.random(len(loans)) < SHARE_DEFAULTING, rng.integers(1, 7, len(loans)), 99)
    late = rng.random(len(order)) < 0.12
    shift = np.where(late, rng.uniform(1, 24, len(order)), -rng.uniform(0.2, 5, len(order)))
    paid_at = np.maximum(waking(due_at + (shift * DAY).astype(np.int64)), orders.at[order] + DAY)
    unpaid = (number >= stops[row]) | (paid_at >= world.end)
    seen = np.where(unpaid, world.end - 1, paid_at)
    repayments = Repayments(
        order=order,
        number=number,
        due_at=due_at,
        paid_at=np.where(unpaid, NEVER, paid_at),
        due=due,
        paid=np.where(unpaid, 0, due),
        days_past_due=np.maximum(0, (seen - due_at) // DAY),
    )
    share = _split(interest, orders.term, order, number) * ~unpaid
    return repayments, _mended(orders, loans, repayments, share)


def _numbers(term: Ints) -> tuple[Ints, Ints]:
    """Loan row and instalment number (from 1) of each instalment."""
    row = np.repeat(np.arange(len(term)), term)
    first = np.cumsum(term) - term
    return row, np.arange(len(row)) - first[row] + 1


def _split(total: Ints, term: Ints, order: Ints, number: Ints) -> Ints:
    """Equal parts in fen; the last one takes the remainder."""
    part = total[order] // term[order]
    rest = total[order] - part * term[order]
    return np.asarray(part + np.where(number == term[order], rest, 0))


def _mended(orders: Orders, loans: Ints, repayments: Repayments, interest: Ints) -> Orders:
    size = orders.count
    open_count = np.bincount(repayments.order[repayments.paid_at == NEVER], minlength=size)
    worst = np.zeros(size, np.int64)
    unpaid = repayments.paid_at == NEVER
    np.maximum.at(worst, repayments.order[unpaid], repayments.days_past_due[unpaid])
    earned = np.bincount(repayments.order, weights=interest, minlength=size).astype(np.int64)
    is_loan = np.zeros(size, bool)
    is_loan[loans] = True
    status = np.where(is_loan & (open_count == 0), COMPLETED, orders.status)
    status = np.where(is_loan & (worst > DEFAULT_DAYS), DEFAULTED, status)
    credit = orders.line == CREDIT
    revenue = np.where(is_loan, earned, np.where(credit, 0, orders.revenue))
    cost = np.where(is_loan, earned * 2 // 5 + 3_00, np.where(credit, 3_00, orders.cost))
    matured = np.where(credit & ~is_loan & (orders.status != PLACED), NEVER, orders.matured_at)
    return replace(orders, status=status, revenue=revenue, cost=cost, matured_at=matured)
