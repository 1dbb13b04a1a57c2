"""Erasure: everything of one person goes, nothing of another, and a crash changes nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from support.privacy import ANNA, BEN, FILES, KEY, everything, family, land, land_family

from finview.audit import AuditChain, BuildRecord
from finview.cli import main
from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.ingest import accepted_glob, ingest
from finview.privacy import erase as erasing
from finview.privacy import files, landing, published
from finview.privacy.suppression import open_list
from finview.publish import open_current, versions
from finview.settings import Home, Settings, project_root

#: What is hashed or cannot be in any file of the home after an erasure.
TRACES = (*ANNA, "un-anna", "wo-anna", "pu-anna", "dev-anna", "u_anna", "Anna Lee")


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(project_root())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:
        _set_key(patch)
        yield family(tmp_path_factory.mktemp("family") / "home", contract)


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    _set_key(monkeypatch)
    shutil.copytree(template.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def _set_key(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FINVIEW_HASH_KEY", KEY)
    for name in ("FINVIEW_HASH_KEY_VERSION", "FINVIEW_HASH_KEY_OLD", "FINVIEW_ENGINE"):
        patch.delenv(name, raising=False)


def traces(home: Home, words: tuple[str, ...] = TRACES) -> set[str]:
    return {
        f"{word} in {path.relative_to(home.root)}"
        for path, content in everything(home)
        for word in words
        if word.encode() in content
    }


def kept(home: Home, contract: Contract) -> dict[str, list[str]]:
    """The accepted rows of every table, without what tells when they were loaded."""
    found = {}
    for table in contract.tables:
        place = accepted_glob(home, table)
        if list((home.accepted / table.source / table.name).glob("*/*.parquet")):
            columns = ", ".join(f'"{column.accepted_name}"' for column in table.columns)
            query = (
                f"select {columns}, _source_line from read_parquet('{place}', union_by_name=true)"
            )
            found[table.full_name] = sorted(map(repr, duckdb.sql(query).fetchall()))
    return found


def call(home: Home, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home.root)], input=text)


def test_the_search_of_these_tests_finds_the_person(home: Home) -> None:
    found = {line.split(" in ")[0] for line in traces(home)}
    assert found == set(TRACES)


def test_erase_takes_all_of_one_person_and_nothing_of_another(
    home: Home, contract: Contract
) -> None:
    before = kept(home, contract)
    reader = open_current(home)
    report = erasing.erase(home, contract, ["c-1"], reason="asked for it")
    assert traces(home) == set()
    after = kept(home, contract)
    gone = {name: len(rows) - len(after[name]) for name, rows in before.items()}
    assert {name: rows for name, rows in gone.items() if rows} == {
        "channel.ad_touches": 2,
        "channel.app_events": 2,
        "channel.community_members": 1,
        "channel.messages": 1,
        "channel.wecom_contacts": 1,
        "crm.customer_devices": 2,
        "crm.customers": 1,
        "crm.tickets": 1,
        "transaction.orders": 1,
        "transaction.repayments": 1,
    }
    assert report.counts["accepted (rows)"] == sum(gone.values())
    assert report.shared == {"device": 1}
    assert all(set(after[name]) <= set(rows) for name, rows in before.items())
    # Ben's files are as they were delivered, but for Anna's number in a text.
    orders = (home.landing / "transaction/orders/o.csv").read_text()
    assert orders.splitlines()[0] == FILES["transaction/orders/o.csv"].splitlines()[0]
    assert orders.splitlines()[1] == ""
    assert orders.splitlines()[2] == FILES["transaction/orders/o.csv"].splitlines()[2]
    assert '"please call <phone>,\nnot me"' in (home.landing / "crm/tickets/t.csv").read_text()
    # A reader that was open reads on.
    assert reader.sql("select count(*) from mart.dim_user").fetchall() == [(2,)]
    reader.close()


def test_every_version_is_valid_and_its_new_hash_is_explained(
    home: Home, contract: Contract
) -> None:
    (before,) = versions(home)
    erasing.erase(home, contract, ["c-1"])
    (after,) = versions(home)
    assert after.problem is None and after.is_current
    assert (after.version, after.rows) == (before.version, before.rows - 4)
    chain = AuditChain(home)
    chain.verify()
    row = next(row for row in chain.read() if row["event"] == "version_erased")["details"]
    assert row["content_hash_before"] == before.content_hash
    assert row["content_hash"] == after.content_hash != before.content_hash
    with open_current(home) as connection:
        assert connection.sql("from mart.dim_user").fetchall() == [("u_ben", True)]
        assert connection.sql("from report.rpt_kpi").fetchall() == [("users", 2)]
        assert connection.sql(
            "select comment from duckdb_tables() where table_name = 'dim_user'"
        ).fetchall() == [("One row per user.",)]
    proof = next(row for row in chain.read() if row["event"] == "erased")["details"]
    assert proof["request_id"] == "erase-0001" and proof["key_version"] == "k1"
    assert proof["list_sha256"] != proof["list_sha256_before"]
    stages = (BuildRecord(home).load() or {})["stages"]
    assert stages["ingest"]["passed"] is False and "candidate" not in stages
    assert not home.warehouse_file.exists() and not (home.candidate / "current").exists()


def test_control_totals_hold_and_files_still_count_as_taken(home: Home, contract: Contract) -> None:
    erasing.erase(home, contract, ["c-1"])
    with open_list(home) as listed:
        erased = listed.erased()
    with closing(sqlite3.connect(home.audit / "ingest.sqlite")) as ledger:
        rows = ledger.execute(
            "select load_sequence, rows_in, rows_accepted, rows_quarantined, rows_duplicate, "
            "source, table_name from files"
        ).fetchall()
    for sequence, rows_in, accepted, quarantined, duplicate, source, table in rows:
        place = f"{home.accepted}/{source}/{table}/**/*.parquet"
        ((there,),) = duckdb.sql(
            f"select count(*) from read_parquet('{place}', union_by_name=true) "
            f"where _load_sequence = {sequence}"
        ).fetchall()
        gone = erased.get(sequence, (0, 0))
        assert accepted == there + gone[0]
        assert rows_in == there + quarantined - gone[1] + duplicate + sum(gone)
    assert erased and all(min(pair) >= 0 for pair in erased.values())
    again = ingest(home, contract, Settings())
    assert {file.status for file in again.files} == {"duplicate"}


def test_a_replay_of_their_files_is_quarantined(home: Home, contract: Contract) -> None:
    erasing.erase(home, contract, ["c-1"])
    before = kept(home, contract)
    shutil.rmtree(home.landing)
    land_family(home)  # as it was first delivered: known contents
    again = ingest(home, contract, Settings())
    assert {file.status for file in again.files} == {"duplicate"}
    for place, content in FILES.items():
        land(
            home,
            place.replace("/", "/again_", 2).replace("/again_", "/", 1),
            f"{content}\n".encode(),
        )
    replay = ingest(home, contract, Settings())
    assert replay.ok and sum(file.rows_accepted for file in replay.files) == 0
    after = kept(home, contract)
    for name in before:
        assert {row for row in after[name] if any(word in row for word in ANNA)} == set(), name
    rules = duckdb.sql(
        f"select distinct rule from read_parquet('{home.quarantine}/*/*/*.parquet') "
        "where column_name is null and rule = 'suppressed'"
    ).fetchall()
    assert rules == [("suppressed",)]
    assert {f for f in traces(home) if " in landing/" not in f} == set()


STEPS = 11


class _Crash(BaseException):
    """What no handler takes for an error of its own."""


@pytest.mark.parametrize("step", range(STEPS))
def test_a_crash_after_any_step_is_mended_by_erasing_again(
    home: Home, contract: Contract, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def crash(name: str) -> None:
        done.append(name)
        if len(done) == step + 1:
            raise _Crash

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "step_done", crash)
        if step < 10:
            with pytest.raises(_Crash):
                erasing.erase(home, contract, ["c-1"])
        else:
            erasing.erase(home, contract, ["c-1"])
            assert len(done) == 10, "a step was added: count it here"
            return
    report = erasing.erase(home, contract)
    assert report.request_ids == (("erase-0001",) if step < 9 else ())
    assert traces(home) == set()
    AuditChain(home).verify()
    assert versions(home)[0].problem is None
    assert any(row["event"] == "erased" for row in AuditChain(home).read())


@pytest.mark.parametrize("number", [1, 9, 14, 20])
def test_a_crash_while_a_file_is_replaced_is_mended_by_erasing_again(
    home: Home, contract: Contract, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def crash(temporary: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) == number:
            raise _Crash
        before(temporary, path)

    before = files.replace_file
    with monkeypatch.context() as patch:
        for module in (files, landing):
            patch.setattr(module, "replace_file", crash)
        with pytest.raises(_Crash):
            erasing.erase(home, contract, ["c-1"])
    erasing.erase(home, contract)
    assert traces(home) == set()
    again = ingest(home, contract, Settings())
    assert {file.status for file in again.files} == {"duplicate"}
    with open_list(home) as listed:
        assert sum(rows for rows, _ in listed.erased().values()) == 13


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_the_swap_of_a_version(
    home: Home, contract: Contract, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(one: Path, other: Path) -> None:
        if when == "after":
            files.exchange(one, other)
        raise _Crash

    with monkeypatch.context() as patch:
        patch.setattr(published, "exchange", crash)
        # A killed process leaves its folder behind.
        patch.setattr(published.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(_Crash):
            erasing.erase(home, contract, ["c-1"])
    erasing.erase(home, contract)
    assert traces(home) == set()
    assert [info.problem for info in versions(home)] == [None]
    assert not list(home.published.glob(".removed-*"))


def test_requests_are_done_once(home: Home, contract: Contract) -> None:
    land(home, "crm/erasure_requests/r.csv", b"request_id,customer_id,requested_at,scope\n"
         b"q-7,c-1,2024-03-01,all\nq-8,c-2,2024-03-01,marketing\n")  # fmt: skip
    ingest(home, contract, Settings())
    done = call(home, "erase", "--requests")
    assert done.exit_code == 0, done.output
    assert traces(home) == set() and not traces(home, BEN[1:2]).isdisjoint(traces(home, BEN))
    proofs = [row for row in AuditChain(home).read() if row["event"] == "erased"]
    assert [row["details"]["request_id"] for row in proofs] == ["q-7"]
    again = call(home, "erase", "--requests")
    assert again.exit_code == 0 and "0 requests" in again.output


def test_who_is_no_customer_is_erased_by_identifier(home: Home, contract: Contract) -> None:
    land(home, "crm/leads/l.csv", b"lead_id,phone,source_channel,created_at\n"
         b"l-1,13666660000,fair,2024-01-01\n")  # fmt: skip
    ingest(home, contract, Settings())
    done = call(home, "erase", "--identifier-file", "-", text="phone,+86 136 6666 0000\n")
    assert done.exit_code == 0, done.output
    assert "13666660000" not in done.output.replace(" ", "")
    assert traces(home, ("13666660000", "l-1,")) == set()
    assert kept(home, contract)["crm.leads"] == []
    other = call(home, "erase", "--identifier-file", "-", text="phone,13711112222\n")
    assert other.exit_code == 1 and "belongs to a customer" in other.output + other.stderr
    wrong = call(home, "erase", "--identifier-file", "-", text="13711112222\n")
    assert wrong.exit_code == 1 and "13711112222" not in wrong.output + wrong.stderr


def test_dry_run_changes_nothing(home: Home, contract: Contract) -> None:
    before = {path: content for path, content in everything(home)}
    done = call(home, "erase", "--customer-id", "c-1", "--dry-run")
    assert done.exit_code == 0 and "crm.customers" in done.output
    after = {path: content for path, content in everything(home)}
    assert {path: text for path, text in after.items() if "lock" not in path.name} == {
        path: text for path, text in before.items() if "lock" not in path.name
    }


def test_release_lets_a_number_in_again(home: Home, contract: Contract) -> None:
    erasing.erase(home, contract, ["c-1"])
    row = b"lead_id,phone,source_channel,created_at\nl-9,13800138000,fair,2024-01-01\n"
    land(home, "crm/leads/new.csv", row)
    result = {f.file: f for f in ingest(home, contract, Settings()).files}
    assert result["crm/leads/new.csv"].rows_quarantined == 1
    done = call(home, "erase", "--release", "--identifier-file", "-", text="phone,13800138000\n")
    assert done.exit_code == 0 and done.output.startswith("1 entries")
    land(home, "crm/leads/newer.csv", row.replace(b"l-9", b"l-10"))
    result = {f.file: f for f in ingest(home, contract, Settings()).files}
    assert result["crm/leads/newer.csv"].rows_accepted == 1
    assert AuditChain(home).read()[-1]["event"] == "suppression_released"


def test_logs_and_the_orchestrators_history(home: Home, contract: Contract) -> None:
    log = home.logs / "note.log"
    log.write_text("failing key: customer_id=c-1, 13800138000\n")
    other = home.logs / "other.log"
    other.write_text("failing key: customer_id=c-2\n")
    events = home.dagster / "storage" / "run.db"
    events.parent.mkdir(parents=True)
    with closing(sqlite3.connect(events)) as database, database:
        database.execute("create table event_logs (id integer, event text)")
        database.execute(
            """insert into event_logs values (1, '{"keys": ["o-anna"]}'), (2, 'xo-anna2')"""
        )
    erasing.erase(home, contract, ["c-1"])
    assert not log.exists() and other.exists()
    with closing(sqlite3.connect(events)) as database:
        assert database.execute("select id from event_logs").fetchall() == [(2,)]
    assert traces(home, ("13800138000", '"o-anna"')) == set()


def test_what_cannot_be_searched_is_named_and_keeps_the_request_open(
    home: Home, contract: Contract
) -> None:
    land(home, "crm/customers/13800138000.xlsx", b"PK")
    told = call(home, "erase", "--customer-id", "c-1")
    assert told.exit_code == 1 and "crm/customers/<phone>.xlsx" in told.stderr
    assert "13800138000" not in told.output + told.stderr and "accepted (rows)" in told.output
    with open_list(home) as listed:
        assert [request.request_id for request in listed.open_requests()] == ["erase-0001"]
    (home.landing / "crm/customers/13800138000.xlsx").unlink()
    erasing.erase(home, contract)
    with open_list(home) as listed:
        assert listed.open_requests() == []


def test_nobody_named_and_no_home(home: Home, contract: Contract, tmp_path: Path) -> None:
    with pytest.raises(FinviewError, match="nobody to erase"):
        erasing.erase(home, contract)
    missing = call(Home(tmp_path / "none"), "erase", "--customer-id", "c-1")
    assert missing.exit_code == 1 and "no home" in missing.stderr
    assert not (tmp_path / "none").exists()


def test_other_encodings_and_line_ends(home: Home, contract: Contract) -> None:
    head, anna, ben = (
        "lead_id,phone,source_channel\r\n",
        "1,13800138000,展\r\n",
        "2,13711112222,展\r\n",
    )
    texts = {"gbk": "gb18030", "utf16": "utf-16", "bom": "utf-8-sig"}
    for name, codec in texts.items():
        land(home, f"crm/leads/{name}.csv", (head + anna + ben).encode(codec))
    land(home, "crm/leads/mac.csv", (head + anna + ben).replace("\r\n", "\r").encode())
    land(home, "elsewhere/notes.txt", b"call 13800138000 or 13711112222")
    land(home, "elsewhere/.gitkeep", b"")
    land(home, "elsewhere/list.tsv", b"phone\tname\n138-0013-8000\tx\n13711112222\ty\n")
    erasing.erase(home, contract, ["c-1"])
    for name, codec in texts.items():
        content = (home.landing / f"crm/leads/{name}.csv").read_bytes()
        assert content == (head + "\r\n" + ben).encode(codec), name
    mac = (home.landing / "crm/leads/mac.csv").read_bytes()
    assert mac == (head + "\r\n" + ben).replace("\r\n", "\r").encode()
    assert b"13800138000" not in (home.landing / "elsewhere/notes.txt").read_bytes()
    content = (home.landing / "elsewhere/list.tsv").read_bytes()
    assert content == b"phone\tname\n\n13711112222\ty\n"


def test_proof_holds_no_personal_data(home: Home, contract: Contract) -> None:
    erasing.erase(home, contract, ["c-1"])
    text = (home.audit / "chain.jsonl").read_text()
    with open_list(home) as listed:
        values = [value for _, value, _ in listed.entries()]
    assert len(values) == 9 and all(value not in text for value in values)
    assert json.loads(text.splitlines()[-1])["event"] == "erased"
