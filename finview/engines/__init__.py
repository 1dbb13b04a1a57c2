"""The engines that hold the warehouse: what the rest of finview needs to know of each.

Models, tests and expectations are the same on all of them; SQL that differs is in
`macros/engine/`. What is published is a DuckDB file and Parquet, whichever engine built it.
"""

from __future__ import annotations

from finview.engines.duckdb_file import DuckDbEngine
from finview.engines.engine import PUBLISHED_SCHEMAS, Engine
from finview.engines.spark_cluster import SparkEngine
from finview.settings import Home, Settings

__all__ = ["PUBLISHED_SCHEMAS", "DuckDbEngine", "Engine", "SparkEngine", "engine_of"]


def engine_of(home: Home, settings: Settings) -> Engine:
    """The engine that the settings name.

    Raises:
        FinviewError: it is Spark, and there is no cluster or no client.
    """
    return SparkEngine(home, settings) if settings.engine == "spark" else DuckDbEngine(home)
