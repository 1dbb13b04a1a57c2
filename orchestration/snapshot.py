"""Names that others depend on: asset keys, jobs, schedules, sensors, checks.

`python -m orchestration.snapshot --write` (make snapshot) writes them anew; a test compares.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import dagster as dg

from finview.dbt import telemetry_off
from finview.settings import Home, project_root
from orchestration.build import build_defs

FILE = Path("tests/python/snapshots/definitions.json")


def names(definitions: dg.Definitions) -> dict[str, Any]:
    """All names of the definitions, sorted."""
    graph = definitions.resolve_asset_graph()
    return {
        "assets": sorted(key.to_user_string() for key in graph.get_all_asset_keys()),
        "expectation_checks": sorted(
            f"{key.asset_key.to_user_string()}: {key.name}"
            for key in graph.asset_check_keys
            if "expectations" in key.name
        ),
        "jobs": sorted(job.name for job in definitions.jobs or []),
        "schedules": sorted(schedule.name for schedule in definitions.schedules or []),
        "sensors": sorted(sensor.name for sensor in definitions.sensors or []),
    }


def main() -> None:
    """Print the names, or write them to the snapshot file with `--write`."""
    telemetry_off()
    project = project_root()
    with tempfile.TemporaryDirectory() as folder:
        found = names(build_defs(Home(Path(folder)).create(), project))
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if "--write" in sys.argv[1:]:
        path = project / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
