"""The account of every row of a portion: accepted, quarantined or duplicate, all in SQL.

Temporary tables of the run's connection: `checked` (see `finview.ingest.rules`), `beside` (lines
and keyed hashes of its rows), the view `rows` of both, `keyed` (keys and contents of sound rows as
hashes), `verdicts` (sound rows that are not accepted, with the reason), `malformed`, and per table
`known`: one row per key that was accepted before, with the content of its latest version and the
load sequence of the file that brought the key last. `present`: keys of a snapshot so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from finview.contract import Table
from finview.ingest.identifiers import accepted_value
from finview.ingest.refusal import Refusal
from finview.ingest.rules import checked_select
from finview.ingest.sources import Source, sql_text


def check_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, source: Source, *, only: str = ""
) -> None:
    """Fill `checked`, `rows` and `malformed` from one portion of a file.

    Args:
        connection: The run's private connection.
        table: What the rows must be like.
        source: The portion.
        only: SQL condition over `line` that rows and malformed lines must meet to be looked at.

    Raises:
        Refusal: the parser gave another number of rows than the scan found.
    """
    select = checked_select(table, source.select, is_trimmed=source.is_trimmed)
    connection.execute(f"create or replace temp table checked as {select}")
    ((found,),) = connection.execute("select count(*) from checked").fetchall()
    if found != source.rows:
        raise Refusal(f"the parser found {found} rows, the scan {source.rows}: deliver it again")
    hashed = [(i, column) for i, column in enumerate(table.columns) if column.is_hashed]
    beside: dict[str, pa.Array] = {}
    if source.lines is not None:
        beside["line"] = pa.array(source.lines)
    for i, column in hashed:
        value = accepted_value(column, "value", "value")
        beside[f"a{i}"] = _by_distinct_value(connection, f"v{i}", value)
    view = "select * from checked"
    if beside:
        connection.register("arrays", pa.table(beside))
        connection.execute("create or replace temp table beside as select * from arrays")
        connection.unregister("arrays")
        raw = ", ".join(f"v{i}" for i, _ in hashed)
        exclude = f" exclude ({raw})" if raw else ""
        view = f"select *{exclude} from beside positional join checked"
    if only:
        view += f" where {only}"
    connection.execute(f"create or replace temp view rows as {view}")
    connection.execute("create or replace temp table malformed (line bigint, value_class varchar)")
    if source.malformed:
        lines = [line for line, _ in source.malformed]
        shapes = [shape for _, shape in source.malformed]
        connection.execute(
            "insert into malformed select unnest($1::bigint[]), unnest($2::varchar[])",
            [lines, shapes],
        )
        if only:
            connection.execute(f"delete from malformed where not ({only})")


def _by_distinct_value(
    connection: duckdb.DuckDBPyConnection, column: str, expression: str
) -> pa.Array:
    """A column of `checked` through an expression over `value`, computed once per distinct value.

    Two SHA-256 of a value cost as much as twenty other rules, and identifiers repeat.
    """
    texts = connection.execute(f"select {column} from checked").to_arrow_table().column(0)
    coded = texts.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    connection.register("distinct_values", pa.table({"value": coded.dictionary}))
    computed = connection.execute(f"select {expression} as c from distinct_values").to_arrow_table()
    connection.unregister("distinct_values")
    return computed.column(0).combine_chunks().take(coded.indices)


def _key_hash(expressions: Sequence[str]) -> str:
    """SQL of a 128-bit hash of a key; exact, for no accepted text is empty or holds chr(0)."""
    if len(expressions) == 1:
        return f"md5_number({expressions[0]}::varchar)"
    texts = ", ".join(f"coalesce({expression}::varchar, '')" for expression in expressions)
    return f"md5_number(concat_ws(chr(0), {texts}))"


def _content_hash(expressions: Sequence[str]) -> str:
    """SQL of a hash of a row, compared only between rows of one key."""
    return f"hash({', '.join(expressions)})"


def _key_columns(table: Table) -> tuple[str, ...]:
    """Columns that tell accepted rows apart: of a versioned table every version is one."""
    version = (table.version_column,) if table.version_column else ()
    return tuple(dict.fromkeys((*table.key, *version)))


def load_known(
    connection: duckdb.DuckDBPyConnection, table: Table, schema: Path, files: Sequence[Path]
) -> None:
    """Fill `known` from the accepted files of a table, latest version last."""
    names = _key_columns(table)
    key = _key_hash([f'"{table.by_name[name].accepted_name}"' for name in names])
    content = _content_hash([f'"{column.accepted_name}"' for column in table.columns])
    paths = ", ".join(sql_text(path) for path in (schema, *files))
    connection.execute(
        f"create or replace temp table known as select k, "
        f"arg_max_null(c, seq) as c, max(seq) as seq from (select {key} as k, "
        f"case when _is_deleted and _source_line = 0 then null else {content} end as c, "
        f"_load_sequence as seq from read_parquet([{paths}], union_by_name = true)) group by k"
    )


def decide(connection: duckdb.DuckDBPyConnection, table: Table, suppressed: str) -> None:
    """Fill `keyed` and `verdicts` by the table's load policy.

    The first row of a key in a file stands for it. Against earlier files, the same content is a
    duplicate; other content is a conflict (append) or the next version (upsert, snapshot). A key
    that an earlier portion of this file had is told by its load sequence.

    Args:
        suppressed: SQL over a0, a1, …: is anybody of the row on the suppression list?
    """
    position = {column.name: i for i, column in enumerate(table.columns)}
    key = _key_hash([f"a{position[name]}" for name in _key_columns(table)])
    content = _content_hash([f"a{i}" for i in range(len(table.columns))])
    connection.execute(
        f"create or replace temp table keyed as select line, {key} as k, {content} as c, "
        f"{suppressed} as suppressed from rows where ok"
    )
    # Only reached by later rows of a key.
    repeated = "when c = first_c then 'duplicate' else 'repeated_key' end"
    now = "getvariable('finview_sequence')"
    if table.load == "append":
        cases = (
            "case when known_c = c then 'duplicate' "
            f"when known_c is not null and known_seq = {now} then 'repeated_key' "
            "when known_c is not null then 'key_conflict' "
            f"when line = first_line then null {repeated}"
        )
    else:
        cases = (
            f"case when known_seq = {now} then "
            "  case when known_c = c then 'duplicate' else 'repeated_key' end "
            "when line = first_line then case when known_c = c then 'duplicate' end "
            f"{repeated}"
        )
    # Few keys clash: only their rows are looked at closely.
    connection.execute(
        "create or replace temp table clashes as with candidates as ("
        "  select * from keyed where not suppressed and k in ("
        "    select k from keyed where not suppressed group by k having count(*) > 1"
        "    union all select k from keyed where k in (select k from known))) "
        "select candidates.*, first_line, first_c, known.c as known_c, known.seq as known_seq "
        "from candidates join ("
        "  select k, min(line) as first_line, arg_min(c, line) as first_c "
        "  from candidates group by k) using (k) left join known using (k)"
    )
    connection.execute(
        "create or replace temp table verdicts as select line, verdict from ("
        f"select line, {cases} as verdict from clashes) where verdict is not null"
    )
    connection.execute("insert into verdicts select line, 'suppressed' from keyed where suppressed")
    if table.load == "snapshot":
        connection.execute("insert into present select distinct k from keyed")


def remember(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Put the keys of the portion into `known`: of later portions and files they are known.

    In an append table the accepted rows; else also those whose first row was a duplicate.
    """
    if table.load == "append":
        fresh = "select k, c from keyed anti join verdicts using (line)"
    else:
        fresh = (
            "select distinct k, c from keyed left join verdicts using (line) "
            "where verdict is null or verdict = 'duplicate'"
        )
    connection.execute(f"create or replace temp table fresh as {fresh}")
    connection.execute("delete from known where k in (select k from fresh)")
    connection.execute(
        "insert into known select k, c, getvariable('finview_sequence')::bigint from fresh"
    )


def accepted_select(table: Table, relation: str = "rows") -> str:
    """SQL of the sound rows of a relation, with lineage from the variables of the batch."""
    columns = ", ".join(
        f'a{i}::{column.accepted_type} as "{column.accepted_name}"'
        for i, column in enumerate(table.columns)
    )
    deleted = "false"
    if table.delete_column:
        place = [column.name for column in table.columns].index(table.delete_column)
        deleted = f"coalesce(a{place}, false)"
    return f"select {columns}, {lineage('line', deleted, 'x')} from {relation} where ok"


def lineage(line: str, deleted: str, extra: str) -> str:
    """SQL of the lineage columns, from the variables of the batch."""
    return (
        f"getvariable('finview_file')::varchar as _source_file, "
        f"{line}::bigint as _source_line, getvariable('finview_loaded')::timestamp as _loaded_at, "
        f"getvariable('finview_batch')::varchar as _batch_id, "
        f"getvariable('finview_sequence')::bigint as _load_sequence, "
        f"getvariable('finview_key_version')::varchar as _key_version, "
        f"{deleted}::boolean as _is_deleted, {extra}::varchar as _extra"
    )


def gone_select(table: Table, schema: Path, files: Sequence[Path]) -> str:
    """SQL of the deletions of a snapshot: keys that were there and are not in the file.

    Args:
        table: A table of load policy `snapshot`.
        schema: Its empty schema file.
        files: Its accepted files before this one; the keys of this one are in `present`.
    """
    names = [f'"{table.by_name[name].accepted_name}"' for name in table.key]
    keys = ", ".join(names)
    columns = ", ".join(
        f'"{column.accepted_name}"' if column.name in table.key
        else f'null::{column.accepted_type} as "{column.accepted_name}"'
        for column in table.columns
    )  # fmt: skip
    paths = ", ".join(sql_text(path) for path in (schema, *files))
    key = _key_hash(names)
    return (
        f"select {columns}, {lineage('0', 'true', 'null')} from ("
        f"select *, row_number() over (partition by {keys} "
        f"order by _load_sequence desc, _source_line desc) as newest "
        f"from read_parquet([{paths}], union_by_name = true)) "
        f"where newest = 1 and not coalesce(_is_deleted, false) "
        f"and {key} not in (select k from present) order by {keys}"
    )


def quarantine_select(table: Table) -> str:
    """SQL of one row per violation, by line, without any raw value."""
    parts = [
        f"select line, {sql_text(column.name)} as column_name, "
        f"split_part(e[{i + 1}], '|', 1) as rule, split_part(e[{i + 1}], '|', 2) as value_class "
        f"from broken where e[{i + 1}] is not null"
        for i, column in enumerate(table.columns)
    ]
    key = sql_text(",".join(table.key))
    parts.append(
        f"select line, case when verdict <> 'suppressed' then {key} end, verdict, "
        "case when verdict <> 'suppressed' then 'key' end from verdicts "
        "where verdict <> 'duplicate'"
    )
    parts.append("select line, null::varchar, 'malformed_line', value_class from malformed")
    return (
        f"select getvariable('finview_file')::varchar as source_file, "
        f"line::bigint as source_line, column_name, rule, value_class, "
        f"getvariable('finview_batch')::varchar as batch_id, "
        f"getvariable('finview_loaded')::timestamp as loaded_at "
        f"from ({' union all '.join(parts)}) order by line, column_name, rule"
    )
