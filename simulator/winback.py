"""Win-back: people who left are written to once, a fifth of them held out, and some return.

One campaign a quarter. A return is a visit, often with an order; most leave again within the
month. Nobody is targeted twice, nobody without a marketing consent or with a closed account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import quarter_begin, quarter_of
from simulator.people import Accounts, Consents, People
from simulator.world import DAY, NEVER, Bools, Ints, World, waking

SHARE_TARGETED, SHARE_HELD_OUT = 0.5, 0.2
#: Returning within 30 days, and ordering within 30 days: held out, written to.
RETURNS, ORDERS = (0.07, 0.20), (0.03, 0.11)
SHARE_GONE_AGAIN = 0.65
_AFTER_QUARTER_BEGIN = 20 * DAY


@dataclass(frozen=True)
class Winback:
    """One row per person targeted; NEVER where something does not happen."""

    person: Ints
    quarter: Ints
    at: Ints
    treated: Bools
    returned_at: Ints
    stays_until: Ints
    ordered_at: Ints


def make_winback(world: World, people: People, accounts: Accounts, consents: Consents) -> Winback:
    """Draw who is targeted in which quarter and what follows."""
    rng = world.rng("winback")
    count = people.count
    reachable = people.churned_at + 60 * DAY
    quarter = quarter_of(np.minimum(np.maximum(reachable, world.begin), world.end))
    late = reachable > quarter_begin(quarter) + _AFTER_QUARTER_BEGIN
    quarter = quarter + late
    at = quarter_begin(quarter) + _AFTER_QUARTER_BEGIN
    at = waking(at + (rng.random(count) * 10 * DAY).astype(np.int64))
    able = (at - people.churned_at > 59 * DAY) & (at - people.churned_at < 500 * DAY)
    able &= (at >= world.begin) & (at < world.end) & (accounts.deleted_at[:count] == NEVER)
    able &= (consents.marketing_from[:count] <= at) & (consents.marketing_to[:count] > at)
    person = np.flatnonzero(able & (rng.random(count) < SHARE_TARGETED))
    size = len(person)
    treated = rng.random(size) >= SHARE_HELD_OUT
    draw = rng.random(size)
    orders = draw < np.where(treated, ORDERS[1], ORDERS[0])
    returns = draw < np.where(treated, RETURNS[1], RETURNS[0])
    back = waking(at[person] + DAY + (rng.random(size) * 27 * DAY).astype(np.int64))
    returns &= back + 1200 < world.end
    stays = back + 31 * DAY + rng.exponential(120 * DAY, size).astype(np.int64)
    stays = np.where(rng.random(size) < SHARE_GONE_AGAIN, back + 1200, stays)
    return Winback(
        person=person,
        quarter=quarter[person],
        at=at[person],
        treated=treated,
        returned_at=np.where(returns, back, NEVER),
        stays_until=np.where(returns, stays, NEVER),
        ordered_at=np.where(returns & orders, back + 900, NEVER),
    )
