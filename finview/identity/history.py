"""What happened to a user or an identifier: keys over builds, merges, splits, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from finview.errors import FinviewError
from finview.identity import state
from finview.identity.decisions import Decision, decisions
from finview.identity.graph import Identifier
from finview.settings import Home


@dataclass(frozen=True)
class History:
    """Everything the ledger knows of a user or an identifier, oldest first.

    Args:
        name: What was asked for.
        assignments: Rows of `key_assignments`.
        events: Rows of `identity_events`.
        merged_with: User keys that it was merged with, nearest first.
        decisions: Decisions that name one of the identifiers.
    """

    name: str
    assignments: Sequence[dict[str, Any]]
    events: Sequence[dict[str, Any]]
    merged_with: Sequence[str]
    decisions: Sequence[Decision]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "name": self.name,
            "assignments": list(self.assignments),
            "events": list(self.events),
            "merged_with": list(self.merged_with),
            "decisions": [vars(decision) for decision in self.decisions],
        }


def history(home: Home, name: str | Identifier) -> History:
    """The history of a user key, or of an identifier with the users it had.

    Raises:
        FinviewError: the ledger does not know it.
    """
    if isinstance(name, Identifier):
        pair = [name.type, name.value]
        condition = "identifier_type = $1 and identifier_value = $2"
        assigned = state.rows_where(home, "key_assignments", condition, pair)
        users = sorted({row["user_key"] for row in assigned})
        events = state.rows_where(home, "identity_events", condition, pair)
        events += [
            row
            for row in _events(home, users)
            if row["event_kind"] in ("merged", "split", "restored") and row not in events
        ]
    else:
        assigned = state.rows_where(home, "key_assignments", "user_key = $1", [name])
        events = _events(home, [name])
    named = {Identifier(row["identifier_type"], row["identifier_value"]) for row in assigned}
    if isinstance(name, Identifier):
        named = {name}
    decided = [each for each in decisions(home) if named & {each.left, each.right}]
    if not (assigned or events or decided):
        raise FinviewError(
            f"the ledger does not know {name}",
            "it begins with the first publish: finview run; spelling: type:value or u_…",
        )
    return History(
        str(name),
        sorted(
            assigned,
            key=lambda row: (
                row["issued_sequence"],
                row["identifier_type"],
                row["identifier_value"],
            ),
        ),
        sorted(events, key=lambda row: (row["event_sequence"], row["event_number"])),
        redirected(home, name) if isinstance(name, str) else (),
        decided,
    )


def redirected(home: Home, user_key: str) -> list[str]:
    """User keys that a key was merged with, nearest first; the one that lives is among them."""
    merges = state.rows_where(home, "identity_events", "event_kind = 'merged'")
    pairs = [{row["user_key"], row["other_user_key"]} for row in merges]
    found = [user_key]
    for known in found:  # grows while it is walked
        beside = sorted({other for pair in pairs if known in pair for other in pair if other})
        found += [other for other in beside if other not in found]
    return found[1:]


def _events(home: Home, users: Sequence[str]) -> list[dict[str, Any]]:
    condition = "list_contains($1::varchar[], user_key) or list_contains($1, other_user_key)"
    return state.rows_where(home, "identity_events", condition, [list(users)])
