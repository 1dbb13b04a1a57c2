"""One table in one snapshot of the remote: whole, or from the cursor on in chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from finview.contract import Table
from finview.errors import FinviewError
from finview.pull.columns import RemoteColumn, Selection, remote_columns, select_columns
from finview.pull.config import PulledTable
from finview.pull.faults import RemoteError
from finview.pull.files import last_sequence, place, spell, table_folder, temporary_file
from finview.pull.report import TableResult
from finview.pull.session import Session, identifier, text_literal
from finview.pull.state import State, load_state, origin, save_state
from finview.settings import Home

#: Hidden file, its rows, their digest.
_Fetched = tuple[Path, int, str]
_CURSOR_TYPES = {
    "instant": "timestamp with time zone",
    "local_time": "timestamp without time zone",
    "date": "date",
    "whole": "bigint",
}


def pull_table(
    session: Session, home: Home, pulled: PulledTable, result: TableResult, full: bool
) -> None:
    """Pull one table, and write down in `result` what is new.

    Raises:
        FinviewError: nothing incomplete is in landing, complete chunks and their state stay.
    """
    table = pulled.table
    before = None if full else load_state(home, pulled)
    with session.snapshot(f"{table.full_name} ({pulled.remote})"):
        columns = remote_columns(session, pulled)
        selection = select_columns(pulled, columns)
        kinds = {column.name: column.kind for column in columns.values()}
        _note_drift(result, selection, before, kinds)
        folder = table_folder(home, table)
        number = before.sequence if before else last_sequence(folder)
        state = replace(
            before or State(origin(pulled)),
            sequence=number + 1,
            columns=dict(sorted(kinds.items())),
        )
        work = _Work(session, home, pulled, selection, result)
        if pulled.cursor is None:
            work.whole(state, full)
        else:
            work.from_cursor(state, _Cursor.of(pulled, columns), is_first=before is None)


def _note_drift(
    result: TableResult, selection: Selection, before: State | None, kinds: dict[str, str]
) -> None:
    """Tell what changed at the remote since the last pull, or what is not taken at the first."""
    if before is None:
        if selection.unused:
            result.note(f"not in the contract, not pulled: {', '.join(selection.unused)}")
        if selection.absent:
            result.note(f"the remote lacks: {', '.join(selection.absent)}")
        return
    old = before.columns
    for name in sorted(set(kinds) - set(old)):
        taken = name not in selection.unused
        result.note(
            f"new remote column {name}: "
            + ("pulled from now on; --full also for earlier rows" if taken else "not pulled")
        )
    for name in sorted(set(old) - set(kinds)):
        result.note(f"remote column {name} is gone: null from now on")
    for name in sorted(set(old) & set(kinds)):
        if old[name] != kinds[name]:
            result.note(f"remote column {name} was {old[name]}, now {kinds[name]}")


@dataclass(frozen=True)
class _Cursor:
    """SQL around the cursor column."""

    column: str
    kind: str
    back: str
    #: The latest value that may be kept: a row dated tomorrow must not hide today's.
    limit: str | None

    @classmethod
    def of(cls, pulled: PulledTable, columns: dict[str, RemoteColumn]) -> _Cursor:
        name = str(pulled.cursor)
        where = f"{pulled.table.full_name}: cursor {name} of {pulled.remote}"
        if name not in columns:
            raise RemoteError(f"{where} does not exist", "mend cursor in finview.yml")
        family = columns[name].family or ""
        if family not in _CURSOR_TYPES:
            raise RemoteError(
                f"{where} is {columns[name].kind}",
                "use a timestamp, date or whole number that grows with every change",
            )
        if (family == "whole") == pulled.overlap_is_time:
            unit = "a number such as 1000" if family == "whole" else "a time such as '2 hours'"
            raise RemoteError(f"{where} is {columns[name].kind}", f"set overlap to {unit}")
        back = f"interval '{pulled.overlap} seconds'"
        if family == "date":
            back = str(math.ceil(pulled.overlap / 86400))
        elif family == "whole":
            back = str(pulled.overlap)
        local = f"(now() at time zone {text_literal(pulled.connection.time_zone)})"
        limit = {"instant": "now()", "local_time": local, "date": f"{local}::date"}.get(family)
        return cls(identifier(name), _CURSOR_TYPES[family], back, limit)

    def value(self, text: str) -> str:
        return f"{text_literal(text)}::{self.kind}"

    def text(self, value: str) -> str:
        return f"(({value})::{self.kind})::text"


@dataclass
class _Work:
    """A pull of one table in progress."""

    session: Session
    home: Home
    pulled: PulledTable
    selection: Selection
    result: TableResult
    chunk: int = 0

    @property
    def _table(self) -> Table:
        return self.pulled.table

    @property
    def _remote(self) -> str:
        return f"{identifier(self.pulled.remote_schema)}.{identifier(self.pulled.remote_name)}"

    def whole(self, state: State, full: bool) -> None:
        """Everything in one file, so that a missing row is a deleted row."""
        temporary, rows, digest = self._fetch(state, "true", "")
        if state.sequence > 1 and (rows, digest) == (state.rows, state.digest):
            temporary.unlink()
            self.result.status = "unchanged"
            return
        if rows == 0 and not full:
            temporary.unlink()
            if state.rows:
                raise FinviewError(
                    f"{self._table.full_name}: {self.pulled.remote} is empty, the last pull had "
                    f"{state.rows} rows; nothing was taken",
                    f"if it is meant: finview pull --full --table {self._table.full_name}",
                )
            self.result.status = "unchanged"
            return
        # The span makes every whole file new: rows that come back after a change are news too.
        self._keep(state, (temporary, rows, digest), f"whole.{state.sequence}")
        save_state(self.home, self._table, replace(state, rows=rows, digest=digest))

    def from_cursor(self, state: State, cursor: _Cursor, *, is_first: bool) -> None:
        """Rows from the window's start on, a chunk at a time; the state follows each chunk."""
        where, low = "true", None
        if is_first:
            # Before any state: a pull that is cut off does them again.
            self._without_cursor(state, cursor)
        if state.cursor is not None:
            low = self._one(cursor.text(f"{cursor.value(state.cursor)} - {cursor.back}"))
            where = f"{cursor.column} >= {cursor.value(low)}"
            self._note_rewind(state.cursor, cursor)
        self.result.cursor_from = self.result.cursor_from or low
        for high in self._ends(where, cursor):
            test = f"{where} and {cursor.column} <= {cursor.value(high)}"
            fetched = self._fetch(state, test, f"order by {cursor.column}")
            self._keep(state, fetched, f"{spell(low)}_{spell(high)}")
            state = replace(state, cursor=self._safe(state, high, cursor))
            save_state(self.home, self._table, state)
            self.result.cursor_to = state.cursor
            low, where = high, f"{cursor.column} > {cursor.value(high)}"
        save_state(self.home, self._table, state)
        if not self.result.files:
            self.result.status = "unchanged"

    def _without_cursor(self, state: State, cursor: _Cursor) -> None:
        fetched = self._fetch(state, f"{cursor.column} is null", "")
        if not fetched[1]:
            fetched[0].unlink()
            return
        self.result.note(
            f"{fetched[1]} rows have no {self.pulled.cursor}: taken now, later changes of them "
            "only with --full"
        )
        self._keep(state, fetched, "without-cursor")

    def _ends(self, where: str, cursor: _Cursor) -> Iterator[str]:
        """Last cursor value of each chunk. A chunk holds all rows of its last value."""
        size = self.pulled.rows_per_file
        while True:
            high, rows = self.session.rows(
                f"select max(c)::text as high, count(*) as n from (select {cursor.column}"
                f"::{cursor.kind} as c from {self._remote} where {where} and {cursor.column} is "
                f"not null order by {cursor.column} limit {size}) as part"
            )[0]
            if rows:
                yield high
            if rows < size:
                return
            where = f"{cursor.column} > {cursor.value(high)}"

    def _safe(self, state: State, high: str, cursor: _Cursor) -> str:
        """Where the next pull goes on: never in the future, never back."""
        latest = cursor.value(high)
        if cursor.limit is not None:
            latest = f"least({latest}, {cursor.limit})"
        if state.cursor is not None:
            latest = f"greatest({latest}, {cursor.value(state.cursor)})"
        return self._one(cursor.text(latest))

    def _note_rewind(self, last: str, cursor: _Cursor) -> None:
        behind = self._one(
            f"select (max({cursor.column}) < {cursor.value(last)})::text from {self._remote}"
        )
        if behind == "true":
            self.result.note(
                f"every {self.pulled.cursor} is before the end of the last pull ({last}): if the "
                "remote was restored, pull again with --full"
            )

    def _one(self, sql: str) -> str:
        query = sql if sql.startswith("select ") else f"select {sql}"
        return str(self.session.rows(f"select v from ({query}) as one(v)")[0][0])

    def _fetch(self, state: State, where: str, order: str) -> _Fetched:
        """Rows in a hidden file; on a fault the file is gone."""
        temporary = temporary_file(self.home.landing / self._table.source / self._table.name)
        columns = ", ".join(
            f"{sql} as {identifier(name)}" for name, sql in self.selection.expressions.items()
        )
        query = f"select {columns} from {self._remote} where {where} {order}"
        try:
            rows = self.session.copy(query, temporary, {"finview_pull": str(state.sequence)})
            return temporary, rows, self.session.digest(temporary)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _keep(self, state: State, fetched: _Fetched, span: str) -> None:
        temporary, rows, digest = fetched
        self.chunk += 1
        if final := place(temporary, state.sequence, self.chunk, span, digest):
            self.result.rows += rows
            self.result.files.append(final.name)
