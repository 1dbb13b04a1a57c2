"""One ingestion: every landed file, in order, from its bytes to its row in the ledger."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from finview.contract import Contract, Table
from finview.durable import locked, write_atomic
from finview.errors import FinviewError
from finview.ingest import accounts, outputs, rules, sources
from finview.ingest.keys import HashKey, bind_key, load_key
from finview.ingest.landing import LandedFile, Refusal, check_place, landed_files, receive
from finview.ingest.ledger import Batch, Ledger, open_ledger
from finview.ingest.report import FileResult, IngestReport, amounts_balance, total_by_table
from finview.settings import Home, Settings

Progress = Callable[[str, int, int], None]

#: DuckDB's share at most: enough to hash-join tens of millions of keys, and it spills beyond.
MEMORY_BYTES = 4 << 30
#: Clocks of source systems run ahead a little and zones differ: one day is not yet the future.
FUTURE_TOLERANCE = timedelta(days=1)


def load_time() -> datetime:
    """Now, in UTC and without zone: the only wall clock of ingestion, kept in `_loaded_at`."""
    return datetime.now(UTC).replace(tzinfo=None)


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
    home.create()
    try:
        with locked(home.audit / "ingest.lock", wait=False), open_ledger(home) as ledger:
            outputs.remove_leftovers(home, ledger)
            key = load_key(home, ledger)
            with _workspace(home) as work, _engine(work) as connection:
                bind_key(connection, key)
                report = _Run(home, contract, ledger, key, connection, work).all(on_progress)
    except BlockingIOError:
        raise FinviewError(
            "another ingestion of this home is running", "wait until it has ended"
        ) from None
    except (OSError, MemoryError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise FinviewError(
            f"ingestion stopped ({type(error).__name__}): disk or memory ran out, or access denied",
            "free space (see df), then run it again: what was taken stays, the rest is done again",
        ) from error
    write_atomic(
        home.audit / "ingest_latest.json", json.dumps(report.to_dict(), indent=2, sort_keys=True)
    )
    return report


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
class _Run:
    home: Home
    contract: Contract
    ledger: Ledger
    key: HashKey
    connection: duckdb.DuckDBPyConnection
    work: Path
    known_table: str = ""

    def all(self, on_progress: Progress | None) -> IngestReport:
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
            sha256, path = receive(file, self.work)
            if before := self.ledger.accepted(file.source, file.table_name, sha256):
                return _duplicate(file, before)
            source = self._open(file, file.table, path)
            return self._take(file, file.table, sha256, source)
        except Refusal as refusal:
            result = FileResult(
                file.source, file.table_name, file.name, sha256, "refused", str(refusal)
            )
            self.ledger.refuse(result, load_time().isoformat(sep=" "))
            return result

    def _open(self, file: LandedFile, table: Table, path: Path) -> sources.Source:
        try:
            source = sources.open_source(self.connection, table, file.kind, path, self.work)
            self._set("finview_latest", load_time() + FUTURE_TOLERANCE, "timestamp")
            accounts.check_rows(self.connection, table, source)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            # The parser's own message may quote values: only its kind is told.
            raise Refusal(f"not a readable {file.kind} file ({type(error).__name__})") from None
        return source

    def _take(
        self, file: LandedFile, table: Table, sha256: str, source: sources.Source
    ) -> FileResult:
        loaded, sequence = load_time(), self.ledger.next_sequence()
        batch_id = f"{sequence:08d}-{sha256[:12]}"
        self._set("finview_file", file.name, "varchar")
        self._set("finview_loaded", loaded, "timestamp")
        self._set("finview_batch", batch_id, "varchar")
        self._set("finview_sequence", sequence, "bigint")
        self._set("finview_key_version", self.key.version, "varchar")
        self._load_known(table)
        accounts.decide(self.connection, table)
        folder = Path(table.source) / table.name
        name = f"{batch_id}.parquet"
        accepted = self.home.accepted / folder / loaded.date().isoformat() / name
        quarantine = self.home.quarantine / folder / name
        wrote = outputs.write_batch(self.connection, table, accepted, quarantine)
        counted = outputs.count_batch(
            self.connection,
            table,
            source.rows + len(source.malformed),
            accepted if wrote[0] else None,
            quarantine if wrote[1] else None,
        )
        result = FileResult(
            file.source, file.table_name, file.name, sha256, "accepted", source.note,
            counted.rows_in, counted.rows_accepted, counted.rows_quarantined,
            counted.rows_duplicate, counted.amounts,
        )  # fmt: skip
        _check_totals(result)
        paths = [
            str(path.relative_to(self.home.root)) if there else ""
            for path, there in zip((accepted, quarantine), wrote, strict=True)
        ]
        stamp = loaded.isoformat(sep=" ")
        self.ledger.commit(result, Batch(sequence, batch_id, stamp, self.key.version, *paths))
        accounts.remember(self.connection)
        return result

    def _load_known(self, table: Table) -> None:
        if self.known_table == table.full_name:
            return
        files = [
            self.home.root / path for path, _ in self.ledger.paths(table.source, table.name) if path
        ]
        schema = outputs.schema_path(self.home, table)
        accounts.load_known(self.connection, table, schema, files)
        self.known_table = table.full_name

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


def _check_totals(result: FileResult) -> None:
    """Refuse to go on when rows or amounts are in no account."""
    if result.residual or not amounts_balance(result.amounts):
        detail = {column: parts["residual"] for column, parts in result.amounts.items()}
        raise FinviewError(
            f"{result.file}: control totals do not add up: {result.residual} rows and "
            f"{detail} are in no account; the file was not taken",
            "check the disk and run the ingestion again; if it stays, report it with the file",
        )
