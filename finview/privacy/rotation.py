"""Rotation of the hash key: everything is taken from landing again, under the new key.

A hash cannot be turned into that of another key, so only the raw values in landing will do. Files
are taken in the order in which they were taken first, into a fresh home that lies inside this one;
what comes out is compared with what is there, and only then replaces it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from finview.audit import AuditChain, code_version
from finview.contract import Contract, Table
from finview.durable import canonical_json, sync_folder, write_atomic
from finview.errors import FinviewError
from finview.ingest import ingest
from finview.ingest.keys import KEY_VARIABLE, VERSION_VARIABLE, load_key, old_secrets
from finview.ingest.landing import check_place, landed_files
from finview.ingest.ledger import open_ledger
from finview.ingest.receiving import content_sha256
from finview.ingest.refusal import Refusal
from finview.privacy.accepted import ledger_rows
from finview.privacy.derived import remove_builds, stop_publishing
from finview.privacy.erase import alone
from finview.privacy.files import remove
from finview.privacy.identity_rotation import carry_over
from finview.privacy.person import has_files, source_of
from finview.privacy.suppression import list_path, open_list
from finview.publish.content import quoted
from finview.settings import Home, Settings, project_root

#: What a rotation replaces, in this order.
_PLACES = ("accepted", "quarantine", "audit/ingest.sqlite")


@dataclass(frozen=True)
class RotationReport:
    """The new version, and per table its rows and distinct identifiers."""

    version: str
    tables: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Taken:
    """A file of the ledger and where its content is in landing now."""

    load_sequence: int
    file: str
    path: Path | None


def key_status(home: Home) -> list[tuple[str, str, str, str, str, str]]:
    """Version, fingerprint, kind, accepted files, suppression entries, given in environment."""
    path = home.audit / "ingest.sqlite"
    known: dict[str, tuple[str, str]] = {}
    if path.exists():
        with closing(sqlite3.connect(path)) as ledger:
            for version, mark, sample in ledger.execute("select * from keys order by 1"):
                known[version] = (mark, "sample" if sample else "own")
    files = [version for (version,) in ledger_rows(home, "key_version")]
    entries: list[str] = []
    if list_path(home).exists():
        with open_list(home) as listed:
            entries = [version for _, _, version in listed.entries()]
            for version, mark in listed.keys().items():
                known.setdefault(version, (mark, "own"))
    given = {key.fingerprint for key in old_secrets()}
    text = os.environ.get(KEY_VARIABLE, "")
    if text:
        given |= {key.fingerprint for key in old_secrets({"FINVIEW_HASH_KEY_OLD": text})}
    return [
        (version, mark, kind, str(files.count(version)), str(entries.count(version)),
         "yes" if mark in given or kind == "sample" else "no")
        for version, (mark, kind) in sorted(known.items())
    ]  # fmt: skip


def rotate(home: Home, contract: Contract, settings: Settings) -> RotationReport:
    """Take everything again under the key of the environment, and put it in place.

    Raises:
        FinviewError: no new key, a landed file is gone, what came out differs from what is there,
            or something else is working on the home. Until the last step nothing is changed;
            a rotation that was cut off in it is completed by running it again.
    """
    with alone(home):
        folder, journal = home.root / "rotation", home.audit / "rotation.json"
        if not journal.exists():
            remove(folder)
            state = _take_again(home, contract, settings, Home(folder / "new"))
            write_atomic(journal, canonical_json(state))
        state = json.loads(journal.read_text(encoding="utf-8"))
        stop_publishing(home, "the hash key was rotated: build again")
        _swap(home, folder)
        remove_builds(home)
        AuditChain(home).append("key_rotated", **state, code_version=code_version(project_root()))
        journal.unlink()
        remove(folder)
    return RotationReport(
        state["version"], tuple((name, rows, ids) for name, rows, ids in state["tables"])
    )


def _take_again(
    home: Home, contract: Contract, settings: Settings, fresh: Home
) -> dict[str, object]:
    """Ingest all of landing into `fresh` and compare."""
    if not os.environ.get(KEY_VARIABLE):
        raise FinviewError(
            f"{KEY_VARIABLE} is not set", f"set the new key and its {VERSION_VARIABLE}"
        )
    taken = list(_taken(home, contract))
    if lost := [item.file for item in taken if item.path is None]:
        raise FinviewError(
            f"{len(lost)} accepted files are not in landing any more: {', '.join(lost[:5])}",
            "put them back: only raw values can be hashed under another key",
        )
    if not taken:
        raise FinviewError("nothing was accepted yet", "set the new key and ingest")
    fresh.create()
    if list_path(home).exists():
        shutil.copyfile(list_path(home), list_path(fresh))
    with open_ledger(home) as ledger, open_ledger(fresh) as fresh_ledger:
        key = load_key(fresh, fresh_ledger)
        if ledger.key_fingerprint(key.version) is not None:
            raise FinviewError(
                f"key version {key.version} is in use already",
                f"give the new key a {VERSION_VARIABLE} of its own",
            )
    for group in _in_order(taken):
        links = [_link(home, fresh, path) for path in group]
        ingest(fresh, contract, settings)
        for link in links:
            link.unlink()
    tables = _compare(home, fresh, contract)
    left_out = carry_over(home, fresh, contract, key)
    _keep_key_versions(home, fresh)
    return {
        "identity_rows_left_out": left_out,
        "version": key.version,
        "fingerprint": key.fingerprint,
        "tables": tables,
    }


def _taken(home: Home, contract: Contract) -> Iterator[_Taken]:
    """Every file of the ledger in load order, found in landing by its content."""
    there: dict[tuple[str, str, str], Path] = {}
    for file in landed_files(home, contract):
        with suppress(Refusal, OSError):
            check_place(file)
            there[file.source, file.table_name, content_sha256(file)[0]] = file.path
    contents: dict[int, list[str]] = {}
    with closing(sqlite3.connect(home.audit / "ingest.sqlite")) as ledger:
        for sequence, sha256 in ledger.execute("select load_sequence, sha256 from aliases"):
            contents.setdefault(sequence, []).append(sha256)
    columns = "load_sequence, file, source, table_name, sha256"
    for sequence, name, source, table, sha256 in sorted(
        ledger_rows(home, columns, "replay_of is null")
    ):
        found = (there.get((source, table, one)) for one in (*contents.get(sequence, ()), sha256))
        yield _Taken(sequence, name, next((path for path in found if path), None))


def _in_order(taken: Sequence[_Taken]) -> Iterator[list[Path]]:
    """Groups that one ingestion, which goes by path, takes in the order of the first time."""
    group: list[Path] = []
    for item in taken:
        assert item.path is not None
        if group and item.path == group[-1]:
            continue  # another member of the same archive
        if group and item.path < group[-1]:
            yield group
            group = []
        group.append(item.path)
    yield group


def _link(home: Home, fresh: Home, path: Path) -> Path:
    link = fresh.landing / path.relative_to(home.landing)
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(path, link)
    except OSError:  # landing lies on another file system
        shutil.copyfile(path, link)
    return link


def _compare(home: Home, fresh: Home, contract: Contract) -> list[tuple[str, int, int]]:
    """Rows, amounts and distinct identifiers of each table, equal before and after.

    Raises:
        FinviewError: names the first table that differs.
    """
    compared = []
    with duckdb.connect() as connection:
        for table in contract.tables:
            before = _measure(connection, home, table)
            after = _measure(connection, fresh, table)
            if before != after:
                raise FinviewError(
                    f"{table.full_name} differs when taken again: rows, amounts or identifiers "
                    f"were {[*map(str, before)]}, are {[*map(str, after)]}; nothing was changed",
                    "see what changed in landing or in the contract since it was taken",
                )
            if after and after[0]:
                hashed = sum(column.is_hashed for column in table.columns)
                ids = sum(int(value) for value in after[len(after) - hashed :])
                compared.append((table.full_name, int(after[0]), ids))
    return compared


def _measure(
    connection: duckdb.DuckDBPyConnection, home: Home, table: Table
) -> tuple[Decimal | int, ...]:
    if not has_files(home, table):
        return ()
    measures = ["count(*)"]
    measures += [f"coalesce(sum({quoted(c.accepted_name)}), 0)"
                 for c in table.columns if c.is_amount]  # fmt: skip
    # The structure of identities: as many different people, each as often.
    measures += [f"count(distinct {quoted(c.accepted_name)})"
                 for c in table.columns if c.is_hashed]  # fmt: skip
    found = connection.execute(f"select {', '.join(measures)} from {source_of(home, table)}")
    return tuple(found.fetchall()[0])


def _keep_key_versions(home: Home, fresh: Home) -> None:
    """Earlier versions stay known: another key under one of their names is refused."""
    with closing(sqlite3.connect(home.audit / "ingest.sqlite")) as ledger:
        rows = ledger.execute("select * from keys").fetchall()
    with closing(sqlite3.connect(fresh.audit / "ingest.sqlite")) as ledger, ledger:
        ledger.executemany("insert or ignore into keys values (?, ?, ?)", rows)


def _swap(home: Home, folder: Path) -> None:
    """Put the fresh places into the home, one rename each; done again, it goes on."""
    for place in _PLACES:
        made, there, old = folder / "new" / place, home.root / place, folder / "old" / place
        if not made.exists():
            continue  # in place already
        old.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if there.exists() and not old.exists():
            os.rename(there, old)
        os.rename(made, there)
        sync_folder(there.parent)
