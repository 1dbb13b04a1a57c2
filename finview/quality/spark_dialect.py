"""The SQLAlchemy dialect `hive.gx`, through which Great Expectations reads a Spark cluster.

PyHive's dialect was written for Hive. Mended here, each seen with Spark 3.5: days came back as
text; `cast(... as date)` was written as a timestamp, a float as a single-precision one and a number
as whole; the columns of a view were looked for by Hive's messages; and errors carried values of
rows. Imported by SQLAlchemy only, by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from pyhive import exc, hive
from pyhive.sqlalchemy_hive import (
    HiveDate,
    HiveDecimal,
    HiveDialect,
    HiveTimestamp,
    HiveTypeCompiler,
)
from sqlalchemy import types
from sqlalchemy.exc import DatabaseError, NoSuchTableError

from finview.pyhive_fix import mend_pyhive
from finview.spark import PASSWORD_VARIABLE, Endpoint, message

_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\]")
#: Errors about the statement. Their text names columns and tables; that of all others may quote
#: values of rows, with or without quotation marks.
_ABOUT_THE_STATEMENT = (
    "PARSE_",
    "TABLE_OR_VIEW_",
    "UNRESOLVED_",
    "SCHEMA_",
    "MISSING_",
    "DATATYPE_",
)
_TYPES: dict[str, type[types.TypeEngine[Any]]] = {
    "boolean": types.Boolean,
    "tinyint": types.SmallInteger,
    "smallint": types.SmallInteger,
    "int": types.Integer,
    "bigint": types.BigInteger,
    "float": types.Float,
    "double": types.Double,
    "string": types.String,
    "date": HiveDate,
    "timestamp": HiveTimestamp,
    "timestamp_ntz": HiveTimestamp,
    "decimal": HiveDecimal,
}


class _Cursor(hive.Cursor):  # type: ignore[misc]
    """A cursor that gives days as days, and errors without values of rows."""

    def execute(self, *arguments: Any, **options: Any) -> None:
        with _without_values():
            super().execute(*arguments, **options)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row; all other ways to fetch use this one."""
        with _without_values():
            row = super().fetchone()
        if row is None:
            return None
        return tuple(
            date.fromisoformat(value) if column[1] == "DATE_TYPE" and value else value
            for value, column in zip(row, self.description, strict=True)
        )


class _Connection(hive.Connection):  # type: ignore[misc]
    def cursor(self, *arguments: Any, **options: Any) -> _Cursor:
        return _Cursor(self, *arguments, **options)


class _TypeCompiler(HiveTypeCompiler):  # type: ignore[misc]
    """Names of types in Spark."""

    def visit_FLOAT(self, type_: Any, **_: Any) -> str:
        return "DOUBLE"

    def visit_DATE(self, type_: Any, **_: Any) -> str:
        return "DATE"

    def visit_NUMERIC(self, type_: Any, **_: Any) -> str:
        precision = 38 if type_.precision is None else type_.precision
        return f"DECIMAL({precision}, {10 if type_.scale is None else type_.scale})"


class GxDialect(HiveDialect):  # type: ignore[misc]
    """PyHive's dialect for Spark; it connects to the `endpoint` that it is given."""

    type_compiler = _TypeCompiler
    type_compiler_cls = _TypeCompiler
    supports_statement_cache = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """PyHive."""
        return hive

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """Open a session with the settings of the endpoint."""
        endpoint: Endpoint = cparams["endpoint"]
        mend_pyhive()
        return _Connection(
            host=endpoint.host,
            port=endpoint.port,
            username=endpoint.user,
            auth=endpoint.auth,
            password=os.environ.get(PASSWORD_VARIABLE) or None,
            database=endpoint.catalogue,
            configuration=endpoint.session,
        )

    def has_table(self, connection: Any, table_name: str, schema: Any = None, **kw: Any) -> bool:
        """True if it can be described."""
        try:
            self._get_table_columns(connection, table_name, schema)
        except NoSuchTableError:
            return False
        return True

    def get_columns(
        self, connection: Any, table_name: str, schema: Any = None, **kw: Any
    ) -> list[dict[str, Any]]:
        """Columns with their types, of tables and views."""
        return [
            {
                "name": name,
                "type": _TYPES.get(kind.split("(")[0], types.String)(),
                "nullable": True,
                "default": None,
            }
            for name, kind in self._get_table_columns(connection, table_name, schema)
        ]

    def get_table_names(self, connection: Any, schema: Any = None, **kw: Any) -> list[str]:
        """Tables of a schema."""
        return self._names(connection, "tables", schema)

    def get_view_names(self, connection: Any, schema: Any = None, **kw: Any) -> list[str]:
        """Views of a schema."""
        return self._names(connection, "views", schema)

    def get_indexes(self, *arguments: Any, **kw: Any) -> list[dict[str, Any]]:
        """Spark has none."""
        return []

    def _names(self, connection: Any, kind: str, schema: Any) -> list[str]:
        within = f" in {self.identifier_preparer.quote_identifier(schema)}" if schema else ""
        return [row[1] for row in connection.exec_driver_sql(f"show {kind}{within}")]

    def _get_table_columns(
        self, connection: Any, table_name: str, schema: Any
    ) -> list[tuple[str, str]]:
        quote = self.identifier_preparer.quote_identifier
        relation = ".".join(quote(part) for part in (schema, table_name) if part)
        try:
            rows = connection.exec_driver_sql(f"describe {relation}").fetchall()
        except DatabaseError as error:
            if "NOT_FOUND" in str(error.orig):
                raise NoSuchTableError(relation) from error
            raise
        names = [(row[0], row[1]) for row in rows]
        ends = [place for place, (name, _) in enumerate(names) if not name or name.startswith("#")]
        return names[: min(ends, default=len(names))]


@contextmanager
def _without_values() -> Iterator[None]:
    try:
        yield
    except exc.OperationalError as error:
        raise exc.OperationalError(_safe(message(error))) from None


def _safe(text: str) -> str:
    """What an error of Spark may show: its class, and its text if it is about the statement."""
    found = _CLASS.search(text)
    if found is None:
        return "Spark failed; see the log of its driver"
    name = found.group(1)
    if not name.startswith(_ABOUT_THE_STATEMENT):
        return f"[{name}]; its text may show rows, see the log of the driver of Spark"
    return text[text.rindex(found.group(0)) :]
