"""Copying the published schemas of the warehouse into a fresh database file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from finview.engines import PUBLISHED_SCHEMAS, Engine
from finview.errors import FinviewError
from finview.publish.content import literal, quoted

#: Name under which the database being made is attached.
TARGET = "finview_target"
_SAFE_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,99}$")


@dataclass(frozen=True)
class Relation:
    """A table or view of the warehouse that is to be published."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    comment: str | None
    column_comments: tuple[tuple[str, str], ...]

    def within(self, catalog: str) -> str:
        """Quoted name in a catalog."""
        return f"{quoted(catalog)}.{quoted(self.schema)}.{quoted(self.name)}"


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """In-memory connection that spills to `spill` and takes at most 40 % of the memory."""
    connection = duckdb.connect(
        config={
            "temp_directory": str(spill),
            "memory_limit": f"{_memory_bytes() * 4 // 10 // 2**20}MiB",
            "autoinstall_known_extensions": False,
        }
    )
    # The text of a zoned timestamp, and so its hash, must not depend on the machine.
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def copy_relations(engine: Engine, target: Path, spill: Path) -> dict[Relation, int]:
    """Copy every relation, in sorted order; returns them with their rows in the warehouse.

    Args:
        engine: Whose marts and reports are copied.
        target: The file to make.
        spill: Folder for what does not fit into memory.

    Raises:
        FinviewError: nothing to publish, or a name that cannot be published.
    """
    with connect(spill) as connection, engine.marts(connection) as source:
        connection.execute(f"attach {literal(str(target))} as {TARGET}")
        relations = _relations(connection, source)
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema {TARGET}.{schema}")
        rows = {}
        for relation in relations:
            copied, original = relation.within(TARGET), relation.within(source)
            connection.execute(
                f"create table {copied} as select * from {original} order by all nulls last"
            )
            _comment(connection, relation)
            rows[relation] = _count(connection, original)
        connection.execute(f"checkpoint {TARGET}")
        connection.execute(f"detach {TARGET}")
    return rows


def _relations(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[Relation]:
    places = ", ".join(literal(schema) for schema in PUBLISHED_SCHEMAS)
    where = f"where database_name = {literal(catalog)} and schema_name in ({places})"
    names = connection.execute(
        f"""select schema_name, table_name, comment from duckdb_tables() {where}
        union all
        select schema_name, view_name, comment from duckdb_views() {where} and not internal
        order by 1, 2"""
    ).fetchall()
    columns = connection.execute(
        f"""select schema_name, table_name, column_name, data_type, comment
        from duckdb_columns() {where} order by schema_name, table_name, column_index"""
    ).fetchall()
    relations = []
    for schema, name, comment in names:
        own = [row[2:] for row in columns if row[:2] == (schema, name)]
        relations.append(
            Relation(
                schema,
                name,
                tuple((column, kind) for column, kind, _ in own),
                comment,
                tuple((column, text) for column, _, text in own if text),
            )
        )
    _check_names(relations)
    return relations


def _check_names(relations: list[Relation]) -> None:
    if not relations:
        raise FinviewError(
            f"the warehouse has nothing in {' or '.join(PUBLISHED_SCHEMAS)}",
            "build the marts first: finview run",
        )
    seen: dict[str, str] = {}
    for relation in relations:
        if not _SAFE_NAME.match(relation.name):
            raise FinviewError(
                f"{relation.schema}.{relation.name!r} cannot be a file name",
                "rename the model: lower case letters, digits and underscores",
            )
        if relation.name in seen:
            raise FinviewError(
                f"{relation.name} is in schema {seen[relation.name]} and {relation.schema}",
                "rename one of the two models",
            )
        seen[relation.name] = relation.schema


def _comment(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    target = relation.within(TARGET)
    if relation.comment:
        connection.execute(f"comment on table {target} is {literal(relation.comment)}")
    for column, text in relation.column_comments:
        connection.execute(f"comment on column {target}.{quoted(column)} is {literal(text)}")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    assert row is not None
    return int(row[0])
