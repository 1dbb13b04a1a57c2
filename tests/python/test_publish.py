"""Candidate, publish, rollback: what is served is complete, recorded and no older."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from support.publish import (
    BUILT,
    DAY,
    SETTINGS,
    build_and_publish,
    fill_warehouse,
    green_build,
    served_marks,
)

from finview.audit import REQUIRED_STAGES, AuditChain, BuildRecord
from finview.durable import locked
from finview.errors import FinviewError
from finview.publish import (
    Manifest,
    build_candidate,
    candidate_file,
    current_folder,
    open_current,
    publish,
    rollback,
    versions,
)
from finview.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def events(home: Home) -> list[str]:
    return [row["event"] for row in AuditChain(home).read()]


def test_candidate_holds_tables_and_views_sorted(home: Home) -> None:
    manifest = green_build(home, order="desc")
    assert set(manifest.tables) == {"dim_user", "fct_empty", "rpt_users"}
    assert manifest.tables["dim_user"].rows == 200
    assert manifest.tables["fct_empty"].rows == 0
    assert manifest.tables["dim_user"].columns[2] == ("revenue_amount", "DECIMAL(18,2)")
    file = candidate_file(home)
    assert sorted(path.name for path in file.parent.rglob("*")) == sorted(
        ["manifest.json", "marts.duckdb", "tables"]
        + [f"{name}.parquet" for name in manifest.tables]
    )
    with duckdb.connect(str(file), read_only=True) as connection:
        keys = [row[0] for row in connection.execute("from marts.mart.dim_user").fetchall()]
        comments = connection.execute(
            "select comment from duckdb_columns() where column_name = 'city_code'"
            " and table_name = 'dim_user'"
        ).fetchall()
        exported = connection.execute(
            f"select user_key from read_parquet('{file.parent}/tables/dim_user.parquet')"
        ).fetchall()
    assert keys == sorted(keys) == [row[0] for row in exported]
    assert comments == [("City of residence.",)]


def test_files_are_private(home: Home) -> None:
    build_and_publish(home)
    for path in [*home.published.rglob("*"), *home.candidate.rglob("*")]:
        if not path.is_symlink():
            expected = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_hash_ignores_row_order_and_sees_each_value(tmp_path: Path) -> None:
    hashes = []
    parquet = []
    for number, (mark, order) in enumerate([(1, "asc"), (1, "desc"), (2, "asc")]):
        manifest = green_build(Home(tmp_path / str(number)).create(), mark, order=order)
        hashes.append(manifest.content_hash)
        parquet.append(manifest.tables["dim_user"].parquet_sha256)
    assert hashes[0] == hashes[1] != hashes[2]
    assert parquet[0] == parquet[1] != parquet[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 'ab' as a, 'c' as b", "select 'a' as a, 'bc' as b"),
        ("select null::varchar as a", "select '~' as a"),
        ("select null::varchar as a", "select '' as a"),
        ("select 1 as a", "select 1::bigint as a"),
        ("select 1 as a", "select 1 as b"),
        ("select 1 as a", "select 1 as a union all select 1"),
    ],
)
def test_hash_tells_apart(home: Home, one: str, other: str) -> None:
    hashes = set()
    for query in (one, other):
        home.warehouse_file.unlink(missing_ok=True)
        with duckdb.connect(str(home.warehouse_file)) as connection:
            connection.execute(f"create schema mart; create table mart.fct_a as {query}")
        BuildRecord(home).start(DAY, {}, "test")
        hashes.add(build_candidate(home, SETTINGS).content_hash)
    assert len(hashes) == 2


def test_publish_serves_and_audits(home: Home) -> None:
    manifest = build_and_publish(home)
    assert os.readlink(home.published / "current") == manifest.version
    assert manifest.version.startswith("2025-06-30-0001-")
    assert served_marks(current_folder(home) / "marts.duckdb") == {1}
    assert Manifest.load(current_folder(home)) == manifest
    assert set(manifest.checks) == set(REQUIRED_STAGES)
    row = AuditChain(home).read()[-1]
    assert row["event"] == "published"
    assert row["details"]["rows"] == {"dim_user": 200, "fct_empty": 0, "rpt_users": 6}
    AuditChain(home).verify()


@pytest.mark.parametrize("stage", REQUIRED_STAGES)
@pytest.mark.parametrize("red", [True, False], ids=["red", "skipped"])
def test_red_or_skipped_stage_is_not_published(home: Home, stage: str, red: bool) -> None:
    served = build_and_publish(home)
    fill_warehouse(home, mark=2)
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for name in REQUIRED_STAGES:
        if name == "candidate" and name != stage:
            build_candidate(home, SETTINGS)
        elif name != stage or red:
            build.stage(name, name != stage, {})
    with pytest.raises(FinviewError, match=f"stage '{stage}'"):
        publish(home, SETTINGS)
    assert current_folder(home).name == served.version


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("marts.duckdb", _truncate, "another size"),
        ("marts.duckdb", _flip, "other bytes"),
        ("marts.duckdb", Path.unlink, "lacks marts.duckdb"),
        ("marts.duckdb.wal", lambda path: path.write_bytes(b""), "leftover write-ahead log"),
        ("tables/dim_user.parquet", _flip, "other bytes"),
        ("tables/dim_user.parquet", _append, "another size"),
        ("tables/extra.parquet", lambda path: path.write_bytes(b"x"), "unexpected file"),
        ("manifest.json", _truncate, "manifest.json"),
        ("manifest.json", Path.unlink, "no manifest.json"),
        (
            "manifest.json",
            lambda path: path.write_text(path.read_text().replace('"rows": 200', '"rows": 201')),
            "not the one recorded",
        ),
    ],
)
def test_damaged_candidate_is_refused(
    home: Home, name: str, damage: Callable[[Path], object], message: str
) -> None:
    served = build_and_publish(home)
    green_build(home, mark=2)
    damage(candidate_file(home).parent / name)
    with pytest.raises(FinviewError, match=message):
        publish(home, SETTINGS)
    assert current_folder(home).name == served.version
    assert [info.version for info in versions(home)] == [served.version]


def test_candidate_changed_by_an_open_writer_is_refused(home: Home) -> None:
    build_and_publish(home)
    green_build(home, mark=2)
    with duckdb.connect(str(candidate_file(home))) as connection:
        connection.execute("delete from marts.mart.dim_user where user_key = 'u1'")
    with pytest.raises(FinviewError, match="other bytes|another size"):
        publish(home, SETTINGS)


def test_candidate_of_an_earlier_build_is_refused(home: Home) -> None:
    green_build(home)
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES:
        build.stage(stage, True, {})
    with pytest.raises(FinviewError, match="candidate is of build"):
        publish(home, SETTINGS)


def test_older_build_that_ends_later_is_refused(home: Home) -> None:
    newer = build_and_publish(home, 2, DAY + timedelta(days=1))
    green_build(home, 1, DAY)
    with pytest.raises(FinviewError, match="is older"):
        publish(home, SETTINGS)
    assert current_folder(home).name == newer.version
    forced = publish(home, SETTINGS, force=True)
    assert current_folder(home).name == forced.version
    assert AuditChain(home).read()[-1]["details"]["forced"] is True


def test_same_content_makes_no_new_version(home: Home) -> None:
    first = build_and_publish(home)
    again = build_and_publish(home)
    assert again == first
    assert len(versions(home)) == 1
    assert events(home)[-1] == "publish_unchanged"
    next_day = build_and_publish(home, day=DAY + timedelta(days=1))
    assert next_day.content_hash == first.content_hash
    assert current_folder(home).name == next_day.version


def test_same_content_mends_a_damaged_version(home: Home) -> None:
    first = green_build(home)
    publish(home, SETTINGS)
    _flip(current_folder(home) / "marts.duckdb")
    second = publish(home, SETTINGS)
    assert second.version == f"{first.version}-r2"
    assert served_marks(current_folder(home) / "marts.duckdb") == {1}


def test_two_publishers_one_wins(home: Home) -> None:
    green_build(home)
    with (
        locked(home.published / ".lock", wait=False),
        pytest.raises(FinviewError, match="another publish is running"),
    ):
        publish(home, SETTINGS)
    publish(home, SETTINGS)
    with (
        locked(home.published / ".lock", wait=False),
        pytest.raises(FinviewError, match="another publish is running"),
    ):
        rollback(home)


def test_tampered_audit_chain_stops_publish(home: Home) -> None:
    green_build(home)
    chain = AuditChain(home).path
    chain.write_text(chain.read_text().replace('"rows":200', '"rows":201', 1))
    with pytest.raises(FinviewError, match="audit chain broken: line 2"):
        publish(home, SETTINGS)


def test_old_versions_go_but_never_the_two_last_served(home: Home) -> None:
    settings = replace(SETTINGS, keep_versions=1)
    names = []
    for mark in range(4):
        green_build(home, mark)
        names.append(publish(home, settings).version)
    assert [info.version for info in versions(home)] == [names[3], names[2]]
    assert AuditChain(home).read()[-1]["details"]["removed"] == [names[1]]


def test_rollback(home: Home) -> None:
    names = [build_and_publish(home, mark).version for mark in (1, 2, 3)]
    assert rollback(home).version == names[1]
    assert rollback(home).version == names[0]
    assert served_marks(current_folder(home) / "marts.duckdb") == {1}
    with pytest.raises(FinviewError, match="no older version"):
        rollback(home)
    back = rollback(home, names[2])
    assert back.is_current
    assert events(home)[-2:] == ["rollback_started", "rolled_back"]
    with pytest.raises(FinviewError, match="no published version '../../etc'"):
        rollback(home, "../../etc")
    _flip(home.published / names[0] / "tables" / "dim_user.parquet")
    with pytest.raises(FinviewError, match="other bytes"):
        rollback(home, names[0])
    assert current_folder(home).name == names[2]
    (home.published / names[0] / "marts.duckdb").unlink()
    assert "lacks" in str(versions(home)[-1].problem)


def test_nothing_published_yet(home: Home) -> None:
    assert versions(home) == []
    for action in (rollback, open_current, current_folder):
        with pytest.raises(FinviewError, match="nothing is published"):
            action(home)


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        (
            "create table mart.fct_a as select 1 a; create table report.fct_a as select 1 a",
            "is in",
        ),
        ('create table mart."../evil" as select 1 a', "cannot be a file name"),
        ("select 1", "nothing in mart or report"),
    ],
)
def test_unpublishable_warehouse_is_refused(home: Home, setup: str, message: str) -> None:
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute(f"create schema mart; create schema report; {setup}")
    BuildRecord(home).start(DAY, {}, "test")
    with pytest.raises(FinviewError, match=message):
        build_candidate(home, SETTINGS)
    stage = BuildRecord(home).current()["stages"]["candidate"]
    assert stage["passed"] is False
    assert list(home.candidate.glob(".making-*")) == []


def test_warehouse_absent_or_interrupted(home: Home) -> None:
    BuildRecord(home).start(DAY, {}, "test")
    with pytest.raises(FinviewError, match="no warehouse"):
        build_candidate(home, SETTINGS)
    fill_warehouse(home)
    home.warehouse_file.with_name("finview.duckdb.wal").write_bytes(b"")
    with pytest.raises(FinviewError, match="write-ahead log"):
        build_candidate(home, SETTINGS)


def test_candidate_needs_a_build(home: Home) -> None:
    fill_warehouse(home)
    with pytest.raises(FinviewError, match="no build"):
        build_candidate(home, SETTINGS)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('/etc/*')",
        "attach '{file}' as other",
        "attach '{folder}/new.duckdb' as other",
        "copy mart.dim_user to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '1GB'",
        "reset lock_configuration",
        "insert into mart.dim_user select * from mart.dim_user",
        "drop table mart.dim_user",
        "create table marts.mine as select 1 as a",
    ],
)
def test_reader_is_locked_down(home: Home, tmp_path: Path, statement: str) -> None:
    build_and_publish(home)
    file = current_folder(home) / "marts.duckdb"
    with open_current(home) as connection:
        assert connection.execute("select count(*) from mart.dim_user").fetchone() == (200,)
        assert connection.execute("select sum(user_count) from report.rpt_users").fetchone()
        with pytest.raises(duckdb.Error):
            connection.execute(statement.format(file=file, folder=tmp_path)).fetchall()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_stage_list_is_complete() -> None:
    assert (*BUILT, "candidate", "mart_expectations") == REQUIRED_STAGES
    assert date(2025, 6, 30) == DAY
