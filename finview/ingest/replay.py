"""Quarantined rows taken up again, after a rule or the contract was mended.

The rows are read anew from the landed file they came from: the quarantine holds no values. What
is sound now is accepted once, what is not stays in quarantine under its present reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from finview.contract import Contract, Table
from finview.errors import FinviewError
from finview.ingest import outputs
from finview.ingest.landing import LandedFile, check_place, landed_files
from finview.ingest.ledger import Ledger, open_ledger
from finview.ingest.receiving import Received, check_unchanged, receive
from finview.ingest.refusal import Refusal
from finview.ingest.report import FileResult
from finview.ingest.run import Progress, Run, check_balance, opened
from finview.ingest.sources import sql_text
from finview.ingest.writing import Writing
from finview.settings import Home


@dataclass(frozen=True)
class Quarantined:
    """One broken rule of one row; no value, only its shape."""

    table: str
    file: str
    line: int
    column: str
    rule: str
    shape: str


@dataclass(frozen=True)
class Replayed:
    """What became of the quarantined rows of one file; `problem` when they could not be read."""

    table: str
    file: str
    rows: int
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    problem: str = ""


def quarantined(
    home: Home, *, table: str | None = None, file: str | None = None, rule: str | None = None
) -> Iterator[Quarantined]:
    """Every broken rule in quarantine, in the order of loading.

    Args:
        home: Where ingestion keeps its state.
        table: Only of this table, as `source.table`.
        file: Only of files whose name contains this.
        rule: Only of this rule.
    """
    if not (home.audit / "ingest.sqlite").exists():
        return
    with open_ledger(home) as ledger:
        parts = ledger.quarantine()
        results = {sequence: ledger.file(sequence) for sequence, _ in parts}
    with duckdb.connect() as connection:
        for sequence, path in parts:
            result = results[sequence]
            assert result is not None
            name = f"{result.source}.{result.table}"
            if (table and name != table) or (file and file not in result.file):
                continue
            for row in connection.execute(
                "select source_line, coalesce(column_name, ''), rule, coalesce(value_class, '') "
                f"from read_parquet({sql_text(home.root / path)}) "
                "where rule = coalesce($1, rule) order by all",
                [rule],
            ).fetchall():
                yield Quarantined(name, result.file, *row)


def replay(
    home: Home,
    contract: Contract,
    *,
    table: str | None = None,
    file: str | None = None,
    on_progress: Progress | None = None,
) -> list[Replayed]:
    """Take the quarantined rows up again; each moves at most once.

    Args:
        home: Where ingestion keeps its state.
        contract: As it is now.
        table: Only of this table, as `source.table`.
        file: Only of files whose name contains this.
        on_progress: Called with (message, done, total).

    Raises:
        FinviewError: see `finview.ingest.ingest`.
    """
    with opened(home, contract) as run:
        for each in contract.tables:
            outputs.write_schema(run.connection, home, each)
        landed: dict[tuple[str, str, str], list[LandedFile]] = {}
        for found in landed_files(home, contract):
            landed.setdefault((found.source, found.table_name, found.name), []).append(found)
        results = []
        waiting = [
            (sequence, result)
            for sequence in dict.fromkeys(sequence for sequence, _ in run.ledger.quarantine())
            if (result := run.ledger.file(sequence))
            and (table is None or f"{result.source}.{result.table}" == table)
            and (file is None or file in result.file)
        ]
        for done, (sequence, result) in enumerate(waiting):
            if on_progress:
                on_progress(f"replay {result.file}", done, len(waiting))
            files = landed.get((result.source, result.table, result.file), [])
            results.append(_Replay(run, sequence, result).one(files))
        if on_progress and waiting:
            on_progress("replay done", len(waiting), len(waiting))
    return results


@dataclass
class _Replay:
    run: Run
    sequence: int
    result: FileResult

    def one(self, files: list[LandedFile]) -> Replayed:
        name = f"{self.result.source}.{self.result.table}"
        lines = self._choose()
        try:
            table = self._table()
            file, received = self._received(files)
            taken = self._take(file, table, received, lines)
        except Refusal as problem:
            return Replayed(name, self.result.file, lines, problem=str(problem))
        finally:
            self.run.known_table = ""
        return Replayed(
            name,
            self.result.file,
            lines,
            taken.rows_accepted,
            taken.rows_duplicate,
            taken.rows_quarantined,
        )

    def _table(self) -> Table:
        try:
            return self.run.contract.table(self.result.source, self.result.table)
        except FinviewError:
            raise Refusal("the contract no longer has the table") from None

    def _choose(self) -> int:
        """Fill `chosen` with the quarantined lines of the file; how many."""
        connection = self.run.connection
        paths = ", ".join(
            sql_text(self.run.home.root / path)
            for sequence, path in self.run.ledger.quarantine()
            if sequence == self.sequence
        )
        connection.execute(
            "create or replace temp table chosen as "
            f"select distinct source_line as line from read_parquet([{paths}])"
        )
        ((lines,),) = connection.execute("select count(*) from chosen").fetchall()
        return int(lines)

    def _received(self, files: list[LandedFile]) -> tuple[LandedFile, Received]:
        """The landed file with the content that was taken.

        Raises:
            Refusal: it is gone, or another content is under its name.
        """
        for file in files:
            check_place(file)
            received = receive(file, self.run.work)
            if self._is_root(received.sha256):
                return file, received
        what = "has another content now" if files else "is no longer in landing"
        raise Refusal(f"the file {what}: put it back to replay its rows")

    def _root(self) -> int:
        return root_sequence(self.run.ledger, self.sequence)

    def _is_root(self, sha256: str) -> bool:
        """Whether this content, or the one that erasure made of it, is what was taken."""
        ledger, root = self.run.ledger, self._root()
        taken = ledger.file(root)
        assert taken is not None
        source, table = self.result.source, self.result.table
        return taken.sha256 == sha256 or ledger.sequence_of(source, table, sha256) == root

    def _take(self, file: LandedFile, table: Table, received: Received, lines: int) -> FileResult:
        run, sequence = self.run, self.run.ledger.next_sequence()
        sha256 = f"{self.result.sha256.partition('#')[0]}#replay-{sequence}"
        batch = Writing.begin(run.home, table, self.result.file, sha256, sequence)
        # Versions are ordered by their load sequence: a replayed row keeps the place of its file.
        # Rows of an append table have no versions, and incremental models look for new sequences.
        run.begin(table, batch, sequence if table.load == "append" else self._root())
        try:
            only = "line in (select line from chosen)"
            for source in run.portions(file.kind, table, received.path, only=only):
                ((found,),) = run.connection.execute(
                    "select (select count(*) from rows) + (select count(*) from malformed)"
                ).fetchall()
                if found:
                    run.account(table, int(found), source.note, batch)
            check_unchanged(file, received)
            result = batch.result(f"replay of the {lines} quarantined rows of an earlier load")
            if result.rows_in != lines:
                raise Refusal(f"{lines} rows are in quarantine, {result.rows_in} were found again")
            if result.rows_quarantined == lines:
                batch.remove()  # nothing has changed: the quarantine stays as it is
                return result
        except BaseException:
            batch.remove()
            raise
        check_balance(result)
        run.ledger.commit(result, batch.ledger_row(run.key.version, replay_of=self.sequence))
        outputs.remove_leftovers(run.home, run.ledger)
        return result


def root_sequence(ledger: Ledger, sequence: int) -> int:
    """Load sequence of the file that a chain of replays began with."""
    while (before := ledger.replay_of(sequence)) is not None:
        sequence = before
    return sequence
