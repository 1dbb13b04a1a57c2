"""Is Spark's warehouse the same as DuckDB's? Both are built from one accepted delivery.

Compared are every mart and report cell by cell, without a tolerance, the types of their columns,
and the outcome of every dbt test. Unit tests and expectations: `tests/python/spark`.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from finview import cluster
from finview.audit import BuildRecord
from finview.dbt import dbt_environment, dbt_variables, environment, target_folder
from finview.engines import engine_of
from finview.errors import FinviewError
from finview.pipeline import dbt_executable, exclusive, step_ingest
from finview.pipeline.first_fit import fit_first
from finview.progress import Listener, listening, stage
from finview.publish.content import literal, quoted
from finview.publish.copying import copy_relations
from finview.settings import ENGINES, Home, load_settings, project_root

#: The incremental tables are first built up to so many days before the last one, then continued.
EARLIER_DAYS = 45
_ONLY_INCREMENTAL = (
    "build",
    "--full-refresh",
    *("--exclude-resource-type", "test", "unit_test"),
    *("--select", "+config.materialized:incremental", "+config.materialized:connected_components"),
)
_KINDS = ("dbt tests",)
#: What the first version of the models of value changes.
REFITTED = "int_value_parameters_promoted+"


@dataclass(frozen=True)
class TableParity:
    """One mart or report on both engines.

    Args:
        name: `schema.table`.
        rows: On DuckDB and on Spark; 0 where the table is missing.
        differing: Rows of one engine that the other does not have, duplicates counted.
        type_differences: Columns whose name, place or type differs.
    """

    name: str
    rows: tuple[int, int]
    differing: int
    type_differences: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Same columns, same rows."""
        return self.differing == 0 and not self.type_differences


@dataclass(frozen=True)
class ParityReport:
    """What was compared.

    Args:
        as_of: Day both builds count to.
        tables: Marts and reports by name.
        outcomes: Kind of check to (compared, differing names).
        seconds: Engine to the seconds its build took.
        peak_bytes: Largest memory of the cluster during its build.
    """

    as_of: date
    tables: Sequence[TableParity]
    outcomes: Mapping[str, tuple[int, Sequence[str]]]
    seconds: Mapping[str, float]
    peak_bytes: int

    @property
    def is_equal(self) -> bool:
        """Nothing differs, and there was something to compare."""
        return (
            bool(self.tables)
            and all(table.is_equal for table in self.tables)
            and all(compared and not differing for compared, differing in self.outcomes.values())
        )

    def summary(self) -> list[str]:
        """Lines below the table."""
        rows = sum(table.rows[0] for table in self.tables)
        bad = sum(table.differing for table in self.tables)
        lines = [f"{len(self.tables)} tables, {rows:,} rows: {bad:,} differing rows"]
        for kind, (compared, differing) in self.outcomes.items():
            names = f": {', '.join(differing[:5])}" if differing else ""
            lines.append(f"{compared} {kind}: {len(differing)} with another outcome{names}")
        times = ", ".join(f"{engine} {seconds:.0f} s" for engine, seconds in self.seconds.items())
        lines.append(
            f"build: {times}; peak memory of the cluster {self.peak_bytes / 2**30:.1f} GiB"
        )
        lines.append("the engines agree" if self.is_equal else "THE ENGINES DIFFER")
        return lines


def check_parity(
    home: Home,
    *,
    quick: bool = False,
    keep_cluster: bool = False,
    on_progress: Listener | None = None,
) -> ParityReport:
    """Build the accepted data of a home on both engines and compare them.

    Args:
        home: With files in landing or accepted data. Nothing is published.
        quick: Compare tables only: no dbt tests, and on Spark too everything is built at once.
        keep_cluster: Leave the cluster running.
        on_progress: Called with (kind, message), see `finview.progress`.

    Raises:
        FinviewError: a build or test failed on either engine, or the cluster cannot be started.
    """
    outcomes: dict[str, dict[str, dict[str, str]]] = {kind: {} for kind in _KINDS}
    seconds: dict[str, float] = {}
    peak = 0
    with listening(on_progress), exclusive(home), _cluster(home, keep=keep_cluster):
        with stage("ingest"):
            step_ingest(home)
        as_of = date.fromisoformat(BuildRecord(home).current()["as_of_date"])
        for name in ENGINES:
            with environment({"FINVIEW_ENGINE": name}), cluster.measured_memory(home) as memory:
                began = time.monotonic()
                outcomes["dbt tests"][name] = _build(home, name, as_of, quick=quick)
                seconds[name] = time.monotonic() - began
            peak = memory[0]
        with tempfile.TemporaryDirectory(dir=home.root) as folder:
            files = {name: copy_of_marts(home, name, Path(folder)) for name in ENGINES}
            with stage("comparing every cell") as current:
                tables = compare(files["duckdb"], files["spark"])
                current.result = f"{len(tables)} tables"
    differing = {
        kind: _differing(found["duckdb"], found["spark"])
        for kind, found in outcomes.items()
        if not quick
    }
    return ParityReport(as_of, tables, differing, seconds, peak)


def compare(first: Path, second: Path) -> list[TableParity]:
    """Every table of the schemas `mart` and `report` of two DuckDB files, cell by cell.

    Equal are two cells of the same type with the same value; a null equals a null. Rows that
    are there several times are counted several times.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name, file in (("first", first), ("second", second)):
            connection.execute(f"attach {literal(str(file))} as {name}_file (read_only)")
        columns = {name: _columns(connection, f"{name}_file") for name in ("first", "second")}
        return [
            _compare_one(connection, name, columns["first"].get(name), columns["second"].get(name))
            for name in sorted({*columns["first"], *columns["second"]})
        ]


def _compare_one(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    first: Mapping[str, str] | None,
    second: Mapping[str, str] | None,
) -> TableParity:
    relations = [
        f"{catalog}.{name}" if columns is not None else None
        for catalog, columns in (("first_file", first), ("second_file", second))
    ]
    counts = [_count(connection, f"from {relation}") if relation else 0 for relation in relations]
    if first is None or second is None:
        missing = "DuckDB" if first is None else "Spark"
        return TableParity(name, (counts[0], counts[1]), sum(counts), (f"missing on {missing}",))
    types = tuple(
        f"{column}: {first.get(column, 'missing')} / {second.get(column, 'missing')}"
        for column in {**first, **second}
        if first.get(column) != second.get(column)
    )
    if not types and list(first) != list(second):
        types = ("order of the columns",)
    shared = ", ".join(quoted(column) for column in first if column in second)
    one, other = (f"select {shared} from {relation}" for relation in relations)
    differing = sum(
        _count(connection, f"from ({left} except all {right})")
        for left, right in ((one, other), (other, one))
    )
    return TableParity(name, (counts[0], counts[1]), differing, types)


def _columns(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """`schema.table` to its columns and types, in their order."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? order by 1, column_index",
        [catalog],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) {relation}").fetchone()
    return int(row[0]) if row else 0


def _build(home: Home, engine: str, as_of: date, *, quick: bool) -> dict[str, str]:
    """Build everything; outcome of each data test, none if `quick`.

    Else, on Spark the incremental tables are built up to an earlier day first and then continued,
    on DuckDB at once: so this also shows that incremental equals full.
    """
    if engine == "spark" and not quick:
        earlier = as_of - timedelta(days=EARLIER_DAYS)
        with stage(f"{engine}: incremental tables as of {earlier}"):
            _dbt(home, earlier, *_ONLY_INCREMENTAL)
    with stage(f"{engine}: dbt build") as current:
        full = ("--full-refresh",) if quick or engine == "duckdb" else ()
        left_out = ("unit_test", "test") if quick else ("unit_test",)
        outcomes = _dbt(home, as_of, "build", "--exclude-resource-type", *left_out, *full)
        current.result = f"{len(outcomes)} nodes"
    # Spark comes second and has the version from the start.
    again = ("build", "--exclude-resource-type", *left_out, "--select", REFITTED)
    fit_first(home, lambda: outcomes.update(_dbt(home, as_of, *again)))
    return {name: outcome for name, outcome in outcomes.items() if name.startswith("test.")}


def unit_tests(home: Home, engine: str) -> dict[str, str]:
    """Run the unit tests of the models on an engine that holds a build; outcome of each."""
    with environment({"FINVIEW_ENGINE": engine}):
        outcomes = _dbt(home, None, "test", "--select", "test_type:unit")
    return {name: outcome for name, outcome in outcomes.items() if name.startswith("unit_test.")}


def _dbt(home: Home, as_of: date | None, *arguments: str) -> dict[str, str]:
    """Run dbt on the engine of the environment; node to its status.

    Raises:
        FinviewError: dbt ended without results. Failed nodes are no error here: they are compared.
    """
    project, settings = project_root(), load_settings(home)
    engine = engine_of(home, settings)
    engine.check()
    variables = json.dumps(dbt_variables(settings), sort_keys=True)
    target = target_folder(home)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    (home.warehouse / "built_with.json").unlink(missing_ok=True)
    subprocess.run(
        [dbt_executable(), "--quiet", *arguments, "--threads", "2", "--vars", variables],
        env={**os.environ, **dbt_environment(home, project, as_of), **engine.environment(None)},
        cwd=project,
        stdout=subprocess.DEVNULL,
    )
    if not results.exists():
        raise engine.failure() or FinviewError(
            f"dbt {arguments[0]} on {engine.name} ended without results",
            f"read {target / 'dbt.log'}",
        )
    rows = json.loads(results.read_text(encoding="utf-8"))["results"]
    failed = [row for row in rows if row["status"] in ("error", "skipped")]
    if arguments[0] == "build" and failed:
        first = failed[0]
        text = str(first.get("message") or "skipped").strip().splitlines()
        raise FinviewError(
            f"{engine.name}: {first['unique_id']} {first['status']}: {text[0] if text else ''}",
            f"read {target / 'dbt.log'}",
        )
    return {row["unique_id"]: row["status"] for row in rows}


def copy_of_marts(home: Home, name: str, folder: Path) -> Path:
    """A DuckDB file with marts and reports of an engine, made as a candidate is made."""
    file = folder / f"{name}.duckdb"
    with (
        environment({"FINVIEW_ENGINE": name}),
        stage(f"{name}: copying marts and reports") as current,
    ):
        copied = copy_relations(engine_of(home, load_settings(home)), file, folder / ".spill")
        current.result = f"{sum(copied.values()):,} rows"
    return file


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """How many were compared, and those that came out differently or nowhere."""
    names = sorted({*first, *second})
    return len(names), tuple(
        f"{name} ({first.get(name, 'missing')} / {second.get(name, 'missing')})"
        for name in names
        if first.get(name) != second.get(name)
    )


@contextmanager
def _cluster(home: Home, *, keep: bool) -> Iterator[None]:
    """The cluster that the settings name, else a local one that is started and stopped here."""
    settings = load_settings(home)
    if "host" in settings.spark or cluster.status(home).is_up:
        yield
        return
    cluster.up(home, port=0)
    try:
        yield
    finally:
        if not keep:
            cluster.down(home)
