"""What law or data forbid to join, read from accepted files without any model of the project.

A consent that was withdrawn, a merge that the CRM took back, accounts that disagree on who they
are, a cut by hand: a user that parts for one of these is no error of identity.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

#: Types of a pair -> purpose of the consent that a sighting of the two rests on. All else rests on
#: the contract with the customer.
RESTS_ON = {
    ("device", "platform_user"): "data_sharing",
    ("open_id", "phone"): "data_sharing",
    ("phone", "union_id"): "data_sharing",
    ("phone", "wecom_user"): "data_sharing",
}
#: Purpose that telling a device by its behaviour rests on.
BEHAVIOUR = "profiling"
#: Types whose accounts must be one person, and what shows that they are not.
AGREE = ("phone", "email", "member_number")
SHOWN_BY = ("id_card_hash", "name_hash")


def read_required(
    connection: duckdb.DuckDBPyConnection, accepted: Path, until: str | None, zone: str
) -> None:
    """Make `refused`, `undone`, `disagreed` and `decided`.

    Needs `identifiers`, `belongs` and `sighting`. Rows of `refused` are (person, purpose): an
    account of the person said no last. `undone` is (node, other), both ways; the others (node).

    Args:
        connection: Has the tables named.
        accepted: Accepted files of the home.
        until: As-of date of the version measured; what came later is not known to it.
        zone: Time zone of the business day.
    """
    connection.execute("create or replace table refused (person bigint, purpose varchar)")
    connection.execute("create or replace table undone (node bigint, other bigint)")
    connection.execute("create or replace table disagreed (node bigint)")
    connection.execute("create or replace table decided (node bigint)")
    connection.execute(
        """create or replace temp view account as select node, hashed as customer_id, person
        from identifiers join belongs using (node) where identifier_type = 'customer'"""
    )

    def known(column: str) -> str:
        if until is None:
            return "true"
        moment = f"timezone('{zone}', timezone('UTC', {column}::timestamp))"
        return f"({column} is null or {moment}::date <= date '{until}')"

    if _view(connection, accepted / "crm/consents"):
        connection.execute(
            f"""insert into refused select distinct person, purpose from (
                select customer_id, purpose, max_by(action, (happened_at, action)) as action
                from accepted where {known("happened_at")} group by all)
            join account using (customer_id) where action = 'withdraw'"""
        )
    if "undone_at" in _view(connection, accepted / "crm/customer_merges"):
        connection.execute(
            f"""insert into undone select a.node, b.node
            from accepted join account as a on a.customer_id = merged_customer_id
            join account as b on b.customer_id = surviving_customer_id
            where undone_at is not null and {known("undone_at")}"""
        )
        connection.execute("insert into undone select other, node from undone")
    told = _view(connection, accepted / "crm/customers")
    for column in SHOWN_BY:
        if column in told:
            connection.execute(
                f"""insert into disagreed select node from (
                    select sighting.node, {column} from sighting
                    join account on account.node = sighting.other
                    join accepted using (customer_id)
                    union all select sighting.other, {column} from sighting
                    join account on account.node = sighting.node
                    join accepted using (customer_id)
                ) join identifiers using (node) where identifier_type in {AGREE}
                group by node having count(distinct {column}) > 1"""
            )
    if _view(connection, accepted / "identity/decisions"):
        connection.execute(
            """insert into decided select node from accepted join identifiers
            on (identifier_type, hashed) in
                ((left_type, left_value), (right_type, right_value))
            where action = 'cut' and decision_id not in
                (select undoes_decision_id from accepted where undoes_decision_id is not null)"""
        )


def rests_on(left: str, right: str) -> str:
    """SQL of the purpose that a sighting of two identifiers rests on; null for none.

    Args:
        left: SQL of the type of one of them.
        right: SQL of the type of the other.
    """
    cases = " ".join(
        f"when least({left}, {right}) = '{first}' and greatest({left}, {right}) = '{second}' "
        f"then '{purpose}'"
        for (first, second), purpose in RESTS_ON.items()
    )
    return f"case {cases} end"


def _view(connection: duckdb.DuckDBPyConnection, folder: Path) -> set[str]:
    """Make the view `accepted` of a table's files; its columns, none without files."""
    if not any(folder.rglob("*.parquet")):
        return set()
    files = str(folder / "**" / "*.parquet").replace("'", "''")
    connection.execute(
        f"create or replace temp view accepted as from read_parquet('{files}', "
        "union_by_name = true, hive_partitioning = false)"
    )
    return {row[0] for row in connection.execute("describe accepted").fetchall()}
