"""Binding delivered columns to the contract by name, never by position."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from finview.contract import Table
from finview.ingest.landing import Refusal

_LONGEST_NAME = 64


def bind(table: Table, names: Sequence[str]) -> tuple[int | None, ...]:
    """Position in `names` of each contract column, None for an absent optional one.

    Names are compared trimmed and without regard to case.

    Raises:
        Refusal: a repeated, unknown or missing required column.
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
    for name in cleaned:
        if cleaned.count(name) > 1:
            raise Refusal(f"the column {_shown(name)} appears twice in the header")
    unknown = [name for name in cleaned if name not in known]
    for required in table.required_columns:
        if required not in cleaned:
            raise Refusal(f"required column '{required}' is missing{_guess(required, unknown)}")
    if unknown:
        absent = sorted(known - set(cleaned))
        close = difflib.get_close_matches(unknown[0], absent, n=1)
        guess = f"; did you mean '{close[0]}'?" if close else ""
        raise Refusal(
            f"unknown column {_shown(unknown[0])}{guess} (name it in the contract, or leave it out)"
        )
    return tuple(
        cleaned.index(column.name) if column.name in cleaned else None for column in table.columns
    )


def absent_note(table: Table, binding: Sequence[int | None]) -> str:
    """Sentence on the optional columns that were not delivered; empty when all were."""
    absent = [column.name for column, at in zip(table.columns, binding, strict=True) if at is None]
    return f"optional columns not delivered, taken as empty: {', '.join(absent)}" if absent else ""


def _guess(required: str, unknown: Sequence[str]) -> str:
    close = difflib.get_close_matches(required, unknown, n=1, cutoff=0.5)
    return f"; did you mean it by {_shown(close[0])}?" if close else ""


def _shown(name: str) -> str:
    """A header name for a message; what does not look like a name may be a value: not shown."""
    if len(name) <= _LONGEST_NAME and re.fullmatch(r"[^\W\d][\w .\-/()]*", name):
        return f"'{name}'"
    return f"(a name of {len(name)} characters)"
