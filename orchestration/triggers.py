"""When the daily job runs: every morning, by hand, or when landing changes."""

import hashlib
import time
from typing import Any

import dagster as dg

from finview.pipeline import hold
from finview.settings import Home
from orchestration.resources import HomeResource

#: Six in the morning of the business zone: overnight deliveries of the day before are complete,
#: and analysts find fresh marts. Later leaves less room for a rerun.
DAILY_CRON = "0 6 * * *"
#: Five in the morning of the first of a month, before the daily job, which scores with what won.
MONTHLY_CRON = "0 5 1 * *"
#: A file younger than this may still be written; the sensor waits for it to settle.
SETTLE_SECONDS = 30
SENSOR_SECONDS = 60


def daily_job() -> Any:
    """Everything from landing to the published version, in one process."""
    return dg.define_asset_job(
        "daily",
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Ingest, check, build every layer, check the candidate, publish.",
    )


def daily_schedule(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """The daily job at 06:00 of the business zone; on by default."""
    return dg.ScheduleDefinition(
        name="daily_at_six",
        job=job,
        cron_schedule=DAILY_CRON,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def monthly_fit_job() -> dg.JobDefinition:
    """Models of value and churn, learned anew from the last build; only what is better is used."""

    @dg.op
    def fit_value(context: dg.OpExecutionContext, home: HomeResource) -> None:
        """Train, judge on the time after, append a version with its verdict."""
        from finview.value.fit import fit

        where = home.home
        hold(where)
        found = fit(where)
        for judged in found.judged:
            verdict = judged.reason or "promoted"
            context.log.info(f"{judged.family} of {judged.product_line or 'all'}: {verdict}")

    @dg.job(
        name="monthly_fit",
        executor_def=dg.in_process_executor,
        description="Learn the models of value and churn anew; what is better counts from then on.",
    )
    def monthly_fit() -> None:
        fit_value()

    return monthly_fit


def monthly_schedule(job: Any, timezone: str) -> dg.ScheduleDefinition:
    """The fit at 05:00 on the first of a month of the business zone; on by default."""
    return dg.ScheduleDefinition(
        name="monthly_fit_at_five",
        job=job,
        cron_schedule=MONTHLY_CRON,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def landing_sensor(job: Any, home: Home) -> dg.SensorDefinition:
    """Starts the daily job when landing holds other files than at the last look; off by default."""

    @dg.sensor(name="landing_changed", job=job, minimum_interval_seconds=SENSOR_SECONDS)
    def landing_changed(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        fingerprint, newest = landing_fingerprint(home)
        if not fingerprint:
            return dg.SkipReason("landing is empty")
        if fingerprint == context.cursor:
            return dg.SkipReason("no new or changed file in landing")
        if time.time() - newest < SETTLE_SECONDS:
            return dg.SkipReason("a file is still being written")
        context.update_cursor(fingerprint)
        return dg.RunRequest(run_key=fingerprint)

    return landing_changed


def landing_fingerprint(home: Home) -> tuple[str, float]:
    """(hash over names, sizes and times of the files in landing, newest time); ("", 0) if none."""
    digest, newest = hashlib.sha256(), 0.0
    for path in sorted(home.landing.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        status = path.stat()
        newest = max(newest, status.st_mtime)
        name = path.relative_to(home.landing)
        digest.update(f"{name}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return (digest.hexdigest(), newest) if newest else ("", 0.0)
