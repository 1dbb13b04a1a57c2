"""dbt's unit tests on an empty warehouse: `python -m finview.pipeline.unit_tests` (make dbt-unit).

The tests of the engine macros (tag `engine`) run with them; on Spark `finview parity` runs both.

Unit tests need the columns of their parents, so every model is first built without rows in a
home of its own, which is thrown away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from finview.contract import load_contract
from finview.dbt import AS_OF, dbt_environment, telemetry_off
from finview.identity.state import ensure
from finview.ingest import ingest
from finview.pipeline.dbt_layers import dbt_executable
from finview.settings import Home, load_settings, project_root

_COMMANDS = (
    ("build", "--quiet", "--empty", "--exclude-resource-type", "test", "unit_test"),
    ("test", "--select", "test_type:unit", "tag:engine"),
)


def main() -> None:
    """Build everything empty, then run the unit tests; exits with dbt's code."""
    telemetry_off()
    project = project_root()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).create()
        ingest(home, load_contract(project), load_settings(home))  # empty tables with all columns
        ensure(home)
        environment = {**os.environ, **dbt_environment(home, project)}
        environment.pop(AS_OF, None)  # each test names its own day
        for command in _COMMANDS:
            arguments = [dbt_executable(), *command, *sys.argv[1:]]
            done = subprocess.run(arguments, env=environment, cwd=project)
            if done.returncode != 0:
                raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
