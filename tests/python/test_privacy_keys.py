"""The suppression hook, key versions and rotation."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from support.privacy import KEY, family, land, land_family

from finview.audit import AuditChain
from finview.cli import main
from finview.contract import Contract, Table, load_contract
from finview.errors import FinviewError
from finview.ingest import ingest
from finview.ingest.identifiers import accepted_value, keyed_hash, masked
from finview.ingest.keys import HashKey, bind_key
from finview.privacy import erase as erasing
from finview.privacy import load_suppressed, rotation, suppressed_condition
from finview.privacy.person import HUB
from finview.privacy.suppression import list_path, open_list
from finview.settings import Home, Settings, project_root

NEW = "another-key-of-no-real-person-0123456789"
K1, K2 = HashKey("k1", False, KEY.encode()), HashKey("k2", False, NEW.encode())


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(project_root())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:
        _set(patch, KEY)
        yield family(tmp_path_factory.mktemp("family") / "home", contract)


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    _set(monkeypatch, KEY)
    shutil.copytree(template.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def _set(patch: pytest.MonkeyPatch, key: str, version: str = "", old: str = "") -> None:
    values = {"": key, "_VERSION": version, "_OLD": old}
    for name, value in values.items():
        if value:
            patch.setenv(f"FINVIEW_HASH_KEY{name}", value)
        else:
            patch.delenv(f"FINVIEW_HASH_KEY{name}", raising=False)


def _call(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home.root)])


class Door:
    """Ingestion's side of the hook: accepted values of one row, and the condition on them."""

    def __init__(self, home: Home, key: HashKey, table: Table) -> None:
        self.connection = duckdb.connect()
        bind_key(self.connection, key)
        self.entries = load_suppressed(self.connection, home, key)
        self._table = table

    def stops(self, **raw: str) -> bool:
        values = []
        for i, column in enumerate(self._table.columns):
            text = f"'{raw[column.name]}'" if column.name in raw else "null::varchar"
            values.append(f"{accepted_value(column, text, text)} as a{i}")
        self.connection.execute(f"create or replace temp table rows as select {', '.join(values)}")
        found = {
            self.connection.execute(f"select {condition} from rows").fetchall()[0][0]
            for condition in (
                suppressed_condition(self._table),
                suppressed_condition(self._table, self.entries),
                suppressed_condition(self._table, self.entries, "rows"),
            )
        }
        (stopped,) = found
        return bool(stopped)


def _entries(*given: tuple[str, str]) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        bind_key(connection, K1)
        return [
            (pii, connection.execute(f"select {keyed_hash(pii, '$1::varchar')}", [value])
             .fetchall()[0][0])
            for pii, value in given
        ]  # fmt: skip


def test_an_empty_list_costs_nothing(tmp_path: Path, contract: Contract) -> None:
    home = Home(tmp_path).create()
    with duckdb.connect() as connection:
        bind_key(connection, K1)
        assert load_suppressed(connection, home, K1) == 0
        assert not list_path(home).exists()
        assert connection.execute("select count(*) from suppressed").fetchall() == [(0,)]
    for table in contract.tables:
        assert suppressed_condition(table, 0) == "false"


def test_the_door_knows_hashed_and_plain_columns(tmp_path: Path, contract: Contract) -> None:
    home = Home(tmp_path).create()
    with open_list(home) as listed:
        listed.open_request("r", "", K1, _entries(("phone", "13800138000"), ("customer_id", "c-1"),
                                                  ("order_id", "o-1")))  # fmt: skip
    door = Door(home, K1, contract.table("crm", "customers"))
    assert door.entries == 3
    assert door.stops(phone="+86 138-0013-8000", customer_id="c-9")
    assert door.stops(customer_id=" c-1 ")
    assert not door.stops(phone="13800138001", customer_id="c-9", name="c-1")
    assert not door.stops(customer_id="13800138000"), "a class does not match another"
    assert Door(home, K1, contract.table("channel", "referrals")).stops(inviter_customer_id="c-1")
    coupons = Door(home, K1, contract.table("channel", "coupons"))
    assert coupons.stops(redeemed_order_id="o-1") and coupons.stops(claimed_by_phone="13800138000")
    assert not coupons.stops(coupon_id="o-1")


def test_entries_of_an_earlier_key_need_it(
    tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path).create()
    with open_list(home) as listed:
        listed.open_request("r", "", K1, _entries(("phone", "13800138000"), ("customer_id", "c-1")))
    table = contract.table("crm", "customers")
    _set(monkeypatch, NEW, "k2")
    with pytest.raises(FinviewError, match="earlier key k1"):
        Door(home, K2, table)
    _set(monkeypatch, NEW, "k2", old=f"{'wrong' * 9}")
    with pytest.raises(FinviewError, match="earlier key k1"):
        Door(home, K2, table)
    _set(monkeypatch, NEW, "k2", old=f"{'other' * 9}, {KEY}")
    door = Door(home, K2, table)
    assert door.stops(phone="8613800138000") and door.stops(customer_id="c-1")
    assert not door.stops(phone="13800138001", customer_id="c-2")
    _set(monkeypatch, NEW, "k2", old="short")
    with pytest.raises(FinviewError, match="shorter than"):
        Door(home, K2, table)


def test_a_damaged_list_stops_ingestion(tmp_path: Path, contract: Contract) -> None:
    home = Home(tmp_path).create()
    list_path(home).write_bytes(b"no database" * 100)
    with pytest.raises(FinviewError, match="suppression list"):
        Door(home, K1, contract.table("crm", "customers"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("crm/13800138000.csv", "crm/<phone>.csv"),
        ("11010119900307739x a.b@c.example.csv", "<id_card> <email>"),
        ("orders_2024-01-01.csv", "orders_2024-01-01.csv"),
    ],
)
def test_names_are_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_rules_of_whose_an_identifier_is(home: Home, contract: Contract) -> None:
    """The second account by id card and by merge goes too; shared and busy ones stay."""
    land(home, "crm/customers/second.csv", b"customer_id,id_card,phone,registered_at,updated_at\n"
         b"c-4,11010119900307739x,13900000044,2024-02-01,2024-02-01\n"
         b"c-5,,13900000055,2024-02-01,2024-02-01\n"
         b"c-6,,13800138000,2024-02-01,2024-02-01\n")  # fmt: skip
    land(home, "crm/customer_merges/m.csv", b"merged_customer_id,surviving_customer_id,merged_at,"
         b"undone_at\nc-5,c-4,2024-02-02,\nc-2,c-4,2024-02-02,2024-02-03\n")  # fmt: skip
    kiosk = "".join(f"k-{i},2024-01-01,click,{'dev-anna' if i == 0 else f'dev-{i}'},pu-kiosk\n"
                    for i in range(HUB + 2))  # fmt: skip
    land(home, "channel/ad_touches/kiosk.csv",
         f"touch_id,touched_at,kind,device_id,platform_user_id\n{kiosk}".encode())  # fmt: skip
    ingest(home, contract, Settings())
    found = erasing.find(home, contract, ["c-1"], [])
    assert found.customers == 3
    # The phone of c-1 is c-6's too, the tablet is Ben's, the kiosk's account has many devices.
    assert found.shared == {"phone": 1, "device": 1, "platform_user": 1}
    assert "channel.wecom_contacts" not in found.counts, "reached only through the shared phone"


def test_rotation_keeps_rows_and_identities_and_the_erased_out(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing.erase(home, contract, ["c-1"])
    before = _structure(home)
    _set(monkeypatch, NEW, "k2")
    lacking = _call(home, "keys", "rotate")
    assert lacking.exit_code == 1 and "FINVIEW_HASH_KEY_OLD" in lacking.stderr
    _set(monkeypatch, NEW, "k2", old=KEY)
    done = _call(home, "keys", "rotate")
    assert done.exit_code == 0, done.output + done.stderr
    after = _structure(home)
    assert {(c, t): n for c, t, n, _ in after} == {(c, t): n for c, t, n, _ in before}
    assert {versions for *_, versions in after} == {"k2"} != {versions for *_, versions in before}
    assert AuditChain(home).read()[-1]["event"] == "key_rotated"
    assert not (home.root / "rotation").exists() and not home.warehouse_file.exists()
    assert {file.status for file in ingest(home, contract, Settings()).files} == {"duplicate"}
    land_family(home)
    for path in home.landing.rglob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")
    report = ingest(home, contract, Settings())
    assert sum(file.rows_accepted for file in report.files) == 0
    assert sum(file.rows_quarantined for file in report.files) >= 8
    again = erasing.erase(home, contract)
    assert again.counts["landing (rows)"] >= 8, "the entries of the earlier key still find them"
    assert b"c-1," not in (home.landing / "transaction/orders/o.csv").read_bytes()
    status = _call(home, "keys", "status")
    assert "k1" in status.output and KEY not in status.output and NEW not in status.output
    _set(monkeypatch, NEW, "k2")
    with pytest.raises(FinviewError, match="earlier key k1"):
        ingest(home, contract, Settings())


def _structure(home: Home) -> list[tuple[str, str, int, str]]:
    """Table, column, distinct identifiers and key versions of what is accepted."""
    found = []
    for folder in sorted(home.accepted.glob("*/*")):
        read = f"read_parquet('{folder}/*/*.parquet', union_by_name=true)"
        if list(folder.glob("*/*.parquet")):
            names = [row[0] for row in duckdb.sql(f"describe from {read}").fetchall()]
            for name in [name for name in names if name.endswith("_hash")]:
                ((ids, versions),) = duckdb.sql(
                    f"select count(distinct {name}), string_agg(distinct _key_version) from {read}"
                ).fetchall()
                if ids:
                    found.append((folder.name, name, int(ids), str(versions)))
    return found


def test_rotation_refuses_when_a_landed_file_is_gone(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, NEW, "k2", old=KEY)
    (home.landing / "transaction/orders/o.csv").unlink()
    before = _structure(home)
    with pytest.raises(FinviewError, match=r"not in landing any more: transaction/orders/o\.csv"):
        rotation.rotate(home, contract, Settings())
    assert _structure(home) == before


def test_rotation_refuses_what_differs_and_the_version_in_use(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, KEY)
    with pytest.raises(FinviewError, match="key version k1 is in use"):
        rotation.rotate(home, contract, Settings())
    _set(monkeypatch, NEW, "k2", old=KEY)
    batch = next((home.accepted / "transaction/orders").glob("*/*.parquet"))
    rows = duckdb.sql(f"select * from read_parquet('{batch}') limit 1").to_arrow_table()
    duckdb.from_arrow(rows).write_parquet(str(batch))
    with pytest.raises(FinviewError, match=r"transaction\.orders differs"):
        rotation.rotate(home, contract, Settings())


@pytest.mark.parametrize("renames", [0, 2, 3, 5])
def test_a_crash_in_the_swap_is_completed_by_rotating_again(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    _set(monkeypatch, NEW, "k2", old=KEY)
    before = {(c, t): n for c, t, n, _ in _structure(home)}
    done = 0
    rename = os.rename

    def crash(source: Path, target: Path) -> None:
        nonlocal done
        if done == renames:
            raise KeyboardInterrupt
        done += 1
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(rotation.os, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(home, contract, Settings())
    rotation.rotate(home, contract, Settings())
    after = _structure(home)
    assert {(c, t): n for c, t, n, _ in after} == before
    assert {versions for *_, versions in after} == {"k2"}
    with closing(sqlite3.connect(home.audit / "ingest.sqlite")) as ledger:
        assert ledger.execute("select version from keys order by 1").fetchall() == [
            ("k1",), ("k2",)
        ]  # fmt: skip
    assert {file.status for file in ingest(home, contract, Settings()).files} == {"duplicate"}
