"""What the delivered data say, read from accepted files without any model of the project.

Two identifiers of one row were seen together. An oracle that knows who is who believes such a
sighting where both belong to one person, and nothing else; what it cannot join, nobody can.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import duckdb
from required import BEHAVIOUR, rests_on

#: Events from which on a device can be told by its behaviour.
BEHAVIOUR_EVENTS = 5
#: Table -> the identifiers of a row, as (type, column); merges that were undone say nothing.
SIGHTINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "crm/customers": (
        ("customer", "customer_id"),
        ("phone", "phone_hash"),
        ("id_card", "id_card_hash"),
        ("email", "email_hash"),
        ("member_number", "member_number_hash"),
        ("device", "register_device_id_hash"),
    ),
    "crm/customer_devices": (("customer", "customer_id"), ("device", "device_id_hash")),
    "crm/consents": (("customer", "customer_id"),),
    "crm/tickets": (("customer", "customer_id"),),
    "crm/customer_merges": (
        ("customer", "merged_customer_id"),
        ("customer", "surviving_customer_id"),
    ),
    "crm/leads": (("phone", "phone_hash"), ("customer", "converted_customer_id")),
    "channel/app_events": (("device", "device_id_hash"), ("customer", "customer_id")),
    "channel/ad_touches": (
        ("device", "device_id_hash"),
        ("platform_user", "platform_user_id_hash"),
    ),
    "channel/coupons": (
        ("customer", "customer_id"),
        ("phone", "claimed_by_phone_hash"),
        ("device", "claimed_device_id_hash"),
    ),
    "channel/messages": (("customer", "customer_id"), ("phone", "recipient_phone_hash")),
    "channel/social_profiles": (
        ("open_id", "open_id_hash"),
        ("union_id", "union_id_hash"),
        ("phone", "phone_hash"),
    ),
    "channel/wecom_contacts": (
        ("wecom_user", "external_user_id_hash"),
        ("union_id", "union_id_hash"),
        ("phone", "phone_hash"),
    ),
    "channel/referrals": (
        ("phone", "invitee_phone_hash"),
        ("customer", "registered_customer_id"),
    ),
    "transaction/orders": (("customer", "customer_id"), ("device", "device_id_hash")),
}
_VALID = {
    "crm/customer_merges": """
    (merged_customer_id, surviving_customer_id) not in (
        select (merged_customer_id, surviving_customer_id) from accepted
        where undone_at is not null and merged_customer_id is not null
            and surviving_customer_id is not null)"""
}


def read_evidence(connection: duckdb.DuckDBPyConnection, accepted: Path) -> None:
    """Fill `seen` (node) and `sighting` (node, other) from accepted files.

    The connection has the table `identifiers` (node, identifier_type, hashed).
    """
    connection.execute("create or replace table seen (node bigint)")
    connection.execute("create or replace table sighting (node bigint, other bigint)")
    for table, columns in SIGHTINGS.items():
        if not any((accepted / table).rglob("*.parquet")):
            continue
        files = str(accepted / table / "**" / "*.parquet").replace("'", "''")
        connection.execute(
            f"create or replace temp view accepted as from read_parquet('{files}', "
            "union_by_name = true, hive_partitioning = false)"
        )
        there = {row[0] for row in connection.execute("describe accepted").fetchall()}
        known = [(kind, name) for kind, name in columns if name in there]
        _add_rows(connection, known, _VALID.get(table, "true"))


def _add_rows(
    connection: duckdb.DuckDBPyConnection, columns: list[tuple[str, str]], valid: str
) -> None:
    """Add the identifiers of the rows of `accepted`, and those that stand in one row."""
    names = ", ".join(name for _, name in columns)
    connection.execute(
        f"create or replace temp table tuples as select distinct {names} from accepted "
        f"where {valid}"
    )
    nodes = ", ".join(f"n{number}.node as n{number}" for number in range(len(columns)))
    joins = " ".join(
        f"left join (select node, hashed from identifiers where identifier_type = '{kind}') "
        f"as n{number} on n{number}.hashed = tuples.{name}"
        for number, (kind, name) in enumerate(columns)
    )
    connection.execute(f"create or replace temp table found as select {nodes} from tuples {joins}")
    for number in range(len(columns)):
        connection.execute(
            f"insert into seen select distinct n{number} from found where n{number} is not null"
        )
    for left, right in combinations(range(len(columns)), 2):
        connection.execute(
            f"insert into sighting select distinct n{left}, n{right} from found "
            f"where n{left} <> n{right}"
        )


def find_guests(connection: duckdb.DuckDBPyConnection, accepted: Path) -> None:
    """Fill `guest` (node): devices with events enough to tell them by, and never a login."""
    connection.execute("create or replace table guest (node bigint)")
    if not any((accepted / "channel/app_events").rglob("*.parquet")):
        return
    files = str(accepted / "channel/app_events/**/*.parquet").replace("'", "''")
    connection.execute(
        f"""insert into guest
        with customer as (select node from identifiers where identifier_type = 'customer')
        select identifiers.node from (
            select device_id_hash
            from read_parquet('{files}', union_by_name = true, hive_partitioning = false)
            where device_id_hash is not null
            group by 1 having count(*) >= {BEHAVIOUR_EVENTS} and count(customer_id) = 0
        ) as device
        join identifiers on identifier_type = 'device' and hashed = device_id_hash
        where identifiers.node not in (
            select sighting.node from sighting join customer on customer.node = sighting.other
            union all
            select sighting.other from sighting join customer on customer.node = sighting.node)"""
    )


def join_reachable(
    connection: duckdb.DuckDBPyConnection, name: str, *, behaviour: bool = False, lawful: bool
) -> None:
    """Make the table `name` (node, grp): groups that the oracle joins.

    An identifier of two persons is in a group of each. With `behaviour` a guest device belongs to
    the first customer of its person. `lawful` leaves out what rests on a consent that the person
    has withdrawn (`refused`).
    """
    extra = f"""
        union all
        select guest.node, first.node, '{BEHAVIOUR}'
        from guest join belongs using (node)
        join (select person, min(node) as node from belongs join identifiers using (node)
            where identifier_type = 'customer' group by 1) as first using (person)"""
    refused = "where (a.person, s.purpose) not in (select (person, purpose) from refused)"
    connection.execute(
        """create or replace temp table copy as
        select row_number() over (order by node, person) as copy, node, person from belongs"""
    )
    connection.execute(
        f"""create or replace temp table edge as
        with told as (select sighting.node, other,
                coalesce({rests_on("one.identifier_type", "two.identifier_type")}, '') as purpose
            from sighting join identifiers as one using (node)
            join identifiers as two on two.node = other),
        link as (select distinct a.copy as left_copy, b.copy as right_copy
            from (from told {extra if behaviour else ""}) as s(node, other, purpose)
            join copy as a on a.node = s.node
            join copy as b on b.node = s.other and b.person = a.person
            {refused if lawful else ""})
        select left_copy, right_copy from link union select right_copy, left_copy from link"""
    )
    connection.execute("create or replace temp table label as select copy, copy as grp from copy")
    while _spread(connection):
        pass
    connection.execute(
        f"create or replace table {name} as select node, grp from copy join label using (copy)"
    )


def _spread(connection: duckdb.DuckDBPyConnection) -> int:
    """Give every copy the smallest label around it; how many changed.

    What one person has is a few steps wide, so a few rounds do.
    """
    connection.execute(
        """create or replace temp table next as
        select label.copy, least(label.grp, min(around.grp)) as grp
        from label left join edge on edge.left_copy = label.copy
        left join label as around on around.copy = edge.right_copy
        group by label.copy, label.grp"""
    )
    changed = connection.execute(
        "select count(*) from next join label using (copy) where next.grp <> label.grp"
    ).fetchone()
    connection.execute("create or replace temp table label as from next")
    return int(changed[0]) if changed else 0
