"""Columns and their text: exact decimals, UTC times, and the same bytes every time."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from simulator.world import NEVER, Bools, Ints, Texts

_TEXT_ISO = "%Y-%m-%dT%H:%M:%SZ"
#: Columns whose text may hold quotes or commas: their tables are written with quotes.
_QUOTED = {"properties", "answers", "planned_split", "body"}


def coded(values: Texts | tuple[str, ...] | list[str] | pa.Array, codes: Ints) -> pa.Array:
    """Text column of `values` by code; empty where the code is negative."""
    dictionary = values if isinstance(values, pa.Array) else pa.array(list(values), pa.string())
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


def money(fen: Ints, empty: Bools | None = None) -> pa.Array:
    """Exact decimal(18,2) column of an amount in fen: the integers themselves, no floats."""
    words = np.empty((len(fen), 2), dtype="<i8")
    words[:, 0], words[:, 1] = fen, np.where(fen < 0, -1, 0)
    buffers = [None, pa.py_buffer(words.tobytes())]
    column = pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), buffers)
    if empty is None:
        return column
    return pc.if_else(pa.array(empty), pa.scalar(None, column.type), column)


def constant(value: str | None, size: int) -> pa.Array:
    """One text, or empty, for every row."""
    return pa.repeat(pa.scalar(value, pa.string()), size)


def table(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Table of named columns."""
    return pa.table(dict(columns))


def csv_header(rows: pa.Table) -> bytes:
    """First line of a CSV file."""
    return (",".join(rows.column_names) + "\n").encode()


def csv_rows(rows: pa.Table) -> bytes:
    """CSV lines; values are quoted only in tables whose text needs it."""
    sink = io.BytesIO()
    style = "needed" if _QUOTED & set(rows.column_names) else "none"
    pacsv.write_csv(rows, sink, pacsv.WriteOptions(include_header=False, quoting_style=style))
    return sink.getvalue()


def jsonl_rows(rows: pa.Table) -> bytes:
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


def rate(millionths: Ints) -> pa.Array:
    """Exact decimal(9,6) column of a share in millionths; negative is empty."""
    words = np.empty((len(millionths), 2), dtype="<i8")
    words[:, 0], words[:, 1] = np.maximum(millionths, 0), 0
    buffers = [None, pa.py_buffer(words.tobytes())]
    column = pa.Array.from_buffers(pa.decimal128(9, 6), len(millionths), buffers)
    return pc.if_else(pa.array(millionths < 0), pa.scalar(None, column.type), column)
