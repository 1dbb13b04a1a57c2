"""What is true about the simulated people, for scoring identity and attribution.

It holds raw identifiers and is never delivered: nothing under `landing/` may lead to it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from simulator.build import Scene
from simulator.catalogue import CHANNEL_CODES
from simulator.people import REPEATER
from simulator.tables_core import account_ids, logins
from simulator.world import Bools, Ints, Texts
from simulator.writing import coded, flag, moment, table, text, write, write_bytes


def write_truth(scene: Scene, folder: Path, rows: dict[str, int]) -> None:
    """Write persons.parquet, identifiers.parquet and summary.json."""
    write(folder / "persons.parquet", _persons(scene))
    write(folder / "identifiers.parquet", _identifiers(scene))
    world = scene.world
    summary = {
        "users": world.users,
        "days": world.days,
        "seed": world.seed,
        "start": world.start.isoformat(),
        "rows": rows,
    }
    text_form = json.dumps(summary, indent=2, sort_keys=True) + "\n"
    write_bytes(folder / "summary.json", text_form.encode())


def _person_ids(scene: Scene) -> Texts:
    return scene.world.ids(
        "person", np.arange(scene.people.count + len(scene.devices.visitor_device))
    )


def _persons(scene: Scene) -> pa.Table:
    """One row per person; visitors have empty facts."""
    people, visitors = scene.people, len(scene.devices.visitor_device)

    def padded(values: Ints, fill: int) -> Ints:
        return np.concatenate([values, np.full(visitors, fill, dtype=np.int64)])

    def told(values: Bools) -> Bools:
        return np.concatenate([values, np.zeros(visitors, bool)])

    never = 2**60
    churned = np.where(people.churned_at < scene.world.end, people.churned_at, never)
    return table(
        {
            "person_id": text(_person_ids(scene)),
            "is_registered": flag(told(np.ones(people.count, bool))),
            "acquisition_channel": coded(CHANNEL_CODES, padded(people.channel, -1)),
            "registered_at": moment(padded(people.registered_at, never)),
            "churned_at": moment(padded(churned, never)),
            "has_two_accounts": flag(told(scene.accounts.second >= 0)),
            "is_repeater": flag(told(people.buyer == REPEATER)),
            "kiosk_registration": flag(
                told(scene.devices.register_device != scene.devices.own(np.arange(people.count)))
            ),
        }
    )


def _identifiers(scene: Scene) -> pa.Table:
    """Identifier type, raw value and person, each once, sorted."""
    person_ids, own, accounts = _person_ids(scene), scene.identifiers, scene.accounts
    count = scene.people.count
    devices = scene.world.ids("d", np.arange(scene.devices.count))
    account, device, _, _ = logins(scene)
    everyone = np.arange(count + len(scene.devices.visitor_device))
    touched = np.unique(scene.touches.person)
    parts: list[tuple[str, Texts, Ints]] = [
        ("customer", account_ids(scene), accounts.person),
        ("phone", own.phone, accounts.person),
        ("phone", own.phone_before, accounts.person),
        ("id_card", own.id_card, accounts.person),
        ("email", own.email, accounts.person),
        ("device", devices[device], accounts.person[account]),
        ("device", devices[scene.devices.device], scene.devices.person),
        ("device", devices[scene.devices.visitor_device], everyone[count:]),
        ("platform_user", own.platform_user[touched], touched),
    ]
    rows = sorted(
        {
            (kind, value, person_ids[person])
            for kind, values, persons in parts
            for value, person in zip(values.tolist(), persons.tolist(), strict=True)
            if value is not None
        }
    )
    names = ("identifier_type", "identifier_value", "person_id")
    return pa.table(
        {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
    )
