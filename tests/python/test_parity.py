"""The comparison of two engines: every kind of difference is found, and none is invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from finview import parity
from finview.parity import ParityReport, compare
from finview.settings import Home

TABLE = (
    "create table mart.users as select * from (values "
    "('a', cast(1.10 as decimal(18,2)), null, timestamp '2025-01-01 00:00:00.5'), "
    "('b', cast(2.20 as decimal(18,2)), date '2025-01-31', null), "
    "('b', cast(2.20 as decimal(18,2)), date '2025-01-31', null)"
    ") as rows (user_key, amount, day, moment)"
)


def made(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema mart; create schema report")
        for statement in (TABLE, *statements):
            connection.execute(statement)
    return path


def test_equal_tables_have_no_differing_row(tmp_path: Path) -> None:
    shuffled = "create or replace table mart.users as from mart.users order by all desc"
    tables = compare(made(tmp_path / "a.duckdb"), made(tmp_path / "b.duckdb", shuffled))
    assert [(table.name, table.rows, table.differing) for table in tables] == [
        ("mart.users", (3, 3), 0)
    ]
    assert tables[0].is_equal


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ("update mart.users set amount = 1.11 where user_key = 'a'", 2),
        ("update mart.users set day = null where user_key = 'b'", 4),
        ("update mart.users set moment = moment + interval 1 microsecond", 2),
        ("update mart.users set user_key = 'A' where user_key = 'a'", 2),
        ("insert into mart.users from mart.users where user_key = 'a'", 1),
        ("delete from mart.users where user_key = 'a'", 1),
    ],
)
def test_a_planted_difference_is_found(tmp_path: Path, change: str, differing: int) -> None:
    tables = compare(made(tmp_path / "a.duckdb"), made(tmp_path / "b.duckdb", change))
    assert [table.differing for table in tables] == [differing]
    assert not tables[0].is_equal


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter table mart.users alter amount type decimal(18,3)", "amount: DECIMAL(18,2) / D"),
        ("alter table mart.users add column more integer", "more: missing / INTEGER"),
        ("drop table mart.users", "missing on Spark"),
        (
            "create or replace table mart.users as select amount, user_key, day, moment "
            "from mart.users",
            "order of the columns",
        ),
    ],
)
def test_another_shape_is_found(tmp_path: Path, change: str, told: str) -> None:
    tables = compare(made(tmp_path / "a.duckdb"), made(tmp_path / "b.duckdb", change))
    assert not tables[0].is_equal
    assert told in " ".join(tables[0].type_differences)


def test_a_report_is_equal_only_if_everything_was_compared_and_nothing_differs(
    tmp_path: Path,
) -> None:
    good = compare(made(tmp_path / "a.duckdb"), made(tmp_path / "b.duckdb"))
    day, fine = date(2025, 6, 30), {"dbt tests": (3, ())}

    def report(tables: object, outcomes: object) -> ParityReport:
        return ParityReport(day, tables, outcomes, {"duckdb": 1.0}, 0)  # type: ignore[arg-type]

    assert report(good, fine).is_equal
    assert report(good, fine).summary()[-1] == "the engines agree"
    assert not report([], fine).is_equal
    assert not report(good, {"dbt tests": (0, ())}).is_equal
    red = report(good, {"dbt tests": (3, ("test.a (pass / fail)",))})
    assert not red.is_equal and red.summary()[-1] == "THE ENGINES DIFFER"


@pytest.mark.parametrize(("quick", "builds"), [(False, 2), (True, 1)])
def test_quick_means_one_build_and_no_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: bool, builds: int
) -> None:
    calls: list[tuple[str, ...]] = []

    def dbt(_: Home, __: date | None, *arguments: str) -> dict[str, str]:
        calls.append(arguments)
        return {"model.a": "success"} | ({} if "test" in arguments else {"test.a": "pass"})

    monkeypatch.setattr(parity, "_dbt", dbt)
    outcomes = parity._build(Home(tmp_path), "spark", date(2025, 6, 30), quick=quick)
    assert len(calls) == builds and outcomes == ({} if quick else {"test.a": "pass"})
    assert ("--full-refresh" in calls[-1]) == quick
