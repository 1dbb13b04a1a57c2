"""A read-only session on a PostgreSQL server through DuckDB's extension.

One connection, one REPEATABLE READ transaction per table; rows stream through COPY into Parquet.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from finview.errors import FinviewError
from finview.pull.address import Address, find_address
from finview.pull.config import Connection
from finview.pull.faults import explain

_PACKAGE = "duckdb_extension_postgres_scanner"
#: Rows stream through: a row group and the buffers of COPY are all that is held.
_MEMORY_LIMIT = "512MB"
_ROW_GROUP = 10_240
_LOCK_SECONDS = 30


def text_literal(text: str) -> str:
    """SQL string literal, for both engines (PostgreSQL with standard_conforming_strings)."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quoted SQL identifier, for both engines."""
    return '"' + name.replace('"', '""') + '"'


class Session:
    """A connection to one server; use as a context manager.

    Raises:
        FinviewError: extension missing, address wrong.
        RemoteError: the server cannot be reached or refuses.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._address = find_address(connection)
        self._duckdb = _engine()
        try:
            self._attach(self._address)
        except BaseException:
            self._duckdb.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; a lost connection is no fault here."""
        with suppress(duckdb.Error):
            self._duckdb.close()

    def _attach(self, address: Address) -> None:
        # As a secret the password is in no statement, no error and no catalogue that may be shown.
        values = {
            "host": text_literal(address.host),
            "port": str(address.port),
            "database": text_literal(address.database),
            "user": text_literal(address.user),
            "password": text_literal(address.password),
        }
        lines = ", ".join(f"{name} {value}" for name, value in values.items() if value != "''")
        try:
            self._duckdb.execute(f"create temporary secret remote (type postgres, {lines})")
        except duckdb.Error:
            raise FinviewError(
                f"connection {self.connection.name}: the address cannot be used",
                f"mend {self.connection.url_env}",
            ) from None
        options = text_literal(address.options)
        with self._explained(f"connection {self.connection.name}"):
            self._duckdb.execute(
                f"attach {options} as pg (type postgres, secret remote, read_only)"
            )

    @contextmanager
    def snapshot(self, where: str) -> Iterator[None]:
        """One REPEATABLE READ, READ ONLY transaction with timeouts; always rolled back."""
        seconds = self.connection.statement_timeout_seconds
        local = {
            "statement_timeout": f"{seconds}s",
            "lock_timeout": f"{_LOCK_SECONDS}s",
            # Hashing a file between two statements may take as long as reading it.
            "idle_in_transaction_session_timeout": f"{max(seconds, 600)}s",
            "datestyle": "ISO",
            "timezone": "UTC",
            "intervalstyle": "postgres",
            "extra_float_digits": "1",
            "bytea_output": "hex",
        }
        calls = ", ".join(
            f"set_config('{name}', '{value}', true) as s{i}"
            for i, (name, value) in enumerate(local.items())
        )
        with self._explained(where):
            self._duckdb.execute("begin")
            try:
                self.rows(f"select {calls}")
                yield
            finally:
                with suppress(duckdb.Error):
                    self._duckdb.execute("rollback")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a small query on the remote. Every column needs a name of its own."""
        return self._duckdb.execute(f"from postgres_query('pg', {text_literal(query)})").fetchall()

    def copy(self, query: str, path: Path, metadata: Mapping[str, str]) -> int:
        """Write the rows of `query` to a Parquet file (mode 0600); how many there were."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        pairs = ", ".join(f"{name}: {text_literal(value)}" for name, value in metadata.items())
        done = self._duckdb.execute(
            f"copy (from postgres_query('pg', {text_literal(query)})) to {text_literal(str(path))} "
            f"(format parquet, compression zstd, row_group_size {_ROW_GROUP}, "
            f"use_tmp_file false, kv_metadata {{{pairs}}})"
        ).fetchall()
        return int(done[0][0])

    def digest(self, path: Path) -> str:
        """Twelve hex digits that stand for the rows of a file, whatever their order."""
        row = self._duckdb.execute(
            "select count(*), sum(hash(r)), sum(hash(r, 1)) from (select r from "
            f"read_parquet({text_literal(str(path))}) as r)"
        ).fetchall()[0]
        numbers = int(row[1] or 0) * 31 + int(row[2] or 0) * 17 + int(row[0])
        return f"{numbers % (1 << 48):012x}"

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        """Driver errors in this block become ours, without password and without traceback."""
        try:
            yield
        except duckdb.Error as error:
            text = self._address.scrub(str(error))
            raise explain(text, where, self.connection.url_env) from None


def _engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory with the extension, which asks no network for it.

    Raises:
        FinviewError: the extension is not installed.
    """
    engine = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY_LIMIT,
            # Rows hold raw identifiers: rather an error than a spill into some folder.
            "temp_directory": "",
            # One reader: PostgreSQL sees one connection and one snapshot.
            "threads": "1",
        }
    )
    # It would write its bar between the lines of the command.
    engine.execute("set enable_progress_bar = false")
    try:
        engine.execute(f"load {text_literal(_extension())}")
        # Parallel connections would not share the snapshot of postgres_query's statements.
        engine.execute("set pg_pool_max_connections = 1")
    except duckdb.Error:
        engine.close()
        raise FinviewError(
            "DuckDB's PostgreSQL extension is not installed",
            "pip install -r requirements/postgres.txt (extra: finview[postgres])",
        ) from None
    return engine


def _extension() -> str:
    """File of the PyPI package, else the name under which `INSTALL postgres` put it.

    DuckDB checks the file's signature when it loads it, whoever packed it.
    """
    found = importlib.util.find_spec(_PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        file = "postgres_scanner.duckdb_extension"
        if matches := sorted(Path(place).glob(f"extensions/v{duckdb.__version__}/{file}")):
            return str(matches[0])
    return "postgres_scanner"
