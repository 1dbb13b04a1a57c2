"""One ingestion: every landed file, in order, from its bytes to its row in the ledger."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import duckdb

from finview.contract import Contract, Table
from finview.durable import locked, write_atomic
from finview.errors import FinviewError
from finview.ingest import accounts, outputs, rules, sources
from finview.ingest.control import Control, check_bytes, check_totals, read_control
from finview.ingest.keys import HashKey, bind_key, load_key
from finview.ingest.landing import LandedFile, check_place, landed_files
from finview.ingest.ledger import FileState, Ledger, open_ledger
from finview.ingest.receiving import Received, check_unchanged, receive
from finview.ingest.refusal import Refusal
from finview.ingest.report import FileResult, IngestReport, amounts_balance, total_by_table
from finview.ingest.writing import Writing, load_time
from finview.privacy.suppression import load_suppressed, suppressed_condition
from finview.settings import Home, Settings

Progress = Callable[[str, int, int], None]

#: DuckDB's share at most: enough to hash-join tens of millions of keys, and it spills beyond.
MEMORY_BYTES = 4 << 30
#: Clocks of source systems run ahead a little and zones differ: one day is not yet the future.
FUTURE_TOLERANCE = timedelta(days=1)


def ingest(
    home: Home,
    contract: Contract,
    settings: Settings,
    on_progress: Progress | None = None,
) -> IngestReport:
    """Take every landed file: accept, quarantine or refuse, and account for each row.

    Files whose content was taken before count as duplicates. Refused files and quarantined rows
    do not raise. The report is also written to `audit/ingest_latest.json`.

    Raises:
        FinviewError: another ingestion runs, the hash key is wrong or missing, state is damaged,
            or a control total does not add up.
    """
    with opened(home, contract) as run:
        report = run.all(on_progress)
    write_atomic(
        home.audit / "ingest_latest.json", json.dumps(report.to_dict(), indent=2, sort_keys=True)
    )
    return report


@contextmanager
def opened(home: Home, contract: Contract) -> Iterator[Run]:
    """Lock a home for ingestion, with its ledger, its key and a private engine.

    Raises:
        FinviewError: see `ingest`.
    """
    home.create()
    try:
        with locked(home.audit / "ingest.lock", wait=False), open_ledger(home) as ledger:
            outputs.remove_leftovers(home, ledger)
            key = load_key(home, ledger)
            with _workspace(home) as work, _engine(work) as connection:
                bind_key(connection, key)
                suppressed = load_suppressed(connection, home, key)
                yield Run(home, contract, ledger, key, connection, work, suppressed)
    except BlockingIOError:
        raise FinviewError(
            "another ingestion of this home is running", "wait until it has ended"
        ) from None
    except (OSError, MemoryError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise FinviewError(
            f"ingestion stopped ({type(error).__name__}): disk or memory ran out, or access denied",
            "free space (see df), then run it again: what was taken stays, the rest is done again",
        ) from error


@contextmanager
def _workspace(home: Home) -> Iterator[Path]:
    """An empty private folder inside the home; what a crash left there is removed first."""
    work = home.root / "tmp" / "ingest"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = min(MEMORY_BYTES, machine * 4 // 10) >> 20
    connection = duckdb.connect(
        config={
            "memory_limit": f"{limit}MiB",
            "temp_directory": str(work / "spill"),
            "temp_file_encryption": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for macro in rules.MACROS:
            connection.execute(macro)
        yield connection
    finally:
        connection.close()


@dataclass
class Run:
    """One ingestion on its own connection; `finview.ingest.replay` drives it too."""

    home: Home
    contract: Contract
    ledger: Ledger
    key: HashKey
    connection: duckdb.DuckDBPyConnection
    work: Path
    suppressed: int = 0
    known_table: str = ""

    def all(self, on_progress: Progress | None) -> IngestReport:
        """Take every landed file."""
        for table in self.contract.tables:
            outputs.write_schema(self.connection, self.home, table)
        files = landed_files(self.home, self.contract)
        results = []
        for done, file in enumerate(files):
            if on_progress:
                on_progress(f"ingest {file.name}", done, len(files))
            results.append(self.one(file))
        if on_progress:
            on_progress("ingest done", len(files), len(files))
        warnings = (self.key.warning,) if self.key.warning else ()
        return IngestReport(tuple(results), total_by_table(results), warnings)

    def one(self, file: LandedFile) -> FileResult:
        """Take one file; a refusal is recorded and returned."""
        sha256 = ""
        try:
            check_place(file)
            assert file.table is not None
            if before := self._taken_unread(file):
                return _duplicate(file, before)
            stated = read_control(file.path)
            check_bytes(stated, file.path)
            if file.member is not None and (stated.rows is not None or stated.sums):
                raise Refusal("the control file of an archive can only hold its sha256")
            received = receive(file, self.work)
            sha256 = received.sha256
            self.ledger.remember_sha256(file.name, received.state, sha256)
            if before := self._taken(file, file.table, sha256):
                return _duplicate(file, before)
            return self._take(file, file.table, received, stated)
        except Refusal as refusal:
            result = FileResult(
                file.source, file.table_name, file.name, sha256, "refused", str(refusal)
            )
            self.ledger.refuse(result, load_time().isoformat(sep=" "))
            return result

    def _taken_unread(self, file: LandedFile) -> FileResult | None:
        """The earlier result of a file that is in the state in which it was read before."""
        assert file.table is not None
        sha256 = self.ledger.known_sha256(file.name, FileState.of(file.path))
        return self._taken(file, file.table, sha256) if sha256 else None

    def _taken(self, file: LandedFile, table: Table, sha256: str) -> FileResult | None:
        """The earlier result of this content.

        A snapshot that is delivered again under another name, after others, is a new state.
        """
        if table.load == "snapshot":
            latest = self.ledger.latest(table.source, table.name)
            if latest and latest.sha256 == sha256:
                return latest
            return self.ledger.accepted(table.source, table.name, sha256, file=file.name)
        return self.ledger.accepted(table.source, table.name, sha256)

    def _take(
        self, file: LandedFile, table: Table, received: Received, stated: Control
    ) -> FileResult:
        sequence = self.ledger.next_sequence()
        batch = Writing.begin(self.home, table, file.name, received.sha256, sequence)
        self.begin(table, batch, sequence)
        try:
            for source in self.portions(file.kind, table, received.path):
                self.account(table, source.rows + len(source.malformed), source.note, batch)
            check_unchanged(file, received)
            if table.load == "snapshot":
                self._deletions(table, batch)
            counted = batch.counted()
            check_totals(stated, counted.rows_in, counted.amounts)
        except BaseException:
            batch.remove()
            if batch.has_parts:
                self.known_table = ""  # it knows rows that are not taken after all
            raise
        result = batch.result(received.note)
        check_balance(result)
        self.ledger.commit(result, batch.ledger_row(self.key.version))
        return result

    def begin(self, table: Table, batch: Writing, sequence: int) -> None:
        """Set the variables of a batch whose rows carry `sequence`, and load what is known."""
        self._set("finview_file", batch.file, "varchar")
        self._set("finview_loaded", batch.loaded, "timestamp")
        self._set("finview_latest", batch.loaded + FUTURE_TOLERANCE, "timestamp")
        self._set("finview_batch", batch.batch_id, "varchar")
        self._set("finview_sequence", sequence, "bigint")
        self._set("finview_key_version", self.key.version, "varchar")
        self.connection.execute("create or replace temp table present (k uhugeint)")
        if self.known_table == table.full_name:
            return
        schema = outputs.schema_path(self.home, table)
        accounts.load_known(self.connection, table, schema, self._accepted_files(table))
        self.known_table = table.full_name

    def _accepted_files(self, table: Table) -> list[Path]:
        paths = self.ledger.paths(table.source, table.name)
        return [self.home.root / path for path, _ in paths if path]

    def portions(
        self, kind: str, table: Table, path: Path, *, only: str = ""
    ) -> Iterator[sources.Source]:
        """Read and check a file; each portion is in `checked` and `rows` when it is given."""
        portions = sources.open_source(self.connection, table, kind, path, self.work)
        while True:
            try:
                source = next(portions, None)
                if source is not None:
                    accounts.check_rows(self.connection, table, source, only=only)
            except (duckdb.OutOfMemoryException, duckdb.FatalException):
                raise
            except (duckdb.Error, csv.Error) as error:
                # The parser's own message may quote values: only its kind is told.
                raise Refusal(f"not a readable {kind} file ({type(error).__name__})") from None
            if source is None:
                return
            yield source

    def account(self, table: Table, rows_in: int, note: str, batch: Writing) -> None:
        """Decide, write and count the rows of `rows` and `malformed`, `rows_in` in all."""
        condition = suppressed_condition(table, self.suppressed, "rows")
        accounts.decide(self.connection, table, condition)
        accepted, quarantine = batch.next_part()
        wrote = outputs.write_batch(self.connection, table, accepted, quarantine)
        counted = outputs.count_batch(
            self.connection,
            table,
            rows_in,
            accepted if wrote[0] else None,
            quarantine if wrote[1] else None,
        )
        batch.add(wrote, counted, note)
        accounts.remember(self.connection, table)

    def _deletions(self, table: Table, batch: Writing) -> None:
        """Mark what a snapshot no longer has, unless the snapshot may be incomplete."""
        counted = batch.counted()
        if counted.rows_quarantined or not counted.rows_in:
            why = "is empty" if not counted.rows_in else "has quarantined rows"
            batch.notes.append(f"nothing is deleted by a snapshot that {why}")
            return
        schema = outputs.schema_path(self.home, table)
        select = accounts.gone_select(table, schema, self._accepted_files(table))
        deleted = outputs.write_deletions(self.connection, select, batch.deletions_path)
        if deleted:
            batch.add_deletions(deleted)
            self.known_table = ""

    def _set(self, name: str, value: object, kind: str) -> None:
        self.connection.execute(f"set variable {name} = $1::{kind}", [value])


def _duplicate(file: LandedFile, before: FileResult) -> FileResult:
    amounts = {
        column: {**parts, "accepted": "0.00", "quarantined": "0.00", "duplicate": parts["in"]}
        for column, parts in before.amounts.items()
    }
    return replace(
        before,
        file=file.name,
        status="duplicate",
        reason=f"same content as {before.file}, taken before",
        rows_accepted=0,
        rows_quarantined=0,
        rows_duplicate=before.rows_in,
        amounts=amounts,
    )


def check_balance(result: FileResult) -> None:
    """Refuse to go on when rows or amounts are in no account."""
    if result.residual or not amounts_balance(result.amounts):
        detail = {column: parts["residual"] for column, parts in result.amounts.items()}
        raise FinviewError(
            f"{result.file}: control totals do not add up: {result.residual} rows and "
            f"{detail} are in no account; the file was not taken",
            "check the disk and run the ingestion again; if it stays, report it with the file",
        )
