"""Incremental equals full refresh, and building twice changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from support.pipeline import (
    deliver_first,
    deliver_rest,
    finview,
    home_with,
    sample_landing,
    served,
    served_tables,
)

from finview.settings import Home

pytestmark = pytest.mark.long


def _run(home: Home, *arguments: str) -> str:
    done = finview(home, "run", "--no-sample", "--no-scorecard", *arguments)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_late_and_split_deliveries_give_the_content_of_one_delivery(tmp_path: Path) -> None:
    landing = sample_landing(tmp_path)
    split = Home(tmp_path / "split").create()
    deliver_first(landing, split)
    _run(split)
    first = served(split)
    deliver_rest(landing, split)
    said = _run(split)
    assert "afresh" not in said, "the second build was meant to be incremental"

    whole = home_with(landing, tmp_path / "whole")
    # Issued user keys are an input: what is named once keeps its name, whatever comes late.
    shutil.copytree(split.accepted / "identity", whole.accepted / "identity", dirs_exist_ok=True)
    _run(whole, "--full-refresh")
    assert served_tables(whole) == served_tables(split)
    assert served(whole) == served(split)
    assert first != served(split), "the second delivery was meant to change something"

    with duckdb.connect(str(split.warehouse_file)) as connection:
        connection.execute("update intermediate.int_sessions_built set event_count = 99")
    assert "afresh" in _run(split), "a warehouse changed by hand is no base to build on"
    assert served(split) == served(whole)
