"""The SQLAlchemy dialect `duckdb.gx`, through which Great Expectations reads DuckDB.

duckdb-engine ends the transaction before Great Expectations has fetched the rows, and every
expectation fails with "list index out of range". Without transactions (the files are opened
read-only) nothing ends early. Imported by SQLAlchemy only, by name.
"""

from __future__ import annotations

from typing import Any

from duckdb_engine import Dialect


class GxDialect(Dialect):
    """duckdb-engine without transactions, that opens one file read-only and attaches another."""

    supports_statement_cache = False

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """Open `checks_file`; attach `attached_file`, if given, as the catalogue `candidate`."""
        cparams["database"] = cparams.pop("checks_file")
        attached = cparams.pop("attached_file", None)
        cparams["read_only"] = True
        connection = super().connect(*cargs, **cparams)
        connection.execute("set timezone = 'UTC'")
        if attached is not None:
            literal = str(attached).replace("'", "''")
            connection.execute(f"attach if not exists '{literal}' as candidate (read_only)")
        return connection

    def do_begin(self, connection: Any) -> None:
        """Nothing to begin."""

    def do_commit(self, connection: Any) -> None:
        """Nothing to commit."""

    def do_rollback(self, connection: Any) -> None:
        """Nothing to roll back."""
