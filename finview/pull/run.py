"""All configured tables, one after the other: a fault of one does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from finview.contract import Contract
from finview.durable import locked
from finview.errors import FinviewError
from finview.pull.config import PulledTable, parse
from finview.pull.faults import RemoteError
from finview.pull.report import PullReport, TableResult
from finview.pull.session import Session
from finview.pull.table import pull_table
from finview.settings import Home, Settings

#: Waits before another try after a fault that may pass.
BACKOFF_SECONDS = (1.0, 4.0)


def pull(
    home: Home,
    contract: Contract,
    settings: Settings,
    *,
    source: str | None = None,
    tables: Sequence[str] = (),
    full: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> PullReport:
    """Pull the tables that `finview.yml` names into landing; `source` and `tables` narrow them.

    `full` forgets the cursor: everything is pulled again, ingestion counts what it knows as
    duplicates. A table's fault is in the report, with what to do.

    Raises:
        FinviewError: the settings are wrong, nothing is configured, or another pull is running.
    """
    chosen = _chosen(parse(settings.pull, contract), source, tables)
    home.create()
    try:
        with locked(home.root / "pull" / ".lock", wait=False):
            report = PullReport(_Pull(home, full, on_progress).run(chosen))
            report.write(home)
    except BlockingIOError:
        raise FinviewError(
            f"another pull is working on {home.root}", "wait for it to end, then try again"
        ) from None
    return report


def _chosen(
    configured: Sequence[PulledTable], source: str | None, tables: Sequence[str]
) -> list[PulledTable]:
    if not configured:
        raise FinviewError(
            "finview.yml names no table to pull",
            "add pull.connections and pull.tables, see docs/pull.md",
        )
    names = [item.table.full_name for item in configured]
    known = f"finview.yml pulls: {', '.join(names)}"
    # A table may be named without its source where that is clear.
    wanted = {name for text in tables for name in names if text in (name, name.partition(".")[2])}
    for text in tables:
        if not any(text in (name, name.partition(".")[2]) for name in names):
            raise FinviewError(f"{text} is not pulled", known)
    chosen = [
        item
        for item in configured
        if (source is None or item.table.source == source)
        and (not tables or item.table.full_name in wanted)
    ]
    if not chosen:
        raise FinviewError(f"no table of {source} is pulled", known)
    return chosen


class _Pull:
    """One run: sessions by connection, and the connections that are given up."""

    def __init__(
        self, home: Home, full: bool, on_progress: Callable[[str, int, int], None] | None
    ) -> None:
        self.home = home
        self.full = full
        self.on_progress = on_progress
        self._sessions: dict[str, Session] = {}
        self._lost: dict[str, FinviewError] = {}

    def run(self, chosen: Sequence[PulledTable]) -> tuple[TableResult, ...]:
        results = []
        try:
            for done, pulled in enumerate(chosen):
                if self.on_progress:
                    self.on_progress(f"pull {pulled.table.full_name}", done, len(chosen))
                result = TableResult(pulled.table.source, pulled.table.name)
                results.append(result)
                try:
                    self._persistently(pulled, result)
                except FinviewError as error:
                    result.fail(error)
        finally:
            for name in list(self._sessions):
                self._close(name)
        return tuple(results)

    def _persistently(self, pulled: PulledTable, result: TableResult) -> None:
        """Pull a table, a few times if need be; the second try goes on where the first ended."""
        name, full = pulled.connection.name, self.full
        if name in self._lost:
            raise self._lost[name]
        for wait in (*BACKOFF_SECONDS, None):
            try:
                session = self._session(pulled)
                pull_table(session, self.home, pulled, result, full)
                return
            except RemoteError as error:
                if error.is_server or error.is_transient:
                    self._close(name)
                if not error.is_transient or wait is None:
                    if error.is_server:
                        self._lost[name] = error
                    raise
                # Complete chunks count: only the first try forgets the cursor.
                full = full and not result.files
                time.sleep(wait)

    def _session(self, pulled: PulledTable) -> Session:
        name = pulled.connection.name
        if name not in self._sessions:
            try:
                self._sessions[name] = Session(pulled.connection)
            except RemoteError:
                raise
            except FinviewError as error:
                self._lost[name] = error
                raise
        return self._sessions[name]

    def _close(self, name: str) -> None:
        session = self._sessions.pop(name, None)
        if session:
            session.close()
