"""Every published KPI against a second computation from the raw files, to the last digit.

The second way (second_way/) reads landing files, finds users and computes in exact
fractions, without SQL. Users are compared by number and structure, because keys are hashes.
SECOND_WAY_HOME names a finished home to compare instead of a small one made here.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from second_way.behaviour import duplicate_contacts, session_sizes, standing_consents
from second_way.facts import Facts
from second_way.identity import Node
from second_way.kpis import facts_of, kpis_of
from second_way.periods import (
    Key,
    Value,
    end_of,
    months_between,
    ratio,
    rounded,
    start_of,
)
from support.pipeline import finview, home_with, sample_landing

from finview.publish import open_current
from finview.settings import Home, project_root

MONTH = partial(start_of, "month")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    if named := os.environ.get("SECOND_WAY_HOME"):
        return Home(Path(named))
    folder = tmp_path_factory.mktemp("second_way")
    made = home_with(sample_landing(folder), folder / "home")
    done = finview(made, "run", "--no-sample", "--no-scorecard")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


@pytest.fixture(scope="module")
def marts(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_current(home) as connection:
        yield connection


@pytest.fixture(scope="module")
def facts(home: Home, marts: duckdb.DuckDBPyConnection) -> Facts:
    as_of = marts.execute("select max(date_day) from mart.dim_period").fetchall()[0][0]
    return facts_of(home.landing, as_of)


@pytest.fixture(scope="module")
def expected(facts: Facts) -> dict[Key, Value]:
    return kpis_of(facts)


@pytest.fixture(scope="module")
def published(marts: duckdb.DuckDBPyConnection) -> dict[Key, Value]:
    rows = marts.execute(
        "select kpi_id, period_grain, period_start_date, cut_name, cut_value, "
        "kpi_value, numerator, denominator, sample_size, is_mature from report.fct_kpi"
    ).fetchall()
    found = {row[:5]: Value(*row[5:]) for row in rows}
    assert len(found) == len(rows), "two rows of one KPI, period and cut"
    return found


def differences(expected: Mapping[Key, Value], published: Mapping[Key, Value]) -> list[str]:
    """What is not the same, in words."""
    keys = sorted(expected.keys() | published.keys())
    return [
        f"{' '.join(map(str, key))}: expected {expected.get(key)}, published {published.get(key)}"
        for key in keys
        if expected.get(key) != published.get(key)
    ]


def built_kpis() -> set[str]:
    return {path.stem[4:] for path in (project_root() / "models/reports/kpis").rglob("kpi_*.sql")}


@pytest.mark.parametrize("kpi_id", sorted(built_kpis()))
def test_kpi_is_the_same_both_ways(
    kpi_id: str, expected: dict[Key, Value], published: dict[Key, Value]
) -> None:
    one = {key: value for key, value in expected.items() if key[0] == kpi_id}
    other = {key: value for key, value in published.items() if key[0] == kpi_id}
    assert one, "the second way has no such KPI"
    wrong = differences(one, other)
    assert not wrong, f"{len(wrong)} of {len(one)} rows differ:\n" + "\n".join(wrong[:10])


def test_no_kpi_is_published_unseen(
    expected: dict[Key, Value], published: dict[Key, Value]
) -> None:
    assert {key[0] for key in published} == {key[0] for key in expected} == built_kpis()


def test_smallest_change_of_a_published_value_is_found(published: dict[Key, Value]) -> None:
    key = next(key for key, value in published.items() if value.kpi_value is not None)
    changed = published[key].kpi_value
    assert changed is not None
    planted = {**published, key: replace(published[key], kpi_value=changed + Decimal("0.000001"))}
    assert not differences(published, published)
    assert len(differences(published, planted)) == 1
    assert len(differences(published, {k: v for k, v in published.items() if k != key})) == 1


def test_one_cent_in_one_raw_order_is_found(facts: Facts, expected: dict[Key, Value]) -> None:
    first = facts.orders[0]
    planted = replace(first, revenue=first.revenue + Decimal("0.01"))
    changed = kpis_of(replace(facts, orders=[planted, *facts.orders[1:]]))
    kpis = {line.split()[0] for line in differences(expected, changed)}
    assert "scenario_revenue_share" in kpis and "mau" not in kpis


def test_users_and_their_accounts(facts: Facts, marts: duckdb.DuckDBPyConnection) -> None:
    accounts = Counter(len(found) for found in facts.who.accounts().values())
    assert _pairs(
        marts, "select account_count, count(*) from mart.dim_user where is_registered group by 1"
    ) == dict(accounts)
    counts = "select count(*), count(registration_date) from mart.dim_user"
    assert marts.execute(counts).fetchall() == [(len(facts.who.users()), len(facts.registrations))]
    sizes = "select n, count(*) from (select count(*) as n from mart.bridge_user_identifier "
    assert _pairs(marts, sizes + "group by user_key) as sizes group by n") == dict(
        Counter(Counter(facts.who.user_of.values()).values())
    )
    untrusted = Counter(kind for kind, _ in facts.who.untrusted)
    assert _pairs(
        marts,
        "select identifier_type, count(*) from mart.bridge_user_identifier "
        "where is_demoted group by 1",
    ) == dict(untrusted)


def test_channels_of_registrations_and_orders(
    facts: Facts, marts: duckdb.DuckDBPyConnection
) -> None:
    acquired = Counter(found.channel for found in facts.registrations.values())
    assert _pairs(
        marts,
        "select acquisition_channel_code, count(*) from mart.dim_user "
        "where registration_date is not null group by 1",
    ) == dict(acquired)
    orders = Counter((order.channel, order.is_first) for order in facts.orders)
    rows = marts.execute(
        "select attributed_channel_code, is_first_order, count(*) from mart.fct_order group by all"
    ).fetchall()
    assert {(channel, first): count for channel, first, count in rows} == dict(orders)


def test_sessions_and_duplicate_contacts(facts: Facts, marts: duckdb.DuckDBPyConnection) -> None:
    sizes = _pairs(marts, "select event_count, count(*) from mart.fct_session group by 1")
    assert sizes == dict(Counter(session_sizes(facts)))
    repeated = "select touch_id from mart.fct_touch where is_duplicate_contact"
    assert {row[0] for row in marts.execute(repeated).fetchall()} == duplicate_contacts(facts)


def test_periods_of_consent(facts: Facts, marts: duckdb.DuckDBPyConnection) -> None:
    periods: Counter[tuple[Any, ...]] = Counter()
    for (_, purpose), changes in standing_consents(facts).items():
        ends = [moment for moment, _ in changes[1:]]
        for (moment, stands), end in zip(changes, [*ends, None], strict=True):
            periods[purpose, moment, end] += stands
    rows = marts.execute("select purpose, valid_from_at, valid_to_at from mart.fct_consent")
    assert Counter(rows.fetchall()) == +periods


def test_cohorts(facts: Facts, marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select cohort_month, month_date, users, active_users, order_count, revenue_amount, "
        "margin_amount, cumulative_revenue_amount, active_ratio, revenue_per_user_amount, "
        "is_complete, months_since from mart.agg_cohort_month"
    ).fetchall()
    found = {row[:2]: row[2:] for row in rows}
    assert found == _cohorts(facts) and len(found) == len(rows)


def _cohorts(facts: Facts) -> dict[tuple[date, date], tuple[Any, ...]]:
    """Users, activity and money by cohort and month; money from before counts in month 0."""
    cohort: dict[Node, date] = {}
    for order in facts.orders:
        cohort[order.user] = min(MONTH(order.day), cohort.get(order.user, order.day))
    cohort.update({user: MONTH(found.day) for user, found in facts.registrations.items()})
    active: dict[tuple[date, date], set[Node]] = defaultdict(set)
    money: dict[tuple[date, date], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for user, days in facts.event_days.items():
        for day in days if user in cohort else ():
            active[cohort[user], MONTH(day)].add(user)
    for order in facts.orders:
        start = cohort[order.user]
        active[start, MONTH(order.day)].add(order.user)
        sums = money[start, max(start, MONTH(order.day))]
        for index, more in enumerate((1, order.revenue, order.margin)):
            sums[index] += more
    made = {}
    for start, users in Counter(cohort.values()).items():
        total = Decimal(0)
        for number, month in enumerate(months_between(start, facts.raw.as_of)):
            orders, revenue, margin = money[start, month]
            total += revenue
            came = len(active[start, month])
            shares = rounded(ratio(came, users)), rounded(ratio(revenue, users))
            is_complete = end_of("month", month) <= facts.raw.as_of
            counts = (users, came, orders, revenue, margin, total)
            made[start, month] = (*counts, *shares, is_complete, number)
    return made


def _pairs(marts: duckdb.DuckDBPyConnection, sql: str) -> dict[Any, int]:
    """A query of two columns as a mapping."""
    return dict(marts.execute(sql).fetchall())
