"""Ingestion of one csv file of app events against DuckDB's bare read_csv to Parquet, in one run.

    .venv/bin/python benchmarks/ingestion/measure.py --rows 1000000 --repeat 3

Each measurement is a process of its own with two threads, taken in turn; told are the medians of
wall seconds, CPU seconds and peak memory, and their ratios. The file is made up and deleted.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
#: Seven in a thousand rows are wrong or repeated, as in a delivery of a middling source.
MAKE = """
copy (
    select
        'e' || (case when i % 500 = 499 then i - 1 else i end) as event_id,
        strftime(timestamp '2024-01-01' + to_seconds((i * 37) % 31000000), '%Y-%m-%d %H:%M:%S')
            as occurred_at,
        case when i % 400 = 0 then 'yesterday' end as received_at,
        'dev-' || (hash(i // 25) % 400000) as device_id,
        's' || (i // 8) as session_id,
        case when i % 3 = 0 then 'c' || (hash(i // 25) % 300000) end as customer_id,
        case i % 3 when 0 then 'page_view' when 1 then 'product_view' else 'app_open' end
            as event_name,
        '/p/' || (i % 50) as page,
        'travel' as scenario_code,
        'p' || (i % 30) as product_id,
        null as campaign_id,
        case when i % 400 = 1 then '-1' else (i % 300)::varchar end as dwell_seconds,
        'ios' as os,
        '7.1.2' as app_version,
        '10.2.' || (i % 255) as ip_prefix,
        '310000' as region_code,
        '{"screen": ' || (i % 9) || '}' as properties
    from range(ROWS) as events (i)
) to 'FILE' (header)
"""


def make(rows: int, path: Path) -> None:
    """Write the csv file."""
    duckdb.connect().execute(MAKE.replace("ROWS", str(rows)).replace("FILE", str(path)))


def bare(path: Path, folder: Path) -> None:
    """What no ingestion can be faster than: parse, guess types, write."""
    connection = duckdb.connect(config={"threads": 2, "temp_directory": str(folder / "spill")})
    connection.execute(
        f"copy (from read_csv('{path}')) to '{folder}/bare.parquet' "
        "(format parquet, compression zstd)"
    )


def ingestion(path: Path, folder: Path) -> None:
    """The product's own: contract, keyed hashes, accounts, control totals, ledger."""
    from finview.contract import load_contract
    from finview.ingest import ingest
    from finview.settings import Home, Settings

    home = Home(folder / "home").create()
    place = home.landing / "channel" / "app_events"
    place.mkdir(parents=True)
    os.link(path, place / "events.csv")
    report = ingest(home, load_contract(ROOT), Settings())
    (file,) = report.files
    assert report.ok and file.status == "accepted", file.reason
    print(f"{file.rows_accepted} {file.rows_quarantined} {file.rows_duplicate}")


def measured(kind: str, path: Path, folder: Path) -> tuple[float, float, float, str]:
    """Wall seconds, CPU seconds, peak MiB and output of one process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, __file__, "--only", kind, str(path), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    peak = 0.0
    while child.poll() is None:
        peak = max(peak, _peak_mib(child.pid))
        time.sleep(0.05)
    assert child.returncode == 0, f"{kind} failed"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert child.stdout is not None
    return time.monotonic() - began, cpu, peak, child.stdout.read().strip()


def _peak_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main() -> None:
    """Measure and print a row of the table in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs=3, metavar=("KIND", "FILE", "FOLDER"))
    options = parser.parse_args()
    if options.only:
        kind, path, folder = options.only
        {"bare": bare, "ingestion": ingestion}[kind](Path(path), Path(folder))
        return
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "events.csv"
        make(options.rows, path)
        size = path.stat().st_size / 2**20
        runs: dict[str, list[tuple[float, float, float]]] = {"bare": [], "ingestion": []}
        for _ in range(options.repeat):
            for kind, found in runs.items():
                *figures, told = measured(kind, path, folder / kind)
                found.append((figures[0], figures[1], figures[2]))
        middle = {
            kind: [statistics.median(figure) for figure in zip(*found, strict=True)]
            for kind, found in runs.items()
        }
        wall, cpu, peak = middle["ingestion"]
        print("accepted quarantined duplicate:", told)
        print("| rows | MiB | bare s | ingestion s | ratio | bare CPU s | ingestion CPU s | ratio "
              "| rows/s | peak MiB bare | peak MiB |")  # fmt: skip
        print(
            f"| {options.rows:,} | {size:,.0f} | {middle['bare'][0]:.1f} | {wall:.1f} | "
            f"{wall / middle['bare'][0]:.2f} | {middle['bare'][1]:.1f} | {cpu:.1f} | "
            f"{cpu / middle['bare'][1]:.2f} | {options.rows / wall:,.0f} | "
            f"{middle['bare'][2]:,.0f} | {peak:,.0f} |"
        )


if __name__ == "__main__":
    main()
