"""Delivered files: where a table's rows go, block after block, in the format that is asked for.

A file appears whole or not at all: it grows under a hidden name and is renamed when complete.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.writing import csv_header, csv_rows, jsonl_rows

FORMATS = ("mixed", "csv", "parquet")
Files = Iterator[tuple[str, pa.Table]]

#: With `mixed`, tables that their source does not deliver as plain CSV.
_MIXED = {
    "transaction/orders": "parquet",
    "channel/coupons": "jsonl",
    "channel/messages": "jsonl.gz",
    "channel/app_events": "csv.gz",
    "channel/ad_touches": "csv.gz",
    "crm/surveys": "jsonl",
}


class _Writer(Protocol):
    def add(self, rows: pa.Table) -> None: ...

    def close(self) -> None: ...


class Delivery:
    """Open files of one part of the people (or of what all share)."""

    def __init__(self, landing: Path, file_format: str, part: int | None = None) -> None:
        self._landing = landing
        self._format = file_format
        self._suffix = "" if part is None else f"_{part:03d}"
        self._open: dict[Path, _Writer] = {}
        self.rows: dict[str, int] = {}

    def add(self, table: str, files: Files) -> None:
        """Append rows to the files of `<source>/<table>`, given as (name, rows)."""
        extension = _MIXED.get(table, "csv") if self._format == "mixed" else self._format
        self.rows.setdefault(table, 0)
        for name, rows in files:
            self.rows[table] += rows.num_rows
            if extension.startswith("jsonl") and not rows.num_rows:
                continue
            path = self._landing / table / f"{name}{self._suffix}.{extension}"
            if path not in self._open:
                self._open[path] = _writer(path, rows)
            self._open[path].add(rows)

    def close(self) -> list[Path]:
        """Complete all files.

        Returns:
            The files, sorted.
        """
        for path, writer in self._open.items():
            writer.close()
            _complete(_draft(path), path)
        return sorted(self._open)


class _Text:
    """CSV or JSON lines, perhaps compressed."""

    def __init__(self, path: Path, header: bytes) -> None:
        self._raw = _private(_draft(path))
        packed = path.suffix == ".gz"
        self._file = (
            gzip.GzipFile("", "wb", compresslevel=5, fileobj=self._raw, mtime=0)
            if packed
            else self._raw
        )
        self._encode = jsonl_rows if ".jsonl" in path.name else csv_rows
        self._file.write(header)

    def add(self, rows: pa.Table) -> None:
        self._file.write(self._encode(rows))

    def close(self) -> None:
        if self._file is not self._raw:
            self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()


class Parquet:
    """A Parquet file that grows by row groups."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        _private(_draft(path)).close()
        repeating = [
            field.name
            for field in schema
            if not field.name.endswith(("_id", "_value")) or not pa.types.is_string(field.type)
        ]
        self._writer = pq.ParquetWriter(
            _draft(path),
            schema,
            compression="zstd",
            coerce_timestamps="us",
            use_dictionary=repeating,
        )

    def add(self, rows: pa.Table) -> None:
        """Append rows."""
        self._writer.write_table(rows)

    def close(self) -> None:
        """End the draft; `finish` puts it in its place."""
        self._writer.close()

    def finish(self) -> None:
        """End the file and put it in its place."""
        self.close()
        _complete(_draft(self._path), self._path)


def _writer(path: Path, rows: pa.Table) -> _Writer:
    if path.suffix == ".parquet":
        return Parquet(path, rows.schema)
    return _Text(path, b"" if ".jsonl" in path.name else csv_header(rows))


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _private(path: Path) -> BufferedWriter:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "wb")


def _complete(draft: Path, path: Path) -> None:
    os.replace(draft, path)


@contextmanager
def written(path: Path) -> Iterator[gzip.GzipFile | BufferedWriter]:
    """A file to write to, packed if its name ends in .gz, put in its place when complete."""
    with _private(_draft(path)) as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw, mtime=0) as packed:
                yield packed
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())
    _complete(_draft(path), path)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by its owner only."""
    with _private(_draft(path)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _complete(_draft(path), path)
