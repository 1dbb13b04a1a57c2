"""Dagster's own state of a home: run history in SQLite, one run at a time, no telemetry."""

import dagster as dg

from finview.durable import write_atomic
from finview.settings import Home
from orchestration.event_log import keep_engines

DAGSTER_YAML = """\
# Written by finview when absent; edit freely.
telemetry:
  enabled: false
# No sign-up form in the web UI.
nux:
  enabled: false
# One writer: a second run waits in the queue.
concurrency:
  runs:
    max_concurrent_runs: 1
# A run whose process died is cleared after this long, at the latest.
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  max_runtime_seconds: 14400
  free_slots_after_run_end_seconds: 60
# A run whose process was killed is started once more; a red check is not.
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""


def prepare_instance(home: Home) -> None:
    """Write `dagster.yaml` into the home when it is absent."""
    home.dagster.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home.dagster / "dagster.yaml"
    if not path.exists():
        write_atomic(path, DAGSTER_YAML)


def open_instance(home: Home) -> dg.DagsterInstance:
    """Dagster instance of the home; use as a context manager."""
    prepare_instance(home)
    keep_engines()
    return dg.DagsterInstance.from_config(str(home.dagster))
