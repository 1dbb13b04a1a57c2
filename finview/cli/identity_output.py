"""How `finview identity` shows users, links and decisions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from finview.cli.output import console, print_table

if TYPE_CHECKING:
    from finview.identity.decisions import Decision, Effect
    from finview.identity.explain import Connection, Explanation
    from finview.identity.graph import Link
    from finview.identity.history import History

_NEXT = "takes effect with the next build: finview run"


def print_json(value: dict[str, Any]) -> None:
    """Print a result as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_explanation(found: Explanation) -> None:
    """Print the identifiers of a user with their evidence."""
    if found.asked:
        console.print(f"{found.asked} was merged into {found.user_key}", markup=False)
    rows = []
    for each in found.identifiers:
        told = each.to_dict()
        marks = [
            "anchor" if told["is_anchor"] else "",
            "" if told["is_primary"] else "not its own",
            f"demoted: {told['demotion_reason']}" if told["is_demoted"] else "",
        ]
        rows.append(
            [
                told["identifier"],
                told["basis"] or "alone",
                told["rule"] or "",
                told["source"] or "",
                _day(told["first_seen_at"]),
                _day(told["last_seen_at"]),
                str(told["sighting_count"] if told["sighting_count"] is not None else ""),
                _text(told["match_probability"]),
                ", ".join(mark for mark in marks if mark),
            ]
        )
    titles = ["identifier", "basis", "rule", "source", "first seen", "last seen", "sightings"]
    print_table(f"user {found.user_key}", [*titles, "probability", "notes"], rows)
    if found.links:
        print_links("links of the identifier", found.links)


def print_connection(found: Connection) -> None:
    """Print what connects two identifiers, or what does not any more."""
    one, other = found.users
    if one == other and found.path:
        print_links(f"one user, {one}, over {len(found.path)} links", found.path)
    elif one == other:
        console.print(f"one user, {one}, but no link in force connects them", markup=False)
    else:
        console.print(f"two users: {found.left} is {one}, {found.right} is {other}", markup=False)
        if found.cut:
            print_links("links between the two users that do not count", found.cut)


def print_links(title: str, links: Sequence[Link]) -> None:
    """Print links as a table."""
    rows = [
        [
            str(each.left),
            str(each.right),
            each.link_basis,
            each.rule_code,
            each.source_name or "",
            _text(each.weight),
            str(each.sighting_count),
            _day(each.first_seen_at),
            _day(each.last_seen_at),
            _text(each.match_probability),
            "" if each.is_active else f"cut: {each.cut_reason or ''}",
        ]
        for each in links
    ]
    titles = ["left", "right", "basis", "rule", "source", "weight", "sightings"]
    print_table(title, [*titles, "first seen", "last seen", "probability", "notes"], rows)


def print_effect(effect: Effect) -> None:
    """Print which identifiers would be which user."""
    rows, fresh = [], 0
    for user, group in effect.groups:
        fresh += user is None
        rows += [[user or f"new user {fresh}", str(each)] for each in group]
    print_table("users after the decision", ["user", "identifier"], rows)
    if effect.is_without_effect:
        console.print("one user: other links keep all of them together", markup=False)


def print_decision(decision: Decision) -> None:
    """Say that a decision was recorded, and when it counts."""
    console.print(f"{decision.decision_id} recorded ({decision.action}); {_NEXT}", markup=False)


def print_history(found: History) -> None:
    """Print keys, events and decisions, oldest first."""
    rows = [
        [
            str(row["issued_sequence"]),
            str(row["as_of_date"]),
            f"{row['identifier_type']}:{row['identifier_value']}",
            row["user_key"] + (" (made from it)" if row["is_anchor"] else ""),
        ]
        for row in found.assignments
    ]
    print_table("user keys", ["build", "as of", "identifier", "user"], rows)
    rows = [
        [
            str(row["event_sequence"]),
            str(row["as_of_date"]),
            row["event_kind"],
            row["user_key"] or "",
            row["other_user_key"] or "",
            _joined(row["identifier_type"], row["identifier_value"]),
            row["reason"] or "",
        ]
        for row in found.events
    ]
    titles = ["build", "as of", "what", "user", "other user", "identifier", "why"]
    if rows:
        print_table("events", titles, rows)
    rows = [
        [
            each.decision_id,
            f"{each.decided_at:%Y-%m-%d %H:%M}",
            each.decided_by,
            each.action + (f" {each.undoes_decision_id}" if each.undoes_decision_id else ""),
            str(each.left),
            str(each.right or ""),
            each.reason,
        ]
        for each in found.decisions
    ]
    titles = ["decision", "when (UTC)", "who", "what", "left", "right", "why"]
    if rows:
        print_table("decisions", titles, rows)
    if found.merged_with:
        console.print(f"merged with: {', '.join(found.merged_with)}", markup=False)


def _day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else ""


def _text(number: Any) -> str:
    return f"{Decimal(number).normalize():f}" if number is not None else ""


def _joined(kind: str | None, value: str | None) -> str:
    return f"{kind}:{value}" if kind else ""
