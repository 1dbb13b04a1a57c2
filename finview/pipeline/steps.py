"""The steps of a build that are not dbt. Each records how it ended in the build record.

Dagster's assets and the command line both call these; nothing here knows about either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from finview.audit import BuildRecord, code_version
from finview.contract import load_contract
from finview.dbt import LAYERS
from finview.errors import FinviewError
from finview.pipeline.exclusive import exclusive
from finview.progress import count
from finview.settings import Home, load_settings, project_root

if TYPE_CHECKING:
    from finview.ingest import IngestReport
    from finview.ingest.replay import Replayed
    from finview.publish import Manifest
    from finview.quality import CheckResult


def step_ingest(home: Home) -> IngestReport:
    """Accept what is in landing and begin a new build record.

    Raises:
        FinviewError: no key, a control total that does not add up, or nothing ever accepted.
    """
    from finview.identity.state import ensure, state_hashes
    from finview.ingest import ingest, input_hashes, resolve_as_of

    project = project_root()
    contract, settings = load_contract(project), load_settings(home)
    record = BuildRecord(home)
    with exclusive(home):
        if record.load() is not None:
            # From here on accepted data may differ from what the earlier build was made of.
            record.stage("ingest", False, {"note": "a new ingestion began"})
        report = ingest(home, contract, settings, count)
        ensure(home)
        as_of = resolve_as_of(home, contract, settings)
        inputs = {**input_hashes(home), **state_hashes(home)}
        record.start(as_of, inputs, code_version(project))
        statuses = [file.status for file in report.files]
        record.stage(
            "ingest",
            report.ok,
            {status: statuses.count(status) for status in ("accepted", "duplicate", "refused")},
        )
    if not report.ok:
        raise FinviewError(
            "control totals do not add up: a row was lost or counted twice",
            f"compare the residuals in {home.audit / 'ingest_latest.json'}",
        )
    return report


def step_replay(home: Home, *, table: str | None, file: str | None) -> list[Replayed]:
    """Take quarantined rows up again; the next build begins with an ingestion.

    Raises:
        FinviewError: see `finview.ingest.replay.replay`.
    """
    from finview.ingest.replay import replay

    record = BuildRecord(home)
    with exclusive(home):
        if record.load() is not None:
            record.stage("ingest", False, {"note": "quarantined rows were replayed"})
        return replay(
            home, load_contract(project_root()), table=table, file=file, on_progress=count
        )


def step_landed_expectations(home: Home) -> list[CheckResult]:
    """Check the accepted data with Great Expectations; red is recorded, not raised."""
    from finview.quality import run_landed

    record = BuildRecord(home)
    record.require_green(None, ("ingest",))
    as_of = date.fromisoformat((record.load() or {})["as_of_date"])
    contract, settings = load_contract(project_root()), load_settings(home)
    return _gate(home, "landed_expectations", lambda: run_landed(home, contract, settings, as_of))


def step_candidate(home: Home) -> Manifest:
    """Copy marts and reports into a candidate, once all layers are green."""
    from finview.publish import build_candidate

    BuildRecord(home).require_green(None, ("ingest", "landed_expectations", *LAYERS))
    with exclusive(home), _red_on_error(home, "candidate"):
        return build_candidate(home, load_settings(home))


def step_mart_expectations(home: Home) -> list[CheckResult]:
    """Check the candidate with Great Expectations; red is recorded, not raised."""
    from finview.publish import candidate_file
    from finview.quality import run_marts

    BuildRecord(home).require_green(None, ("candidate",))
    settings = load_settings(home)
    return _gate(
        home,
        "mart_expectations",
        lambda: run_marts(home, settings, candidate_file(home)),
    )


def step_publish(home: Home) -> Manifest:
    """Publish the candidate; refused unless every stage of its build is recorded green."""
    from finview.publish import publish

    with exclusive(home):
        return publish(home, load_settings(home))


def raise_if_red(stage: str, results: Sequence[CheckResult]) -> None:
    """Turn failed critical checks into the error that the user reads.

    Raises:
        FinviewError: names the first failed check, its bound's note and what was observed.
    """
    from finview.quality import passed

    if passed(results):
        return
    red = [check for check in results if not check.success and check.severity == "critical"]
    if not red:
        raise FinviewError(f"{stage}: nothing was evaluated", "deliver data, then: finview run")
    first = red[0]
    more = f" (and {len(red) - 1} more)" if len(red) > 1 else ""
    keys = f"; failing: {', '.join(first.failing_keys[:3])}" if first.failing_keys else ""
    raise FinviewError(
        f"{stage}: {first.suite} {first.expectation} failed: {first.observed}{keys}{more}",
        f"ask {first.owner or 'the owner of the table'}; mend the delivery, then: finview run",
    )


def _gate(home: Home, stage: str, run: Callable[[], list[CheckResult]]) -> list[CheckResult]:
    from finview.quality import passed

    with _red_on_error(home, stage):
        results = run()
    BuildRecord(home).stage(stage, passed(results), _details(results))
    return results


def _details(results: Sequence[CheckResult]) -> dict[str, Any]:
    def names(severity: str) -> list[str]:
        return [
            f"{check.suite}: {check.expectation}"
            for check in results
            if not check.success and check.severity == severity
        ]

    return {
        "evaluated": len(results),
        "failed": names("critical"),
        "warnings": names("warning"),
    }


@contextmanager
def _red_on_error(home: Home, stage: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        BuildRecord(home).stage(stage, False, {"error": type(error).__name__})
        raise
