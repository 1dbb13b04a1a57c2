"""The same suites on Spark: same outcome as on DuckDB, and shown failing.

Most tests need a cluster: name a home whose cluster is up (`finview cluster up`), with accepted
data and built marts, in FINVIEW_TEST_CLUSTER_HOME. They make the schemas `checks_*` and `control`
anew, as every run does; nothing else may check data on that cluster at the same time.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from support.landed_data import AS_OF, GOOD, make_home, write_table

from finview.contract import Contract, Table, load_contract
from finview.errors import FinviewError
from finview.ingest import resolve_as_of
from finview.quality import (
    CheckResult,
    load_suites,
    passed,
    run_landed,
    run_marts_on_spark,
)
from finview.quality.checks_file import BUSINESS_DAY
from finview.quality.suites import CONTROL_TOTAL, ROWS, TYPES
from finview.settings import Home, Settings, load_settings

pytest.importorskip("pyhive", reason="the client of Spark is not installed: finview[spark]")

from finview.quality.spark_run import run_on_spark  # noqa: E402
from finview.quality.spark_views import relocated  # noqa: E402
from finview.spark import Endpoint, connected, find_endpoint  # noqa: E402

#: Minutes of a cluster that is busy planning: make test-spark-long.
pytestmark = pytest.mark.long

PROJECT = Path(__file__).resolve().parents[3]
NOTE = {"severity": "critical", "note": "2026-11-22: a test", "owner": "tests"}

BAD = {
    "channel.ad_touches": "update t set campaign_id = null where _source_line % 3 > 0",
    "channel.app_events": "update t set received_at = occurred_at - interval 8 hour",
    "channel.campaigns": "update t set budget_amount = 2e9 where campaign_id = 'c7'",
    "channel.coupons": "update t set customer_id = null where _source_line % 3 > 0",
    "crm.customers": "update t set phone_hash = 'canary' where _source_line % 50 = 0",
    # A column that no file has is empty, not missing.
    "crm.tickets": "alter table t drop column reopened_count",
    "transaction.orders": "update t set amount = 0.01; alter table t add column surprise varchar; "
    "update t set currency_code = 'USD' where order_id = 'o7'",
    "transaction.products": "delete from t",
    "transaction.repayments": "update t set paid_at = '2024-01-01' where repayment_id = 'r7'",
}
#: What the changes above break, generated and declared.
BROKEN = {
    ("landed.channel.ad_touches", "campaign_known"),
    ("landed.channel.app_events", "received_at_not_before_occurred_at"),
    ("landed.channel.campaigns", "budget_in_range"),
    ("landed.channel.coupons", "coupons_name_someone"),
    ("landed.crm.customers", "no_placeholder_phone"),
    ("landed.transaction.orders", "columns"),
    ("landed.transaction.orders", "mean_amount_in_range"),
    ("landed.transaction.orders", "reporting_currency"),
    ("landed.transaction.products", "columns"),
    ("landed.transaction.products", "not_empty"),
    ("landed.transaction.products", "rate_is_ratio"),
    ("landed.transaction.repayments", "paid_not_before_order"),
}

#: A small relation of every kind of column that suites read.
TYPED = """
    select * from values
        (1, cast(10.50 as decimal(18, 2)), date'2024-01-01', timestamp_ntz'2024-01-01 10:00:00',
            timestamp_ntz'2024-01-01 11:00:00', 'it\\'s'),
        (2, 20.25, date'2024-01-02', timestamp_ntz'2024-01-02 10:00:00',
            timestamp_ntz'2024-01-02 11:00:00', 'word'),
        (3, null, date'2024-01-03', null, timestamp_ntz'2024-01-03 11:00:00', 'word'),
        (4, 40.00, date'2024-01-04', timestamp_ntz'2024-01-04 10:00:00',
            timestamp_ntz'2024-01-04 11:00:00', 'word')
        as rows_of_test(id, amount, day, started_at, ended_at, word)
"""
#: Type, arguments that hold for TYPED, arguments that do not.
HOLDS_AND_NOT = [
    (
        ROWS,
        {"unexpected_rows_query": "select id from {batch} where id > 4"},
        {"unexpected_rows_query": "select id from {batch} where word like 'it%'"},
    ),
    (
        "expect_column_max_to_be_between",
        {"column": "day", "min_value": date(2024, 1, 4), "max_value": date(2024, 1, 4)},
        {"column": "day", "max_value": date(2024, 1, 3)},
    ),
    (
        "expect_column_mean_to_be_between",
        {"column": "amount", "min_value": 23.58, "max_value": 23.59},
        {"column": "amount", "min_value": 23.59},
    ),
    (
        "expect_column_median_to_be_between",
        {"column": "amount", "min_value": 20.25, "max_value": 20.25},
        {"column": "id", "min_value": 2.6},
    ),
    (
        "expect_column_min_to_be_between",
        {"column": "day", "min_value": date(1990, 1, 1)},
        {"column": "day", "min_value": date(2024, 1, 2)},
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {
            "column_A": "ended_at",
            "column_B": "started_at",
            "ignore_row_if": "either_value_is_missing",
        },  # noqa: E501
        {
            "column_A": "started_at",
            "column_B": "ended_at",
            "ignore_row_if": "either_value_is_missing",
        },  # noqa: E501
    ),
    (
        "expect_column_proportion_of_non_null_values_to_be_between",
        {"column": "amount", "min_value": 0.75, "max_value": 0.75},
        {"column": "amount", "min_value": 0.76},
    ),
    (
        "expect_column_quantile_values_to_be_between",
        {
            "column": "amount",
            "quantile_ranges": {"quantiles": [0.5, 1], "value_ranges": [[20.25, 20.25], [40, 40]]},
        },
        {"column": "id", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[3, 4]]}},
    ),
    (
        "expect_column_sum_to_be_between",
        {"column": "amount", "min_value": 70.75, "max_value": 70.75},
        {"column": "amount", "max_value": 70.74},
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "amount", "min_value": 10.5, "max_value": 40},
        {"column": "day", "min_value": date(2024, 1, 2)},
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "word", "value_set": ["it's", "word"]},
        {"column": "word", "value_set": ["word"]},
    ),
    (
        "expect_table_columns_to_match_set",
        {
            "column_set": ["id", "amount", "day", "started_at", "ended_at", "word"],
            "exact_match": True,
        },
        {"column_set": ["id", "amount", "day"], "exact_match": True},
    ),
    (
        "expect_table_row_count_to_be_between",
        {"min_value": 4, "max_value": 4},
        {"min_value": 5},
    ),
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(PROJECT)


@pytest.fixture()
def on_cluster(endpoint: Endpoint, tmp_path: Path) -> Settings:
    """Settings of a home under `tmp_path`, on the cluster of the other home."""
    return settings_for(endpoint, tmp_path)


def settings_for(endpoint: Endpoint, folder: Path) -> Settings:
    spark = {
        "host": endpoint.host,
        "port": endpoint.port,
        "user": endpoint.user,
        "auth": endpoint.auth,
        "catalogue": endpoint.catalogue,
        "partitions": endpoint.partitions,
        "storage": f"file://{folder}",
    }
    return Settings(engine="spark", spark=spark)


def outcome(results: Sequence[CheckResult]) -> list[tuple[str, str, str]]:
    return [(result.suite, result.expectation, result.status) for result in results]


def write_suite(folder: Path, relation: str, entries: Sequence[dict[str, object]]) -> Path:
    folder.mkdir(exist_ok=True)
    suite = {"suite": relation, "relation": relation, "keys": ["id"], "expectations": entries}
    (folder / f"{relation}.yml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def typed(endpoint: Endpoint) -> str:
    with connected(endpoint) as connection:
        connection.execute("create schema if not exists checks_bad")
        connection.execute(f"create or replace view checks_bad.typed as {TYPED}")
    return "checks_bad.typed"


def test_landed_suites_agree_with_duckdb(
    cluster_home: Home, endpoint: Endpoint, contract: Contract
) -> None:
    settings = load_settings(cluster_home)
    as_of = settings.as_of_date or resolve_as_of(cluster_home, contract, settings)

    found = {
        engine: run_landed(cluster_home, contract, replace(settings, engine=engine), as_of)
        for engine in ("duckdb", "spark")
    }

    assert outcome(found["spark"]) == outcome(found["duckdb"])
    assert passed(found["spark"])
    assert {result.status for result in found["spark"]} <= {"passed", "failed", "absent"}
    assert any(result.evaluated for result in found["spark"])
    assert business_days_on_spark(endpoint, contract) == business_days(cluster_home, contract)


def business_days(home: Home, contract: Contract) -> dict[str, list[tuple[object, ...]]]:
    """Rows of each business day and rows in all, in the views of the last run on DuckDB."""
    file = str(home.warehouse / "landed.duckdb")
    with duckdb.connect(file, read_only=True) as connection:
        return {
            table.full_name: connection.execute(count_by_day(table.schema, table)).fetchall()
            for table in contract.tables
        }


def business_days_on_spark(
    endpoint: Endpoint, contract: Contract
) -> dict[str, list[tuple[object, ...]]]:
    with connected(endpoint) as connection:
        return {
            table.full_name: connection.execute(count_by_day(f"checks_{table.schema}", table))
            for table in contract.tables
        }


def count_by_day(schema: str, table: Table) -> str:
    day = BUSINESS_DAY if table.business_day else "null"
    return (
        f"select cast({day} as varchar(10)), count(*) from {schema}.{table.name} "
        "group by 1 order by 1 nulls first"
    )


def test_bad_data_fails_as_on_duckdb(
    endpoint: Endpoint, on_cluster: Settings, tmp_path: Path, contract: Contract
) -> None:
    home = make_home(tmp_path, contract, absent=("crm.consents",))
    for name, change in BAD.items():
        write_table(home, contract.table(*name.split(".")), GOOD[name], change=change)
    # Of a bad row and its correction, the correction counts.
    messages = contract.table("channel", "messages")
    bad = "update t set delivered_at = sent_at - interval 1 day"
    write_table(home, messages, GOOD["channel.messages"], change=bad)
    write_table(home, messages, GOOD["channel.messages"], batch="b2", sequence=2)

    on_spark = run_landed(home, contract, on_cluster, AS_OF)
    on_duckdb = run_landed(home, contract, Settings(), AS_OF)

    failed = {(result.suite, result.expectation) for result in on_spark if not result.success}
    assert outcome(on_spark) == outcome(on_duckdb)
    assert failed >= BROKEN
    assert "landed.channel.messages" not in {suite for suite, _ in failed}
    assert {result.suite for result in on_spark if result.status == "absent"} == {
        "landed.crm.consents"
    }
    assert [result.failing_keys for result in on_spark] == [
        result.failing_keys for result in on_duckdb
    ]
    assert "canary" not in str([result.to_dict() for result in on_spark])
    assert not passed(on_spark)


def test_every_type_holds_and_fails(endpoint: Endpoint, typed: str, tmp_path: Path) -> None:
    entries = [
        {"name": f"{kind} {label}", "type": kind, "kwargs": kwargs, **NOTE}
        for kind, *both in HOLDS_AND_NOT
        for label, kwargs in zip(("holds", "fails"), both, strict=True)
    ]
    suites = load_suites(write_suite(tmp_path, typed, entries))

    results = run_on_spark(endpoint, suites, {typed: 4})

    assert {kind for kind, *_ in HOLDS_AND_NOT} == TYPES - {CONTROL_TOTAL}
    assert {result.expectation: result.status for result in results} == {
        f"{kind} {label}": status
        for kind, *_ in HOLDS_AND_NOT
        for label, status in (("holds", "passed"), ("fails", "failed"))
    }


def test_what_raises_is_critical_and_shows_no_values(
    endpoint: Endpoint, typed: str, tmp_path: Path
) -> None:
    queries = {
        "no_such_column": "select nope from {batch}",
        "no_such_relation": "select nope.id from {batch} join nowhere.nope on true",
        "a_value_that_is_no_number": "select cast(word as int) as id from {batch}",
        "a_value_that_is_too_large": "select cast(amount as decimal(3, 2)) as id from {batch}",
        "divided_by_zero": "select 1 / (id - 1) as id from {batch}",
        "raised": "select raise_error(word) as id from {batch}",
    }
    entries: list[dict[str, object]] = [
        {
            "name": name,
            "type": ROWS,
            "kwargs": {"unexpected_rows_query": query},
            **NOTE,
            "severity": "warning",
        }
        for name, query in queries.items()
    ]
    between = {"type": "expect_column_values_to_be_between", **NOTE}
    entries += [
        {"name": "unknown_argument", **between, "kwargs": {"column": "id", "no_such": 1}},
        {"name": "text_is_no_number", **between, "kwargs": {"column": "word", "min_value": 1}},
    ]
    suites = load_suites(write_suite(tmp_path, typed, entries))

    results = run_on_spark(endpoint, suites, {typed: 4})

    assert [result.expectation for result in results] == [entry["name"] for entry in entries]
    assert {result.status for result in results} == {"error"}
    assert {result.severity for result in results} == {"critical"}
    assert not passed(results)
    shown = str([result.to_dict() for result in results])
    assert not any(value in shown for value in ("it's", "it\\'s", "20.25", "10.50"))


def test_missing_and_empty_relations_do_not_pass(
    endpoint: Endpoint, typed: str, tmp_path: Path
) -> None:
    entry = {"name": "any", "type": ROWS, **NOTE}
    entry["kwargs"] = {"unexpected_rows_query": "select id from {batch} where false"}
    suites = load_suites(write_suite(tmp_path, typed, [entry]))

    for rows, status in ({typed: 0}, "failed"), ({}, "error"):
        assert [result.status for result in run_on_spark(endpoint, suites, rows)] == [status]


def test_marts_on_the_cluster(
    cluster_home: Home, endpoint: Endpoint, contract: Contract, tmp_path: Path
) -> None:
    settings = load_settings(cluster_home)
    as_of = settings.as_of_date or resolve_as_of(cluster_home, contract, settings)
    relation = "mart.fct_order"
    total = {"type": CONTROL_TOTAL, **NOTE}
    suites = write_suite(
        tmp_path / "suites",
        relation,
        [
            {
                "name": "rows",
                **total,
                "kwargs": {"value": "count(*)", "measure": "transaction.orders.rows"},
            },
            {
                "name": "a_cent_too_much",
                **total,
                "kwargs": {
                    "value": "sum(order_amount) + 0.01",
                    "measure": "transaction.orders.amount",
                },
            },
            {
                "name": "no_such_measure",
                **total,
                "kwargs": {"value": "count(*)", "measure": "transaction.orders.nothing"},
            },
        ],
    )
    # A home beside the one of the cluster, so that nothing is written there.
    beside = Home(tmp_path / "home")
    current = beside.published / "current"
    current.mkdir(parents=True)
    tables = {"gone": {"schema": "mart", "rows": 1}, "fct_order": {"schema": "mart", "rows": 10**9}}
    (current / "manifest.json").write_text(json.dumps({"tables": tables}), encoding="utf-8")

    results = run_marts_on_spark(
        beside,
        settings_for(endpoint, cluster_home.root),
        contract=contract,
        as_of=as_of,
        suites=suites,
    )

    assert {(result.expectation, result.status) for result in results} == {
        ("relation_kept", "failed"),
        ("rows_not_halved", "failed"),
        ("rows_not_tripled", "passed"),
        ("not_empty", "passed"),
        ("rows", "passed"),
        ("a_cent_too_much", "failed"),
        ("no_such_measure", "failed"),
    }
    shown = {result.expectation: result.failing_keys for result in results}
    assert shown["relation_kept"] == ("relation=mart.gone",)
    assert shown["rows_not_halved"] == ("relation=mart.fct_order",)


def test_suites_read_the_views_on_accepted_data(contract: Contract) -> None:
    suites = relocated(load_suites(PROJECT / "expectations" / "landed"), contract)

    (repayments,) = [suite for suite in suites if suite.name == "landed.transaction.repayments"]
    queries = [item.kwargs.get("unexpected_rows_query", "") for item in repayments.expectations]
    assert repayments.relation == "checks_raw_transaction.repayments"
    assert "join checks_raw_transaction.orders as ord on rep.order_id" in queries[0]
    assert not any(" raw_" in query for query in queries)


@pytest.mark.parametrize("text", ["'it''s'", "'it\\'s'", "'a\\b'"])
def test_a_text_that_the_engines_read_unlike_is_refused(tmp_path: Path, text: str) -> None:
    query = f"select id from {{batch}} where word = {text}"
    entry = {"name": "any", "type": ROWS, "kwargs": {"unexpected_rows_query": query}, **NOTE}

    with pytest.raises(FinviewError, match="differs by engine"):
        load_suites(write_suite(tmp_path, "mart.any", [entry]))


def test_an_unreachable_cluster_is_an_error(tmp_path: Path, contract: Contract) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        spark = {"host": "127.0.0.1", "port": taken.getsockname()[1]}
        settings = Settings(engine="spark", spark=spark)
        home = make_home(tmp_path, contract)

        with pytest.raises(FinviewError, match="does not answer"):
            run_landed(home, contract, settings, AS_OF)
        with pytest.raises(FinviewError, match="does not answer"):
            run_marts_on_spark(home, settings, contract=contract, as_of=AS_OF)
        # Lost after the views were made.
        suites = relocated(load_suites(PROJECT / "expectations" / "landed"), contract)
        rows = {suite.relation: 1 for suite in suites}
        with pytest.raises(FinviewError, match="does not answer"):
            run_on_spark(find_endpoint(home, settings), suites, rows)


def test_without_a_cluster_nothing_passes(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(FinviewError, match="there is no cluster"):
        run_landed(make_home(tmp_path, contract), contract, Settings(engine="spark"), AS_OF)
