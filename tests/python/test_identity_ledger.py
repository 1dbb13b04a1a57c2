"""The tables that finview keeps about identity, and what a publish adds to them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
import yaml
from support.identity import BRIDGE, SETTINGS, candidate, fill_marts
from support.privacy import land_family
from support.publish import build_and_publish

from finview import importer
from finview.audit import AuditChain, BuildRecord
from finview.cli.build import nothing_delivered
from finview.contract import load_contract
from finview.errors import FinviewError
from finview.identity import state
from finview.ingest.keys import HashKey
from finview.pipeline import step_ingest
from finview.publish import Manifest, publish, versions
from finview.settings import Home, project_root

HERE = Path(__file__).resolve().parent
ISSUED = ("issued", "u_lin", None, "customer", "c-1", None, None)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def bytes_of(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.identity)): path.read_bytes()
        for path in sorted(home.identity.rglob("*"))
        if path.is_file()
    }


def published(home: Home, bridge: Sequence[tuple[str, str, str, bool, bool]] = BRIDGE) -> Manifest:
    fill_marts(home, bridge, [ISSUED])
    candidate(home)
    return publish(home, SETTINGS)


def assignments(home: Home) -> list[tuple[str, str, bool, int]]:
    return [
        (row["identifier_value"], row["user_key"], row["is_anchor"], row["issued_sequence"])
        for row in state.rows(home, "key_assignments")
    ]


def test_tables_are_private_empty_and_as_dbt_reads_them(home: Home) -> None:
    state.create_tables(home)
    path = project_root() / "models/intermediate/identity/_identity__sources.yml"
    (source,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    assert (source["name"], source["schema"]) == (state.SOURCE, "raw_identity")
    told = {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in source["tables"]
    }
    assert told == {name: dict(columns) for name, columns in state.TABLES.items()}
    for table, columns in state.TABLES.items():
        file = home.identity / table / "00000000.parquet"
        found = duckdb.sql(f"describe from read_parquet('{file}')").fetchall()
        assert {row[0]: row[1].lower() for row in found} == dict(columns)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert state.rows(home, table) == []
    assert state.state_hashes(home) == {}
    assert "identity" not in {table.source for table in load_contract(project_root()).tables}


def test_a_table_of_an_earlier_project_gets_its_columns(home: Home) -> None:
    state.create_tables(home)
    file = home.identity / "decisions" / "00000000.parquet"
    before = file.read_bytes()
    duckdb.sql(f"copy (select 'x' as decision_id where false) to '{file}' (format parquet)")
    state.create_tables(home)
    assert file.read_bytes() == before


def test_blocked_identifiers_follow_the_seed_and_the_key(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state.create_tables(home)
    one, other = (HashKey(name, False, name.encode() * 20) for name in ("k1", "k2"))
    state.block(home, one)
    first = {row["identifier_value"] for row in state.rows(home, "blocked_identifiers")}
    again = bytes_of(home)
    state.block(home, one)
    assert bytes_of(home) == again
    state.block(home, other)
    second = {row["identifier_value"] for row in state.rows(home, "blocked_identifiers")}
    assert len(first) == len(second) > 20 and not first & second
    assert all(len(value) == 32 for value in second)
    seed = tmp_path / "seed.csv"
    seed.write_text("identifier_type,identifier_value,note\nphone,+86 138-0000-0000,x\n")
    monkeypatch.setattr(state, "_SEED", seed)
    state.block(home, other)
    (row,) = state.rows(home, "blocked_identifiers")
    with duckdb.connect() as connection:
        state.bind_key(connection, other)
        assert row["identifier_value"] == state.stored_value(connection, "phone", "13800000000")
    seed.write_text("identifier_type,identifier_value,note\nphone,none,x\n")
    with pytest.raises(FinviewError, match="line 2: nothing is left"):
        state.block(home, other)
    seed.write_text("identifier_type,identifier_value,note\nshoe size,44,x\n")
    with pytest.raises(FinviewError, match="no type of identifier"):
        state.block(home, other)


def test_the_first_publish_records_every_primary_row(home: Home) -> None:
    published(home)
    assert sorted(assignments(home)) == sorted(
        (value, user, anchor, 1) for _, value, user, anchor, primary in BRIDGE if primary
    )
    (event,) = state.rows(home, "identity_events")
    assert (event["event_sequence"], event["event_number"]) == (1, 1)
    assert (event["event_kind"], event["user_key"]) == ("issued", "u_lin")
    assert set(state.state_hashes(home)) == {
        "identity/key_assignments/00000001.parquet",
        "identity/identity_events/00000001.parquet",
    }
    recorded = [row for row in AuditChain(home).read() if row["event"] == "user_keys_recorded"]
    assert [row["details"]["assignments"] for row in recorded] == [12]


def test_unchanged_content_adds_nothing(home: Home) -> None:
    first = published(home)
    before = bytes_of(home)
    assert publish(home, SETTINGS) == first
    assert published(home) == first
    assert bytes_of(home) == before


def test_events_of_earlier_builds_are_not_added_again(home: Home) -> None:
    published(home)
    merged = ("merged", "u_zhao", "u_lin", None, None, "same id card", None)
    fill_marts(home, BRIDGE, [(*ISSUED[:6], 1), merged])
    candidate(home)
    publish(home, SETTINGS)
    rows = state.rows(home, "identity_events")
    assert [(row["event_sequence"], row["event_kind"]) for row in rows] == [
        (1, "issued"),
        (2, "merged"),
    ]


def test_without_a_sequence_the_ledger_says_which_events_are_new(home: Home) -> None:
    merged = ("merged", "u_zhao", "u_lin", None, None, "same id card", None)
    for events in ([ISSUED], [ISSUED], [ISSUED, merged, merged]):
        fill_marts(home, BRIDGE, events, with_sequence=False)
        candidate(home)
        publish(home, SETTINGS)
    rows = state.rows(home, "identity_events")
    assert [(row["event_sequence"], row["event_number"], row["event_kind"]) for row in rows] == [
        (1, 1, "issued"),
        (3, 1, "merged"),
        (3, 2, "merged"),
    ]


def test_the_state_is_an_input_of_a_build(home: Home) -> None:
    land_family(home)
    hashes = []
    for number in (1, 2, 2):
        step_ingest(home)
        record = BuildRecord(home).current()
        hashes.append(record["inputs_sha256"])
        named = [name for name in record["input_hashes"] if name.startswith("identity/")]
        assert len(named) == number, named
        if number == 1:
            decision = ("d-1", None, "lin", "cut", "phone", "p", None, None, "x", None, 1)
            state.write(home, "decisions", [decision], 1)
    assert hashes[0] != hashes[1] == hashes[2]


def test_a_home_with_these_tables_only_was_delivered_nothing(home: Home) -> None:
    state.ensure(home)
    assert nothing_delivered(home)
    importer._refuse_other_data(home, "completejourney")
    file = home.accepted / "crm" / "customers" / "2024-01-01" / "1.parquet"
    file.parent.mkdir(parents=True)
    shutil.copyfile(home.identity / "decisions" / "00000000.parquet", file)
    assert not nothing_delivered(home)
    with pytest.raises(FinviewError, match="already holds other data"):
        importer._refuse_other_data(home, "completejourney")


def test_only_what_changed_is_added(home: Home) -> None:
    published(home)
    first = bytes_of(home)
    moved = [
        (kind, value, "u_zhao" if value in ("c-2", "ph-3", "id-2") else user, anchor, primary)
        for kind, value, user, anchor, primary in BRIDGE
    ]
    moved = [row[:3] + (row[3] and row[1] != "c-2", row[4]) for row in moved]
    moved.append(("device", "dev-10", "u_new", True, True))
    published(home, moved)
    assert [row for row in assignments(home) if row[3] == 2] == [
        ("c-2", "u_zhao", False, 2),
        ("dev-10", "u_new", True, 2),
        ("id-2", "u_zhao", False, 2),
        ("ph-3", "u_zhao", False, 2),
    ]
    assert {name: content for name, content in bytes_of(home).items() if name in first} == first
    published(home)  # and back again
    assert [row[:2] for row in assignments(home) if row[3] == 3] == [
        ("c-2", "u_wang"),
        ("id-2", "u_wang"),
        ("ph-3", "u_wang"),
    ]


@pytest.mark.parametrize("place", ["version_renamed", "assignments_written", "events_written",
                                   "before_pointer", "after_pointer"])  # fmt: skip
def test_a_publish_that_is_killed_adds_once(home: Home, tmp_path: Path, place: str) -> None:
    clean = Home(tmp_path / "clean").create()
    published(clean)
    fill_marts(home, BRIDGE, [ISSUED])
    candidate(home)
    script = (
        "import sys; from pathlib import Path; from support.identity import *; "
        "publish(Home(Path(sys.argv[1])), SETTINGS)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home.root)],
        env={
            **os.environ,
            "FINVIEW_FAILPOINT": place,
            "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent.parent}",
        },
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 137, done.stderr.decode()
    if place in ("events_written", "before_pointer"):
        assert bytes_of(home) == bytes_of(clean), "before the pointer moves"
    publish(home, SETTINGS)
    assert bytes_of(home) == bytes_of(clean)
    assert len(versions(home)) == 1
    AuditChain(home).verify()
    recorded = [row for row in AuditChain(home).read() if row["event"] == "user_keys_recorded"]
    # Cut off between the two files, the events are announced once more, and nothing else is.
    assert len(recorded) == (2 if place == "assignments_written" else 1)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (("device", "dev-9", "u_lin", False, True), "more than one primary user"),
        (("device", "dev-8", None, False, True), "no user key"),
        (("device", "dev-8", "u_lin", True, True), "another anchor"),
    ],
)
def test_a_bridge_that_contradicts_itself_is_not_published(
    home: Home, bad: tuple[str, str, str, bool, bool], words: str
) -> None:
    with pytest.raises(FinviewError, match=words):
        published(home, [*BRIDGE, bad])
    assert assignments(home) == []
    assert not (home.published / "current").exists()


def test_an_anchor_once_written_never_changes(home: Home) -> None:
    published(home)
    swapped = [
        (kind, value, "u_other" if value == "dev-9" else user, anchor, primary)
        for kind, value, user, anchor, primary in BRIDGE
    ]
    with pytest.raises(FinviewError, match="another anchor"):
        published(home, swapped)
    moved = [(*row[:3], row[1] == "ph-1" or (row[3] and row[1] != "c-1"), row[4]) for row in BRIDGE]
    with pytest.raises(FinviewError, match="another anchor"):
        published(home, moved)
    assert {row[3] for row in assignments(home)} == {1}


def test_a_ledger_of_a_later_build_is_not_continued(home: Home) -> None:
    state.create_tables(home)
    state.write(home, "key_assignments", [("phone", "p", "u_p", True, 7, None)], 7)
    with pytest.raises(FinviewError, match="ledger of user keys is of build 7"):
        published(home)


def test_marts_without_identity_are_published_as_before(home: Home) -> None:
    build_and_publish(home)
    assert not home.identity.exists()
