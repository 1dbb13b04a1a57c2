"""What tiers, value and churn cost for many users: a built home with its users multiplied.

    .venv/bin/python benchmarks/value/measure.py HOME --users 100000 --work var/grown

Copies the tables that the models of segmentation, value and churn read, once per copy of the users
with keys of their own, builds those models with dbt and fits on them. Prints CPU seconds, clock,
peak memory, and the CPU of reading every column of the same tables once in the same run. Copies
behave alike: the figures are for cost, not for quality.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from finview.audit import BuildRecord
from finview.dbt import dbt_environment
from finview.pipeline import dbt_executable
from finview.settings import Home, project_root

#: Tables whose rows belong to a user: each copy has rows of its own.
COPIED = (
    "intermediate.int_attributes_survived",
    "intermediate.int_identifiers_resolved",
    "intermediate.int_orders_valued",
    "intermediate.int_touches_resolved",
    "intermediate.int_user_days_aggregated",
    "intermediate.int_users_registered",
    "intermediate.int_users_surviving",
    "staging.stg_crm__recommendations",
    "staging.stg_crm__surveys",
    "staging.stg_transaction__asset_balances",
    "staging.stg_transaction__repayments",
)
SHARED = (
    "staging.stg_channel__campaigns",
    "staging.stg_transaction__products",
    "seeds.rfm_segments",
    "seeds.rfm_thresholds",
    "seeds.tier_rules",
    "seeds.tier_settings",
)
#: Columns that name somebody or something of one user.
NAMES = (
    *("user_key", "customer_id", "identifier_value", "order_id", "renewed_from_order_id"),
    *("touch_id", "response_id", "repayment_id", "decision_id", "account_id"),
)
SELECTED = (
    *("path:models/intermediate/segmentation", "path:models/intermediate/value"),
    *("path:models/intermediate/churn", "path:models/marts/value"),
    *("fct_user_tier", "fct_user_lifecycle"),
)


def grow(source: Home, users: int, target: Home) -> int:
    """Write the warehouse of `target`; gives the users it has."""
    target.create()
    shutil.copytree(source.accepted, target.accepted, dirs_exist_ok=True)
    shutil.copytree(source.audit, target.audit, dirs_exist_ok=True)
    target.warehouse_file.parent.mkdir(exist_ok=True)
    target.warehouse_file.unlink(missing_ok=True)
    # The source is the default catalogue: the views of staging name their schemas only.
    with duckdb.connect(str(source.warehouse_file), read_only=True) as connection:
        connection.execute("set memory_limit = '3GB'; set preserve_insertion_order = false")
        connection.execute(f"attach '{target.warehouse_file}' as grown (read_write)")
        for schema in ("intermediate", "staging", "seeds", "mart"):
            connection.execute(f"create schema grown.{schema}")
        found = connection.execute("select count(*) from intermediate.int_users_surviving")
        once = int((found.fetchone() or (0,))[0])
        copies = -(-users // once)
        for name in (*COPIED, *SHARED):
            columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
            listed = ", ".join(
                f"case when copy = 0 then {column} else {column} || '~' || copy end as {column}"
                if column in NAMES and name in COPIED
                else column
                for column in columns
            )
            spread = f" cross join range({copies}) as copies(copy)" if name in COPIED else ""
            connection.execute(f"create table grown.{name} as select {listed} from {name}{spread}")
    return once * copies


def scan(home: Home) -> None:
    """Read every column of every table once."""
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        for name in COPIED:
            columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
            hashes = ", ".join(f"max(hash({column}))" for column in columns)
            connection.execute(f"select {hashes} from {name}").fetchall()


def measured(label: str, work: Callable[[], object]) -> float:
    """Run it in a process of its own, so that peak memory is its own; gives CPU seconds."""
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            work()
            mine, started = (
                resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            cpu = sum(one.ru_utime + one.ru_stime for one in (mine, started))
            peak = max(mine.ru_maxrss, started.ru_maxrss) / 1024
            os.write(writing, json.dumps([cpu, peak]).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    told = os.read(reading, 1000)
    os.waitpid(child, 0)
    if not told:
        sys.exit(f"{label} failed")
    cpu, peak = json.loads(told)
    clock = time.monotonic() - began
    print(f"{label:<28} CPU {cpu:8.1f} s  clock {clock:8.1f} s  peak {peak:8.0f} MiB", flush=True)
    return float(cpu)


def build(home: Home) -> None:
    """Build the models with dbt, without tests."""
    as_of = BuildRecord(home).current()["as_of_date"]
    from datetime import date

    environment = dbt_environment(home, project_root(), date.fromisoformat(as_of))
    subprocess.run(
        [dbt_executable(), "--quiet", "run", "--threads", "2", "--select", *SELECTED],
        env={**os.environ, **environment},
        cwd=project_root(),
        check=True,
    )


def slowest(home: Home, count: int = 8) -> None:
    """The models that took longest."""
    results = json.loads((home.root / "dbt_target" / "run_results.json").read_text())["results"]
    times = sorted(((row["execution_time"], row["unique_id"]) for row in results), reverse=True)
    for seconds, name in times[:count]:
        print(f"    {name.split('.')[-1]:<36} {seconds:8.1f} s")


def main() -> None:
    """Grow, read, build, fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    target = Home(arguments.work)
    users = grow(Home(arguments.home), arguments.users, target)
    size = target.warehouse_file.stat().st_size / 2**20
    print(f"{users:,} users, {size:,.0f} MiB of tables", flush=True)
    bare = measured("reading every column", lambda: scan(target))
    cost = measured("dbt run of the models", lambda: build(target))
    slowest(target)
    print(f"models over bare reading: {cost / bare:.1f}")
    from finview.value.fit import fit

    measured("finview value fit", lambda: fit(target))


if __name__ == "__main__":
    main()
