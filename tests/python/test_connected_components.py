"""Connected components against union and find in Python, built in full and kept up to date.

The macros are rendered without dbt; that dbt runs them alike is tested beside the other macros, in
spark/test_spark_macros.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest
from support.components import Edge, Graph, expected_components, fill, full_build, update
from support.rendered_macros import MacroError, Macros

from finview.settings import project_root

FOLDERS = [project_root() / "macros" / name for name in ("engine", "materializations")]
EDGE_COLUMNS = "node_a varchar, node_b varchar"
DELTA_COLUMNS = EDGE_COLUMNS + ", is_removed boolean"
#: Few numbers for many nodes, until the hash has been salted twice.
CLASHING = """
{% macro duckdb__node_number(node, salt) -%}
    hash(concat('{{ salt }}', {{ node }})) {{ '% 7' if salt < 2 else '' }}
{%- endmacro %}
"""


@pytest.fixture
def macros() -> Iterator[Macros]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield Macros(connection, FOLDERS)


def found(macros: Macros, table: str) -> dict[str, str]:
    rows = macros.run_query(f"select node, component from {table}").rows
    components = dict(rows)
    assert len(components) == len(rows), "a node has two rows"
    return components


def chain(length: int, prefix: str) -> list[Edge]:
    return [(f"{prefix}{n:05}", f"{prefix}{n + 1:05}") for n in range(length)]


SHAPES: dict[str, list[Edge]] = {
    "nothing": [],
    "lone": [("a", "a")],
    "pair, both ways and twice": [("b", "a"), ("a", "b"), ("b", "a")],
    "loop beside an edge": [("b", "b"), ("a", "b")],
    "chain in the order of names": chain(3000, "c"),
    "chain against it": [(right, left) for left, right in reversed(chain(500, "c"))],
    "chain of shuffled names": [(f"s{n * 17 % 401:03}", f"s{(n + 1) * 17 % 401:03}")
                                for n in range(400)],
    "star with a small middle": [("a", f"b{n:03}") for n in range(500)],
    "star with a large middle": [("z", f"b{n:03}") for n in range(500)],
    "ring": [*chain(300, "r"), ("r00300", "r00000")],
    "everybody with everybody": [(f"k{a:02}", f"k{b:02}") for a in range(40) for b in range(40)],
    "two rings and a bridge": [*chain(9, "p"), ("p00009", "p00000"), *chain(9, "q"),
                               ("q00009", "q00000"), ("q00004", "p00007")],
    "names of all kinds": [("z", "Z"), ("Z", "用户"), ("é", "用户"), ("10", "9"), ("", "|")],
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(macros: Macros, shape: str) -> None:
    edges = SHAPES[shape]
    fill(macros, "edges", edges, EDGE_COLUMNS)
    full_build(macros, "built", "edges")
    assert found(macros, "built") == expected_components(edges)
    left = macros.run_query("select table_name from duckdb_tables() where temporary").rows
    assert left == [], "work tables are left"


@pytest.mark.parametrize("density", [0.3, 0.5, 1, 4])
def test_random_graphs(macros: Macros, density: float) -> None:
    draw = random.Random(int(density * 10))
    nodes = 2000
    edges = [
        (f"n{draw.randrange(nodes)}", f"n{draw.randrange(nodes)}")
        for _ in range(int(nodes * density))
    ]
    fill(macros, "edges", edges, EDGE_COLUMNS)
    full_build(macros, "built", "edges")
    assert found(macros, "built") == expected_components(edges)


def test_nodes_that_share_a_hash_are_told_apart() -> None:
    edges = [*chain(50, "a"), *chain(50, "b"), ("x", "x")]
    with duckdb.connect() as connection:
        macros = Macros(connection, FOLDERS, overrides=CLASHING)
        fill(macros, "edges", edges, EDGE_COLUMNS)
        full_build(macros, "built", "edges")
        assert found(macros, "built") == expected_components(edges)
        macros = Macros(connection, FOLDERS, overrides=CLASHING.replace("salt < 2", "salt < 9"))
        with pytest.raises(MacroError, match="share a number"):
            full_build(macros, "built", "edges")


def test_an_edge_without_a_node_is_an_error(macros: Macros) -> None:
    fill(macros, "edges", [("a", None)], EDGE_COLUMNS)
    with pytest.raises(MacroError, match="lacks a node"):
        full_build(macros, "built", "edges")
    fill(macros, "edges", [("a", "b")], EDGE_COLUMNS)
    full_build(macros, "built", "edges")
    fill(macros, "delta", [(None, "b", False)], DELTA_COLUMNS)
    with pytest.raises(MacroError, match="lacks a node"):
        update(macros, "built", "delta", "edges")


def test_a_removed_edge_needs_the_current_edges(macros: Macros) -> None:
    fill(macros, "edges", [("a", "b")], EDGE_COLUMNS)
    full_build(macros, "built", "edges")
    fill(macros, "delta", [("a", "b", True)], DELTA_COLUMNS)
    with pytest.raises(MacroError, match="current_edges"):
        update(macros, "built", "delta", None)


@pytest.mark.parametrize("seed", range(4))
def test_updates_equal_full_builds_and_union_find(macros: Macros, seed: int) -> None:
    """Many small graphs in one table, so that each step tries many constellations."""
    draw = random.Random(seed)
    graphs = [
        Graph(seed * 1000 + number, f"g{number:02}_", 4 + number % 20) for number in range(40)
    ]
    kept = "kept"
    for step in range(12):
        changes = [
            change
            for graph in graphs
            for change in graph.change(
                added=draw.randrange(5), removed=0 if step % 4 == 1 else draw.randrange(4)
            )
        ]
        edges = [edge for graph in graphs for edge in graph.edges]
        # Now and then two of the graphs meet, for as long as the edge stays.
        if step % 3 == 2:
            first, second = draw.sample(graphs, 2)
            if first.edges and second.edges:
                bridge = (first.edges[0][0], second.edges[0][1])
                first.edges.append(bridge)
                edges.append(bridge)
                changes.append((*bridge, False))
        fill(macros, "edges", edges, EDGE_COLUMNS)
        fill(macros, "delta", changes, DELTA_COLUMNS)
        full_build(macros, "built", "edges")
        expected = expected_components(edges)
        assert found(macros, "built") == expected
        if step == 0:
            full_build(macros, kept, "edges")
            continue
        before = found(macros, kept)
        count = update(macros, kept, "delta", "edges")
        assert found(macros, kept) == expected, f"step {step}"
        differing = {
            node for node in {*before, *expected} if before.get(node) != expected.get(node)
        }
        assert count == len(differing), "a row that stays the same was written"


def test_an_edge_that_is_left_in_another_source_stays(macros: Macros) -> None:
    fill(macros, "edges", [("a", "b"), ("b", "a"), ("b", "c")], EDGE_COLUMNS)
    full_build(macros, "kept", "edges")
    fill(macros, "edges", [("b", "a"), ("b", "c")], EDGE_COLUMNS)
    fill(macros, "delta", [("a", "b", True)], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 0
    assert found(macros, "kept") == {"a": "a", "b": "a", "c": "a"}


def test_a_node_goes_with_its_last_edge(macros: Macros) -> None:
    fill(macros, "edges", [("a", "b"), ("b", "c"), ("c", "c")], EDGE_COLUMNS)
    full_build(macros, "kept", "edges")
    fill(macros, "edges", [("a", "b"), ("c", "c")], EDGE_COLUMNS)
    fill(macros, "delta", [("b", "c", True)], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 1
    assert found(macros, "kept") == {"a": "a", "b": "a", "c": "c"}
    fill(macros, "edges", [("c", "c")], EDGE_COLUMNS)
    fill(macros, "delta", [("b", "a", True)], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 2
    assert found(macros, "kept") == {"c": "c"}
    fill(macros, "edges", [], EDGE_COLUMNS)
    fill(macros, "delta", [("c", "c", True)], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 1
    assert found(macros, "kept") == {}


def test_an_edge_told_as_removed_and_added_counts_if_it_is_there(macros: Macros) -> None:
    fill(macros, "edges", [("a", "b")], EDGE_COLUMNS)
    full_build(macros, "kept", "edges")
    fill(macros, "delta", [("n", "m", False), ("m", "n", True)], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 0
    fill(macros, "edges", [("a", "b"), ("n", "m")], EDGE_COLUMNS)
    assert update(macros, "kept", "delta", "edges") == 2
    assert found(macros, "kept") == {"a": "a", "b": "a", "m": "m", "n": "m"}


def test_no_change_writes_nothing(macros: Macros) -> None:
    fill(macros, "edges", [("a", "b")], EDGE_COLUMNS)
    full_build(macros, "kept", "edges")
    fill(macros, "delta", [], DELTA_COLUMNS)
    assert update(macros, "kept", "delta", None) == 0
