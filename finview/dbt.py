"""How dbt is called: layers, arguments, variables and environment, as pure functions.

Belongs here: what decides the command line of dbt. Does not belong here: starting it
(`finview.pipeline.dbt_layers`), or any SQL.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from finview.settings import Home, Settings

#: The layers in the order they are built, each with what selects it.
LAYERS: Mapping[str, str] = {
    "seeds": "resource_type:seed",
    "staging": "path:models/staging",
    "intermediate": "path:models/intermediate",
    "marts": "path:models/marts",
    "reports": "path:models/reports",
}
#: Layers whose failure would feed the layer: checked in the build record before it starts.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "seeds": ("ingest",),
    "staging": ("ingest", "landed_expectations"),
    "intermediate": ("ingest", "landed_expectations", "seeds", "staging"),
    "marts": ("ingest", "landed_expectations", "seeds", "staging", "intermediate"),
    "reports": ("ingest", "landed_expectations", "seeds", "staging", "intermediate", "marts"),
}
#: What a change of makes the compiled project, and so the manifest, another one.
PROJECT_FILES = ("dbt_project.yml", "models", "macros", "seeds", "snapshots", "tests/dbt")
#: Environment variable with the day a build counts to (macros/project/as_of_date.sql).
AS_OF = "FINVIEW_AS_OF_DATE"
#: No tool reports home, and none looks for newer versions.
TELEMETRY_OFF: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_VERSION_CHECK": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "GX_ANALYTICS_ENABLED": "false",
}


def telemetry_off() -> None:
    """Switch off the telemetry of every tool, for this process and those it starts."""
    os.environ.update(TELEMETRY_OFF)


def dbt_variables(settings: Settings) -> dict[str, Any]:
    """The variables of a build: the settings models read."""
    return {
        "business_timezone": settings.business_timezone,
        "reporting_currency": settings.reporting_currency,
        "product_line_rhythm_days": dict(sorted(settings.product_line_rhythm_days.items())),
    }


def dbt_environment(home: Home, project: Path, as_of: date | None = None) -> dict[str, str]:
    """Environment under which dbt finds the project, the warehouse and accepted data of a home.

    Args:
        home: The home.
        project: The dbt project.
        as_of: Day the build counts to. Not a variable: dbt reads the whole project anew whenever a
            variable changes. Without it the variable `as_of_date` of the project counts.
    """
    return {
        **({AS_OF: as_of.isoformat()} if as_of else {}),
        **TELEMETRY_OFF,
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project / "profiles"),
        "DBT_TARGET_PATH": str(target_folder(home)),
        "DBT_LOG_PATH": str(target_folder(home)),
        "FINVIEW_HOME": str(home.root),
        "FINVIEW_WAREHOUSE_FILE": str(home.warehouse_file),
        "FINVIEW_ACCEPTED_DIR": str(home.accepted),
        "FINVIEW_MEMORY_LIMIT": os.environ.get("FINVIEW_MEMORY_LIMIT", memory_limit()),
    }


def memory_limit(share: float = 0.4) -> str:
    """DuckDB's memory limit: a share of the machine's memory (the limit is soft), at least 1 GB."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "2GB"
    return f"{max(1, int(total * share / 1024**3))}GB"


def target_folder(home: Home) -> Path:
    """Where dbt writes artefacts: in the home, so that two homes never share one."""
    return home.root / "dbt_target"


def build_arguments(
    variables: Mapping[str, Any], *, full_refresh: bool = False, threads: int = 2
) -> list[str]:
    """Arguments of `dbt build` without the selection.

    Tests run with the layer that completes their parents (`buildable`); unit tests, which need
    no data, belong to `make test`.
    """
    arguments = [
        "build",
        "--indirect-selection",
        "buildable",
        "--exclude-resource-type",
        "unit_test",
        "--threads",
        str(threads),
        "--vars",
        json.dumps(variables, sort_keys=True),
    ]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def parse_arguments(variables: Mapping[str, Any]) -> list[str]:
    """Arguments of `dbt parse`, which writes the manifest."""
    return ["parse", "--quiet", "--vars", json.dumps(variables, sort_keys=True)]


def project_stamp(project: Path) -> str:
    """Cheap fingerprint (names, sizes, times) of the project files: is the manifest stale?"""
    digest = hashlib.sha256()
    for path in _project_files(project, "profiles"):
        status = path.stat()
        name = path.relative_to(project)
        digest.update(f"{name}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def model_fingerprint(project: Path, variables: Mapping[str, Any]) -> str:
    """Fingerprint by content of what incremental tables were built with.

    When it changes, days built before it would follow other rules than days built after it.
    """
    digest = hashlib.sha256()
    for path in _project_files(project):
        digest.update(f"{path.relative_to(project)}\n".encode() + path.read_bytes())
    digest.update(json.dumps(dict(variables), sort_keys=True).encode())
    return digest.hexdigest()


def _project_files(project: Path, *more: str) -> Iterator[Path]:
    for name in (*PROJECT_FILES, *more):
        path = project / name
        if path.is_file():
            yield path
        else:
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and file.suffix in (".sql", ".yml", ".yaml", ".csv", ".md")
            )


def expected_nodes(manifest: Mapping[str, Any]) -> set[str]:
    """Ids of all seeds, models, snapshots and data tests that a complete build must run.

    Tests of the engine macros (tag `engine`) read no data: they belong to `make test`.
    """
    return {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("seed", "model", "snapshot", "test")
        and node["config"].get("materialized") != "ephemeral"
        and "engine" not in node.get("tags", ())
    }


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """`os.environ` with `values`, put back afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
