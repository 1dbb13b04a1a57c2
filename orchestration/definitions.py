"""What `dagster dev -m orchestration.definitions` loads: the home of `$FINVIEW_HOME`."""

import dagster as dg

from finview.dbt import telemetry_off
from finview.settings import Home, project_root
from orchestration.build import build_defs
from orchestration.event_log import keep_engines


@dg.definitions
def finview() -> dg.Definitions:
    """All assets, checks, the daily job, its schedule and the landing sensor."""
    telemetry_off()
    keep_engines()
    return build_defs(Home.find().create(), project_root())
