"""Components in plain Python, random changes of a graph, and the macros that find components."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from support.rendered_macros import Macros, Relation

Edge = tuple[str, str]
#: node_a, node_b, is_removed
Change = tuple[str, str, bool]


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
        self._random = random.Random(seed)
        self._names = [f"{prefix}{number:03}" for number in range(nodes)]
        self._random.shuffle(self._names)

    def change(self, added: int, removed: int) -> list[Change]:
        """Random changes, as a model would tell them: now and then one that is none."""
        draw = self._random
        changes: list[Change] = []
        for _ in range(min(removed, len(self.edges))):
            left, right = self.edges.pop(draw.randrange(len(self.edges)))
            # Which side is which says nothing; nor does it matter that a twin may be left.
            changes.append((right, left, True) if draw.random() < 0.5 else (left, right, True))
        for _ in range(added):
            left = draw.choice(self._names)
            right = left if draw.random() < 0.1 else draw.choice(self._names)
            self.edges.append((left, right))
            changes.append((left, right, False))
        if removed and draw.random() < 0.3:
            # An edge that never was.
            left, right = draw.choice(self._names), draw.choice(self._names)
            changes.append((left, right, True))
        draw.shuffle(changes)
        return changes


def fill(macros: Macros, table: str, rows: Sequence[tuple[object, ...]], columns: str) -> None:
    """A table of these rows."""
    macros.connection.execute(f"create or replace table {table} ({columns})")
    if rows:
        lists = ", ".join("unnest(?)" for _ in rows[0])
        macros.connection.execute(
            f"insert into {table} select {lists}",
            [list(values) for values in zip(*rows, strict=True)],
        )


def full_build(macros: Macros, table: str, edges: str) -> None:
    """What the materialization does in a full build."""
    macros.make_work_table("w__input", f"select node_a, node_b from {edges}")
    labelled = macros.label_components("w__", "w__input")
    macros.run_query(macros.replace_table(table, labelled))
    macros.drop_component_tables("w__")


def update(macros: Macros, table: str, delta: str, edges: str | None) -> int:
    """What the materialization does in an incremental build; the number of rows that change."""
    macros.make_work_table("w__delta", f"select node_a, node_b, is_removed from {delta}")
    changes = macros.update_components("w__", Relation("main", table), edges)
    count: int = macros.run_query(f"select count(*) from {changes}").rows[0][0]
    macros.run_query(f"begin; {macros.apply_component_changes(table, changes)}; commit")
    macros.drop_update_tables("w__")
    macros.drop_component_tables("w__")
    return count
