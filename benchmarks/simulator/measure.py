"""Rows a second and peak memory of the simulator, all sizes in one run.

    python benchmarks/simulator/measure.py 3000:912 30000:120 300000:30 > results.md

Every size is written with one process and with two, each in a process of its own, files and
truth included; rows are those of all delivered tables. Peak memory is the sum over the processes.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

_RUN = """
import json, sys
from pathlib import Path
from simulator import simulate
if __name__ == "__main__":
    folder, users, days, form, processes = sys.argv[1:]
    rows = simulate(Path(folder) / "landing", Path(folder) / "truth", users=int(users),
        days=int(days), file_format=form, processes=int(processes))
    print(json.dumps(sum(rows.values())))
"""


def measure(users: int, days: int, form: str, processes: int) -> dict[str, float]:
    """Rows, seconds on the clock and of the processors, peak MiB and MiB on disk."""
    folder = Path(tempfile.mkdtemp(prefix="simulator-"))
    script = folder / "run.py"
    script.write_text(_RUN, encoding="utf-8")
    arguments = [str(folder), str(users), str(days), form, str(processes)]
    begin, before = time.monotonic(), psutil.Process().cpu_times()
    running = subprocess.Popen(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True
    )
    peak = 0
    while running.poll() is None:
        peak = max(peak, _memory(running.pid))
        time.sleep(0.05)
    seconds, after = time.monotonic() - begin, psutil.Process().cpu_times()
    if running.returncode:
        raise SystemExit(f"the run with {arguments[1:]} failed")
    assert running.stdout is not None
    result = {
        "rows": float(json.loads(running.stdout.read())),
        "seconds": seconds,
        "cpu": after.children_user
        + after.children_system
        - before.children_user
        - before.children_system,
        "peak": peak / 2**20,
        "disk": sum(p.stat().st_size for p in (folder / "landing").rglob("*.*")) / 2**20,
    }
    shutil.rmtree(folder)
    return result


def _memory(pid: int) -> int:
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
        return sum(process.memory_info().rss for process in tree)
    except psutil.NoSuchProcess:
        return 0


def main(sizes: list[str]) -> None:
    """Print a table of all sizes."""
    cores, load = psutil.cpu_count(), psutil.getloadavg()[0]
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, ", end="")
    print(f"load before {load:.1f}\n")
    print("| users | days | format | processes | rows | s | rows/s | rows/CPU s | peak MiB | MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for size in sizes:
        users, days, *form = size.split(":")
        for processes in (1, 2):
            kind = form[0] if form else "csv"
            got = measure(int(users), int(days), kind, processes)
            rows = got["rows"]
            print(
                f"| {int(users):,} | {days} | {kind} | {processes} | {rows:,.0f} | "
                f"{got['seconds']:.1f} | {rows / got['seconds']:,.0f} | "
                f"{rows / got['cpu']:,.0f} | {got['peak']:,.0f} | {got['disk']:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ["3000:912", "30000:120", "300000:30"])
