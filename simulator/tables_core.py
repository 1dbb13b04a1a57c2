"""The raw tables of the transaction and CRM systems, as they would deliver them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from simulator.build import Scene, Shared
from simulator.catalogue import (
    CHANNEL_CODES,
    CITIES,
    CREDIT,
    INCOME_BANDS,
    LINES,
    OCCUPATIONS,
    PRODUCTS,
    WEALTH,
)
from simulator.delivery import Files
from simulator.identifiers import emails, id_cards, member_numbers, names, phones
from simulator.outcomes import STATUS
from simulator.service import TOPICS
from simulator.tables_channel import product_ids
from simulator.world import DAY, NEVER, Ints, local_day, pick
from simulator.writing import coded, constant, day, flag, moment, money, table, text, whole

_SEVERITY = ("minor", "major", "critical")
_PURPOSES = ("marketing", "profiling", "data_sharing")


def account_ids(scene: Scene) -> pa.Array:
    """Customer ids of all accounts."""
    return scene.world.ids("k", np.arange(len(scene.accounts.person)))


def income_bands(scene: Scene) -> Ints:
    """Income band of each person."""
    return np.asarray(np.clip(np.digitize(scene.people.wealth, [0.5, 1.0, 2.2, 5.0]), 0, 4))


def products(shared: Shared) -> Files:
    """transaction.products: one file."""
    launched = shared.world.begin + np.array([p.launched_after_days for p in PRODUCTS]) * DAY
    launched = np.where(launched < shared.world.end, launched, NEVER)
    rates = [Decimal(str(p.rate)) if p.line in (CREDIT, WEALTH) else None for p in PRODUCTS]
    columns = {
        "product_id": product_ids(shared.world),
        "name": pa.array([p.name for p in PRODUCTS]),
        "product_line": pa.array([LINES[p.line] for p in PRODUCTS]),
        "scenario_code": pa.array([p.scenario for p in PRODUCTS], pa.string()),
        "risk_level": pa.array([p.risk for p in PRODUCTS]),
        "annualised_rate": pa.array(rates, pa.decimal128(9, 6)),
        "is_bundle": pa.array([p.is_bundle for p in PRODUCTS]),
        "segment": pa.array([p.segment for p in PRODUCTS]),
        "launched_at": moment(launched),
    }
    yield "products", table(columns)


def orders(scene: Scene) -> Files:
    """transaction.orders: one file. The channel is known for orders of people won by one."""
    own, world = scene.orders, scene.world
    line_account = world.ids("a", own.account * len(LINES) + own.line)
    known = world.rng("order_columns").random(own.count) < 0.5
    organic = CHANNEL_CODES.index("organic")
    channel = np.where(known, scene.people.channel[own.person], organic)
    columns = {
        "order_id": world.ids("o", np.arange(own.count)),
        "customer_id": world.ids("k", own.account),
        "account_id": line_account,
        "product_id": coded(product_ids(world), own.product),
        "ordered_at": moment(own.at),
        "status": coded(STATUS, own.status),
        "amount": money(own.amount),
        "revenue_amount": money(own.revenue),
        "variable_cost_amount": money(own.cost),
        "currency_code": constant("CNY", own.count),
        "matured_at": moment(own.matured_at),
        "renewed_from_order_id": world.ids("o", own.renewed_from),
        "channel_code": coded(CHANNEL_CODES, channel),
        "device_id": world.ids("d", own.device),
    }
    yield "orders", table(columns)


def repayments(scene: Scene) -> Files:
    """transaction.repayments: one file."""
    own, world = scene.repayments, scene.world
    size = len(own.order)
    columns = {
        "repayment_id": world.ids("r", np.arange(size)),
        "order_id": world.ids("o", own.order),
        "due_at": moment(own.due_at),
        "paid_at": moment(own.paid_at),
        "due_amount": money(own.due),
        "paid_amount": money(own.paid),
        "currency_code": constant("CNY", size),
        "days_past_due": whole(own.days_past_due),
    }
    yield "repayments", table(columns)


def customers(scene: Scene) -> Files:
    """crm.customers: one file. Some registrations by an ad are put down as organic."""
    accounts, people, own, world = scene.accounts, scene.people, scene.identifiers, scene.world
    rng = world.rng("customer_columns")
    person, size = accounts.person, len(accounts.person)
    channel = people.channel[person]
    draw = rng.random(size)
    organic = CHANNEL_CODES.index("organic")
    channel = np.where(draw < 0.08, organic, np.where(draw < 0.10, -1, channel))
    device = scene.devices.register_device[person]
    second = np.arange(size) >= people.count
    device = np.where(second, scene.devices.own(person), device)
    income = income_bands(scene)
    job = pick(rng, [0.5, 0.13, 0.13, 0.1, 0.06, 0.08], people.count)
    updated = np.maximum(accounts.registered_at, own.phone_changed_at)
    updated = np.where(accounts.deleted_at < NEVER, accounts.deleted_at, updated)
    columns = {
        "customer_id": account_ids(scene),
        "phone": phones(world, own.phone),
        "id_card": id_cards(own.id_card),
        "email": emails(world, own.email),
        "member_number": member_numbers(world, own.member),
        "name": names(own.name),
        "gender": text(own.gender),
        "birth_date": day(own.birth),
        "city_code": coded([city for _, city, _ in CITIES], people.city[person]),
        "income_band": coded(INCOME_BANDS, np.where(rng.random(size) < 0.15, -1, income[person])),
        "occupation": coded(OCCUPATIONS, job[person]),
        "registered_at": moment(accounts.registered_at),
        "register_channel": coded(CHANNEL_CODES, channel),
        "register_device_id": world.ids("d", device),
        "updated_at": moment(updated),
        "deleted_at": moment(accounts.deleted_at),
    }
    yield "customers", table(columns)


def logins(scene: Scene) -> tuple[Ints, Ints, Ints, Ints]:
    """Account, device, first and last time of every pair seen together, registration included."""
    events, accounts = scene.events, scene.accounts
    named = events.account >= 0
    early = np.arange(scene.people.count)
    account = np.concatenate([events.account[named], early])
    device = np.concatenate([events.device[named], scene.devices.register_device])
    at = np.concatenate([events.at[named], accounts.registered_at[early]])
    key = account * scene.devices.count + device
    pairs, place = np.unique(key, return_inverse=True)
    first = np.full(len(pairs), NEVER)
    last = np.full(len(pairs), -NEVER)
    np.minimum.at(first, place, at)
    np.maximum.at(last, place, at)
    return pairs // scene.devices.count, pairs % scene.devices.count, first, last


def customer_devices(scene: Scene) -> Files:
    """crm.customer_devices: one file."""
    account, device, first, last = logins(scene)
    world = scene.world
    columns = {
        "customer_id": world.ids("k", account),
        "device_id": world.ids("d", device),
        "first_seen_at": moment(first),
        "last_seen_at": moment(last),
    }
    yield "customer_devices", table(columns)


def consents(scene: Scene) -> Files:
    """crm.consents: one file, by time."""
    own, world = scene.consents, scene.world
    order = np.lexsort((own.purpose, own.account, own.at))
    year = local_day(own.at[order]).astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    versions = [f"{1970 + value}.1" for value in range(2200 - 1970)]
    columns = {
        "consent_id": world.ids("n", np.arange(len(order))),
        "customer_id": world.ids("k", own.account[order]),
        "purpose": coded(_PURPOSES, own.purpose[order]),
        "action": coded(("withdraw", "grant"), own.is_grant[order].astype(np.int64)),
        "happened_at": moment(own.at[order]),
        "policy_version": coded(versions, year),
        "source": coded(("registration", "settings", "hotline"), own.source[order]),
    }
    yield "consents", table(columns)


def tickets(scene: Scene) -> Files:
    """crm.tickets: one file."""
    own, world = scene.tickets, scene.world
    about = np.where(own.order >= 0, scene.orders.product[own.order], -1)
    size = len(own.account)
    columns = {
        "ticket_id": world.ids("i", np.arange(size)),
        "customer_id": world.ids("k", own.account),
        "opened_at": moment(own.opened_at),
        "first_reply_at": moment(own.first_reply_at),
        "resolved_at": moment(own.resolved_at),
        "kind": coded(("inquiry", "complaint"), own.is_complaint.astype(np.int64)),
        "topic": coded(TOPICS, own.topic),
        "severity": coded(_SEVERITY, own.severity),
        "product_id": coded(product_ids(world), about),
        "campaign_id": constant(None, size),
        "solvable": flag(own.solvable),
        "reopened_count": whole(own.reopened),
    }
    yield "tickets", table(columns)
