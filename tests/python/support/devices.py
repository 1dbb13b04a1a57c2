"""A warehouse of devices whose owners are known, made up for tests of matching."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb

from finview.identity.matching.comparisons import device_comparisons
from finview.identity.matching.train import Plan, pairs_sql
from finview.settings import Home, project_root

_COLUMNS = {
    "device_id_hash": "varchar",
    "owner_label": "varchar",
    "block_key": "varchar",
    "is_guest": "boolean",
    "network_device_count": "bigint",
    "home_day_count": "bigint",
    "os": "varchar",
    "os_version": "varchar",
    "device_model": "varchar",
    "screen": "varchar",
    "language": "varchar",
    "timezone": "varchar",
    "is_common_locale": "boolean",
    "main_day_part": "varchar",
    "second_day_part": "varchar",
    "favourite_page": "varchar",
    "second_page": "varchar",
    "first_event_date": "date",
    "last_event_date": "date",
}


def warehouse(home: Home, blocks: int, *, informative: bool = True, seed: int = 3) -> Home:
    """Blocks of four devices: two of one owner, one of a stranger, one of nobody known.

    Args:
        home: Its warehouse file is made anew.
        blocks: How many.
        informative: Devices of one owner are alike; else all are drawn alike.
        seed: Of the draws.
    """
    draw = random.Random(seed)
    rows = []
    for block in range(blocks):
        habits = _habits(draw)
        for number, owner in enumerate(("a", "a", "b", None)):
            mine = habits if informative and owner != "b" else _habits(draw)
            if informative and draw.random() < 0.2:
                mine = _habits(draw)
            rows.append(
                (
                    f"d{block:04d}{number}",
                    owner and f"{block}{owner}",
                    f"n{block}|1",
                    not owner,
                    *mine,
                )
            )
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        _write(connection, rows, project_root())
    return home


def _habits(draw: random.Random) -> tuple[object, ...]:
    part = draw.choice(("night", "morning", "afternoon", "evening"))
    page = draw.choice(("home", "product", "search", "branch"))
    day = draw.choice(("2024-01-01", "2024-06-01"))
    os = draw.choice(("ios", "android"))
    return (
        3,
        draw.choice((1, 2, 5)),
        os,
        f"{os}{draw.randrange(3)}",
        f"{os}-m{draw.randrange(9)}",
        f"s{draw.randrange(3)}",
        draw.choice(("zh", "en")),
        "t",
        False,
        part,
        draw.choice(("none", "evening")),
        page,
        None,
        day,
        day[:5] + ("03" if day[5:7] == "01" else "08") + "-01",
    )


def _write(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]], project: Path
) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"create schema intermediate; create table devices ({columns})")
    connection.executemany(f"insert into devices values ({', '.join('?' for _ in _COLUMNS)})", rows)
    connection.execute(
        "create table intermediate.int_devices_profiled as select * exclude (is_guest), "
        "'1' as region_code, true as is_comparable, "
        "case when is_guest then 0 else 1 end as login_customer_count, "
        "case when is_guest then 0 else 1 end as linked_customer_count from devices"
    )
    plan = Plan(
        device_comparisons(project),
        blocking=("l.block_key = r.block_key",),
        identifier="device_id_hash",
    )
    levels = ", ".join(f"{item.name}_level" for item in plan.comparisons)
    connection.execute(
        "create table intermediate.int_device_pairs_compared as "
        "select lef.device_id_hash, rig.device_id_hash as other_device_id_hash, lef.block_key, "
        "case when lef.is_guest or rig.is_guest then 'score' else 'train' end as pair_purpose, "
        f"lef.owner_label = rig.owner_label as is_same_owner, {levels} "
        f"from ({pairs_sql('devices', plan)}) as pairs "
        "inner join devices as lef on pairs.device_id_hash_l = lef.device_id_hash "
        "inner join devices as rig on pairs.device_id_hash_r = rig.device_id_hash"
    )
