"""Binding delivered columns to the contract by name, never by position."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from finview.contract import Table
from finview.ingest.refusal import Refusal

_LONGEST_NAME = 64
_MOST_SHOWN = 10


@dataclass(frozen=True)
class Binding:
    """Where each contract column is in a delivery.

    `positions` has the place of each contract column among the delivered ones, None for an absent
    optional one; `extra` the places of columns that the contract does not have and that are kept.
    `note` is a sentence for the report, empty when the delivery has the contract's columns.
    """

    positions: tuple[int | None, ...]
    extra: tuple[int, ...]
    note: str


def bind(table: Table, names: Sequence[str], *, must_have_required: bool = True) -> Binding:
    """Bind delivered column names to the contract by the table's drift policy.

    Names are compared trimmed and without regard to case.

    Raises:
        Refusal: a repeated or missing required column, or an unknown one where drift is refused.
    """
    cleaned = [name.strip().lower() for name in names]
    known = {column.name for column in table.columns}
    if not known & set(cleaned):
        hint = next((sep for sep in ";\t|" if any(sep in name for name in names)), None)
        raise Refusal(
            f"separated by {hint!r}: use commas"
            if hint
            else "the first line names no column of the contract: is the header missing?"
        )
    counts = Counter(cleaned)
    for name in cleaned:
        if counts[name] > 1:
            raise Refusal(f"the column {_shown(name)} appears twice in the header")
    unknown = [name for name in cleaned if name not in known]
    if must_have_required:
        for required in table.required_columns:
            if required not in counts:
                raise Refusal(f"required column '{required}' is missing{_guess(required, unknown)}")
    if unknown and table.drift == "refuse":
        absent = sorted(known - set(cleaned))
        close = difflib.get_close_matches(unknown[0], absent, n=1)
        guess = f"; did you mean '{close[0]}'?" if close else ""
        raise Refusal(
            f"unknown column {_shown(unknown[0])}{guess} (name it in the contract, or leave it out)"
        )
    position = {name: at for at, name in enumerate(cleaned)}
    positions = tuple(position.get(column.name) for column in table.columns)
    extra = tuple(sorted(position[name] for name in unknown)) if table.drift == "evolve" else ()
    return Binding(positions, extra, _note(table, positions, unknown))


def _note(table: Table, positions: Sequence[int | None], unknown: Sequence[str]) -> str:
    notes = []
    absent = [
        column.name for column, at in zip(table.columns, positions, strict=True) if at is None
    ]
    if absent:
        notes.append(f"optional columns not delivered, taken as empty: {', '.join(absent)}")
    if unknown:
        shown = ", ".join(_shown(name) for name in sorted(unknown)[:_MOST_SHOWN])
        more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
        what = "kept in _extra" if table.drift == "evolve" else "left out"
        notes.append(f"columns that the contract does not have, {what}: {shown}{more}")
    return "; ".join(notes)


def _guess(required: str, unknown: Sequence[str]) -> str:
    close = difflib.get_close_matches(required, unknown, n=1, cutoff=0.5)
    return f"; did you mean it by {_shown(close[0])}?" if close else ""


def _shown(name: str) -> str:
    """A header name for a message; what does not look like a name may be a value: not shown."""
    if len(name) <= _LONGEST_NAME and re.fullmatch(r"[^\W\d][\w .\-/()]*", name):
        return f"'{name}'"
    return f"(a name of {len(name)} characters)"
