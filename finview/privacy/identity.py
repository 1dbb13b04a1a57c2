"""Erasing from what finview keeps about identity: decisions, user keys, merges and splits.

With a person's identifiers go their user keys: a key is made from an identifier. A key stays when
somebody else has it too, that is when the identifier it was made from and a customer are left.
"""

from __future__ import annotations

import duckdb

from finview.identity import state
from finview.privacy.files import count, rewrite_parquet
from finview.privacy.gone import add_ids
from finview.settings import Home

_TABLES = ("decisions", "identity_events", "key_assignments")
#: Pairs of columns that name an identifier.
_NAMED = {
    "decisions": (("left_type", "left_value"), ("right_type", "right_value")),
    "identity_events": (("identifier_type", "identifier_value"),),
    "key_assignments": (("identifier_type", "identifier_value"),),
}


def erase_identity(connection: duckdb.DuckDBPyConnection, home: Home) -> int:
    """Remove the rows of everybody on the list and of their user keys; how many rows went.

    Args:
        connection: With `gone` and `gone_ids` filled by `load_gone`.
        home: Whose tables are rewritten; a file that becomes empty keeps its number.
    """
    _find(connection, home)
    removed = 0
    gone, of_users = _is_gone("key_assignments"), "user_key in (select user_key from erased_users)"
    # Last what tells whose the keys were, so that a crash forgets nobody.
    removed += _remove(connection, home, "decisions", _is_gone("decisions"))
    removed += _remove(connection, home, "identity_events", _condition("identity_events"))
    removed += _remove(connection, home, "key_assignments", f"{of_users} and not ({gone})")
    removed += _remove(connection, home, "key_assignments", gone)
    return removed


def count_identity(connection: duckdb.DuckDBPyConnection, home: Home) -> dict[str, int]:
    """How many rows of each table `erase_identity` would remove; none is left out."""
    _find(connection, home)
    found = {
        f"identity.{table}": count(
            connection,
            f"select count(*) from {state.relation(home, table)} where {_condition(table)}",
        )
        for table in _TABLES
    }
    return {name: rows for name, rows in found.items() if rows}


def _find(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Fill `gone_ids` from the tables themselves, and `erased_users`."""
    for table, pairs in _NAMED.items():
        for kind, value in pairs:
            for plain, pii in state.PLAIN_TYPES.items():
                relation = state.relation(home, table)
                select = f"select {value} from {relation} where {kind} = '{plain}'"
                add_ids(connection, pii, select)
    assignments = state.relation(home, "key_assignments")
    gone = _is_gone("key_assignments")
    connection.execute(
        "create or replace temp table erased_users as "
        f"with latest as (select identifier_type, identifier_value, "
        f"arg_max(user_key, issued_sequence) as user_key from {assignments} group by all) "
        f"select user_key from {assignments} where {gone} except ("
        f"select user_key from {assignments} where is_anchor and not ({gone}) intersect "
        f"select user_key from latest where identifier_type = 'customer' and not ({gone}))"
    )


def _condition(table: str) -> str:
    """SQL: does a row go?"""
    tests = [_is_gone(table)]
    if table != "decisions":
        tests.append("coalesce(user_key in (select user_key from erased_users), false)")
    if table == "identity_events":
        tests.append("coalesce(other_user_key in (select user_key from erased_users), false)")
    return f"({' or '.join(tests)})"


def _is_gone(table: str) -> str:
    """SQL: does a row name an identifier of somebody on the list?"""
    tests = []
    for kind, value in _NAMED[table]:
        tests.append(f"{value} in (select value from gone)")
        for plain, pii in state.PLAIN_TYPES.items():
            ids = f"select value from gone_ids where pii = '{pii}'"
            tests.append(f"({kind} = '{plain}' and {value} in ({ids}))")
    return " or ".join(f"coalesce({test}, false)" for test in tests)


def _remove(connection: duckdb.DuckDBPyConnection, home: Home, table: str, condition: str) -> int:
    removed = 0
    for path in state.files(home, table):
        relation = state.relation_of(table, [path])
        if found := count(connection, f"select count(*) from {relation} where {condition}"):
            rewrite_parquet(connection, path, f"select * from {relation} where not ({condition})")
            removed += found
    return removed
