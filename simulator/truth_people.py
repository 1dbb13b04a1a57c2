"""What is true about people: who they are, what they are worth, and their identifiers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.build import Scene
from simulator.catalogue import CHANNEL_CODES
from simulator.effects import incremental, margins
from simulator.identifiers import (
    STRANGERS_FROM,
    emails,
    id_cards,
    member_numbers,
    phone_number,
    phones,
    platform_users,
)
from simulator.people import REPEATER
from simulator.social import make_contacts, make_follows, open_ids, referrals, stranger_phones
from simulator.tables_contact import coupons
from simulator.tables_core import logins
from simulator.tables_crm import leads
from simulator.value import value_36_months
from simulator.world import NEVER, Bools, Ints
from simulator.writing import coded, flag, moment, money, table, whole

_Render = Callable[[Ints], pa.Array]


def persons(scene: Scene) -> pa.Table:
    """One row per person; visitors have empty facts."""
    world, people, visitors = scene.world, scene.people, len(scene.devices.visitor_device)

    def padded(values: Ints, fill: int) -> Ints:
        return np.concatenate([values, np.full(visitors, fill, dtype=np.int64)])

    def told(values: Bools) -> Bools:
        return np.concatenate([values, np.zeros(visitors, bool)])

    never = 2**60
    churned = np.where(people.churned_at < world.end, people.churned_at, never)
    returned = np.full(people.count, NEVER)
    returned[scene.winback.person] = scene.winback.returned_at
    nothing = np.arange(people.count + visitors) >= people.count
    margin = margins(people, scene.orders, scene.repayments)
    return table(
        {
            "person_id": world.ids("person", np.arange(people.count + visitors)),
            "is_registered": flag(told(np.ones(people.count, bool))),
            "acquisition_channel": coded(CHANNEL_CODES, padded(people.channel, -1)),
            "is_incremental": flag(told(incremental(world, people))),
            "registered_at": moment(padded(people.registered_at, never)),
            "churned_at": moment(padded(churned, never)),
            "returned_at": moment(padded(returned, never)),
            "has_two_accounts": flag(told(scene.accounts.second >= 0)),
            "is_repeater": flag(told(people.buyer == REPEATER)),
            "kiosk_registration": flag(
                told(scene.devices.register_device != scene.devices.own(np.arange(people.count)))
            ),
            "margin_to_date_amount": money(padded(margin, 0), nothing),
            "value_36_months_amount": money(padded(value_36_months(scene), 0), nothing),
        }
    )


def customers(scene: Scene) -> pa.Table:
    """The person of each customer."""
    world, person = scene.world, scene.accounts.person
    number = np.arange(len(person))
    return table(
        {
            "customer_id": world.ids("k", number),
            "person_id": world.ids("person", person),
            "is_second_account": flag(number >= scene.people.count),
        }
    )


def identifiers(scene: Scene) -> pa.Table:
    """Identifier type, raw value and person, each once; whatever is delivered is among them."""
    world, own, accounts = scene.world, scene.identifiers, scene.accounts
    count, devices = scene.people.count, scene.devices
    account, device, _, _ = logins(scene)
    visitor = count + np.arange(len(devices.visitor_device))
    follows, contacts = make_follows(scene), make_contacts(scene)
    union = follows.person[follows.platform == 0]
    touched = scene.touches.person
    person = accounts.person
    unions = np.append(union, contacts.person)
    met, met_person = _strangers_met(scene)
    told = np.concatenate([own.phone, own.phone_before, follows.phone, met])
    tellers = np.concatenate([person, person, follows.person, met_person])

    def ids(prefix: str) -> _Render:
        return lambda numbers: world.ids(prefix, numbers)

    parts: list[tuple[str, _Render, Ints, Ints]] = [
        ("customer", ids("k"), np.arange(len(person)), person),
        (
            "phone",
            lambda n: phones(world, n),
            told,
            tellers,
        ),
        ("id_card", id_cards, own.id_card[:count], person[:count]),
        ("email", lambda n: emails(world, n), own.email, person),
        (
            "device",
            ids("d"),
            np.concatenate([device, devices.device, devices.visitor_device]),
            np.concatenate([person[account], devices.person, visitor]),
        ),
        ("platform_user", lambda n: platform_users(world, n), touched, touched),
        ("open_id", ids("oid"), open_ids(world, follows), follows.person),
        (
            "union_id",
            ids("uid"),
            unions,
            unions,
        ),
        ("wecom_user", ids("wx"), contacts.person, contacts.person),
        ("member_number", lambda n: member_numbers(world, n), own.member, person),
    ]
    tables = []
    for kind, render, values, persons in parts:
        known = values >= 0
        pairs = _distinct(values[known], persons[known])
        tables.append(
            table(
                {
                    "identifier_type": coded((kind,), np.zeros(len(pairs[0]), np.int64)),
                    "identifier_value": render(pairs[0]),
                    "person_id": world.ids("person", pairs[1]),
                }
            )
        )
    return pa.concat_tables(tables).combine_chunks()


def _strangers_met(scene: Scene) -> tuple[Ints, Ints]:
    """Phones that people who never register left for a coupon, as a lead or invited; the person.

    They are drawn while the tables are made, so they are read from them.
    """
    told = [
        pc.drop_null(rows[name].combine_chunks())
        for files, name in (
            (coupons, "claimed_by_phone"),
            (leads, "phone"),
            (referrals, "invitee_phone"),
        )
        for _, rows in files(scene)
    ]
    first = phone_number(scene.world, 0)
    number = np.unique(pc.cast(pa.concat_arrays(told), pa.int64()).to_numpy()) - first
    number = number[number >= STRANGERS_FROM]
    owner = np.argsort(stranger_phones(scene.world))
    return number, scene.people.count + owner[number - STRANGERS_FROM]


def _distinct(values: Ints, persons: Ints) -> tuple[Ints, Ints]:
    """Pairs of a number and a person, each once, in order."""
    numbers, place = np.unique(values, return_inverse=True)
    width = np.int64(2**32)
    number, person = np.divmod(np.unique(place * width + persons), width)
    return numbers[number], person


def shared_devices(scene: Scene) -> pa.Table:
    """Devices of more than one person (kiosks aside), and of how many."""
    device, users = np.unique(scene.devices.device, return_counts=True)
    several = users > 1
    device, users = device[several], users[several]
    return table(
        {
            "device_id": scene.world.ids("d", device),
            "kind": coded(("pair", "ring"), (users > 2).astype(np.int64)),
            "person_count": whole(users),
        }
    )
