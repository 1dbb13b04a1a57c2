"""Landed files as SQL: a select of the contract columns as text, r0, r1, …, with their lines.

DuckDB parses; `finview.ingest.scan` decides which records are well-formed and where they are. A
file is given in portions, so that memory is bounded whatever its size.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from finview.contract import Table
from finview.ingest.archives import MAX_CONTENT_BYTES
from finview.ingest.header import Binding, bind
from finview.ingest.refusal import Refusal
from finview.ingest.scan import (
    MAX_RECORD_BYTES,
    PORTION_RECORDS,
    Flags,
    Ints,
    Records,
    scan,
    write_records,
)

#: A Parquet file can claim billions of rows in a few bytes; a delivery has fewer.
MAX_PARQUET_ROWS = 500_000_000
#: A byte that no valid JSON text contains, so that a JSON line is one field to the CSV reader.
_UNIT_SEPARATOR = b"\x1f"
_BLOCK = 8 << 20


@dataclass(frozen=True)
class Source:
    """How to read one portion of a file.

    `select` gives texts r0, r1, …, `x` (columns that drift brought, as JSON) and, unless `lines`
    is set, `line`. `lines` are the physical lines of the rows in order. `malformed` is (line,
    value class) of every malformed line. `rows` counts the well-formed rows as found without the
    parser. `is_trimmed` says that no text has spaces around it and that none is empty.
    """

    select: str
    rows: int
    malformed: tuple[tuple[int, str], ...]
    note: str
    lines: Ints | None = None
    is_trimmed: bool = False


def open_source(
    connection: duckdb.DuckDBPyConnection, table: Table, kind: str, path: Path, work: Path
) -> Iterator[Source]:
    """Bind the file at `path` to the table; its portions in order, at least one.

    A portion must be read before the next one is asked for.

    Raises:
        Refusal: empty, unreadable, or with columns that break the contract.
    """
    if kind == "csv":
        return _csv(table, path, work)
    if kind == "jsonl":
        return _jsonl(connection, table, path, work)
    return _parquet(connection, table, path)


def _csv(table: Table, path: Path, work: Path) -> Iterator[Source]:
    names: list[str] = []
    binding: Binding | None = None
    for records in scan(path):
        good = records.good
        body = good.copy()
        if records.is_first:
            if records.fields[0] == 0:
                raise Refusal("the header line is malformed (quotes, or too long)")
            names = _header(path, records)
            binding = bind(table, names)
            body[0] = False
        assert binding is not None
        parsed = _copy(path, records, body, work)
        columns = ", ".join(f"'c{i}': 'varchar'" for i in range(len(names)))
        texts = _texts([f"c{at}" if at is not None else None for at in binding.positions])
        extra = _extra({names[at]: f"c{at}" for at in binding.extra})
        select = (
            f"select {texts}, {extra} as x from read_csv({sql_text(parsed)}, auto_detect = false, "
            f"header = false, delim = ',', quote = '\"', escape = '\"', "
            f"new_line = '\\n', strict_mode = true, columns = {{{columns}}})"
        )
        lines = records.line[body]
        malformed = _malformed(records, ~good)
        trimmed = not records.may_have_spaces
        yield Source(select, len(lines), malformed, binding.note, lines, trimmed)
    if binding is None:
        raise Refusal("empty")


def _header(path: Path, records: Records) -> list[str]:
    with path.open("rb") as file:
        file.seek(int(records.start[0]))
        text = file.read(int(records.end[0] - records.start[0])).decode("utf-8")
    csv.field_size_limit(MAX_RECORD_BYTES)
    return next(csv.reader([text], strict=True))


def _copy(path: Path, records: Records, chosen: Flags, work: Path) -> Path:
    target = work / "records.txt"
    first, last = int(records.start[0]), int(records.end[-1])
    skipped = records.is_first and len(chosen) > 1 and not chosen[0]
    whole = bool(chosen[1:].all()) and (bool(chosen[0]) or skipped)
    if whole and not records.has_cr and not records.has_blank:
        _copy_bytes(path, int(records.start[1]) if skipped else first, last, target)
    else:
        with target.open("wb") as file:
            write_records(path, records, chosen, file)
    return target


def _copy_bytes(path: Path, first: int, last: int, target: Path) -> None:
    with path.open("rb") as source, target.open("wb") as file:
        source.seek(first)
        left = last - first
        while left:
            block = source.read(min(left, _BLOCK))
            file.write(block)
            left -= len(block)
        file.write(b"\n")


def _malformed(records: Records, bad: Flags) -> tuple[tuple[int, str], ...]:
    pairs = zip(records.line[bad].tolist(), records.fields[bad].tolist(), strict=True)
    return tuple(
        (line, f"fields[{fields}]" if fields else "broken quoting or over-long")
        for line, fields in pairs
    )


def _texts(expressions: Sequence[str | None]) -> str:
    return ", ".join(
        f"{expression or 'null::varchar'} as r{i}" for i, expression in enumerate(expressions)
    )


def _extra(columns: Mapping[str, str]) -> str:
    """SQL of a JSON object of the columns that drift brought, without empty ones; else null."""
    if not columns:
        return "null::varchar"
    pairs = ", ".join(
        f"{sql_text(name.strip().lower())}, {columns[name]}" for name in sorted(columns)
    )
    return f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')"


def _jsonl(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path, work: Path
) -> Iterator[Source]:
    has_names = False
    for records in scan(path, delimiter=_UNIT_SEPARATOR, quoting=False):
        good = records.fields == 1
        malformed = list(_malformed(records, ~good))
        malformed += _json_lines(connection, path, records, good, work)
        found = connection.execute(
            "select distinct unnest(keys) as name from json_lines order by name"
        ).fetchall()
        names = [str(name) for (name,) in found]
        if names:
            # Which names a portion has depends on its rows; only the first must have all.
            binding = bind(table, names, must_have_required=not has_names)
            has_names = True
            select = _json_select(table, names, binding)
        else:
            binding = Binding((None,) * len(table.columns), (), "")
            select = _json_select(table, names, binding)
        rows = len(records.start) - len(malformed)
        yield Source(select, rows, tuple(sorted(malformed)), binding.note)
    if not has_names:
        raise Refusal("no line holds a JSON object with columns")


def _json_lines(
    connection: duckdb.DuckDBPyConnection, path: Path, records: Records, good: Flags, work: Path
) -> list[tuple[int, str]]:
    """Fill `json_lines` with the objects of a portion; the lines that hold none."""
    parsed = _copy(path, records, good, work)
    connection.execute(
        f"create or replace temp table json_text as select text from read_csv({sql_text(parsed)}, "
        f"auto_detect = false, header = false, delim = chr(31), quote = '', escape = '', "
        f"new_line = '\\n', columns = {{'text': 'varchar'}})"
    )
    _expect_rows(connection, "json_text", int(good.sum()))
    connection.register("json_numbers", {"line": records.line[good]})
    connection.execute(
        "create or replace temp table json_lines as select line, text, "
        "case when json_valid(text) and json_type(text) = 'OBJECT' "
        "and not contains(text, '\\u0000') then json_keys(text) end as keys "
        "from json_text positional join json_numbers"
    )
    connection.unregister("json_numbers")
    flaw = "keys is null or len(keys) <> list_unique(keys)"
    flawed = connection.execute(f"select line from json_lines where {flaw}").fetchall()
    connection.execute(f"delete from json_lines where {flaw}")
    return [(line, "no plain JSON object") for (line,) in flawed]


def _json_select(table: Table, names: Sequence[str], binding: Binding) -> str:
    used = [at for at in binding.positions if at is not None] + list(binding.extra)
    pointers = ", ".join(
        sql_text("/" + names[at].replace("~", "~0").replace("/", "~1")) for at in used
    )
    expressions: list[str | None] = []
    for column, at in zip(table.columns, binding.positions, strict=True):
        place = used.index(at) + 1 if at is not None else 0
        text, raw = f"texts[{place}]", f"raws[{place}]::varchar"
        if at is None:
            expressions.append(None)
        elif column.decimals is not None:
            # A JSON number beyond 15 digits was rounded by every reader: let no rule accept it.
            digits = f"length(regexp_replace({text}, '[^0-9]', '', 'g')) > 15"
            expressions.append(
                f"case when {digits} and not starts_with({raw}, '\"') "
                f"then {text} || '...' else {text} end"
            )
        else:
            expressions.append(text)
    extra = _extra({names[at]: f"texts[{used.index(at) + 1}]" for at in binding.extra})
    if not used:
        return f"select line, {_texts(expressions)}, {extra} as x from json_lines"
    return (
        f"select line, {_texts(expressions)}, {extra} as x from (select line, "
        f"json_extract_string(text, [{pointers}]) as texts, "
        f"json_extract(text, [{pointers}]) as raws from json_lines)"
    )


def _parquet(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Iterator[Source]:
    place = sql_text(path)
    ((size,),) = connection.execute(
        f"select coalesce(sum(total_uncompressed_size), 0) from parquet_metadata({place})"
    ).fetchall()
    ((rows,),) = connection.execute(
        f"select num_rows from parquet_file_metadata({place})"
    ).fetchall()
    if size > MAX_CONTENT_BYTES or rows > MAX_PARQUET_ROWS:
        raise Refusal("too large when unpacked: deliver it in parts")
    described = connection.execute(f"describe select * from read_parquet({place})").fetchall()
    names, types = [row[0] for row in described], [str(row[1]) for row in described]
    binding = bind(table, names)
    used = [*(at for at in binding.positions if at is not None), *binding.extra]
    for at in used:
        column = _identifier(names[at])
        query = f"select 1 from read_parquet({place}) where contains({column}, chr(0)) limit 1"
        if types[at] == "VARCHAR" and connection.execute(query).fetchall():
            raise Refusal(f"the column '{names[at]}' holds a NUL character")
    expressions = [
        _parquet_text(names[at], types[at]) if at is not None else None for at in binding.positions
    ]
    extra = _extra({names[at]: _parquet_text(names[at], types[at]) for at in binding.extra})
    for first in range(0, max(int(rows), 1), PORTION_RECORDS):
        last = min(first + PORTION_RECORDS, int(rows))
        select = (
            f"select file_row_number + 1 as line, {_texts(expressions)}, {extra} as x "
            f"from read_parquet({place}, file_row_number = true) "
            f"where file_row_number >= {first} and file_row_number < {last}"
        )
        yield Source(select, last - first, (), binding.note)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _parquet_text(name: str, kind: str) -> str:
    """SQL of a Parquet column as the text a CSV file would hold."""
    column = _identifier(name)
    if kind == "BLOB":
        raise Refusal("a column holds binary data: write it as string")
    if kind in ("DOUBLE", "FLOAT"):
        exact = f"abs({column}) >= 1e-10 and abs({column}) < 1e15"
        return (
            f"case when contains({column}::varchar, 'e') and {exact} "
            f"then {column}::decimal(38,10)::varchar else {column}::varchar end"
        )
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("]"):
        return f"to_json({column})::varchar"
    if kind == "VARCHAR":
        return column
    return f"{column}::varchar"


def _expect_rows(connection: duckdb.DuckDBPyConnection, name: str, expected: int) -> None:
    found = connection.execute(f"select count(*) from {name}").fetchall()[0][0]
    if found != expected:
        raise Refusal(f"the parser found {found} rows, the scan {expected}: deliver it again")


def sql_text(value: str | Path) -> str:
    """A SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
