"""Remote types to exact texts: what a column of the contract may be made of, as PostgreSQL SQL.

The remote spells a value, ingestion types it. So a numeric without precision, NaN, an infinite
date or a year 20000 arrive as they are and end accepted or quarantined; none stops a pull and
none goes through a double.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finview.contract import Column
from finview.pull.config import PulledTable
from finview.pull.faults import RemoteError
from finview.pull.session import Session, identifier, text_literal

_FAMILIES: Mapping[str, str] = {
    "smallint": "whole",
    "integer": "whole",
    "bigint": "whole",
    "oid": "whole",
    "numeric": "decimal",
    "real": "float",
    "double precision": "float",
    "boolean": "boolean",
    "date": "date",
    "timestamp without time zone": "local_time",
    "timestamp with time zone": "instant",
    "text": "text",
    "character varying": "text",
    "character": "text",
    "name": "text",
    "citext": "text",
    "public.citext": "text",
    "uuid": "text",
    "json": "text",
    "jsonb": "text",
    "xml": "text",
    "inet": "text",
    "cidr": "text",
    "macaddr": "text",
}
#: Families that a type of the contract (without its precision) may be made of.
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "varchar": tuple(sorted({*_FAMILIES.values(), "enum"})),
    "bigint": ("whole", "decimal", "text"),
    "decimal": ("whole", "decimal", "float", "text"),
    "boolean": ("boolean", "whole", "text"),
    "date": ("date", "text"),
    "timestamp": ("instant", "local_time", "date", "text"),
}


@dataclass(frozen=True)
class RemoteColumn:
    """A column at the remote: its name, PostgreSQL's type (a domain's base) and our family."""

    name: str
    kind: str
    family: str | None


def remote_columns(session: Session, pulled: PulledTable) -> dict[str, RemoteColumn]:
    """Columns of the remote table, view or partitioned table by name.

    Raises:
        RemoteError: there is no such table.
    """
    qualified = f"{identifier(pulled.remote_schema)}.{identifier(pulled.remote_name)}"
    rows = session.rows(f"""
        select att.attname::text as name, format_type(base.oid, null)::text as kind,
            base.typtype::text as class
        from pg_catalog.pg_attribute as att
        join pg_catalog.pg_type as typ on typ.oid = att.atttypid
        join pg_catalog.pg_type as base
            on base.oid = coalesce(nullif(typ.typbasetype, 0), typ.oid)
        where att.attrelid = to_regclass({text_literal(qualified)})
            and att.attnum > 0 and not att.attisdropped
        order by att.attnum""")
    if not rows:
        raise RemoteError(
            f"{pulled.table.full_name}: the remote has no table {pulled.remote}, "
            "or the user may not see it",
            "mend remote in finview.yml, or grant usage on the schema there",
        )
    return {
        name: RemoteColumn(name, kind, "enum" if kind_of == "e" else _FAMILIES.get(kind))
        for name, kind, kind_of in rows
    }


@dataclass(frozen=True)
class Selection:
    """What is selected: SQL by contract column, contract columns the remote lacks, and the rest."""

    expressions: dict[str, str]
    absent: tuple[str, ...]
    unused: tuple[str, ...]


def select_columns(pulled: PulledTable, remote: Mapping[str, RemoteColumn]) -> Selection:
    """SQL for every column of the contract that the remote has.

    Raises:
        RemoteError: a required or configured column is missing, or a type cannot be mapped.
    """
    expressions: dict[str, str] = {}
    absent: list[str] = []
    used: set[str | None] = {pulled.cursor}
    for column in pulled.table.columns:
        if pulled.soft_delete is not None and column.name == pulled.table.delete_column:
            expressions[column.name] = _deleted(pulled, remote)
            used.add(pulled.soft_delete)
            continue
        name = pulled.columns.get(column.name, column.name)
        used.add(name)
        if name in remote:
            expressions[column.name] = _expression(pulled, column, remote[name])
        elif column.required or column.name in pulled.columns:
            raise _missing(pulled, name, "columns")
        else:
            absent.append(column.name)
    unused = tuple(name for name in remote if name not in used)
    return Selection(expressions, tuple(absent), unused)


def _expression(pulled: PulledTable, column: Column, remote: RemoteColumn) -> str:
    allowed = _ALLOWED[column.data_type.partition("(")[0]]
    if remote.family not in allowed:
        raise RemoteError(
            f"{pulled.table.full_name}: column {remote.name} of {pulled.remote} is {remote.kind}, "
            f"which cannot become {column.name} ({column.data_type})",
            "make a view at the remote that casts it, and pull the view",
        )
    name = identifier(remote.name)
    if remote.family in ("whole", "boolean"):
        return f"{name}::{'bigint' if remote.family == 'whole' else 'boolean'}"
    if remote.family == "instant":
        return f"({name} at time zone 'UTC')::text"
    if remote.family == "local_time" and pulled.connection.time_zone != "UTC":
        zone = text_literal(pulled.connection.time_zone)
        return f"({name} at time zone {zone} at time zone 'UTC')::text"
    return f"{name}::text"


def _deleted(pulled: PulledTable, remote: Mapping[str, RemoteColumn]) -> str:
    """A flag as it is; of any other type, such as a time of deletion, whether there is a value."""
    setting = str(pulled.soft_delete)
    if setting not in remote:
        raise _missing(pulled, setting, "soft_delete")
    name = identifier(setting)
    is_flag = remote[setting].family == "boolean"
    return f"coalesce({name}, false)" if is_flag else f"({name} is not null)"


def _missing(pulled: PulledTable, name: str, setting: str) -> RemoteError:
    return RemoteError(
        f"{pulled.table.full_name}: {pulled.remote} has no column {name}",
        f"mend {setting} of pull.tables.{pulled.table.full_name} in finview.yml",
    )
