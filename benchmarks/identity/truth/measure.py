"""Identity of a sample's home against the truth of the sample.

    .venv/bin/python benchmarks/identity/truth/measure.py HOME
    .venv/bin/python benchmarks/identity/truth/measure.py --compare FIRST SECOND [--home HOME]

FIRST and SECOND are homes of one sample, folders of published versions or their marts.duckdb. The
truth and the key are those of --home, else of the homes themselves. What the figures mean:
README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from evidence import join_reachable, read_evidence
from report import measure
from required import read_required
from sides import as_of, hash_nodes, marts_of, read_truth, read_users
from stability import compare

from finview.errors import FinviewError
from finview.settings import Home, load_settings

_WHAT = {
    "all": "all identifiers of the truth",
    "seen": "identifiers delivered",
    "customers": "pairs of customers",
}


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures of one home, or what changed between two versions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("places", nargs="+", type=Path, metavar="HOME")
    parser.add_argument("--compare", action="store_true", help="keys of two versions")
    parser.add_argument("--home", type=Path, help="home of the truth and the key")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--list", type=int, default=5, help="worst users and persons named")
    arguments = parser.parse_args(words)
    if len(arguments.places) != (2 if arguments.compare else 1):
        parser.error("--compare needs two places, a measurement one home")
    try:
        figures = _compared(arguments) if arguments.compare else _measured(arguments)
    except FinviewError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
    elif arguments.compare:
        for name, count in figures.items():
            print(f"{name:20} {count:>12,}")
    else:
        _tell(figures)
    return 0


def _measured(arguments: argparse.Namespace) -> dict[str, Any]:
    begun = time.process_time()
    home = Home.find(arguments.home or arguments.places[0])
    with duckdb.connect() as connection:
        read_truth(connection, home.truth)
        hash_nodes(connection, home)
        unknown = read_users(connection, marts_of(arguments.places[0]), "users")
        figures = measure(
            connection,
            home.accepted,
            arguments.list,
            as_of(arguments.places[0]),
            load_settings(home).business_timezone,
        )
    figures["unknown_to_the_truth"] = unknown
    figures["cpu_seconds"] = round(time.process_time() - begun, 1)
    return figures


def _compared(arguments: argparse.Namespace) -> dict[str, int]:
    with duckdb.connect() as connection:
        for place, name in zip(arguments.places, ("first", "second"), strict=True):
            home = Home.find(arguments.home or place)
            if name == "first":
                read_truth(connection, home.truth)
            hash_nodes(connection, home)
            read_users(connection, marts_of(place), name)
        zone = load_settings(home).business_timezone
        read_evidence(connection, home.accepted)
        read_required(connection, home.accepted, as_of(arguments.places[1]), zone)
        join_reachable(connection, "reachable", lawful=True)
        join_reachable(connection, "reachable_at_all", lawful=False)
        return compare(connection)


def _tell(figures: dict[str, Any]) -> None:
    print(
        f"{'':34} {'precision':>9} {'recall':>9} {'F1':>9} {'right':>11} {'said':>11} {'true':>11}"
    )
    for name, text in _WHAT.items():
        _score(text, figures[name])
    for name, text in (
        ("reachable", "reachable by evidence"),
        ("reachable_by_behaviour", "reachable, behaviour included"),
    ):
        own = figures[name]
        counts = f"{own['right']:11,} {'':11} {own['could']:11,}"
        print(f"{text:34} {'':9} {own['recall']:9.4f} {'':9} {counts}")
    own = figures["consent_withdrawn"]
    print(
        f"{'only by a withdrawn consent':34} {'':29} {own['said']:11,} {'':11} {own['could']:11,}"
    )
    print("\nby types, delivered")
    for name, score in figures["by_types"].items():
        _score(name, score)
    for name in ("identifiers", "guests", "by_link_basis"):
        print(f"\n{name.replace('_', ' ')}")
        for key, value in figures[name].items():
            print(f"  {key:20} {_plain(value)}")
    for name in ("over_merged", "under_merged"):
        own = dict(figures[name])
        worst = own.pop("worst")
        print(f"\n{name.replace('_', '-')}: {_plain(own)}")
        for row in worst:
            print(f"  {_plain(row)}")
    print(f"\nidentifiers that the truth does not know: {figures['unknown_to_the_truth']:,}")
    print(f"CPU seconds: {figures['cpu_seconds']}")


def _score(text: str, own: dict[str, float]) -> None:
    if own:
        shares = f"{own['precision']:9.4f} {own['recall']:9.4f} {own['f1']:9.4f}"
        print(f"{text:34} {shares} {own['right']:11,} {own['said']:11,} {own['true']:11,}")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
