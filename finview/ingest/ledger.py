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

SCHEMA_VERSION = 2
_SCHEMA = """
create table keys (
    version text primary key, fingerprint text not null, is_sample integer not null
);
create table files (
    load_sequence integer primary key,
    source text not null, table_name text not null, file text not null, sha256 text not null,
    batch_id text not null unique, loaded_at text not null, key_version text not null,
    reason text not null, replay_of integer references files (load_sequence),
    rows_in integer not null, rows_accepted integer not null,
    rows_quarantined integer not null, rows_duplicate integer not null,
    amounts text not null,
    unique (source, table_name, sha256, file)
);
create table parts (
    load_sequence integer not null references files (load_sequence), part integer not null,
    accepted_path text not null, quarantine_path text not null,
    primary key (load_sequence, part)
);
-- Files whose content was rewritten by us: they were taken as the file they came from.
create table aliases (
    source text not null, table_name text not null, sha256 text not null,
    load_sequence integer not null references files (load_sequence),
    primary key (source, table_name, sha256)
);
-- What the bytes of a landed file were when they were last read, so that they are read once.
create table seen (
    file text primary key, size integer not null, modified integer not null,
    changed integer not null, inode integer not null, sha256 text not null
);
create table refused (
    source text not null, table_name text not null, file text not null, sha256 text not null,
    reason text not null, refused_at text not null,
    primary key (file, sha256)
);
"""


@dataclass(frozen=True)
class Batch:
    """One accepted file: its identity and the relative paths of each part (empty: none).

    `replay_of` is the load sequence of the file whose quarantined rows this one took up again.
    """

    load_sequence: int
    batch_id: str
    loaded_at: str
    key_version: str
    parts: tuple[tuple[str, str], ...] = ()
    replay_of: int | None = None


@dataclass(frozen=True)
class FileState:
    """What the file system says of a landed file: the same state, the same bytes."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """State of the file at `path`, times in nanoseconds."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


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

    def accepted(
        self, source: str, table: str, sha256: str, *, file: str | None = None
    ) -> FileResult | None:
        """The earlier result of the same content in the same table, of `file` if given."""
        return self._result(
            "select * from files where source = ? and table_name = ? and "
            "(sha256 = ? or load_sequence in (select load_sequence from aliases as a "
            " where a.source = files.source and a.table_name = files.table_name and a.sha256 = ?)) "
            "and file = coalesce(?, file) order by load_sequence limit 1",
            (source, table, sha256, sha256, file),
        )

    def latest(self, source: str, table: str) -> FileResult | None:
        """The result of the file of a table that was accepted last."""
        return self._result(
            "select * from files where source = ? and table_name = ? and replay_of is null "
            "order by load_sequence desc limit 1",
            (source, table),
        )

    def file(self, load_sequence: int) -> FileResult | None:
        """The result of the file with a load sequence."""
        return self._result("select * from files where load_sequence = ?", (load_sequence,))

    def replay_of(self, load_sequence: int) -> int | None:
        """Load sequence of the file whose quarantined rows a file took up again."""
        row = self._sql.execute(
            "select replay_of from files where load_sequence = ?", (load_sequence,)
        ).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def sequence_of(self, source: str, table: str, sha256: str) -> int | None:
        """Load sequence of the file that was accepted with a content."""
        row = self._sql.execute(
            "select min(load_sequence) from (select load_sequence from files "
            " where source = ?1 and table_name = ?2 and sha256 = ?3 "
            "union all select load_sequence from aliases "
            " where source = ?1 and table_name = ?2 and sha256 = ?3)",
            (source, table, sha256),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _result(self, query: str, values: tuple[object, ...]) -> FileResult | None:
        cursor = self._sql.execute(query, values)
        row = cursor.fetchone()
        if row is None:
            return None
        found = dict(zip((column[0] for column in cursor.description), row, strict=True))
        return FileResult(
            found["source"],
            found["table_name"],
            found["file"],
            found["sha256"],
            "accepted",
            found["reason"],
            rows_in=found["rows_in"],
            rows_accepted=found["rows_accepted"],
            rows_quarantined=found["rows_quarantined"],
            rows_duplicate=found["rows_duplicate"],
            amounts=json.loads(found["amounts"]),
        )

    def known_sha256(self, file: str, state: FileState) -> str | None:
        """SHA-256 of a landed file whose state is what it was when it was last read."""
        row = self._sql.execute(
            "select sha256 from seen where (file, size, modified, changed, inode) = "
            "(?, ?, ?, ?, ?)",
            (file, state.size, state.modified, state.changed, state.inode),
        ).fetchone()
        return str(row[0]) if row else None

    def remember_sha256(self, file: str, state: FileState, sha256: str) -> None:
        """Remember what a landed file holds."""
        with self._sql:
            self._sql.execute(
                "insert or replace into seen values (?, ?, ?, ?, ?, ?)",
                (file, state.size, state.modified, state.changed, state.inode, sha256),
            )

    def commit(self, result: FileResult, batch: Batch) -> None:
        """Make an accepted file count; the last step of taking it.

        A replay takes the place of the quarantine of the file it replays.
        """
        row = (
            batch.load_sequence, result.source, result.table, result.file, result.sha256,
            batch.batch_id, batch.loaded_at, batch.key_version, result.reason, batch.replay_of,
            result.rows_in, result.rows_accepted, result.rows_quarantined, result.rows_duplicate,
            json.dumps(result.amounts, sort_keys=True),
        )  # fmt: skip
        with self._sql:
            self._sql.execute(f"insert into files values ({', '.join('?' * len(row))})", row)
            self._sql.executemany(
                "insert into parts values (?, ?, ?, ?)",
                [(batch.load_sequence, part, *pair) for part, pair in enumerate(batch.parts, 1)],
            )
            if batch.replay_of is not None:
                self._sql.execute(
                    "update parts set quarantine_path = '' where load_sequence = ?",
                    (batch.replay_of,),
                )
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
        """Accepted and quarantine path of each part, in load order, optionally of one table."""
        return self._sql.execute(
            "select accepted_path, quarantine_path from parts join files using (load_sequence) "
            "where source = coalesce(?, source) and table_name = coalesce(?, table_name) "
            "order by load_sequence, part",
            (source, table),
        ).fetchall()

    def quarantine(self) -> list[tuple[int, str]]:
        """Load sequence and path of every part of the quarantine, in load order."""
        return self._sql.execute(
            "select load_sequence, quarantine_path from parts where quarantine_path <> '' "
            "order by load_sequence, part"
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
