"""The lines under `pull` in `finview.yml`, checked. A password is never among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from finview.contract import Contract, Table
from finview.errors import FinviewError

#: Modes that do what they say; `prefer` and `allow` of libpq fall back to plain text in silence.
TLS_MODES = ("disable", "require", "verify-ca", "verify-full")
DEFAULT_OVERLAP = "2 hours"
DEFAULT_TIMEOUT = "10 minutes"
DEFAULT_ROWS_PER_FILE = 1_000_000
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_CONNECTION = {"url_env", "tls", "root_certificate", "statement_timeout", "time_zone"}
_TABLE = {"connection", "remote", "cursor", "overlap", "columns", "soft_delete", "rows_per_file"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOCS = "see docs/pull.md"


@dataclass(frozen=True)
class Connection:
    """One server. `url_env` names the environment variable that holds its address and password."""

    name: str
    url_env: str
    tls: str | None = None
    root_certificate: str | None = None
    statement_timeout_seconds: int = 600
    #: Zone of remote timestamps that carry none.
    time_zone: str = "UTC"


@dataclass(frozen=True)
class PulledTable:
    """One table of the contract and where it comes from.

    `overlap` is in seconds where the cursor is a time, else in units of the cursor. `columns` are
    the remote's names of contract columns that have another name there.
    """

    table: Table
    connection: Connection
    remote_schema: str
    remote_name: str
    cursor: str | None = None
    overlap: int = 0
    overlap_is_time: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    soft_delete: str | None = None
    rows_per_file: int = DEFAULT_ROWS_PER_FILE

    @property
    def remote(self) -> str:
        """`schema.table` at the remote."""
        return f"{self.remote_schema}.{self.remote_name}"


def parse(raw: Mapping[str, Any], contract: Contract) -> tuple[PulledTable, ...]:
    """The pulled tables of a home, sorted by name.

    Raises:
        FinviewError: a line is wrong; its value is never repeated, it might be a password.
    """
    _known(raw, {"connections", "tables"}, "pull")
    connections = {
        name: _connection(name, lines) for name, lines in _section(raw, "connections").items()
    }
    tables = _section(raw, "tables")
    return tuple(_table(name, tables[name], connections, contract) for name in sorted(tables))


def _connection(name: str, lines: Any) -> Connection:
    where = f"pull.connections.{name}"
    _known(lines, _CONNECTION, where)
    url_env = lines.get("url_env")
    if not isinstance(url_env, str) or not _VARIABLE.fullmatch(url_env):
        raise FinviewError(
            f"finview.yml: {where}.url_env is no name of an environment variable",
            "name the variable that holds the address, such as CRM_DATABASE_URL; " + _DOCS,
        )
    tls = lines.get("tls")
    if tls is not None and tls not in TLS_MODES:
        raise FinviewError(
            f"finview.yml: {where}.tls is unknown", f"use one of: {_list(TLS_MODES)}"
        )
    zone = str(lines.get("time_zone", "UTC"))
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise FinviewError(
            f"finview.yml: {where}.time_zone is no zone", "use an IANA name such as Asia/Shanghai"
        ) from None
    certificate = lines.get("root_certificate")
    return Connection(
        name=name,
        url_env=url_env,
        tls=tls,
        root_certificate=str(certificate) if certificate else None,
        statement_timeout_seconds=_duration(
            lines.get("statement_timeout", DEFAULT_TIMEOUT), f"{where}.statement_timeout"
        ),
        time_zone=zone,
    )


def _table(
    name: str, lines: Any, connections: Mapping[str, Connection], contract: Contract
) -> PulledTable:
    where = f"pull.tables.{name}"
    _known(lines, _TABLE, where)
    source, _, short = name.partition(".")
    table = contract.table(source, short)
    if lines.get("connection") not in connections:
        raise FinviewError(
            f"finview.yml: {where}.connection is not under pull.connections",
            f"use one of: {_list(connections)}",
        )
    schema, _, remote = str(lines.get("remote", "")).rpartition(".")
    if not remote or "." in schema:
        raise FinviewError(
            f"finview.yml: {where}.remote must be schema.table", "such as public.customers"
        )
    rows = lines.get("rows_per_file", DEFAULT_ROWS_PER_FILE)
    if type(rows) is not int or rows < 1:
        raise FinviewError(f"finview.yml: {where}.rows_per_file is no whole number from 1", _DOCS)
    cursor = lines.get("cursor")
    if cursor is not None and table.load == "snapshot":
        raise FinviewError(
            f"finview.yml: {where} has a cursor, but the contract says load: snapshot",
            "leave the cursor out: a snapshot table is pulled whole each time, so that deleted "
            "rows are noticed",
        )
    if cursor is None and "overlap" in lines:
        raise FinviewError(f"finview.yml: {where}.overlap needs a cursor", _DOCS)
    overlap = lines.get("overlap", DEFAULT_OVERLAP)
    is_count = type(overlap) is int
    if is_count and overlap < 0:
        raise FinviewError(f"finview.yml: {where}.overlap is below 0", _DOCS)
    soft_delete = lines.get("soft_delete")
    if soft_delete is not None and table.delete_column is None:
        raise FinviewError(
            f"finview.yml: {where}.soft_delete: the contract of {name} has no delete_column",
            "leave soft_delete out, or declare a delete_column, see docs/contract.md",
        )
    return PulledTable(
        table=table,
        connection=connections[lines["connection"]],
        remote_schema=schema or "public",
        remote_name=remote,
        cursor=None if cursor is None else str(cursor),
        overlap=overlap if is_count else _duration(overlap, f"{where}.overlap"),
        overlap_is_time=not is_count,
        columns=_columns(lines.get("columns", {}), table, where),
        soft_delete=None if soft_delete is None else str(soft_delete),
        rows_per_file=rows,
    )


def _columns(raw: Any, table: Table, where: str) -> dict[str, str]:
    """The remote's name by contract column, out of `remote: contract` lines."""
    if not isinstance(raw, dict):
        raise FinviewError(
            f"finview.yml: {where}.columns must hold 'remote: contract' lines", _DOCS
        )
    columns: dict[str, str] = {}
    for remote, name in raw.items():
        if name not in table.by_name:
            raise FinviewError(
                f"finview.yml: {where}.columns: {table.full_name} has no column {name!r}",
                f"use one of: {_list(table.by_name)}",
            )
        if name in columns:
            raise FinviewError(f"finview.yml: {where}.columns: {name} is named twice", "keep one")
        columns[str(name)] = str(remote)
    return columns


def _duration(value: Any, where: str) -> int:
    match = re.fullmatch(r"(\d+) (second|minute|hour|day)s?", str(value))
    if not match:
        raise FinviewError(f"finview.yml: {where} is no duration", "such as '2 hours' or '1 day'")
    return int(match[1]) * _SECONDS[match[2]]


def _section(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = raw.get(name) or {}
    if not isinstance(section, dict):
        raise FinviewError(f"finview.yml: pull.{name} must hold named sections", _DOCS)
    return {str(key): lines for key, lines in section.items()}


def _known(lines: Any, names: set[str], where: str) -> None:
    if not isinstance(lines, Mapping):
        raise FinviewError(f"finview.yml: {where} must hold 'name: value' lines", _DOCS)
    if unknown := sorted(str(name) for name in set(lines) - names):
        raise FinviewError(
            f"finview.yml: {where}: unknown setting {unknown[0]!r}", f"use one of: {_list(names)}"
        )


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
