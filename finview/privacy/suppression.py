"""The suppression list: whom ingestion must not take again. It holds keyed hashes only.

`audit/suppression.sqlite` holds the entries with the version of the key they were made with, the
erasure requests and what became of them, and the account of the rows that were erased. Its own
file, not the ingest ledger: a ledger that is lost or rebuilt must not forget who was erased.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from finview.contract import HASHED_CLASSES, Table
from finview.durable import canonical_json
from finview.errors import FinviewError
from finview.ingest.identifiers import LISTED, OLD_KEY_SLOTS, keyed_hash, old_listed
from finview.ingest.keys import OLD_VARIABLE, HashKey, bind_key, old_secrets
from finview.settings import Home

#: Ids that are stored in plain text, by the class under which the list holds their keyed hash.
PLAIN_CLASSES = ("customer_id", "order_id")
#: A name is shared by many people: it is never on the list.
LISTED_CLASSES = (*(pii for pii in HASHED_CLASSES if pii != "name"), *PLAIN_CLASSES)
_SCHEMA = """
create table if not exists keys (version text primary key, fingerprint text not null);
create table if not exists entries (
    pii text not null, value text not null, key_version text not null, request_id text not null,
    primary key (pii, value, key_version)
) without rowid;
create table if not exists requests (
    request_id text primary key, opened_at text not null, reason text not null,
    key_version text not null, list_before text not null, counts text not null default '{}',
    closed_at text
);
create table if not exists erased (
    load_sequence integer primary key, file text not null,
    rows_accepted integer not null, rows_quarantined integer not null
);
"""


@dataclass(frozen=True)
class Request:
    """One erasure: who asked is not in it, only its number, its reason and its counts."""

    request_id: str
    opened_at: str
    reason: str
    key_version: str
    list_before: str
    counts: Mapping[str, int]


def list_path(home: Home) -> Path:
    """Where the suppression list of a home is."""
    return home.audit / "suppression.sqlite"


def plain_class(column: str) -> str | None:
    """Class of a column with plain ids: `customer_id`, `inviter_customer_id`, `order_id`, …"""
    for pii in PLAIN_CLASSES:
        if column == pii or column.endswith(f"_{pii}"):
            return pii
    return None


def load_suppressed(connection: duckdb.DuckDBPyConnection, home: Home, key: HashKey) -> int:
    """Make the temp table `suppressed (pii, value)` on ingestion's private connection.

    Call it after `bind_key`, before any SQL of `accepted_value` runs. Returns the number of
    entries; with 0, `suppressed_condition` costs nothing.

    Raises:
        FinviewError: there are entries of an earlier key that the environment does not give.
    """
    connection.execute("create or replace temp table suppressed (pii varchar, value varchar)")
    for name in ("finview_suppression", "finview_listed"):
        connection.execute(f"reset variable {name}")
    if not list_path(home).exists():
        return 0
    with open_list(home) as suppression:
        entries = suppression.entries()
        keys = suppression.keys()
    current = [(pii, value) for pii, value, version in entries if version == key.version]
    earlier = {version for _, _, version in entries if version != key.version}
    if keys.get(key.version, key.fingerprint) != key.fingerprint:
        raise FinviewError(
            f"the suppression list was made with another key of version {key.version}",
            "restore that key, or give the new one its own version",
        )
    if earlier:
        _bind_earlier(connection, {version: keys[version] for version in earlier})
        old = [value for _, value, version in entries if version != key.version]
        connection.execute("set variable finview_listed = $1::varchar[]", [old])
        current += [(pii, LISTED) for pii in HASHED_CLASSES]
    if entries:
        connection.execute("set variable finview_suppression = true")
        connection.execute(
            "insert into suppressed select unnest($1::varchar[]), unnest($2::varchar[])",
            [[pii for pii, _ in current], [value for _, value in current]],
        )
    return len(entries)


def suppressed_condition(
    table: Table, entries: int | None = None, relation: str | None = None
) -> str:
    """SQL over accepted columns a0, a1, …: is anybody of the row on the suppression list?

    Args:
        table: Gives the columns; number i of them is `a{i}`.
        entries: What `load_suppressed` returned; with 0 the condition is `false`.
        relation: What the rows are read from, if it has a name: plain ids are then hashed once
            per distinct id, not once per row.
    """
    if entries == 0:
        return "false"
    tests = []
    for i, column in enumerate(table.columns):
        if column.is_hashed and column.pii != "name":
            listed = f"a{i} in (select value from suppressed where pii = '{column.pii}')"
            tests.append(f"coalesce({listed}, false)")
        elif pii := plain_class(column.name):
            # Hashed only when there is a list: the planner folds the case to null otherwise.
            known = f"select value from suppressed where pii = '{pii}'"
            if relation:
                ids = f"select distinct a{i} as v from {relation} where a{i} is not null"
                listed = (
                    f"a{i} in (select v from ({ids}) where {keyed_hash(pii, 'v')} in ({known}))"
                )
            else:
                hashed = keyed_hash(pii, f"a{i}")
                probe = f"case when getvariable('finview_suppression') then {hashed} end"
                listed = f"({probe}) in ({known})"
            tests += [f"coalesce({listed}, false)", old_listed(pii, f"a{i}")]
    return f"({' or '.join(tests)})" if tests else "false"


def _bind_earlier(connection: duckdb.DuckDBPyConnection, needed: Mapping[str, str]) -> None:
    given = {key.fingerprint: key for key in old_secrets()}
    if lacking := sorted(version for version, mark in needed.items() if mark not in given):
        raise FinviewError(
            f"the suppression list has entries made with the earlier key {lacking[0]}, "
            "which is not given",
            f"set {OLD_VARIABLE} to the earlier keys, separated by commas: without them erased "
            "people would be taken again",
        )
    if len(needed) > OLD_KEY_SLOTS:
        raise FinviewError(
            f"the suppression list has entries of {len(needed)} earlier keys, "
            f"{OLD_KEY_SLOTS} can be compared",
            "release the entries of the oldest one: finview erase --release",
        )
    for slot, version in enumerate(sorted(needed), 1):
        bind_key(connection, given[needed[version]], str(slot))


class SuppressionList:
    """The list of one home; open it with `open_list`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def entries(self) -> list[tuple[str, str, str]]:
        """Class, hash and key version of every entry, sorted."""
        return self._sql.execute(
            "select pii, value, key_version from entries order by 1, 2, 3"
        ).fetchall()

    def keys(self) -> dict[str, str]:
        """Fingerprint of each key version that entries were made with."""
        return dict(self._sql.execute("select version, fingerprint from keys").fetchall())

    def sha256(self) -> str:
        """Hash of all entries: proves what was on the list without telling whom."""
        return hashlib.sha256(canonical_json(self.entries()).encode()).hexdigest()

    def open_request(
        self, request_id: str, reason: str, key: HashKey, entries: Iterable[tuple[str, str]]
    ) -> None:
        """Put people on the list; from here on ingestion refuses them."""
        before = self.sha256()
        with self._sql:
            self._sql.execute(
                "insert or ignore into keys values (?, ?)", (key.version, key.fingerprint)
            )
            self._sql.execute(
                "insert or ignore into requests "
                "(request_id, opened_at, reason, key_version, list_before) values (?, ?, ?, ?, ?)",
                (request_id, _now(), reason, key.version, before),
            )
            self._sql.executemany(
                "insert or ignore into entries values (?, ?, ?, ?)",
                [(pii, value, key.version, request_id) for pii, value in entries],
            )

    def open_requests(self) -> list[Request]:
        """Requests whose erasure has not been completed."""
        found = self._sql.execute(
            "select request_id, opened_at, reason, key_version, list_before, counts "
            "from requests where closed_at is null order by opened_at, request_id"
        ).fetchall()
        return [
            Request(request_id, opened_at, reason, version, before, json.loads(counts))
            for request_id, opened_at, reason, version, before, counts in found
        ]

    def next_request_id(self) -> str:
        """Number of a request that has none of its own."""
        (count,) = self._sql.execute("select count(*) from requests").fetchone()
        return f"erase-{count + 1:04d}"

    def count(self, place: str, removed: int) -> None:
        """Add to what the open requests removed from a place."""
        with self._sql:
            for request in self.open_requests():
                counts = dict(request.counts)
                counts[place] = counts.get(place, 0) + removed
                self._sql.execute(
                    "update requests set counts = ? where request_id = ?",
                    (canonical_json(counts), request.request_id),
                )

    def close(self, request_id: str) -> None:
        """The request is done and proven in the audit chain."""
        with self._sql:
            self._sql.execute(
                "update requests set closed_at = ? where request_id = ?", (_now(), request_id)
            )

    def release(self, entries: Iterable[tuple[str, str]]) -> int:
        """Take identifiers off the list; how many entries went."""
        before = self._sql.total_changes
        with self._sql:
            self._sql.executemany("delete from entries where pii = ? and value = ?", list(entries))
        return self._sql.total_changes - before

    def expect_erased(self, sequences: Iterable[int]) -> None:
        """Note files of which rows are about to be erased, so that a crash forgets none."""
        with self._sql:
            self._sql.executemany(
                "insert or ignore into erased values (?, '', 0, 0)",
                [(sequence,) for sequence in sequences],
            )

    def set_erased_accepted(self, sequence: int, file: str, rows: int) -> None:
        """Record how many accepted rows of a file are erased by now."""
        with self._sql:
            self._sql.execute(
                "update erased set file = ?, rows_accepted = ? where load_sequence = ?",
                (file, rows, sequence),
            )

    def add_erased_quarantined(self, sequence: int, rows: int) -> None:
        """Count erased rows of the quarantine of a file."""
        with self._sql:
            self._sql.execute(
                "update erased set rows_quarantined = rows_quarantined + ? where load_sequence = ?",
                (rows, sequence),
            )

    def erased(self) -> dict[int, tuple[int, int]]:
        """Accepted and quarantined rows that were erased, by load sequence."""
        found = self._sql.execute(
            "select load_sequence, rows_accepted, rows_quarantined from erased"
        ).fetchall()
        return {sequence: (accepted, quarantined) for sequence, accepted, quarantined in found}


@contextmanager
def open_list(home: Home) -> Iterator[SuppressionList]:
    """Open the list of a home, making it on first use.

    Raises:
        FinviewError: the file is damaged. Nothing may be ingested without it.
    """
    path = list_path(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as connection:
        try:
            connection.execute("pragma synchronous = full")
            # What is taken off the list is overwritten in the file.
            connection.execute("pragma secure_delete = on")
            connection.executescript(_SCHEMA)
            yield SuppressionList(connection)
        except sqlite3.DatabaseError as error:
            raise FinviewError(
                f"the suppression list {path.name} cannot be used: {error}",
                "restore audit/suppression.sqlite from a backup: without it erased people "
                "would be taken again",
            ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
