"""The truth of a sample and the users that a published version gives, numbered alike.

Raw identifiers of the truth are hashed with the home's key in memory; nothing is written.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from finview.errors import FinviewError
from finview.ingest.identifiers import keyed_hash
from finview.ingest.keys import bind_key, load_key
from finview.ingest.ledger import open_ledger
from finview.settings import Home

#: Types that stay as they are: the platform's own numbers.
PLAIN = ("customer",)


def read_truth(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Make `identifiers` (node, identifier_type, raw) and `belongs` (node, person)."""
    if not any(truth.glob("identifiers*.parquet")):
        raise FinviewError(
            f"no identifiers in {truth}", "measure a home whose sample was made by finview sample"
        )
    files = str(truth / "identifiers*.parquet").replace("'", "''")
    connection.execute(
        f"""create or replace table identifiers as
        select (row_number() over (order by identifier_type, identifier_value))::bigint as node,
            identifier_type, identifier_value as raw
        from (select distinct identifier_type, identifier_value from '{files}')"""
    )
    connection.execute(
        f"""create or replace table belongs as
        select identifiers.node, dense_rank() over (order by person_id) as person, person_id
        from '{files}' as told join identifiers
        on identifiers.identifier_type = told.identifier_type
            and identifiers.raw = told.identifier_value"""
    )
    connection.execute("create or replace table person as select node, person as grp from belongs")


def hash_nodes(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Add `hashed` to `identifiers`: the identifiers as the home's data have them."""
    with open_ledger(home) as ledger:
        bind_key(connection, load_key(home, ledger))
    found = connection.execute(
        "select distinct identifier_type from identifiers order by 1"
    ).fetchall()
    cases = " ".join(
        f"when '{kind}' then {keyed_hash(kind, 'raw') if kind not in PLAIN else 'trim(raw)'}"
        for (kind,) in found
    )
    connection.execute(
        f"create or replace table identifiers as select node, identifier_type, raw, "
        f"case identifier_type {cases} end as hashed from identifiers"
    )


def read_users(connection: duckdb.DuckDBPyConnection, marts: Path, name: str) -> int:
    """Make the table `name` (node, grp, user_key, link_basis) from a published version.

    An identifier that had several users has a row for each; one that no row names has no user.

    Returns:
        Identifiers of the version that the truth does not know.
    """
    if not marts.is_file():
        raise FinviewError(f"no {marts.name} in {marts.parent}", "publish a version first")
    path = str(marts).replace("'", "''")
    connection.execute(f"attach '{path}' as version (read_only)")
    try:
        bridge = "version.mart.bridge_user_identifier"
        columns = {row[0] for row in connection.execute(f"describe {bridge}").fetchall()}
        basis = "link_basis" if "link_basis" in columns else "null::varchar"
        connection.execute(
            f"""create or replace table {name} as
            select identifiers.node, user_key, link_basis,
                dense_rank() over (order by user_key) as grp
            from (select identifier_type, identifier_value, user_key,
                    min({basis}) as link_basis
                from {bridge} where user_key is not null group by all) as told
            join identifiers on identifiers.identifier_type = told.identifier_type
                and identifiers.hashed = told.identifier_value"""
        )
        unknown = connection.execute(
            f"""select count(*) from (select distinct identifier_type, identifier_value
                from {bridge}) as told
            anti join identifiers on identifiers.identifier_type = told.identifier_type
                and identifiers.hashed = told.identifier_value"""
        ).fetchone()
    finally:
        connection.execute("detach version")
    return int(unknown[0]) if unknown else 0


def marts_of(place: Path) -> Path:
    """The marts of a home, of a folder of a version, or the file itself."""
    for path in (place, place / "marts.duckdb", place / "published/current/marts.duckdb"):
        if path.is_file():
            return path
    raise FinviewError(
        f"no published marts in {place}", "name a home, a version's folder or its marts.duckdb"
    )


def as_of(place: Path) -> str | None:
    """As-of date of a published version; none where no manifest stands beside its marts."""
    manifest = marts_of(place).with_name("manifest.json")
    return str(json.loads(manifest.read_text())["as_of_date"]) if manifest.is_file() else None
