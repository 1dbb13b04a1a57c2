"""The batch that a delivered file becomes: its name, its parts on disk and its counts so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from finview.contract import Table
from finview.ingest.ledger import Batch
from finview.ingest.outputs import Counted, added
from finview.ingest.report import FileResult
from finview.settings import Home


def load_time() -> datetime:
    """Now, in UTC and without zone: the only wall clock of ingestion, kept in `_loaded_at`."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class Writing:
    """A file that is being taken; `file` is its name, `sequence` its place in the ledger."""

    home: Home
    table: Table
    file: str
    sha256: str
    sequence: int
    loaded: datetime
    notes: list[str] = field(default_factory=list)
    _counts: list[Counted] = field(default_factory=list)
    _parts: list[tuple[Path | None, Path | None]] = field(default_factory=list)

    @classmethod
    def begin(cls, home: Home, table: Table, file: str, sha256: str, sequence: int) -> Writing:
        """A batch without parts, loaded now."""
        return cls(home, table, file, sha256, sequence, load_time())

    @property
    def batch_id(self) -> str:
        """Load sequence and begin of the content's hash: names the batch and its files."""
        return f"{self.sequence:08d}-{self.sha256[:12]}"

    def _folders(self) -> tuple[Path, Path]:
        below = Path(self.table.source) / self.table.name
        day = self.loaded.date().isoformat()
        return self.home.accepted / below / day, self.home.quarantine / below

    def next_part(self) -> tuple[Path, Path]:
        """Where the accepted and the quarantined rows of the next portion go."""
        number = len(self._counts) + 1
        name = f"{self.batch_id}{f'-{number:04d}' if number > 1 else ''}.parquet"
        accepted, quarantine = self._folders()
        self._parts.append((accepted / name, quarantine / name))
        return accepted / name, quarantine / name

    def add(self, wrote: tuple[bool, bool], counted: Counted, note: str) -> None:
        """Count the portion whose part was just written."""
        accepted, quarantine = self._parts[-1]
        self._parts[-1] = (accepted if wrote[0] else None, quarantine if wrote[1] else None)
        self._counts.append(counted)
        if note and note not in self.notes:
            self.notes.append(note)

    @property
    def deletions_path(self) -> Path:
        """Where the rows go that say what a snapshot no longer has."""
        return self._folders()[0] / f"{self.batch_id}-gone.parquet"

    def add_deletions(self, rows: int) -> None:
        """Tell of rows marked as deleted: they did not come in, so no account has them."""
        self._parts.append((self.deletions_path, None))
        self.notes.append(f"{rows} rows that the snapshot no longer has were marked as deleted")

    def remove(self) -> None:
        """Remove what was written: the file is not taken."""
        for pair in self._parts:
            for path in pair:
                if path is not None:
                    path.unlink(missing_ok=True)
        self.deletions_path.unlink(missing_ok=True)

    @property
    def has_parts(self) -> bool:
        """Whether a portion was accounted for."""
        return bool(self._parts)

    def counted(self) -> Counted:
        """Sums over the portions so far."""
        return added(self._counts, self.table.amount_columns)

    def result(self, *notes: str) -> FileResult:
        """What is told of the file."""
        counted = self.counted()
        reason = "; ".join(note for note in (*notes, *self.notes) if note)
        return FileResult(
            self.table.source, self.table.name, self.file, self.sha256, "accepted", reason,
            counted.rows_in, counted.rows_accepted, counted.rows_quarantined,
            counted.rows_duplicate, counted.amounts,
        )  # fmt: skip

    def ledger_row(self, key_version: str, replay_of: int | None = None) -> Batch:
        """What the ledger keeps beside the result."""
        parts = tuple(
            (self._relative(accepted), self._relative(quarantine))
            for accepted, quarantine in self._parts
        )
        stamp = self.loaded.isoformat(sep=" ")
        return Batch(self.sequence, self.batch_id, stamp, key_version, parts, replay_of)

    def _relative(self, path: Path | None) -> str:
        return str(path.relative_to(self.home.root)) if path else ""
