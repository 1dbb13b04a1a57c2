"""Unified users from raw identifiers by union-find, from the rules of seeds/identity.

Identifiers that hold together (links.py) are one user. Two id cards are never one user, whatever
path connects them: the weakest link of each path is left out. Who was never seen with an account
belongs to the one user whose devices they were seen on. Devices and ad ids come after: devices.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from second_way.devices import Owners, own_devices
from second_way.links import Link, Pair, Rules, Sightings, find_links, withdrawn_purposes
from second_way.naming import Namer
from second_way.raw import Node, Raw

#: When a period begins, and who has the device then.
Period = tuple[datetime, Node]


@dataclass
class Identity:
    """The user (a node that stands for it) of every identifier, and who may not be trusted."""

    user_of: dict[Node, Node] = field(default_factory=dict)
    #: Identifiers that say nothing about their user, at least for a time, and why.
    demoted: dict[Node, str] = field(default_factory=dict)
    #: Devices that went from hand to hand: who had them from when on.
    periods: dict[Node, list[Period]] = field(default_factory=dict)

    def user(self, kind: str, value: str | None) -> Node | None:
        """User of an identifier; none where there is no identifier."""
        assert kind != "device", "who has a device is a question of the moment"
        return None if value is None else self.user_of[kind, value]

    def device_user(self, value: str | None, moment: datetime) -> Node | None:
        """Who had a device at a moment; none where there is no device."""
        if value is None:
            return None
        node = "device", value
        periods = self.periods.get(node)
        if not periods:
            return self.user_of[node]
        passed = bisect_right([start for start, _ in periods], moment)
        return periods[passed - 1][1]

    def trusted_phone(self, value: str | None) -> Node | None:
        """User of a phone, unless the phone is one that says nothing about its user."""
        return None if ("phone", value) in self.demoted else self.user("phone", value)

    def accounts(self) -> dict[Node, list[str]]:
        """Customer accounts of every user that has one."""
        found: dict[Node, list[str]] = defaultdict(list)
        for (kind, value), user in self.user_of.items():
            if kind == "customer":
                found[user].append(value)
        return dict(found)

    def users(self) -> set[Node]:
        """Everybody, anonymous visitors included."""
        return set(self.user_of.values())


class _Forest:
    """Disjoint sets of nodes."""

    def __init__(self) -> None:
        self.parent: dict[Node, Node] = {}

    def find(self, node: Node) -> Node:
        root = node
        while (above := self.parent.setdefault(root, root)) != root:
            root = above
        while self.parent[node] != root:
            self.parent[node], node = root, self.parent[node]
        return root

    def union(self, one: Node, other: Node) -> None:
        self.parent[self.find(one)] = self.find(other)

    def sets(self, nodes: Iterable[Node]) -> list[list[Node]]:
        found: dict[Node, list[Node]] = defaultdict(list)
        for node in nodes:
            found[self.find(node)].append(node)
        return list(found.values())


def resolve(
    raw: Raw, rules: Rules, link_rules: Rules, blocked: Iterable[Node], name: Namer
) -> Identity:
    """Who is who."""
    found = find_links(raw, rules, link_rules, blocked)
    groups = _grouped(found, rules, name)
    _adopt(groups, found, withdrawn_purposes(raw))
    owners = own_devices(raw, found, groups, rules, link_rules, name)
    return _identity(found, groups, owners)


def _grouped(found: Sightings, rules: Rules, name: Namer) -> dict[Node, Node]:
    """The group of every strong identifier: named by its id card, else by its first name."""
    strong = {kind for kind, rule in rules.items() if rule["is_strong"] == "true"}
    nodes = [node for node in found.seen if node[0] in strong]
    links = {
        (node, linked): link
        for (node, linked), link in found.active.items()
        if node[0] in strong and linked[0] in strong
    }
    forest = _Forest()
    for node, linked in links:
        forest.union(node, linked)
    groups: dict[Node, Node] = {}
    contested: set[Node] = set()
    for component in forest.sets(nodes):
        if sum(kind == "id_card" for kind, _ in component) > 1:
            contested.update(component)
        else:
            groups.update(dict.fromkeys(component, min(component, key=name)))
    groups.update(_taken_apart(contested, links, name))
    return groups


def _taken_apart(nodes: set[Node], links: dict[Pair, Link], name: Namer) -> dict[Node, Node]:
    """Strongest links first, but none that would bring two id cards together."""

    def strength(pair: Pair) -> tuple[Any, ...]:
        link = links[pair]
        seen = link.last_at is not None, link.last_at or datetime.min
        return int(link.rule["trust"]), link.support, seen

    pairs = [pair for pair in links if pair[0] in nodes]
    # Stable sorts: where all else is alike the first name is the strongest.
    pairs.sort(key=lambda pair: (name(pair[0]), name(pair[1])))
    pairs.sort(key=strength, reverse=True)
    forest = _Forest()
    card_of = {node: node for node in nodes if node[0] == "id_card"}
    for pair in pairs:
        one, other = (forest.find(node) for node in pair)
        if one == other or (one in card_of and other in card_of):
            continue
        card = card_of.get(one) or card_of.get(other)
        forest.union(one, other)
        if card:
            card_of[forest.find(one)] = card
    return {node: card_of[forest.find(node)] for node in nodes}


def _adopt(groups: dict[Node, Node], found: Sightings, withdrawn: Mapping[str, set[str]]) -> None:
    """A group without an account belongs to the one user whose devices it was seen on.

    Not if a link that holds it together rests on a consent which that user has withdrawn.
    """
    rests_on: dict[Node, set[str]] = defaultdict(set)
    refused: dict[Node, set[str]] = defaultdict(set)
    for (node, _), link in found.active.items():
        if link.rule["consent_purpose"] and node in groups:
            rests_on[groups[node]].add(link.rule["consent_purpose"])
    for (kind, value), group in groups.items():
        if kind == "customer":
            refused[group] |= withdrawn.get(value, set())
    with_account = {group for node, group in groups.items() if node[0] == "customer"}
    on_device: dict[Node, set[Node]] = defaultdict(set)
    for node, linked in found.active:
        if node[0] == "device":
            on_device[node].add(groups[linked])
    owners: dict[Node, set[Node]] = defaultdict(set)
    for seen in on_device.values():
        for orphan in seen - with_account:
            owners[orphan] |= seen & with_account
    adopted = {
        orphan: owner
        for orphan, (owner, *others) in owners.items()
        if not others and not rests_on[orphan] & refused[owner]
    }
    for node, group in groups.items():
        groups[node] = adopted.get(group, group)


def _identity(found: Sightings, groups: dict[Node, Node], owners: Owners) -> Identity:
    made = Identity({node: node for node in found.seen} | groups | owners.user_of)
    made.periods = owners.periods
    public = dict.fromkeys([*found.over_limit, *owners.public], "too_many_users")
    made.demoted = public | owners.demoted | found.barred
    return made
