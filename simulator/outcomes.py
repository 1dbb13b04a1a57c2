"""What has become of an order by the end of the window, and what it has earned."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import CREDIT, PAYMENT, PRODUCTS, WEALTH
from simulator.world import DAY, Bools, Floats, Ints, World

STATUS = ("placed", "funded", "completed", "defaulted", "cancelled", "rejected")
PLACED, FUNDED, COMPLETED, DEFAULTED, CANCELLED, REJECTED = range(6)
LINE = np.array([product.line for product in PRODUCTS])
RATE = np.array([product.rate for product in PRODUCTS])


def status_at_end(
    world: World,
    rng: np.random.Generator,
    line: Ints,
    at: Ints,
    matures: Ints,
    coupon: Bools,
    refused: Floats,
) -> Ints:
    """State at the end of the window; loans become completed or defaulted by their repayments.

    `refused` is the share of refused loans of people like the buyer.
    """
    draw = rng.random(len(at))
    rejected = (line == CREDIT) & (draw < refused)
    limit = np.where(line == CREDIT, refused + 0.06, np.array([0, 0.05, 0.02, 0.06])[line])
    cancelled = ~rejected & ~coupon & (draw < limit)
    fresh = (world.end - at < 2 * DAY) & (line != PAYMENT)
    done = (line == PAYMENT) | ((line != CREDIT) & (matures < world.end))
    status = np.where(done, COMPLETED, np.where(fresh, PLACED, FUNDED))
    status = np.where(rejected, REJECTED, np.where(cancelled, CANCELLED, status))
    return np.asarray(status, dtype=np.int64)


def margin_to_date(
    world: World,
    rng: np.random.Generator,
    product: Ints,
    at: Ints,
    amount: Ints,
    term: Ints,
    good: Bools,
) -> tuple[Ints, Ints]:
    """Revenue and variable cost to date, in fen (loans: set again from their repayments)."""
    line = LINE[product]
    elapsed = np.clip((world.end - at) / DAY / 30, 0, np.maximum(term, 1))
    yearly = (line == WEALTH) | (line == CREDIT)
    sold = np.where(yearly, amount * RATE[product] * elapsed / 12, amount * RATE[product])
    revenue = np.where(good, np.rint(sold), 0).astype(np.int64)
    ratio = np.array([0.42, 0.25, 0.55, 0.35])[line] * rng.uniform(0.85, 1.15, len(at))
    handling = np.where(line == PAYMENT, 10, 3_00)
    return revenue, np.rint(revenue * ratio).astype(np.int64) + handling
