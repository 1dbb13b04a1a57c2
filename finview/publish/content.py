"""Content hashes: what a table says, whatever the row order, file format or engine version.

A row is written as the text of its values, each with its length before it (`3:abc`, a null as
`~`), and hashed with MD5; the sorted row hashes are hashed with SHA-256. The total hash covers
every table's name, columns, types, row count and hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from finview.durable import canonical_json, sha256_text

if TYPE_CHECKING:
    import duckdb

    from finview.publish.manifest import TableInfo

_FETCHED_ROWS = 100_000


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def table_hash(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]
) -> tuple[int, str]:
    """Rows and content hash of `relation` (quoted SQL name); sorted by the engine, so it spills."""
    parts = []
    for column in columns:
        text = f"cast({quoted(column)} as varchar)"
        parts.append(f"coalesce(length({text}) || ':' || {text}, '~')")
    rows = 0
    digest = hashlib.sha256()
    cursor = connection.execute(
        f"select md5(concat({', '.join(parts)})) as row_hash from {relation} order by row_hash"
    )
    while fetched := cursor.fetchmany(_FETCHED_ROWS):
        digest.update("".join(row[0] for row in fetched).encode())
        rows += len(fetched)
    return rows, digest.hexdigest()


def total_hash(tables: Iterable[TableInfo]) -> str:
    """One hash over all tables, independent of their order."""
    entries = [
        [table.schema, table.name, [list(column) for column in table.columns], table.rows]
        + [table.content_hash]
        for table in sorted(tables, key=lambda table: (table.schema, table.name))
    ]
    return sha256_text(canonical_json(entries))
