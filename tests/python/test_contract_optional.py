"""Every raw table is optional: one delivered table builds everything, and BI is told what lacks.

Costs half a minute on a machine of its own: dbt builds and tests every model once, on five rows.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.landed_data import AS_OF, write_table

from finview.contract import Contract, load_contract
from finview.dbt import dbt_environment, dbt_variables
from finview.identity.state import create_tables
from finview.pipeline.dbt_layers import dbt_executable
from finview.settings import Home, Settings, project_root

FIRST_DAY = date(2024, 5, 2)
CUSTOMERS = """
    select 'u' || i as customer_id, 'p' || i as phone_hash, ts as registered_at, ts as updated_at
    from days where i < 5"""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(project_root())


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Path:
    """The warehouse of a home to which only customers were delivered, one of them deleted."""
    home = Home(tmp_path_factory.mktemp("optional")).create()
    for table in contract.tables:
        is_there = table.full_name == "crm.customers"
        change = "update t set _is_deleted = true where customer_id = 'u4'" if is_there else None
        write_table(home, table, CUSTOMERS, change=change, absent=not is_there)
    create_tables(home)
    project = project_root()
    variables = dbt_variables(Settings())
    done = subprocess.run(
        [
            dbt_executable(),
            *("build", "--quiet", "--exclude-resource-type", "unit_test"),
            *("--exclude", "tag:engine", "--vars", json.dumps(variables)),
        ],
        env={**os.environ, **dbt_environment(home, project, AS_OF)},
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home.warehouse_file


def test_only_the_delivered_table_is_there(warehouse: Path, contract: Contract) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("from report.rpt_source_delivery").fetchall()

    assert {row[0] for row in rows} == {table.full_name for table in contract.tables}
    assert [row for row in rows if row[6]] == [
        ("crm.customers", "crm", "customers", 4, FIRST_DAY, FIRST_DAY, True)
    ]


def test_an_empty_mart_names_its_missing_inputs(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        inputs = connection.execute(
            "select schema_name || '.' || model_name, source_table, is_missing "
            "from report.rpt_mart_input"
        ).fetchall()
        published = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables() "
            "where schema_name in ('mart', 'report')"
        ).fetchall()

    missing: dict[str, set[str]] = {}
    for model, source_table, is_missing in inputs:
        missing.setdefault(model, set()).update({source_table} if is_missing else ())
    assert missing["mart.fct_ticket"] >= {"crm.tickets"}
    assert "crm.customers" not in set().union(*missing.values())
    # Through others: spend reaches the channel table by way of campaigns.
    assert missing["mart.agg_channel_day"] >= {"channel.ad_spend_daily", "channel.campaigns"}
    empty = {name for name, size in published if size == 0}
    assert "mart.fct_ticket" in empty and "mart.dim_user" not in empty
    # Fits are finview's own: what only tells of them has no raw table behind it.
    assert empty - missing.keys() == {"report.rpt_value_model"}
    assert all(missing[name] for name in empty & missing.keys()), "an empty mart with every input"


def test_the_report_lists_every_table_of_the_contract(contract: Contract) -> None:
    """A table without a staging model, or left out of the report, would be missing in silence."""
    project = project_root()
    report = (project / "models/reports/rpt_source_delivery.sql").read_text(encoding="utf-8")
    for table in contract.tables:
        name = f"stg_{table.source}__{table.name}"
        folder = project / "models" / "staging" / table.source
        assert (folder / f"{name}.sql").is_file() and (folder / f"{name}.yml").is_file(), name
        assert f"('{table.source}', '{table.name}', " in report
