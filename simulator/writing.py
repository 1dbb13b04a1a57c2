"""Columns and files: exact decimals, UTC times, and the same bytes every time.

A file appears whole or not at all: written beside its place, flushed, then renamed.
"""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from simulator.world import NEVER, Bools, Ints, Texts

_TEXT_ISO = "%Y-%m-%dT%H:%M:%SZ"


def coded(values: Texts | tuple[str, ...] | list[str], codes: Ints) -> pa.Array:
    """Text column of `values` by code; empty where the code is negative."""
    dictionary = pa.array(list(values), pa.string())
    return dictionary.take(pa.array(np.maximum(codes, 0), mask=codes < 0))


def text(values: Texts) -> pa.Array:
    """Text column; None is empty."""
    return pa.array(values, pa.string(), from_pandas=True)


def moment(times: Ints) -> pa.Array:
    """UTC timestamp column; NEVER is empty."""
    return pa.array(times.astype("datetime64[s]"), mask=np.abs(times) >= NEVER)


def day(days: Ints) -> pa.Array:
    """Date column of days since 1970."""
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def whole(values: Ints) -> pa.Array:
    """Integer column; negative is empty."""
    return pa.array(values.astype(np.int64), mask=values < 0)


def flag(values: Bools) -> pa.Array:
    """Boolean column."""
    return pa.array(values)


def money(fen: Ints) -> pa.Array:
    """Exact decimal(18,2) column of an amount in fen: the integers themselves, no floats."""
    words = np.empty((len(fen), 2), dtype="<i8")
    words[:, 0], words[:, 1] = fen, np.where(fen < 0, -1, 0)
    buffers = [None, pa.py_buffer(words.tobytes())]
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), buffers)


def constant(value: str | None, size: int) -> pa.Array:
    """One text, or empty, for every row."""
    return pa.repeat(pa.scalar(value, pa.string()), size)


def table(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Table of named columns."""
    return pa.table(dict(columns))


def write(path: Path, rows: pa.Table) -> None:
    """Write a table in the format that the name says: .csv, .jsonl (each perhaps .gz), .parquet."""
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1]
    data = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[kind](rows)
    if path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=5, mtime=0)
    write_bytes(path, data)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _csv(rows: pa.Table) -> bytes:
    """CSV with a plain header; values are quoted only in tables that hold JSON."""
    sink = io.BytesIO()
    quoted = "properties" in rows.column_names
    sink.write((",".join(rows.column_names) + "\n").encode())
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed" if quoted else "none")
    pacsv.write_csv(rows, sink, options)
    return sink.getvalue()


def _jsonl(rows: pa.Table) -> bytes:
    """One JSON object a line; times in ISO 8601 with Z."""
    lists: list[list[Any]] = []
    for column in rows.columns:
        if pa.types.is_timestamp(column.type):
            column = pc.strftime(column, format=_TEXT_ISO)
        lists.append(column.to_pylist())
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    names = rows.column_names
    lines = [encode(dict(zip(names, row, strict=True))) for row in zip(*lists, strict=True)]
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", coerce_timestamps="us")
    return sink.getvalue()
