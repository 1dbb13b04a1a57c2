"""Decisions to offer a product to a customer, or not: scores, prices, and a planted bias by age."""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.catalogue import CREDIT, PRODUCTS, WEALTH
from simulator.delivery import Files
from simulator.outcomes import LINE, RATE
from simulator.sessions import BROWSE
from simulator.tables_channel import by_quarter, product_ids
from simulator.world import pick
from simulator.writing import coded, flag, moment, rate, table

SHARE_OF_VISITS = 0.12
#: Share of the decisions that show the product, for the younger and for those of 45 and more.
SHOWN, OLDER_FROM = (0.62, 0.44), 45
_REASONS = ("recent_view", "segment_match", "holding_gap", "popular", "below_threshold")


def recommendations(scene: Scene) -> Files:
    """crm.recommendations: one file a quarter; a decision in one visit of eight."""
    world, sessions = scene.world, scene.sessions
    rng = world.rng("recommendations")
    visit = np.flatnonzero((sessions.kind == BROWSE) & (sessions.account >= 0))
    visit = visit[rng.random(len(visit)) < SHARE_OF_VISITS]
    visit = visit[np.lexsort((sessions.account[visit], sessions.at[visit]))]
    account, at = sessions.account[visit], sessions.at[visit]
    size = len(visit)
    weights = np.sqrt(np.array([product.weight for product in PRODUCTS]))
    product = pick(rng, weights, size)
    older = (19_000 - scene.identifiers.birth[account]) / 365.25 >= OLDER_FROM
    chance = np.where(older, SHOWN[1], SHOWN[0])
    shown = rng.random(size) < chance
    score = np.where(shown, rng.beta(5, 3, size), rng.beta(3, 5, size))
    women = scene.identifiers.gender[account] == "female"
    priced = (LINE[product] == CREDIT) | (LINE[product] == WEALTH)
    extra = np.where((LINE[product] == CREDIT) & women, 0.012, 0.0)
    price = np.where(priced, np.rint((RATE[product] + extra) * 1e6), -1).astype(np.int64)
    reason = np.where(shown, rng.integers(0, 4, size), 4)
    for name, rows in by_quarter(at):
        columns = {
            "decision_id": world.ids("rd", rows),
            "customer_id": world.ids("k", account[rows]),
            "decided_at": moment(at[rows]),
            "product_id": coded(product_ids(world), product[rows]),
            "score": rate(np.rint(score[rows] * 1e6).astype(np.int64)),
            "shown": flag(shown[rows]),
            "reason_codes": coded(_REASONS, reason[rows]),
            "price_offered": rate(price[rows]),
        }
        yield f"recommendations_{name}", table(columns)
