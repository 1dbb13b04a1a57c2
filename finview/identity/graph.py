"""Identifiers and the links between them, without a database: components and strongest paths."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from finview.errors import FinviewError


@dataclass(frozen=True, order=True)
class Identifier:
    """A type and the value as it is in the marts."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Identifier:
        """Read `type:value`.

        Raises:
            FinviewError: the text is something else.
        """
        kind, colon, value = text.partition(":")
        if not (colon and kind and value):
            raise FinviewError(
                f"{text!r} is no identifier", "write type:value, such as customer:c-1001"
            )
        return cls(kind, value)


@dataclass(frozen=True)
class Link:
    """Why two identifiers are taken for one user: a row of `mart.fct_identity_link`."""

    link_key: str
    user_key: str | None
    left: Identifier
    right: Identifier
    rule_code: str
    source_name: str | None
    link_basis: str
    weight: Decimal | int
    sighting_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    is_active: bool
    cut_reason: str | None
    match_probability: Decimal | None

    @property
    def ends(self) -> tuple[Identifier, Identifier]:
        """Both identifiers, the smaller first."""
        return (self.left, self.right) if self.left <= self.right else (self.right, self.left)

    @property
    def rank(self) -> tuple[Decimal | int, int, str]:
        """Sorts links from weak to strong, without ties."""
        return self.weight, self.sighting_count, self.link_key


def strongest(links: Iterable[Link]) -> dict[tuple[Identifier, Identifier], Link]:
    """The strongest link of each pair."""
    best: dict[tuple[Identifier, Identifier], Link] = {}
    for link in links:
        if link.ends not in best or best[link.ends].rank < link.rank:
            best[link.ends] = link
    return best


def components(
    nodes: Iterable[Identifier], pairs: Iterable[tuple[Identifier, Identifier]]
) -> list[list[Identifier]]:
    """Groups of nodes that the pairs connect: each sorted, the largest first."""
    beside = _neighbours(pairs)
    groups, seen = [], set[Identifier]()
    for start in sorted({*nodes, *beside}):
        if start not in seen:
            group = sorted(_reached(start, beside))
            seen.update(group)
            groups.append(group)
    return sorted(groups, key=lambda group: (-len(group), group))


def strongest_path(links: Sequence[Link], start: Identifier, end: Identifier) -> list[Link]:
    """The path whose weakest link is strongest; of those the shortest, then the first by name.

    Returns:
        The links from `start` to `end`, each turned that way; empty when nothing connects them.
    """
    best = strongest(links)
    for weight in sorted({link.weight for link in best.values()}, reverse=True):
        usable = {ends: link for ends, link in best.items() if link.weight >= weight}
        if path := _shortest(usable, start, end):
            return path
    return []


def _shortest(
    links: Mapping[tuple[Identifier, Identifier], Link], start: Identifier, end: Identifier
) -> list[Link]:
    beside = _neighbours(links)
    came_from: dict[Identifier, Identifier] = {start: start}
    open_ = deque([start])
    while open_ and end not in came_from:
        node = open_.popleft()
        for other in beside.get(node, ()):
            if other not in came_from:
                came_from[other] = node
                open_.append(other)
    if end not in came_from or start == end:
        return []
    path = []
    while end != start:
        before = came_from[end]
        link = links[min(before, end), max(before, end)]
        path.append(replace(link, left=before, right=end))
        end = before
    return path[::-1]


def _neighbours(
    pairs: Iterable[tuple[Identifier, Identifier]],
) -> dict[Identifier, list[Identifier]]:
    beside: dict[Identifier, set[Identifier]] = {}
    for one, other in pairs:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    return {node: sorted(others) for node, others in beside.items()}


def _reached(
    start: Identifier, beside: Mapping[Identifier, Sequence[Identifier]]
) -> set[Identifier]:
    reached, open_ = {start}, [start]
    while open_:
        fresh = set(beside.get(open_.pop(), ())) - reached
        reached |= fresh
        open_ += fresh
    return reached
