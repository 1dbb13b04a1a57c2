"""Connected components against union and find in Python, built in full and kept up to date.

The macros are rendered without dbt; that dbt runs them alike is tested beside the other macros, in
spark/test_spark_macros.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import duckdb
import pytest
from support.components import Edge, Graph, expected_components, fill, full_build, update
from support.rendered_macros import MacroError, Macros

from finview.settings import project_root

FOLDERS = [project_root() / "macros" / name for name in ("engine", "materializations")]
EDGE_COLUMNS = "node_a varchar, node_b varchar"
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
    kept_build(macros, [("a", "b")])
    for edge in [("a", None), (None, "b"), (None, None)]:
        fill(macros, "edges", [("a", "b"), edge], EDGE_COLUMNS)
        with pytest.raises(MacroError, match="lacks a node"):
            update(macros, "kept", "edges")


# Kept up to date.


def kept_build(macros: Macros, edges: Sequence[Edge]) -> None:
    """A table `kept` of these edges, with its edges beside it."""
    fill(macros, "edges", edges, EDGE_COLUMNS)
    full_build(macros, "kept", "edges", keep=True)


def updated(macros: Macros, edges: Sequence[Edge]) -> tuple[str, int]:
    """Brings `kept` up to date, and checks both tables against those of a full build."""
    fill(macros, "edges", edges, EDGE_COLUMNS)
    done = update(macros, "kept", "edges")
    assert found(macros, "kept") == expected_components(edges)
    full_build(macros, "built", "edges", keep=True)
    kept, built = (
        sorted(macros.run_query(f"select low, high from {name}__edges").rows)
        for name in ("kept", "built")
    )
    assert kept == built, "the kept edges are not those of a full build"
    left = macros.run_query("select table_name from duckdb_tables() where temporary").rows
    assert left == [], "work tables are left"
    return done


@pytest.mark.parametrize("seed", range(4))
def test_updates_equal_full_builds_and_union_find(macros: Macros, seed: int) -> None:
    """Many small graphs in one table, so that each step tries many constellations."""
    draw = random.Random(seed)
    graphs = [
        Graph(seed * 1000 + number, f"g{number:02}_", 4 + number % 20) for number in range(40)
    ]
    bridges: list[Edge] = []
    kept_build(macros, [])
    before: dict[str, str] = {}
    outcomes = set()
    for step in range(12):
        for graph in graphs:
            graph.change(added=draw.randrange(5), removed=0 if step % 4 == 1 else draw.randrange(4))
        # Now and then two of the graphs meet, for a few steps.
        if step % 3 == 2:
            first, second = draw.sample(graphs, 2)
            if first.edges and second.edges:
                bridges.append((first.edges[0][0], second.edges[0][1]))
        bridges = bridges[-2:]
        edges = [*bridges, *(edge for graph in graphs for edge in graph.edges)]
        outcome, count = updated(macros, edges)
        outcomes.add(outcome)
        after = found(macros, "kept")
        differing = {node for node in {*before, *after} if before.get(node) != after.get(node)}
        if outcome == "changed":
            assert count == len(differing), "a row that stays the same was written"
        assert update(macros, "kept", "edges") == ("same", 0)
        before = after
    assert outcomes == {"unclear", "changed"}, "the first build is a full one, no other"


def test_an_edge_that_is_turned_round_or_told_twice_is_no_change(macros: Macros) -> None:
    kept_build(macros, [("a", "b"), ("b", "a"), ("b", "c")])
    assert updated(macros, [("b", "a"), ("c", "b"), ("c", "b")]) == ("same", 0)


def test_a_node_goes_with_its_last_edge(macros: Macros) -> None:
    kept_build(macros, [("a", "b"), ("b", "c"), ("c", "c")])
    assert updated(macros, [("a", "b"), ("c", "c")]) == ("changed", 1)
    assert updated(macros, [("c", "c")]) == ("changed", 2)
    assert updated(macros, []) == ("changed", 1)


def test_an_edge_comes_back(macros: Macros) -> None:
    kept_build(macros, [("a", "b"), ("b", "c")])
    assert updated(macros, [("b", "c")]) == ("changed", 3)
    assert updated(macros, [("a", "b"), ("b", "c")]) == ("changed", 3)


def test_a_large_change_is_left_to_a_full_build(macros: Macros) -> None:
    edges = chain(100, "c")
    kept_build(macros, edges)
    for change, outcome in [(chain(10, "d"), "changed"), (chain(11, "e"), "unclear")]:
        fill(macros, "edges", [*edges, *change], EDGE_COLUMNS)
        assert update(macros, "kept", "edges", 0.1)[0] == outcome
        assert found(macros, "kept") == expected_components([*edges, *change])
        kept_build(macros, edges)


def test_kept_edges_that_do_not_fit_the_table_lead_to_a_full_build(macros: Macros) -> None:
    """As after a release of DuckDB that hashes otherwise, told from the numbers alone."""
    edges = [("a", "b"), ("b", "c"), ("x", "y")]
    kept_build(macros, edges)
    macros.connection.execute("update kept__edges set low = low + 1")
    assert updated(macros, edges[1:])[0] == "unclear"
    assert updated(macros, edges) == ("changed", 3)


@pytest.mark.parametrize("first", [[("a", "b")], [("x", "y")]])
@pytest.mark.parametrize("new", [("c", "d"), ("c", "c")])
def test_nodes_that_share_a_number_lead_to_a_full_build(first: list[Edge], new: Edge) -> None:
    """`c` and `a` have one number; `a` is known before, or new as well."""
    clash = """
    {% macro duckdb__node_number(node, salt) -%}
        hash(concat('{{ salt }}', replace({{ node }}, 'c', '{{ 'a' if salt == 0 else 'c' }}')))
    {%- endmacro %}
    """
    with duckdb.connect() as connection:
        macros = Macros(connection, FOLDERS, overrides=clash)
        kept_build(macros, first)
        edges = [*first, ("a", "z"), new]
        assert updated(macros, edges)[0] == "unclear"
        assert macros.run_query("select count(*) from kept__edges").rows == [(0,)]
        assert updated(macros, edges)[0] == "unclear", "without kept edges all is new"
