"""Reading a few rows of the warehouse that the last build wrote, on either engine."""

from __future__ import annotations

from typing import Any

import duckdb

from finview.errors import FinviewError
from finview.settings import Home, Settings


def warehouse_rows(
    home: Home, settings: Settings, query: str, *, missing: str, command: str
) -> list[tuple[Any, ...]]:
    """Rows of the home's warehouse.

    Args:
        home: The home.
        settings: Its settings; the engine is read.
        query: SQL that both engines have.
        missing: What is said if a table is not there: the last build is older than it.
        command: The caller's command, to be started again where the warehouse is in use.

    Raises:
        FinviewError: there is no warehouse, it is in use, or a table is missing.
    """
    if settings.engine == "spark":
        from finview.spark import connected, find_endpoint

        with connected(find_endpoint(home, settings)) as spark:
            return spark.execute(query)
    if not home.warehouse_file.is_file():
        raise FinviewError("nothing is built yet", "finview run")
    try:
        with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
            return connection.execute(query).fetchall()
    except duckdb.CatalogException as error:
        raise FinviewError(missing, "finview run") from error
    except duckdb.IOException as error:
        raise FinviewError(
            "the warehouse is in use", f"wait for the build to end, then: {command}"
        ) from error
