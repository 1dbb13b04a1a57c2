"""Credit applications: one behind each loan order, and a few that the applicant withdrew.

What was advertised and what happened differ: approval takes longer than most creatives promise,
and refusals and prices depend on where people live and on their gender by a planted amount.
"""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.catalogue import CREDIT
from simulator.delivery import Files
from simulator.outcomes import RATE, REJECTED
from simulator.tables_channel import product_ids
from simulator.touches import Touches
from simulator.world import DAY, NEVER, Ints
from simulator.writing import coded, constant, moment, money, rate, table

#: Added to the yearly rate offered to women, as a share (the planted price bias).
WOMEN_PAY_MORE = 0.012
#: Median seconds from application to decision by years since the start: the mean is 432 in 2024.
_SECONDS = ([0.0, 1.9, 2.3, 3.0], [400.0, 370.0, 150.0, 80.0])
_REASONS = ("score_below_limit", "debt_ratio", "identity_unclear", "policy_region")
_DECISIONS = ("approved", "rejected", "withdrawn")
SHARE_WITHDRAWN = 0.06


def credit_applications(scene: Scene) -> Files:
    """transaction.credit_applications: one file, in the order of the loans."""
    orders, world = scene.orders, scene.world
    rng = world.rng("applications")
    loans = np.flatnonzero(orders.line == CREDIT)
    given_up = loans[rng.random(len(loans)) < SHARE_WITHDRAWN]
    row = np.concatenate([loans, given_up])
    size, open_orders = len(row), len(loans)
    withdrawn = np.arange(size) >= open_orders
    registered = scene.accounts.registered_at[orders.account[row]]
    median = np.interp(world.years(orders.at[row]), *_SECONDS)
    seconds = np.rint(median * rng.lognormal(0, 0.48, size)).astype(np.int64) + 15
    before = np.where(withdrawn, DAY + rng.integers(0, 20 * DAY, size), seconds)
    applied = np.maximum(orders.at[row] - before, np.maximum(registered, world.begin))
    decided = np.where(withdrawn, NEVER, orders.at[row])
    refused = ~withdrawn & (orders.status[row] == REJECTED)
    approved = ~withdrawn & ~refused
    women = scene.identifiers.gender[orders.account[row]] == "female"
    price = np.rint((RATE[orders.product[row]] + women * WOMEN_PAY_MORE) * 1e6).astype(np.int64)
    touch = last_touch(scene.touches, orders.person[row], applied)
    seen = touch >= 0
    columns = {
        "application_id": world.ids("ap", np.arange(size)),
        "customer_id": world.ids("k", orders.account[row]),
        "product_id": coded(product_ids(world), orders.product[row]),
        "campaign_id": coded(
            scene.campaigns.ids, np.where(seen, scene.touches.campaign[touch], -1)
        ),
        "creative_id": coded(
            scene.campaigns.creative_ids, np.where(seen, scene.touches.creative[touch], -1)
        ),
        "applied_at": moment(applied),
        "decided_at": moment(decided),
        "decision": coded(_DECISIONS, np.where(withdrawn, 2, refused.astype(np.int64))),
        "amount": money(orders.amount[row]),
        "approved_amount": money(np.where(approved, orders.amount[row], 0)),
        "annualised_rate": rate(np.where(approved, price, -1)),
        "currency_code": constant("CNY", size),
        "reason": coded(_REASONS, np.where(refused, rng.integers(0, len(_REASONS), size), -1)),
        "order_id": world.ids("o", np.where(approved, row, -1)),
    }
    yield "credit_applications", table(columns)


def last_touch(touches: Touches, person: Ints, at: Ints) -> Ints:
    """Number of each person's latest touch in the 30 days before a time; -1 where there is none."""
    if not len(touches.at):
        return np.full(len(person), -1, dtype=np.int64)
    span = np.int64(2**40)
    key = touches.person * span + touches.at
    rank = np.argsort(key, kind="stable")
    place = np.searchsorted(key[rank], person * span + at) - 1
    found = rank[np.maximum(place, 0)]
    recent = (touches.person[found] == person) & (at - touches.at[found] < 30 * DAY)
    return np.where((place >= 0) & recent, found, -1)
