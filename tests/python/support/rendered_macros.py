"""The project's macros rendered without dbt, against one DuckDB connection.

For tests and benchmarks that call a macro many times: a start of dbt takes seconds. Every macro is
a template of its own, as in dbt, so that calls, dispatch and `return` work as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

MACRO = re.compile(r"{%-?\s*macro\s+(\w+).*?{%-?\s*endmacro\s*-?%}", re.DOTALL)


class _Returned(Exception):
    def __init__(self, value: object) -> None:
        self.value = value


class MacroError(Exception):
    """What `exceptions.raise_compiler_error` raises."""


@dataclass(frozen=True)
class Relation:
    """A table as macros see it."""

    schema: str
    identifier: str
    type: str = "table"

    def __str__(self) -> str:
        return f"{self.schema}.{self.identifier}"


class Macros:
    """Macros of some folders as Python functions; `overrides` are Jinja text and win."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folders: list[Path], overrides: str = ""
    ) -> None:
        self.connection = connection
        self.statements: list[str] = []
        self._environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        texts = [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.sql")]
        self._functions: dict[str, Callable[..., Any]] = {}
        for text in [*texts, overrides]:
            for found in MACRO.finditer(text):
                self._functions[found[1]] = self._function(found[1], found[0])
        self._environment.globals.update(
            {
                **self._functions,
                "finview": SimpleNamespace(**self._functions),
                "adapter": SimpleNamespace(dispatch=self._dispatch),
                "exceptions": SimpleNamespace(raise_compiler_error=self._error),
                "run_query": self.run_query,
                "return": self._return,
            }
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            return self._functions[name]
        except KeyError:
            raise AttributeError(name) from None

    def run_query(self, statement: str) -> SimpleNamespace:
        """One statement, its rows as dbt gives them."""
        self.statements.append(statement)
        return SimpleNamespace(rows=self.connection.execute(statement).fetchall())

    def _function(self, name: str, text: str) -> Callable[..., Any]:
        template = self._environment.from_string(text)

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return getattr(template.module, name)(*arguments, **named)
            except _Returned as returned:
                return returned.value

        return call

    def _dispatch(self, name: str, _package: str) -> Callable[..., Any]:
        return self._functions.get(f"duckdb__{name}") or self._functions[f"default__{name}"]

    @staticmethod
    def _return(value: object) -> None:
        raise _Returned(value)

    @staticmethod
    def _error(message: str) -> None:
        raise MacroError(message)
