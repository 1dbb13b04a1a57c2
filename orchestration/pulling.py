"""Landing files of tables that `finview.yml` pulls from a database; nothing where it pulls none."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from finview.contract import Table, load_contract
from finview.progress import count, say, stage
from finview.settings import load_settings, project_root
from orchestration.resources import HomeResource


def pull_assets(tables: Sequence[Table]) -> list[dg.AssetsDefinition]:
    """One step that pulls `tables` before ingestion.

    A table that cannot be pulled is a red check and no more: ingestion goes on with what there is,
    and the check of freshness says when that is too old.
    """
    if not tables:
        return []
    specs = [
        dg.AssetSpec(
            ["landing", table.source, table.name],
            group_name="landing",
            description=f"Files of {table.full_name}, pulled from its database.",
        )
        for table in tables
    ]
    checks = [
        dg.AssetCheckSpec(
            "pulled", asset=spec.key, description="The database was reached and read."
        )
        for spec in specs
    ]

    @dg.multi_asset(name="pull", specs=specs, check_specs=checks)
    def pull(home: HomeResource) -> Iterator[Any]:
        from finview.pull import pull as pull_tables

        contract, settings = load_contract(project_root()), load_settings(home.home)
        with stage("pull") as current:
            report = pull_tables(home.home, contract, settings, on_progress=count)
            rows = sum(table.rows for table in report.tables)
            red = [table.full_name for table in report.tables if table.error]
            current.result = f"{rows} rows" + (f"; failed: {', '.join(red)}" if red else "")
        for table in report.tables:
            key = dg.AssetKey(["landing", table.source, table.table])
            found: dict[str, Any] = {"rows": table.rows, "files": len(table.files)}
            if table.error:
                say("note", f"{table.error}; next: {table.next_step}")
                found |= {"error": table.error, "next_step": table.next_step}
            check = dg.AssetCheckResult(
                asset_key=key, check_name="pulled", passed=not table.error, metadata=found
            )
            yield dg.MaterializeResult(asset_key=key, metadata=found, check_results=[check])

    return [pull]
