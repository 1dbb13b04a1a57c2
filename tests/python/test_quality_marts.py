"""Every mart expectation passes on a good candidate and is shown failing on a bad one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.landed_data import AS_OF, make_home

from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.quality import CheckResult, load_suites, passed, run_marts
from finview.quality.generated import published_suite
from finview.settings import Home, Settings
from finview.value.parameters import Parameter, append_version

PROJECT = Path(__file__).resolve().parents[2]
SUITES = PROJECT / "expectations" / "marts"

#: Marts as the models build them from the good accepted data, with the columns that suites read.
MARTS = {
    "mart.fct_order": """
        select order_id, 'u' || order_id as user_key, amount as order_amount, revenue_amount,
            variable_cost_amount, cast(0 as decimal(18, 2)) as credit_loss_amount,
            cast(ordered_at as date) as order_date from transaction_orders""",
    "mart.fct_touch": """
        select kind as touch_kind, touch_id, device_id_hash as user_key from channel_ad_touches
        union all select 'message', message_id, customer_id from channel_messages
        union all select 'coupon_claim', coupon_id, customer_id from channel_coupons""",
    "mart.fct_coupon": "select coupon_id from channel_coupons",
    "mart.fct_referral": "select referral_id from channel_referrals",
    "mart.fct_attribution": """
        select order_id as attribution_key, 'order' as conversion_kind, cast(1 as decimal(7, 6))
            as last_share from transaction_orders""",
    "mart.fct_private_domain_member": """
        select external_user_id_hash as membership_key, 'wecom' as membership_kind
            from channel_wecom_contacts
        union all select external_user_id_hash, 'community' from channel_community_members""",
    "mart.agg_partner_month": """
        select date_trunc('month', call_date) as month_date, partner_id, scenario_code,
            sum(calls) as call_count, sum(fee_amount) as fee_amount,
            sum(referred_registrations) as referred_registration_count
            from channel_partner_calls_daily group by all""",
    "mart.fct_session": """
        select event_id as session_key, occurred_at as started_at, occurred_at as ended_at,
            1 as event_count from channel_app_events""",
    "mart.fct_ticket": "select ticket_id, 60 as resolution_seconds from crm_tickets",
    "mart.fct_consent": "select consent_id as consent_key from crm_consents",
    "mart.fct_spend": """
        select 'platform' as spend_kind, spend_date, platform, campaign_id, creative_id,
            cast(null as varchar) as offline_event_id, cost_amount as original_amount,
            currency_code, cast(1 as decimal(18, 8)) as exchange_rate, cost_amount
            from channel_ad_spend_daily""",
    "mart.agg_channel_day": """
        select spend_date as activity_date, 'feed_ad' as channel_code, sum(cost_amount) as
            cost_amount, sum(impressions) as impressions, sum(clicks) as clicks,
            0 as platform_conversions, 40 as order_count, 800.00 as attributed_revenue_amount
            from channel_ad_spend_daily group by 1""",
    "mart.agg_user_day": """
        select customer_id as user_key, cast(ordered_at as date) as activity_date,
            sum(revenue_amount) as revenue_amount, count(*) as order_count, 60 as dwell_seconds
            from transaction_orders group by 1, 2""",
    "mart.agg_user_month": """
        select customer_id as user_key, date_trunc('month', ordered_at) as month_date,
            sum(revenue_amount) as revenue_amount, 3 as active_days, 4 as contact_count
            from transaction_orders group by 1, 2""",
    "mart.agg_cohort_month": """
        select date '2024-05-01' as cohort_month, month(ordered_at) - 5 as months_since,
            90 as users, 0.5 as active_ratio, sum(revenue_amount) as revenue_amount
            from transaction_orders group by 2""",
    "mart.fct_user_tier": """
        select customer_id as user_key, date '2024-06-01' as month_date,
            cast('{as_of}' as date) as month_end_date, 'risk' as previous_tier_code,
            case when row_number() over (order by customer_id) % 5 = 0 then 'value' else 'risk'
            end as tier_code from crm_customers""".replace("{as_of}", AS_OF.isoformat()),
    "mart.fct_user_lifecycle": """
        select customer_id as user_key, date '2024-05-01' as valid_from_date,
            date '9999-12-31' as valid_to_date,
            case when row_number() over (order by customer_id) % 4 = 0 then 'new' else 'churned'
            end as lifecycle_stage from crm_customers""",
    "mart.fct_user_value": """
        select customer_id as user_key, 'payment' as product_line,
            cast(2 as decimal(18, 2)) as predicted_margin_12_months_amount,
            cast(5 as decimal(18, 2)) as predicted_margin_36_months_amount
        from crm_customers""",
    "report.rpt_churn_drift": """
        select date '2024-12-31' as counted_to_date, 'v0001' as model_version, band as score_band,
            cast(10 as bigint) as users, cast(0.5 as decimal(24, 6)) as share_ratio,
            cast(0.5 as decimal(24, 6)) as fitted_share_ratio,
            cast(0 as decimal(24, 6)) as stability_term
        from range(2) as bands(band)
    """,
    "mart.fct_churn_warning": """
        select customer_id as user_key, cast(0.1 as decimal(8, 6)) as churn_ratio,
            row_number() over (order by customer_id) % 4 = 0 as is_warned from crm_customers""",
    "mart.fct_next_best_scenario": """
        select customer_id as user_key, scenario_code,
            cast(1.5 as decimal(18, 6)) as score_amount,
            scenario_code = 'travel' and row_number() over (
                partition by scenario_code order by customer_id) % 4 = 0 as is_offered
        from crm_customers cross join (values ('travel'), ('medical')) as s(scenario_code)""",
    "mart.fct_offer_withheld": """
        select customer_id as user_key, 'medical' as scenario_code, 'age' as reason_code
        from crm_customers""",
    "report.rpt_user_explanation": """
        select customer_id as user_key, 'tier' as subject, 1 as line_number
        from crm_customers""",
    "mart.dim_user": """
        select cus.customer_id as user_key, 1 as account_count, false as is_deleted,
            date '2024-05-01' as registration_date,
            coalesce(ord.revenue_amount, 0) as revenue_amount
        from crm_customers as cus left join (
            select customer_id, sum(revenue_amount) as revenue_amount from transaction_orders
            group by 1) as ord on cus.customer_id = ord.customer_id""",
    "mart.bridge_user_identifier": """
        select customer_id as user_key, 'customer' as identifier_type, false as is_demoted,
            true as is_primary from crm_customers""",
    "mart.fct_identity_event": """
        select customer_id as event_key, 'issued' as event_kind, date '2024-06-30' as as_of_date
            from crm_customers""",
    "mart.dim_period": """
        select 'day' as period_grain, cast(d as date) as period_start_date
            from range(date '2024-05-01', date '2024-07-01', interval 1 day) r(d)""",
    "report.fct_kpi": """
        select kpi_id, 'month' as period_grain, date '2024-06-01' as period_start_date,
            'all' as cut_name, 'all' as cut_value, cast(kpi_value as decimal(24, 6)) as kpi_value
        from (values ('ctr', 0.02), ('mau', 90), ('ltv_cac_ratio', 3), ('mau_growth_yoy', 0.2),
            ('cac', 218)) as kpi(kpi_id, kpi_value)""",
    "report.rpt_kpi_scorecard": """
        select kpi_id, 'all' as cut_value, unit, cast(kpi_value as decimal(24, 6)) as kpi_value,
            'on target' as status
        from (values ('ctr', 'ratio', 0.02), ('cac', 'CNY/user', 218), ('mau', 'users', 90))
            as kpi(kpi_id, unit, kpi_value)""",
}

DOUBLED = "insert into {t} select * from {t} limit 1"
LOST = "delete from {t} where rowid = 0"
MORE = "update {t} set {c} = {c} + 0.01 where rowid = 0"
#: relation, SQL on the good candidate, the expectation that must fail.
MUTATIONS = [
    ("mart.fct_order", DOUBLED, "rows_as_accepted"),
    ("mart.fct_order", MORE.replace("{c}", "order_amount"), "amount_as_accepted"),
    ("mart.fct_order", MORE.replace("{c}", "revenue_amount"), "revenue_as_accepted"),
    ("mart.fct_order", MORE.replace("{c}", "variable_cost_amount"), "variable_cost_as_accepted"),
    ("mart.fct_order", "update {t} set credit_loss_amount = 9999", "credit_loss_in_range"),
    ("mart.fct_touch", LOST, "ad_touches_as_accepted"),
    ("mart.fct_touch", "delete from {t} where touch_id = 'm7'", "messages_as_accepted"),
    ("mart.fct_touch", "delete from {t} where touch_id = 'k7'", "coupon_claims_as_accepted"),
    ("mart.fct_touch", "update {t} set user_key = null", "touches_reach_users"),
    ("mart.fct_coupon", LOST, "rows_as_accepted"),
    ("mart.fct_referral", LOST, "rows_as_accepted"),
    (
        "mart.fct_attribution",
        "update {t} set last_share = 0.999999 where rowid = 0",
        "orders_as_accepted",
    ),
    (
        "mart.fct_private_domain_member",
        "delete from {t} where membership_kind = 'wecom' and rowid = 0",
        "contacts_as_accepted",
    ),
    (
        "mart.fct_private_domain_member",
        "insert into {t} select 'twice', 'community'",
        "group_members_as_accepted",
    ),
    (
        "mart.agg_partner_month",
        "update {t} set call_count = call_count + 1 where rowid = 0",
        "calls_as_accepted",
    ),
    ("mart.agg_partner_month", MORE.replace("{c}", "fee_amount"), "fees_as_accepted"),
    (
        "mart.agg_partner_month",
        "update {t} set referred_registration_count = 0",
        "referrals_as_accepted",
    ),
    ("mart.fct_session", "update {t} set event_count = 2 where rowid = 0", "events_as_accepted"),
    (
        "mart.fct_session",
        "update {t} set ended_at = started_at + interval 2 day",
        "session_length_in_range",
    ),
    ("mart.fct_ticket", DOUBLED, "rows_as_accepted"),
    ("mart.fct_ticket", "update {t} set resolution_seconds = 1e9", "resolution_within_a_year"),
    ("mart.fct_consent", DOUBLED, "not_more_than_accepted"),
    ("mart.fct_spend", LOST, "bills_as_accepted"),
    ("mart.fct_spend", MORE.replace("{c}", "original_amount"), "billed_amount_as_accepted"),
    (
        "mart.fct_spend",
        "update {t} set spend_kind = 'offline_event', original_amount = 900",
        "events_not_more_than_accepted",
    ),
    ("mart.fct_spend", "update {t} set exchange_rate = 7.2", "amounts_at_their_rate"),
    ("mart.agg_channel_day", MORE.replace("{c}", "cost_amount"), "cost_as_in_the_ledger"),
    (
        "mart.agg_channel_day",
        "update {t} set impressions = 0 where rowid = 0",
        "impressions_as_accepted",
    ),
    ("mart.agg_channel_day", "update {t} set clicks = 0 where rowid = 0", "clicks_as_accepted"),
    (
        "mart.agg_channel_day",
        "update {t} set platform_conversions = 1",
        "platform_conversions_as_accepted",
    ),
    ("mart.agg_channel_day", "update {t} set order_count = 41", "orders_as_accepted"),
    (
        "mart.agg_channel_day",
        MORE.replace("{c}", "attributed_revenue_amount"),
        "revenue_as_accepted",
    ),
    ("mart.agg_channel_day", "update {t} set channel_code = 'unmapped'", "spend_is_mapped"),
    ("mart.agg_user_day", MORE.replace("{c}", "revenue_amount"), "revenue_as_accepted"),
    ("mart.agg_user_day", LOST, "orders_as_accepted"),
    ("mart.agg_user_day", "update {t} set dwell_seconds = 90000", "dwell_within_a_day"),
    ("mart.agg_user_month", MORE.replace("{c}", "revenue_amount"), "revenue_as_accepted"),
    ("mart.agg_user_month", "update {t} set active_days = 32", "active_days_within_a_month"),
    ("mart.agg_user_month", "update {t} set contact_count = 999", "contacts_in_range"),
    ("mart.agg_cohort_month", "update {t} set active_ratio = 1.1", "active_ratio_is_ratio"),
    ("mart.agg_cohort_month", LOST, "revenue_as_accepted"),
    (
        "mart.agg_cohort_month",
        "update {t} set users = 91 where rowid = 0",
        "cohort_size_constant",
    ),
    (
        "mart.dim_user",
        "update {t} set account_count = 60 where rowid = 0",
        "no_user_swallows_others",
    ),
    (
        "mart.dim_user",
        "insert into {t} select * from {t} limit 1",
        "registrations_not_more_than_accepted",
    ),
    ("mart.dim_user", MORE.replace("{c}", "revenue_amount"), "revenue_as_accepted"),
    ("mart.fct_user_tier", LOST, "registered_users_have_a_tier"),
    ("mart.fct_user_tier", "update {t} set tier_code = 'risk'", "no_tier_takes_all"),
    ("mart.fct_user_tier", "update {t} set previous_tier_code = 'potential'", "tiers_are_steady"),
    (
        "mart.fct_user_lifecycle",
        "update {t} set valid_to_date = '2024-06-01' where rowid = 0",
        "registered_users_have_a_stage",
    ),
    ("mart.fct_user_lifecycle", "update {t} set lifecycle_stage = 'churned'", "not_all_are_gone"),
    (
        "mart.fct_user_value",
        "update {t} set predicted_margin_12_months_amount = 5000",
        "value_in_proportion",
    ),
    (
        "mart.fct_user_value",
        "update {t} set predicted_margin_36_months_amount = -1000000.01 where rowid = 0",
        "margin_of_a_user_in_range",
    ),
    ("mart.fct_churn_warning", "update {t} set is_warned = true", "warned_in_range"),
    ("mart.fct_churn_warning", "update {t} set churn_ratio = 0.6", "mean_chance_in_range"),
    ("report.rpt_churn_drift", "update {t} set stability_term = 0.13", "scores_have_not_moved"),
    (
        "mart.fct_next_best_scenario",
        "delete from {t} where user_key = (select min(user_key) from {t})",
        "registered_users_are_scored",
    ),
    (
        "mart.fct_next_best_scenario",
        "update {t} set score_amount = 10000.1 where rowid = 0",
        "score_in_range",
    ),
    (
        "mart.fct_next_best_scenario",
        "update {t} set is_offered = scenario_code = 'travel'",
        "offers_are_not_a_flood",
    ),
    (
        "mart.fct_offer_withheld",
        "insert into {t} select user_key, 'travel', reason_code from {t}",
        "no_reason_takes_all",
    ),
    ("report.rpt_user_explanation", LOST, "users_are_explained"),
    (
        "report.rpt_user_explanation",
        "update mart.dim_user set is_deleted = true where rowid = 0",
        "the_deleted_are_not_told_of",
    ),
    ("mart.bridge_user_identifier", "update {t} set is_demoted = true", "demotions_in_range"),
    (
        "mart.bridge_user_identifier",
        "insert into {t} select t.* from {t} as t cross join range(101)",
        "no_user_gathers_identifiers",
    ),
    (
        "mart.fct_identity_event",
        "insert into {t} select event_key, 'split', as_of_date from {t} cross join range(20)",
        "keys_stay_with_their_users",
    ),
    (
        "mart.dim_period",
        "update {t} set period_start_date = '0001-01-01' where rowid = 0",
        "starts_after_1990",
    ),
    ("report.fct_kpi", "update {t} set kpi_value = 1.1", "shares_within_one"),
    ("report.fct_kpi", "update {t} set kpi_value = 21", "growth_in_range"),
    ("report.fct_kpi", "update {t} set kpi_value = 101", "value_to_cost_in_range"),
    (
        "report.fct_kpi",
        "update {t} set period_start_date = '2024-07-01'",
        "no_period_in_the_future",
    ),
    ("report.fct_kpi", "update {t} set kpi_value = 9999", "active_users_exist"),
    (
        "report.rpt_kpi_scorecard",
        "update {t} set kpi_value = 2e6",
        "money_per_user_in_range",
    ),
    ("report.rpt_kpi_scorecard", "update {t} set status = 'no data'", "built_kpis_have_data"),
    ("mart.fct_coupon", "delete from {t}", "not_empty"),
    ("mart.fct_coupon", "drop table {t}", "relation_kept"),
    ("mart.fct_coupon", "delete from {t} where rowid % 3 > 0", "rows_not_halved"),
    (
        "mart.fct_coupon",
        "insert into {t} select t.* from {t} as t cross join range(3)",
        "rows_not_tripled",
    ),
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(PROJECT)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Home:
    home = make_home(tmp_path_factory.mktemp("good"), contract)
    build(home, contract)
    return home


@pytest.fixture()
def home(tmp_path: Path, good: Home) -> Home:
    return Home(Path(shutil.copytree(good.root, tmp_path / "home")))


def build(home: Home, contract: Contract) -> Path:
    """A candidate and, with the same rows, a published version."""
    path = candidate(home)
    path.parent.mkdir(parents=True)
    with opened(path) as connection:
        for table in contract.tables:
            files = home.accepted / table.source / table.name / "**" / "*.parquet"
            connection.execute(
                f"create temp view {table.source}_{table.name} as select * from "
                f"read_parquet('{files}', union_by_name = true)"
            )
        connection.execute("create schema mart")
        connection.execute("create schema report")
        for name, query in MARTS.items():
            connection.execute(f"create table {name} as {query}")
        rows = {
            name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in MARTS
        }
    current = home.published / "current"
    current.mkdir(parents=True)
    tables = {
        name.split(".")[1]: {"schema": name.split(".")[0], "rows": count}
        for name, count in rows.items()
    }
    (current / "manifest.json").write_text(json.dumps({"tables": tables}), encoding="utf-8")
    return path


def candidate(home: Home) -> Path:
    return home.candidate / "current" / "marts.duckdb"


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file under another name than its schema: `marts.t` would be ambiguous in `marts`."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as built")
        connection.execute("use built")
        yield connection
        connection.execute("use memory")
        connection.execute("detach built")


def change(home: Home, statement: str) -> None:
    with opened(candidate(home)) as connection:
        connection.execute(statement)


def check(home: Home, contract: Contract) -> list[CheckResult]:
    return run_marts(home, Settings(), candidate(home), contract=contract, as_of=AS_OF)


def only(tmp_path: Path, relation: str) -> Path:
    """A folder with the suite of one relation, so that a test evaluates no others."""
    folder = tmp_path / "suites"
    folder.mkdir()
    shutil.copy(SUITES / f"{relation}.yml", folder)
    return folder


def test_good_candidate_passes(home: Home, contract: Contract) -> None:
    before = candidate(home).read_bytes()

    results = check(home, contract)

    failed = [
        (result.suite, result.expectation, result.observed)
        for result in results
        if not result.success
    ]
    suites = load_suites(SUITES)
    assert failed == []
    assert passed(results)
    # Each suite has `not_empty` besides what it declares.
    assert len(results) == len(published_suite().expectations) + sum(
        len(suite.expectations) + 1 for suite in suites
    )
    assert candidate(home).read_bytes() == before, "a check must not touch the candidate"
    assert not candidate(home).with_name("marts.duckdb.wal").exists()


@pytest.mark.parametrize(("relation", "statement", "expected"), MUTATIONS)
def test_bad_candidate_fails(
    home: Home, contract: Contract, tmp_path: Path, relation: str, statement: str, expected: str
) -> None:
    change(home, statement.replace("{t}", relation))

    results = run_marts(
        home,
        Settings(),
        candidate(home),
        contract=contract,
        as_of=AS_OF,
        suites=only(tmp_path, relation),
    )

    assert expected in {result.expectation for result in results if not result.success}
    assert expected == "relation_kept" or all(result.status != "error" for result in results)


def test_every_expectation_has_a_mutation() -> None:
    declared = {
        (suite.relation, expectation.name)
        for suite in load_suites(SUITES)
        for expectation in suite.expectations
    }
    shown = {(relation, expected) for relation, _, expected in MUTATIONS}
    assert declared - shown == set()
    generated = {expectation.name for expectation in published_suite().expectations}
    assert generated | {"not_empty"} <= {expected for _, expected in shown}


def test_empty_relation_passes_only_without_its_input(
    home: Home, contract: Contract, tmp_path: Path
) -> None:
    change(home, "delete from mart.fct_ticket")
    suites = only(tmp_path, "mart.fct_ticket")
    arguments = {"contract": contract, "as_of": AS_OF, "suites": suites}
    (home.published / "current" / "manifest.json").unlink()

    assert not passed(run_marts(home, Settings(), candidate(home), **arguments))
    shutil.rmtree(home.accepted / "crm" / "tickets" / "2024-07-01")
    results = run_marts(home, Settings(), candidate(home), **arguments)

    assert passed(results)
    skipped = [result for result in results if result.status == "absent"]
    assert {result.suite for result in skipped} == {"mart.fct_ticket"}
    assert skipped[0].observed == "empty: never delivered: crm.tickets"


def test_empty_relation_passes_without_a_value_in_the_column_it_needs(
    home: Home, contract: Contract, tmp_path: Path
) -> None:
    change(home, "delete from mart.fct_next_best_scenario")
    change(home, "update mart.dim_user set registration_date = null")
    suites = only(tmp_path, "mart.fct_next_best_scenario")
    arguments = {"contract": contract, "as_of": AS_OF, "suites": suites}
    (home.published / "current" / "manifest.json").unlink()

    assert not passed(run_marts(home, Settings(), candidate(home), **arguments))
    for path in (home.accepted / "crm" / "customers").rglob("*.parquet"):
        frame = duckdb.read_parquet(str(path))
        frame.project("* replace (null::timestamp as registered_at)").write_parquet(f"{path}.new")
        Path(f"{path}.new").replace(path)
    results = run_marts(home, Settings(), candidate(home), **arguments)

    assert passed(results)
    assert {r.observed for r in results if r.suite == "mart.fct_next_best_scenario"} == {
        "empty: never delivered: crm.customers.registered_at"
    }


@pytest.mark.parametrize("name", ["crm.customers.registred_at", "crm.customer", "model.luck"])
def test_an_input_that_does_not_exist_is_refused(
    home: Home, contract: Contract, tmp_path: Path, name: str
) -> None:
    suites = only(tmp_path, "mart.fct_ticket")
    path = suites / "mart.fct_ticket.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("- crm.tickets", f"- {name}"))

    with pytest.raises(FinviewError, match=f"may be empty without {name}"):
        run_marts(home, Settings(), candidate(home), contract=contract, as_of=AS_OF, suites=suites)


def test_totals_stop_at_the_day_and_take_the_latest_version(
    home: Home, contract: Contract, tmp_path: Path
) -> None:
    change(home, "delete from mart.fct_order where order_date > '2024-06-15'")
    (home.published / "current" / "manifest.json").unlink()
    (candidate(home).with_name("manifest.json")).write_text(
        json.dumps({"as_of_date": "2024-06-15"}), encoding="utf-8"
    )

    results = run_marts(
        home,
        Settings(),
        candidate(home),
        contract=contract,
        suites=only(tmp_path, "mart.fct_order"),
    )

    assert [result.observed for result in results if not result.success] == []
    assert passed(results)


def test_control_total_shows_both_sides(home: Home, contract: Contract, tmp_path: Path) -> None:
    change(home, "delete from mart.fct_coupon where coupon_id = 'k7'")

    results = run_marts(
        home,
        Settings(),
        candidate(home),
        contract=contract,
        as_of=AS_OF,
        suites=only(tmp_path, "mart.fct_coupon"),
    )

    (failed,) = [result for result in results if not result.success]
    assert failed.failing_keys == ("in_mart=2399, accepted=2400.00",)


def test_missing_candidate_and_broken_manifest_are_named(home: Home, contract: Contract) -> None:
    (home.published / "current" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(FinviewError, match="manifest of the published version"):
        check(home, contract)
    candidate(home).unlink()
    with pytest.raises(FinviewError, match="no candidate"):
        check(home, contract)


def test_a_mart_of_a_model_may_be_empty_until_one_is_promoted(
    home: Home, contract: Contract, tmp_path: Path
) -> None:
    change(home, "delete from mart.fct_churn_warning")
    (home.published / "current" / "manifest.json").unlink()
    suites = only(tmp_path, "mart.fct_churn_warning")
    arguments = {"contract": contract, "as_of": AS_OF, "suites": suites}

    results = run_marts(home, Settings(), candidate(home), **arguments)
    assert passed(results)
    skipped = [result for result in results if result.status == "absent"]
    assert {result.suite for result in skipped} == {"mart.fct_churn_warning"}

    append_version(home, [Parameter("churn", "all", "verdict", "refused")])
    assert passed(run_marts(home, Settings(), candidate(home), **arguments))
    append_version(home, [Parameter("churn", "all", "verdict", "promoted")])
    assert not passed(run_marts(home, Settings(), candidate(home), **arguments))
