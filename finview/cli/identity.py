"""Commands on users and their identifiers: identity explain, cut, link, undo, history."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from finview.cli import identity_output as out
from finview.cli.identity_fit import fit
from finview.cli.output import Group, home_option
from finview.errors import FinviewError
from finview.settings import Home

if TYPE_CHECKING:
    from finview.identity.graph import Identifier


@click.group(cls=Group, short_help="Who is one user, and why: explain, cut, link, undo, history.")
def identity() -> None:
    """Look into users and correct what the rules got wrong. See docs/identity.md.

    An identifier is written type:value with the value as BI shows it: customer:c-1001, phone: and
    a keyed hash. With --raw only the type is written and the value is asked for (or read from
    standard input, one per line), so that it stays out of the shell's history.
    """


identity.add_command(fit)

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_raw_option = click.option(
    "--raw", is_flag=True, help="Names are types only; ask for the values as people write them."
)
_reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Why; no personal data here."
)
_by_option = click.option(
    "--by", default="", metavar="WHO", help="Who decided [default: the user of the system]."
)
_dry_run_option = click.option("--dry-run", is_flag=True, help="Only show what would change.")


@identity.command(short_help="Why a user is one user, or what connects two identifiers.")
@click.argument("name")
@click.argument("other", required=False)
@_raw_option
@_json_option
@home_option
def explain(home: Home, name: str, other: str | None, raw: bool, as_json: bool) -> None:
    """Show the identifiers of a user with their evidence, or the strongest path between two.

    \b
    Examples:
      finview identity explain u_0123456789abcdef0123
      finview identity explain customer:c-1001 customer:c-2002
      finview identity explain phone --raw
    """
    from finview.identity import explain as explaining
    from finview.identity.marts import open_marts

    with _named(home, raw, name, other) as names, open_marts(home) as marts:
        first = names[0]
        assert first is not None
        if names[1] is None:
            found = explaining.explain(home, marts, first)
            if as_json:
                out.print_json(found.to_dict())
            else:
                out.print_explanation(found)
        else:
            between = explaining.connect(home, marts, first, names[1])
            if as_json:
                out.print_json(between.to_dict())
            else:
                out.print_connection(between)


@identity.command(short_help="Two identifiers are not one user, or one links nobody.")
@click.argument("left")
@click.argument("right", required=False)
@_reason_option
@_by_option
@_dry_run_option
@_raw_option
@home_option
def cut(
    home: Home, left: str, right: str | None, reason: str, by: str, dry_run: bool, raw: bool
) -> None:
    """Cut the direct link of two identifiers, or every link of one.

    \b
    Examples:
      finview identity cut customer:c-1001 customer:c-2002 --reason "two brothers" --dry-run
      finview identity cut device --raw --reason "tablet of a shop" --by lin
    """
    from finview.identity import decisions
    from finview.identity.marts import open_marts

    with _identifiers(home, raw, left, right) as (one, other):
        assert one is not None
        with open_marts(home) as marts:
            out.print_effect(decisions.effect_of_cut(marts, one, other))
        if not dry_run:
            out.print_decision(decisions.decide(home, "cut", one, other, reason=reason, by=by))


@identity.command(short_help="Two identifiers are one user.")
@click.argument("left")
@click.argument("right")
@_reason_option
@_by_option
@_dry_run_option
@_raw_option
@home_option
def link(home: Home, left: str, right: str, reason: str, by: str, dry_run: bool, raw: bool) -> None:
    """Link two identifiers, whatever the data says; the older user key survives.

    \b
    Examples:
      finview identity link customer:c-1001 customer:c-2002 --reason "said so at the counter"
      finview identity link customer phone --raw --reason "ticket 4711" --dry-run
    """
    from finview.identity import decisions
    from finview.identity.marts import open_marts

    with _identifiers(home, raw, left, right) as (one, other):
        assert one is not None and other is not None
        with open_marts(home) as marts:
            out.print_effect(decisions.effect_of_link(home, marts, one, other))
        if not dry_run:
            out.print_decision(decisions.decide(home, "link", one, other, reason=reason, by=by))


@identity.command(short_help="Take a cut or a link back.")
@click.argument("decision_id")
@_reason_option
@_by_option
@home_option
def undo(home: Home, decision_id: str, reason: str, by: str) -> None:
    """Take a decision back; it stays on record. `history` shows the numbers of decisions.

    \b
    Example:
      finview identity undo d-00000003 --reason "they are two after all"
    """
    from finview.identity import decisions

    out.print_decision(decisions.undo(home, decision_id, reason=reason, by=by))


@identity.command(short_help="Keys over builds, merges, splits and decisions.")
@click.argument("name")
@_raw_option
@_json_option
@home_option
def history(home: Home, name: str, raw: bool, as_json: bool) -> None:
    """Show what became of a user key or of an identifier, oldest first.

    \b
    Examples:
      finview identity history u_0123456789abcdef0123
      finview identity history customer:c-1001 --json
    """
    from finview.identity.history import history as read_history

    with _named(home, raw, name, None) as names:
        assert names[0] is not None
        found = read_history(home, names[0])
    if as_json:
        out.print_json(found.to_dict())
    else:
        out.print_history(found)


@contextmanager
def _named(
    home: Home, raw: bool, *names: str | None
) -> Iterator[tuple[str | Identifier | None, ...]]:
    """Users as they are, identifiers as `Identifier`; raw values are asked for and hashed."""
    from finview.identity.graph import Identifier
    from finview.identity.naming import hasher

    def read(stored: Callable[[str, str], str], name: str | None) -> str | Identifier | None:
        if name is None or name.startswith("u_"):
            return name
        if not raw:
            return Identifier.parse(name)
        kind, _, value = name.partition(":")
        if value:
            raise FinviewError(
                "with --raw a value does not belong on the command line: it would stay in the "
                "shell's history",
                f"write only the type: {kind}",
            )
        if sys.stdin.isatty():
            return Identifier(kind, stored(kind, click.prompt(kind, hide_input=True)))
        return Identifier(kind, stored(kind, sys.stdin.readline()))

    with hasher(home, needed=raw) as stored:
        yield tuple(read(stored, name) for name in names)


@contextmanager
def _identifiers(
    home: Home, raw: bool, left: str, right: str | None
) -> Iterator[tuple[Identifier | None, Identifier | None]]:
    """As `_named`, for commands that take no users."""
    with _named(home, raw, left, right) as names:
        for name in names:
            if isinstance(name, str):
                raise FinviewError(
                    f"{name} is a user, this needs an identifier",
                    f"see its identifiers: finview identity explain {name}",
                )
        yield names[0], names[1]  # type: ignore[misc]
