"""Where the records of a delimited text file are, found by whole-array arithmetic.

The parser (DuckDB) is only ever given well-formed records; this module says which those are, at
which physical line each begins, and which lines are malformed. Rules:

- Line ends are LF, CRLF or a lone CR; inside quotes they belong to the value but count as lines.
- A quote may only open at the start of a field and close at its end; a doubled quote is a quote.
- A record whose quoting breaks, never ends, or is longer than `MAX_RECORD_BYTES` makes its first
  line malformed, and reading goes on at the next physical line: one stray quote costs one line.
- A record with another number of fields than the first record is malformed.
- Blank lines are no records.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

#: Longest record accepted: DuckDB's own line buffer is 2 MB, and no raw row needs one.
MAX_RECORD_BYTES = 1 << 20
#: Bytes examined at once: large enough to be fast, small enough to stay in memory.
CHUNK_BYTES = 8 << 20
#: After a fault the next chunk is this small, so that many faults do not rescan much.
RESTART_BYTES = 64 << 10
_LF, _CR, _QUOTE = 10, 13, 34

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """Non-blank records in file order, as arrays of one length.

    `start` and `end` are byte offsets (end before the line end), `line` the physical line from 1,
    `fields` the number of fields (0: the quoting or the length is broken).
    """

    start: Ints
    end: Ints
    line: Ints
    fields: Ints
    has_blank: bool
    has_cr: bool

    @property
    def good(self) -> Flags:
        """Records with as many fields as the first."""
        good: Flags = (self.fields == self.fields[0]) & (self.fields > 0)
        return good


class _Scanner:
    def __init__(self, data: Bytes, start: int, delimiter: int, quoting: bool) -> None:
        self.data, self.pos, self.line = data, start, 1
        self.delimiter, self.quoting = delimiter, quoting
        self.parts: list[tuple[Ints, Ints, Ints, Ints]] = []
        self.has_blank = self.has_cr = False

    def run(self) -> Records:
        size = CHUNK_BYTES
        while self.pos < len(self.data):
            stop = min(self.pos + size, len(self.data))
            while stop < len(self.data) and self.data[stop - 1] == _CR:
                stop += 1  # never part CR from its LF
            before = self.pos
            clean = self._chunk(stop, at_end=stop == len(self.data))
            size = min(size * 2, CHUNK_BYTES) if clean else RESTART_BYTES
            if clean and self.pos == before:  # a long record: look further
                size = max(size, 2 * (stop - before))
        none = (np.empty(0, np.int64),) * 4
        start, end, line, fields = (
            np.concatenate(part) for part in zip(none, *self.parts, strict=True)
        )
        return Records(start, end, line, fields, self.has_blank, self.has_cr)

    def _chunk(self, stop: int, at_end: bool) -> bool:
        """Take the complete records before `stop`; False when a fault ended the chunk early."""
        chunk = self.data[self.pos : stop]
        ends = _line_ends(chunk)
        quotes = np.flatnonzero(chunk == _QUOTE) if self.quoting else np.empty(0, np.int64)
        structural = ends
        fault = len(chunk) + 1
        if len(quotes):
            structural = ends[np.searchsorted(quotes, ends) % 2 == 0]
            fault = _first_fault(chunk, quotes, self.delimiter, at_end)
        stops = structural[structural < fault]
        tail = int(stops[-1]) + 1 if len(stops) else 0
        open_tail = tail < len(chunk)
        if at_end and open_tail and fault > len(chunk) and len(quotes) % 2 == 0:
            stops, open_tail = np.append(stops, len(chunk)), False
        starts = np.concatenate(([0], stops[:-1] + 1)) if len(stops) else stops
        too_long = np.flatnonzero(stops - starts > MAX_RECORD_BYTES)
        broken = fault <= len(chunk) or (
            open_tail and (at_end or len(chunk) - tail > MAX_RECORD_BYTES)
        )
        if len(too_long):
            first = int(too_long[0])
            tail, broken = int(starts[first]), True
            starts, stops = starts[:first], stops[:first]
        self._take(chunk, starts, stops, ends, quotes)
        consumed = tail if broken or open_tail else len(chunk)
        self.line += int(np.searchsorted(ends, consumed))
        self.pos += consumed
        if broken:
            self._skip_line()
        return not broken

    def _take(self, chunk: Bytes, starts: Ints, stops: Ints, ends: Ints, quotes: Ints) -> None:
        if not len(stops):
            return
        lines = self.line + np.searchsorted(ends, starts)
        bounds = stops.copy()
        if np.any(chunk == _CR):
            within = np.minimum(stops, len(chunk) - 1)
            crlf = (
                (chunk[within] == _LF)
                & (stops > starts)
                & (chunk[np.maximum(within - 1, 0)] == _CR)
            )
            bounds = stops - crlf
            self.has_cr |= bool(
                np.any(crlf) or np.any((chunk[within] == _CR) & (stops < len(chunk)))
            )
        delimiters = np.flatnonzero(chunk == self.delimiter)
        if len(quotes):
            delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
        counts = np.searchsorted(delimiters, bounds) - np.searchsorted(delimiters, starts) + 1
        full = bounds > starts
        self.has_blank |= not bool(full.all())
        self._add(starts[full] + self.pos, bounds[full] + self.pos, lines[full], counts[full])

    def _skip_line(self) -> None:
        """Record the physical line at `pos` as malformed and go to the next one."""
        begin, size = self.pos, len(self.data)
        at = begin
        while at < size:
            ends = _line_ends(self.data[at : min(at + RESTART_BYTES, size)])
            if len(ends):
                at += int(ends[0])
                if self.data[at] == _CR and at + 1 < size and self.data[at + 1] == _LF:
                    at += 1
                break
            at = min(at + RESTART_BYTES, size)
        self._add(*(np.array([value], np.int64) for value in (begin, at, self.line, 0)))
        self.pos, self.line = min(at + 1, size), self.line + 1

    def _add(self, start: Ints, end: Ints, line: Ints, fields: Ints) -> None:
        self.parts.append((start, end, line, fields.astype(np.int64)))


def _line_ends(chunk: Bytes) -> Ints:
    """Offsets of the last byte of every line end."""
    ends = np.flatnonzero(chunk == _LF)
    returns = np.flatnonzero(chunk == _CR)
    if len(returns):
        following = np.append(chunk[1:], np.uint8(0))[returns]
        ends = np.sort(np.concatenate((ends, returns[following != _LF])))
    return ends


def _first_fault(chunk: Bytes, quotes: Ints, delimiter: int, at_end: bool) -> int:
    """Offset of the first quote where none may be; beyond the chunk when all are in place."""
    border = (delimiter, _LF, _CR, _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    before = chunk[np.maximum(opening - 1, 0)]
    bad_open = opening[~np.isin(before, border) & (opening > 0)]
    after = chunk[np.minimum(closing + 1, len(chunk) - 1)]
    bad_close = closing[~np.isin(after, border) & (closing < len(chunk) - 1)]
    return min(int(bad[0]) if len(bad) else len(chunk) + 1 for bad in (bad_open, bad_close))


def scan(path: Path, *, delimiter: bytes = b",", quoting: bool = True) -> Records:
    """Find the records of a text file; a UTF-8 byte order mark is skipped."""
    data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    start = 3 if bytes(data[:3]) == b"\xef\xbb\xbf" else 0
    return _Scanner(data, start, delimiter[0], quoting).run()


def write_records(path: Path, records: Records, chosen: Flags, target: IO[bytes]) -> None:
    """Copy the chosen records, each ended by LF, in file order."""
    data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    start, end = records.start[chosen], records.end[chosen]
    at = 0
    while at < len(start):
        stop = int(np.searchsorted(start, start[at] + CHUNK_BYTES))
        base, limit = int(start[at]), int(end[stop - 1])
        buffer = np.append(data[base:limit], np.uint8(_LF))
        begins, stops = start[at:stop] - base, end[at:stop] - base
        buffer[stops] = _LF
        edges = np.zeros(len(buffer) + 1, np.int8)
        edges[begins] += 1
        edges[stops + 1] -= 1
        target.write(buffer[np.cumsum(edges[:-1], dtype=np.int8) > 0].tobytes())
        at = stop
