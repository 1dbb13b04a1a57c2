"""What the pipeline says while it works: one place that the command line listens to."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import TypeVar

Event = TypeVar("Event")

#: (kind, message): kind is "start", "done", "failed", "note" or "tick" (a counter inside a stage).
Listener = Callable[[str, str], None]

_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Send what the pipeline says in this block to `listener`."""
    if listener is None:
        yield
        return
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def say(kind: str, message: str) -> None:
    """Tell every listener."""
    for listener in _listeners:
        listener(kind, message)


def count(message: str, done: int, total: int) -> None:
    """Progress inside a stage, in the form that ingestion and the simulator report it."""
    say("tick", f"{message} ({done}/{total})")


def quietly(events: Iterable[Event]) -> Iterator[Event]:
    """The same events; what making each of them prints is dropped while a listener shows progress.

    dagster-dbt prints every line of dbt's log, which is in `dbt_target/dbt.log` anyway.
    """
    iterator = iter(events)
    done = 0
    while True:
        with redirect_stdout(io.StringIO()) if _listeners else nullcontext():
            try:
                event = next(iterator)
            except StopIteration:
                return
        done += 1
        say("tick", f"{done} results")
        yield event


class Stage:
    """A stage under way; `result` is the short sentence shown when it is done."""

    def __init__(self) -> None:
        self.result = ""


@contextmanager
def stage(title: str) -> Iterator[Stage]:
    """Announce a stage, and how it ended with the seconds it took."""
    say("start", title)
    began = time.monotonic()
    current = Stage()
    try:
        yield current
    except BaseException:
        say("failed", f"{title} ({time.monotonic() - began:.0f} s)")
        raise
    result = f": {current.result}" if current.result else ""
    say("done", f"{title}{result} ({time.monotonic() - began:.0f} s)")
