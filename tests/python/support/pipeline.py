"""Small homes for tests of the whole pipeline, and the delivery in portions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from finview.publish import versions
from finview.settings import Home, project_root
from simulator import simulate

USERS, DAYS = 150, 500
#: Held back from the first delivery: the newest days, and days in the middle that arrive late.
LATE_FILES = ("app_events_2023-11", "app_events_2024-05", "messages_2024-q1", "ad_touches_2024-q2")


#: One key for all homes: with one of its own each, every identifier would hash differently.
KEY = "test-key-of-no-real-person-" + "0" * 16


def sample_landing(folder: Path) -> Path:
    """Landing of a small platform, written once per call."""
    simulate(folder / "landing", folder / "truth", users=USERS, days=DAYS, seed=11)
    return folder / "landing"


def home_with(landing: Path, root: Path) -> Home:
    """A home with a copy of `landing`."""
    home = Home(root).create()
    shutil.copytree(landing, home.landing, dirs_exist_ok=True)
    return home


def deliver_first(landing: Path, home: Home) -> None:
    """Everything but the late files; of the orders every second row."""
    for path in sorted(landing.rglob("*")):
        if path.is_file() and not path.name.startswith(LATE_FILES):
            target = home.landing / path.relative_to(landing)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.name == "orders.parquet":
                _half(path, target.with_name("orders_1.parquet"), 0)
            else:
                shutil.copyfile(path, target)


def deliver_rest(landing: Path, home: Home) -> None:
    """The late files and the other half of the orders."""
    for path in sorted(landing.rglob("*")):
        target = home.landing / path.relative_to(landing)
        if path.name.startswith(LATE_FILES):
            shutil.copyfile(path, target)
        elif path.name == "orders.parquet":
            _half(path, target.with_name("orders_2.parquet"), 1)


def _half(source: Path, target: Path, remainder: int) -> None:
    connection = duckdb.connect()
    connection.execute(
        f"copy (select * exclude (file_row_number) from read_parquet('{source}', "
        f"file_row_number = true) where file_row_number % 2 = {remainder}) "
        f"to '{target}' (format parquet)"
    )
    connection.close()


def finview(home: Home, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line on a home, in its own process."""
    return subprocess.run(
        command(home, *arguments), env=variables(environment), capture_output=True, text=True
    )


def command(home: Home, *arguments: str) -> list[str]:
    """Arguments of a `finview` process."""
    name, *rest = arguments
    start = "from finview.cli import main; main()"
    return [sys.executable, "-c", start, name, "--home", str(home.root), *rest]


def variables(more: Mapping[str, str]) -> dict[str, str]:
    """This environment without a key or home of the developer."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FINVIEW_", "DAGSTER_", "DBT_"))
    }
    return {**own, "FINVIEW_HASH_KEY": KEY, **more}


def served(home: Home) -> str | None:
    """Content hash of the version that is served."""
    return next((info.content_hash for info in versions(home) if info.is_current), None)


def served_tables(home: Home) -> dict[str, str]:
    """Content hash of every served table: names what differs when two homes do."""
    manifest = json.loads((home.published / "current" / "manifest.json").read_text())
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def project_copy(target: Path) -> Path:
    """The parts of the project that the pipeline reads, to be spoilt by a test."""
    source = project_root()
    for name in ("models", "macros", "seeds", "snapshots", "profiles", "expectations", "tests/dbt"):
        if (source / name).exists():
            shutil.copytree(source / name, target / name)
    shutil.copyfile(source / "dbt_project.yml", target / "dbt_project.yml")
    return target
