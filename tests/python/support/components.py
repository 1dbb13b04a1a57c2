"""Components in plain Python, random changes of a graph, and the macros that find components."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from support.rendered_macros import Macros

Edge = tuple[str, str]


def expected_components(edges: Iterable[Edge]) -> dict[str, str]:
    """Smallest node of the component of each node, by union and find."""
    parent: dict[str, str] = {}

    def find(node: str) -> str:
        parent.setdefault(node, node)
        root = node
        while parent[root] != root:
            root = parent[root]
        while parent[node] != root:
            parent[node], node = root, parent[node]
        return root

    for left, right in edges:
        low, high = sorted((find(left), find(right)))
        parent[high] = low
    return {node: find(node) for node in list(parent)}


class Graph:
    """Edges that come and go. A list, not a set: an edge may be there more than once."""

    def __init__(self, seed: int, prefix: str, nodes: int) -> None:
        self.edges: list[Edge] = []
        self._gone: list[Edge] = []
        self._random = random.Random(seed)
        self._names = [f"{prefix}{number:03}" for number in range(nodes)]
        self._random.shuffle(self._names)

    def change(self, added: int, removed: int) -> None:
        """Random changes; now and then an edge is turned round, told twice, or comes back."""
        draw = self._random
        for _ in range(min(removed, len(self.edges))):
            self._gone.append(self.edges.pop(draw.randrange(len(self.edges))))
        for _ in range(added):
            if self._gone and draw.random() < 0.2:
                self.edges.append(draw.choice(self._gone))
                continue
            left = draw.choice(self._names)
            right = left if draw.random() < 0.1 else draw.choice(self._names)
            self.edges.append((left, right))
        if self.edges and draw.random() < 0.3:
            left, right = draw.choice(self.edges)
            self.edges.append((right, left) if draw.random() < 0.5 else (left, right))
        draw.shuffle(self.edges)


def fill(macros: Macros, table: str, rows: Sequence[tuple[object, ...]], columns: str) -> None:
    """A table of these rows."""
    macros.connection.execute(f"create or replace table {table} ({columns})")
    if rows:
        lists = ", ".join("unnest(?)" for _ in rows[0])
        macros.connection.execute(
            f"insert into {table} select {lists}",
            [list(values) for values in zip(*rows, strict=True)],
        )


def full_build(macros: Macros, table: str, edges: str, *, keep: bool = False) -> None:
    """What the materialization does in a full build."""
    macros.make_work_table("w__input", f"select node_a, node_b from {edges}")
    labelled = macros.label_components("w__", "w__input", f"{table}__edges" if keep else None)
    macros.run_query(macros.replace_table(table, labelled))
    macros.drop_component_tables("w__")


def update(macros: Macros, table: str, edges: str, largest_change: float = 9) -> tuple[str, int]:
    """What the materialization does in an incremental build.

    Returns:
        The outcome of the comparison, and the number of rows of the table that are written.
    """
    kept = f"{table}__edges"
    outcome = macros.update_components(
        "w__", table, kept, f"select node_a, node_b from {edges}", largest_change
    )
    count = 0
    if outcome == "changed":
        count = macros.run_query("select count(*) from w__changes").rows[0][0]
        macros.run_query(f"begin; {macros.apply_component_changes(table, 'w__changes')}; commit")
        macros.change_kept_edges(kept, "w__delta")
    macros.drop_update_tables("w__", outcome)
    if outcome == "unclear":
        full_build(macros, table, edges, keep=True)
    return outcome, count
