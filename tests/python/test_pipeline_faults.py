"""Killed builds, red tests and red expectations: the last good version stays served."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pipeline import (
    KEY,
    command,
    finview,
    home_with,
    project_copy,
    sample_landing,
    served,
    variables,
)

from finview import pipeline
from finview.errors import FinviewError
from finview.publish import open_current
from finview.settings import Home

RUN = ("run", "--no-sample", "--no-scorecard")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("faults")
    home = home_with(sample_landing(folder), folder / "home")
    done = finview(home, *RUN)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    yield home


def test_killed_in_the_middle_and_built_again(built: Home) -> None:
    good = served(built)
    process = subprocess.Popen(
        command(built, *RUN),
        env=variables({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "... dbt intermediate" in line:
            break
    else:
        pytest.fail("the run ended before it could be killed")
    _wait_for(built.warehouse / ".dbt_running")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert served(built) == good
    with open_current(built) as connection:
        assert connection.execute("select count(*) from mart.dim_user").fetchone()

    again = finview(built, "publish")
    assert again.returncode == 1 and "next: build again: finview run" in again.stderr
    rerun = finview(built, *RUN)
    assert rerun.returncode == 0, rerun.stdout[-3000:] + rerun.stderr[-3000:]
    assert "the build before was cut off" in rerun.stdout
    assert served(built) == good


def test_red_dbt_test_stops_publishing_in_this_and_a_later_run(built: Home, tmp_path: Path) -> None:
    good = served(built)
    spoilt = project_copy(tmp_path / "project")
    (spoilt / "tests/dbt").mkdir(parents=True, exist_ok=True)
    (spoilt / "tests/dbt/always_red.sql").write_text(
        "select 1 as failing from {{ ref('stg_crm__customers') }} limit 1\n"
    )
    red = finview(built, *RUN, FINVIEW_PROJECT=str(spoilt))
    assert red.returncode == 1, red.stdout[-3000:]
    assert "always_red failed" in red.stderr and "next:" in red.stderr
    assert served(built) == good
    later = finview(built, "publish")
    assert later.returncode == 1 and "stage 'staging'" in later.stderr
    assert served(built) == good


def test_red_expectation_stops_publishing_in_this_and_a_later_run(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finview.quality import CheckResult

    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    good = served(built)
    red = CheckResult(
        suite="landed.crm.customers",
        expectation="volume",
        column=None,
        severity="critical",
        success=False,
        evaluated=3,
        observed="3 rows",
        owner="crm team",
        status="failed",
    )
    monkeypatch.setattr("finview.quality.run_landed", lambda *_: [red])
    pipeline.step_ingest(built)
    results = pipeline.step_landed_expectations(built)
    with pytest.raises(FinviewError, match="landed.crm.customers volume failed: 3 rows"):
        pipeline.raise_if_red("expectations on landed data", results)
    with pytest.raises(FinviewError, match="stage 'landed_expectations' .* failed"):
        pipeline.begin_layer(built, "staging")
    later = finview(built, "publish")
    assert later.returncode == 1 and "landed_expectations" in later.stderr
    assert served(built) == good


def _wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.05)
