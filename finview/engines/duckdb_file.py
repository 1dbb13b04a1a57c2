"""The default engine: one DuckDB file, in the process of whoever opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finview.errors import FinviewError
from finview.settings import Home

if TYPE_CHECKING:
    import duckdb


class DuckDbEngine:
    """`warehouse/finview.duckdb` of a home."""

    name = "duckdb"

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = home.warehouse_file

    def check(self) -> None:
        """Always there."""

    def environment(self, layer: str | None) -> dict[str, str]:
        """Only its name: file and memory are set for every call of dbt."""
        return {"FINVIEW_ENGINE": self.name}

    def stamp(self) -> list[int] | None:
        """Size and time of change of the file."""
        if not self._file.exists():
            return None
        status = self._file.stat()
        return [status.st_size, status.st_mtime_ns]

    def state_file(self, name: str) -> Path:
        """Beside the warehouse file."""
        return self._home.warehouse / name

    def failure(self) -> FinviewError | None:
        """DuckDB is part of dbt's process: its failures are dbt's."""
        return None

    @contextmanager
    def marts(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """Attach the file read-only.

        Raises:
            FinviewError: no file, or its last writer was cut off.
        """
        if not self._file.is_file():
            raise FinviewError(f"no warehouse at {self._file.name}", "build first: finview run")
        # A log cut short by a crash opens without an error, on fewer rows.
        if self._file.with_name(f"{self._file.name}.wal").exists():
            raise FinviewError(
                f"{self._file.name} has a leftover write-ahead log: its last build was interrupted",
                "end the program that writes to it, then build again: finview run",
            )
        # Views name their own catalog, which is the stem of the file dbt wrote.
        catalog = self._file.stem
        path = str(self._file).replace("'", "''")
        connection.execute(f"attach '{path}' as \"{catalog}\" (read_only)")
        yield catalog
        connection.execute(f'detach "{catalog}"')
