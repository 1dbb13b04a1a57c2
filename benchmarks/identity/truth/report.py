"""The figures of one version against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from evidence import find_guests, join_reachable, read_evidence
from pairs import both, count_pairs, score_by_types, total
from required import read_required

_SEEN = "node in (select node from seen)"


def measure(
    connection: duckdb.DuckDBPyConnection,
    accepted: Path,
    listed: int,
    until: str | None,
    zone: str,
) -> dict[str, Any]:
    """All figures; the connection has `identifiers`, `belongs`, `person` and `users`.

    Args:
        connection: In memory, with the tables above.
        accepted: Accepted files of the home.
        listed: How many of the worst users and persons are named.
        until: As-of date of the version; consents of later days are not known to it.
        zone: Time zone of the business day.
    """
    read_evidence(connection, accepted)
    read_required(connection, accepted, until, zone)
    find_guests(connection, accepted)
    for name in ("reachable", "reachable_by_behaviour"):
        join_reachable(connection, name, behaviour="behaviour" in name, lawful=True)
    join_reachable(connection, "reachable_at_all", lawful=False)
    everything = score_by_types(connection, "users", "person", "true")
    seen = score_by_types(connection, "users", "person", _SEEN)
    customers = seen.get(("customer", "customer"))
    return {
        "all": total(everything).row(),
        "seen": total(seen).row(),
        "reachable": _recall(connection, "reachable"),
        "reachable_by_behaviour": _recall(connection, "reachable_by_behaviour"),
        "consent_withdrawn": _withdrawn(connection),
        "customers": customers.row() if customers else {},
        "by_types": {f"{left} {right}": score.row() for (left, right), score in seen.items()},
        "identifiers": _identifiers(connection),
        "guests": _guests(connection),
        "by_link_basis": _by_basis(connection),
        "over_merged": _over_merged(connection, listed),
        "under_merged": _under_merged(connection, listed),
    }


def _recall(connection: duckdb.DuckDBPyConnection, oracle: str) -> dict[str, float]:
    """Pairs that the oracle joins, and how many of them have a common user."""
    could = sum(count_pairs(connection, f"from {oracle}").values())
    did = sum(count_pairs(connection, both("users", oracle)).values())
    return {"recall": round(did / could, 6) if could else 1.0, "right": did, "could": could}


def _withdrawn(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Pairs that only evidence joins whose consent was withdrawn; how many were said even so."""
    lawful, at_all = (_recall(connection, name) for name in ("reachable", "reachable_at_all"))
    return {
        "could": int(at_all["could"] - lawful["could"]),
        "said": int(at_all["right"] - lawful["right"]),
    }


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _identifiers(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """By type: how many are true, were delivered, and have a user."""
    rows = connection.execute(
        f"""select identifier_type, count(*), count(*) filter ({_SEEN}),
            count(*) filter (node in (select node from users))
        from identifiers group by 1 order by 1"""
    ).fetchall()
    return {kind: {"true": true, "seen": seen, "user": user} for kind, true, seen, user in rows}


def _guests(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Devices without a login but with behaviour: whose person is a customer, and joined to it."""
    registered = """guest join belongs using (node) where person in (
        select person from belongs join identifiers using (node)
        where identifier_type = 'customer')"""
    return {
        "devices": _one(connection, "select count(*) from guest"),
        "of_customers": _one(connection, f"select count(distinct node) from {registered}"),
        "joined_rightly": _one(
            connection,
            """select count(distinct guest.node) from guest join belongs using (node)
            join users using (node)
            join users as other on other.grp = users.grp and other.node <> guest.node
            join identifiers as kind
                on kind.node = other.node and kind.identifier_type = 'customer'
            join belongs as owner on owner.node = other.node and owner.person = belongs.person""",
        ),
        "joined": _one(
            connection,
            """select count(distinct guest.node) from guest join users using (node)
            join users as other on other.grp = users.grp
            join identifiers as kind
                on kind.node = other.node and kind.identifier_type = 'customer'""",
        ),
    }


def _by_basis(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """By the basis of the link: pairs with customers of the same user, and those that are true."""
    rows = connection.execute(
        """with pair as (
            select distinct users.node, other.node as customer,
                coalesce(users.link_basis, 'not told') as basis
            from users join identifiers as kind on kind.node = users.node
            join users as other on other.grp = users.grp and other.node <> users.node
            join identifiers as other_kind on other_kind.node = other.node
            where kind.identifier_type <> 'customer' and other_kind.identifier_type = 'customer'
        ),
        true_pair as (
            select distinct pair.node, customer from pair
            join belongs as mine on mine.node = pair.node
            join belongs as theirs on theirs.node = customer and theirs.person = mine.person
        )
        select basis, count(distinct pair.node), count(*), count(true_pair.node)
        from pair left join true_pair using (node, customer) group by 1 order by 1"""
    ).fetchall()
    return {
        basis: {"identifiers": count, "pairs": pairs, "right": right}
        for basis, count, pairs, right in rows
    }


def _over_merged(connection: duckdb.DuckDBPyConnection, listed: int) -> dict[str, Any]:
    """Users of whom no one person has all identifiers; the largest are named."""
    connection.execute(
        """create or replace temp table over_merged as
        with size as (select grp, any_value(user_key) as user_key, count(distinct node) as n
            from users group by 1),
        best as (select grp, max(n) as n, count(*) as persons from (select grp, person,
            count(distinct users.node) as n from users join belongs using (node) group by all)
            group by 1)
        select user_key, size.n as identifiers, size.n - best.n as strange, persons
        from size join best using (grp) where size.n > best.n"""
    )
    worst = connection.execute(
        f"from over_merged order by strange desc, user_key limit {listed}"
    ).fetchall()
    return {
        "users": _one(connection, "select count(*) from over_merged"),
        "identifiers_of_others": _one(connection, "select sum(strange) from over_merged"),
        "of_users": _one(connection, "select count(distinct grp) from users"),
        "worst": [
            dict(zip(("user_key", "identifiers", "of_others", "persons"), row, strict=True))
            for row in worst
        ],
    }


def _under_merged(connection: duckdb.DuckDBPyConnection, listed: int) -> dict[str, Any]:
    """What the oracle joins and no one user has; the most scattered are named."""
    connection.execute(
        """create or replace temp table under_merged as
        with size as (select grp, count(*) as n from reachable group by 1 having count(*) > 1),
        best as (select grp, max(n) as n, count(*) as users from (select reachable.grp,
            users.grp as u, count(*) as n from reachable join users using (node) group by all)
            group by 1),
        owner as (select copy.copy as grp, person_id from copy join belongs using (node, person))
        select person_id, size.n as identifiers, size.n - coalesce(best.n, 1) as apart,
            coalesce(users, 0) as users
        from size join owner using (grp) left join best using (grp)
        where size.n > coalesce(best.n, 1)"""
    )
    worst = connection.execute(
        f"from under_merged order by apart desc, person_id limit {listed}"
    ).fetchall()
    return {
        "groups": _one(connection, "select count(*) from under_merged"),
        "identifiers_apart": _one(connection, "select sum(apart) from under_merged"),
        "of_groups": _one(
            connection,
            "select count(*) from (select grp from reachable group by 1 having count(*) > 1)",
        ),
        "worst": [
            dict(zip(("person_id", "identifiers", "apart", "users"), row, strict=True))
            for row in worst
        ],
    }
