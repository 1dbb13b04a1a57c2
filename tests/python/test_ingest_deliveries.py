"""Deliveries as the real world sends them: encodings, archives, control files, drift, versions,
deletions, portions, and rows replayed out of quarantine. All data here is made up."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finview.contract import Column, Contract, load_contract
from finview.ingest import FileResult, accepted_glob, accounts, ingest, scan, sources
from finview.ingest.replay import quarantined, replay
from finview.settings import Home, Settings

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"
HEAD = "order_id,customer_id,ordered_at,status,amount,currency_code,device_id\n"
ROW = "{},c1,2024-01-01 10:00:00,{},{},CNY,Dev-1\n"
ORDERS = "transaction/orders/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    monkeypatch.delenv("FINVIEW_HASH_KEY_VERSION", raising=False)
    return Home(tmp_path / "home").create()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


def changed(contract: Contract, name: str, **settings: Any) -> Contract:
    """The contract with other settings of one table."""
    tables = tuple(
        replace(table, **settings) if table.full_name == name else table
        for table in contract.tables
    )
    return replace(contract, tables=tables)


def land(home: Home, place: str, content: str | bytes) -> Path:
    path = home.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def order(number: str, status: str = "funded", amount: str = "1.00") -> str:
    return ROW.format(number, status, amount)


def take(home: Home, contract: Contract) -> dict[str, FileResult]:
    report = ingest(home, contract, Settings())
    assert report.ok
    return {Path(file.file).name: file for file in report.files}


def rows(home: Home, contract: Contract, table: str, select: str) -> list[tuple[Any, ...]]:
    place = accepted_glob(home, contract.table(*table.split(".")))
    return duckdb.sql(
        f"select {select} from read_parquet('{place}', union_by_name=true) "
        "order by _load_sequence, _source_line"
    ).fetchall()


def zipped(**members: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


# --- encodings ---

CHINESE = "topic\n".join(["ticket_id,opened_at,kind,", "t1,2024-01-01,complaint,还款提醒太频繁\n"])


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "UTF-16"),
        ("gbk", "GB18030"),
        ("gb18030", "GB18030"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_are_recognised(
    home: Home, contract: Contract, codec: str, told: str, packed: bool
) -> None:
    content = CHINESE.encode(codec)
    land(home, "crm/tickets/a.csv" + ".gz" * packed, gzip.compress(content) if packed else content)
    (result,) = take(home, contract).values()
    assert result.status == "accepted", result.reason
    assert rows(home, contract, "crm.tickets", "topic, _source_line") == [("还款提醒太频繁", 2)]
    assert (f"converted from {told}" in result.reason) == bool(told)
    assert result.sha256 == hashlib.sha256(content).hexdigest()


def test_utf16_big_endian(home: Home, contract: Contract) -> None:
    land(home, "crm/tickets/a.csv", b"\xfe\xff" + CHINESE.encode("utf-16-be"))
    take(home, contract)
    assert rows(home, contract, "crm.tickets", "topic") == [("还款提醒太频繁",)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CHINESE.encode("utf-16-le"), "without a byte order mark"),
        (CHINESE.encode("utf-16")[:-1], "broken or truncated UTF-16"),
        (CHINESE.replace("还款提醒太频繁", "Müller, fön").encode("latin-1"), "Latin-1"),
        (CHINESE.replace("还款提醒太频繁", "café, à").encode("latin-1"), "nor GB18030"),
        (CHINESE.encode("gbk") + b"\xff\xff\n", "nor GB18030"),
        (CHINESE.encode("utf-8")[:-2], "not UTF-8"),
        ((CHINESE + "\0").encode("utf-16"), "NUL character"),
        (CHINESE.encode("shift-jis", "replace") + "ァィ".encode("shift-jis"), "deliver UTF-8"),
    ],
)  # fmt: skip
def test_other_encodings_are_refused_by_name(
    home: Home, contract: Contract, content: bytes, told: str
) -> None:
    land(home, "crm/tickets/a.csv", content)
    (result,) = take(home, contract).values()
    assert result.status == "refused" and told in result.reason, result.reason


# --- archives ---


def test_each_file_of_a_zip_archive_is_accounted_for(home: Home, contract: Contract) -> None:
    content = zipped(**{
        "b.csv": HEAD + order("o1") + order("o2", amount="1.005"),
        "deep/a.csv": HEAD + order("o3"),
        "c.txt": "x",
    })  # fmt: skip
    land(home, ORDERS + "all.zip", content)
    report = ingest(home, contract, Settings())
    assert [(file.file, file.status, file.rows_accepted) for file in report.files] == [
        (ORDERS + "all.zip/b.csv", "accepted", 1),
        (ORDERS + "all.zip/c.txt", "refused", 0),
        (ORDERS + "all.zip/deep/a.csv", "accepted", 1),
    ]
    land(home, ORDERS + "again.csv", HEAD + order("o3"))
    assert take(home, contract)["again.csv"].status == "duplicate"


def _with_bomb_header() -> bytes:
    """An archive whose directory says that a large member is small."""
    content = bytearray(zipped(**{"a.csv": b"0" * (40 << 20)}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 no archive", "not a readable zip archive"),
        (zipped(), "without files"),
        (zipped(**{"../a.csv": HEAD}), "leads out of it"),
        (zipped(**{"/etc/a.csv": HEAD}), "leads out of it"),
        (zipped(**{"a.zip": zipped(**{"a.csv": HEAD})}), "archive in an archive"),
        (zipped(**{"a.csv.gz": gzip.compress(HEAD.encode())}), "archive in an archive"),
        (zipped(**{"a.csv": b"0" * (40 << 20)}), "compression bomb"),
        (zipped(**{f"{i}.csv": HEAD for i in range(1001)}), "more than 1000 files"),
        (zipped(**{"a.csv": HEAD + order("o1")})[:-30], "not a readable zip archive"),
        (_with_bomb_header(), "not a readable zip archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_archives_are_refused(
    home: Home, contract: Contract, content: bytes, told: str
) -> None:
    land(home, ORDERS + "a.zip", content)
    (result,) = take(home, contract).values()
    assert result.status == "refused" and told in result.reason, result.reason


def test_an_archive_with_a_link_a_password_or_a_name_twice_is_refused(
    home: Home, contract: Contract
) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(link, "/etc/hostname")
    land(home, ORDERS + "link.zip", target.getvalue())
    secret = bytearray(zipped(**{"a.csv": HEAD}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        secret[secret.index(mark) + offset] |= 1
    land(home, ORDERS + "secret.zip", bytes(secret))
    twice = io.BytesIO()
    with pytest.warns(UserWarning), zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a.csv", HEAD)
        archive.writestr("a.csv", HEAD)
    land(home, ORDERS + "twice.zip", twice.getvalue())
    found = take(home, contract)
    told = {"link.zip": "a link", "secret.zip": "encrypted", "twice.zip": "a name twice"}
    for name, text in told.items():
        assert found[name].status == "refused" and text in found[name].reason


# --- control files ---


@pytest.mark.parametrize(
    ("control", "told"),
    [
        ({"rows": 3}, ""),
        ({"rows": 3, "sums": {"amount": "4.005"}}, ""),
        ({"rows": 4}, "says 4 rows, it has 3"),
        ({"sums": {"amount": "4.01"}}, "says 4.01 for 'amount', it has 4.005"),
        ({"sums": {"status": "1"}}, "a column that is no amount"),
        ({"sums": {"amount": "x"}}, "no amount"),
        ({"rows": -1}, "no whole number"),
        ({"rows": True}, "no whole number"),
        ({"lines": 3}, "must be an object of"),
        ([], "must be an object of"),
        ({"sha256": "0" * 64}, "its SHA-256 is not"),
        ({"sha256": "0"}, "no SHA-256"),
    ],
)
def test_control_files_are_checked(home: Home, contract: Contract, control: Any, told: str) -> None:
    land(home, ORDERS + "a.csv", HEAD + order("o1") + order("o1") + order("o2", amount="2.005"))
    land(home, ORDERS + "a.csv.control.json", json.dumps(control))
    result = take(home, contract)["a.csv"]
    assert result.status == ("refused" if told else "accepted") and told in result.reason
    left = [path for path in home.accepted.glob("*/*/*/*.parquet")]
    assert bool(left) == (not told)


def test_sha256_files_and_lonely_control_files(home: Home, contract: Contract) -> None:
    content = gzip.compress((HEAD + order("o1")).encode())
    land(home, ORDERS + "a.csv.gz", content)
    land(home, ORDERS + "a.csv.gz.sha256", f"{hashlib.sha256(content).hexdigest()}  a.csv.gz\n")
    land(home, ORDERS + "b.csv", HEAD + order("o2"))
    land(home, ORDERS + "b.csv.sha256", f"{'0' * 64}  b.csv\n")
    land(home, ORDERS + "c.csv.control.json", "{}")
    found = take(home, contract)
    assert found["a.csv.gz"].status == "accepted"
    assert found["b.csv"].status == "refused" and "SHA-256" in found["b.csv"].reason
    assert "data file is not here" in found["c.csv.control.json"].reason
    (home.landing / (ORDERS + "b.csv.sha256")).unlink()
    assert take(home, contract)["b.csv"].status == "accepted"


# --- drift ---


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_drift_by_policy(home: Home, contract: Contract, kind: str) -> None:
    record = {
        "consent_id": "k1", "customer_id": "c1", "purpose": "marketing", "action": "grant",
        "happened_at": "2024-01-01 00:00:00", "note": "call 13800138000", "Age": "7",
    }  # fmt: skip
    if kind == "csv":
        text = ",".join(record) + "\n" + ",".join(record.values()) + "\n"
        land(home, "crm/consents/a.csv", text)
    elif kind == "jsonl":
        land(home, "crm/consents/a.jsonl", json.dumps(record) + "\n")
    else:
        path = land(home, "crm/consents/a.parquet", "")
        pq.write_table(pa.table({name: [value] for name, value in record.items()}), path)
    (result,) = take(home, contract).values()
    assert result.status == "refused" and "unknown column" in result.reason
    (result,) = take(home, changed(contract, "crm.consents", drift="ignore")).values()
    assert "does not have, left out: 'age', 'note'" in result.reason
    assert rows(home, contract, "crm.consents", "_extra") == [(None,)]


def test_drift_that_evolves_keeps_the_values(home: Home, contract: Contract) -> None:
    evolving = changed(contract, "crm.consents", drift="evolve")
    head = "consent_id,customer_id,purpose,action,happened_at,Note,age\n"
    line = "{},c1,marketing,grant,2024-01-01 00:00:00,{},{}\n"
    body = line.format("k1", "call 13800138000", "7") + line.format("k2", "", "")
    land(home, "crm/consents/a.csv", head + body)
    (result,) = take(home, evolving).values()
    assert "kept in _extra: 'age', 'note'" in result.reason
    found = [row[0] for row in rows(home, contract, "crm.consents", "_extra")]
    assert json.loads(found[0]) == {"age": "7", "note": "call <phone>"}
    assert found[1] is None


# --- versions and deletions ---


def test_a_late_older_version_is_kept_and_an_equal_one_counts_once(
    home: Home, contract: Contract
) -> None:
    head = "customer_id,city_code,updated_at\n"
    land(home, "crm/customers/a.csv", head + "c1,new,2024-03-01\nc1,old,2024-02-01\n")
    land(home, "crm/customers/b.csv", head + "c1,old,2024-02-01\nc1,older,2024-01-01\n")
    land(home, "crm/customers/c.csv", head + "c1,corrected,2024-03-01\n")
    counts = [(file.rows_accepted, file.rows_duplicate) for file in take(home, contract).values()]
    assert counts == [(2, 0), (1, 1), (1, 0)]


def test_deletions_by_a_column(home: Home, contract: Contract) -> None:
    table = contract.table("crm", "leads")
    gone = Column("is_gone", "boolean")
    deleting = changed(
        contract, "crm.leads", columns=(*table.columns, gone), delete_column="is_gone"
    )
    head = "lead_id,created_at,is_gone\n"
    land(home, "crm/leads/a.csv", head + "l1,2024-01-01,\nl2,2024-01-01,true\n")
    take(home, deleting)
    found = rows(home, deleting, "crm.leads", "lead_id, _is_deleted")
    assert found == [("l1", False), ("l2", True)]


def test_a_snapshot_deletes_what_it_no_longer_has(home: Home, contract: Contract) -> None:
    head = "experiment_id,started_at\n"
    both = head + "e1,2024-01-01\ne2,2024-01-01\n"
    land(home, "crm/experiments/1.csv", both)
    land(home, "crm/experiments/2.csv", head + "e2,2024-01-01\n")
    found = take(home, contract)
    assert "1 rows that the snapshot no longer has" in found["2.csv"].reason
    assert (found["2.csv"].rows_in, found["2.csv"].rows_duplicate) == (1, 1)
    state = "experiment_id, _is_deleted, _load_sequence"
    assert rows(home, contract, "crm.experiments", state) == [
        ("e1", False, 1), ("e2", False, 1), ("e1", True, 2)]  # fmt: skip
    # Back again under a new name; the landed files themselves are not applied anew.
    land(home, "crm/experiments/3.csv", both)
    assert [file.status for file in take(home, contract).values()] == [
        "duplicate", "duplicate", "accepted"]  # fmt: skip
    assert rows(home, contract, "crm.experiments", state)[-1] == ("e1", False, 3)
    assert all(file.status == "duplicate" for file in take(home, contract).values())


@pytest.mark.parametrize("body", ["", "e1,someday\n"])
def test_a_snapshot_that_may_be_incomplete_deletes_nothing(
    home: Home, contract: Contract, body: str
) -> None:
    head = "experiment_id,started_at\n"
    land(home, "crm/experiments/1.csv", head + "e1,2024-01-01\ne2,2024-01-01\n")
    land(home, "crm/experiments/2.csv", head + body)
    assert "nothing is deleted" in take(home, contract)["2.csv"].reason
    assert rows(home, contract, "crm.experiments", "_is_deleted") == [(False,), (False,)]


# --- portions ---


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_portions_change_nothing(
    home: Home, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    names = HEAD.strip().split(",")
    records = [
        f"o{i % 40},c1,2024-01-01 10:00:00,funded,{'x' if i % 7 == 0 else i % 40}.00,CNY,D{i % 40}"
        for i in range(100)
    ] + ["o3,c1,2024-01-01 10:00:00,completed,3.00,CNY,D0"]
    places = []
    for each in (home, Home(tmp_path / "small").create()):
        if kind == "parquet":
            place = land(each, ORDERS + "a.parquet", "")
            columns = zip(*(line.split(",") for line in records), strict=True)
            pq.write_table(pa.table(dict(zip(names, map(list, columns), strict=True))), place)
        elif kind == "jsonl":
            objects = [dict(zip(names, line.split(","), strict=True)) for line in records]
            land(each, ORDERS + "a.jsonl", "\n".join(json.dumps(record) for record in objects))
        else:
            land(each, ORDERS + "a.csv", HEAD + "\n".join(records))
        places.append(each)
    whole = take(places[0], contract)
    monkeypatch.setattr(scan, "PORTION_RECORDS", 7)
    monkeypatch.setattr(scan, "CHUNK_BYTES", 300)
    monkeypatch.setattr(sources, "PORTION_RECORDS", 7)
    parts = take(places[1], contract)
    (one,), (other,) = whole.values(), parts.values()
    assert one == other
    assert one.rows_quarantined and one.rows_duplicate
    assert len(list(places[1].accepted.glob("*/*/2*/*.parquet"))) > 3
    select = "* exclude (_loaded_at)"
    assert rows(places[0], contract, "transaction.orders", select) == rows(
        places[1], contract, "transaction.orders", select
    )
    assert sorted(map(str, quarantined(places[0]))) == sorted(map(str, quarantined(places[1])))


def test_a_refusal_in_a_later_portion_takes_nothing(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PORTION_RECORDS", 3)
    monkeypatch.setattr(scan, "CHUNK_BYTES", 150)
    good = {"consent_id": "k", "customer_id": "c", "purpose": "marketing", "action": "grant",
            "happened_at": "2024-01-01"}  # fmt: skip
    lines = [json.dumps({**good, "consent_id": f"k{i}"}) for i in range(20)]
    lines.append(json.dumps({**good, "consent_id": "k99", "surprise": 1}))
    land(home, "crm/consents/a.jsonl", "\n".join(lines))
    (result,) = take(home, contract).values()
    assert result.status == "refused" and "unknown column 'surprise'" in result.reason
    assert rows(home, contract, "crm.consents", "1") == []
    land(home, "crm/consents/a.jsonl", "\n".join(lines[:-1]))
    assert take(home, contract)["a.jsonl"].rows_accepted == 20


def test_a_file_that_changes_while_it_is_parsed_is_refused(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = land(home, ORDERS + "a.csv", HEAD + order("o1"))
    check_rows = accounts.check_rows

    def grows(*arguments: Any, **options: Any) -> None:
        check_rows(*arguments, **options)
        with path.open("a") as file:
            file.write(order("o2"))

    monkeypatch.setattr(accounts, "check_rows", grows)
    (result,) = take(home, contract).values()
    assert result.status == "refused" and "changed while it was read" in result.reason
    assert rows(home, contract, "transaction.orders", "1") == []
    monkeypatch.undo()
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    assert take(home, contract)["a.csv"].rows_accepted == 2


# --- landed files are read once ---


def test_an_unchanged_file_is_not_read_again(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = land(home, ORDERS + "a.csv", HEAD + order("o1"))
    take(home, contract)
    from finview.ingest import run

    def fail(*_: object) -> None:
        raise AssertionError("was read again")

    with monkeypatch.context() as patch:
        patch.setattr(run, "receive", fail)
        assert take(home, contract)["a.csv"].status == "duplicate"
    # The same size and modification time, but other bytes: the change time tells.
    before = path.stat()
    path.write_text(HEAD + order("o2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert take(home, contract)["a.csv"].rows_accepted == 1


# --- replay ---


def test_mended_rules_move_rows_once(home: Home, contract: Contract) -> None:
    body = [order("o1"), order("o2", amount="2.005"), order("o3", "sent"), order("o4", "sent", "x"),
            "broken\n", order("o1"), order("o2", "funded", "2.00")]  # fmt: skip
    land(home, ORDERS + "a.csv", HEAD + "".join(body))
    first = take(home, contract)["a.csv"]
    assert (first.rows_accepted, first.rows_quarantined, first.rows_duplicate) == (2, 4, 1)
    (nothing,) = replay(home, contract)
    assert (nothing.accepted, nothing.quarantined) == (0, 4)

    table = contract.table("transaction", "orders")
    wider = tuple(
        replace(column, data_type="decimal(18,4)") if column.name == "amount"
        else replace(column, accepted_values=(*column.accepted_values, "sent"))
        if column.name == "status" else column
        for column in table.columns
    )  # fmt: skip
    mended = changed(contract, "transaction.orders", columns=wider)
    (moved,) = replay(home, mended)
    # o2 of the fifth line was accepted in the meantime: another content under its key.
    assert (moved.rows, moved.accepted, moved.quarantined, moved.duplicate) == (4, 1, 3, 0)
    assert [(each.line, each.rule) for each in quarantined(home)] == [
        (3, "repeated_key"), (5, "wrong_type"), (6, "malformed_line")]  # fmt: skip
    found = rows(home, contract, "transaction.orders", "order_id, _source_line, _load_sequence")
    assert sorted(found) == [("o1", 2, 1), ("o2", 8, 1), ("o3", 4, 1)]
    (again,) = replay(home, mended)
    assert (again.accepted, again.quarantined) == (0, 3)
    assert len(rows(home, contract, "transaction.orders", "1")) == 3
    assert take(home, mended)["a.csv"].status == "duplicate"


def test_a_replayed_version_does_not_overtake_a_later_one(home: Home, contract: Contract) -> None:
    land(home, ORDERS + "a.csv", HEAD + order("o1", "sent"))
    land(home, ORDERS + "b.csv", HEAD + order("o1", "completed"))
    take(home, contract)
    table = contract.table("transaction", "orders")
    columns = tuple(
        replace(column, accepted_values=()) if column.name == "status" else column
        for column in table.columns
    )
    (moved,) = replay(home, changed(contract, "transaction.orders", columns=columns))
    assert moved.accepted == 1
    found = rows(home, contract, "transaction.orders", "status, _load_sequence")
    assert found == [("sent", 1), ("completed", 2)]


def test_a_replay_needs_the_landed_file(home: Home, contract: Contract) -> None:
    path = land(home, ORDERS + "a.csv", HEAD + order("o1", "sent"))
    take(home, contract)
    path.write_text(HEAD + order("o9", "sent"))
    (result,) = replay(home, contract)
    assert "another content" in result.problem
    path.unlink()
    (result,) = replay(home, contract)
    assert "no longer in landing" in result.problem
    assert len(list(quarantined(home))) == 1


def test_a_replay_finds_the_file_of_each_of_two_loads_with_one_content(
    home: Home, contract: Contract
) -> None:
    head = "experiment_id,started_at\n"
    for number, body in enumerate(["e1,someday\n", "e2,2024-01-01\n", "e1,someday\n"], 1):
        land(home, f"crm/experiments/{number}.csv", head + body)
        take(home, contract)
    results = replay(home, contract)
    assert [(each.rows, each.quarantined, each.problem) for each in results] == [(1, 1, "")] * 2


def test_a_replay_without_the_table_says_so(home: Home, contract: Contract) -> None:
    land(home, ORDERS + "a.csv", HEAD + order("o1", "sent"))
    take(home, contract)
    left = tuple(table for table in contract.tables if table.name != "orders")
    (result,) = replay(home, replace(contract, tables=left))
    assert result.problem == "the contract no longer has the table"
    assert len(list(quarantined(home))) == 1
