"""The whole build in one call, through the orchestrator's job `daily` in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finview.audit import REQUIRED_STAGES, AuditChain, BuildRecord
from finview.dbt import environment, telemetry_off
from finview.errors import FinviewError
from finview.pipeline.exclusive import exclusive
from finview.progress import Listener, listening, stage
from finview.settings import Home, load_settings, project_root

#: Ends of a publish in the audit chain.
PUBLISHED_EVENTS = ("published", "publish_unchanged")


@dataclass(frozen=True)
class RunResult:
    """What a successful run did.

    Args:
        build_id: Of the build record.
        as_of: Day the build counts to, `YYYY-MM-DD`.
        version: Published version.
        content_hash: Of the published marts and reports.
        stages: Stage to its recorded details.
        seconds: Duration.
    """

    build_id: str
    as_of: str
    version: str
    content_hash: str | None
    stages: Mapping[str, Any]
    seconds: float


def run(
    home: Home, *, full_refresh: bool = False, on_progress: Listener | None = None
) -> RunResult:
    """Ingest, check, build, check and publish.

    Args:
        home: Home to run; its folders are made when absent.
        full_refresh: Build incremental tables afresh.
        on_progress: Called with (kind, message), see `finview.progress`.

    Raises:
        FinviewError: the step that stopped the run; the last good version stays published.
    """
    began = time.monotonic()
    telemetry_off()
    # Hundreds of thousands of small, lasting objects: looking for cycles often only costs time.
    gc.set_threshold(100_000, 20, 20)
    home.create()
    load_settings(home)  # a bad setting is told before anything starts
    with listening(on_progress), exclusive(home), environment(_environment(home)):
        with stage("starting"):
            from orchestration.build import build_defs
            from orchestration.instance import open_instance

            definitions = build_defs(home, project_root())
        with open_instance(home) as instance:
            job = definitions.resolve_job_def("daily")
            try:
                job.execute_in_process(
                    instance=instance,
                    tags={"finview/full_refresh": "true"} if full_refresh else {},
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
            except Exception as error:
                raise _plain(error) from error
    return _result(home, time.monotonic() - began)


def _environment(home: Home) -> dict[str, str]:
    return {"FINVIEW_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster)}


def _plain(error: BaseException) -> BaseException:
    """The FinviewError inside what the orchestrator raised, else the error itself."""
    cause: BaseException | None = error
    seen: set[int] = set()  # the orchestrator raises the same error again: contexts form a ring
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, FinviewError):
            return FinviewError(cause.message, cause.next_step)
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return error


def _result(home: Home, seconds: float) -> RunResult:
    from finview.publish import versions

    record = BuildRecord(home).load() or {}
    events = [row for row in AuditChain(home).read() if row["event"] in PUBLISHED_EVENTS]
    if not events or events[-1]["details"].get("build_id") != record.get("build_id"):
        missing = [name for name in REQUIRED_STAGES if name not in record.get("stages", {})]
        raise FinviewError(
            "the run ended without publishing"
            + (f": {missing[0]!r} did not run" if missing else ""),
            "run it again: finview run",
        )
    current = next(version for version in versions(home) if version.is_current)
    return RunResult(
        build_id=record["build_id"],
        as_of=record["as_of_date"],
        version=current.version,
        content_hash=current.content_hash,
        stages={name: row["details"] for name, row in record["stages"].items()},
        seconds=seconds,
    )
