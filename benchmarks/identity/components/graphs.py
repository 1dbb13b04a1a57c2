"""Graphs to measure with, made by DuckDB: the same numbers give the same graph on every machine.

Nodes are dense integers in random order, the form that suits every contender, or texts made of
them as the product has them: `device:` and 32 hexadecimal digits.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

#: People with a few identifiers each: the sizes of the clusters fall with a power (Zipf), from 2 up
#: to 60. A tree, and for one node in four an edge more.
CLUSTERS = """
with clusters as (
    select least(60, floor(2 * pow((hash(i * 1009 + 7) % 1000000 + 1) / 1000000.0, -0.6))) as size
    from range({edges}) as numbers (i)
),
nodes as (
    select row_number() over () - 1 as node, place
    from (select unnest(range(cast(size as bigint))) as place from clusters)
)
select node as low, node - cast(1 + hash(node * 1009 + 11) % place as bigint) as high
from nodes where place > 0
union all
select node as low, node - cast(1 + hash(node * 1009 + 13) % place as bigint) as high
from nodes where place > 1 and hash(node * 1009 + 17) % 4 = 0
"""
#: As many nodes as edges: a giant component and many small ones.
RANDOM = """
select
    cast(hash(i * 1009 + 19) % {edges} as bigint) as low,
    cast(hash(i * 1009 + 23) % {edges} as bigint) as high
from range({edges}) as numbers (i)
"""
CHAINS = """
select i as low, i + 1 as high from range({edges}) as numbers (i) where (i + 1) % {length} <> 0
"""
#: One day of a year that comes, and one edge in 10,000 that goes, by the edge's own hash.
PART = """
case
    when hash(low * 1009 + high * 31) % 1000000 < 2700 then 'new'
    when hash(low * 1009 + high * 31) % 1000000 >= 999900 then 'gone'
    else 'old'
end
"""


@dataclass(frozen=True)
class Graph:
    """A graph of about so many edges; `length` is that of its chains."""

    kind: str
    edges: int
    length: int = 0

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.kind}_{self.edges}" + (f"_{self.length}" if self.length else "")


GRAPHS = {
    "clusters-1m": Graph("clusters", 1_000_000),
    "random-1m": Graph("random", 1_000_000),
    "clusters-10m": Graph("clusters", 10_000_000),
    "random-10m": Graph("random", 10_000_000),
    "clusters-50m": Graph("clusters", 50_000_000),
    "chains": Graph("chains", 1_000_000, 1_000),
    "chain": Graph("chains", 1_000_000, 1_000_000),
}


def make(graph: Graph, ids: str, folder: Path) -> Path:
    """Write the graph, if it is not there; the folder of its edges, in parts, and its nodes."""
    place = folder / f"{graph.name}_{ids}"
    if (place / "nodes.parquet").exists():
        return place
    scratch = folder / f"{place.name}.duckdb"
    scratch.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    query = {"clusters": CLUSTERS, "random": RANDOM, "chains": CHAINS}[graph.kind]
    settings = {"threads": 2, "memory_limit": "4GB", "temp_directory": str(folder / "spill")}
    with duckdb.connect(str(scratch), config=settings) as connection:
        connection.execute(
            "create table edges as select low, high from "
            f"({query.format(edges=graph.edges, length=graph.length)}) limit {graph.edges}"
        )
        connection.execute(
            "create table names as select node, row_number() over (order by hash(node), node) - 1 "
            "as id from (select low as node from edges union select high from edges)"
        )
        name = "'device:' || md5(cast({0}.id as varchar))" if ids == "text" else "{0}.id"
        connection.execute(
            f"copy (select {name.format('lef')} as node_a, {name.format('rig')} as node_b, "
            f"{PART} as part from edges inner join names as lef on edges.low = lef.node "
            "inner join names as rig on edges.high = rig.node) "
            f"to '{place}' (format parquet, partition_by (part))"
        )
        connection.execute(
            f"copy (select {name.format('names')} as node from names) "
            f"to '{place / 'nodes.parquet'}' (format parquet)"
        )
    scratch.unlink()
    return place
