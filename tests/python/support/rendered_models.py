"""Models of the project rendered without dbt and built on one DuckDB connection.

For tests that follow a few models from rows to rows: a start of dbt takes seconds, and its unit
tests see one model at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from finview.settings import project_root
from support.rendered_macros import Macros


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]
) -> None:
    """All rows at once: one insert a row takes seconds."""
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    connection.register("rows", pa.table(columns, [f"c{n}" for n in range(len(columns))]))
    connection.execute(f"insert into {table} select * from rows")
    connection.unregister("rows")


def build_models(
    connection: duckdb.DuckDBPyConnection,
    names: Iterable[str],
    places: Mapping[str, str],
    **variables: Any,
) -> None:
    """Create each model, in the order given, as a table `intermediate.<name>`.

    Args:
        connection: Where its parents are.
        names: Models; a parent stands before its children.
        places: Relation of each parent that is not among the models, by its name.
        variables: Instead of those of dbt_project.yml.
    """
    root = project_root()
    settings = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))["vars"] | variables
    macros = Macros(connection, [root / "macros" / "engine", root / "macros" / "project"])
    known = dict(places)
    environment = macros._environment
    environment.globals.update(
        {
            "var": settings.__getitem__,
            "env_var": lambda name, default: default,
            "execute": True,
            "ref": known.__getitem__,
            "source": lambda source, table: known[table],
            "config": lambda **options: "",
        }
    )
    connection.execute("create schema if not exists intermediate")
    for name in names:
        (path,) = (root / "models").rglob(f"{name}.sql")
        query = environment.from_string(path.read_text("utf-8")).render()
        known[name] = f"intermediate.{name}"
        connection.execute(f"create or replace table intermediate.{name} as {query}")


def no_attribution(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables that the fits of attribution read, without rows."""
    connection.execute("create schema if not exists intermediate")
    connection.execute(
        "create table intermediate.int_path_steps_counted "
        "(goal varchar, from_state varchar, to_state varchar, transition_count bigint)"
    )
    connection.execute(
        "create table intermediate.int_channel_months_acquired (month_date date, "
        "channel_code varchar, spend_amount decimal(18,2), acquired_users bigint, "
        "is_complete boolean)"
    )
