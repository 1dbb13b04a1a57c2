"""One writer per home: the lock a run holds from ingestion to publishing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from finview.durable import locked
from finview.errors import FinviewError
from finview.settings import Home

_held: dict[Path, ExitStack] = {}


def hold(home: Home) -> None:
    """Take the lock of a home and keep it until this process ends; no-op when it has it already.

    For run workers of the orchestrator, which are one process per run.

    Raises:
        FinviewError: another process is working on this home.
    """
    if home.root in _held:
        return
    stack = ExitStack()
    try:
        stack.enter_context(locked(home.root / ".run.lock", wait=False))
    except BlockingIOError:
        raise FinviewError(
            f"another run is working on {home.root}", "wait for it to end, then try again"
        ) from None
    _held[home.root] = stack


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Be the only writer of a home in this block; blocks may nest.

    Raises:
        FinviewError: another process is working on this home.
    """
    if home.root in _held:
        yield
        return
    hold(home)
    try:
        yield
    finally:
        _held.pop(home.root).close()
