"""The world put together: every entity drawn once, in the order in which they depend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import Campaigns, make_campaigns
from simulator.coupons import Coupons, make_coupons
from simulator.devices import Devices, make_devices
from simulator.events import Events, make_events
from simulator.identifiers import Identifiers, make_identifiers
from simulator.orders import Orders, make_orders
from simulator.people import (
    Accounts,
    Consents,
    People,
    make_accounts,
    make_consents,
    make_people,
)
from simulator.repayments import Repayments, make_repayments
from simulator.service import Messages, Tickets, make_messages, make_tickets
from simulator.sessions import Sessions, make_sessions
from simulator.spend import Spend, make_spend
from simulator.touches import Touches, make_touches
from simulator.world import World


@dataclass(frozen=True)
class Scene:
    """Everything that happened in a world."""

    world: World
    people: People
    accounts: Accounts
    consents: Consents
    devices: Devices
    identifiers: Identifiers
    campaigns: Campaigns
    touches: Touches
    spend: Spend
    coupons: Coupons
    orders: Orders
    repayments: Repayments
    sessions: Sessions
    events: Events
    messages: Messages
    tickets: Tickets


def build(world: World) -> Scene:
    """Draw the whole world."""
    people = make_people(world)
    accounts = make_accounts(world, people)
    consents = make_consents(world, accounts)
    devices = make_devices(world, people)
    campaigns = make_campaigns(world)
    touches = make_touches(world, people, accounts, devices, campaigns)
    coupons = make_coupons(world, people)
    used = coupons.redeemed
    drafted = make_orders(
        world, people, accounts, devices, coupons.person[used], coupons.redeemed_at[used]
    )
    repayments, orders = make_repayments(world, drafted)
    sessions = make_sessions(world, people, accounts, devices, touches, orders, repayments)
    return Scene(
        world=world,
        people=people,
        accounts=accounts,
        consents=consents,
        devices=devices,
        identifiers=make_identifiers(world, people, accounts, np.unique(orders.person)),
        campaigns=campaigns,
        touches=touches,
        spend=make_spend(world, people, campaigns, touches),
        coupons=coupons,
        orders=orders,
        repayments=repayments,
        sessions=sessions,
        events=make_events(world, people, accounts, sessions, touches, orders),
        messages=make_messages(world, people, accounts, consents, campaigns, orders),
        tickets=make_tickets(world, people, accounts, orders),
    )
