"""One contender on one graph, in a process of its own; prints its figures as JSON.

    python contenders.py <contender> <graph folder> <text|integer> <memory limit> <work folder>

Counted is from the Parquet files to the result (ours: a table of a closed database file), without
imports and without the checksum. CPU seconds are user and system time of all threads.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import duckdb  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
CHECKSUM = """
select count(*), count(distinct component), sum(cast(hash(node, component) as hugeint)) from {0}
"""


class Clock:
    """CPU and wall seconds since it was made."""

    def __init__(self) -> None:
        self.started = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime, time.monotonic()

    def figures(self) -> dict[str, float]:
        """Seconds so far, and the highest resident memory of the process."""
        cpu, wall = self._now()
        # Not ru_maxrss: a process starts with that of the one it was forked from.
        status = Path("/proc/self/status").read_text()
        peak = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM"))
        return {
            "cpu": cpu - self.started[0],
            "wall": wall - self.started[1],
            "peak_mib": peak / 1024,
        }


@dataclass(frozen=True)
class Case:
    """What is measured: a graph, the form of its nodes, and what may be used."""

    graph: Path
    ids: str
    memory: str
    work: Path


def opened(case: Case, file: Path | str) -> duckdb.DuckDBPyConnection:
    """A database as the product opens it: two threads, a memory limit, a place to spill to."""
    settings = {
        "threads": 2,
        "memory_limit": case.memory,
        "temp_directory": str(case.work / "spill"),
    }
    return duckdb.connect(str(file), config=settings)


def macros_on(connection: duckdb.DuckDBPyConnection) -> Any:
    """The project's own macros, rendered as dbt would."""
    sys.path.insert(0, str(ROOT / "tests" / "python"))
    from support.rendered_macros import Macros

    folders = [ROOT / "macros" / name for name in ("engine", "materializations")]
    return Macros(connection, folders)


def checksum_of(case: Case, file: Path) -> str:
    """Of the table `labels` of a database."""
    with opened(case, file) as connection:
        return str(connection.execute(CHECKSUM.format("labels")).fetchone())


def edges_of(graph: Path, *parts: str) -> str:
    """Parts of a graph's edges, for a from clause."""
    files = ", ".join(f"'{graph}/part={part}/*.parquet'" for part in parts)
    return f"read_parquet([{files}], hive_partitioning = false)"


def full_build(case: Case, file: Path, *parts: str, keep: bool = False) -> dict[str, Any]:
    """The statements of a full build of the materialization, into a table of a database file."""
    file.unlink(missing_ok=True)
    with opened(case, file) as connection:
        macros = macros_on(connection)
        clock = Clock()
        edges = edges_of(case.graph, *parts)
        macros.make_work_table("w__input", f"select node_a, node_b from {edges}")
        labelled = macros.label_components("w__", "w__input", "labels__edges" if keep else None)
        macros.run_query(macros.replace_table("labels", labelled))
        macros.drop_component_tables("w__")
    return {**clock.figures(), "checksum": checksum_of(case, file)}


def update(case: Case, *parts: str, given: bool = False) -> dict[str, Any]:
    """The statements of an incremental build, on the tables that `base` left.

    Args:
        case: What is measured.
        parts: Parts of the graph that are there now.
        given: The changes are given, not found by comparing all edges with the kept ones.
    """
    file = case.work / "day.duckdb"
    shutil.copy(case.work / "base.duckdb", file)
    with opened(case, file) as connection:
        macros = macros_on(connection)
        clock = Clock()
        now = f"select node_a, node_b from {edges_of(case.graph, *parts)}"
        if given:
            macros.make_work_table("w__delta", _told(case, macros, "gone" not in parts))
            outcome = macros.apply_edge_delta("w__", "labels", "labels__edges")
        else:
            outcome = macros.update_components("w__", "labels", "labels__edges", now, 9)
        if outcome == "changed":
            changes = macros.apply_component_changes("labels", "w__changes")
            macros.run_query(f"begin; {changes}; commit")
            macros.change_kept_edges("labels__edges", "w__delta")
        macros.drop_update_tables("w__", outcome)
    figures = clock.figures()
    assert outcome == ("same" if parts == ("old", "gone") else "changed"), outcome
    return {**figures, "checksum": checksum_of(case, file)}


def _told(case: Case, macros: Any, removes: bool) -> str:
    """Query of the changes as `find_edge_delta` makes them, from the parts of the graph."""
    new, gone = (
        macros.numbered_edges(f"select node_a, node_b from {edges_of(case.graph, part)}")
        for part in ("new", "gone")
    )
    told = f"select *, false as is_removed from ({new})"
    if removes:
        told += f" union all select null, null, low, high, true from ({gone})"
    return told


def splink(case: Case) -> dict[str, Any]:
    """Splink's clustering, in a database in memory; the list of nodes is given to it."""
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    connection = opened(case, ":memory:")
    clock = Clock()
    parts = edges_of(case.graph, "old", "gone", "new")
    clusters = cluster_pairwise_predictions_at_threshold(
        nodes=connection.sql(f"select node from read_parquet('{case.graph}/nodes.parquet')"),
        edges=connection.sql(f"select node_a, node_b from {parts}"),
        db_api=DuckDBAPI(connection=connection),
        node_id_column_name="node",
        edge_id_column_name_left="node_a",
        edge_id_column_name_right="node_b",
    )
    figures = clock.figures()
    query = f"(select node, cluster_id as component from {clusters.physical_name})"
    return {**figures, "checksum": str(connection.execute(CHECKSUM.format(query)).fetchone())}


def scipy(case: Case) -> dict[str, Any]:
    """scipy's compiled search, to an array of labels in memory. Texts are numbered by pyarrow."""
    import numpy
    import pyarrow
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    connection = opened(case, ":memory:")
    clock = Clock()
    table = connection.sql(
        f"select node_a, node_b from {edges_of(case.graph, 'old', 'gone', 'new')}"
    ).to_arrow_table()
    names = None
    if case.ids == "text":
        both = pyarrow.chunked_array(table["node_a"].chunks + table["node_b"].chunks)
        numbered = both.combine_chunks().dictionary_encode()
        del both, table
        names = numbered.dictionary
        ends = numbered.indices.to_numpy().reshape(2, -1)
        nodes = len(names)
    else:
        # Dense integers need no numbering, and 32 bits are enough.
        ends = numpy.vstack(
            [table[side].to_numpy().astype(numpy.int32) for side in ("node_a", "node_b")]
        )
        nodes = int(ends.max()) + 1
    ones = numpy.ones(ends.shape[1], dtype=numpy.int8)
    _, labels = connected_components(coo_matrix((ones, ends), (nodes, nodes)), directed=False)
    figures = clock.figures()
    columns = {"node": names if names is not None else numpy.arange(nodes), "label": labels}
    connection.register("found", pyarrow.table(columns))
    query = "(select node, min(node) over (partition by label) as component from found)"
    return {**figures, "checksum": str(connection.execute(CHECKSUM.format(query)).fetchone())}


CONTENDERS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "finview": lambda case: full_build(case, case.work / "full.duckdb", "old", "gone", "new"),
    "base": lambda case: full_build(case, case.work / "base.duckdb", "old", "gone", keep=True),
    "after": lambda case: full_build(case, case.work / "full.duckdb", "old", "new"),
    "no change": lambda case: update(case, "old", "gone"),
    "day": lambda case: update(case, "old", "gone", "new"),
    "day, given": lambda case: update(case, "old", "gone", "new", given=True),
    "day, with removals": lambda case: update(case, "old", "new"),
    "day, with removals, given": lambda case: update(case, "old", "new", given=True),
    "splink": splink,
    "scipy": scipy,
}


def main() -> None:
    """Run one contender."""
    contender, graph, ids, memory, work = sys.argv[1:]
    print(json.dumps(CONTENDERS[contender](Case(Path(graph), ids, memory, Path(work)))))


if __name__ == "__main__":
    main()
