"""Where the records of a delimited text file are, found by whole-array arithmetic.

The parser (DuckDB) is only ever given well-formed records; this module says which those are, at
which physical line each begins, and which lines are malformed. Rules:

- Line ends are LF, CRLF or a lone CR; inside quotes they belong to the value but count as lines.
- A quote may only open at the start of a field and close at its end; a doubled quote is a quote.
- A record whose quoting breaks, never ends, or is longer than `MAX_RECORD_BYTES` makes its first
  line malformed, and reading goes on at the next physical line: one stray quote costs one line.
- A record with another number of fields than the first record is malformed.
- Blank lines are no records.

A file is given in portions of some 128 MB, so that memory is bounded whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterator
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
#: A portion ends after so many bytes or records, whichever comes first.
PORTION_BYTES = 128 << 20
PORTION_RECORDS = 1 << 19
_LF, _CR, _QUOTE = 10, 13, 34

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def _bytes_in(*ranges: tuple[int, int]) -> Flags:
    table = np.zeros(256, np.bool_)
    for first, last in ranges:
        table[first : last + 1] = True
    return table


#: First and last bytes of the UTF-8 forms of Unicode's spaces, the characters that are trimmed.
_SPACE_BEGINS = _bytes_in((0x20, 0x20), (0xC2, 0xC2), (0xE1, 0xE3))
_SPACE_ENDS = _bytes_in((0x20, 0x20), (0x80, 0x8A), (0x9F, 0xA0), (0xAF, 0xAF))


@dataclass(frozen=True)
class Records:
    """Non-blank records of a portion in file order, as arrays of one length.

    `start` and `end` are byte offsets (end before the line end), `line` the physical line from 1,
    `fields` the number of fields (0: the quoting or the length is broken). `width` is the number
    of fields of the first record of the file. `may_have_spaces` is false when no field can begin
    or end with a space or be an empty quoted one.
    """

    start: Ints
    end: Ints
    line: Ints
    fields: Ints
    width: int
    is_first: bool
    has_blank: bool
    has_cr: bool
    may_have_spaces: bool

    @property
    def good(self) -> Flags:
        """Records with as many fields as the first of the file."""
        good: Flags = (self.fields == self.width) & (self.fields > 0)
        return good


class _Scanner:
    def __init__(self, data: Bytes, start: int, delimiter: int, quoting: bool) -> None:
        self.data, self.pos, self.line = data, start, 1
        self.delimiter, self.quoting = delimiter, quoting
        self.width = -1
        self._begin()

    def _begin(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints, Ints]] = []
        self.count = 0
        self.has_blank = self.has_cr = self.may_have_spaces = False

    def run(self) -> Iterator[Records]:
        size, begin, is_first = CHUNK_BYTES, self.pos, True
        while self.pos < len(self.data):
            stop = min(self.pos + size, len(self.data))
            while stop < len(self.data) and self.data[stop - 1] == _CR:
                stop += 1  # never part CR from its LF
            before = self.pos
            clean = self._chunk(stop, at_end=stop == len(self.data))
            size = min(size * 2, CHUNK_BYTES) if clean else RESTART_BYTES
            if clean and self.pos == before:  # a long record: look further
                size = max(size, 2 * (stop - before))
            if self.pos - begin >= PORTION_BYTES or self.count >= PORTION_RECORDS:
                if self.count:
                    yield self._portion(is_first)
                    is_first = False
                begin = self.pos
        if self.count:
            yield self._portion(is_first)

    def _portion(self, is_first: bool) -> Records:
        start, end, line, fields = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        if is_first:
            self.width = int(fields[0])
        records = Records(
            start, end, line, fields, self.width, is_first,
            self.has_blank, self.has_cr, self.may_have_spaces,
        )  # fmt: skip
        self._begin()
        return records

    def _chunk(self, stop: int, at_end: bool) -> bool:
        """Take the complete records before `stop`; False when a fault ended the chunk early."""
        chunk = self.data[self.pos : stop]
        ends = _line_ends(chunk)
        is_quote = chunk == _QUOTE if self.quoting else np.zeros(0, np.bool_)
        has_quotes = bool(is_quote.any())
        structural, fault = ends, len(chunk) + 1
        quotes: Ints = np.empty(0, np.int64)
        inside: Flags | None = None
        if has_quotes:
            quotes = np.flatnonzero(is_quote)
            inside = np.logical_xor.accumulate(is_quote)
            structural = ends[~inside[ends]]
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
        self._take(chunk, starts, stops, ends, quotes, inside)
        consumed = tail if broken or open_tail else len(chunk)
        self.line += int(np.searchsorted(ends, consumed))
        self.pos += consumed
        if broken:
            self._skip_line()
        return not broken

    def _take(
        self,
        chunk: Bytes,
        starts: Ints,
        stops: Ints,
        ends: Ints,
        quotes: Ints,
        inside: Flags | None,
    ) -> None:
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
        delimits = chunk[: int(stops[-1])] == self.delimiter
        if inside is not None:
            delimits &= ~inside[: len(delimits)]
        delimiters = np.flatnonzero(delimits)
        counts = np.searchsorted(delimiters, bounds) - np.searchsorted(delimiters, starts) + 1
        if not self.may_have_spaces:
            self.may_have_spaces = _may_have_spaces(chunk, self.delimiter, quotes)
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
        self.count += len(start)


def _may_have_spaces(chunk: Bytes, delimiter: int, quotes: Ints) -> bool:
    """Whether a field may begin or end with a space, or be an empty quoted one."""
    if len(quotes) and np.any(quotes[1::2] - quotes[0::2][: len(quotes) // 2] == 1):
        return True
    border = _bytes_in((delimiter, delimiter), (_LF, _LF), (_CR, _CR), (_QUOTE, _QUOTE))
    last = len(chunk) - 1
    beyond_ascii = bool((chunk >= 0x80).any())
    begins = np.flatnonzero(_SPACE_BEGINS[chunk] if beyond_ascii else chunk == 0x20)
    if np.any(border[chunk[np.maximum(begins - 1, 0)]] | (begins == 0)):
        return True
    ends = np.flatnonzero(_SPACE_ENDS[chunk]) if beyond_ascii else begins
    return bool(np.any(border[chunk[np.minimum(ends + 1, last)]] | (ends == last)))


def _line_ends(chunk: Bytes) -> Ints:
    """Offsets of the last byte of every line end."""
    ends = np.flatnonzero(chunk == _LF)
    is_return = chunk == _CR
    if is_return.any():
        returns = np.flatnonzero(is_return)
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


def scan(path: Path, *, delimiter: bytes = b",", quoting: bool = True) -> Iterator[Records]:
    """Find the records of a text file, portion by portion; a UTF-8 byte order mark is skipped.

    Only records that follow each other are in a portion, and every portion has some; a file
    without records has no portion.
    """
    if path.stat().st_size == 0:
        return
    data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    start = 3 if bytes(data[:3]) == b"\xef\xbb\xbf" else 0
    yield from _Scanner(data, start, delimiter[0], quoting).run()


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
