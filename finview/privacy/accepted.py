"""Erasing from accepted batches, and the account of what was erased per file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from finview.contract import Contract
from finview.privacy.files import count, rewrite_parquet
from finview.privacy.gone import row_is_gone
from finview.privacy.person import has_files, source_of
from finview.privacy.suppression import SuppressionList
from finview.publish.content import literal
from finview.settings import Home


def erase_accepted(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract, listed: SuppressionList
) -> int:
    """Rewrite each batch that names somebody on the list; how many rows went.

    A batch that becomes empty stays, without rows: the ledger names it.
    """
    removed = 0
    for table in contract.tables:
        condition = row_is_gone(table)
        if condition == "false" or not has_files(home, table):
            continue
        relation = source_of(home, table).removesuffix(")") + ", filename = true)"
        hits = connection.execute(
            f"select filename, count(*), list(distinct _load_sequence) from {relation} "
            f"where {condition} group by 1 order by 1"
        ).fetchall()
        for file, rows, sequences in hits:
            listed.expect_erased(sequences)
            read = f"read_parquet({literal(file)}, hive_partitioning = false)"
            described = connection.execute(f"describe select * from {read}").fetchall()
            gone = row_is_gone(table, {row[0] for row in described})
            rewrite_parquet(connection, Path(file), f"select * from {read} where not ({gone})")
            removed += int(rows)
    return removed


def erase_quarantined(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    folder: str,
    batches: Sequence[str],
    lines: Sequence[int],
) -> int:
    """Drop what quarantine says about erased lines of one file; how many lines went."""
    removed = 0
    connection.execute(
        "create or replace temp table erased_lines as select unnest($1::bigint[]) as line",
        [list(lines)],
    )
    named = ", ".join(map(literal, batches))
    hit = f"batch_id in ({named}) and source_line in (select line from erased_lines)"
    for path in sorted((home.quarantine / folder).glob("**/*.parquet")):
        read = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
        found = count(connection, f"select count(distinct source_line) from {read} where {hit}")
        if found:
            kept = f"select * from {read} where not coalesce({hit}, false)"
            rewrite_parquet(connection, path, kept)
            removed += found
    return removed


def ledger_rows(
    home: Home,
    columns: str,
    where: str = "true",
    values: Sequence[object] = (),
    *,
    table: str = "files",
) -> list[tuple[Any, ...]]:
    """Rows of a table of the ledger; empty when there is no ledger yet."""
    path = home.audit / "ingest.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as ledger:
        found = ledger.execute(f"select {columns} from {table} where {where}", list(values))
        return found.fetchall()


def record_erased(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract, listed: SuppressionList
) -> None:
    """Keep the control totals: accepted = still there + erased, for each file.

    The ledger keeps what happened when a file was taken; `erased` says what is gone since.
    """
    there: dict[int, int] = {}
    for table in contract.tables:
        if has_files(home, table):
            # Line 0: a deletion that a snapshot brought; it never came in.
            found = connection.execute(
                f"select _load_sequence, count(*) from {source_of(home, table)} "
                "where _source_line > 0 group by 1"
            ).fetchall()
            for sequence, rows in found:
                there[sequence] = there.get(sequence, 0) + int(rows)
    touched = listed.erased()
    for sequence, file, taken in ledger_rows(home, "load_sequence, file, rows_accepted"):
        if sequence in touched:
            listed.set_erased_accepted(sequence, file, taken - there.get(sequence, 0))
