"""Identifiers as people write them become what the marts hold; they are never shown or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from finview.errors import FinviewError
from finview.identity.state import stored_value
from finview.ingest.keys import bind_key, load_key
from finview.ingest.ledger import open_ledger
from finview.settings import Home


@contextmanager
def hasher(home: Home, *, needed: bool = True) -> Iterator[Callable[[str, str], str]]:
    """A function of type and raw value; with `needed` false nothing is opened.

    Raises:
        FinviewError: the key is missing or another one; from the function: nothing was given, or
            there is no such type.
    """
    if not needed:
        yield _refuse
        return
    if not home.audit.is_dir():
        raise FinviewError(f"no home at {home.root}", "name it with --home, or set FINVIEW_HOME")
    with open_ledger(home) as ledger, duckdb.connect() as hashing:
        bind_key(hashing, load_key(home, ledger, quiet=True))

        def stored(kind: str, raw: str) -> str:
            value = stored_value(hashing, kind, raw)
            if value is None:
                raise FinviewError(f"no {kind} was given", "one value per line, in this order")
            return value

        yield stored


def _refuse(kind: str, raw: str) -> str:
    raise AssertionError("no key was opened")
