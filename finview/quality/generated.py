"""Suites that follow from the contract or from the last published version, without YAML."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from finview.contract import Contract, Table
from finview.quality.checks_file import BUSINESS_DAY, expected_columns
from finview.quality.model import Expectation, Severity, Suite
from finview.quality.suites import ROWS
from finview.settings import project_root

OWNER = "data-platform"
#: A newest day below this share of the median day is probably cut off. Warning only: the last
#: day of a delivery is often half a day (0.51 of the median in a public data set of advances).
NEWEST_DAY_SHARE = "0.3"
#: Below so many rows a day, and with fewer days to compare, a share says nothing.
MIN_MEDIAN_ROWS = 30
MIN_DAYS = 14
#: A relation that lost half of its rows lost input or a join; an erasure is far smaller.
KEPT_SHARE = "0.5"
#: Threefold growth is a duplicated join, or a first backfill: therefore a warning.
GROWN_SHARE = "3"
#: Tables whose amounts are converted at the rate of the day (int_spend_converted).
CONVERTED = ("channel.ad_spend_daily", "channel.offline_events")
#: Smaller relations move by more than half in regular use.
MIN_PREVIOUS_ROWS = 20


def with_contract(
    contract: Contract, suites: Sequence[Suite], reporting_currency: str
) -> list[Suite]:
    """One suite per contract table: the generated rules, then those of its YAML file.

    Suites on relations that the contract does not have are kept; they fail as they run.
    """
    extra = {suite.relation: suite for suite in suites}
    merged = []
    for table in contract.tables:
        written = extra.pop(f"{table.schema}.{table.name}", None)
        merged.append(
            Suite(
                name=f"landed.{table.full_name}",
                relation=f"{table.schema}.{table.name}",
                keys=written.keys if written else _plain_key(table),
                expectations=(
                    *_generated(table, reporting_currency),
                    *(written.expectations if written else ()),
                ),
            )
        )
    return merged + list(extra.values())


def with_row_count(suite: Suite) -> Suite:
    """A mart suite with the rule that an empty table never passes."""
    return replace(suite, expectations=(_not_empty(), *suite.expectations))


def published_suite() -> Suite:
    """Rows of every relation of the candidate against the last published version."""

    def rows(name: str, condition: str, severity: Severity, note: str) -> Expectation:
        query = f"select relation from {{batch}} where {condition} order by relation"
        return _expectation(name, ROWS, {"unexpected_rows_query": query}, severity, note)

    comparable = f"previous_rows >= {MIN_PREVIOUS_ROWS}"
    return Suite(
        name="published",
        relation="control.relations",
        keys=("relation",),
        expectations=(
            rows(
                "relation_kept",
                "rows is null",
                "critical",
                "2026-11-22: readers of the last version find every relation again",
            ),
            rows(
                "rows_not_halved",
                f"{comparable} and rows < {KEPT_SHARE} * previous_rows",
                "critical",
                "2026-11-22: half of the rows gone is lost input or a lost join",
            ),
            rows(
                "rows_not_tripled",
                f"{comparable} and rows > {GROWN_SHARE} * previous_rows",
                "warning",
                "2026-11-22: a join that multiplies, or a backfill; people must look",
            ),
        ),
    )


def _generated(table: Table, reporting_currency: str) -> list[Expectation]:
    rules = [
        _not_empty(),
        _expectation(
            "columns",
            "expect_table_columns_to_match_set",
            {"column_set": expected_columns(table), "exact_match": True},
            "critical",
            "2026-11-22: accepted files carry the contract's columns and lineage, no others",
        ),
    ]
    if table.full_name in CONVERTED:
        rules.append(_rate(reporting_currency))
    elif "currency_code" in table.by_name:
        rules.append(
            _expectation(
                "reporting_currency",
                "expect_column_values_to_be_in_set",
                {"column": "currency_code", "value_set": [reporting_currency]},
                "critical",
                "2026-11-22: amounts are added up, so all must be in the reporting currency",
            )
        )
    if table.business_day:
        rules += [_freshness(table), _newest_day(table)]
    return rules


def first_rates(reporting_currency: str) -> dict[str, date]:
    """First day with a rate to the reporting currency, of each currency that has one."""
    path = project_root() / "seeds" / "spend" / "exchange_rates.csv"
    first: dict[str, date] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["to_currency_code"] == reporting_currency:
                day, currency = date.fromisoformat(row["rate_date"]), row["currency_code"]
                first[currency] = min(day, first.get(currency, day))
    return first


def _rate(reporting_currency: str) -> Expectation:
    rates = sorted(first_rates(reporting_currency).items())
    covered = " or ".join(
        [f"currency_code = '{reporting_currency}'"]
        + [f"(currency_code = '{name}' and {BUSINESS_DAY} >= date '{day}')" for name, day in rates]
    )
    query = f"""
        select coalesce(currency_code, 'none') as currency_without_rate,
            min({BUSINESS_DAY}) as first_day, count(*) as bill_lines
        from {{batch}}
        where cost_amount > 0 and not coalesce({covered}, false)
        group by currency_code order by currency_without_rate
    """
    return _expectation(
        "currency_has_rate",
        ROWS,
        {"unexpected_rows_query": query},
        "critical",
        "2026-11-23: a bill is converted at the latest rate on or before its day; one without is "
        "never taken 1:1. Add the rate to seeds/spend/exchange_rates.csv",
        reports=("currency_without_rate", "first_day", "bill_lines"),
    )


def _freshness(table: Table) -> Expectation:
    query = f"""
        select max({BUSINESS_DAY}) as newest_day from {{batch}}
        where {BUSINESS_DAY} <= (select as_of_date from control.run)
        having max({BUSINESS_DAY}) < (
            select as_of_date - interval '{table.freshness_days}' day from control.run)
    """
    return _expectation(
        "freshness",
        ROWS,
        {"unexpected_rows_query": query},
        "warning",
        f"2026-11-22: freshness_days of the contract ({table.freshness_days}); late data is "
        "old, not wrong, so it warns",
        reports=("newest_day",),
    )


def _newest_day(table: Table) -> Expectation:
    query = f"""
        with days as (
            select {BUSINESS_DAY} as newest_day, count(*) as row_count from {{batch}}
            where {BUSINESS_DAY} <= (select as_of_date from control.run)
            group by 1
        ), newest as (
            select * from days order by newest_day desc limit 1
        ), before as (
            select median(day.row_count) as median_rows, count(*) as day_count
            from days as day cross join newest
            where day.newest_day < newest.newest_day
                and day.newest_day >= newest.newest_day - interval '28' day
        )
        select newest.newest_day, newest.row_count, before.median_rows
        from newest cross join before
        where before.day_count >= {MIN_DAYS} and before.median_rows >= {MIN_MEDIAN_ROWS}
            and newest.row_count < {NEWEST_DAY_SHARE} * before.median_rows
    """
    return _expectation(
        "newest_day_volume",
        ROWS,
        {"unexpected_rows_query": query},
        "warning",
        f"2026-11-22: under {NEWEST_DAY_SHARE} of the median of the 28 days before, the delivery "
        f"is probably cut off; {table.full_name} may still be complete, so it warns",
        reports=("newest_day", "row_count", "median_rows"),
    )


def _not_empty() -> Expectation:
    return _expectation(
        "not_empty",
        "expect_table_row_count_to_be_between",
        {"min_value": 1},
        "critical",
        "2026-11-22: an empty table never passes",
    )


def _expectation(
    name: str,
    kind: str,
    kwargs: dict[str, Any],
    severity: Severity,
    note: str,
    reports: tuple[str, ...] = (),
) -> Expectation:
    return Expectation(name, kind, kwargs, severity, note, OWNER, reports)


def _plain_key(table: Table) -> tuple[str, ...]:
    """The table's key without hashed columns: a failing row is never named by them."""
    return tuple(name for name in table.key if not table.by_name[name].is_hashed)
