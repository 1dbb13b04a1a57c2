"""Reading identity from the published marts: who owns an identifier, and which links say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from finview.errors import FinviewError
from finview.identity.graph import Identifier, Link
from finview.settings import Home

_BRIDGE = "mart.bridge_user_identifier"
_LINKS = "mart.fct_identity_link"
_PLAIN_FIELDS = [f.name for f in fields(Link) if f.name not in ("left", "right")]


@dataclass(frozen=True)
class Owned:
    """An identifier of a user: a row of `mart.bridge_user_identifier`."""

    identifier: Identifier
    user_key: str
    is_anchor: bool
    is_primary: bool
    row: dict[str, Any]


class IdentityMarts:
    """The identity marts of one published version; open them with `open_marts`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def owner(self, identifier: Identifier) -> Owned:
        """The row of the user that an identifier belongs to.

        Raises:
            FinviewError: no such identifier is published.
        """
        found = self._owned(
            "identifier_type = $1 and identifier_value = $2 and is_primary",
            [identifier.type, identifier.value],
        )
        if not found:
            raise FinviewError(
                f"no user has the identifier {identifier}",
                "write the value as it is in mart.bridge_user_identifier, or give it with --raw",
            )
        return found[0]

    def identifiers(self, user_key: str) -> list[Owned]:
        """Every identifier of a user, the anchor first; those it shares come last."""
        return self._owned("user_key = $1", [user_key])

    def links(self, identifiers: Sequence[Identifier]) -> list[Link]:
        """Links that begin or end at one of the identifiers, cut ones included."""
        columns = ", ".join(_PLAIN_FIELDS)
        self._connection.execute(
            "create or replace temp table named as select "
            "unnest($1::varchar[]) as kind, unnest($2::varchar[]) as value",
            [[each.type for each in identifiers], [each.value for each in identifiers]],
        )
        rows = self._connection.execute(
            "select identifier_type, identifier_value, linked_type, linked_value, "
            f"{columns} from {_LINKS} where linked_value is not null and ("
            "(identifier_type, identifier_value) in (select (kind, value) from named) "
            "or (linked_type, linked_value) in (select (kind, value) from named)) "
            "order by link_key"
        ).fetchall()
        return [
            Link(
                left=Identifier(row[0], row[1]),
                right=Identifier(row[2], row[3]),
                **dict(zip(_PLAIN_FIELDS, row[4:], strict=True)),
            )
            for row in rows
        ]

    def active_links(self, user_key: str) -> list[Link]:
        """Links in force among the identifiers that are a user's own."""
        own = {each.identifier for each in self.identifiers(user_key) if each.is_primary}
        return [
            link for link in self.links(sorted(own)) if link.is_active and own >= set(link.ends)
        ]

    def _owned(self, condition: str, values: Sequence[str]) -> list[Owned]:
        cursor = self._connection.execute(
            f"select * from {_BRIDGE} where {condition} order by is_primary desc, "
            "is_anchor desc, identifier_type, identifier_value, user_key",
            list(values),
        )
        names = [column[0] for column in cursor.description or ()]
        found = []
        for row in cursor.fetchall():
            named = dict(zip(names, row, strict=True))
            found.append(
                Owned(
                    Identifier(named["identifier_type"], named["identifier_value"]),
                    str(named["user_key"]),
                    bool(named["is_anchor"]),
                    bool(named["is_primary"]),
                    named,
                )
            )
        return found


@contextmanager
def open_marts(home: Home) -> Iterator[IdentityMarts]:
    """The identity marts of the served version.

    Raises:
        FinviewError: nothing is published, or by a project from before these marts.
    """
    from finview.publish import open_current

    with open_current(home) as connection:
        known = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where database_name = 'finview'"
            ).fetchall()
        }
        if missing := sorted({_BRIDGE, _LINKS} - known):
            raise FinviewError(
                f"the published version has no {missing[0]}", "build and publish: finview run"
            )
        yield IdentityMarts(connection)
