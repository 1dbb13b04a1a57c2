"""Every landed expectation passes on good data and is shown failing on bad data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.landed_data import AS_OF, GOOD, good_rows, make_home, write_table

from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.quality import declared, load_suites, passed, run_landed
from finview.quality.generated import with_contract
from finview.settings import Home, Settings

PROJECT = Path(__file__).resolve().parents[2]
SUITES = PROJECT / "expectations" / "landed"
SETTINGS = Settings()

LAST_WEEK = "date '2024-06-23'"
#: table, SQL on the good rows `t`, the expectation that must fail.
MUTATIONS = [
    ("channel.campaigns", "update t set ended_at = brief_at", "ended_at_not_before_launched_at"),
    (
        "channel.campaigns",
        "update t set brief_at = launched_at + interval 1 day",
        "launched_at_not_before_brief_at",
    ),
    (
        "channel.campaigns",
        "update t set budget_amount = 2e9 where campaign_id = 'c7'",
        "budget_in_range",
    ),
    (
        "channel.ad_spend_daily",
        "update t set clicks = 1001 where campaign_id = 'c7'",
        "clicks_within_impressions",
    ),
    ("channel.ad_spend_daily", "update t set clicks = 600", "click_through_ratio_in_range"),
    ("channel.ad_spend_daily", "update t set cost_amount = 30000", "cost_per_click_in_range"),
    (
        "channel.ad_spend_daily",
        "update t set cost_amount = 400 where spend_date = '2024-06-30'",
        "cost_not_jumping",
    ),
    (
        "channel.ad_spend_daily",
        "update t set currency_code = 'JPY' where campaign_id = 'c7'",
        "currency_has_rate",
    ),
    (
        "channel.offline_events",
        "update t set currency_code = null, cost_amount = 5 where _source_line = 7",
        "currency_has_rate",
    ),
    (
        "channel.ad_touches",
        "update t set device_id_hash = null where _source_line % 3 > 0",
        "touches_name_someone",
    ),
    (
        "channel.ad_touches",
        "update t set campaign_id = null where _source_line % 3 > 0",
        "campaign_known",
    ),
    ("channel.ad_touches", "update t set kind = 'impression'", "clicks_are_logged"),
    (
        "channel.app_events",
        f"delete from t where occurred_at > {LAST_WEEK} and event_id not like '%9'",
        None,
    ),
    (
        "channel.app_events",
        f"delete from t where occurred_at > {LAST_WEEK} and event_id not like '%99'",
        "newest_week_volume",
    ),
    ("channel.app_events", "update t set customer_id = 'u1'", "login_share_in_range"),
    (
        "channel.app_events",
        f"update t set customer_id = null where occurred_at > {LAST_WEEK}",
        "login_not_lost",
    ),
    (
        "channel.app_events",
        "update t set received_at = occurred_at - interval 8 hour",
        "received_at_not_before_occurred_at",
    ),
    ("channel.app_events", "update t set dwell_seconds = 30000", "dwell_in_seconds"),
    (
        "channel.app_events",
        "update t set device_id_hash = 'zero' where _source_line % 2 = 0",
        "no_placeholder_device",
    ),
    (
        "channel.coupons",
        "update t set redeemed_at = claimed_at - interval 1 day",
        "redeemed_at_not_before_claimed_at",
    ),
    (
        "channel.coupons",
        "update t set expires_at = claimed_at - interval 1 day",
        "expires_at_not_before_claimed_at",
    ),
    (
        "channel.coupons",
        "update t set customer_id = null where _source_line % 3 > 0",
        "coupons_name_someone",
    ),
    (
        "channel.messages",
        "update t set delivered_at = sent_at - interval 1 day",
        "delivered_at_not_before_sent_at",
    ),
    (
        "channel.messages",
        "update t set opened_at = sent_at where opened_at is not null",
        "opened_at_not_before_delivered_at",
    ),
    (
        "channel.messages",
        "update t set clicked_at = sent_at - interval 1 day",
        "clicked_at_not_before_sent_at",
    ),
    (
        "channel.messages",
        "update t set delivered_at = null where _source_line % 3 > 0",
        "delivery_share_in_range",
    ),
    ("channel.messages", "update t set opened_at = delivered_at", "open_share_in_range"),
    (
        "crm.customers",
        "update t set birth_date = '2090-05-17' where _source_line % 50 = 0",
        "birth_date_plausible",
    ),
    (
        "crm.customers",
        "update t set phone_hash = 'zero' where _source_line % 50 = 0",
        "no_placeholder_phone",
    ),
    (
        "crm.customers",
        "update t set id_card_hash = 'zero' where _source_line % 100 = 0",
        "no_placeholder_id_card",
    ),
    (
        "crm.customers",
        "update t set updated_at = registered_at - interval 1 day",
        "updated_at_not_before_registered_at",
    ),
    (
        "crm.customers",
        "update t set deleted_at = registered_at - interval 1 day",
        "deleted_at_not_before_registered_at",
    ),
    (
        "crm.customer_devices",
        "update t set last_seen_at = first_seen_at - interval 1 day where customer_id = 'u7'",
        "last_seen_at_not_before_first_seen_at",
    ),
    (
        "crm.customer_devices",
        "update t set customer_id = 'u7' where _source_line < 150",
        "devices_per_customer_in_range",
    ),
    (
        "crm.consents",
        "delete from t where action = 'grant' and _source_line > 100",
        "withdrawals_follow_grants",
    ),
    ("crm.consents", "update t set action = 'withdraw'", "grants_are_delivered"),
    (
        "crm.tickets",
        "update t set first_reply_at = opened_at - interval 1 day",
        "first_reply_at_not_before_opened_at",
    ),
    (
        "crm.tickets",
        "update t set resolved_at = opened_at - interval 1 day",
        "resolved_at_not_before_opened_at",
    ),
    ("crm.tickets", "update t set reopened_count = 1700", "reopened_count_in_range"),
    (
        "transaction.products",
        "update t set annualised_rate = 3.5 where product_id = 'p7'",
        "rate_is_ratio",
    ),
    (
        "transaction.orders",
        f"delete from t where ordered_at > {LAST_WEEK} and order_id not like '%99'",
        "newest_week_volume",
    ),
    ("transaction.orders", "update t set amount = 1e10 where order_id = 'o7'", "amount_in_range"),
    ("transaction.orders", "update t set amount = 0.01", "mean_amount_in_range"),
    (
        "transaction.orders",
        f"update t set amount = amount * 100 where ordered_at > {LAST_WEEK} + 1",
        "median_amount_not_jumping",
    ),
    ("transaction.orders", "update t set revenue_amount = 9999", "revenue_within_amount"),
    ("transaction.orders", "update t set status = 'rejected'", "refusals_in_range"),
    (
        "transaction.orders",
        "update t set matured_at = ordered_at - interval 1 day",
        "matured_at_not_before_ordered_at",
    ),
    (
        "transaction.repayments",
        "update t set paid_at = '2024-01-01' where repayment_id = 'r7'",
        "paid_not_before_order",
    ),
    (
        "transaction.repayments",
        "update t set due_at = '9999-12-31' where repayment_id = 'r7'",
        "due_date_plausible",
    ),
    (
        "transaction.repayments",
        "update t set paid_amount = 301 where repayment_id = 'r7'",
        "paid_within_due",
    ),
    ("transaction.repayments", "update t set days_past_due = 9000", "days_past_due_in_range"),
    # Generated from the contract.
    ("transaction.orders", "delete from t", "not_empty"),
    (
        "channel.creatives",
        "update t set live_to_at = live_from_at - interval 1 day",
        "live_to_at_not_before_live_from_at",
    ),
    (
        "channel.creatives",
        "update t set advertised_apr = 7.2 where creative_id = 'x7'",
        "advertised_rate_is_ratio",
    ),
    (
        "channel.creative_reviews",
        "update t set decided_at = submitted_at - interval 1 hour",
        "decided_at_not_before_submitted_at",
    ),
    (
        "transaction.credit_applications",
        "update t set decided_at = applied_at - interval 1 hour",
        "decided_at_not_before_applied_at",
    ),
    (
        "transaction.credit_applications",
        "update t set annualised_rate = 18 where application_id = 'a7'",
        "rate_is_ratio",
    ),
    (
        "transaction.credit_applications",
        "update t set approved_amount = null where _source_line % 3 > 0",
        "approvals_state_an_amount",
    ),
    (
        "crm.experiments",
        "update t set ended_at = started_at - interval 1 day where experiment_id = 'y7'",
        "ended_at_not_before_started_at",
    ),
    (
        "crm.experiment_assignments",
        "update t set experiment_id = 'forgotten' where experiment_id = 'y7'",
        "experiment_known",
    ),
    (
        "crm.experiment_assignments",
        "update t set experiment_id = 'y7', customer_id = 'u' || _source_line, variant = 'only'",
        "more_than_one_variant",
    ),
    (
        "crm.experiment_assignments",
        "update t set first_exposed_at = assigned_at - interval 1 hour",
        "first_exposed_at_not_before_assigned_at",
    ),
    (
        "crm.recommendations",
        "update t set score = 70 where decision_id = 'n7'",
        "score_is_ratio",
    ),
    ("crm.recommendations", "update t set shown = true", "offers_are_shown"),
    ("transaction.orders", "alter table t add column surprise varchar", "columns"),
    (
        "transaction.orders",
        "update t set currency_code = 'USD' where order_id = 'o7'",
        "reporting_currency",
    ),
    ("transaction.orders", "delete from t where ordered_at > date '2024-06-25'", "freshness"),
    (
        "transaction.orders",
        "delete from t where ordered_at > date '2024-06-30' and order_id not like '%9'",
        "newest_day_volume",
    ),
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(PROJECT)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Home:
    return make_home(tmp_path_factory.mktemp("good"), contract)


@pytest.fixture()
def home(tmp_path: Path, good: Home) -> Home:
    return Home(Path(shutil.copytree(good.root, tmp_path / "home")))


def test_good_data_passes(home: Home, contract: Contract) -> None:
    results = run_landed(home, contract, SETTINGS, AS_OF)

    failed = [
        (result.suite, result.expectation, result.observed)
        for result in results
        if not result.success
    ]
    suites = with_contract(contract, load_suites(SUITES), "CNY")
    assert failed == []
    assert passed(results)
    assert len(results) == sum(len(suite.expectations) for suite in suites)
    assert sum(len(suite.expectations) for suite in load_suites(SUITES)) == declared(SUITES)
    assert {result.status for result in results} == {"passed"}


@pytest.mark.parametrize(("name", "change", "expected"), MUTATIONS)
def test_bad_data_fails(
    home: Home, contract: Contract, name: str, change: str, expected: str | None
) -> None:
    table = contract.table(*name.split("."))
    write_table(home, table, good_rows(table), change=change)

    results = run_landed(home, contract, SETTINGS, AS_OF, [name])

    failed = {result.expectation for result in results if not result.success}
    assert expected in failed or (expected is None and "newest_week_volume" not in failed)
    assert all(result.status != "error" for result in results), results


def test_every_expectation_has_a_mutation(contract: Contract) -> None:
    suites = with_contract(contract, load_suites(SUITES), "CNY")
    shown = {(name, expected) for name, _, expected in MUTATIONS}
    generated = {"not_empty", "columns", "reporting_currency", "freshness", "newest_day_volume"}
    missing = {
        (suite.name.removeprefix("landed."), expectation.name)
        for suite in suites
        for expectation in suite.expectations
        if expectation.name not in generated
    } - shown
    assert missing == set()
    assert generated <= {expected for _, expected in shown}


def test_failing_keys_name_rows_and_hide_personal_values(home: Home, contract: Contract) -> None:
    orders, customers = contract.table("transaction", "orders"), contract.table("crm", "customers")
    write_table(
        home,
        orders,
        GOOD["transaction.orders"],
        change="update t set amount = 1e10 where _source_line < 60",
    )
    write_table(
        home,
        customers,
        GOOD["crm.customers"],
        change="update t set phone_hash = 'canary' where _source_line % 50 = 0",
    )

    results = run_landed(home, contract, SETTINGS, AS_OF, ["transaction.orders", "crm.customers"])

    found = {result.expectation: result for result in results}
    assert len(found["amount_in_range"].failing_keys) == 20
    assert all(key.startswith("order_id=o") for key in found["amount_in_range"].failing_keys)
    assert found["amount_in_range"].observed == "58 of 2400 rows"
    assert found["no_placeholder_phone"].failing_keys == ("customer_count=48",)
    assert "canary" not in str([result.to_dict() for result in results])
    assert not passed(results)


def test_a_corrected_row_passes(home: Home, contract: Contract) -> None:
    orders = contract.table("transaction", "orders")
    write_table(home, orders, GOOD["transaction.orders"], change="update t set amount = 1e10")
    write_table(home, orders, GOOD["transaction.orders"], batch="b2", sequence=2)

    assert passed(run_landed(home, contract, SETTINGS, AS_OF, ["transaction.orders"]))


def test_the_highest_version_counts_not_the_last_delivery(home: Home, contract: Contract) -> None:
    customers = contract.table("crm", "customers")
    late = "update t set updated_at = updated_at - interval 1 day, birth_date = '1890-01-01'"
    write_table(home, customers, GOOD["crm.customers"], change=late, batch="b2", sequence=2)

    assert passed(run_landed(home, contract, SETTINGS, AS_OF, ["crm.customers"]))

    newer = late.replace("- interval", "+ interval")
    write_table(home, customers, GOOD["crm.customers"], change=newer, batch="b3", sequence=3)
    assert not passed(run_landed(home, contract, SETTINGS, AS_OF, ["crm.customers"]))


@pytest.mark.parametrize("name", ["transaction.orders", "crm.experiments"])
def test_deleted_rows_are_not_checked(home: Home, contract: Contract, name: str) -> None:
    table = contract.table(*name.split("."))
    bad = "update t set _is_deleted = true" + (
        ", amount = 1e10" if name == "transaction.orders" else ", ended_at = '2000-01-01'"
    )
    ids = "order_id = 'o7'" if name == "transaction.orders" else "experiment_id = 'y7'"
    change = f"delete from t where not {ids}; {bad}"
    write_table(home, table, GOOD[name], change=change, batch="b2", sequence=2)

    assert passed(run_landed(home, contract, SETTINGS, AS_OF, [name]))

    change = f"{change}; update t set _is_deleted = false"
    write_table(home, table, GOOD[name], change=change, batch="b3", sequence=3)
    assert not passed(run_landed(home, contract, SETTINGS, AS_OF, [name]))


def test_absent_table_is_skipped_with_a_reason(tmp_path: Path, contract: Contract) -> None:
    home = make_home(tmp_path, contract, absent=("crm.tickets",))

    results = run_landed(home, contract, SETTINGS, AS_OF)

    skipped = [result for result in results if result.status == "absent"]
    assert {result.suite for result in skipped} == {"landed.crm.tickets"}
    assert skipped[0].observed == "no row was ever delivered"
    assert passed(results)
    assert not passed(skipped), "nothing evaluated is no pass"


def test_delivered_and_empty_is_not_absent(tmp_path: Path, contract: Contract) -> None:
    home = make_home(tmp_path, contract, absent=("crm.tickets",))
    folder = home.landing / "crm" / "tickets"
    folder.mkdir(parents=True)
    (folder / "tickets.csv").write_text("refused\n", encoding="utf-8")

    results = run_landed(home, contract, SETTINGS, AS_OF, ["crm.tickets"])

    assert not passed(results)
    assert {result.status for result in results} == {"failed"}


def test_warning_does_not_block(home: Home, contract: Contract) -> None:
    orders = contract.table("transaction", "orders")
    write_table(
        home, orders, GOOD["transaction.orders"], change="update t set revenue_amount = 9e6"
    )

    results = run_landed(home, contract, SETTINGS, AS_OF, ["transaction.orders"])

    assert [result.expectation for result in results if not result.success] == [
        "revenue_within_amount"
    ]
    assert passed(results)


def test_an_expectation_that_raises_is_a_critical_failure(
    home: Home, contract: Contract, tmp_path: Path
) -> None:
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "crm.tickets.yml").write_text(
        """
suite: landed.crm.tickets
relation: raw_crm.tickets
keys: [ticket_id]
expectations:
  - name: no_such_column
    type: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "select nope from {batch}"}
    severity: warning
    note: "2026-11-22: planted fault"
    owner: crm-data
  - name: quotes_a_value
    type: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "select cast(customer_id as integer) from {batch}"}
    severity: warning
    note: "2026-11-22: planted fault"
    owner: crm-data
  - name: unknown_argument
    type: expect_column_values_to_be_between
    kwargs: {column: reopened_count, no_such_argument: 1}
    severity: warning
    note: "2026-11-22: planted fault"
    owner: crm-data
""",
        encoding="utf-8",
    )

    results = run_landed(home, contract, SETTINGS, AS_OF, ["crm.tickets"], suites=suites)

    raised = [result for result in results if result.status == "error"]
    assert [result.expectation for result in raised] == [
        "no_such_column",
        "quotes_a_value",
        "unknown_argument",
    ]
    assert {result.severity for result in raised} == {"critical"}
    assert not passed(results)
    assert "'u" not in str([result.observed for result in raised])


def test_an_expectation_that_is_dropped_is_a_critical_failure(
    home: Home, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    import great_expectations as gx

    original = gx.ExpectationSuite

    def dropping(name: str, expectations: list[object]) -> object:
        return original(name=name, expectations=expectations[:-1])

    monkeypatch.setattr(gx, "ExpectationSuite", dropping)
    results = run_landed(home, contract, SETTINGS, AS_OF, ["transaction.products"])

    assert [result.observed for result in results if not result.success] == ["was not evaluated"]
    assert not passed(results)


def test_the_checks_file_is_free_again_and_holds_no_rows(home: Home, contract: Contract) -> None:
    import duckdb

    run_landed(home, contract, SETTINGS, AS_OF, ["crm.tickets"])

    path = home.warehouse / "landed.duckdb"
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert tables == [("run",)]
    assert path.stat().st_mode & 0o077 == 0


def test_unknown_table_is_refused(home: Home, contract: Contract) -> None:
    with pytest.raises(FinviewError, match="no table crm.nobody"):
        run_landed(home, contract, SETTINGS, AS_OF, ["crm.nobody"])


def test_only_a_table_that_may_be_empty_passes_without_rows(
    tmp_path: Path, contract: Contract
) -> None:
    home = make_home(tmp_path, contract, absent=("crm.erasure_requests", "crm.tickets"))
    for name in ("erasure_requests", "tickets"):
        folder = home.landing / "crm" / name
        folder.mkdir(parents=True)
        (folder / "header_only.csv").write_text("request_id\n")
    results = run_landed(home, contract, Settings(), AS_OF)
    found = {
        name: {result.status for result in results if result.suite == f"landed.crm.{name}"}
        for name in ("erasure_requests", "tickets")
    }
    assert found == {"erasure_requests": {"absent"}, "tickets": {"failed"}}


@pytest.mark.parametrize("reason", ["refused", "quarantined"])
def test_a_table_that_may_be_empty_fails_when_its_rows_were_turned_away(
    tmp_path: Path, contract: Contract, reason: str
) -> None:
    home = make_home(tmp_path, contract, absent=("crm.erasure_requests",))
    folder = home.landing / "crm" / "erasure_requests"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("request_id\n")
    if reason == "quarantined":
        place = home.quarantine / "crm" / "erasure_requests"
        place.mkdir(parents=True)
        (place / "00000001-0123456789ab.parquet").touch()
    else:
        file = {"source": "crm", "table": "erasure_requests", "status": "refused"}
        home.audit.mkdir(parents=True, exist_ok=True)
        (home.audit / "ingest_latest.json").write_text(json.dumps({"files": [file]}))
    results = run_landed(home, contract, Settings(), AS_OF)
    found = {each.status for each in results if each.suite == "landed.crm.erasure_requests"}
    assert found == {"failed"}
