"""Named places at which a crash test stops the process as `kill -9` would."""

from __future__ import annotations

import os

FAILPOINTS = (
    "candidate_written",
    "manifest_written",
    "version_renamed",
    "assignments_written",
    "events_written",
    "before_pointer",
    "after_pointer",
)


def failpoint(name: str) -> None:
    """End the process at once, without clean-up, when `$FINVIEW_FAILPOINT` is `name`."""
    if name not in FAILPOINTS:
        raise ValueError(f"unknown failpoint {name!r}")
    if os.environ.get("FINVIEW_FAILPOINT") == name:
        os._exit(137)
