"""Why identifiers are one user: the evidence of each, and the path between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from finview.errors import FinviewError
from finview.identity.graph import Identifier, Link, strongest_path
from finview.identity.history import redirected
from finview.identity.marts import IdentityMarts, Owned
from finview.settings import Home


@dataclass(frozen=True)
class Evidence:
    """An identifier of a user with the strongest link that holds it there."""

    owned: Owned
    link: Link | None
    link_count: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; columns that the bridge does not have are left out."""
        row, link = self.owned.row, self.link
        return {
            "identifier": str(self.owned.identifier),
            "is_anchor": self.owned.is_anchor,
            "is_primary": self.owned.is_primary,
            "basis": link.link_basis if link else None,
            "rule": link.rule_code if link else None,
            "source": link.source_name if link else None,
            "links": self.link_count,
            "first_seen_at": row.get("first_seen_at"),
            "last_seen_at": row.get("last_seen_at"),
            "sighting_count": row.get("sighting_count"),
            "match_probability": link.match_probability if link else None,
            "is_demoted": bool(row.get("is_demoted")),
            "demotion_reason": row.get("demotion_reason"),
        }


@dataclass(frozen=True)
class Explanation:
    """Why a user is one.

    Args:
        user_key: The user.
        asked: User that was asked for, when it is another: it was merged into this one.
        identifiers: Evidence for each identifier.
        links: Links of the identifier that was asked for, the strongest first, then cut ones.
    """

    user_key: str
    asked: str | None
    identifiers: Sequence[Evidence]
    links: Sequence[Link] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "user_key": self.user_key,
            "merged_from": self.asked,
            "identifiers": [each.to_dict() for each in self.identifiers],
            "links": [link_dict(link) for link in self.links],
        }


@dataclass(frozen=True)
class Connection:
    """What connects two identifiers, or what does not any more.

    Args:
        left: From here.
        right: To here.
        users: Their users; the same twice when they are one.
        path: Strongest path of links in force; empty for two users.
        cut: Links between the two, or between their users, that are not in force.
    """

    left: Identifier
    right: Identifier
    users: tuple[str, str]
    path: Sequence[Link] = field(default=())
    cut: Sequence[Link] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "left": str(self.left),
            "right": str(self.right),
            "user_keys": list(self.users),
            "is_one_user": self.users[0] == self.users[1],
            "path": [link_dict(link) for link in self.path],
            "cut": [link_dict(link) for link in self.cut],
        }


def link_dict(link: Link) -> dict[str, Any]:
    """A link for `--json`."""
    return {
        "left": str(link.left),
        "right": str(link.right),
        "basis": link.link_basis,
        "rule": link.rule_code,
        "source": link.source_name,
        "weight": link.weight,
        "sighting_count": link.sighting_count,
        "first_seen_at": link.first_seen_at,
        "last_seen_at": link.last_seen_at,
        "match_probability": link.match_probability,
        "is_active": link.is_active,
        "cut_reason": link.cut_reason,
    }


def find_user(home: Home, marts: IdentityMarts, user_key: str) -> tuple[str, str | None]:
    """The user of a key, and the key itself if it was merged into another.

    Raises:
        FinviewError: no such user was ever published.
    """
    if marts.identifiers(user_key):
        return user_key, None
    for other in redirected(home, user_key):
        if marts.identifiers(other):
            return other, user_key
    raise FinviewError(
        f"there is no user {user_key}",
        "user keys stand in mart.dim_user; name an identifier instead: customer:c-1001",
    )


def explain(home: Home, marts: IdentityMarts, name: str | Identifier) -> Explanation:
    """Why a user, or the user of an identifier, is one.

    Raises:
        FinviewError: there is no such user or identifier.
    """
    own_links: list[Link] = []
    if isinstance(name, Identifier):
        user, asked = marts.owner(name).user_key, None
        own_links = sorted(
            marts.links([name]), key=lambda link: (link.is_active, link.rank), reverse=True
        )
    else:
        user, asked = find_user(home, marts, name)
    links = marts.active_links(user)
    found = []
    for owned in marts.identifiers(user):
        ends = [link for link in links if owned.identifier in link.ends]
        best = max(ends, key=lambda link: link.rank, default=None)
        found.append(Evidence(owned, best, len(ends)))
    return Explanation(user, asked, found, own_links)


def connect(
    home: Home, marts: IdentityMarts, left: str | Identifier, right: str | Identifier
) -> Connection:
    """What connects two identifiers; a user stands for the identifier its key was made from.

    Raises:
        FinviewError: one of them is unknown, or both are the same.
    """
    ends = [_standing_for(home, marts, name) for name in (left, right)]
    if ends[0] == ends[1]:
        raise FinviewError(f"both are {ends[0]}", "name two different ones")
    users = (marts.owner(ends[0]).user_key, marts.owner(ends[1]).user_key)
    if users[0] == users[1]:
        path = strongest_path(marts.active_links(users[0]), ends[0], ends[1])
        return Connection(ends[0], ends[1], users, path)
    owned = [
        {each.identifier for each in marts.identifiers(user) if each.is_primary} for user in users
    ]
    cut = [
        link
        for link in marts.links(sorted(owned[0]))
        if any(link.ends[one] in owned[0] and link.ends[1 - one] in owned[1] for one in (0, 1))
    ]
    return Connection(ends[0], ends[1], users, (), cut)


def _standing_for(home: Home, marts: IdentityMarts, name: str | Identifier) -> Identifier:
    if isinstance(name, Identifier):
        return marts.owner(name).identifier
    user, _ = find_user(home, marts, name)
    return marts.identifiers(user)[0].identifier
