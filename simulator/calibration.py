"""How close the sample data come to the figures measured in the strategy documents.

Run `python -m simulator.calibration <landing> <truth>` after `simulate`: it reads the delivered
files like any reader and prints measured values beside the aims. It decides nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from simulator.calibration_checks import CHECKS

_DERIVED = """
create view spend as from ad_spend_daily;
create view events as from app_events;
create table good_orders as select * from orders where status not in ('rejected', 'cancelled');
create table paid as select * from persons where acquisition_channel
    not in ('organic', 'referral', 'partner')
    and registered_at + interval 8 hour >= (select min(spend_date) from spend);
create table active as select distinct customer_id, (occurred_at + interval 8 hour)::date as day,
    date_trunc('month', occurred_at + interval 8 hour)::date as month
    from events where customer_id is not null;
create table registered as select customer_id, (registered_at + interval 8 hour)::date as day,
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
create table returned as select customer_id, (returned_at + interval 8 hour)::date as day
    from persons join people using (person_id) where returned_at is not null
    and (returned_at + interval 8 hour)::date <= (select max(day) from active) - 30;
"""
_READERS = {".parquet": "read_parquet", ".jsonl": "read_json", ".csv": "read_csv"}


def calibrate(landing: Path, truth: Path) -> list[tuple[str, str, float]]:
    """Measured values of delivered sample data: (figure, aim, value); NaN where there is none."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for folder in sorted(landing.glob("*/*")):
            connection.execute(f"create table {folder.name} as from {files_of(folder)}")
        for name, table in (("customers", "people"), ("persons", "persons")):
            connection.execute(f"create table {table} as from '{truth}/{name}*.parquet'")
        for name in ("identifiers", "violations"):
            connection.execute(f"create table {name} as from '{truth}/{name}*.parquet'")
        connection.execute(_DERIVED)
        results = []
        for name, aim, query in CHECKS:
            row = connection.execute(query).fetchone()
            value = row[0] if row and row[0] is not None else "nan"
            results.append((name, aim, float(value)))
    return results


def files_of(folder: Path) -> str:
    """SQL that reads all files of a table, whatever their format."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    suffix = next(suffix for suffix in files[0].suffixes if suffix in _READERS)
    paths = ", ".join(f"'{path}'" for path in files)
    return f"{_READERS[suffix]}([{paths}])"


if __name__ == "__main__":
    for figure, goal, measured in calibrate(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{figure:58} {measured:12.4f}   {goal}")
