"""Erasing what is made from accepted data: it is removed, the next run makes it anew.

Logs and the orchestrator's history are not made anew: only what names somebody on the list goes.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from finview.audit import BuildRecord
from finview.dbt import target_folder
from finview.privacy.files import remove
from finview.privacy.gone import listed_among
from finview.publish.content import quoted
from finview.settings import Home

_TOKEN = re.compile(rb"[A-Za-z0-9_.@+%-]{3,80}")
#: Shorter numbers are counts and times far more often than somebody's id.
_SHORT = 6
_SQLITE = b"SQLite format 3\0"
#: Classes that a word of a log is compared with; the hashes themselves are compared as they are.
_CLASSES = ("customer_id", "phone", "id_card", "email", "member_number", "device", "order_id")


def stop_publishing(home: Home, note: str) -> None:
    """Nothing that was built before may be published: accepted data is another now."""
    record = BuildRecord(home)
    if record.load() is not None:
        record.stage("ingest", False, {"note": note})


def remove_builds(home: Home) -> int:
    """Remove warehouse, candidate, dbt's artefacts and the exchange with the cluster."""
    removed = 0
    if home.warehouse.is_dir():
        removed += sum(remove(path) for path in sorted(home.warehouse.iterdir()))
    for folder in (
        home.candidate / "current",
        *home.candidate.glob(".making-*"),
        target_folder(home),
        home.root / "exchange",
        home.root / "tmp" / "ingest",
        home.logs / "dbt",
    ):
        removed += remove(folder)
    return removed


def erase_logs(connection: duckdb.DuckDBPyConnection, home: Home) -> int:
    """Remove log files, and rows of the orchestrator's databases, that name somebody."""
    removed = 0
    for folder in (home.logs, home.dagster):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix not in (".yaml", ".lock"):
                removed += _erase_log(connection, path)
    return removed


def _erase_log(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    content = path.read_bytes()
    words = {word.decode() for word in _TOKEN.findall(content)}
    # An id inside quotes, paths or JSON is a part of a word.
    words |= {part for word in words for part in re.split(r"[.@+%-]", word) if len(part) > 2}
    known = {str(value) for (value,) in connection.execute("select value from gone").fetchall()}
    words = {word for word in words if not (word.isdigit() and len(word) < _SHORT)}
    listed = (words & known) | listed_among(connection, words, _CLASSES)
    if not listed:
        return 0
    if not content.startswith(_SQLITE):
        return remove(path)
    return _erase_rows(path, listed)


def _erase_rows(path: Path, words: set[str]) -> int:
    """Delete the rows of a SQLite file that hold one of the words, and the bytes they left."""
    named = re.compile(
        r"(?<![A-Za-z0-9])(" + "|".join(map(re.escape, sorted(words))) + r")(?![A-Za-z0-9])"
    )
    removed = 0
    with closing(sqlite3.connect(path)) as database:
        database.create_function("names_somebody", 1, lambda text: bool(named.search(text)))
        tables = database.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            columns = [row[1] for row in database.execute(f"pragma table_info({quoted(table)})")]
            text = " || ' ' || ".join(f"coalesce(cast({quoted(c)} as text), '')" for c in columns)
            removed += database.execute(
                f"delete from {quoted(table)} where names_somebody({text})"
            ).rowcount
        database.commit()
        database.execute("pragma wal_checkpoint(truncate)")
        database.execute("vacuum")
    return removed
