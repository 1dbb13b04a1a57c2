"""The tables that finview keeps about identity, as Parquet under `accepted/identity/<table>/`.

Nobody delivers them and no contract describes them: people's decisions, the user keys that were
issued, what happened to users, the placeholders that name nobody, the parameters of matching and
of value. dbt reads them as the source `identity`. A table is a folder of files that are only ever
added, named by a number; `00000000.parquet` has no rows, so that a table without any can be read.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from finview.errors import FinviewError
from finview.ingest.identifiers import keyed_hash
from finview.ingest.keys import HashKey, bind_key, load_key
from finview.ingest.ledger import open_ledger
from finview.ingest.outputs import write_parquet
from finview.ingest.sources import sql_text
from finview.settings import Home, project_root

#: Name of the dbt source, and of the folder below `accepted/`.
SOURCE = "identity"
_IDENTIFIER = {"identifier_type": "varchar", "identifier_value": "varchar"}
#: Columns and types of each table; `models/intermediate/identity/_identity__sources.yml` tells
#: dbt the same, a test compares the two.
TABLES: Mapping[str, Mapping[str, str]] = {
    "decisions": {
        "decision_id": "varchar",
        "decided_at": "timestamp",
        "decided_by": "varchar",
        "action": "varchar",
        "left_type": "varchar",
        "left_value": "varchar",
        "right_type": "varchar",
        "right_value": "varchar",
        "reason": "varchar",
        "undoes_decision_id": "varchar",
        "decision_sequence": "bigint",
    },
    "key_assignments": {
        **_IDENTIFIER,
        "user_key": "varchar",
        "is_anchor": "boolean",
        "issued_sequence": "bigint",
        "as_of_date": "date",
    },
    "identity_events": {
        "event_sequence": "bigint",
        "event_number": "bigint",
        "event_kind": "varchar",
        "user_key": "varchar",
        "other_user_key": "varchar",
        **_IDENTIFIER,
        "as_of_date": "date",
        "reason": "varchar",
    },
    "blocked_identifiers": {**_IDENTIFIER, "note": "varchar"},
    "match_parameters": {
        "model_version": "varchar",
        "comparison": "varchar",
        "level": "bigint",
        "label": "varchar",
        "m_probability": "decimal(18,9)",
        "u_probability": "decimal(18,9)",
        "weight": "decimal(18,9)",
        "kind": "varchar",
        "value": "decimal(18,9)",
        "note": "varchar",
        "fitted_sequence": "bigint",
    },
    "value_parameters": {
        "model_version": "varchar",
        "model_family": "varchar",
        "product_line": "varchar",
        "kind": "varchar",
        "label": "varchar",
        "step": "bigint",
        "value": "decimal(38,18)",
        "note": "varchar",
        "fitted_sequence": "bigint",
    },
}
#: Types that are kept as delivered; the value of every other type is a keyed hash.
PLAIN_TYPES: Mapping[str, str] = {"customer": "customer_id"}
_SEED = Path("seeds") / "identity" / "blocked_identifiers.csv"


def ensure(home: Home) -> None:
    """Make what is missing, and hash the blocked identifiers with the key that is in use.

    Raises:
        FinviewError: the hash key is missing or another one.
    """
    create_tables(home)
    with open_ledger(home) as ledger:
        block(home, load_key(home, ledger, quiet=True))


def create_tables(home: Home) -> None:
    """Make every table that is missing, without rows; needs no key."""
    with _writer() as connection:
        for table, columns in TABLES.items():
            path = _file(home, table, 0)
            if not path.exists() or _columns(connection, path) != dict(columns):
                write_parquet(connection, _nothing(table), path)


def block(home: Home, key: HashKey) -> None:
    """Write `blocked_identifiers` from the seed; nothing is written when it says the same.

    Raises:
        FinviewError: a line of the seed has a type that is unknown or a value of nothing.
    """
    with _writer() as connection:
        bind_key(connection, key)
        wanted = sorted(_blocked(connection, project_root() / _SEED))
    if [tuple(row.values()) for row in rows(home, "blocked_identifiers")] != wanted:
        write(home, "blocked_identifiers", wanted, 1)


def files(home: Home, table: str) -> list[Path]:
    """The files of a table with rows, oldest first."""
    return sorted(path for path in _folder(home, table).glob("*.parquet") if int(path.stem))


def next_sequence(home: Home, table: str) -> int:
    """Number of the next file; those of files whose rows were erased are not used again."""
    return max((int(path.stem) for path in files(home, table)), default=0) + 1


def relation(home: Home, table: str) -> str:
    """SQL relation of all rows of a table, whether it was made yet or not."""
    if not _file(home, table, 0).exists() and not files(home, table):
        return f"({_nothing(table)})"
    return relation_of(table, sorted(_folder(home, table).glob("*.parquet")))


def relation_of(table: str, paths: Sequence[Path]) -> str:
    """SQL relation of some files of a table."""
    listed = ", ".join(map(sql_text, paths))
    columns = ", ".join(TABLES[table])
    read = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    return f"(select {columns} from {read})"


def rows(home: Home, table: str) -> list[dict[str, Any]]:
    """Every row of a table, in one order."""
    return rows_where(home, table, "true")


def rows_where(
    home: Home, table: str, condition: str, values: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """The rows of a table that meet a condition (SQL with parameters), in one order."""
    with _writer() as connection:
        select = f"select * from {relation(home, table)} where {condition} order by all nulls last"
        found = connection.execute(select, list(values)).fetchall()
    return [dict(zip(TABLES[table], row, strict=True)) for row in found]


def write(home: Home, table: str, values: Iterable[Sequence[Any]], sequence: int) -> Path:
    """Write the file with a number, complete or not at all; same rows, same bytes."""
    columns = TABLES[table]
    with _writer() as connection:
        fields = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create table fresh ({fields})")
        marks = ", ".join("?" for _ in columns)
        listed = [list(value) for value in values]
        if listed:
            connection.executemany(f"insert into fresh values ({marks})", listed)
        return write_select(connection, home, table, "select * from fresh", sequence)


def write_select(
    connection: duckdb.DuckDBPyConnection, home: Home, table: str, select: str, sequence: int
) -> Path:
    """Write the rows of a select, sorted, as the file with a number."""
    path = _file(home, table, sequence)
    before = connection.execute("select current_setting('threads')").fetchall()[0][0]
    connection.execute("set threads = 1")  # the same row groups every time
    columns = ", ".join(TABLES[table])
    write_parquet(connection, f"select {columns} from ({select}) order by all nulls last", path)
    connection.execute(f"set threads = {before}")
    return path


def state_hashes(home: Home) -> dict[str, str]:
    """SHA-256 of every file with rows: the state is an input of a build."""
    return {
        f"{SOURCE}/{table}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for table in TABLES
        for path in files(home, table)
    }


def pii_class(identifier_type: str) -> str:
    """Class under which raw values of a type are hashed."""
    return PLAIN_TYPES.get(identifier_type, identifier_type)


def stored_value(connection: duckdb.DuckDBPyConnection, kind: str, raw: str) -> str | None:
    """The value by which a raw identifier is known: its keyed hash, or itself where it is plain.

    Args:
        connection: With the key bound.
        kind: Identifier type.
        raw: As a person writes it.

    Returns:
        None when nothing is left after normalising.

    Raises:
        FinviewError: there is no such type.
    """
    if kind in PLAIN_TYPES:
        return raw.strip() or None
    try:
        expression = keyed_hash(kind, "$1::varchar")
    except KeyError:
        raise FinviewError(f"{kind!r} is no type of identifier", "such as: phone, device") from None
    value = connection.execute(f"select {expression}", [raw]).fetchall()[0][0]
    return None if value is None else str(value)


def _blocked(connection: duckdb.DuckDBPyConnection, seed: Path) -> Iterable[tuple[str, str, str]]:
    with seed.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            kind = row["identifier_type"]
            value = stored_value(connection, kind, row["identifier_value"])
            if value is None:
                raise FinviewError(
                    f"{_SEED}, line {number}: nothing is left of the value",
                    "mend the line or take it out",
                )
            yield kind, value, row["note"]


def _nothing(table: str) -> str:
    nulls = ", ".join(f"null::{kind} as {name}" for name, kind in TABLES[table].items())
    return f"select {nulls} where false"


def _folder(home: Home, table: str) -> Path:
    return home.identity / table


def _file(home: Home, table: str, sequence: int) -> Path:
    return _folder(home, table) / f"{sequence:08d}.parquet"


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    found = connection.execute(f"describe select * from read_parquet({sql_text(path)})")
    return {row[0]: str(row[1]).lower() for row in found.fetchall()}


def _writer() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": "1"})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection
