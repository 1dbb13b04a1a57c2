"""What the whole project costs for many events: CPU, memory, a bare scan, and one more day.

    .venv/bin/python benchmarks/scale/measure.py --users 77000 --work var/scale

Makes sample data as Parquet (77,000 people over 912 days: 10 million app events), holds the events,
touches, messages and orders of the last day back, runs the whole pipeline from landing to
published marts in a process of its own, then delivers the day and runs again. In the same run every
column of the same files is read once by DuckDB (`bare scan`). Prints one JSON document; figures are
for cost, not for quality. CPU seconds are of the process and all its children, peak memory is that
of the largest process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from simulator import simulate

START = date(2023, 1, 1)
#: Tables that a day brings rows to, with the column that says when (UTC), or the day.
DAILY = {
    "channel/app_events": "occurred_at",
    "channel/ad_touches": "touched_at",
    "channel/messages": "sent_at",
    "channel/ad_spend_daily": "spend_date",
    "transaction/orders": "ordered_at",
    "transaction/payments": "paid_at",
}


def measured(call: Callable[[], object]) -> dict[str, float]:
    """CPU and clock seconds of a call that starts processes, and the largest one's MiB."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_seconds": round(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
        ),
        "clock_seconds": round(time.monotonic() - begin, 1),
        "largest_process_mib": round(after.ru_maxrss / 1024),
    }


def scan(landing: Path) -> None:
    """Read every column of every delivered file once, and nothing else."""
    program = (
        "import duckdb,sys,pathlib\n"
        "c = duckdb.connect(); c.execute('set threads = 2')\n"
        "c.execute('set enable_progress_bar = false')\n"
        "for folder in sorted({p.parent for p in pathlib.Path(sys.argv[1]).rglob('*.parquet')}):\n"
        "    t = f\"read_parquet('{folder}/*.parquet', union_by_name = true)\"\n"
        "    c.execute(f'select max(hash(columns(*))) from {t}').fetchall()\n"
    )
    subprocess.run([sys.executable, "-c", program, str(landing)], check=True)


def hold_back(landing: Path, late: Path, day: date) -> int:
    """Move the rows of the last day out of landing; returns how many."""
    moved = 0
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    for table, column in DAILY.items():
        files = sorted((landing / table).glob("*.parquet"))
        # Days are business days of Asia/Shanghai; the last one begins at 16:00 UTC the day before.
        edge = f"'{day}'" if column.endswith("_date") else f"timestamp '{day}' - interval 8 hour"
        for path in files:
            late_rows = f"from read_parquet('{path}') where {column} >= {edge}"
            found = connection.execute(f"select count(*) {late_rows}").fetchall()[0][0]
            if not found:
                continue
            moved += int(found)
            target = late / table / f"{path.stem}_late.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            kept = path.with_suffix(".kept")
            connection.execute(f"copy (select * {late_rows}) to '{target}' (format parquet)")
            connection.execute(
                f"copy (select * from read_parquet('{path}') where not ({column} >= {edge})) "
                f"to '{kept}' (format parquet)"
            )
            kept.replace(path)
    connection.close()
    return moved


def run(home: Path) -> dict[str, object]:
    """The whole pipeline; figures and seconds by stage."""
    output: list[str] = []

    def call() -> None:
        start = "from finview.cli import main; main()"
        command = [sys.executable, "-c", start, "run", "--no-sample", "--no-scorecard"]
        done = subprocess.run(
            [*command, "--home", str(home)], env=dict(os.environ), text=True, capture_output=True
        )
        output.append(done.stdout)
        if done.returncode:
            raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])

    figures: dict[str, object] = dict(measured(call))
    figures["stages"] = [line.strip() for line in output[0].splitlines() if " ok " in line]
    return figures


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--users", type=int, default=77_000)
    parser.add_argument("--days", type=int, default=912)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    home, late = arguments.work / "home", arguments.work / "late"
    landing = home / "landing"
    simulate(
        landing, home / "truth", users=arguments.users, days=arguments.days, file_format="parquet"
    )
    moved = hold_back(landing, late, START + timedelta(days=arguments.days - 1))
    count = "select sum(num_rows) from parquet_file_metadata('{}')"
    rows = duckdb.execute(count.format(f"{landing}/*/*/*.parquet")).fetchall()[0][0]
    events = duckdb.execute(count.format(f"{landing}/channel/app_events/*.parquet")).fetchall()
    result: dict[str, object] = {"rows": int(rows), "app_events": int(events[0][0])}
    print(json.dumps(result), flush=True)
    bare = measured(lambda: scan(landing))
    result["bare_scan"] = bare
    print(json.dumps(bare), flush=True)
    full = run(home)
    result["full_run"] = full
    print(json.dumps(full), flush=True)
    for path in sorted(late.rglob("*.parquet")):
        target = landing / path.relative_to(late)
        path.replace(target)
    day = run(home)
    result["new_day"] = {"rows": moved, **day}
    result["cpu_over_bare_scan"] = round(float(str(full["cpu_seconds"])) / bare["cpu_seconds"], 1)
    result["new_day_over_full_cpu"] = round(
        float(str(day["cpu_seconds"])) / float(str(full["cpu_seconds"])), 2
    )
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
