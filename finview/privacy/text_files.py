"""Landed text files as records: where a record begins and ends, and whom its values name.

A malformed record cannot be told apart by columns: every word of it counts as a value.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, cast

import duckdb

from finview.contract import Table
from finview.ingest.identifiers import MASKS
from finview.privacy.gone import listed_among
from finview.privacy.suppression import LISTED_CLASSES, plain_class

#: A record with line breaks in quotes is no longer than this: else its quotes are wrong.
_LONGEST = 1 << 20
_BLOCK = 1 << 20
#: Values remembered per class as not on the list: a few hundred megabytes.
_REMEMBERED = 2_000_000
_WORDS = re.compile(r"[\w.@+%-]+")
_MASK_CLASSES = {"<id_card>": "id_card", "<email>": "email", "<phone>": "phone"}

#: Per class, (place of the record in its batch, value); words of malformed records under "".
Values = Mapping[str, list[tuple[int, str]]]


class Reader(Protocol):
    """Finds the values of records, given in batches in the order of the file."""

    def values(self, texts: list[str]) -> Values:
        """Values of a batch by class."""


def open_bytes(path: Path, mode: str, packed: bool) -> IO[bytes]:
    """Open a plain or gzip file; the same content gives the same gzip bytes."""
    opened = gzip.GzipFile(path, mode, mtime=0) if packed else path.open(mode)
    return cast("IO[bytes]", opened)


def decoded_lines(source: IO[bytes], digest: hashlib._Hash) -> tuple[str, Iterator[str]]:
    """The codec of a file and its physical lines with their ends (LF, CR or CRLF).

    Under the codec every byte comes out as it went in: digits, letters and separators are the
    same bytes in UTF-8, GBK and GB18030, which are all read as Latin-1.
    """
    buffered = io.BufferedReader(_Hashing(source, digest), _BLOCK)
    mark = buffered.peek(2)[:2]
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "latin-1")
    return encoding, io.TextIOWrapper(buffered, encoding, newline="")


class _Hashing(io.RawIOBase):
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, source: IO[bytes], digest: hashlib._Hash) -> None:
        self._source = source
        self._digest = digest

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer and hash what came."""
        block = self._source.read(len(buffer))
        self._digest.update(block)
        buffer[: len(block)] = block
        return len(block)


def csv_records(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Records of a CSV file with the number of their first line.

    A record goes on while its quotes are open; where they never close, each line is its own.
    """
    number = 0
    waiting: list[str] = []
    while True:
        first = waiting.pop(0) if waiting else next(lines, None)
        if first is None:
            return
        number += 1
        parts, quotes, size = [first], first.count('"'), len(first)
        while quotes % 2 and size < _LONGEST:
            more = waiting.pop(0) if waiting else next(lines, None)
            if more is None:
                break
            parts.append(more)
            quotes += more.count('"')
            size += len(more)
        if quotes % 2:
            waiting = parts[1:] + waiting
            parts = parts[:1]
        yield number, "".join(parts)
        number += len(parts) - 1


def classes_of(table: Table | None, names: Iterable[str]) -> dict[int, str]:
    """Class of each delivered column that can tell who a row is of."""
    by_name = table.by_name if table else {}
    found = {}
    for at, name in enumerate(names):
        column = by_name.get(name.strip().lower())
        if column is not None and column.is_hashed and column.pii != "name":
            found[at] = str(column.pii)
        elif pii := plain_class(name.strip().lower()):
            found[at] = pii
    return found


class CsvReader:
    """Values of CSV records by the header; without a header of the contract, all their words."""

    def __init__(self, table: Table | None) -> None:
        self._table = table
        self._classes: dict[int, str] | None = None
        self._width = 0

    def values(self, texts: list[str]) -> Values:
        """Values of a batch by class."""
        found: dict[str, list[tuple[int, str]]] = {}
        sound = [at for at, text in enumerate(texts) if text.count('"') % 2 == 0]
        rows = csv.reader(texts[at] for at in sound)
        parsed = dict(zip(sound, _safely(rows, len(sound)), strict=True))
        for at, text in enumerate(texts):
            row = parsed.get(at)
            if self._classes is None:
                names = [_without_mark(name) for name in row or ()]
                self._classes, self._width = classes_of(self._table, names), len(names)
                if self._classes:
                    continue
            if row is None or len(row) != self._width or not self._classes:
                _add_words(found, at, text)
                continue
            for place, pii in self._classes.items():
                if value := row[place].strip():
                    found.setdefault(pii, []).append((at, _true(value)))
        return found


def _safely(rows: Iterator[list[str]], expected: int) -> list[list[str] | None]:
    """Parsed rows; none at all when the parser sees other records than we do."""
    before = csv.field_size_limit(1 << 26)
    try:
        parsed: list[list[str] | None] = list(rows)
    except csv.Error:
        parsed = []
    finally:
        csv.field_size_limit(before)
    return parsed if len(parsed) == expected else [None] * expected


class JsonReader:
    """Values of JSON lines by their names; of a line that is none, all its words."""

    def __init__(self, table: Table | None) -> None:
        self._table = table

    def values(self, texts: list[str]) -> Values:
        """Values of a batch by class."""
        found: dict[str, list[tuple[int, str]]] = {}
        for at, text in enumerate(texts):
            try:
                row = json.loads(_without_mark(text))
            except ValueError:
                row = None
            if not isinstance(row, dict):
                _add_words(found, at, text)
                continue
            names = list(row)
            for place, pii in classes_of(self._table, names).items():
                value = row[names[place]]
                if isinstance(value, str | int) and str(value).strip():
                    found.setdefault(pii, []).append((at, _true(str(value).strip())))
        return found


def _add_words(found: dict[str, list[tuple[int, str]]], at: int, text: str) -> None:
    found.setdefault("", []).extend((at, word) for word in _WORDS.findall(_true(text)))


def _without_mark(text: str) -> str:
    """A text without the byte order mark, decoded or read as Latin-1."""
    return text.removeprefix("\ufeff").removeprefix("\xef\xbb\xbf")


def _true(value: str) -> str:
    """A value that was read as Latin-1 in the encoding it is likely of."""
    if value.isascii():
        return value
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        return value  # of a UTF-16 file: decoded already
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value


class Lookup:
    """Asks whether values are on the list; those that are not are not hashed again."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._clear: dict[str, set[str]] = {}

    def listed(self, values: Iterable[str], classes: Sequence[str]) -> set[str]:
        """Which of the raw values are on the list as one of the classes."""
        clear = self._clear.setdefault(",".join(classes), set())
        fresh = set(values) - clear
        found = listed_among(self._connection, fresh, classes)
        if len(clear) > _REMEMBERED:
            clear.clear()
        clear |= fresh - found
        return found


def gone_records(lookup: Lookup, values: Values) -> set[int]:
    """Records of a batch that name somebody on the list; each value is hashed once."""
    gone: set[int] = set()
    for pii, pairs in values.items():
        classes = (pii,) if pii else LISTED_CLASSES
        listed = lookup.listed((value for _, value in pairs), classes)
        if listed:
            gone |= {at for at, value in pairs if value in listed}
    return gone


def mask_listed(lookup: Lookup, texts: list[str]) -> tuple[list[str], int]:
    """Mask identifiers of the list in what is kept; in how many places."""
    found = listed_tokens(lookup, "".join(texts))
    if not found:
        return texts, 0
    pattern = re.compile("|".join(re.escape(token) for token in sorted(found, key=len)[::-1]))
    places = sum(len(pattern.findall(text)) for text in texts)
    return [pattern.sub(lambda hit: found[hit.group()], text) for text in texts], places


def listed_tokens(lookup: Lookup, text: str) -> dict[str, str]:
    """Identifiers in a text that are on the list, with their masks."""
    tokens: dict[str, str] = {}
    for pattern, mask in MASKS:
        pii = _MASK_CLASSES[mask]
        if pii == "email" and "@" not in text and "%40" not in text:
            continue  # the slowest of the patterns
        seen = {match.group() for match in re.finditer(pattern, text)}
        for token in lookup.listed(seen, (pii,)):
            tokens[token] = mask
    return tokens
