"""Carrying what finview keeps about identity over to a new hash key.

An identifier has its old hash in an old batch and its new hash in the batch that the same file
became, on the same line: that is how the two are matched. User keys stay what they are.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from contextlib import closing

import duckdb

from finview.contract import Contract, Table
from finview.errors import FinviewError
from finview.identity import state
from finview.ingest.keys import HashKey
from finview.privacy.accepted import ledger_rows
from finview.privacy.person import has_files, source_of
from finview.publish.content import literal, quoted
from finview.settings import Home

#: Columns with hashes that are looked for; rows without a match are about nobody any more.
_NAMED = {
    "decisions": ("left", "right"),
    "key_assignments": ("identifier",),
    "identity_events": ("identifier",),
}


def carry_over(home: Home, fresh: Home, contract: Contract, key: HashKey) -> dict[str, int]:
    """Write the tables of `home` into `fresh` with hashes of the new key.

    Args:
        home: Accepted data and tables under the old key.
        fresh: The same files taken again under the new one.
        contract: Their tables.
        key: The new key.

    Returns:
        By table the rows that were left out, for nothing delivered has their identifier any more.

    Raises:
        FinviewError: a hash has two new ones, or two have one.
    """
    state.create_tables(fresh)
    state.block(fresh, key)
    for table in ("match_parameters", "value_parameters"):  # they name nobody
        for path in state.files(home, table):
            shutil.copyfile(path, fresh.identity / table / path.name)
    with closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        _load_sequences(connection, home, fresh)
        _match_hashes(connection, home, fresh, contract)
        return {table: _rewrite(connection, home, fresh, table) for table in _NAMED}


def _load_sequences(connection: duckdb.DuckDBPyConnection, home: Home, fresh: Home) -> None:
    """Fill `loads`: which load of the fresh ledger took what a load of the old one had taken."""
    columns = "load_sequence, source, table_name, sha256, file"
    there: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for sequence, source, table, sha256, file in ledger_rows(fresh, columns):
        there[source, table, sha256][file] = sequence
    contents: dict[int, list[str]] = defaultdict(list)
    for sequence, sha256 in ledger_rows(home, "load_sequence, sha256", table="aliases"):
        contents[sequence].append(sha256)
    matched: dict[int, int] = {}
    for sequence, source, table, sha256, file in ledger_rows(home, columns, "replay_of is null"):
        for content in (*contents[sequence], sha256):
            if files := there.get((source, table, content)):
                matched[sequence] = files.get(file, min(files.values()))
                break
    for sequence, original in ledger_rows(
        home, "load_sequence, replay_of", "replay_of is not null"
    ):
        if original in matched:
            matched[sequence] = matched[original]
    connection.execute("create temp table loads (old bigint, new bigint)")
    connection.execute(
        "insert into loads select unnest($1::bigint[]), unnest($2::bigint[])",
        [list(matched), list(matched.values())],
    )


def _match_hashes(
    connection: duckdb.DuckDBPyConnection, home: Home, fresh: Home, contract: Contract
) -> None:
    """Fill `hashes (old, new)` for every hash that the tables hold."""
    values = " union ".join(
        f"select {name}_value as v from {state.relation(home, table)}"
        for table, names in _NAMED.items()
        for name in names
    )
    connection.execute(f"create temp table wanted as select v from ({values}) where v is not null")
    connection.execute("create temp table found (old varchar, new varchar)")
    for table in contract.tables:
        if pairs := _pairs(table, home, fresh):
            connection.execute(f"insert into found {pairs}")
    connection.execute("create temp table hashes as select distinct old, new from found")
    for column in ("old", "new"):
        twice = connection.execute(
            f"select count(*) from (select {column} from hashes group by 1 having count(*) > 1)"
        ).fetchall()[0][0]
        if twice:
            raise FinviewError(
                f"{twice} identifiers differ when taken again: lines of a file have moved; "
                "nothing was changed",
                "see what changed in landing since it was taken",
            )


def _pairs(table: Table, home: Home, fresh: Home) -> str:
    """SQL of old and new hashes of a table that stand in the same column of the same row."""
    hashed = [
        quoted(column.accepted_name)
        for column in table.columns
        if column.is_hashed and column.pii != "name"
    ]
    if not hashed or not has_files(home, table) or not has_files(fresh, table):
        return ""
    plain = [quoted(name) for name in table.key if not table.by_name[name].is_hashed]
    same = "".join(f" and was.{name} is not distinct from now.{name}" for name in plain)
    both = ", ".join(f"{{'old': was.{name}, 'new': now.{name}}}" for name in hashed)
    return (
        f"select distinct pair.old, pair.new from (select unnest([{both}]) as pair "
        f"from {source_of(home, table)} as was "
        "inner join loads on was._load_sequence = loads.old "
        f"inner join {source_of(fresh, table)} as now on now._load_sequence = loads.new "
        f"and now._source_line = was._source_line{same} where was._source_line > 0) "
        "where pair.new is not null and pair.old in (select v from wanted)"
    )


def _rewrite(connection: duckdb.DuckDBPyConnection, home: Home, fresh: Home, table: str) -> int:
    """Write each file of a table with new hashes; how many rows were left out."""
    lost = 0
    for path in state.files(home, table):
        relation = state.relation_of(table, [path])
        replaced, joins, known = [], "", []
        for name in _NAMED[table]:
            kind, value = f"told.{name}_type", f"told.{name}_value"
            joins += f" left join hashes as {name}_hash on {value} = {name}_hash.old"
            plain = f"{kind} in ({', '.join(map(literal, state.PLAIN_TYPES))})"
            new = f"case when {plain} then {value} else {name}_hash.new end"
            replaced.append(f"{new} as {name}_value")
            known.append(f"({value} is null or {plain} or {name}_hash.new is not null)")
        rows = f"from {relation} as told{joins}"
        kept = f"select told.* replace ({', '.join(replaced)}) {rows} where {' and '.join(known)}"
        state.write_select(connection, fresh, table, kept, int(path.stem))
        lost += _rows(connection, relation) - _rows(connection, f"({kept})")
    return lost


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
