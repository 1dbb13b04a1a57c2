"""What a pull did, table by table; `audit/pull_latest.json` holds the last one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from finview.durable import canonical_json, write_atomic
from finview.errors import FinviewError
from finview.settings import Home


@dataclass
class TableResult:
    """One table: rows and files that are new in landing, and why not if it failed."""

    source: str
    table: str
    status: str = "pulled"
    rows: int = 0
    files: list[str] = field(default_factory=list)
    cursor_from: str | None = None
    cursor_to: str | None = None
    notes: list[str] = field(default_factory=list)
    error: str = ""
    next_step: str = ""

    @property
    def full_name(self) -> str:
        """`source.table` of the contract."""
        return f"{self.source}.{self.table}"

    def note(self, text: str) -> None:
        """Add a note once; a retried pull says it again."""
        if text not in self.notes:
            self.notes.append(text)

    def fail(self, error: FinviewError) -> None:
        """The table is not (completely) pulled."""
        self.status, self.error, self.next_step = "failed", error.message, error.next_step


@dataclass(frozen=True)
class PullReport:
    """All tables of one pull."""

    tables: tuple[TableResult, ...]

    @property
    def ok(self) -> bool:
        """No table failed."""
        return not any(table.error for table in self.tables)

    def write(self, home: Home) -> None:
        """Keep it as `audit/pull_latest.json`."""
        home.audit.mkdir(mode=0o700, parents=True, exist_ok=True)
        tables = [asdict(table) for table in self.tables]
        text = canonical_json({"ok": self.ok, "tables": tables})
        write_atomic(home.audit / "pull_latest.json", text + "\n")
