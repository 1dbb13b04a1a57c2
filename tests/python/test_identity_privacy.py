"""Erasure and key rotation reach what finview keeps about identity."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from support.privacy import KEY, everything, family

from finview.audit import REQUIRED_STAGES, AuditChain, BuildRecord
from finview.cli import main
from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.identity import state
from finview.identity.decisions import Decision, decisions
from finview.ingest import ingest
from finview.ingest.keys import HashKey, bind_key
from finview.privacy import erase as erasing
from finview.privacy import files, rotation
from finview.publish import build_candidate, open_current, publish
from finview.settings import Home, Settings, project_root

NEW = "another-key-of-no-real-person-0123456789"
K1, K2 = HashKey("k1", False, KEY.encode()), HashKey("k2", False, NEW.encode())
DAY, NOON = date(2025, 6, 30), datetime(2025, 7, 1, 12)
#: Anna is c-1; Ben (c-2) shares the tablet with her. What she has is removed, whatever he has not.
ASSIGNED = (
    ("customer", "c-1", "u_anna", True, 1),
    ("phone", "13800138000", "u_anna", False, 1),
    ("device", "pad-both", "u_anna", False, 1),
    ("customer", "c-2", "u_ben", True, 1),
    ("phone", "13711112222", "u_ben", False, 1),
    # Once taken for Ben's: his key stays, for he himself is left with it.
    ("device", "dev-anna", "u_ben", False, 1),
    ("device", "dev-anna", "u_anna", False, 2),
    # Anna had a key of her own before she registered.
    ("platform_user", "pu-anna", "u_visitor", True, 1),
    ("platform_user", "pu-anna", "u_anna", False, 2),
    ("device", "dev-x", "u_visitor", False, 2),
)
LEFT_ASSIGNED = [ASSIGNED[3], ASSIGNED[4]]
#: kind, user, other user, type, value
EVENTS = (
    ("merged", "u_visitor", "u_anna", None, None),
    ("split", "u_ben", "u_anna", "device", "dev-anna"),
    ("split", "u_ben", None, "device", "dev-anna"),
    ("issued", "u_ben", None, "customer", "c-2"),
    ("issued", "u_ben", None, "device", "pad-both"),
)
LEFT_EVENTS = [EVENTS[3], EVENTS[4]]
DECIDED = (
    ("cut", "customer", "c-2", "phone", "13800138000", None),
    ("undo", "customer", "c-2", "phone", "13800138000", "d-1"),
    ("link", "customer", "c-2", "phone", "13711112222", None),
    ("cut", "customer", "c-1", None, None, None),
)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(project_root())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:
        _set(patch, KEY)
        home = family(tmp_path_factory.mktemp("family") / "home", contract)
        state.ensure(home)
        fill(home)
        yield home


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    _set(monkeypatch, KEY)
    shutil.copytree(template.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def _set(patch: pytest.MonkeyPatch, key: str, version: str = "", old: str = "") -> None:
    for name, value in {"": key, "_VERSION": version, "_OLD": old}.items():
        if value:
            patch.setenv(f"FINVIEW_HASH_KEY{name}", value)
        else:
            patch.delenv(f"FINVIEW_HASH_KEY{name}", raising=False)


def hashed(key: HashKey, kind: str | None, raw: str | None) -> str | None:
    if kind is None or raw is None:
        return None
    with duckdb.connect() as connection:
        bind_key(connection, key)
        return state.stored_value(connection, kind, raw)


def fill(home: Home) -> None:
    """The tables as publishes and people would have written them, hashed with the first key."""
    for sequence in (1, 2):
        rows = [
            (kind, hashed(K1, kind, raw), user, anchor, sequence, DAY)
            for kind, raw, user, anchor, issued in ASSIGNED
            if issued == sequence
        ]
        state.write(home, "key_assignments", rows, sequence)
    told = [
        (2, number, kind, user, other, type_, hashed(K1, type_, raw), DAY, None)
        for number, (kind, user, other, type_, raw) in enumerate(EVENTS, 1)
    ]
    state.write(home, "identity_events", told, 2)
    for number, (action, kind, raw, other, other_raw, undoes) in enumerate(DECIDED, 1):
        row = (f"d-{number}", NOON, "lin", action, kind, hashed(K1, kind, raw), other,
               hashed(K1, other, other_raw), "why", undoes, number)  # fmt: skip
        state.write(home, "decisions", [row], number)
    parameters = ("v1", "hours", 2, "same", "0.9", "0.1", "3.17", "term", None, None, 1)
    state.write(home, "match_parameters", [parameters], 1)


def assigned(home: Home, key: HashKey = K1) -> list[tuple[object, ...]]:
    """The rows of `key_assignments` in the words of `ASSIGNED`."""
    raw = {(kind, hashed(key, kind, value)): value for kind, value, *_ in ASSIGNED}
    found = [
        (
            row["identifier_type"],
            raw[row["identifier_type"], row["identifier_value"]],
            row["user_key"],
            row["is_anchor"],
            row["issued_sequence"],
        )
        for row in state.rows(home, "key_assignments")
    ]
    return sorted(found, key=ASSIGNED.index)


def told(home: Home, key: HashKey = K1) -> list[tuple[object, ...]]:
    """The rows of `identity_events` in the words of `EVENTS`."""
    raw = {(kind, hashed(key, kind, value)): value for _, _, _, kind, value in EVENTS}
    found = [
        (
            row["event_kind"],
            row["user_key"],
            row["other_user_key"],
            row["identifier_type"],
            raw[row["identifier_type"], row["identifier_value"]],
        )
        for row in state.rows(home, "identity_events")
    ]
    return sorted(found, key=EVENTS.index)


def decided(home: Home) -> list[Decision]:
    return decisions(home)


def test_erasure_takes_a_person_and_their_keys_and_nothing_of_another(
    home: Home, contract: Contract
) -> None:
    found = erasing.find(home, contract, ["c-1"], [])
    expected = {"decisions": 3, "identity_events": 3, "key_assignments": 8}
    assert {name: rows for name, rows in found.counts.items() if name.startswith("identity.")} == {
        f"identity.{table}": rows for table, rows in expected.items()
    }
    assert len(assigned(home)) == len(ASSIGNED), "a dry run changes nothing"
    report = erasing.erase(home, contract, ["c-1"])
    assert assigned(home) == LEFT_ASSIGNED
    assert told(home) == LEFT_EVENTS
    assert [decision.decision_id for decision in decided(home)] == ["d-3"]
    assert report.counts["identity decisions and user keys (rows)"] == sum(expected.values())
    assert state.next_sequence(home, "decisions") == 5, "numbers are not used again"
    anna = [hashed(K1, "phone", "13800138000"), hashed(K1, "device", "dev-anna"), "u_anna", "c-1"]
    for path, content in everything(home):
        # Her number is also one of the well-known placeholders.
        if home.identity in path.parents and path.parent.name != "blocked_identifiers":
            assert not any(str(word).encode() in content for word in anna), path


@pytest.mark.parametrize("number", range(1, 9))
def test_a_crash_on_the_way_is_mended_by_erasing_again(
    home: Home, contract: Contract, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    before = files.replace_file

    def crash(temporary: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) == number:
            raise KeyboardInterrupt
        before(temporary, path)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace_file", crash)
        with pytest.raises(KeyboardInterrupt):
            erasing.erase(home, contract, ["c-1"])
    assert home.identity in calls[-1].parents, "the crash was to be among these files"
    erasing.erase(home, contract)
    assert (assigned(home), told(home)) == (LEFT_ASSIGNED, LEFT_EVENTS)
    assert [decision.decision_id for decision in decided(home)] == ["d-3"]


def test_erasure_without_these_tables_is_as_before(home: Home, contract: Contract) -> None:
    shutil.rmtree(home.identity)
    assert erasing.erase(home, contract, ["c-1"]).counts["accepted (rows)"] > 0
    assert not home.identity.exists()


def test_links_and_events_of_a_version_go_with_the_person(home: Home, contract: Contract) -> None:
    phone, tablet = hashed(K1, "phone", "13800138000"), hashed(K1, "device", "pad-both")
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute("create schema mart; create schema report")
        connection.execute("create table report.rpt_kpi as select 1 as value")
        connection.execute(
            "create table mart.bridge_user_identifier as select * from (values "
            "('customer', 'c-1', 'u_anna'), ('customer', 'c-2', 'u_ben')) "
            "t(identifier_type, identifier_value, user_key)"
        )
        connection.execute(
            "create table mart.fct_identity_link as select * from (values "
            "('l-1', 'u_ben', 'device', $1, 'customer', 'c-2'), "
            "('l-2', 'u_ben', 'device', $1, 'customer', 'c-1'), "
            "('l-3', 'u_ben', 'phone', $2, 'customer', 'c-2'), "
            "('l-4', 'u_ben', 'customer', 'c-2', 'phone', $2), "
            "('l-5', 'u_ben', 'customer', 'c-1', null, null)) "
            "t(link_key, user_key, identifier_type, identifier_value, linked_type, linked_value)",
            [tablet, phone],
        )
        connection.execute(
            "create table mart.fct_identity_event as select * from (values "
            "('e-1', 'u_ben', 'u_anna'), ('e-2', 'u_ben', null)) "
            "t(event_key, user_key, other_user_key)"
        )
        connection.execute(
            "create table mart.bridge_user_key_redirect as select * from (values "
            "('u_anna', 'u_ben'), ('u_old', 'u_ben')) t(old_user_key, user_key)"
        )
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES[:-2]:
        build.stage(stage, True, {})
    build_candidate(home, Settings(as_of_date=DAY))
    build.stage("mart_expectations", True, {})
    publish(home, Settings(as_of_date=DAY, keep_versions=1))
    erasing.erase(home, contract, ["c-1"])
    with open_current(home) as connection:
        links = connection.execute("select link_key from mart.fct_identity_link").fetchall()
        events = connection.execute("select event_key from mart.fct_identity_event").fetchall()
        redirects = connection.execute("select old_user_key from mart.bridge_user_key_redirect")
        assert redirects.fetchall() == [("u_old",)]
    assert (links, events) == ([("l-1",)], [("e-2",)])


def test_rotation_carries_hashes_over_and_user_keys_stay(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = ("phone", "0" * 32, "u_gone", True, 3, DAY)
    state.write(home, "key_assignments", [stranger], 3)
    parameters = state.rows(home, "match_parameters")
    blocked = {row["identifier_value"] for row in state.rows(home, "blocked_identifiers")}
    _set(monkeypatch, NEW, "k2", old=KEY)
    done = CliRunner().invoke(main, ["keys", "rotate", "--home", str(home.root)])
    assert done.exit_code == 0, done.output + done.stderr
    assert assigned(home, K2) == list(ASSIGNED), "all of them, under the new key"
    assert told(home, K2) == list(EVENTS)
    assert [
        (
            each.action,
            each.left_type,
            each.left_value,
            each.right_type,
            each.right_value,
            each.undoes_decision_id,
        )
        for each in decided(home)
    ] == [
        (action, kind, hashed(K2, kind, raw), other, hashed(K2, other, other_raw), undoes)
        for action, kind, raw, other, other_raw, undoes in DECIDED
    ]
    assert {each.decided_at for each in decided(home)} == {NOON}
    assert state.rows(home, "match_parameters") == parameters
    now = {row["identifier_value"] for row in state.rows(home, "blocked_identifiers")}
    assert len(now) == len(blocked) and not now & blocked
    row = AuditChain(home).read()[-1]
    assert row["details"]["identity_rows_left_out"] == {
        "decisions": 0,
        "identity_events": 0,
        "key_assignments": 1,
    }
    before = state.state_hashes(home)
    state.ensure(home)
    assert state.state_hashes(home) == before


def test_rotation_after_an_erasure_finds_the_lines_again(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing.erase(home, contract, ["c-1"])
    _set(monkeypatch, NEW, "k2", old=KEY)
    rotation.rotate(home, contract, Settings())
    assert assigned(home, K2) == LEFT_ASSIGNED
    assert told(home, K2) == LEFT_EVENTS


def test_rotation_refuses_hashes_that_do_not_match_one_to_one(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = (home.accepted / "crm/customers").glob("2*/*.parquet")
    anna, ben = (hashed(K1, "phone", raw) for raw in ("13800138000", "13711112222"))
    swapped = duckdb.sql(
        "select * replace (case phone_hash when $1 then $2 when $2 then $1 else phone_hash end "
        f"as phone_hash) from read_parquet('{batch}')",
        params=[anna, ben],
    ).to_arrow_table()
    duckdb.from_arrow(swapped).write_parquet(str(batch))
    before = state.state_hashes(home)
    _set(monkeypatch, NEW, "k2", old=KEY)
    with pytest.raises(FinviewError, match="2 identifiers differ when taken again"):
        rotation.rotate(home, contract, Settings())
    assert state.state_hashes(home) == before


def test_the_files_of_these_tables_are_no_leftovers_of_ingestion(
    home: Home, contract: Contract
) -> None:
    before = state.state_hashes(home)
    ingest(home, contract, Settings())
    assert state.state_hashes(home) == before and len(before) == 9
