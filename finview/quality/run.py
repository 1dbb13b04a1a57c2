"""The two gates: landed batches before dbt, and the candidate before it is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from finview.contract import Contract, Table, load_contract
from finview.errors import FinviewError
from finview.quality.checks_file import accepted_columns, has_value, landed_file, marts_file
from finview.quality.generated import published_suite, with_contract, with_row_count
from finview.quality.model import CheckResult, Suite
from finview.quality.runner import duckdb_source, run_suites, skip
from finview.quality.suites import load_suites
from finview.settings import Home, Settings, project_root

#: Families of models without which some marts are empty (`finview value fit`).
_FAMILIES = ("purchases", "balances", "churn")


def run_landed(
    home: Home,
    contract: Contract,
    settings: Settings,
    as_of: date,
    tables: Sequence[str] | None = None,
    *,
    suites: Path | None = None,
) -> list[CheckResult]:
    """Check the accepted data of every contract table.

    Args:
        home: Home with accepted data.
        contract: Its tables, columns and freshness.
        settings: Business zone and reporting currency.
        as_of: Day against which freshness and ages are measured.
        tables: Only these (`source.table`); all if None.
        suites: Folder of suites; `expectations/landed` of the project if None.

    Returns:
        One result per expectation, generated or declared; `absent` for tables never delivered.

    Raises:
        FinviewError: a suite is incomplete, a table is unknown, or data cannot be read.
    """
    written = load_suites(suites or project_root() / "expectations" / "landed")
    known = {table.full_name: table for table in contract.tables}
    if unknown := sorted(set(tables or ()) - set(known)):
        raise FinviewError(f"no table {unknown[0]}", f"use one of: {', '.join(sorted(known))}")
    absent = {f"{known[name].schema}.{known[name].name}" for name in absent_tables(home, contract)}
    chosen = [
        suite
        for suite in with_contract(contract, written, settings.reporting_currency)
        if tables is None or suite.name.removeprefix("landed.") in tables
    ]
    skipped = [
        result
        for suite in chosen
        if suite.relation in absent
        for result in skip(suite, "no row was ever delivered")
    ]
    checked = [suite for suite in chosen if suite.relation not in absent]
    if settings.engine == "spark":
        # Imported here: it needs the extra finview[spark].
        from finview.quality.spark_run import prepare_landed, run_on_spark
        from finview.quality.spark_views import relocated
        from finview.spark import find_endpoint

        endpoint = find_endpoint(home, settings)
        rows = prepare_landed(endpoint, contract, settings, as_of)
        return run_on_spark(endpoint, relocated(checked, contract), rows) + skipped
    path, rows = landed_file(home, contract, settings, as_of)
    return run_suites(checked, rows, duckdb_source(path)) + skipped


def run_marts(
    home: Home,
    settings: Settings,
    candidate_file: Path,
    *,
    contract: Contract | None = None,
    as_of: date | None = None,
    suites: Path | None = None,
) -> list[CheckResult]:
    """Check the relations of a candidate against their suites and the last published version.

    Args:
        home: Home with accepted data, for the control totals.
        settings: Business zone.
        candidate_file: DuckDB file with the schemas `mart` and `report`.
        contract: The project's contract if None.
        as_of: Day of the build; from `manifest.json` beside the candidate, else from the
            settings, else the last business day delivered.
        suites: Folder of suites; `expectations/marts` of the project if None.

    Returns:
        One result per expectation; `absent` for an empty relation whose input is absent.

    Raises:
        FinviewError: a suite is incomplete, or the candidate or accepted data cannot be read.
    """
    written = load_suites(suites or project_root() / "expectations" / "marts")
    if not candidate_file.is_file():
        raise FinviewError("there is no candidate to check", "build it with `finview run`")
    contract = contract or load_contract(project_root())
    day = as_of or _as_of(home, contract, settings, candidate_file)
    previous = rows_of_manifest(home.published / "current" / "manifest.json")
    path, rows = marts_file(home, contract, settings, day, candidate_file, previous)
    checked, skipped = _mart_suites(written, absent_inputs(home, contract, written), rows)
    rows["control.relations"] = len(rows)
    return run_suites(checked, rows, duckdb_source(path, candidate_file)) + skipped


def run_marts_on_spark(
    home: Home,
    settings: Settings,
    *,
    contract: Contract | None = None,
    as_of: date,
    suites: Path | None = None,
) -> list[CheckResult]:
    """Check the marts and reports on the cluster with the suites of `run_marts`.

    For comparing the engines: what is published passes `run_marts`.

    Args:
        home: Home with accepted data, for the control totals.
        settings: Business zone, and the cluster if it is not the local one.
        contract: The project's contract if None.
        as_of: Day of the build.
        suites: Folder of suites; `expectations/marts` of the project if None.

    Returns:
        One result per expectation; `absent` for an empty relation whose input is absent.

    Raises:
        FinviewError: a suite is incomplete, the cluster does not answer, or data cannot be read.
    """
    from finview.quality.spark_run import prepare_marts, run_on_spark
    from finview.spark import find_endpoint

    written = load_suites(suites or project_root() / "expectations" / "marts")
    contract = contract or load_contract(project_root())
    previous = rows_of_manifest(home.published / "current" / "manifest.json")
    endpoint = find_endpoint(home, settings)
    rows = prepare_marts(endpoint, contract, settings, as_of, previous)
    checked, skipped = _mart_suites(written, absent_inputs(home, contract, written), rows)
    rows["control.relations"] = len(rows)
    return run_on_spark(endpoint, checked, rows) + skipped


def absent_tables(home: Home, contract: Contract) -> set[str]:
    """Source tables (`source.table`) of which no file was ever accepted nor lies in landing."""
    return {table.full_name for table in contract.tables if _is_absent(home, table)}


def absent_inputs(home: Home, contract: Contract, suites: Iterable[Suite]) -> set[str]:
    """What marts lack, of what suites say that a mart may be empty without.

    Tables as in `absent_tables`, `model.<family>` of none promoted yet, and columns
    (`source.table.column`) without a value in any accepted row.

    Raises:
        FinviewError: a suite names an input that does not exist.
    """
    from finview.value.parameters import promoted_families

    tables = {table.full_name: table for table in contract.tables}
    absent = absent_tables(home, contract)
    absent |= {f"model.{family}" for family in set(_FAMILIES) - promoted_families(home)}
    known = {*tables, *(f"model.{family}" for family in _FAMILIES)}
    named = {name for suite in suites for name in suite.may_be_empty_without}
    for name in sorted(named - known):
        table = tables.get(name.rpartition(".")[0])
        column = name.rpartition(".")[2]
        if table is None or column not in dict(accepted_columns(table)):
            raise FinviewError(
                f"a suite may be empty without {name}, which the contract does not have",
                "name source.table, source.table.column or model.family",
            )
        if table.full_name in absent or not has_value(home, table, column):
            absent.add(name)
    return absent


def rows_of_manifest(manifest: Path) -> dict[str, int]:
    """Rows by relation (`schema.table`) of a published version; empty if there is none yet.

    Raises:
        FinviewError: there is a manifest and it cannot be read.
    """
    if not manifest.is_file():
        return {}
    try:
        tables = json.loads(manifest.read_text(encoding="utf-8"))["tables"]
        return {
            name if "." in name else f"{table['schema']}.{name}": int(table["rows"])
            for name, table in tables.items()
        }
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise FinviewError(
            "the manifest of the published version cannot be read",
            "go back to a good version with `finview rollback`",
        ) from error


def _mart_suites(
    written: Sequence[Suite], absent: set[str], rows: Mapping[str, int]
) -> tuple[list[Suite], list[CheckResult]]:
    """The suites to evaluate on marts, and the results of those without input."""
    checked: list[Suite] = [published_suite()]
    skipped: list[CheckResult] = []
    for suite in map(with_row_count, written):
        inputs = suite.may_be_empty_without
        if inputs and absent.issuperset(inputs) and rows.get(suite.relation) == 0:
            skipped += skip(suite, f"empty: never delivered: {', '.join(inputs)}")
        else:
            checked.append(suite)
    return checked, skipped


def _is_absent(home: Home, table: Table) -> bool:
    landing = home.landing / table.source / table.name
    waiting = landing.is_dir() and any(
        path.is_file() and not path.name.startswith(".") for path in landing.iterdir()
    )
    place = Path(table.source) / table.name
    if any((home.accepted / place).glob("*/*.parquet")):
        return False
    return not waiting or (table.may_be_empty and not _was_turned_away(home, table))


def _was_turned_away(home: Home, table: Table) -> bool:
    """Whether files of a table were refused or rows quarantined: it is empty for another reason."""
    if any((home.quarantine / table.source / table.name).glob("*.parquet")):
        return True
    try:
        report = json.loads((home.audit / "ingest_latest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(
        file["status"] == "refused"
        and (file["source"], file["table"]) == (table.source, table.name)
        for file in report["files"]
    )


def _as_of(home: Home, contract: Contract, settings: Settings, candidate_file: Path) -> date:
    manifest = candidate_file.with_name("manifest.json")
    if manifest.is_file():
        return date.fromisoformat(json.loads(manifest.read_text(encoding="utf-8"))["as_of_date"])
    if settings.as_of_date is not None:
        return settings.as_of_date
    from finview.ingest import resolve_as_of

    return resolve_as_of(home, contract, settings)
