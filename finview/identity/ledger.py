"""The ledger of user keys: what a publish remembers, so that a user keeps its key for ever.

Written before the pointer moves, from the very files that are about to be served: a key that
somebody could have read is in the ledger. Rows are only ever added, in one file per build; a
publish that was cut off finds its own rows and adds nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from finview.audit import AuditChain
from finview.errors import FinviewError
from finview.identity import state
from finview.publish.content import literal
from finview.publish.copying import connect
from finview.publish.failpoint import failpoint
from finview.publish.manifest import MARTS_FILE, Manifest
from finview.settings import Home

_BRIDGE = "bridge_user_identifier"
_EVENTS = "fct_identity_event"
#: Without these columns a bridge is of a project from before the ledger.
_BRIDGE_COLUMNS = {"identifier_type", "identifier_value", "user_key", "is_anchor", "is_primary"}
_FILE = "served"
_LATEST = """
    select identifier_type, identifier_value, arg_max(user_key, issued_sequence) as user_key
    from {assignments} group by all
"""
_NEXT = "look at mart.bridge_user_identifier of the candidate; then: finview run"


@dataclass(frozen=True)
class Recorded:
    """How many rows a publish added to the ledger."""

    assignments: int = 0
    events: int = 0


def record_keys(home: Home, folder: Path, manifest: Manifest) -> Recorded:
    """Add to the ledger what is new in a version that is about to be served.

    Args:
        home: Home with the ledger.
        folder: Checked files of the version.
        manifest: Its manifest.

    Raises:
        FinviewError: an identifier has two users, a key changed its anchor, or the ledger is of
            a later build than the version. Nothing is added then.
    """
    sequence = manifest.build_sequence
    with connect(home.root / "tmp" / "identity") as connection:
        connection.execute(f"attach {literal(str(folder / MARTS_FILE))} as {_FILE} (read_only)")
        recorded = Recorded(
            _new_assignments(connection, home, manifest), _new_events(connection, home, manifest)
        )
        if recorded.assignments or recorded.events:
            # Before the files: a row too many after a crash, never a ledger without one.
            AuditChain(home).append(
                "user_keys_recorded",
                build_id=manifest.build_id,
                build_sequence=sequence,
                **asdict(recorded),
            )
        if recorded.assignments:
            fresh = "select * from fresh_assignments"
            state.write_select(connection, home, "key_assignments", fresh, sequence)
        failpoint("assignments_written")
        if recorded.events:
            fresh = "select * from fresh_events"
            state.write_select(connection, home, "identity_events", fresh, sequence)
        failpoint("events_written")
        connection.execute(f"detach {_FILE}")
    return recorded


def _new_assignments(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest) -> int:
    """Make `fresh_assignments`: identifiers that are new or have another user than before."""
    if not _columns(manifest, _BRIDGE) >= _BRIDGE_COLUMNS:
        return 0
    assignments = state.relation(home, "key_assignments")
    connection.execute(
        "create temp table served_keys as "
        "select identifier_type, identifier_value, user_key, is_anchor "
        f"from {_FILE}.mart.{_BRIDGE} where is_primary"
    )
    _check_keys(connection, assignments)
    connection.execute(
        "create temp table fresh_assignments as "
        f"select keys.*, {manifest.build_sequence}::bigint as issued_sequence, "
        f"date '{manifest.as_of_date}' as as_of_date from served_keys as keys "
        f"left join ({_LATEST.format(assignments=assignments)}) as latest "
        "using (identifier_type, identifier_value) "
        "where latest.user_key is distinct from keys.user_key"
    )
    found = _count(connection, "fresh_assignments")
    last = state.next_sequence(home, "key_assignments") - 1
    if found and last >= manifest.build_sequence:
        # Its rows would count as older than what they replace.
        raise FinviewError(
            f"the ledger of user keys is of build {last}, the candidate of build "
            f"{manifest.build_sequence}",
            "restore audit/ and accepted/ from one and the same backup",
        )
    return found


def _new_events(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest) -> int:
    """Make `fresh_events`, numbered; empty when a publish that was cut off wrote them.

    New are events without a sequence; where the mart has no such column, those that the ledger
    does not have.
    """
    columns = _columns(manifest, _EVENTS)
    if "event_kind" not in columns:
        return 0
    sequence = manifest.build_sequence
    if any(int(path.stem) == sequence for path in state.files(home, "identity_events")):
        return 0
    told = [
        name
        for name in state.TABLES["identity_events"]
        if name not in ("event_sequence", "event_number")
    ]
    order = ", ".join(f"{name} nulls last" for name in told)
    names = ", ".join(told)
    new = f"select {names} from {_FILE}.mart.{_EVENTS}"
    if "event_sequence" in columns:
        new += " where event_sequence is null"
    else:
        new += f" except all select {names} from {state.relation(home, 'identity_events')}"
    connection.execute(
        f"create temp table fresh_events as select {sequence}::bigint as event_sequence, "
        f"row_number() over (order by {order}) as event_number, {names} from ({new})"
    )
    return _count(connection, "fresh_events")


def _check_keys(connection: duckdb.DuckDBPyConnection, assignments: str) -> None:
    twice = _count(
        connection,
        "(select 1 from served_keys group by identifier_type, identifier_value "
        "having count(*) > 1)",
    )
    if twice:
        raise FinviewError(f"{twice} identifiers have more than one primary user", _NEXT)
    nothing = _count(
        connection,
        "served_keys where user_key is null or is_anchor is null "
        "or identifier_type is null or identifier_value is null",
    )
    if nothing:
        raise FinviewError(f"{nothing} identifiers have no user key", _NEXT)
    anchors = (
        "(select identifier_type, identifier_value, user_key from served_keys where is_anchor "
        f"union select identifier_type, identifier_value, user_key from {assignments} "
        "where is_anchor)"
    )
    for group in ("user_key", "identifier_type, identifier_value"):
        moved = _count(
            connection, f"(select 1 from {anchors} group by {group} having count(*) > 1)"
        )
        if moved:
            raise FinviewError(
                f"{moved} user keys would get another anchor than the ledger has: "
                "a key that was issued stays what it is",
                _NEXT,
            )


def _columns(manifest: Manifest, table: str) -> set[str]:
    info = manifest.tables.get(table)
    return {name for name, _ in info.columns} if info and info.schema == "mart" else set()


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
