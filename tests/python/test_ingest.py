"""Ingestion: rules, keys, control totals, crashes. All data here is made up."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import logging
import os
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.ingest import (
    FileResult,
    accepted_glob,
    ingest,
    input_hashes,
    outputs,
    resolve_as_of,
    run,
)
from finview.ingest.identifiers import cleaned, keyed_hash
from finview.ingest.keys import HashKey, bind_key
from finview.settings import Home, Settings

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"
HEAD = "order_id,customer_id,ordered_at,status,amount,currency_code,device_id\n"
ROW = "o1,c1,2024-01-01 10:00:00,funded,100.50,CNY,Dev-1\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    monkeypatch.delenv("FINVIEW_HASH_KEY_VERSION", raising=False)
    return Home(tmp_path / "it's [home]").create()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


def land(home: Home, place: str, content: str | bytes) -> Path:
    path = home.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(home: Home, contract: Contract) -> FileResult:
    (result,) = ingest(home, contract, Settings()).files
    return result


def rows(home: Home, contract: Contract, table: str, select: str) -> list[tuple[Any, ...]]:
    place = accepted_glob(home, contract.table(*table.split("."))).replace("'", "''")
    return duckdb.sql(
        f"select {select} from read_parquet('{place}', union_by_name=true) "
        "order by _load_sequence, _source_line"
    ).fetchall()


def quarantined(home: Home) -> list[tuple[Any, ...]]:
    found = []
    for path in sorted(home.quarantine.glob("*/*/*.parquet")):
        text = str(path).replace("'", "''")
        found += duckdb.sql(
            "select source_line, column_name, rule, value_class "
            f"from read_parquet('{text}') order by all"
        ).fetchall()
    return found


RULES = [
    ("customer_id", "", "missing_required", "empty"),
    ("order_id", "  ", "missing_required", "empty"),
    ("ordered_at", "yesterday", "wrong_type", "text[9]"),
    ("ordered_at", "2024-02-30", "wrong_type", "date-like"),
    ("ordered_at", "2024-01-01 24:00:00", "wrong_type", "date-like"),
    ("ordered_at", "2999-01-01", "in_future", "date-like"),
    ("status", "sent", "unknown_value", "text[4]"),
    ("currency_code", "cny", "pattern", "text[3]"),
    ("amount", "-0.01", "below_minimum", "number[2 decimals]"),
    ("amount", "1.005", "over_precise", "number[3 decimals]"),
    ("amount", "1.00000000000000001", "over_precise", "number[17 decimals]"),
    ("amount", "1e99", "out_of_range", "number-like"),
    ("amount", "NaN", "out_of_range", "number-like"),
    ("amount", "-inf", "out_of_range", "number-like"),
    ("amount", "12345678901234567", "out_of_range", "digits[17]"),
    ("amount", "1_000", "wrong_type", "text[5]"),
    ("amount", "\"1,000\"", "wrong_type", "text[5]"),
    ("amount", "0x1F", "wrong_type", "text[4]"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "rule", "shape"), RULES)
def test_each_rule_quarantines_with_line_column_and_shape(
    home: Home, contract: Contract, column: str, value: str, rule: str, shape: str
) -> None:
    cells = ROW.strip().replace("o1", "o2").split(",")
    cells[HEAD.strip().split(",").index(column)] = value
    land(home, "transaction/orders/a.csv", HEAD + ROW + "\n" + ",".join(cells) + "\n")
    result = only(home, contract)
    assert (result.rows_in, result.rows_accepted, result.rows_quarantined) == (2, 1, 1)
    assert quarantined(home) == [(4, column, rule, shape)]


def test_values_are_kept_exactly(home: Home, contract: Contract) -> None:
    body = ROW + "o2, c2 ,2024-01-01T10:00:00+08:00,funded,+2.500,CNY,\n"
    body += "o3,c3,2024-01-02,funded,.5,CNY,dev-1 \n"
    land(home, "transaction/orders/a.csv", "\ufeff" + HEAD.upper() + body)
    assert only(home, contract).status == "accepted"
    wanted = "customer_id, ordered_at::varchar, amount, device_id_hash, _source_line"
    found = rows(home, contract, "transaction.orders", wanted)
    digest = hmac.new(KEY.encode(), b"device:dev-1", hashlib.sha256).hexdigest()[:32]
    assert found == [
        ("c1", "2024-01-01 10:00:00", Decimal("100.50"), digest, 2),
        ("c2", "2024-01-01 02:00:00", Decimal("2.50"), None, 3),
        ("c3", "2024-01-02 00:00:00", Decimal("0.50"), digest, 4),
    ]


def test_lines_stay_exact_behind_faults(home: Home, contract: Contract) -> None:
    body = '\r\n"o\n1",c1,2024-01-01,funded,1,CNY,\r\nshort,row\r\n\r\no2,c1,2024-01-01,x"y\n'
    body += "o3,c1,2024-01-01,funded,bad,CNY,\no4,c1,2024-01-01,funded,4,CNY,\n"
    land(home, "transaction/orders/a.csv", HEAD + body)
    result = only(home, contract)
    assert (result.rows_in, result.rows_accepted, result.rows_quarantined) == (5, 2, 3)
    assert rows(home, contract, "transaction.orders", "order_id, _source_line") == [
        ("o\n1", 3), ("o4", 9)]  # fmt: skip
    assert [(line, rule) for line, _, rule, _ in quarantined(home)] == [
        (5, "malformed_line"), (7, "malformed_line"), (8, "wrong_type")]  # fmt: skip


def test_jsonl_follows_the_same_rules(home: Home, contract: Contract) -> None:
    lines = [
        '{"customer_id": 7, "phone": "+86 138-0013-8000", "city_code": {"a": [1]}}', "", "nope",
        "[1]", '{"customer_id": "a", "customer_id": "b"}', '{"customer_id": "x\\u0000"}',
        '{"customer_id": "c9", "gender": "none"}',
    ]  # fmt: skip
    land(home, "crm/customers/a.jsonl.gz", gzip.compress("\n".join(lines).encode()))
    result = only(home, contract)
    assert (result.rows_in, result.rows_accepted, result.rows_quarantined) == (6, 1, 5)
    assert [row[0] for row in quarantined(home)] == [3, 4, 5, 6, 7]
    found = rows(home, contract, "crm.customers", "customer_id, city_code, _source_line")
    assert [(key, json.loads(text), line) for key, text, line in found] == [("7", {"a": [1]}, 1)]


def test_a_json_number_that_readers_round_is_not_accepted(home: Home, contract: Contract) -> None:
    row = {"customer_id": "c", "ordered_at": "2024-01-01", "status": "funded"}
    row |= {"currency_code": "CNY"}
    amounts = ["1234567890123456.78", '"1234567890123456.78"', "12.10"]
    lines = [
        json.dumps({"order_id": str(i), **row})[:-1] + f', "amount": {amount}}}'
        for i, amount in enumerate(amounts)
    ]
    land(home, "transaction/orders/a.jsonl", "\n".join(lines))
    assert only(home, contract).rows_accepted == 2
    assert rows(home, contract, "transaction.orders", "amount::varchar") == [
        ("1234567890123456.78",),
        ("12.10",),
    ]
    assert [line for line, *_ in quarantined(home)] == [1]


def test_parquet_follows_the_same_rules(home: Home, contract: Contract) -> None:
    path = home.landing / "transaction/orders/p.parquet"
    path.parent.mkdir(parents=True)
    place = str(path).replace("'", "''")
    duckdb.sql(
        "copy (select 'o'||i as order_id, 'c' as customer_id, timestamptz '2024-01-01 00:00:00+08'"
        " as ordered_at, 'funded' as status, [1.5, 1.005, 'nan'::double, 1e-5, 1e18][i] as amount,"
        f" 'CNY' as currency_code from range(1, 6) t(i)) to '{place}'"
    )
    result = only(home, contract)
    assert (result.rows_in, result.rows_accepted, result.rows_quarantined) == (5, 1, 4)
    rules = [rule for _, column, rule, _ in quarantined(home) if column == "amount"]
    assert rules == ["over_precise", "out_of_range", "over_precise", "out_of_range"]


REFUSED = [
    ("transaction/orders/a.csv", b"", "empty"),
    ("transaction/orders/a.csv", b"\n\n", "empty"),
    ("transaction/orders/a.csv", HEAD.encode() + b"a\0b", "NUL byte"),
    ("transaction/orders/a.csv", HEAD.replace("amount", "amuont").encode(), "by 'amuont'"),
    ("transaction/orders/a.csv", HEAD.strip().encode() + b",extra\n", "unknown column 'extra'"),
    ("transaction/orders/a.csv", HEAD.strip().encode() + b",Amount\n", "appears twice"),
    ("transaction/orders/a.csv", HEAD.replace(",", ";").encode(), "use commas"),
    ("transaction/orders/a.csv", ROW.encode(), "header missing"),
    ("transaction/orders/a.csv.gz", gzip.compress(HEAD.encode() * 99)[:-12], "truncated"),
    ("transaction/orders/a.csv.gz", b"no gzip", "not a readable gzip"),
    ("transaction/orders/a.csv.gz", gzip.compress(b"x" * (17 << 20)), "compression bomb"),
    ("transaction/orders/a.xlsx", b"PK", "unknown extension"),
    ("transaction/orders/deep/a.csv", HEAD.encode(), "not in the folder"),
    ("transaction/unknown/a.csv", HEAD.encode(), "not in the folder"),
    ("transaction/orders/a.parquet", b"PAR1 broken", "not a readable parquet"),
    ("crm/customers/a.jsonl", b"nope\n", "no line holds"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "content", "reason"), REFUSED)
def test_whole_files_are_refused_with_the_reason(
    home: Home, contract: Contract, place: str, content: bytes, reason: str
) -> None:
    land(home, place, content)
    result = only(home, contract)
    assert result.status == "refused" and reason in result.reason, result.reason
    assert input_hashes(home) == {}
    assert "c1" not in result.reason


def test_header_only_hidden_links_and_hostile_names(home: Home, contract: Contract) -> None:
    land(home, "transaction/orders/only.csv", HEAD)
    land(home, "transaction/orders/.hidden.csv", "x")
    land(home, "transaction/orders/a.csv.part", "x")
    land(home, "transaction/orders/*'; drop [x] \n.csv", HEAD + ROW)
    (home.landing / "transaction/orders/z.csv").symlink_to("/etc/hostname")
    hostile, header, link = ingest(home, contract, Settings()).files
    assert (hostile.status, hostile.rows_accepted) == ("accepted", 1)
    assert (header.status, header.rows_in) == ("accepted", 0)
    assert link.status == "refused"
    assert len(list(home.accepted.glob("*/*/_schema.parquet"))) == len(contract.tables)


def test_append_keys(home: Home, contract: Contract) -> None:
    head = "consent_id,customer_id,purpose,action,happened_at\n"
    row = "{},c1,marketing,{},2024-01-01 00:00:00\n"
    body = [row.format("k1", "grant"), row.format("k1", "grant"), row.format("k1", "withdraw")]
    land(home, "crm/consents/a.csv", head + "".join(body))
    result = only(home, contract)
    assert (result.rows_accepted, result.rows_duplicate, result.rows_quarantined) == (1, 1, 1)
    land(home, "crm/consents/b.csv", head + body[2] + body[0] + row.format("k2", "grant"))
    result = ingest(home, contract, Settings()).files[1]
    assert (result.rows_accepted, result.rows_duplicate, result.rows_quarantined) == (1, 1, 1)
    assert quarantined(home) == [
        (4, "consent_id", "repeated_key", "key"),
        (2, "consent_id", "key_conflict", "key"),
    ]


def test_upsert_versions(home: Home, contract: Contract) -> None:
    changed = ROW.replace("funded", "completed")
    land(home, "transaction/orders/a.csv", HEAD + ROW)
    land(home, "transaction/orders/b.csv", HEAD + changed + ROW + changed)
    land(home, "transaction/orders/c.csv", HEAD + changed.replace("Dev-1", "DEV-1"))
    land(home, "transaction/orders/d.csv", HEAD + ROW + "\n")
    counts = [
        (file.rows_accepted, file.rows_duplicate, file.rows_quarantined)
        for file in ingest(home, contract, Settings()).files
    ]
    assert counts == [(1, 0, 0), (1, 1, 1), (0, 1, 0), (1, 0, 0)]
    found = rows(home, contract, "transaction.orders", "status, _load_sequence")
    assert found == [("funded", 1), ("completed", 2), ("funded", 4)]


def test_same_content_is_taken_once(home: Home, contract: Contract) -> None:
    land(
        home,
        "transaction/orders/a.csv",
        HEAD + ROW + ROW.replace("o1", "o2").replace("100.50", "x"),
    )
    first = only(home, contract)
    before = sorted(home.root.glob("[aq]*/**/*.parquet"))
    content = (home.landing / "transaction/orders/a.csv").read_bytes()
    land(home, "transaction/orders/b.csv.gz", gzip.compress(content))
    again = ingest(home, contract, Settings())
    assert [file.status for file in again.files] == ["duplicate", "duplicate"]
    assert again.ok and all(file.rows_duplicate == first.rows_in == 2 for file in again.files)
    assert again.files[0].amounts["amount"]["duplicate"] == "100.50"
    assert sorted(home.root.glob("[aq]*/**/*.parquet")) == before
    assert list(input_hashes(home)) == ["transaction/orders/a.csv"]


def test_amounts_add_up_and_a_lost_row_stops_the_run(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = ROW + ROW + ROW.replace("o1", "o2").replace("100.50", "1.005")
    land(home, "transaction/orders/a.csv", HEAD + body + ROW.replace("100.50", "oops"))
    original = outputs.accepted_select
    monkeypatch.setattr(outputs, "accepted_select", lambda *of: original(*of) + " and line > 9")
    with pytest.raises(FinviewError, match=r"do not add up: 1 rows and .*100\.50"):
        ingest(home, contract, Settings())
    assert input_hashes(home) == {}
    monkeypatch.undo()
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    report = ingest(home, contract, Settings())
    assert report.ok and report.tables[0].amounts["amount"] == {
        "in": "202.005", "accepted": "100.50", "quarantined": "1.005", "duplicate": "100.50",
        "residual": "0.00", "unparseable": "1"}  # fmt: skip
    assert json.loads((home.audit / "ingest_latest.json").read_text())["ok"] is True


@pytest.mark.parametrize("step", ["count_batch", "commit"])
def test_a_crash_between_leaves_nothing_behind(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    land(home, "transaction/orders/a.csv", HEAD + ROW + "x\n")
    child = os.fork()
    if child == 0:
        target: Any = outputs if step == "count_batch" else run.Ledger
        setattr(target, step, lambda *_: os.kill(os.getpid(), 9))
        ingest(home, contract, Settings())
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 9
    assert len(list(home.quarantine.glob("**/*.parquet"))) == 1
    foreign = home.accepted / "transaction/orders/other.parquet"
    foreign.write_bytes(b"")
    for folder in (home.landing / "transaction").rglob("*.csv"):
        folder.unlink()
    ingest(home, contract, Settings())
    assert not list(home.quarantine.glob("**/*.parquet"))
    assert list((home.accepted / "transaction/orders").glob("2*/*")) == []
    assert foreign.exists()


def test_a_lost_ledger_or_batch_is_noticed(home: Home, contract: Contract) -> None:
    land(home, "transaction/orders/a.csv", HEAD + ROW)
    only(home, contract)
    ledger = (home.audit / "ingest.sqlite").read_bytes()
    (home.audit / "ingest.sqlite").unlink()
    with pytest.raises(FinviewError, match="ledger .* is gone"):
        ingest(home, contract, Settings())
    (home.audit / "ingest.sqlite").write_bytes(ledger)
    next((home.accepted / "transaction/orders").glob("2*/*")).unlink()
    with pytest.raises(FinviewError, match="names a batch that is gone"):
        ingest(home, contract, Settings())


def test_one_ingestion_at_a_time(home: Home, contract: Contract) -> None:
    from finview.durable import locked

    with (
        locked(home.audit / "ingest.lock", wait=False),
        pytest.raises(FinviewError, match="another ingestion"),
    ):
        ingest(home, contract, Settings())


def test_hash_key_fails_closed(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(home, contract, Settings())
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY.upper())
    with pytest.raises(FinviewError, match="differs"):
        ingest(home, contract, Settings())
    monkeypatch.setenv("FINVIEW_HASH_KEY_VERSION", "k2")
    ingest(home, contract, Settings())
    monkeypatch.setenv("FINVIEW_HASH_KEY", "short")
    with pytest.raises(FinviewError, match="shorter than 32"):
        ingest(home, contract, Settings())
    monkeypatch.delenv("FINVIEW_HASH_KEY")
    with pytest.raises(FinviewError, match="not set"):
        ingest(home, contract, Settings())


def test_sample_key_is_private_and_warned_of(
    home: Home,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("FINVIEW_HASH_KEY")
    with caplog.at_level(logging.WARNING):
        report = ingest(home, contract, Settings())
    path = home.keys / "sample.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(path.read_text()) == 64
    assert "SAMPLE key" in caplog.text and "SAMPLE key" in report.warnings[0]
    assert path.read_text() not in caplog.text + str(report)
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    with pytest.raises(FinviewError, match="differs"):
        ingest(home, contract, Settings())


@pytest.mark.parametrize("secret", [b"k" * 32, b"\x00\xff" * 40])
@pytest.mark.parametrize(
    ("pii", "value", "message"),
    [
        ("phone", "+86 138-0013-8000", "phone:13800138000"),
        ("phone", "008613800138000", "phone:13800138000"),
        ("phone", "86123", "phone:86123"),
        ("id_card", " 11010519491231002x ", "id_card:11010519491231002X"),
        ("email", " A@B.cn", "email:a@b.cn"),
        ("name", " 张三 ", "name:张三"),
        ("device", "AB-1 ", "device:ab-1"),
        ("platform_user", "OpenID", "platform_user:openid"),
    ],
)
def test_sql_hash_equals_hmac(secret: bytes, pii: str, value: str, message: str) -> None:
    with duckdb.connect() as connection:
        bind_key(connection, HashKey("k1", False, secret))
        query = f"select {keyed_hash(pii, 'v')} from (select $1::varchar as v)"
        ((found,),) = connection.execute(query, [value]).fetchall()
        ((empty,),) = connection.execute(query, ["" if pii != "phone" else "n/a"]).fetchall()
    assert found == hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()[:32]
    assert empty is None


def test_text_and_addresses_are_cleaned() -> None:
    text = "call 13800138000,13900139000 id 11010519491231002X mail a.b@c.com.cn"
    address = "https://x.cn/13800138000/p?phone=13800138000#a@b.cn"
    query = f"select {cleaned('text', '$1')}, {cleaned('url', '$2')}"
    assert duckdb.execute(query, [text, address]).fetchall() == [
        ("call <phone>,<phone> id <id_card> mail <email>", "https://x.cn/<phone>/p")
    ]


def test_no_raw_identifier_outside_landing(home: Home, contract: Contract) -> None:
    canary = "13912345678"
    head = "customer_id,phone,id_card,email,name,gender\n"
    row = f"c1,{canary},11010519491231002X,canary@x.cn,Canary Name,none\n"
    good = row.replace("none", "male").replace("c1", "c2")
    land(home, "crm/customers/a.csv", head + row + good + f"c3,{canary}\n")
    land(home, "crm/customers/b.csv", good)
    ingest(home, contract, Settings())
    for path in home.root.rglob("*"):
        if path.is_file() and home.landing not in path.parents:
            content = path.read_bytes()
            if path.suffix == ".parquet":
                place = str(path).replace("'", "''")
                content += str(
                    duckdb.sql(f"select * from read_parquet('{place}')").fetchall()
                ).encode()
            for secret in (canary, "11010519491231002X", "canary@x.cn", "Canary Name", KEY):
                assert secret.encode() not in content, path
    private = [
        p for p in (home.accepted, home.quarantine, home.audit) for p in p.rglob("*.parquet")
    ]
    assert private and all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in private)


def test_as_of_is_the_last_business_day(home: Home, contract: Contract) -> None:
    with pytest.raises(FinviewError, match="reaches to"):
        resolve_as_of(home, contract, Settings())
    land(home, "transaction/orders/a.csv", HEAD + ROW.replace("10:00:00", "16:00:00"))
    ingest(home, contract, Settings())
    assert resolve_as_of(home, contract, Settings()) == date(2024, 1, 2)
    assert resolve_as_of(home, contract, Settings(as_of_date=date(2020, 2, 29))) == date(
        2020, 2, 29
    )


def test_masked_identifiers_join_nobody(home: Home, contract: Contract) -> None:
    """What is left of two masked numbers may be equal: it must not become a key."""
    body = "customer_id,phone,email\nc1,13800001234,a@example.com\nc2,138****1234,b@example.com\n"
    land(home, "crm/customers/a.csv", body + "c3,13900001234,c***@example.com\n")
    result = only(home, contract)
    assert (result.rows_accepted, result.rows_quarantined) == (1, 2)
    assert [row[:3] for row in quarantined(home)] == [
        (3, "phone", "pattern"),
        (4, "email", "pattern"),
    ]
