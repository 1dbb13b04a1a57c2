"""Erasing from landed files: the person's records become empty lines, all others stay as they are.

Empty lines, so that every other line keeps its number: accepted and quarantined rows name the line
they came from. A row of a Parquet file becomes a row of nulls for the same reason. Identifiers of
the person in what is left (free text, columns of nobody's contract) are masked in place.

A malformed record goes when any word of it is on the list.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb

from finview.contract import Contract, Table
from finview.ingest.identifiers import MASKS, masked
from finview.ingest.landing import CONTROL_ENDINGS
from finview.privacy.accepted import erase_quarantined, ledger_rows
from finview.privacy.files import beside, replace_file, sha256_of
from finview.privacy.gone import listed_among
from finview.privacy.suppression import SuppressionList
from finview.privacy.text_files import (
    CsvReader,
    JsonReader,
    Lookup,
    Reader,
    classes_of,
    csv_records,
    decoded_lines,
    gone_records,
    listed_tokens,
    mask_listed,
    open_bytes,
)
from finview.publish.content import literal, quoted
from finview.settings import Home

_TEXT_KINDS = (".csv", ".jsonl", ".ndjson", ".txt", ".json", ".tsv", ".md")
_RECORDS = 50_000


@dataclass
class LandingResult:
    """What went from landing, and the files that could not be searched."""

    lines: int = 0
    masked: int = 0
    files: int = 0
    quarantined: int = 0
    unsearched: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Content:
    """A file, or a member of an archive, as it will be: what went, and its digests."""

    lines: list[int]
    masked: int
    before: str
    after: str
    member: str = ""


def erase_landed(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract, listed: SuppressionList
) -> LandingResult:
    """Rewrite every landed file that names somebody on the list."""
    tables = {(table.source, table.name): table for table in contract.tables}
    result = LandingResult()
    for path in sorted(path for path in home.landing.rglob("*") if not path.is_dir()):
        parts = path.relative_to(home.landing).parts
        if path.name.endswith(".erase.tmp"):
            path.unlink()
            continue
        if path.name.endswith(CONTROL_ENDINGS):
            continue  # totals only
        table = tables.get((parts[0], parts[1])) if len(parts) == 3 else None
        try:
            contents = _rewrite(connection, path, table)
        except (OSError, EOFError, ValueError, duckdb.Error, csv.Error, zipfile.BadZipFile):
            contents = None
        if contents is None:
            result.unsearched.append(masked("/".join(parts)))
        changed = [content for content in contents or () if content.before != content.after]
        if not changed:
            beside(path).unlink(missing_ok=True)
            continue
        for content in changed:
            if table is not None:
                result.quarantined += _keep_accounts(connection, home, listed, table, path, content)
            result.lines += len(content.lines)
            result.masked += content.masked
        for ending in CONTROL_ENDINGS:
            # It speaks of the file as it was delivered, and was checked then.
            path.with_name(path.name + ending).unlink(missing_ok=True)
        replace_file(beside(path), path)
        result.files += 1
    return result


def _keep_accounts(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    listed: SuppressionList,
    table: Table,
    path: Path,
    content: _Content,
) -> int:
    """Before a file changes: its quarantine, and an alias so that it still counts as taken."""
    name = masked(str(path.relative_to(home.landing)) + (content.member and f"/{content.member}"))
    same = (
        "source = ? and table_name = ? and replay_of is null and (sha256 = ? or load_sequence in "
        "(select load_sequence from aliases where sha256 = ?)) order by file <> ?, load_sequence"
    )
    known = ledger_rows(
        home,
        "load_sequence",
        same,
        (table.source, table.name, content.before, content.before, name),
    )
    if not known:
        return 0
    sequence = int(known[0][0])
    listed.expect_erased([sequence])
    batches = ledger_rows(
        home, "batch_id", "load_sequence = ? or replay_of = ?", (sequence, sequence)
    )
    folder = f"{table.source}/{table.name}"
    gone = erase_quarantined(
        connection, home, folder, [batch for (batch,) in batches], content.lines
    )
    listed.add_erased_quarantined(sequence, gone)
    with closing(sqlite3.connect(home.audit / "ingest.sqlite")) as ledger, ledger:
        ledger.execute("pragma synchronous = full")
        ledger.execute(
            "insert or ignore into aliases values (?, ?, ?, ?)",
            (table.source, table.name, content.after, sequence),
        )
    return gone


def _rewrite(
    connection: duckdb.DuckDBPyConnection, path: Path, table: Table | None
) -> list[_Content] | None:
    """Write the file as it will be beside it; None when it cannot be searched."""
    if path.is_symlink():
        return None
    if not path.stat().st_size:
        return []
    name = path.name.lower()
    if name.endswith(".zip"):
        return _rewrite_archive(connection, path, table)
    kind = Path(name.removesuffix(".gz")).suffix
    if kind == ".parquet" and not name.endswith(".gz"):
        return [_rewrite_parquet(connection, path, beside(path), table)]
    if kind not in _TEXT_KINDS:
        return None
    packed = name.endswith(".gz")
    with open_bytes(path, "rb", packed) as source, open_bytes(beside(path), "wb", packed) as target:
        return [_rewrite_text(connection, source, target, table, kind)]


def _rewrite_archive(
    connection: duckdb.DuckDBPyConnection, path: Path, table: Table | None
) -> list[_Content] | None:
    """Every member of a zip archive, under the names and times they have."""
    contents = []
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(beside(path), "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for entry in archive.infolist():
            kind = Path(entry.filename.lower()).suffix
            if entry.is_dir() or kind not in _TEXT_KINDS:
                return None
            with (
                archive.open(entry) as source,
                made.open(
                    zipfile.ZipInfo(entry.filename, entry.date_time), "w", force_zip64=True
                ) as target,
            ):
                content = _rewrite_text(connection, source, target, table, kind)
            contents.append(replace(content, member=entry.filename))
    return contents


def _rewrite_text(
    connection: duckdb.DuckDBPyConnection,
    source: IO[bytes],
    target: IO[bytes],
    table: Table | None,
    kind: str,
) -> _Content:
    before, after = hashlib.sha256(), hashlib.sha256()
    erased: list[int] = []
    hidden = 0
    encoding, lines = decoded_lines(source, before)
    records = csv_records(lines) if kind == ".csv" else enumerate(lines, 1)
    lookup = Lookup(connection)
    reader: Reader = JsonReader(table) if "json" in kind else CsvReader(table)
    while batch := list(islice(records, _RECORDS)):
        gone = gone_records(lookup, reader.values([text for _, text in batch]))
        kept = []
        for at, (line, text) in enumerate(batch):
            if at in gone:
                erased.append(line)
                text = "".join(re.findall(r"\r\n|\r|\n", text))
            kept.append(text)
        kept, found = mask_listed(lookup, kept)
        hidden += found
        content = "".join(kept).encode(encoding)
        after.update(content)
        target.write(content)
    return _Content(erased, hidden, before.hexdigest(), after.hexdigest())


def _rewrite_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path, table: Table | None
) -> _Content:
    """Null the rows of a Parquet file that name somebody, mask what the others say of them."""
    read = f"read_parquet({literal(str(path))}, file_row_number = true, hive_partitioning = false)"
    described = connection.execute(f"describe select * exclude (file_row_number) from {read}")
    columns = [(str(row[0]), str(row[1])) for row in described.fetchall()]
    tests = []
    for at, pii in classes_of(table, [name for name, _ in columns]).items():
        value = f"trim({quoted(columns[at][0])}::varchar)"
        distinct = connection.execute(f"select distinct {value} from {read}").fetchall()
        if found := listed_among(connection, (row[0] for row in distinct if row[0]), (pii,)):
            tests.append(f"coalesce({value} in ({', '.join(map(literal, sorted(found)))}), false)")
    gone = " or ".join(tests) or "false"
    lines = connection.execute(
        f"select file_row_number + 1 from {read} where {gone} order by 1"
    ).fetchall()
    expressions, hidden = [], 0
    for name, kind in columns:
        column = quoted(name)
        if kind == "VARCHAR":
            for token, mask in _tokens_of_column(connection, read, column).items():
                hidden += 1
                column = f"replace({column}, {literal(token)}, {literal(mask)})"
        expressions.append(f"case when not ({gone}) then {column} end as {quoted(name)}")
    before = sha256_of(path)
    if not lines and not hidden:
        return _Content([], 0, before, before)
    target.unlink(missing_ok=True)
    connection.execute(
        f"copy (select {', '.join(expressions)} from {read} order by file_row_number) "
        f"to {literal(str(target))} (format parquet, compression zstd)"
    )
    return _Content([line for (line,) in lines], hidden, before, sha256_of(target))


def _tokens_of_column(
    connection: duckdb.DuckDBPyConnection, read: str, column: str
) -> dict[str, str]:
    """Identifiers on the list that stand in a text column, with their masks."""
    tokens: dict[str, str] = {}
    for pattern, _ in MASKS:
        found = connection.execute(
            f"select distinct unnest(regexp_extract_all({column}, {literal(pattern)})) from {read}"
        ).fetchall()
        tokens |= listed_tokens(Lookup(connection), "\n".join(str(value) for (value,) in found))
    return tokens
