"""The raw tables of coupons and messages, as the channel systems would deliver them."""

from __future__ import annotations

import numpy as np

from simulator.build import Scene
from simulator.delivery import Files
from simulator.identifiers import phones, strangers
from simulator.service import CHANNELS
from simulator.tables_channel import by_quarter
from simulator.world import DAY, NEVER, pick
from simulator.writing import coded, moment, table

_MODELS = tuple(f"model-{letter}{number}" for letter in "abcdef" for number in range(1, 9))
_OS_VERSIONS = (("12", "13", "14"), ("16.6", "17.2", "17.5"), ("3.0", "4.0", "4.2"))


def coupons(scene: Scene) -> Files:
    """channel.coupons: one file. Strangers leave a phone that no customer has."""
    own, world = scene.coupons, scene.world
    rng = world.rng("coupon_columns")
    size = len(own.person)
    known = own.person >= 0
    person = np.where(known, own.person, 0)
    phone = scene.identifiers.phone_at(person, own.claimed_at)
    phone = np.where(known, phone, strangers(world, "coupon_strangers", size))
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
        "coupon_id": world.ids("q", np.arange(size)),
        "campaign_id": coded(scene.campaigns.ids, campaign),
        "offline_event_id": world.common_ids("v", campaign),
        "claimed_at": moment(own.claimed_at),
        "claimed_by_phone": phones(world, np.where(with_phone | ~known, phone, -1)),
        "claimed_device_id": world.ids("d", np.where(with_device, device, -1)),
        "customer_id": world.ids("k", np.where(named, person, -1)),
        "redeemed_at": moment(own.redeemed_at),
        "redeemed_order_id": world.ids("o", order),
        "expires_at": moment(np.where(expires < world.end, expires, NEVER)),
    }
    yield "coupons", table(columns)


def messages(scene: Scene) -> Files:
    """channel.messages: one file a quarter. Half the texts know the phone, not the customer."""
    own, world = scene.messages, scene.world
    for name, rows in by_quarter(own.sent_at):
        account, by_phone = own.account[rows], own.by_phone[rows]
        phone = scene.identifiers.phone_at(account, own.sent_at[rows])
        yield (
            f"messages_{name}",
            table(
                {
                    "message_id": world.ids("g", rows),
                    "message_channel": coded(CHANNELS, own.channel[rows]),
                    "campaign_id": coded(scene.campaigns.ids, own.campaign[rows]),
                    "customer_id": world.ids("k", np.where(by_phone, -1, account)),
                    "recipient_phone": phones(world, np.where(by_phone, phone, -1)),
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


def devices(scene: Scene) -> Files:
    """channel.devices: one file; devices never seen in the window have no first sight."""
    own, world, events, touches = scene.devices, scene.world, scene.events, scene.touches
    rng = world.rng("device_models")
    first = np.full(own.count, NEVER)
    np.minimum.at(first, events.device, events.at)
    np.minimum.at(first, touches.device, touches.at)
    model = rng.integers(0, len(_MODELS), own.count)
    version = rng.integers(0, len(_OS_VERSIONS[0]), own.count)
    versions = [value for row in _OS_VERSIONS for value in row]
    columns = {
        "device_id": world.ids("d", np.arange(own.count)),
        "model": coded(_MODELS, model),
        "os": coded(("android", "ios", "harmony"), own.os),
        "os_version": coded(versions, own.os * len(_OS_VERSIONS[0]) + version),
        "screen": coded(("1080x2400", "1170x2532", "1260x2800"), rng.integers(0, 3, own.count)),
        "language": coded(("zh-CN", "zh-TW", "en-US"), pick(rng, [0.96, 0.02, 0.02], own.count)),
        "timezone": coded(("Asia/Shanghai", "Asia/Tokyo"), pick(rng, [0.99, 0.01], own.count)),
        "first_seen_at": moment(first),
    }
    yield "devices", table(columns)
