"""What suites read on a Spark cluster: views on the data, and the schema `control` beside them.

All are made anew for each run, like the small DuckDB files of `checks_file`, and hold no rows:

- `checks_raw_<source>.<table>` over the accepted Parquet files, for `upsert` and `snapshot` tables
  the latest version of each key unless it is deleted, with `_business_day` where the contract
  names one. dbt need not have run;
- `mart.*` and `report.*` are read as dbt built them.

`control.run`, `control.accepted` and `control.relations` hold the same as on DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

from finview.contract import Contract, Table
from finview.errors import FinviewError
from finview.quality.checks_file import (
    BUSINESS_DAY,
    MART_SCHEMAS,
    accepted_columns,
    accepted_measures,
    latest_version,
    unreadable,
    up_to_the_day,
)
from finview.quality.model import Expectation, Suite
from finview.settings import Settings
from finview.spark import Connection, Endpoint, check_reachable

#: Before the name of a contract's schema; the plain name belongs to dbt's sources.
PREFIX = "checks_"
_TYPES = {"varchar": "string", "timestamp": "timestamp_ntz"}
_QUERY = "unexpected_rows_query"


def make_landed(
    connection: Connection,
    endpoint: Endpoint,
    contract: Contract,
    settings: Settings,
    as_of: date,
) -> dict[str, int]:
    """Make the views on accepted data and `control.run`; returns the rows of each view.

    Args:
        connection: On the cluster.
        endpoint: The cluster, and where it finds the folder of the home.
        contract: The tables.
        settings: Business zone.
        as_of: Day against which freshness and ages are measured.

    Raises:
        FinviewError: the accepted data of a table cannot be read, or the cluster was lost.
    """
    _control_run(connection, settings, as_of)
    for schema in sorted({table.schema for table in contract.tables}):
        connection.execute(f"create schema if not exists spark_catalog.{PREFIX}{schema}")
        connection.execute(f"create schema if not exists {PREFIX}{schema}")
    rows = {}
    for table in contract.tables:
        with _reading(endpoint, table):
            rows[_relation(table)] = _make_view(connection, table, settings, endpoint.storage)
    return rows


def make_control(
    connection: Connection,
    endpoint: Endpoint,
    contract: Contract,
    rows: Mapping[str, int],
    previous: Mapping[str, int],
) -> None:
    """Make `control.accepted` and `control.relations`; the views on accepted data are there.

    Args:
        connection: On the cluster.
        endpoint: The cluster.
        contract: The tables of `control.accepted`.
        rows: Rows by relation (`schema.table`) now.
        previous: The same of the last published version.

    Raises:
        FinviewError: the accepted data of a table cannot be read, or the cluster was lost.
    """
    totals: dict[str, Decimal] = {}
    for table in contract.tables:
        measures = accepted_measures(table)
        with _reading(endpoint, table):
            (values,) = connection.execute(
                f"select {', '.join(measures.values())} from {_relation(table)} "
                f"where {up_to_the_day(table)}"
            )
        totals |= {name: Decimal(value) for name, value in zip(measures, values, strict=True)}
    _control_view(
        connection,
        "accepted",
        ("measure", "value"),
        [f"{quoted(name)}, cast('{value:f}' as decimal(38,2))" for name, value in totals.items()],
    )
    _control_view(
        connection,
        "relations",
        ("relation", "rows", "previous_rows"),
        [
            f"{quoted(relation)}, {_number(rows.get(relation))}, {_number(previous.get(relation))}"
            for relation in sorted({*rows, *previous})
        ],
    )


def mart_rows(connection: Connection) -> dict[str, int]:
    """Rows of every mart and report, by `schema.table`."""
    names = [
        f"{schema}.{row[1]}"
        for schema in MART_SCHEMAS
        for row in connection.execute(f"show tables in {schema}")
    ]
    return {name: _count(connection, name) for name in sorted(names)}


def relocated(suites: Iterable[Suite], contract: Contract) -> list[Suite]:
    """Suites that read the views on accepted data under the names they have on Spark."""
    schemas = "|".join(sorted({re.escape(table.schema) for table in contract.tables}))
    names = re.compile(rf"(?<![\w.])({schemas})(?=\.[a-z_])", re.IGNORECASE)

    def moved(expectation: Expectation) -> Expectation:
        query = expectation.kwargs.get(_QUERY)
        if query is None:
            return expectation
        kwargs = {**expectation.kwargs, _QUERY: names.sub(rf"{PREFIX}\1", query)}
        return replace(expectation, kwargs=kwargs)

    return [
        replace(
            suite,
            relation=names.sub(rf"{PREFIX}\1", suite.relation),
            expectations=tuple(moved(expectation) for expectation in suite.expectations),
        )
        for suite in suites
    ]


def landed_query(table: Table, columns: Sequence[str], settings: Settings) -> str:
    """SELECT on the table over accepted files: the latest version of each key, if not deleted."""
    names = ", ".join(f"`{name}`" for name in columns)
    files = f"spark_catalog.{_relation(table)}"
    if table.business_day is not None:
        day = table.business_day
        if table.by_name[day].data_type == "timestamp":
            day = f"to_date(from_utc_timestamp({day}, {quoted(settings.business_timezone)}))"
        names += f", {day} as {BUSINESS_DAY}"
    version = latest_version(table)
    if version is None:
        return f"select {names} from {files}"
    return (
        f"select {names} from (select *, {version} as _version from {files}) "
        "where _version = 1 and not coalesce(_is_deleted, false)"
    )


def quoted(text: object) -> str:
    """SQL literal of a text in Spark, where a backslash begins an escape."""
    return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _relation(table: Table) -> str:
    return f"{PREFIX}{table.schema}.{table.name}"


def _make_view(connection: Connection, table: Table, settings: Settings, storage: str) -> int:
    """Make the table over the files and the view on it; returns the rows of the view.

    The contract's columns are declared, so that a column which no file has is empty. Whatever
    other columns files have are shown as well: the expectation on columns must see them.
    """
    folder = f"{storage}/accepted/{table.source}/{table.name}"
    columns = {name: _spark_type(kind) for name, kind in accepted_columns(table)}
    _make_table(connection, table, folder, columns)
    if connection.execute(f"select 1 from spark_catalog.{_relation(table)} limit 1"):
        found = _columns_of_files(connection, folder)
        if others := {name: kind for name, kind in found if name not in columns}:
            columns |= others
            _make_table(connection, table, folder, columns)
    connection.execute(
        f"create or replace view {_relation(table)} as "
        f"{landed_query(table, list(columns), settings)}"
    )
    return _count(connection, _relation(table))


def _make_table(
    connection: Connection, table: Table, folder: str, columns: Mapping[str, str]
) -> None:
    """A table of the session catalogue over the files; dropping it leaves them alone."""
    name = f"spark_catalog.{_relation(table)}"
    spelled = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
    connection.execute(f"drop table if exists {name}")
    connection.execute(
        f"create table {name} ({spelled}) using parquet "
        f"options (recursiveFileLookup 'true') location {quoted(folder)}"
    )


def _columns_of_files(connection: Connection, folder: str) -> list[tuple[str, str]]:
    """(name, type) of the columns that any of the files has."""
    view = "checks_files"
    connection.execute(
        f"create or replace temporary view {view} using parquet options "
        f"(path {quoted(folder)}, recursiveFileLookup 'true', mergeSchema 'true')"
    )
    return connection.columns(view)


def _control_run(connection: Connection, settings: Settings, as_of: date) -> None:
    connection.execute("create schema if not exists control")
    _control_view(
        connection,
        "run",
        ("as_of_date", "business_timezone"),
        [f"date'{as_of.isoformat()}', {quoted(settings.business_timezone)}"],
    )


def _control_view(
    connection: Connection, name: str, columns: Sequence[str], rows: Sequence[str]
) -> None:
    values = ", ".join(f"({row})" for row in rows)
    connection.execute(
        f"create or replace view control.{name} as "
        f"select * from values {values} as rows_of_control({', '.join(columns)})"
    )


@contextmanager
def _reading(endpoint: Endpoint, table: Table) -> Iterator[None]:
    """Name the table that cannot be read, unless the cluster is gone."""
    try:
        yield
    except FinviewError as error:
        check_reachable(endpoint)
        raise unreadable(table, "see the log of the driver of Spark") from error


def _number(value: int | None) -> str:
    return f"cast({'null' if value is None else int(value)} as bigint)"


def _spark_type(kind: str) -> str:
    return _TYPES.get(kind, kind)


def _count(connection: Connection, relation: str) -> int:
    ((rows,),) = connection.execute(f"select count(*) from {relation}")
    return int(rows)
