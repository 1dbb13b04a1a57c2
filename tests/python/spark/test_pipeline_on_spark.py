"""The whole pipeline on the cluster: same content as DuckDB, and what happens when it is lost.

The tests are one story and run in this order; each leaves the home as the next needs it.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from support.pipeline import command, finview, served, served_tables, variables

from finview import cluster
from finview.audit import AuditChain
from finview.cluster import load_state
from finview.cluster.processes import find
from finview.settings import Home

pytestmark = pytest.mark.long

RUN = ("run", "--no-sample", "--no-scorecard")
ON_SPARK = (*RUN, "--engine", "spark")
#: The home was made by `finview parity` with the sample key it keeps itself.
OWN_KEY = {"FINVIEW_HASH_KEY": ""}


@pytest.fixture(scope="module")
def duckdb_tables(cluster_home: Home) -> dict[str, str]:
    """Content hashes of what DuckDB publishes."""
    done = finview(cluster_home, *RUN, **OWN_KEY)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return served_tables(cluster_home)


def test_a_cluster_lost_in_the_middle_stops_the_run(
    cluster_home: Home, duckdb_tables: dict[str, str]
) -> None:
    good = served(cluster_home)
    published = _publishes(cluster_home)
    process = subprocess.Popen(
        command(cluster_home, *ON_SPARK),
        env=variables(OWN_KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "... dbt intermediate" in line:
            break
    else:
        pytest.fail("the run ended before the cluster was lost")
    _wait_for(cluster_home.warehouse / ".dbt_running_spark")
    time.sleep(15)  # dbt reads the project first; then it writes tables for minutes
    assert process.poll() is None
    state = load_state(cluster_home)
    assert state is not None
    driver = find(state.processes["thrift"])
    assert driver is not None
    driver.kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "does not answer; nothing was published" in errors and "next: start it" in errors
    assert served(cluster_home) == good and _publishes(cluster_home) == published


def test_a_cluster_that_is_not_there_stops_the_run_at_once(cluster_home: Home) -> None:
    good = served(cluster_home)
    done = finview(cluster_home, *ON_SPARK, **OWN_KEY)
    assert done.returncode == 1
    assert "does not answer; nothing was published" in done.stderr
    assert served(cluster_home) == good


def test_the_rerun_publishes_what_duckdb_publishes(
    cluster_home: Home, duckdb_tables: dict[str, str]
) -> None:
    published = _publishes(cluster_home)
    cluster.up(cluster_home, port=0)
    done = finview(cluster_home, *ON_SPARK, **OWN_KEY)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert _publishes(cluster_home) == published + 1
    assert served_tables(cluster_home) == duckdb_tables


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.2)


def _publishes(home: Home) -> int:
    events = ("published", "publish_unchanged")
    return sum(row["event"] in events for row in AuditChain(home).read())
