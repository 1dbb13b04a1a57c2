"""The small DuckDB files that suites read: views on the data, and a schema `control` beside them.

Both are made anew for each run and hold no rows of the data:

- `warehouse/landed.duckdb`: `raw_<source>.<table>` over the accepted Parquet files, for `upsert`
  and `snapshot` tables the latest version of each key unless it is deleted, with `_business_day`
  where the contract names one;
- `warehouse/mart_checks.duckdb`: `mart.*` and `report.*` of the candidate, attached read-only.

`control.run` has the day and the zone, `control.accepted` the totals of accepted data,
`control.relations` the rows of each relation now and in the last published version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from finview.contract import LINEAGE, Contract, Table
from finview.errors import FinviewError
from finview.settings import Home, Settings

BUSINESS_DAY = "_business_day"
MART_SCHEMAS = ("mart", "report")


def quoted(text: object) -> str:
    """SQL literal of a text."""
    return "'" + str(text).replace("'", "''") + "'"


def accepted_columns(table: Table) -> list[tuple[str, str]]:
    """(name, SQL type) of each column of accepted data: the contract's, then lineage."""
    columns = [(column.accepted_name, column.accepted_type) for column in table.columns]
    return columns + list(LINEAGE.items())


def expected_columns(table: Table) -> list[str]:
    """Columns of a landed view: accepted data's, and the business day if there is one."""
    day = [BUSINESS_DAY] if table.business_day else []
    return [name for name, _ in accepted_columns(table)] + day


def version_key(table: Table) -> str:
    """Columns of accepted data that say which row a version is of, as a list in SQL."""
    return ", ".join(table.by_name[name].accepted_name for name in table.key)


def latest_version(table: Table) -> str | None:
    """Window that ranks the versions of a key, 1 for the one that counts; None for `append`.

    The same order as the macro `latest_version` of the staging models.
    """
    if table.load == "append":
        return None
    order = [table.version_column] if table.version_column else []
    latest_first = ", ".join(
        f"{name} desc nulls last" for name in (*order, "_load_sequence", "_source_line")
    )
    return f"row_number() over (partition by {version_key(table)} order by {latest_first})"


def accepted_measures(table: Table) -> dict[str, str]:
    """Control totals of a table, as measure to aggregate: rows, money and counters."""
    return {f"{table.full_name}.rows": "count(*)"} | {
        f"{table.full_name}.{column.name}": f"coalesce(sum({column.name}), 0)"
        for column in table.columns
        if column.is_amount or column.data_type == "bigint"
    }


def up_to_the_day(table: Table) -> str:
    """The condition on a landed table for the rows that the marts of a build hold."""
    if not table.business_day:
        return "true"
    return f"coalesce({BUSINESS_DAY} <= (select as_of_date from control.run), true)"


def unreadable(table: Table, reason: str) -> FinviewError:
    """The error for accepted data that cannot be read."""
    return FinviewError(
        f"accepted data of {table.full_name} cannot be read ({reason})",
        "run `finview ingest`, then try again",
    )


def landed_file(
    home: Home, contract: Contract, settings: Settings, as_of: date
) -> tuple[Path, dict[str, int]]:
    """Make `landed.duckdb`; returns it with the rows of each relation.

    Raises:
        FinviewError: the accepted data of a table cannot be read.
    """
    path = home.warehouse / "landed.duckdb"
    with _fresh(path) as connection:
        _control_run(connection, settings, as_of)
        rows = {}
        for table in contract.tables:
            relation = f"{table.schema}.{table.name}"
            connection.execute(f"create schema if not exists {table.schema}")
            try:
                connection.execute(
                    # A view: the rows of people are in no file more than they need to be.
                    f"create view {relation} as {landed_query(home, table, settings)}"
                )
                rows[relation] = _count(connection, relation)
            except duckdb.Error as error:
                raise unreadable(table, type(error).__name__) from error
    return path, rows


def marts_file(
    home: Home,
    contract: Contract,
    settings: Settings,
    as_of: date,
    candidate: Path,
    previous: Mapping[str, int],
) -> tuple[Path, dict[str, int]]:
    """Make `mart_checks.duckdb` over `candidate`; returns it with the rows of each relation.

    Args:
        previous: Rows by relation (`schema.table`) of the last published version.

    Raises:
        FinviewError: the candidate is missing or cannot be opened.
    """
    path = home.warehouse / "mart_checks.duckdb"
    with _fresh(path) as connection:
        _control_run(connection, settings, as_of)
        try:
            connection.execute(f"attach {quoted(candidate)} as candidate (read_only)")
        except duckdb.Error as error:
            raise FinviewError(
                f"the candidate cannot be opened ({type(error).__name__})",
                "build it again with `finview run`",
            ) from error
        rows = {}
        for relation in _relations(connection):
            connection.execute(f"create schema if not exists {relation.split('.')[0]}")
            connection.execute(f"create view {relation} as select * from candidate.{relation}")
            rows[relation] = _count(connection, relation)
        _control_relations(connection, rows, previous)
        _control_accepted(connection, home, contract, settings)
    return path, rows


def has_value(home: Home, table: Table, column: str) -> bool:
    """Whether any accepted row of a delivered table has a value in a column.

    Raises:
        FinviewError: the accepted files cannot be read.
    """
    files = home.accepted / table.source / table.name / "**" / "*.parquet"
    query = (
        f"select {column} from read_parquet({quoted(files)}, union_by_name = true, "
        f"hive_partitioning = false) where {column} is not null limit 1"
    )
    try:
        with duckdb.connect() as connection:
            return connection.execute(query).fetchone() is not None
    except duckdb.Error as error:
        raise unreadable(table, str(error).splitlines()[0]) from error


def landed_query(home: Home, table: Table, settings: Settings) -> str:
    """SELECT on the accepted files of a table: the latest version of each key, if not deleted."""
    files = home.accepted / table.source / table.name / "**" / "*.parquet"
    query = (
        f"select * from read_parquet({quoted(files)}, union_by_name = true, "
        "hive_partitioning = false)"
    )
    if version := latest_version(table):
        query += f" qualify {version} = 1 and not coalesce(_is_deleted, false)"
    if table.business_day is None:
        return query
    day = table.business_day
    if table.by_name[day].data_type == "timestamp":
        zone = quoted(settings.business_timezone)
        day = f"cast(timezone({zone}, timezone('UTC', {day})) as date)"
    return f"select *, {day} as {BUSINESS_DAY} from ({query})"


@contextmanager
def _fresh(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new file in the place of the old one, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in (path, path.with_name(f"{path.name}.wal")):
        old.unlink(missing_ok=True)
    connection = duckdb.connect(str(path))
    try:
        os.chmod(path, 0o600)
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema control")
        yield connection
        connection.execute("checkpoint")
    finally:
        connection.close()


def _control_run(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: date) -> None:
    connection.execute(
        "create table control.run as select cast(? as date) as as_of_date, "
        "cast(? as varchar) as business_timezone",
        [as_of, settings.business_timezone],
    )


def _control_relations(
    connection: duckdb.DuckDBPyConnection, rows: Mapping[str, int], previous: Mapping[str, int]
) -> None:
    connection.execute(
        "create table control.relations (relation varchar, rows bigint, previous_rows bigint)"
    )
    for relation in sorted({*rows, *previous}):
        connection.execute(
            "insert into control.relations values (?, ?, ?)",
            [relation, rows.get(relation), previous.get(relation)],
        )


def _control_accepted(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract, settings: Settings
) -> None:
    """Rows, money and counters of each source table up to the day: what marts must add up to."""
    connection.execute("create table control.accepted (measure varchar, value decimal(38,2))")
    for table in contract.tables:
        measures = accepted_measures(table)
        try:
            values = connection.execute(
                f"select {', '.join(measures.values())} "
                f"from ({landed_query(home, table, settings)}) where {up_to_the_day(table)}"
            ).fetchone()
        except duckdb.Error as error:
            raise unreadable(table, type(error).__name__) from error
        for measure, value in zip(measures, values or (), strict=True):
            connection.execute(
                "insert into control.accepted values (?, ?)",
                [measure, Decimal(value)],
            )


def _relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where database_name = 'candidate' and schema_name in (?, ?) order by 1",
        list(MART_SCHEMAS),
    ).fetchall()
    return [str(row[0]) for row in found]


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
