"""How far a table is pulled: one small file per table under `pull/` of the home.

A state is written after the files it speaks of are complete. A crash between the two pulls the
same rows again, which ingestion counts as duplicates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from finview.contract import Table
from finview.durable import canonical_json, write_atomic
from finview.errors import FinviewError
from finview.pull.config import PulledTable
from finview.settings import Home


@dataclass(frozen=True)
class State:
    """The end of the last pull.

    `cursor` is PostgreSQL's text of the latest value that is safe to go on from; `digest` and
    `rows` are those of the last whole pull; `columns` are the remote's types by column.
    """

    origin: str
    cursor: str | None = None
    sequence: int = 0
    digest: str = ""
    rows: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


def origin(pulled: PulledTable) -> str:
    """What a cursor belongs to; a cursor of another table or column means nothing."""
    return f"{pulled.connection.name}:{pulled.remote}:{pulled.cursor or 'whole'}"


def load_state(home: Home, pulled: PulledTable) -> State | None:
    """State of a table, or None before its first pull.

    Raises:
        FinviewError: it cannot be read, or belongs to another remote table.
    """
    path = _path(home, pulled.table)
    again = f"finview pull --full --table {pulled.table.full_name} pulls everything once more"
    try:
        state = State(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise FinviewError(f"{pulled.table.full_name}: {path} cannot be read", again) from None
    if state.origin != origin(pulled):
        raise FinviewError(
            f"{pulled.table.full_name}: it was pulled from {state.origin}, now finview.yml says "
            f"{origin(pulled)}; the cursor does not fit",
            again,
        )
    return state


def save_state(home: Home, table: Table, state: State) -> None:
    """Write a state so that a crash leaves the old or the new one."""
    path = _path(home, table)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, canonical_json(asdict(state)) + "\n")


def _path(home: Home, table: Table) -> Path:
    return home.root / "pull" / f"{table.full_name}.json"
