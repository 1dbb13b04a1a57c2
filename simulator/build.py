"""The world put together: every entity drawn once, in the order in which they depend.

`Shared` is what all people have in common; a `Scene` is one block of people. A block knows
nothing of another one: families, shared devices, referrals and second accounts stay inside.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.campaigns import Campaigns
from simulator.coupons import Coupons, make_coupons
from simulator.devices import Devices, make_devices
from simulator.effects import effects_by_channel
from simulator.events import Events, make_events
from simulator.identifiers import Identifiers, make_identifiers
from simulator.orders import Orders, make_orders
from simulator.partners import referred_registrations
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
from simulator.spend import Spend, logged, make_spend, paid_arrivals
from simulator.touches import Touches, make_touches
from simulator.winback import Winback, make_winback
from simulator.world import Ints, World


@dataclass(frozen=True)
class Scene:
    """Everything that happened to a block of people."""

    world: World
    people: People
    accounts: Accounts
    consents: Consents
    devices: Devices
    identifiers: Identifiers
    campaigns: Campaigns
    touches: Touches
    coupons: Coupons
    winback: Winback
    orders: Orders
    repayments: Repayments
    sessions: Sessions
    events: Events
    messages: Messages
    tickets: Tickets


@dataclass(frozen=True)
class Totals:
    """Sums over people that the shared tables need; whole numbers, so that any order gives one.

    Attributes:
        arrivals: Paid registrations by day.
        impressions, clicks: Logged by tracking links, by row of `spend`.
        referred: Registrations by day and partner.
        effects: What each channel brought, see `simulator.effects`.
    """

    arrivals: Ints
    impressions: Ints
    clicks: Ints
    referred: Ints
    effects: Ints

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Shared:
    """What all blocks have in common: the catalogue, and what is billed for all of them."""

    world: World
    campaigns: Campaigns
    totals: Totals
    spend: Spend


def build(world: World, campaigns: Campaigns) -> Scene:
    """Draw a block of people and all that happened to them."""
    people = make_people(world)
    accounts = make_accounts(world, people)
    consents = make_consents(world, accounts)
    devices = make_devices(world, people)
    touches = make_touches(world, people, accounts, devices, campaigns)
    coupons = make_coupons(world, people)
    winback = make_winback(world, people, accounts, consents)
    used = coupons.redeemed
    ordered = winback.ordered_at < world.end
    drafted = make_orders(
        world,
        people,
        accounts,
        devices,
        coupons.person[used],
        coupons.redeemed_at[used],
        (winback.person[ordered], winback.ordered_at[ordered]),
    )
    repayments, orders = make_repayments(world, drafted)
    sessions = make_sessions(world, people, accounts, devices, touches, orders, repayments, winback)
    return Scene(
        world=world,
        people=people,
        accounts=accounts,
        consents=consents,
        devices=devices,
        identifiers=make_identifiers(world, people, accounts, np.unique(orders.person)),
        campaigns=campaigns,
        touches=touches,
        coupons=coupons,
        winback=winback,
        orders=orders,
        repayments=repayments,
        sessions=sessions,
        events=make_events(world, people, accounts, devices, sessions, touches, orders),
        messages=make_messages(world, people, accounts, consents, campaigns, orders, winback),
        tickets=make_tickets(world, people, accounts, orders),
    )


def totals(scene: Scene) -> Totals:
    """What a block adds to the shared tables."""
    impressions, clicks = logged(scene.world, scene.campaigns, scene.touches)
    return Totals(
        arrivals=paid_arrivals(scene.world, scene.people),
        impressions=impressions,
        clicks=clicks,
        referred=referred_registrations(scene.world, scene.people),
        effects=effects_by_channel(scene.world, scene.people, scene.orders, scene.repayments),
    )


def share(world: World, campaigns: Campaigns, summed: Totals) -> Shared:
    """What all blocks have in common, once all of them are known."""
    spend = make_spend(world, campaigns, summed.arrivals, summed.impressions, summed.clicks)
    return Shared(world, campaigns, summed, spend)
