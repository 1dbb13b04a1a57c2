"""The raw tables of coupons and messages, as the channel systems would deliver them."""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.identifiers import STRANGERS_FROM
from simulator.service import CHANNELS
from simulator.tables_channel import Files, by_quarter
from simulator.world import DAY, NEVER, only
from simulator.writing import coded, moment, table, text


def coupons(scene: Scene) -> Files:
    """channel.coupons: one file. Strangers leave a phone that no customer has."""
    own, world = scene.coupons, scene.world
    rng = world.rng("coupon_columns")
    size = len(own.person)
    known = own.person >= 0
    person = np.where(known, own.person, 0)
    phone = scene.identifiers.phone_at(person, own.claimed_at)
    number = STRANGERS_FROM + rng.choice(10_000_000 - STRANGERS_FROM, size, replace=False)
    strangers = np.array([f"1990{value:07d}" for value in number.tolist()], dtype=object)
    phone = np.where(known, phone, strangers)
    with_phone = rng.random(size) < 0.85
    with_device = known & (~with_phone | (rng.random(size) < 0.5))
    device = scene.devices.own(person)
    order = np.full(size, -1, dtype=np.int64)
    order[own.redeemed] = np.flatnonzero(scene.orders.is_coupon)
    expires = own.claimed_at + 60 * DAY
    member = known & (scene.people.registered_at[person] <= own.claimed_at)
    named = member & (rng.random(size) < 0.3)
    campaign = scene.campaigns.running(own.placement, np.zeros(size, np.int64), own.claimed_at)
    columns = {
        "coupon_id": text(world.ids("q", np.arange(size))),
        "campaign_id": coded(scene.campaigns.ids, campaign),
        "offline_event_id": text(world.ids("v", campaign) if size else phone),
        "claimed_at": moment(own.claimed_at),
        "claimed_by_phone": text(only(with_phone | ~known, phone)),
        "claimed_device_id": coded(
            world.ids("d", np.arange(scene.devices.count)), np.where(with_device, device, -1)
        ),
        "customer_id": coded(
            world.ids("k", np.arange(len(scene.accounts.person))), np.where(named, person, -1)
        ),
        "redeemed_at": moment(own.redeemed_at),
        "redeemed_order_id": coded(world.ids("o", np.arange(scene.orders.count)), order),
        "expires_at": moment(np.where(expires < world.end, expires, NEVER)),
    }
    yield "coupons.jsonl", table(columns)


def messages(scene: Scene) -> Files:
    """channel.messages: one file a quarter. Half the texts know the phone, not the customer."""
    own, world = scene.messages, scene.world
    ids = world.ids("g", np.arange(len(own.sent_at)))
    accounts = world.ids("k", np.arange(len(scene.accounts.person)))
    for name, rows in by_quarter(own.sent_at):
        account, by_phone = own.account[rows], own.by_phone[rows]
        phone = scene.identifiers.phone_at(account, own.sent_at[rows])
        yield (
            f"messages_{name}.jsonl.gz",
            table(
                {
                    "message_id": text(ids[rows]),
                    "message_channel": coded(CHANNELS, own.channel[rows]),
                    "campaign_id": coded(scene.campaigns.ids, own.campaign[rows]),
                    "customer_id": coded(accounts, np.where(by_phone, -1, account)),
                    "recipient_phone": text(only(by_phone, phone)),
                    "sent_at": moment(own.sent_at[rows]),
                    "delivered_at": moment(own.delivered_at[rows]),
                    "opened_at": moment(own.opened_at[rows]),
                    "clicked_at": moment(own.clicked_at[rows]),
                    "purpose": coded(
                        ("service", "marketing"), own.is_marketing[rows].astype(np.int64)
                    ),
                }
            ),
        )
