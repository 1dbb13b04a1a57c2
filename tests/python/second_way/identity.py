"""Unified users by union-find over raw identifiers, from the rules of seeds/identity.

Accounts that share an id card, a phone or an e-mail are one user, unless the identifier has too
many owners or owners of two id cards. Accounts of two id cards are never one user, whatever path
connects them. A device or platform user that one user alone uses belongs to that user.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from second_way.raw import Raw, Row

Node = tuple[str, str]
STRONG = ("id_card", "phone", "email")


@dataclass
class Identity:
    """The user (a node that stands for it) of every identifier, and who may not be trusted."""

    user_of: dict[Node, Node] = field(default_factory=dict)
    untrusted: set[Node] = field(default_factory=set)

    def user(self, kind: str, value: str | None) -> Node | None:
        """User of an identifier; none where there is no identifier."""
        return None if value is None else self.user_of[kind, value]

    def trusted_phone(self, value: str | None) -> Node | None:
        """User of a phone, unless the phone is one that says nothing about its user."""
        return None if ("phone", value) in self.untrusted else self.user("phone", value)

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


def sightings(raw: Raw) -> Iterator[tuple[Node, Node | None]]:
    """Every identifier of every table, with the one it was seen together with."""

    def pair(row: Row, kind: str, column: str, to: str = "", to_column: str = "") -> Iterator[Pair]:
        if row[column] is not None:
            linked = row[to_column] if to else None
            yield (kind, row[column]), None if linked is None else (to, linked)

    for table, kind, column, *linked in SEEN_IN:
        for row in raw[table]:
            yield from pair(row, kind, column, *linked)


Pair = tuple[Node, Node | None]
_ACCOUNT = ("customer", "customer_id")
SEEN_IN: tuple[tuple[str, ...], ...] = (
    *((t, *_ACCOUNT) for t in ("crm/customers", "crm/consents", "crm/tickets")),
    *((t, *_ACCOUNT) for t in ("channel/coupons", "channel/messages", "transaction/orders")),
    *(("crm/customers", kind, kind, *_ACCOUNT) for kind in STRONG),
    ("crm/customers", "device", "register_device_id", *_ACCOUNT),
    ("crm/customer_devices", "device", "device_id", *_ACCOUNT),
    ("channel/app_events", "device", "device_id", *_ACCOUNT),
    ("transaction/orders", "device", "device_id", *_ACCOUNT),
    ("channel/ad_touches", "device", "device_id"),
    ("channel/ad_touches", "platform_user", "platform_user_id", "device", "device_id"),
    ("channel/coupons", "phone", "claimed_by_phone", *_ACCOUNT),
    ("channel/coupons", "device", "claimed_device_id", "phone", "claimed_by_phone"),
    ("channel/coupons", "device", "claimed_device_id", *_ACCOUNT),
    ("channel/messages", "phone", "recipient_phone", *_ACCOUNT),
)


def resolve(raw: Raw, rules: Iterable[dict[str, str]]) -> Identity:
    """Who is who."""
    seen: set[Node] = set()
    together: dict[Node, set[Node]] = defaultdict(set)
    for node, linked in sightings(raw):
        seen.add(node)
        if linked:
            seen.add(linked)
            together[node].add(linked)
    ruled = {rule["identifier_type"]: rule for rule in rules}
    result = Identity({node: node for node in seen})
    _group_accounts(result, together, ruled)
    _give_devices(result, together, ruled)
    return result


def _group_accounts(
    result: Identity, together: dict[Node, set[Node]], rules: dict[str, dict[str, str]]
) -> None:
    id_cards: dict[Node, set[Node]] = defaultdict(set)
    for node, linked in together.items():
        for account in linked if node[0] == "id_card" else ():
            id_cards[account].add(node)
    owners = {
        node: {other for other in linked if other[0] == "customer"}
        for node, linked in together.items()
        if node[0] in STRONG
    }
    forest = _Forest()
    for node, accounts in owners.items():
        rule = rules[node[0]]
        people = {card for account in accounts for card in id_cards[account]}
        disagree = rule["must_agree_on_id_card"] == "true" and len(people) > 1
        if disagree or len(accounts) > int(rule["owners_allowed"]):
            result.untrusted.add(node)
            continue
        for account in accounts:
            forest.union(node, account)
    components: dict[Node, list[Node]] = defaultdict(list)
    for node in result.user_of:
        if node[0] == "customer" or node[0] in STRONG:
            components[forest.find(node)].append(node)
    for component, nodes in components.items():
        result.user_of.update(dict.fromkeys(nodes, component))
        if sum(node[0] == "id_card" for node in nodes) > 1:
            _split(result, nodes, id_cards)


def _split(result: Identity, nodes: list[Node], id_cards: dict[Node, set[Node]]) -> None:
    """Two people in one component: each id card keeps its accounts, nothing else connects."""
    for node in nodes:
        result.user_of[node] = node
        if node[0] in ("phone", "email"):
            result.untrusted.add(node)
        for card in id_cards.get(node, ()):
            if card not in result.untrusted:
                result.user_of[node] = card


def _give_devices(
    result: Identity, together: dict[Node, set[Node]], rules: dict[str, dict[str, str]]
) -> None:
    owners: dict[Node, set[Node]] = defaultdict(set)
    for node, linked in together.items():
        if node[0] == "device":
            owners[node] = {result.user_of[other] for other in linked}
    allowed = int(rules["device"]["owners_allowed"])
    shared = {node for node, users in owners.items() if len(users) > allowed}
    result.untrusted |= shared
    for node, users in owners.items():
        if node not in shared:
            result.user_of[node] = next(iter(users))
    allowed = int(rules["platform_user"]["owners_allowed"])
    for node, devices in together.items():
        if node[0] != "platform_user":
            continue
        people = {owner for device in devices for owner in owners.get(device, ())}
        users = people or devices
        if devices & shared or len(users) > allowed:
            result.untrusted.add(node)
        else:
            result.user_of[node] = next(iter(users))
