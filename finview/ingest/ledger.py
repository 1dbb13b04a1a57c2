"""The ingest ledger: which contents were taken, with which totals and which key.

An accepted file counts from the moment its row is committed here; whatever lies in accepted or
quarantine without a row is a leftover of a crash.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finview.errors import FinviewError
from finview.ingest.report import FileResult
from finview.settings import Home

SCHEMA_VERSION = 1
_SCHEMA = """
create table keys (
    version text primary key, fingerprint text not null, is_sample integer not null
);
create table files (
    load_sequence integer primary key,
    source text not null, table_name text not null, file text not null, sha256 text not null,
    batch_id text not null unique, loaded_at text not null, key_version text not null,
    reason text not null,
    accepted_path text not null, quarantine_path text not null,
    rows_in integer not null, rows_accepted integer not null,
    rows_quarantined integer not null, rows_duplicate integer not null,
    amounts text not null,
    unique (source, table_name, sha256)
);
create table refused (
    source text not null, table_name text not null, file text not null, sha256 text not null,
    reason text not null, refused_at text not null,
    primary key (file, sha256)
);
"""


@dataclass(frozen=True)
class Batch:
    """One accepted file: its identity and the relative paths it wrote (empty: none)."""

    load_sequence: int
    batch_id: str
    loaded_at: str
    key_version: str
    accepted_path: str = ""
    quarantine_path: str = ""


class Ledger:
    """`audit/ingest.sqlite` of one home; open it with `open_ledger`."""

    def __init__(self, connection: sqlite3.Connection, is_new: bool) -> None:
        self._sql = connection
        #: Whether the ledger was made by this opening.
        self.is_new = is_new

    def has_own_key(self) -> bool:
        """Whether a key from the environment was ever used."""
        return bool(self._sql.execute("select 1 from keys where is_sample = 0").fetchone())

    def key_fingerprint(self, version: str) -> str | None:
        """Fingerprint of a key version, None when it is new."""
        row = self._sql.execute(
            "select fingerprint from keys where version = ?", (version,)
        ).fetchone()
        return str(row[0]) if row else None

    def add_key(self, version: str, fingerprint: str, is_sample: bool) -> None:
        """Remember a key version."""
        with self._sql:
            self._sql.execute(
                "insert into keys values (?, ?, ?)", (version, fingerprint, is_sample)
            )

    def next_sequence(self) -> int:
        """Load sequence of the next accepted file."""
        row = self._sql.execute("select coalesce(max(load_sequence), 0) + 1 from files").fetchone()
        return int(row[0])

    def accepted(self, source: str, table: str, sha256: str) -> FileResult | None:
        """The earlier result of the same content in the same table."""
        row = self._sql.execute(
            "select file, reason, rows_in, rows_accepted, rows_quarantined, rows_duplicate, "
            "amounts from files where source = ? and table_name = ? and sha256 = ?",
            (source, table, sha256),
        ).fetchone()
        if row is None:
            return None
        return FileResult(
            source,
            table,
            row[0],
            sha256,
            "accepted",
            row[1],
            rows_in=row[2],
            rows_accepted=row[3],
            rows_quarantined=row[4],
            rows_duplicate=row[5],
            amounts=json.loads(row[6]),
        )

    def commit(self, result: FileResult, batch: Batch) -> None:
        """Make an accepted file count; the last step of taking it."""
        row = (
            batch.load_sequence, result.source, result.table, result.file, result.sha256,
            batch.batch_id, batch.loaded_at, batch.key_version, result.reason,
            batch.accepted_path, batch.quarantine_path,
            result.rows_in, result.rows_accepted, result.rows_quarantined, result.rows_duplicate,
            json.dumps(result.amounts, sort_keys=True),
        )  # fmt: skip
        with self._sql:
            self._sql.execute(f"insert into files values ({', '.join('?' * len(row))})", row)
            self._sql.execute("delete from refused where file = ?", (result.file,))

    def refuse(self, result: FileResult, refused_at: str) -> None:
        """Remember a refused file; it is tried again in the next run."""
        with self._sql:
            self._sql.execute(
                "insert or replace into refused values (?, ?, ?, ?, ?, ?)",
                (result.source, result.table, result.file, result.sha256, result.reason,
                 refused_at),
            )  # fmt: skip

    def paths(self, source: str | None = None, table: str | None = None) -> list[tuple[str, str]]:
        """Accepted and quarantine path of each file, in load order, optionally of one table."""
        return self._sql.execute(
            "select accepted_path, quarantine_path from files "
            "where source = coalesce(?, source) and table_name = coalesce(?, table_name) "
            "order by load_sequence",
            (source, table),
        ).fetchall()

    def contents(self) -> list[tuple[str, str, int]]:
        """File, SHA-256 and load sequence of every accepted file, in load order."""
        return self._sql.execute(
            "select file, sha256, load_sequence from files order by load_sequence"
        ).fetchall()


@contextmanager
def open_ledger(home: Home) -> Iterator[Ledger]:
    """Open the ledger of a home, making it on first use.

    Raises:
        FinviewError: made by another version of finview.
    """
    path = home.audit / "ingest.sqlite"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = _connect(path)
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version == 0:
            connection.executescript(
                f"begin; {_SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;"
            )
        elif version != SCHEMA_VERSION:
            raise FinviewError(
                f"{path.name} has schema version {version}, this finview reads {SCHEMA_VERSION}",
                "use the finview that wrote it, or start a new home",
            )
        yield Ledger(connection, is_new=version == 0)
    except sqlite3.DatabaseError as error:
        raise FinviewError(
            f"the ingest ledger {path.name} cannot be used: {error}",
            "restore audit/ingest.sqlite from a backup, or ingest into a new home",
        ) from error
    finally:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path)
    connection.execute("pragma synchronous = full")
    return connection
