"""Which identifiers are a person's own: the rules of an erasure, on accepted data.

A row that names the person goes, with everything in it. An identifier is put on the suppression
list, and takes further rows with it, only when it is the person's alone:

1. Customer ids: those named, those of the same id card, and those that `crm.customer_merges` says
   are the same customer.
2. An identifier that was ever seen in a row of another customer is shared (a family's phone or
   tablet) and is not the person's.
3. An identifier that is not in a row of the person's own, but in one with an identifier of
   theirs (the union id beside the phone), is theirs unless rule 2 holds, or it was seen with an
   identifier that only other customers have, or it has more than `HUB` neighbours (a kiosk).
4. A name is nobody's alone. Order ids of the person's orders are theirs.
5. An inviter does not own the phone invited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import duckdb

from finview.contract import Contract, Table
from finview.errors import FinviewError
from finview.ingest import accepted_glob
from finview.privacy.suppression import plain_class
from finview.publish.content import literal, quoted
from finview.quality.checks_file import latest_version
from finview.settings import Home

#: More neighbours of one class than a person has: a kiosk, a call centre, a shared account.
HUB = 20
_NOT_OWNERS = ("inviter_customer_id",)
#: The person's own even when another person's identifier was used beside them once.
_PERSONAL = ("phone", "id_card", "email")

Identifier = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """One or more people: their customer ids (plain) and their own identifiers (hashed)."""

    customers: frozenset[str]
    hashes: frozenset[Identifier]
    orders: frozenset[str]
    #: Identifiers by class that were left alone, for others have them too.
    shared: Counter[str] = field(default_factory=Counter)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to erase by."""
        return bool(self.customers or self.hashes)


def find_person(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    contract: Contract,
    customers: Collection[str],
    hashes: Collection[Identifier],
) -> Person:
    """Everything that is the person's own, by the rules of this module.

    Raises:
        FinviewError: an identifier was given that belongs to a customer who is not named.
    """
    _link(connection, home, contract)
    people = _same_people(connection, home, contract, set(customers))
    mine: set[Identifier] = set(hashes)
    for identifier in mine:
        if _owners(connection, identifier) - people:
            raise FinviewError(
                f"a given {identifier[0]} belongs to a customer who is not named",
                "name the customer: finview erase --customer-id ID; shared by two: it stays",
            )
    shared: set[Identifier] = set()
    while fresh := _neighbours(connection, people, mine) - mine - shared:
        for identifier in fresh:
            own = _is_own(connection, identifier, people, mine)
            (mine if own else shared).add(identifier)
    orders = {
        str(order)
        for table in contract.tables
        for (order,) in _orders(connection, home, table, people)
    }
    return Person(
        frozenset(people),
        frozenset(mine),
        frozenset(orders),
        Counter(pii for pii, _ in shared),
    )


def source_of(home: Home, table: Table) -> str:
    """SQL relation of all accepted rows of a table."""
    return (
        f"read_parquet({literal(accepted_glob(home, table))}, union_by_name = true, "
        "hive_partitioning = false)"
    )


def has_files(home: Home, table: Table) -> bool:
    """Whether a batch of the table was ever accepted."""
    return any((home.accepted / table.source / table.name).glob("*/**/*.parquet"))


def _link(connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract) -> None:
    """Fill `links`: which two identifiers were seen in one row, in both directions."""
    connection.execute(
        "create or replace temp table links (pii varchar, value varchar, "
        "other_pii varchar, other_value varchar)"
    )
    for table in contract.tables:
        found = [
            ("customer_id" if plain_class(column.name) else str(column.pii), column.accepted_name)
            for column in table.columns
            if (column.is_hashed and column.pii != "name")
            or (plain_class(column.name) == "customer_id" and column.name not in _NOT_OWNERS)
        ]
        if len(found) < 2 or not has_files(home, table) or table.name == "customer_merges":
            continue
        for i, (pii, name) in enumerate(found):
            for other_pii, other in found[i + 1 :]:
                if pii == other_pii == "customer_id":
                    continue
                connection.execute(
                    "create or replace temp table pairs as select distinct "
                    f"{quoted(name)}::varchar as a, {quoted(other)}::varchar as b "
                    f"from {source_of(home, table)} "
                    f"where {quoted(name)} is not null and {quoted(other)} is not null"
                )
                connection.execute(
                    f"insert into links select '{pii}', a, '{other_pii}', b from pairs "
                    f"union all select '{other_pii}', b, '{pii}', a from pairs"
                )


def _same_people(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract, customers: set[str]
) -> set[str]:
    """The customers and, by id card and by the CRM's own merges, their other accounts."""
    merges = next((table for table in contract.tables if table.name == "customer_merges"), None)
    pairs: list[tuple[str, str]] = []
    if merges is not None and has_files(home, merges):
        pairs = connection.execute(
            "select merged_customer_id, surviving_customer_id from ("
            f"select *, {latest_version(merges) or '1'} as n from {source_of(home, merges)}) "
            "where n = 1 and not coalesce(_is_deleted, false) and undone_at is null"
        ).fetchall()
    people = set(customers)
    while True:
        more = {other for pair in pairs if people & set(pair) for other in pair}
        found = connection.execute(
            "select distinct other_value from links where other_pii = 'customer_id' "
            "and pii = 'id_card' and value in (select value from links where pii = 'id_card' "
            "and other_pii = 'customer_id' and other_value in (select unnest($1::varchar[])))",
            [sorted(people)],
        ).fetchall()
        more |= {str(value) for (value,) in found}
        if more <= people:
            return people
        people |= more


def _neighbours(
    connection: duckdb.DuckDBPyConnection, people: set[str], mine: set[Identifier]
) -> set[Identifier]:
    known = [("customer_id", customer) for customer in people] + list(mine)
    return {
        (str(pii), str(value))
        for pii, value in connection.execute(
            "select distinct other_pii, other_value from links where other_pii <> 'customer_id' "
            "and (pii, value) in (select (unnest($1::varchar[]), unnest($2::varchar[])))",
            [[pii for pii, _ in known], [value for _, value in known]],
        ).fetchall()
    }


def _owners(connection: duckdb.DuckDBPyConnection, identifier: Identifier) -> set[str]:
    return {
        str(value)
        for (value,) in connection.execute(
            "select distinct other_value from links "
            "where pii = $1 and value = $2 and other_pii = 'customer_id'",
            list(identifier),
        ).fetchall()
    }


def _is_own(
    connection: duckdb.DuckDBPyConnection,
    identifier: Identifier,
    people: set[str],
    mine: set[Identifier],
) -> bool:
    owners = _owners(connection, identifier)
    if owners - people:
        return False
    if owners and identifier[0] in _PERSONAL:
        return True
    beside = connection.execute(
        "select distinct other_pii, other_value from links "
        "where pii = $1 and value = $2 and other_pii <> 'customer_id'",
        list(identifier),
    ).fetchall()
    if not owners and max(Counter(pii for pii, _ in beside).values(), default=0) > HUB:
        return False
    others = (_owners(connection, other) for other in beside if other not in mine)
    return not any(theirs and not theirs & people for theirs in others)


def _orders(
    connection: duckdb.DuckDBPyConnection, home: Home, table: Table, people: set[str]
) -> list[tuple[str]]:
    names = {column.name for column in table.columns}
    if not {"order_id", "customer_id"} <= names or not has_files(home, table):
        return []
    return connection.execute(
        f"select distinct order_id from {source_of(home, table)} "
        "where order_id is not null and customer_id in (select unnest($1::varchar[]))",
        [sorted(people)],
    ).fetchall()
