"""Erasing from published versions: a version with people of the list is replaced by a copy.

Rows of every user key that one of the person's identifiers led to go, and rows that name the
person. Figures over many people stay as they were counted. The copy has the name of the version,
so that pinned readers find it; readers that have the old files open keep them until they close.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from finview.audit import AuditChain
from finview.errors import FinviewError
from finview.ingest.keys import HashKey
from finview.privacy.files import count, engine, exchange
from finview.privacy.gone import add_ids
from finview.privacy.suppression import plain_class
from finview.publish.candidate import _describe, _sync_all
from finview.publish.content import literal, quoted, total_hash
from finview.publish.copying import copy_relations
from finview.publish.manifest import MARTS_FILE, Manifest, TableInfo, check_files, sha256_file
from finview.publish.store import REMOVED, only_publisher, versions
from finview.settings import Home

_SOURCE = "finview_version"
_KEPT = "finview_kept"
#: The mart that says which identifiers led to which user.
_BRIDGE = "bridge_user_identifier"
#: Columns that hold an identifier of any type, with the column that says which.
_VALUES = {"identifier_value": "identifier_type", "linked_value": "linked_type"}


@dataclass(frozen=True)
class _Filtered:
    """A version without the erased people, as `copy_relations` reads an engine."""

    folder: Path
    conditions: dict[tuple[str, str], str]
    users: tuple[str, ...]

    @contextmanager
    def marts(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """Views on the version's tables, without the rows that go."""
        connection.execute("create temp table gone_users (user_key varchar)")
        connection.execute(
            "insert into gone_users select unnest($1::varchar[])", [list(self.users)]
        )
        connection.execute(
            f"attach {literal(str(self.folder / MARTS_FILE))} as {_SOURCE} (read_only)"
        )
        connection.execute(f"attach ':memory:' as {_KEPT}")
        for (schema, name), gone in self.conditions.items():
            place = f"{quoted(schema)}.{quoted(name)}"
            connection.execute(f"create schema if not exists {_KEPT}.{quoted(schema)}")
            connection.execute(
                f"create view {_KEPT}.{place} as select * from {_SOURCE}.{place} where not ({gone})"
            )
            self._copy_comments(connection, schema, name)
        yield _KEPT
        connection.execute(f"detach {_KEPT}")
        connection.execute(f"detach {_SOURCE}")

    def _copy_comments(self, connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
        where = (
            f"where database_name = '{_SOURCE}' and schema_name = {literal(schema)} "
            f"and table_name = {literal(name)} and comment is not null"
        )
        place = f"{_KEPT}.{quoted(schema)}.{quoted(name)}"
        for (text,) in connection.execute(
            f"select comment from duckdb_tables() {where}"
        ).fetchall():
            connection.execute(f"comment on view {place} is {literal(text)}")
        for column, text in connection.execute(
            f"select column_name, comment from duckdb_columns() {where}"
        ).fetchall():
            connection.execute(f"comment on column {place}.{quoted(column)} is {literal(text)}")


def erase_published(
    home: Home, key: HashKey, gone: list[tuple[str, str]], request_ids: list[str]
) -> tuple[int, list[str]]:
    """Replace each version that holds somebody on the list.

    Returns:
        Rows removed over all versions, and damaged versions that could not be read.

    Raises:
        FinviewError: a publish is running.
    """
    removed, unread = 0, []
    with only_publisher(home):
        for info in versions(home):
            folder = home.published / info.version
            try:
                if info.problem is not None:
                    raise FinviewError(info.problem)
                manifest = Manifest.load(folder)
                check_files(folder, manifest)
                filtered = _find(home, key, gone, folder, manifest)
            except (FinviewError, duckdb.Error):
                unread.append(info.version)
                continue
            if filtered is not None:
                removed += _replace(home, folder, manifest, filtered, request_ids)
    return removed, unread


def _find(
    home: Home, key: HashKey, gone: list[tuple[str, str]], folder: Path, manifest: Manifest
) -> _Filtered | None:
    """Which rows of a version go; None when nobody of the list is in it."""
    with engine(home, key) as connection:
        connection.execute("create temp table gone (pii varchar, value varchar)")
        connection.execute(
            "insert into gone select unnest($1::varchar[]), unnest($2::varchar[])",
            [[pii for pii, _ in gone], [value for _, value in gone]],
        )
        connection.execute("create temp table gone_ids (pii varchar, value varchar)")
        connection.execute(f"attach {literal(str(folder / MARTS_FILE))} as {_SOURCE} (read_only)")
        for table in manifest.tables.values():
            for name, _ in table.columns:
                if pii := plain_class(name):
                    add_ids(connection, pii, f"select {quoted(name)} from {_place(table)}")
        users = _users(connection, manifest)
        connection.execute("create temp table gone_users (user_key varchar)")
        connection.execute("insert into gone_users select unnest($1::varchar[])", [list(users)])
        ids = {
            pii: [str(value) for (value,) in connection.execute(
                "select value from gone_ids where pii = $1 order by 1", [pii]).fetchall()]
            for pii in ("customer_id", "order_id")
        }  # fmt: skip
        conditions, hits = {}, 0
        for table in manifest.tables.values():
            tests = []
            named = {name for name, _ in table.columns}
            for name, kind in table.columns:
                if name == "user_key" or name.endswith("_user_key"):
                    tests.append(
                        f"coalesce({quoted(name)} in (select user_key from gone_users), false)"
                    )
                elif _VALUES.get(name) in named:
                    listed = ", ".join(map(literal, [value for _, value in gone])) or "null"
                    plain = ", ".join(map(literal, ids["customer_id"])) or "null"
                    tests.append(
                        f"coalesce({name} in ({listed}) or "
                        f"({_VALUES[name]} = 'customer' and {name} in ({plain})), false)"
                    )
                elif (pii := plain_class(name)) and ids[pii]:
                    listed = ", ".join(map(literal, ids[pii]))
                    tests.append(f"coalesce({quoted(name)}::varchar in ({listed}), false)")
                elif name.endswith("_hash") and kind == "VARCHAR" and gone:
                    listed = ", ".join(literal(value) for _, value in gone)
                    tests.append(f"coalesce({quoted(name)} in ({listed}), false)")
            condition = " or ".join(tests) or "false"
            conditions[table.schema, table.name] = condition
            hits += count(connection, f"select count(*) from {_place(table)} where {condition}")
    return _Filtered(folder, conditions, users) if hits else None


def _users(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> tuple[str, ...]:
    """User keys that an identifier of the list led to in this version."""
    bridge = manifest.tables.get(_BRIDGE)
    if bridge is None:
        return ()
    values = "select identifier_value from {} where identifier_type = 'customer'"
    add_ids(connection, "customer_id", values.format(_place(bridge)))
    found = connection.execute(
        f"select distinct user_key from {_place(bridge)} where "
        "(identifier_type, identifier_value) in (select (pii, value) from gone) "
        "or (identifier_type = 'customer' and identifier_value in "
        "(select value from gone_ids where pii = 'customer_id')) order by 1"
    ).fetchall()
    return tuple(str(user) for (user,) in found)


def _place(table: TableInfo) -> str:
    return f"{_SOURCE}.{quoted(table.schema)}.{quoted(table.name)}"


def _replace(
    home: Home, folder: Path, manifest: Manifest, filtered: _Filtered, request_ids: list[str]
) -> int:
    """Put a copy without the erased people in the place of a version; rows that went."""
    # A name that a later publish sweeps away, whichever of the two folders has it then.
    making = Path(tempfile.mkdtemp(prefix=f"{REMOVED}erased-", dir=home.published))
    try:
        relations = copy_relations(filtered, making / MARTS_FILE, making / ".spill")  # type: ignore[arg-type]
        tables = _describe(making, relations)
        chain = AuditChain(home)
        made = replace(
            manifest,
            tables=tables,
            content_hash=total_hash(tables.values()),
            marts_bytes=(making / MARTS_FILE).stat().st_size,
            marts_sha256=sha256_file(making / MARTS_FILE),
            audit_head=chain.head(),
        )
        made.write(making)
        _sync_all(making)
        check_files(making, made)
        # Before the swap: a row too many after a crash, never a changed version without one.
        chain.append(
            "version_erased",
            version=manifest.version,
            requests=request_ids,
            rows_removed=manifest.rows - made.rows,
            content_hash_before=manifest.content_hash,
            content_hash=made.content_hash,
            manifest_sha256_before=manifest.sha256,
            manifest_sha256=made.sha256,
        )
        exchange(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return manifest.rows - made.rows
