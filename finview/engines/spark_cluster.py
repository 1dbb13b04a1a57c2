"""The engine for data that one machine cannot hold: a Spark cluster with Iceberg tables."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finview.dbt import target_folder
from finview.engines.engine import PUBLISHED_SCHEMAS
from finview.errors import FinviewError
from finview.settings import Home, Settings
from finview.spark import (
    Connection,
    check_reachable,
    connected,
    find_endpoint,
    prepare,
    unreachable,
)

if TYPE_CHECKING:
    import duckdb

#: Name under which a DuckDB connection sees the marts of the cluster.
_CATALOG = "finview"
_DUCKDB_TYPES = {
    "string": "varchar",
    "int": "integer",
    "timestamp_ntz": "timestamp",
    "bigint": "bigint",
    "smallint": "smallint",
    "boolean": "boolean",
    "date": "date",
    "double": "double",
}
_DECIMAL = re.compile(r"^decimal\(\d+,\d+\)$")


class SparkEngine:
    """The Iceberg tables of a home.

    Raises:
        FinviewError: there is no cluster, or its client is not installed.
    """

    name = "spark"

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self.endpoint = find_endpoint(home, settings)

    def check(self) -> None:
        """The Thrift server answers and takes sessions."""
        prepare(self.endpoint)

    def environment(self, layer: str | None) -> dict[str, str]:
        """Where the cluster is.

        Sources are registered once in a build, with the first layer: the tables over accepted
        files stay known to the cluster.
        """
        first = layer in (None, "seeds")
        accepted = f"{self.endpoint.storage}/accepted" if first else ""
        return {**self.endpoint.environment, "FINVIEW_ACCEPTED_DIR": accepted}

    def stamp(self) -> dict[str, int]:
        """Current snapshot of each incremental table; all others are made anew by every build."""
        with connected(self.endpoint) as connection:
            found = {}
            for relation in self._incremental():
                try:
                    rows = connection.execute(
                        f"select snapshot_id from {relation}.refs where name = 'main'"
                    )
                except FinviewError:
                    check_reachable(self.endpoint)
                    continue  # not built yet
                found[relation] = int(rows[0][0]) if rows else 0
            return found

    def state_file(self, name: str) -> Path:
        """Beside the warehouse file, under a name of its own."""
        path = Path(name)
        return self._home.warehouse / f"{path.stem}_spark{path.suffix}"

    def failure(self) -> FinviewError | None:
        """The cluster does not answer any more."""
        try:
            check_reachable(self.endpoint)
        except FinviewError:
            return unreachable(self.endpoint)
        return None

    @contextmanager
    def marts(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """Let the cluster write marts and reports as Parquet, and read them as views.

        Raises:
            FinviewError: the cluster was lost, a column has a type that cannot be published, or
                a file does not hold the rows of its table.
        """
        exchange = self._home.root / "exchange"
        exchange.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in exchange.iterdir():
            shutil.rmtree(leftover)  # of a build that was cut off; one build at a time
        folder = Path(tempfile.mkdtemp(prefix="marts-", dir=exchange))
        try:
            connection.execute(f"attach ':memory:' as {_CATALOG}")
            with connected(self.endpoint) as spark:
                for schema in PUBLISHED_SCHEMAS:
                    connection.execute(f"create schema {_CATALOG}.{schema}")
                    for name in _names(spark, schema):
                        self._export(spark, connection, folder, f"{schema}.{name}")
            yield _CATALOG
            connection.execute(f"detach {_CATALOG}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _export(
        self,
        spark: Connection,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        relation: str,
    ) -> None:
        url = f"{self.endpoint.storage}/exchange/{folder.name}/{relation}"
        spark.execute(
            f"insert overwrite directory '{url}' using parquet "
            f"options (compression 'zstd') select * from {relation}"
        )
        expected = int(spark.execute(f"select count(*) from {relation}")[0][0])
        files = str(folder / relation / "*.parquet").replace("'", "''")
        columns = ", ".join(
            f'cast("{column}" as {_duckdb_type(kind, relation, column)}) as "{column}"'
            for column, kind in spark.columns(relation)
        )
        connection.execute(
            f"create view {_CATALOG}.{relation} as select {columns} from read_parquet('{files}')"
        )
        row = connection.execute(f"select count(*) from {_CATALOG}.{relation}").fetchone()
        if row is None or row[0] != expected:
            raise FinviewError(
                f"{relation}: the cluster has {expected} rows, its export {row and row[0]}",
                "check the storage that cluster and client share, then: finview run",
            )

    def _incremental(self) -> list[str]:
        """Incremental models of the project that was built last, as `schema.table`."""
        try:
            text = (target_folder(self._home) / "manifest.json").read_text(encoding="utf-8")
            nodes = json.loads(text)["nodes"].values()
        except (OSError, ValueError):
            return []
        return sorted(name for node in nodes for name in incremental_tables(node))


def incremental_tables(node: Mapping[str, Any]) -> list[str]:
    """Tables that a node of dbt's manifest carries from build to build, as `schema.table`."""
    name = f"{node['schema']}.{node['alias']}"
    if node["config"].get("materialized") == "incremental":
        return [name]
    if node["config"].get("incremental"):
        # Components, and the edges that they were built from.
        return [name, f"{name}__edges"]
    return []


def _names(spark: Connection, schema: str) -> list[str]:
    """Tables and views of a schema, sorted."""
    return sorted(
        str(row[1])
        for kind in ("tables", "views")
        for row in spark.execute(f"show {kind} in {schema}")
        if not row[2]  # temporary
    )


def _duckdb_type(kind: str, relation: str, column: str) -> str:
    """DuckDB's name of a Spark type.

    Raises:
        FinviewError: a type without an equal.
    """
    if _DECIMAL.match(kind):
        return kind
    if kind not in _DUCKDB_TYPES:
        raise FinviewError(
            f"{relation}.{column} has the type {kind}, which cannot be published",
            f"cast it to one of: {', '.join(_DUCKDB_TYPES)}, decimal",
        )
    return _DUCKDB_TYPES[kind]
