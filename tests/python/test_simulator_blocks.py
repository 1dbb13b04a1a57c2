"""Blocks and parts: any number of processes gives the same bytes, and blocks do not meet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from simulator import carry_out
from simulator.plan import Plan
from simulator.work import write_part

USERS, BLOCK, PARTS = 410, 100, 5


def plan(root: Path, **other: object) -> Plan:
    values: dict[str, object] = {
        "landing": root / "landing",
        "truth": root / "truth",
        "users": USERS,
        "days": 45,
        "seed": 3,
        "start": date(2024, 10, 20),
        "file_format": "csv",
        "fault_rate": 0.005,
        "largest_block": BLOCK,
    }
    return Plan(**{**values, **other})  # type: ignore[arg-type]


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def quiet(message: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("alone")
    carry_out(plan(root), 1, quiet)
    return root


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same people without faults, as Parquet."""
    root = tmp_path_factory.mktemp("clean")
    carry_out(plan(root, fault_rate=0.0, file_format="parquet"), 1, quiet)
    with duckdb.connect() as connection:
        for folder in sorted((root / "landing").glob("*/*")):
            connection.execute(f"create view {folder.name} as from '{folder}/*.parquet'")
        for name in ("persons", "customers", "channel_effects"):
            connection.execute(f"create view truth_{name} as from '{root}/truth/{name}*.parquet'")
        yield connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    (row,) = connection.execute(query).fetchall()
    return row[0] if len(row) == 1 else row


def test_two_processes_give_the_same_bytes(alone: Path, tmp_path: Path) -> None:
    carry_out(plan(tmp_path), 2, quiet)
    assert hashes(tmp_path) == hashes(alone)


def test_parts_are_named_in_order(alone: Path) -> None:
    names = sorted(path.name for path in (alone / "landing/crm/customers").glob("customers_0*"))
    assert [name for name in names if "again" not in name] == [
        f"customers_{part:03d}.csv" for part in range(PARTS)
    ]
    assert not list((alone / "truth").glob(".*"))


def test_blocks_are_even_and_cover_everybody() -> None:
    sizes = [world.users for part in plan(Path()).parts() for world in part]
    assert sizes == [82] * 5 and sum(sizes) == USERS
    many = plan(Path(), users=10_000_000, largest_block=10_000).parts()
    assert len(many) == 16 and {len(part) for part in many} == {62, 63}
    assert [world.block for part in many for world in part] == list(range(1000))


def test_a_part_does_not_depend_on_the_others(alone: Path, tmp_path: Path) -> None:
    write_part(plan(tmp_path), 3)
    written = hashes(tmp_path / "landing")
    assert len(written) > 26
    assert written.items() <= hashes(alone / "landing").items()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("customers", "customer_id"),
        ("customers", "id_card"),
        ("app_events", "event_id"),
        ("orders", "order_id"),
        ("devices", "device_id"),
        ("social_profiles", "open_id"),
        ("recommendations", "decision_id"),
    ],
)
def test_ids_of_different_blocks_differ(
    clean: duckdb.DuckDBPyConnection, table: str, key: str
) -> None:
    doubles = (
        f"select count({key}) - count(distinct {key}) from {table}"
        if key != "id_card"
        else "select count(*) from (select id_card from customers join truth_customers"
        " using (customer_id) where id_card is not null group by 1"
        " having count(distinct person_id) > 1)"
    )
    assert one(clean, doubles) == 0


def test_nobody_shares_a_phone_or_a_device_across_blocks(clean: duckdb.DuckDBPyConnection) -> None:
    """Every block has 90,000 phone numbers of its own."""
    block = "(phone::bigint - 19900000000) // 90000"
    spread = f"""select max(n) from (select person_id, count(distinct {block}) as n
        from customers join truth_customers using (customer_id) group by 1)"""
    assert one(clean, spread) == 1
    assert one(clean, f"select count(distinct {block}) from customers") == PARTS


def test_shared_tables_hold_the_sum_of_the_blocks(clean: duckdb.DuckDBPyConnection) -> None:
    fewer = """select count(*) from (
        select creative_id, (touched_at + interval 8 hour)::date as spend_date, count(*) as n
        from ad_touches where kind = 'click' group by all)
        left join ad_spend_daily using (creative_id, spend_date) where n > coalesce(clicks, 0)"""
    assert one(clean, fewer) == 0
    told = one(clean, "select sum(referred_registrations) from partner_calls_daily")
    known = one(
        clean,
        """select count(*) from truth_persons where acquisition_channel = 'partner'
        and registered_at >= timestamp '2024-10-19 16:00:00'""",
    )
    assert told == known
    effects = one(clean, "select sum(registrations) from truth_channel_effects")
    assert effects == one(
        clean,
        """select count(*) from truth_persons where is_registered
        and registered_at >= timestamp '2024-10-19 16:00:00'""",
    )
    assert one(clean, "select count(*) from truth_persons where is_registered") == USERS
