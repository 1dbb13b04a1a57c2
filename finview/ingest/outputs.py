"""Writing batches, and reading back what was written so that the control totals can fail."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np

from finview.contract import LINEAGE, Table
from finview.durable import sync_folder
from finview.errors import FinviewError
from finview.ingest.accounts import accepted_select, quarantine_select
from finview.ingest.ledger import Ledger
from finview.ingest.report import Amounts, add_amounts, amount_parts
from finview.ingest.sources import sql_text
from finview.settings import Home

#: Files that ingestion may remove: its batches, finished or not. Others are left alone.
_BATCH_FILE = re.compile(r"\d{8}-[0-9a-f]{12}(-\d{4}|-gone)?\.parquet(\.tmp)?")


@dataclass(frozen=True)
class Counted:
    """Rows and amounts of a portion or file by account; accepted ones as read back from disk."""

    rows_in: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    amounts: Amounts


def added(counts: Sequence[Counted], columns: Sequence[str]) -> Counted:
    """The sums over the portions of a file."""
    amounts = {
        column: add_amounts([counted.amounts[column] for counted in counts]) for column in columns
    }
    return Counted(
        sum(counted.rows_in for counted in counts),
        sum(counted.rows_accepted for counted in counts),
        sum(counted.rows_quarantined for counted in counts),
        sum(counted.rows_duplicate for counted in counts),
        amounts,
    )


def schema_path(home: Home, table: Table) -> Path:
    """The empty Parquet file that carries a table's accepted schema."""
    return home.accepted / table.source / table.name / "_schema.parquet"


def write_schema(connection: duckdb.DuckDBPyConnection, home: Home, table: Table) -> None:
    """Write `_schema.parquet` unless it is there with the same columns and types."""
    path = schema_path(home, table)
    columns = [(column.accepted_name, column.accepted_type) for column in table.columns]
    columns += list(LINEAGE.items())
    if path.exists():
        there = connection.execute(f"describe select * from read_parquet({sql_text(path)})")
        found = [(row[0], str(row[1]).lower()) for row in there.fetchall()]
        if found == columns:
            return
    select = ", ".join(f'null::{kind} as "{name}"' for name, kind in columns)
    write_parquet(connection, f"select {select} where false", path)


def write_parquet(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Write a select to `path`: complete and on disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600))
    connection.execute(
        f"copy ({select}) to {sql_text(temporary)} (format parquet, compression zstd)"
    )
    temporary.chmod(0o600)
    descriptor = os.open(temporary, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    os.replace(temporary, path)
    sync_folder(path.parent)


def write_batch(
    connection: duckdb.DuckDBPyConnection, table: Table, accepted: Path, quarantine: Path
) -> tuple[bool, bool]:
    """Write the accepted and quarantined rows of the current portion; which of the two exist."""
    excepted = _count(connection, "select count(*) from verdicts")
    sound = _count(connection, "select count(*) from keyed")
    has_accepted = sound > excepted
    if has_accepted:
        if not excepted:
            select = accepted_select(table)
        elif _keep(connection):
            select = accepted_select(table, "(rows positional join kept)") + " and keep"
        else:  # a join may change the order
            select = accepted_select(table)
            select += " and line not in (select line from verdicts) order by line"
        write_parquet(connection, select, accepted)
    connection.execute(
        "create or replace temp table broken as select line, e from rows where not ok"
    )
    has_quarantine = bool(
        _count(connection, "select count(*) from broken")
        + _count(connection, "select count(*) from malformed")
        + _count(connection, "select count(*) from verdicts where verdict <> 'duplicate'")
    )
    if has_quarantine:
        write_parquet(connection, quarantine_select(table), quarantine)
    return has_accepted, has_quarantine


def _keep(connection: duckdb.DuckDBPyConnection) -> bool:
    """Fill `kept`: of each row in order, whether no verdict excepts it; saves a sort of wide rows.

    False when `rows` is a filter, beside which nothing can be put.
    """
    ((whole,),) = connection.execute(
        "select (select count(*) from checked) = (select count(*) from rows)"
    ).fetchall()
    if whole:
        lines = connection.execute("select line from rows").fetchnumpy()["line"]
        excepted = connection.execute("select line from verdicts").fetchnumpy()["line"]
        connection.register("marks", {"keep": ~np.isin(lines, excepted)})
        connection.execute("create or replace temp table kept as select keep from marks")
        connection.unregister("marks")
    return bool(whole)


def write_deletions(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """Write the rows that say what a snapshot no longer has; how many, no file for none."""
    connection.execute(f"create or replace temp table gone as {select}")
    rows = _count(connection, "select count(*) from gone")
    if rows:
        write_parquet(connection, "from gone", path)
    return rows


def count_batch(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows_in: int,
    accepted: Path | None,
    quarantine: Path | None,
) -> Counted:
    """Control totals of the current portion: what came in against what is on disk."""
    amounts: Amounts = {}
    for i, column in enumerate(table.columns):
        if not column.is_amount:
            continue
        total, quarantined, duplicate, unparseable = connection.execute(
            f"select coalesce(sum(s{i}), 0), "
            f"coalesce(sum(s{i}) filter (not ok or verdict <> 'duplicate'), 0), "
            f"coalesce(sum(s{i}) filter (verdict = 'duplicate'), 0), "
            f"count(*) filter (g{i} and s{i} is null) "
            f"from rows left join verdicts using (line)"
        ).fetchall()[0]
        stored = Decimal(0)
        if accepted:
            stored = connection.execute(
                f'select coalesce(sum(summed("{column.name}"::decimal(38,10))), 0) '
                f"from read_parquet({sql_text(accepted)})"
            ).fetchall()[0][0]
        amounts[column.name] = amount_parts(
            Decimal(total), Decimal(stored), Decimal(quarantined), Decimal(duplicate), unparseable
        )
    count = "select count(*) from read_parquet({})"
    lines = "select count(distinct source_line) from read_parquet({})"
    return Counted(
        rows_in,
        _count(connection, count.format(sql_text(accepted))) if accepted else 0,
        _count(connection, lines.format(sql_text(quarantine))) if quarantine else 0,
        _count(connection, "select count(*) from verdicts where verdict = 'duplicate'"),
        amounts,
    )


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def remove_leftovers(home: Home, ledger: Ledger) -> int:
    """Remove batches that a crash left without a ledger row; how many files went.

    Raises:
        FinviewError: the ledger is new but batches are there, or a batch it names is gone.
    """
    known = {home.root / path for pair in ledger.paths() for path in pair if path}
    found = {
        path
        for folder in (home.accepted, home.quarantine)
        for path in folder.glob("*/*/**/*")
        if _BATCH_FILE.fullmatch(path.name)
    }
    if not known and not ledger.contents() and ledger.is_new and found:
        raise FinviewError(
            "there are accepted batches, but the ledger audit/ingest.sqlite is gone",
            "restore it from a backup, or remove accepted/ and quarantine/ to ingest again",
        )
    if gone := sorted(known - found):
        raise FinviewError(
            f"the ledger names a batch that is gone: {gone[0].relative_to(home.root)}",
            "restore it from a backup; without it totals and models would be wrong",
        )
    for path in found - known:
        path.unlink()
    return len(found - known)
