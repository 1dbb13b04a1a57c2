"""How close the sample data come to the figures measured in the strategy documents.

Run `python -m simulator.calibration <landing> <truth>` after `simulate`: it reads the delivered
files like any reader and prints measured values beside the aims. It decides nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

_LOCAL = "interval 8 hour"
#: name, aim (from kpi_targets.csv, kind 'measured', or the simulator's own), query of one value.
_CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "cac 2023",
        "150",
        "select (select sum(cost_amount) from spend where year(spend_date) = 2023)"
        " / (select count(*) from paid where year(registered_at + {local}) = 2023)",
    ),
    (
        "cac 2024",
        "218",
        "select (select sum(cost_amount) from spend where year(spend_date) = 2024)"
        " / (select count(*) from paid where year(registered_at + {local}) = 2024)",
    ),
    (
        "feed_ad_cac 2024",
        "218",
        "select (select sum(cost_amount) from spend where platform in ('toutiao', 'tencent')"
        " and year(spend_date) = 2024) / (select count(*) from paid where"
        " acquisition_channel = 'feed_ad' and year(registered_at + {local}) = 2024)",
    ),
    (
        "ctr 2024Q3",
        "0.018",
        "select sum(clicks) / sum(impressions) from spend"
        " where spend_date between '2024-07-01' and '2024-09-30'",
    ),
    (
        "budget share feed_ad 2024",
        "0.62",
        "select sum(cost_amount) filter (platform in"
        " ('toutiao', 'tencent')) / sum(cost_amount) from spend where year(spend_date) = 2024",
    ),
    (
        "budget share offline 2024",
        "0.15",
        "select sum(cost_amount) filter (platform in"
        " ('community_event', 'supermarket', 'enterprise')) / sum(cost_amount) from spend"
        " where year(spend_date) = 2024",
    ),
    (
        "registration to first order 2024",
        "0.063",
        "select avg((o.first_at is not null and"
        " o.first_at < c.registered_at + interval 30 day)::int) from customers c left join"
        " (select customer_id, min(ordered_at) first_at from orders group by 1) o"
        " using (customer_id) where year(c.registered_at) = 2024",
    ),
    (
        "retention d30 (rolling week)",
        "0.35",
        "select avg(exists(select 1 from active a where"
        " a.customer_id = c.customer_id and a.day between c.day + 27 and c.day + 33)::int)"
        " from registered c where year(c.day) = 2024",
    ),
    ("retention m18", "0.33", "select avg(kept) from m18"),
    ("retention m18 online", "", "select avg(kept) from m18 where channel_group = 'online'"),
    (
        "retention m18 offline",
        "online + 0.18",
        "select avg(kept) from m18 where channel_group = 'offline'",
    ),
    (
        "MAU growth 2024-12",
        "",
        "select count(distinct customer_id) filter (month = '2024-12-01')"
        " / count(distinct customer_id) filter (month = '2023-12-01') - 1 from active",
    ),
    (
        "repeat purchase 2024",
        "0.28",
        "select avg((n >= 2)::int) from (select customer_id, count(*)"
        " n from good_orders where year(ordered_at) = 2024 group by 1)",
    ),
    (
        "revenue share of top 12 % buyers 2024",
        "0.65",
        "select sum(revenue) filter (place <= 0.12) / sum(revenue)"
        " from (select revenue, percent_rank() over (order by revenue desc) as place from"
        " (select customer_id, sum(revenue_amount) revenue from good_orders"
        " where year(ordered_at) = 2024 group by 1))",
    ),
    (
        "revenue per buyer 2024 (CNY)",
        "",
        "select sum(revenue_amount) / count(distinct customer_id)"
        " from good_orders where year(ordered_at) = 2024",
    ),
    (
        "scenario revenue share 2024",
        "0.25 to 0.30",
        "select sum(revenue_amount) filter"
        " (scenario_code is not null) / sum(revenue_amount) from orders join products"
        " using (product_id) where year(ordered_at) = 2024",
    ),
    (
        "loans defaulted",
        "0.02 to 0.03",
        "select count(*) filter (status = 'defaulted') / count(*)"
        " from good_orders join products using (product_id) where product_line = 'consumer_credit'",
    ),
    (
        "marketing contacts per user and month",
        "4.2",
        "select count(*) / count(distinct"
        " (customer_id, date_trunc('month', sent_at + {local}))) from messages"
        " where purpose = 'marketing' and customer_id is not null",
    ),
    (
        "marketing open rate",
        "0.023",
        "select count(opened_at) / count(delivered_at) from messages where purpose = 'marketing'",
    ),
    ("delivered", "0.97", "select count(delivered_at) / count(*) from messages"),
    (
        "marketing without consent",
        "0.04",
        "select avg((not exists(select 1 from consented k where"
        " k.customer_id = m.customer_id and m.sent_at >= granted and"
        " (withdrawn is null or m.sent_at < withdrawn)))::int) from messages m"
        " where purpose = 'marketing' and customer_id is not null",
    ),
    (
        "marketing consent",
        "0.62",
        "select (select count(*) from consented) / (select count(*) from customers)",
    ),
    (
        "complaints per 1000 MAU 2024",
        "",
        "select 1000 * (select count(*) from tickets where kind ="
        " 'complaint' and year(opened_at) = 2024) / (select sum(n) from (select count(distinct"
        " customer_id) n from active where year(month) = 2024 group by month))",
    ),
    (
        "complaint rate growth 2024",
        "0.35",
        "select max(r) filter (y = 2024) / max(r) filter (y = 2023) - 1"
        " from (select y, max(c) / sum(n) as r from"
        " (select year(month) as y, count(distinct customer_id) as n from active group by month)"
        " join (select year(opened_at) as y, count(*) as c from tickets"
        " where kind = 'complaint' group by 1) using (y) group by 1)",
    ),
    (
        "promise share of complaints 2024",
        "0.42",
        "select avg((topic = 'promise_mismatch')::int)"
        " from tickets where kind = 'complaint' and year(opened_at) = 2024",
    ),
    (
        "resolution days 2024",
        "4.2",
        "select avg(epoch(resolved_at - opened_at)) / 86400"
        " from tickets where kind = 'complaint' and year(opened_at) = 2024",
    ),
    ("coupon redemption", "0.20 to 0.28", "select count(redeemed_at) / count(*) from coupons"),
    (
        "branch lookup before apply",
        "0.85",
        "select avg(exists(select 1 from events b where b.event_name = 'branch_lookup'"
        " and b.customer_id = a.customer_id and b.occurred_at between"
        " a.occurred_at - interval 30 day and a.occurred_at)::int) from events a"
        " where event_name = 'apply'",
    ),
    (
        "converters over 3 minutes at share",
        "0.85",
        "select avg((dwell_seconds > 180)::int) from"
        " events where event_name = 'share' and customer_id in (select customer_id from orders)",
    ),
)
_VIEWS = """
create table customers as select * from '{landing}/crm/customers/*.csv';
create table tickets as select * from '{landing}/crm/tickets/*.csv';
create table consents as select * from '{landing}/crm/consents/*.csv';
create table products as select * from '{landing}/transaction/products/*.csv';
create table orders as select * from '{landing}/transaction/orders/*.parquet';
create table coupons as select * from '{landing}/channel/coupons/*.jsonl';
create table messages as select * from '{landing}/channel/messages/*.jsonl.gz';
create table spend as select * from '{landing}/channel/ad_spend_daily/*.csv';
create table events as select * from '{landing}/channel/app_events/*.csv.gz';
create table good_orders as select * from orders where status not in ('rejected', 'cancelled');
create table paid as select * from '{truth}/persons.parquet' where acquisition_channel
    not in ('organic', 'referral', 'partner')
    and registered_at + {local} >= (select min(spend_date) from spend);
create table active as select distinct customer_id, (occurred_at + {local})::date as day,
    date_trunc('month', occurred_at + {local})::date as month
    from events where customer_id is not null;
create table registered as select customer_id, (registered_at + {local})::date as day,
    case when register_channel in ('community_event', 'supermarket', 'enterprise') then 'offline'
    when register_channel in ('feed_ad', 'short_video', 'search_ad', 'social', 'kol')
    then 'online' else 'other' end as channel_group from customers;
create table m18 as select channel_group, exists(select 1 from active a where a.customer_id =
    c.customer_id and a.month = date_trunc('month', c.day) + interval 18 month)::int as kept
    from registered c where c.day < (select max(day) from active) - interval 19 month
    and c.day > (select min(day) from active) - interval 17 month;
create table consented as select customer_id, min(happened_at) filter (action = 'grant') as granted,
    min(happened_at) filter (action = 'withdraw') as withdrawn from consents
    where purpose = 'marketing' group by 1;
"""


def calibrate(landing: Path, truth: Path) -> list[tuple[str, str, float]]:
    """Measured values of delivered sample data: (figure, aim, value); NaN where there is none."""
    names = {"landing": landing, "truth": truth, "local": _LOCAL}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(_VIEWS.format(**names))
        results = []
        for name, aim, query in _CHECKS:
            row = connection.execute(query.format(**names)).fetchone()
            value = row[0] if row and row[0] is not None else "nan"
            results.append((name, aim, float(value)))
    return results


if __name__ == "__main__":
    for figure, goal, measured in calibrate(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{figure:40} {measured:12.4f}   {goal}")
