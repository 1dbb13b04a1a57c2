"""What people decide about identity: two identifiers are one user, or they are not.

A decision is a row of the table `decisions` and of the audit chain; the models of the next build
follow it. Everything that can be known to be a mistake is refused here, before it is written.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime

from finview.audit import AuditChain, BuildRecord
from finview.errors import FinviewError
from finview.identity import state
from finview.identity.graph import Identifier, components
from finview.identity.marts import IdentityMarts, Owned
from finview.ingest.identifiers import masked
from finview.pipeline.exclusive import exclusive
from finview.settings import Home

#: What follows others can be joined only to what it follows; everything else names a person.
_FOLLOWS = {"device": ("customer", "phone"), "platform_user": ()}


@dataclass(frozen=True)
class Decision:
    """A row of `decisions`; the fields are its columns."""

    decision_id: str
    decided_at: datetime
    decided_by: str
    action: str
    left_type: str
    left_value: str
    right_type: str | None
    right_value: str | None
    reason: str
    undoes_decision_id: str | None
    decision_sequence: int

    @property
    def left(self) -> Identifier:
        """The identifier that is cut or linked."""
        return Identifier(self.left_type, self.left_value)

    @property
    def right(self) -> Identifier | None:
        """The other one; None when a cut concerns the left one alone."""
        if self.right_type is None or self.right_value is None:
            return None
        return Identifier(self.right_type, self.right_value)


@dataclass(frozen=True)
class Effect:
    """What a decision would change: groups of identifiers, each with the user it would have.

    `user_key` is None for a user that gets a key of its own.
    """

    groups: tuple[tuple[str | None, tuple[Identifier, ...]], ...] = field(default=())

    is_cut: bool = False

    @property
    def is_without_effect(self) -> bool:
        """A cut after which other links hold everything together."""
        return self.is_cut and len(self.groups) == 1


def decisions(home: Home) -> list[Decision]:
    """Every decision, oldest first."""
    found = [Decision(**row) for row in state.rows(home, "decisions")]
    return sorted(found, key=lambda decision: decision.decision_sequence)


def in_force(all_: Sequence[Decision]) -> list[Decision]:
    """Cuts and links that were not undone."""
    undone = {decision.undoes_decision_id for decision in all_}
    return [
        decision
        for decision in all_
        if decision.action != "undo" and decision.decision_id not in undone
    ]


def effect_of_cut(marts: IdentityMarts, left: Identifier, right: Identifier | None) -> Effect:
    """What stays together without the links between two identifiers, or without any of one.

    Raises:
        FinviewError: an identifier is unknown, or there is no such link.
    """
    if left == right:
        raise FinviewError("both identifiers are the same", "name two, or one to cut all its links")
    owner = marts.owner(left)
    user = owner.user_key
    if right is not None:
        marts.owner(right)
    links = marts.active_links(user)
    cut = {
        link.ends for link in links if left in link.ends and (right is None or right in link.ends)
    }
    if not cut:
        direct = sorted(
            {str(end) for link in links if left in link.ends for end in link.ends} - {str(left)}
        )
        what = f"{left} and {right} are not linked directly" if right else f"nothing links {left}"
        raise FinviewError(what, f"direct links of {left}: {', '.join(direct) or 'none'}")
    own = [each for each in marts.identifiers(user) if each.is_primary]
    kept = [link.ends for link in links if link.ends not in cut]
    groups = components([each.identifier for each in own], kept)
    anchor = next((each.identifier for each in own if each.is_anchor), None)
    # First the group that keeps the key, then as they come: the largest first.
    groups.sort(key=lambda group: anchor not in group)
    return Effect(
        tuple((user if anchor in group else None, tuple(group)) for group in groups), is_cut=True
    )


def effect_of_link(home: Home, marts: IdentityMarts, left: Identifier, right: Identifier) -> Effect:
    """The one user that two identifiers would have; the older key survives.

    Raises:
        FinviewError: an identifier is unknown, both are the same, one of them only follows others,
            or the users have two id cards.
    """
    if left == right:
        raise FinviewError("both identifiers are the same", "name two")
    for one, other in ((left, right), (right, left)):
        if other.type not in _FOLLOWS.get(one.type, (other.type,)):
            allowed = " or a ".join(_FOLLOWS[one.type])
            raise FinviewError(
                f"a {one.type} cannot be linked to a {other.type}",
                f"link it to a {allowed}" if allowed else "link the device that it is seen on",
            )
    users = [marts.owner(left).user_key, marts.owner(right).user_key]
    owned = {user: [each for each in marts.identifiers(user) if each.is_primary] for user in users}
    cards = [_cards(owned[user]) for user in users]
    if users[0] != users[1] and cards[0] and cards[1] and cards[0] != cards[1]:
        raise FinviewError(
            f"{users[0]} and {users[1]} have different id cards: the link would be cut again, for "
            "no user has two",
            f"see why: finview identity explain {left} {right}",
        )
    survivor = min(owned, key=lambda user: _age(home, user, owned[user]))
    together = sorted({each.identifier for rows in owned.values() for each in rows})
    return Effect(((survivor, tuple(together)),))


def decide(
    home: Home,
    action: str,
    left: Identifier,
    right: Identifier | None,
    *,
    reason: str,
    by: str = "",
) -> Decision:
    """Record a cut or a link; the next build follows it.

    Raises:
        FinviewError: no reason, the same is decided already, or something else works on the home.
    """
    if right is not None and right < left:
        left, right = right, left
    with exclusive(home):
        for earlier in in_force(decisions(home)):
            if (earlier.action, earlier.left, earlier.right) == (action, left, right):
                raise FinviewError(
                    f"that is decided already: {earlier.decision_id} by {earlier.decided_by}",
                    f"take it back: finview identity undo {earlier.decision_id}",
                )
        return _append(home, action, left, right, reason, by, None)


def undo(home: Home, decision_id: str, *, reason: str, by: str = "") -> Decision:
    """Take a decision back.

    Raises:
        FinviewError: there is no such decision, it is an undo, or it was taken back already.
    """
    with exclusive(home):
        known = decisions(home)
        found = next((each for each in known if each.decision_id == decision_id), None)
        if found is None:
            listed = ", ".join(each.decision_id for each in in_force(known)[-5:]) or "none"
            raise FinviewError(f"no decision {decision_id}", f"in force: {listed}")
        if found.action == "undo":
            raise FinviewError(
                f"{decision_id} takes {found.undoes_decision_id} back and cannot be undone",
                f"decide again: finview identity cut, finview identity link {found.left}",
            )
        later = [each for each in known if each.undoes_decision_id == decision_id]
        if later:
            raise FinviewError(
                f"{decision_id} was taken back already by {later[0].decision_id}",
                "nothing is to be done",
            )
        return _append(home, "undo", found.left, found.right, reason, by, decision_id)


def _append(
    home: Home,
    action: str,
    left: Identifier,
    right: Identifier | None,
    reason: str,
    by: str,
    undoes: str | None,
) -> Decision:
    if not reason.strip():
        raise FinviewError("a decision needs a reason", "say why: --reason TEXT")
    state.create_tables(home)
    sequence = state.next_sequence(home, "decisions")
    decision = Decision(
        f"d-{sequence:08d}",
        datetime.now(UTC).replace(tzinfo=None),
        masked(by.strip() or _user()),
        action,
        left.type,
        left.value,
        right.type if right else None,
        right.value if right else None,
        masked(reason.strip()),
        undoes,
        sequence,
    )
    # Before the file: a row too many after a crash, never a decision without one. No identifier
    # and no words of the reason: the chain cannot be erased.
    AuditChain(home).append(
        "identity_decided",
        decision_id=decision.decision_id,
        action=action,
        decided_by=decision.decided_by,
        types=[each.type for each in (left, right) if each],
        undoes_decision_id=undoes,
    )
    state.write(home, "decisions", [astuple(decision)], sequence)
    record = BuildRecord(home)
    if record.load() is not None:
        # Layers built so far do not know the decision.
        record.stage("ingest", False, {"note": "a decision about identity was taken"})
    return decision


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _cards(rows: Sequence[Owned]) -> set[str]:
    return {each.identifier.value for each in rows if each.identifier.type == "id_card"}


def _age(home: Home, user: str, rows: Sequence[Owned]) -> tuple[int, str, str]:
    """Sorts users by the age of their key: the build that issued it, then the first sighting."""
    issued = [
        row["issued_sequence"]
        for row in state.rows_where(home, "key_assignments", "user_key = $1", [user])
    ]
    seen = [each.row["first_seen_at"] for each in rows if each.row.get("first_seen_at")]
    return min(issued, default=2**62), str(min(seen, default="~")), user
