"""Definitions of one home, so that tests and the command line can name theirs."""

from pathlib import Path

import dagster as dg

from finview.contract import load_contract
from finview.pipeline import dbt_executable, ensure_manifest
from finview.pull import parse
from finview.settings import Home, load_settings
from orchestration.dbt_layers import dbt_layer_assets
from orchestration.landing import landed_checks, landing_specs, raw_assets
from orchestration.publishing import publishing_assets
from orchestration.pulling import pull_assets
from orchestration.resources import HomeResource, QuietDbt
from orchestration.triggers import (
    daily_job,
    daily_schedule,
    landing_sensor,
    monthly_fit_job,
    monthly_schedule,
)


def build_defs(home: Home, project: Path) -> dg.Definitions:
    """Assets, checks, job, schedule and sensor over `home`, with the dbt project `project`.

    Raises:
        FinviewError: settings, contract or dbt project cannot be read.
    """
    contract = load_contract(project)
    settings = load_settings(home)
    pulled = [table.table for table in parse(settings.pull, contract)]
    layers = dbt_layer_assets(ensure_manifest(home, project))
    job, fit_job = daily_job(), monthly_fit_job()
    return dg.Definitions(
        assets=[
            *landing_specs(contract, [table.full_name for table in pulled]),
            *pull_assets(pulled),
            raw_assets(contract),
            *layers,
            *publishing_assets(layers, project),
        ],
        asset_checks=[landed_checks(contract)],
        jobs=[job, fit_job],
        schedules=[
            daily_schedule(job, settings.business_timezone),
            monthly_schedule(fit_job, settings.business_timezone),
        ],
        sensors=[landing_sensor(job, home)],
        resources={
            "home": HomeResource(root=str(home.root)),
            "dbt": QuietDbt(
                project_dir=str(project),
                profiles_dir=str(project / "profiles"),
                dbt_executable=dbt_executable(),
            ),
        },
        executor=dg.in_process_executor,
    )
