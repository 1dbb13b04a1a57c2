"""Good accepted data of every contract table, small, and a home that holds it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from finview.contract import LINEAGE, Column, Contract, Table
from finview.settings import Home

AS_OF = date(2024, 6, 30)
#: 60 business days up to AS_OF, 40 rows each: `i` numbers the rows, `ts` is noon of their day.
_DAYS = "select i, timestamp '2024-05-02 04:00:00' + (i // 40) * interval 1 day as ts from range(2400) r(i)"  # noqa: E501

GOOD = {
    "channel.campaigns": """
        select 'c' || i as campaign_id, 'feed_ad' as channel_code, ts as brief_at,
            ts + interval 1 day as launched_at, ts + interval 9 day as ended_at,
            1000.00 as budget_amount, 'CNY' as currency_code from days where i < 200""",
    "channel.ad_spend_daily": """
        select cast(ts as date) as spend_date, 'toutiao' as platform,
            'c' || (i % 40) as campaign_id, 'x' as creative_id,
            1000 as impressions, 20 as clicks, 30.00 as cost_amount,
            'CNY' as currency_code from days""",
    "channel.ad_touches": """
        select 't' || i as touch_id, ts as touched_at, case when i % 5 = 0 then 'click'
            else 'impression' end as kind, 'c' || (i % 40) as campaign_id,
            'd' || (i % 300) as device_id_hash from days""",
    "channel.app_events": """
        select 'e' || i as event_id, ts as occurred_at, ts + interval 1 minute as received_at,
            'd' || (i % 300) as device_id_hash, case when i % 3 > 0 then 'u' || (i % 90) end
            as customer_id, 'page_view' as event_name, 30 as dwell_seconds from days""",
    "channel.coupons": """
        select 'k' || i as coupon_id, ts as claimed_at, 'u' || (i % 90) as customer_id,
            case when i % 4 = 0 then ts + interval 1 hour end as redeemed_at,
            ts + interval 2 day as expires_at from days""",
    "channel.messages": """
        select 'm' || i as message_id, 'push' as message_channel, 'u' || (i % 90) as customer_id,
            ts as sent_at, ts + interval 1 minute as delivered_at,
            case when i % 20 = 0 then ts + interval 2 minute end as opened_at,
            case when i % 40 = 0 then ts + interval 3 minute end as clicked_at,
            'marketing' as purpose from days""",
    "crm.customers": """
        select 'u' || i as customer_id, 'p' || i as phone_hash, 'i' || i as id_card_hash,
            date '1990-05-17' as birth_date, ts as registered_at, ts as updated_at,
            cast(null as timestamp) as deleted_at from days""",
    "crm.customer_devices": """
        select 'u' || i as customer_id, 'd' || i as device_id_hash, ts as first_seen_at,
            ts + interval 1 hour as last_seen_at from days""",
    "crm.consents": """
        select 's' || i as consent_id, 'u' || (i // 2) as customer_id, 'marketing' as purpose,
            case when i % 2 = 0 then 'grant' else 'withdraw' end as action,
            ts as happened_at from days""",
    "crm.tickets": """
        select 'q' || i as ticket_id, 'u' || (i % 90) as customer_id, ts as opened_at,
            ts + interval 1 hour as first_reply_at, ts + interval 1 day as resolved_at,
            'complaint' as kind, 0 as reopened_count from days where ts < timestamp '2024-06-30'""",
    "transaction.products": """
        select 'p' || i as product_id, 'wealth' as product_line, 0.035 as annualised_rate
            from days where i < 24""",
    "transaction.orders": """
        select 'o' || i as order_id, 'u' || (i % 90) as customer_id, 'p1' as product_id,
            ts as ordered_at, 'completed' as status, 1000.00 + i as amount,
            20.00 as revenue_amount, 5.00 as variable_cost_amount, 'CNY' as currency_code,
            ts + interval 30 day as matured_at from days""",
    "transaction.repayments": """
        select 'r' || i as repayment_id, 'o' || i as order_id, ts + interval 20 day as due_at,
            ts + interval 19 day as paid_at, 100.00 as due_amount, 100.00 as paid_amount,
            'CNY' as currency_code, 0 as days_past_due from days""",
    "channel.creatives": """
        select 'x' || i as creative_id, 1 as version, 0.072 as advertised_apr, ts as live_from_at,
            ts + interval 9 day as live_to_at from days""",
    "channel.creative_reviews": """
        select 'v' || i as review_id, 'x' || i as creative_id, 1 as version,
            'content' as review_type, ts as submitted_at, ts + interval 2 hour as decided_at,
            'approved' as decision from days""",
    "transaction.credit_applications": """
        select 'a' || i as application_id, 'u' || (i % 90) as customer_id, ts as applied_at,
            ts + interval 5 minute as decided_at, 'approved' as decision, 1000.00 as amount,
            1000.00 as approved_amount, 0.18 as annualised_rate, 'CNY' as currency_code
            from days""",
    "crm.experiments": """
        select 'y' || (i // 40) as experiment_id, ts as started_at,
            ts + interval 30 day as ended_at from days where i % 40 = 0""",
    "crm.experiment_assignments": """
        select 'y' || (i // 40) as experiment_id, 'u' || (i % 40) as customer_id,
            case when i % 2 = 0 then 'control' else 'treatment' end as variant,
            ts as assigned_at, ts + interval 1 hour as first_exposed_at from days""",
    "crm.recommendations": """
        select 'n' || i as decision_id, 'u' || (i % 90) as customer_id, ts as decided_at,
            'p1' as product_id, 0.5 as score, i % 3 = 0 as shown, 0.18 as price_offered
            from days""",
}


def make_home(root: Path, contract: Contract, *, absent: tuple[str, ...] = ()) -> Home:
    """A home with good accepted data of every table but the absent ones."""
    home = Home(root)
    for table in contract.tables:
        write_table(home, table, good_rows(table), absent=table.full_name in absent)
    return home


def good_rows(table: Table) -> str:
    """Good rows of a table: those above, else a plain value of its type in every column."""
    if table.full_name in GOOD:
        return GOOD[table.full_name]
    values = (f"{_plain_value(column)} as {column.accepted_name}" for column in table.columns)
    return f"select {', '.join(values)} from days"


def _plain_value(column: Column) -> str:
    if column.accepted_values:
        return f"'{column.accepted_values[0]}'"
    if column.name == "currency_code":
        return "'CNY'"
    if column.accepted_type == "varchar":
        return f"'{column.name}' || i"
    kinds = {"timestamp": "ts", "date": "cast(ts as date)", "boolean": "true"}
    return kinds.get(column.data_type, "1")


def write_table(
    home: Home,
    table: Table,
    query: str,
    *,
    change: str | None = None,
    absent: bool = False,
    batch: str = "b1",
    sequence: int = 1,
) -> None:
    """Write one accepted batch of `query`, after the SQL `change` on the table `t`."""
    folder = home.accepted / table.source / table.name
    (folder / "2024-07-01").mkdir(parents=True, exist_ok=True)
    columns = [(column.accepted_name, column.accepted_type) for column in table.columns]
    spelled = ", ".join(f"{name} {kind}" for name, kind in [*columns, *LINEAGE.items()])
    with duckdb.connect() as connection:
        connection.execute(f"create table days as {_DAYS}")
        connection.execute(f"create table t ({spelled})")
        _copy(connection, folder / "_schema.parquet")
        if absent:
            return
        connection.execute(f"insert into t by name {query}")
        connection.execute(
            "update t set _source_file = 'f', _source_line = rowid + 2, _batch_id = ?, "
            "_loaded_at = '2024-07-01', _load_sequence = ?, _key_version = 'k1'",
            [batch, sequence],
        )
        for statement in (change or "").split(";"):
            if statement.strip():
                connection.execute(statement)
        _copy(connection, folder / "2024-07-01" / f"{batch}.parquet")


def _copy(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute(f"copy t to '{path}' (format parquet)")
