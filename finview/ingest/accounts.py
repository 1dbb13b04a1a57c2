"""The account of every row of one file: accepted, quarantined or duplicate, all in SQL.

Temporary tables of the run's connection: `checked` (see `finview.ingest.rules`), the view `rows`
(checked with `line`), `keyed` (keys and contents of sound rows as 128-bit hashes), `verdicts`
(sound rows that are not accepted, with the reason) and per table `known` (what was accepted
before: one row per key with the content of its latest version).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from finview.contract import Table
from finview.ingest.landing import Refusal
from finview.ingest.rules import checked_select
from finview.ingest.sources import Source, sql_text


def check_rows(connection: duckdb.DuckDBPyConnection, table: Table, source: Source) -> None:
    """Fill `checked` and `rows` from a source.

    Raises:
        Refusal: the parser gave another number of rows than the scan found.
    """
    connection.execute(
        f"create or replace temp table checked as {checked_select(table, source.select)}"
    )
    found = connection.execute("select count(*) from checked").fetchall()[0][0]
    if found != source.rows:
        raise Refusal(f"the parser found {found} rows, the scan {source.rows}: deliver it again")
    if source.lines is None:
        rows = "select * from checked"
    elif not len(source.lines) or source.lines[-1] - source.lines[0] == len(source.lines) - 1:
        first = int(source.lines[0]) if len(source.lines) else 0
        rows = f"select rowid + {first} as line, * from checked"
    else:
        connection.register("physical", {"line": source.lines})
        connection.execute("create or replace temp table numbers as select line from physical")
        connection.unregister("physical")
        rows = "select * from numbers positional join checked"
    connection.execute(f"create or replace temp view rows as {rows}")
    connection.execute("create or replace temp table malformed (line bigint, value_class varchar)")
    if source.malformed:
        lines = [line for line, _ in source.malformed]
        shapes = [shape for _, shape in source.malformed]
        connection.execute(
            "insert into malformed select unnest($1::bigint[]), unnest($2::varchar[])",
            [lines, shapes],
        )


def _hash_of(expressions: Sequence[str]) -> str:
    """SQL of a 128-bit hash of values; exact, for no accepted text is empty or holds chr(0)."""
    texts = ", ".join(f"coalesce({expression}::varchar, '')" for expression in expressions)
    return f"md5_number(concat_ws(chr(0), {texts}))"


def load_known(
    connection: duckdb.DuckDBPyConnection, table: Table, schema: Path, files: Sequence[Path]
) -> None:
    """Fill `known` from the accepted files of a table, latest version last."""
    key = _hash_of([f'"{table.by_name[name].accepted_name}"' for name in table.key])
    content = _hash_of([f'"{column.accepted_name}"' for column in table.columns])
    paths = ", ".join(sql_text(path) for path in (schema, *files))
    connection.execute(
        f"create or replace temp table known as "
        f"select k, arg_max(c, seq) as c from (select {key} as k, {content} as c, "
        f"_load_sequence as seq from read_parquet([{paths}], union_by_name = true)) group by k"
    )


def decide(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Fill `keyed` and `verdicts` by the table's load policy.

    The first row of a key in a file stands for it. Against earlier files, the same content is a
    duplicate; other content is a conflict (append) or the next version (upsert).
    """
    position = {column.name: i for i, column in enumerate(table.columns)}
    key = _hash_of([f"a{position[name]}" for name in table.key])
    content = _hash_of([f"a{i}" for i in range(len(table.columns))])
    connection.execute(
        f"create or replace temp table keyed as "
        f"select line, {key} as k, {content} as c from rows where ok"
    )
    # Only reached by later rows of a key.
    repeated = "when c = first_c then 'duplicate' else 'repeated_key' end"
    if table.load == "append":
        cases = (
            "case when known_c = c then 'duplicate' when known_c is not null then 'key_conflict' "
            f"when line = first_line then null {repeated}"
        )
    else:
        cases = (
            "case when line = first_line then case when known_c = c then 'duplicate' end "
            f"{repeated}"
        )
    connection.execute(
        "create or replace temp table verdicts as select line, verdict from ("
        f"select line, {cases} as verdict from keyed join ("
        "  select firsts.*, known.c as known_c from ("
        "    select k, min(line) as first_line, arg_min(c, line) as first_c, count(*) as n "
        "    from keyed group by k) as firsts left join known using (k) "
        "  where n > 1 or known.k is not null) as clashes using (k)) "
        "where verdict is not null"
    )


def remember(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the accepted rows of the file to `known`."""
    connection.execute(
        "create or replace temp table fresh as "
        "select k, c from keyed anti join verdicts using (line)"
    )
    connection.execute("delete from known where k in (select k from fresh)")
    connection.execute("insert into known select k, c from fresh")


def accepted_select(table: Table) -> str:
    """SQL of the accepted rows in file order, with lineage from the variables of the batch."""
    columns = ", ".join(
        f'a{i}::{column.accepted_type} as "{column.accepted_name}"'
        for i, column in enumerate(table.columns)
    )
    return (
        f"select {columns}, getvariable('finview_file')::varchar as _source_file, "
        f"line::bigint as _source_line, getvariable('finview_loaded')::timestamp as _loaded_at, "
        f"getvariable('finview_batch')::varchar as _batch_id, "
        f"getvariable('finview_sequence')::bigint as _load_sequence, "
        f"getvariable('finview_key_version')::varchar as _key_version from rows where ok"
    )


def quarantine_select(table: Table) -> str:
    """SQL of one row per violation, by line, without any raw value."""
    parts = [
        f"select line, {sql_text(column.name)} as column_name, split_part(e{i}, '|', 1) as rule, "
        f"split_part(e{i}, '|', 2) as value_class from broken where e{i} is not null"
        for i, column in enumerate(table.columns)
    ]
    key = sql_text(",".join(table.key))
    parts.append(f"select line, {key}, verdict, 'key' from verdicts where verdict <> 'duplicate'")
    parts.append("select line, null::varchar, 'malformed_line', value_class from malformed")
    return (
        f"select getvariable('finview_file')::varchar as source_file, "
        f"line::bigint as source_line, column_name, rule, value_class, "
        f"getvariable('finview_batch')::varchar as batch_id, "
        f"getvariable('finview_loaded')::timestamp as loaded_at "
        f"from ({' union all '.join(parts)}) order by line, column_name, rule"
    )
