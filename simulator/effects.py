"""What each channel truly adds: people who would not have come without it, and their margin.

A person won by a paid channel would have come anyway with a known share; who is which is drawn
once and told only in the truth.
"""

from __future__ import annotations

import numpy as np

from simulator.catalogue import CHANNELS
from simulator.orders import Orders
from simulator.outcomes import DEFAULTED
from simulator.people import People
from simulator.repayments import Repayments
from simulator.world import NEVER, Bools, Ints, World

#: Share of a channel's registrations that it truly caused.
INCREMENTAL = {
    "feed_ad": 0.55,
    "short_video": 0.72,
    "search_ad": 0.35,
    "social": 0.60,
    "kol": 0.65,
    "community_event": 0.80,
    "supermarket": 0.75,
    "enterprise": 0.85,
    "wecom": 0.50,
    "community": 0.50,
    "membership": 0.30,
    "referral": 0.70,
    "partner": 0.78,
    "organic": 0.0,
}
#: Columns of the table below.
MEASURES = (
    "registrations",
    "incremental_registrations",
    "buyers",
    "incremental_buyers",
    "margin_fen",
    "incremental_margin_fen",
)


def incremental(world: World, people: People) -> Bools:
    """Whether each person would not have come without their channel."""
    share = np.array([INCREMENTAL[channel.code] for channel in CHANNELS])
    drawn = world.rng("incremental").random(people.count)
    return np.asarray(drawn < share[people.channel])


def margins(people: People, orders: Orders, repayments: Repayments) -> Ints:
    """Revenue less variable cost and the principal of defaulted loans, by person, in fen."""
    result = np.zeros(people.count, np.int64)
    np.add.at(result, orders.person, orders.revenue - orders.cost)
    lost = (repayments.paid_at == NEVER) & (orders.status[repayments.order] == DEFAULTED)
    loan = repayments.order[lost]
    np.subtract.at(result, orders.person[loan], orders.amount[loan] // orders.term[loan])
    return result


def effects_by_channel(
    world: World, people: People, orders: Orders, repayments: Repayments
) -> Ints:
    """Rows: channels; columns: MEASURES, of people who registered in the window."""
    inside = people.registered_at >= world.begin
    caused = inside & incremental(world, people)
    buyer = np.zeros(people.count, bool)
    buyer[orders.person] = True
    margin = margins(people, orders, repayments)
    table = np.zeros((len(CHANNELS), len(MEASURES)), np.int64)
    for column, value in enumerate(
        (inside, caused, inside & buyer, caused & buyer, inside * margin, caused * margin)
    ):
        np.add.at(table[:, column], people.channel, value.astype(np.int64))
    return table
