"""Landed files as SQL: a select of the contract columns as text, r0, r1, …, with their lines.

DuckDB parses; `finview.ingest.scan` decides which records are well-formed and where they are.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from finview.contract import Table
from finview.ingest.header import absent_note, bind
from finview.ingest.landing import MAX_CONTENT_BYTES, Refusal
from finview.ingest.scan import Flags, Ints, Records, scan, write_records

#: A Parquet file can claim billions of rows in a few bytes; a delivery has fewer.
MAX_PARQUET_ROWS = 500_000_000
#: A byte that no valid JSON text contains, so that a JSON line is one field to the CSV reader.
_UNIT_SEPARATOR = b"\x1f"


@dataclass(frozen=True)
class Source:
    """How to read one file.

    `select` gives texts r0, r1, … and, unless `lines` is set, `line`. `lines` are the physical
    lines of the rows in order. `malformed` is (line, value class) of every malformed line.
    `rows` counts the well-formed rows as found without the parser.
    """

    select: str
    rows: int
    malformed: tuple[tuple[int, str], ...]
    note: str
    lines: Ints | None = None


def open_source(
    connection: duckdb.DuckDBPyConnection, table: Table, kind: str, path: Path, work: Path
) -> Source:
    """Bind the file at `path` to the table.

    Raises:
        Refusal: empty, unreadable, or with columns that break the contract.
    """
    if kind == "csv":
        return _csv(table, path, work)
    if kind == "jsonl":
        return _jsonl(connection, table, path, work)
    return _parquet(connection, table, path)


def _csv(table: Table, path: Path, work: Path) -> Source:
    records = scan(path)
    if not len(records.start):
        raise Refusal("empty")
    if records.fields[0] == 0:
        raise Refusal("the header line is malformed (quotes, or too long)")
    names = _header(path, records)
    binding = bind(table, names)
    good = records.good
    body = good.copy()
    body[0] = False
    second = int(records.line[1]) if len(good) > 1 else int(records.line[0]) + 1
    as_is = bool(good.all()) and not records.has_cr and not records.has_blank
    as_is = as_is and int(records.start[0]) == 0 and second == int(records.line[0]) + 1
    parsed = path if as_is else _copy(path, records, body, work)
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(len(names)))
    texts = _texts([f"c{at}" if at is not None else None for at in binding])
    select = (
        f"select {texts} from read_csv({sql_text(parsed)}, auto_detect = false, "
        f"header = {str(as_is).lower()}, delim = ',', quote = '\"', escape = '\"', "
        f"new_line = '\\n', strict_mode = true, columns = {{{columns}}})"
    )
    lines = records.line[body]
    return Source(
        select, len(lines), _malformed(records, ~good), absent_note(table, binding), lines
    )


def _header(path: Path, records: Records) -> list[str]:
    with path.open("rb") as file:
        file.seek(int(records.start[0]))
        text = file.read(int(records.end[0] - records.start[0])).decode("utf-8")
    return next(csv.reader([text], strict=True))


def _copy(path: Path, records: Records, chosen: Flags, work: Path) -> Path:
    target = work / "records.txt"
    with target.open("wb") as file:
        write_records(path, records, chosen, file)
    return target


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


def _jsonl(connection: duckdb.DuckDBPyConnection, table: Table, path: Path, work: Path) -> Source:
    records = scan(path, delimiter=_UNIT_SEPARATOR, quoting=False)
    if not len(records.start):
        raise Refusal("empty")
    good = records.fields == 1
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
    flawed = connection.execute(
        "select line from json_lines where keys is null or len(keys) <> list_unique(keys)"
    ).fetchall()
    unparsed = [(line, "no plain JSON object") for (line,) in flawed]
    connection.execute(
        "delete from json_lines where keys is null or len(keys) <> list_unique(keys)"
    )
    found = connection.execute(
        "select distinct unnest(keys) as name from json_lines order by name"
    ).fetchall()
    names = [str(name) for (name,) in found]
    malformed = tuple(sorted([*_malformed(records, ~good), *unparsed]))
    if not names:
        raise Refusal("no line holds a JSON object with columns")
    binding = bind(table, names)
    rows = len(records.start) - len(malformed)
    return Source(_json_select(table, names, binding), rows, malformed, absent_note(table, binding))


def _json_select(table: Table, names: Sequence[str], binding: Sequence[int | None]) -> str:
    used = [at for at in binding if at is not None]
    pointers = ", ".join(
        sql_text("/" + names[at].replace("~", "~0").replace("/", "~1")) for at in used
    )
    expressions: list[str | None] = []
    for column, at in zip(table.columns, binding, strict=True):
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
    return (
        f"select line, {_texts(expressions)} from (select line, "
        f"json_extract_string(text, [{pointers}]) as texts, "
        f"json_extract(text, [{pointers}]) as raws from json_lines)"
    )


def _parquet(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    place = sql_text(path)
    size = connection.execute(
        f"select coalesce(sum(total_uncompressed_size), 0) from parquet_metadata({place})"
    ).fetchall()[0][0]
    rows = connection.execute(f"select num_rows from parquet_file_metadata({place})").fetchall()[0][
        0
    ]
    if size > MAX_CONTENT_BYTES or rows > MAX_PARQUET_ROWS:
        raise Refusal("too large when unpacked: deliver it in parts")
    described = connection.execute(f"describe select * from read_parquet({place})").fetchall()
    names, types = [row[0] for row in described], [str(row[1]) for row in described]
    binding = bind(table, names)
    for name, kind in zip(names, types, strict=True):
        column = '"' + name.replace('"', '""') + '"'
        query = f"select 1 from read_parquet({place}) where contains({column}, chr(0)) limit 1"
        if kind == "VARCHAR" and connection.execute(query).fetchall():
            raise Refusal(f"the column '{name}' holds a NUL character")
    expressions = [
        _parquet_text(names[at], types[at]) if at is not None else None for at in binding
    ]
    select = (
        f"select file_row_number + 1 as line, {_texts(expressions)} "
        f"from read_parquet({place}, file_row_number = true)"
    )
    return Source(select, int(rows), (), absent_note(table, binding))


def _parquet_text(name: str, kind: str) -> str:
    """SQL of a Parquet column as the text a CSV file would hold."""
    column = '"' + name.replace('"', '""') + '"'
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
