"""From files in landing to accepted raw tables, with their control totals and expectations."""

from collections.abc import Collection, Iterator
from typing import Any

import dagster as dg

from finview.contract import Contract
from finview.pipeline import hold, raise_if_red, step_ingest, step_landed_expectations
from finview.progress import stage
from orchestration.metadata import check_metadata, report_by_table
from orchestration.resources import HomeResource

#: The delivery as a whole: materialised once a build record has begun.
ACCEPTED = dg.AssetKey("accepted")


def landing_specs(contract: Contract, pulled: Collection[str] = ()) -> list[dg.AssetSpec]:
    """Files as delivered: nobody here makes them, lineage starts with them.

    Tables of `pulled` are left out: `orchestration.pulling` makes their files.
    """
    return [
        dg.AssetSpec(
            ["landing", table.source, table.name],
            group_name="landing",
            description=f"Files of {table.full_name} as delivered.",
        )
        for table in contract.tables
        if table.full_name not in pulled
    ]


def raw_assets(contract: Contract) -> dg.AssetsDefinition:
    """All raw tables in one step: ingestion reads landing once."""
    specs = [
        dg.AssetSpec(
            [table.source, table.name],
            deps=[["landing", table.source, table.name]],
            group_name="raw",
            description=f"Accepted rows of {table.full_name}, identifiers hashed.",
        )
        for table in contract.tables
    ]
    checks = [
        dg.AssetCheckSpec(
            "control_totals",
            asset=spec.key,
            description="Rows and amounts: in = accepted + quarantined + duplicate.",
        )
        for spec in specs
    ]
    accepted = dg.AssetSpec(ACCEPTED, group_name="raw", description="The delivery as a whole.")

    @dg.multi_asset(name="ingest", specs=[*specs, accepted], check_specs=checks)
    def ingest(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[Any]:
        hold(home.home)
        with stage("ingest") as current:
            report = step_ingest(home.home)
            statuses = [file.status for file in report.files]
            current.result = ", ".join(
                f"{statuses.count(status)} files {status}" for status in sorted(set(statuses))
            )
        rows = report_by_table(report)
        for spec in specs:
            found = rows.get(tuple(spec.key.path), {})
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata=found,
                check_results=[
                    dg.AssetCheckResult(
                        asset_key=spec.key,
                        check_name="control_totals",
                        passed=report.ok,
                        metadata=found,
                    )
                ],
            )
        yield dg.MaterializeResult(asset_key=ACCEPTED, metadata={"files": len(report.files)})

    return ingest


def landed_checks(contract: Contract) -> dg.AssetChecksDefinition:
    """Great Expectations on accepted data, one blocking check per raw table."""
    names = {table.full_name: dg.AssetKey([table.source, table.name]) for table in contract.tables}

    @dg.multi_asset_check(
        name="landed_expectations",
        specs=[
            dg.AssetCheckSpec("landed_expectations", asset=key, blocking=True)
            for key in names.values()
        ],
    )
    def landed(home: HomeResource) -> Iterator[dg.AssetCheckResult]:
        with stage("expectations on landed data") as current:
            results = step_landed_expectations(home.home)
            for name, key in names.items():
                own = [check for check in results if check.suite in (name, f"landed.{name}")]
                passed, severity, metadata = check_metadata(own)
                yield dg.AssetCheckResult(
                    asset_key=key,
                    check_name="landed_expectations",
                    passed=passed,
                    severity=severity,
                    metadata=metadata,
                )
            raise_if_red("expectations on landed data", results)
            current.result = f"{len(results)} checks"

    return landed
