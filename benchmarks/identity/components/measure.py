"""Connected components of this project against Splink's clustering and scipy.

    python benchmarks/identity/components/measure.py clusters-1m chains --ids text integer

Needs splink and scipy, here or in the interpreter `--peers` names. First the checksums of the
labels are compared (a difference ends the run), then figures are printed, as rows of the table in
README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from graphs import GRAPHS, make

HERE = Path(__file__).resolve().parent
PEERS = ("splink", "scipy")
#: Each pair must have the same labels.
SAME = [("finview", "splink"), ("finview", "scipy"), ("base", "no change"), ("finview", "day"),
        ("finview", "day, given"), ("after", "day, with removals"),
        ("after", "day, with removals, given")]  # fmt: skip


def measured(contender: str, arguments: list[str], interpreter: str) -> dict[str, Any] | None:
    """Figures of one process; None if it ended badly."""
    done = subprocess.run(
        [interpreter, str(HERE / "contenders.py"), contender, *arguments],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        print(f"{contender}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graphs", nargs="+", choices=GRAPHS)
    parser.add_argument("--ids", nargs="+", choices=["text", "integer"], default=["text"])
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out")
    parser.add_argument("--memory", default="1100MB", help="DuckDB's limit for our own builds")
    parser.add_argument("--peer-memory", default="6GB", help="DuckDB's limit for the others")
    parser.add_argument("--peers", default=sys.executable, help="Python with splink and scipy")
    parser.add_argument("--folder", type=Path, help="where graphs are kept; else they are deleted")
    options = parser.parse_args()
    contenders = ["finview", "base", "no change", "day", "day, given", "after",
                  "day, with removals", "day, with removals, given", *PEERS]  # fmt: skip
    print("| graph | nodes | contender | CPU s | of ours | wall s | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        for name in options.graphs:
            for ids in options.ids:
                graph = make(GRAPHS[name], ids, options.folder or Path(work))
                found: dict[str, dict[str, Any]] = {}
                for contender in contenders:
                    if contender in options.without:
                        continue
                    is_peer = contender in PEERS
                    memory = options.peer_memory if is_peer else options.memory
                    figures = measured(
                        contender,
                        [str(graph), ids, memory, work],
                        options.peers if is_peer else sys.executable,
                    )
                    if figures is not None:
                        found[contender] = figures
                _report(name, ids, found)


def _report(name: str, ids: str, found: dict[str, dict[str, Any]]) -> None:
    for one, other in SAME:
        if one in found and other in found and found[one]["checksum"] != found[other]["checksum"]:
            raise SystemExit(f"{name}, {ids}: labels of {one} and {other} differ")
    for contender, figures in found.items():
        share = figures["cpu"] / found["finview"]["cpu"]
        print(
            f"| {name} | {ids} | {contender} | {figures['cpu']:.2f} | {share:.3g} "
            f"| {figures['wall']:.1f} | {figures['peak_mib']:,.0f} |",
            flush=True,
        )
    checksums = {figures["checksum"] for figures in found.values() if figures["checksum"]}
    print(f"<!-- {name}, {ids}: {' '.join(sorted(checksums))} -->", flush=True)


if __name__ == "__main__":
    main()
