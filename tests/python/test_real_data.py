"""The examples against published figures and a plain pandas recomputation from the raw files.

Two levels: what the mappings land, and what a whole run publishes. The data are read from
`$FINVIEW_REAL_DATA`, default `../shared/data` beside the checkout.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from finview.importer import import_example
from finview.settings import Home

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("FINVIEW_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()

COHORT_REVENUE = {"2020-06": 14365, "2020-07": 11135, "2020-10": 23530}
REVENUE_PER_USER = {"2020-02": "7.06", "2020-05": "9.10", "2020-06": "9.33"}
ACTIVE_IN_OCTOBER_2020 = 7191
ADVANCES = 23970
# Impressions, clicks, conversions, approved conversions, spend.
ADS = (213434828, 38165, 3264, 1079, Decimal("58705.23"))
RETAILER: dict[str, tuple[Any, ...]] = {
    "contacts": (6589, 1559),  # and households
    "redemptions": (2102, 410),
    "baskets": (47243, Decimal("233935.24")),
    "campaigns": (27,),
    "described": (801,),
}


@dataclass(frozen=True)
class Imported:
    """One example in a home of its own, with the rows its import reported."""

    home: Home
    source: Path
    rows: dict[str, int]

    def landed(self, table: str) -> str:
        """Path of a landed table, quoted for SQL."""
        folder = self.home.landing / table.replace(".", "/")
        return f"'{folder}/*.parquet'"

    def one(self, sql: str) -> tuple[Any, ...]:
        """First row of a query over landed files."""
        with duckdb.connect() as connection:
            row = connection.execute(sql).fetchone()
        assert row is not None
        return row


def _import(example: str, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    source = DATA / example
    if not source.is_dir():
        pytest.skip(f"skipped: no real data at {source}")
    home = Home(tmp_path_factory.mktemp(example) / "home")
    return Imported(home, source, import_example(example, source, home, project=ROOT))


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return _import("ironhack_payments", tmp_path_factory)


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return _import("completejourney", tmp_path_factory)


@pytest.fixture(scope="module")
def advertiser(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return _import("kag_facebook_ads", tmp_path_factory)


@contextmanager
def published(imported: Imported) -> Iterator[duckdb.DuckDBPyConnection]:
    """Run the whole pipeline on an example's home and open what it published."""
    from finview.pipeline import run

    run(imported.home)
    path = imported.home.published / "current" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def lender_by_pandas(source: Path) -> pd.DataFrame:
    """Users and revenue by cohort month (index 'YYYY-MM'), from the raw files alone."""
    advances = pd.read_parquet(source / "cleaned_requests.parquet")
    fees = pd.read_parquet(source / "cleaned_fees.parquet")
    advances["account"] = advances["user_id"].fillna(advances["deleted_account_id"])
    advances["month"] = advances["created_at"].dt.strftime("%Y-%m")
    advances["cohort"] = advances.groupby("account")["month"].transform("min")
    accepted = fees[fees["status"] == "accepted"].groupby("cash_request_id")["total_amount"].sum()
    advances["revenue"] = advances["id"].map(accepted).fillna(0)
    return advances.groupby("cohort").agg(users=("account", "nunique"), revenue=("revenue", "sum"))


def retention_by_pandas(source: Path) -> dict[tuple[str, int], tuple[int, int]]:
    """Users of each cohort, and those with an advance so many months later, from the raw file."""
    advances = pd.read_parquet(source / "cleaned_requests.parquet")
    account = advances["user_id"].fillna(advances["deleted_account_id"])
    created = advances["created_at"].dt
    number = created.year * 12 + created.month - 1
    first = number.groupby(account).transform("min")
    active = account.groupby([first, number - first]).nunique()
    return {
        (f"{start // 12}-{start % 12 + 1:02}", since): (
            int(active.loc[start, 0]),
            int(active.get((start, since), 0)),
        )
        for start in sorted(set(first))
        for since in range(int(number.max()) - start + 1)
    }


def as_cohorts(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cohort", "users", "revenue"]).set_index("cohort")


def check_cohorts(found: pd.DataFrame, source: Path) -> None:
    """The published figures and every cohort of the recomputation, to the cent."""
    expected = lender_by_pandas(source)
    assert {row: int(found.loc[row, "users"]) for row in found.index} == {
        row: int(expected.loc[row, "users"]) for row in expected.index
    }
    for month in expected.index:
        assert Decimal(str(found.loc[month, "revenue"])) == Decimal(
            str(expected.loc[month, "revenue"])
        ), month
    for month, revenue in COHORT_REVENUE.items():
        assert found.loc[month, "revenue"] == revenue
    for month, ratio in REVENUE_PER_USER.items():
        value = Decimal(str(found.loc[month, "revenue"])) / int(found.loc[month, "users"])
        assert str(value.quantize(Decimal("0.01"))) == ratio


COHORTS_LANDED = """
    with orders as (select *, strftime(ordered_at, '%Y-%m') as month from {orders}),
    firsts as (select customer_id, min(month) as cohort from orders group by customer_id)
    select cohort, count(distinct customer_id), sum(revenue_amount)
    from orders join firsts using (customer_id) group by cohort order by cohort
"""


def test_lender_landed(lender: Imported) -> None:
    orders = lender.landed("transaction.orders")
    assert lender.rows == {"transaction.orders": ADVANCES, "transaction.products": 1}
    rows = duckdb.sql(COHORTS_LANDED.format(orders=orders)).fetchall()
    check_cohorts(as_cohorts(rows), lender.source)
    active = f"select count(distinct customer_id) from {orders} where ordered_at >= '2020-10-01'"
    assert lender.one(f"{active} and ordered_at < '2020-11-01'") == (ACTIVE_IN_OCTOBER_2020,)


def test_lender_statuses_are_all_mapped(lender: Imported) -> None:
    sql = f"select status, count(*) from {lender.landed('transaction.orders')} group by status"
    assert dict(duckdb.sql(sql).fetchall()) == {
        "completed": 16397,
        "rejected": 6568,
        "defaulted": 812,
        "funded": 112,
        "cancelled": 81,
    }


def test_a_changed_fee_is_noticed(lender: Imported, tmp_path: Path) -> None:
    """The check of the cohorts fails when one cent of one advance is wrong."""
    orders = lender.landed("transaction.orders")
    rows = duckdb.sql(COHORTS_LANDED.format(orders=orders)).fetchall()
    wrong = [(rows[0][0], rows[0][1], rows[0][2] + Decimal("0.01")), *rows[1:]]
    with pytest.raises(AssertionError):
        check_cohorts(as_cohorts(wrong), lender.source)


def test_lender_published(lender: Imported) -> None:
    with published(lender) as marts:
        rows = marts.execute(
            "select strftime(cohort_month, '%Y-%m'), max(users), sum(revenue_amount)"
            " from mart.agg_cohort_month group by all order by all"
        ).fetchall()
        active = marts.execute(
            "select sum(active_users) from mart.agg_cohort_month"
            " where cohort_month + to_months(cast(months_since as int)) = date '2020-10-01'"
        ).fetchone()
        orders = marts.execute("select count(*) from mart.fct_order").fetchone()
        retention = marts.execute(
            "select strftime(cohort_month, '%Y-%m'), months_since, users, active_users"
            " from mart.agg_cohort_month"
        ).fetchall()
    check_cohorts(as_cohorts(rows), lender.source)
    assert {row[:2]: row[2:] for row in retention} == retention_by_pandas(lender.source)
    assert (active, orders) == ((ACTIVE_IN_OCTOBER_2020,), (ADVANCES,))


def advertiser_by_pandas(source: Path) -> tuple[Any, ...]:
    ads = pd.read_csv(source / "kag_conversion_data.csv", dtype=str)
    spend = sum((Decimal(value).quantize(Decimal("0.01")) for value in ads["Spent"]), Decimal(0))
    counts = ("Impressions", "Clicks", "Total_Conversion", "Approved_Conversion")
    return (*(int(ads[name].astype(int).sum()) for name in counts), spend)


AD_TOTALS = (
    "select sum(impressions), sum(clicks), sum(platform_conversions),"
    " sum(platform_approved_conversions), sum(cost_amount) from "
)


def test_advertiser_landed(advertiser: Imported) -> None:
    assert advertiser.rows == {"channel.ad_spend_daily": 1143, "channel.campaigns": 691}
    found = advertiser.one(AD_TOTALS + advertiser.landed("channel.ad_spend_daily"))
    assert found == ADS == advertiser_by_pandas(advertiser.source)


def test_advertiser_published(advertiser: Imported) -> None:
    with published(advertiser) as marts:
        found = marts.execute(AD_TOTALS + "mart.agg_channel_day").fetchone()
    assert found == ADS == advertiser_by_pandas(advertiser.source)


def retailer_by_pandas(source: Path) -> dict[str, tuple[Any, ...]]:
    contacts = pd.read_parquet(source / "campaigns.parquet")
    redemptions = pd.read_parquet(source / "coupon_redemptions.parquet")
    lines = pd.read_parquet(source / "transactions_sample.parquet")
    cents = (lines["sales_value"] * 100).round().astype("int64").sum()
    campaigns = pd.read_parquet(source / "campaign_descriptions.parquet")["campaign_id"]
    return {
        "contacts": (len(contacts), contacts["household_id"].nunique()),
        "redemptions": (len(redemptions), redemptions["household_id"].nunique()),
        "baskets": (lines["basket_id"].nunique(), Decimal(int(cents)) / 100),
        "campaigns": (campaigns.nunique(),),
        "described": (pd.read_parquet(source / "demographics.parquet")["household_id"].nunique(),),
    }


def test_retailer_landed(retailer: Imported) -> None:
    table = retailer.landed
    users = "count(*), count(distinct customer_id)"
    found = {
        "contacts": retailer.one(f"select {users} from {table('channel.messages')}"),
        "redemptions": retailer.one(f"select {users} from {table('channel.coupons')}"),
        "baskets": retailer.one(f"select count(*), sum(amount) from {table('transaction.orders')}"),
        "campaigns": retailer.one(f"select count(*) from {table('channel.campaigns')}"),
        "described": retailer.one(f"select count(*) from {table('crm.customers')}"),
    }
    assert found == RETAILER == retailer_by_pandas(retailer.source)
    early = f"select count(*) from {table('channel.coupons')} where redeemed_at < claimed_at"
    assert retailer.one(early) == (0,)


@dataclass(frozen=True)
class Effect:
    """What the retailer's baskets and coupons say about one campaign."""

    days: tuple[int, int]
    #: In the campaign and in the four weeks before, each with the same for the 14 days after.
    orders: tuple[int, int]
    baseline: tuple[int, int]
    is_mature: tuple[bool, bool]
    redeemed: tuple[int, int]


def effects_by_pandas(source: Path) -> dict[int, Effect]:
    """Baskets of every campaign's days, day by day, and coupons redeemed inside and outside."""
    baskets = pd.read_parquet(source / "transactions_sample.parquet")
    bought = baskets.groupby(["basket_id", "household_id"])["transaction_timestamp"].min()
    by_day = bought.dt.normalize().value_counts().to_dict()
    as_of, begins = max(by_day), min(by_day)
    redemptions = pd.read_parquet(source / "coupon_redemptions.parquet")
    made = {}
    for row in pd.read_parquet(source / "campaign_descriptions.parquet").itertuples():
        windows = (
            pd.date_range(row.start_date, row.end_date),
            pd.date_range(row.end_date + pd.Timedelta(days=1), periods=14),
        )
        seen = [[day for day in window if day <= as_of] for window in windows]
        before = row.start_date - pd.Timedelta(days=28)
        compared = [
            [before + pd.Timedelta(days=(day - row.start_date).days % 28) for day in days]
            for days in seen
        ]
        count = [sum(by_day.get(day, 0) for day in days) for days in (*seen, *compared)]
        own = redemptions[redemptions["campaign_id"] == row.campaign_id]["redemption_date"]
        inside = int(own.between(row.start_date, row.end_date).sum())
        made[row.campaign_id] = Effect(
            (len(seen[0]), len(seen[1])),
            (count[0], count[1]),
            (count[2], count[3]),
            (
                row.end_date <= as_of and begins <= before,
                windows[1][-1] <= as_of and begins <= before,
            ),
            (inside, len(own) - inside),
        )
    return made


EFFECTS = """
    with coupons as (
        select eff.campaign_id,
            count(case when cou.redeemed_date between eff.start_date and eff.end_date then 1 end)
                as inside,
            count(cou.redeemed_date) as redeemed
        from mart.fct_campaign_effect as eff left join mart.fct_coupon as cou using (campaign_id)
        group by eff.campaign_id)
    select cast(campaign_id as integer), observed_days, afterglow_observed_days, order_count,
        afterglow_order_count, baseline_order_count, afterglow_baseline_order_count, is_mature,
        is_afterglow_mature, inside, redeemed - inside
    from mart.fct_campaign_effect join coupons using (campaign_id)
    where campaign_kind = 'campaign'
"""


def as_effects(rows: list[tuple[Any, ...]]) -> dict[int, Effect]:
    return {row[0]: Effect(row[1:3], row[3:5], row[5:7], row[7:9], row[9:11]) for row in rows}


def test_retailer_published(retailer: Imported) -> None:
    queries = {
        "contacts": "count(*), count(distinct user_key) from mart.fct_touch"
        " where touch_kind = 'message'",
        "redemptions": "count(*), count(distinct user_key) from mart.fct_coupon where is_redeemed",
        "baskets": "count(*), sum(order_amount) from mart.fct_order",
        "campaigns": "count(distinct campaign_id) from mart.fct_touch where touch_kind = 'message'",
        "described": "count(*) from mart.dim_user where income_band is not null",
    }
    with published(retailer) as marts:
        found = {
            name: marts.execute(f"select {query}").fetchone() for name, query in queries.items()
        }
        effects = as_effects(marts.execute(EFFECTS).fetchall())
    expected = effects_by_pandas(retailer.source)
    assert effects == expected
    # Every coupon was redeemed in its campaign.
    inside, outside = (sum(one.redeemed[place] for one in expected.values()) for place in (0, 1))
    assert (inside, outside) == (RETAILER["redemptions"][0], 0)
    assert found == RETAILER == retailer_by_pandas(retailer.source)
