"""A small home whose fake warehouse can be built and published without dbt."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from finview.audit import REQUIRED_STAGES, BuildRecord
from finview.publish import Manifest, build_candidate, publish
from finview.settings import Home, Settings

DAY = date(2025, 6, 30)
SETTINGS = Settings(as_of_date=DAY)
BUILT = REQUIRED_STAGES[:-2]


def fill_warehouse(home: Home, mark: int = 1, rows: int = 200, order: str = "asc") -> None:
    """Tables and a view in `mart` and `report`; every row carries `mark`."""
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        for schema in ("staging", "mart", "report"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            f"""create table staging.stg_numbers as
            select range as number from range({rows}) order by 1 {order}"""
        )
        connection.execute(
            f"""create table mart.dim_user as
            select
                'u' || number as user_key,
                case when number % 7 = 0 then null else 'city ''' || number % 5 end as city_code,
                (number / 100)::decimal(18, 2) as revenue_amount,
                {mark} as mark
            from staging.stg_numbers"""
        )
        connection.execute("comment on table mart.dim_user is 'One row per user''s key.'")
        connection.execute("comment on column mart.dim_user.city_code is 'City of residence.'")
        connection.execute(f"create table mart.fct_empty (day date, mark int default {mark})")
        connection.execute(
            "create view report.rpt_users as"
            f" select city_code, count(*) as user_count, {mark} as mark"
            " from finview.mart.dim_user group by all"
        )


def green_build(home: Home, mark: int = 1, day: date = DAY, **warehouse: int | str) -> Manifest:
    """A build with every stage green and a candidate ready to be published."""
    fill_warehouse(home, mark, **warehouse)  # type: ignore[arg-type]
    build = BuildRecord(home)
    build.start(day, {"crm/customers.csv": "ab" * 32}, "test")
    for stage in BUILT:
        build.stage(stage, True, {"rows": 200})
    manifest = build_candidate(home, SETTINGS)
    build.stage("mart_expectations", True, {"evaluated": 3})
    return manifest


def build_and_publish(home: Home, mark: int = 1, day: date = DAY) -> Manifest:
    green_build(home, mark, day)
    return publish(home, SETTINGS)


def served_marks(file: Path) -> set[int]:
    """Marks found in every published table of one file: one mark unless versions are mixed."""
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select distinct mark from marts.mart.dim_user"
            " union select distinct mark from marts.report.rpt_users"
        ).fetchall()
    return {row[0] for row in rows}
