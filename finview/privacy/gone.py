"""The people on the suppression list as temporary tables, and the conditions that find them.

Every removal goes by the list, not by what was typed: a removal that was cut off, or a home that
was restored from a backup, is brought up to date by removing again whoever is on the list.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import duckdb

from finview.contract import Contract, Table
from finview.ingest.identifiers import OLD_KEY_SLOTS, keyed_hash
from finview.privacy.person import has_files, source_of
from finview.privacy.suppression import plain_class
from finview.publish.content import quoted
from finview.settings import Home


def load_gone(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    contract: Contract,
    entries: Iterable[tuple[str, str]],
) -> None:
    """Fill `gone (pii, value)` with the list, `gone_ids (pii, value)` with the plain ids found.

    Args:
        connection: Of `finview.privacy.files.engine`, with the key of the entries bound.
        home: Whose accepted data holds the plain ids.
        contract: Its tables.
        entries: (class, hash) of the list.
    """
    connection.execute("create or replace temp table gone (pii varchar, value varchar)")
    connection.execute("create or replace temp table gone_ids (pii varchar, value varchar)")
    rows = list(entries)
    connection.execute(
        "insert into gone select distinct unnest($1::varchar[]), unnest($2::varchar[])",
        [[pii for pii, _ in rows], [value for _, value in rows]],
    )
    for table in contract.tables:
        if not has_files(home, table):
            continue
        for column in table.columns:
            if pii := plain_class(column.name):
                name = quoted(column.name)
                add_ids(connection, pii, f"select {name} from {source_of(home, table)}")


def add_ids(connection: duckdb.DuckDBPyConnection, pii: str, select: str) -> None:
    """Add to `gone_ids` the plain ids of a select that are on the list; each is hashed once."""
    connection.execute(
        f"insert into gone_ids select '{pii}', v from ("
        f"select distinct v::varchar as v from ({select}) as ids (v) where v is not null) "
        f"where {_is_listed(pii, 'v')} "
        f"and v not in (select value from gone_ids where pii = '{pii}')"
    )


def is_gone(columns: Iterable[tuple[str, str | None, str]]) -> str:
    """SQL: does a row name somebody on the list?

    Args:
        columns: (name, personal-data class, accepted name) of each column.
    """
    tests = []
    for name, pii, stored in columns:
        if pii is not None:
            if pii != "name":
                tests.append((quoted(stored), f"select value from gone where pii = '{pii}'"))
        elif plain := plain_class(name):
            tests.append((quoted(stored), f"select value from gone_ids where pii = '{plain}'"))
    return " or ".join(f"coalesce({name} in ({known}), false)" for name, known in tests) or "false"


def row_is_gone(table: Table, present: Container[str] | None = None) -> str:
    """SQL over accepted rows of a table: does the row name somebody on the list?

    `present` leaves out the columns that a batch from before the contract grew does not have.
    """
    return is_gone(
        (column.name, str(column.pii) if column.is_hashed else None, column.accepted_name)
        for column in table.columns
        if present is None or column.accepted_name in present
    )


def listed_among(
    connection: duckdb.DuckDBPyConnection, values: Iterable[str], classes: Sequence[str]
) -> set[str]:
    """Which of the raw values are on the list as one of the classes."""
    unique = sorted(set(values))
    if not unique:
        return set()
    connection.execute(
        "create or replace temp table given as select unnest($1::varchar[]) as v", [unique]
    )
    tests = " or ".join(_is_listed(pii, "v") for pii in classes)
    found = connection.execute(f"select v from given where {tests}").fetchall()
    return {str(value) for (value,) in found}


def _is_listed(pii: str, value: str) -> str:
    """SQL: is a raw value on the list, under the key in use or an earlier one that is given?"""
    hashes = [keyed_hash(pii, value)] + [
        f"case when getvariable('finview_ipad{slot}') is not null "
        f"then {keyed_hash(pii, value, str(slot))} end"
        for slot in range(1, OLD_KEY_SLOTS + 1)
    ]
    known = f"select value from gone where pii = '{pii}'"
    return "(" + " or ".join(f"coalesce({one} in ({known}), false)" for one in hashes) + ")"
