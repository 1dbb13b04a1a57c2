"""What an engine has to offer."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb

    from finview.errors import FinviewError

#: Schemas that are copied into what BI reads.
PUBLISHED_SCHEMAS = ("mart", "report")


class Engine(Protocol):
    """One warehouse of a home."""

    @property
    def name(self) -> str:
        """As in `finview.yml` and as dbt's target."""

    def check(self) -> None:
        """Raise a FinviewError if the engine cannot be worked with now."""

    def environment(self, layer: str | None) -> dict[str, str]:
        """Variables for dbt when it builds `layer` (None: any statement by hand)."""

    def stamp(self) -> Any:
        """Changes whenever somebody writes the warehouse; None where there is no warehouse."""

    def state_file(self, name: str) -> Path:
        """Where the build keeps a fact about this warehouse."""

    def failure(self) -> FinviewError | None:
        """Why dbt failed, if the engine itself is the reason."""

    def marts(self, connection: duckdb.DuckDBPyConnection) -> AbstractContextManager[str]:
        """Make marts and reports readable in a DuckDB connection; yields their catalog's name.

        Raises:
            FinviewError: there are none, or rows were lost on the way.
        """
