"""Faults planted into delivered CSV files, and what ingestion must make of each.

A spoilt row breaks exactly one rule of the contract; a repeated one is equal to a sound row. The
clean rows of a file stay as they were, so that nothing else may be quarantined.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finview.contract import Column, Contract, Table, load_contract
from finview.settings import project_root
from simulator.delivery import write_bytes, written
from simulator.plan import Plan

QUARANTINED, DUPLICATE, REFUSED, ACCEPTED = "quarantined", "duplicate", "refused", "accepted"
#: Delivered whole each time, so that no row may be missing or come twice.
_LEFT_ALONE = ("experiments",)
_NUMBERS = ("bigint", "decimal")


@dataclass(frozen=True)
class Fault:
    """A planted fault: `line` is the physical line, or None for a whole file."""

    table_name: str
    file: str
    line: int | None
    kind: str
    column: str | None
    outcome: str
    reason: str | None


@dataclass(frozen=True)
class _Spoiler:
    """A way to spoil a value of a column: applies to which columns, and the new value."""

    kind: str
    applies: Callable[[Column], bool]
    value: str


def _is_number(column: Column) -> bool:
    return column.data_type.startswith(_NUMBERS)


def _is_money(column: Column) -> bool:
    return column.data_type == "decimal(18,2)"


_SPOILERS = (
    _Spoiler("missing_required", lambda c: c.required, ""),
    _Spoiler("wrong_type", lambda c: c.data_type != "varchar", "twelve"),
    _Spoiler("out_of_range", _is_money, "1e99"),
    _Spoiler("out_of_range", _is_money, "NaN"),
    _Spoiler("over_precise", _is_money, "1.005"),
    _Spoiler("unknown_value", lambda c: bool(c.accepted_values), "something_else"),
    _Spoiler("pattern", lambda c: c.pii == "phone" and bool(c.pattern), "1990****123"),
    _Spoiler("below_minimum", lambda c: _is_number(c) and c.minimum is not None, "-7"),
    _Spoiler(
        "in_future",
        lambda c: c.data_type in ("timestamp", "date") and not c.may_be_future,
        "2199-01-01",
    ),
)
_SHAPES = ("field_too_many", "field_too_few", "stray_quote")
_REPEATS = {
    "repeated_key": (QUARANTINED, "repeated_key"),
    "duplicate_in_file": (DUPLICATE, "duplicate"),
}


def spoil(plan: Plan, paths: list[Path]) -> list[Fault]:
    """Spoil rows of CSV files in place and add files that repeat rows of others.

    Returns:
        What was planted, by file and line.
    """
    if not plan.fault_rate:
        return []
    contract = load_contract(project_root())
    faults: list[Fault] = []
    for path in paths:
        if ".csv" in path.suffixes and path.parent.name not in _LEFT_ALONE:
            faults += _File(plan, contract, path).spoil()
    return faults


class _File:
    """One delivered CSV file under the hand of chance."""

    def __init__(self, plan: Plan, contract: Contract, path: Path) -> None:
        self._plan, self._path = plan, path
        self._name = path.relative_to(plan.landing).as_posix()
        self._table = _table_of(contract, path)
        key = (zlib.crc32(self._name.encode()), 3)
        self._rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=key))
        self._header = next(_lines(path))
        self._columns = [self._table.by_name[name] for name in self._header.split(",")]
        self._faults: list[Fault] = []
        self._tail: list[tuple[str, str]] = []
        self._copies: list[str] = []

    def spoil(self) -> list[Fault]:
        """Plant faults, write the file again and return them."""
        last = 0
        chosen = 1 + self._gap()
        with written(self._path) as target:
            for number, line in enumerate(_lines(self._path), start=1):
                if number == chosen:
                    line = self._spoilt(number, line)
                    chosen += self._gap()
                target.write(f"{line}\n".encode())
                last = number
            for number, (line, name) in enumerate(self._tail, start=last + 1):
                outcome, reason = _REPEATS[name]
                self._faults.append(self._fault(number, name, None, outcome, reason))
                target.write(f"{line}\n".encode())
        return self._faults + self._send_again()

    def _gap(self) -> int:
        """Lines to the next one that is chosen."""
        return int(self._rng.geometric(self._plan.fault_rate))

    def _spoilt(self, number: int, line: str) -> str:
        """The line as it is delivered; what is planted is noted."""
        values = _split(line)
        fits = [(spoiler, self._fit(spoiler, values)) for spoiler in _SPOILERS]
        fits = [(spoiler, places) for spoiler, places in fits if places]
        repeated = self._repeated_key(values)
        shapes, repeats = len(fits) + len(_SHAPES), 3 if repeated else 2
        kind = int(self._rng.integers(0, shapes + repeats))
        if kind < len(fits):
            return self._spoil_value(number, values, *fits[kind])
        if kind < shapes:
            return self._spoil_shape(number, values, _SHAPES[kind - len(fits)])
        if kind == shapes:
            self._copies.append(line)
        elif kind == shapes + 1:
            self._tail.append((line, "duplicate_in_file"))
        elif repeated:
            self._tail.append((repeated, "repeated_key"))
        return line

    def _fault(
        self, line: int, kind: str, column: str | None, outcome: str, reason: str, file: str = ""
    ) -> Fault:
        return Fault(self._table.full_name, file or self._name, line, kind, column, outcome, reason)

    def _fit(self, spoiler: _Spoiler, values: list[str]) -> list[int]:
        """Columns that hold a value and can be spoilt so."""
        return [
            place
            for place, column in enumerate(self._columns)
            if values[place] and spoiler.applies(column)
        ]

    def _spoil_value(
        self, number: int, values: list[str], spoiler: _Spoiler, places: list[int]
    ) -> str:
        """Replace one value."""
        place = places[int(self._rng.integers(0, len(places)))]
        values[place] = spoiler.value
        name = self._columns[place].name
        self._faults.append(self._fault(number, spoiler.kind, name, QUARANTINED, spoiler.kind))
        return _join(values)

    def _spoil_shape(self, number: int, values: list[str], shape: str) -> str:
        """A field too many or too few, or a quote that is never closed."""
        self._faults.append(self._fault(number, shape, None, QUARANTINED, "malformed_line"))
        if shape == "field_too_many":
            return _join([*values, "surplus"])
        if shape == "field_too_few":
            return _join(values[:-1])
        return '"' + ",".join(value.replace('"', "") for value in values)

    def _repeated_key(self, values: list[str]) -> str | None:
        """The row with other content under its key, where the table takes one row a key."""
        table = self._table
        for place, column in enumerate(self._columns):
            free = column.name not in table.key and column.data_type == "varchar"
            plain = not column.accepted_values and not column.pattern and not column.pii
            if free and plain and table.version_column is None:
                return _join([*values[:place], values[place] + "x", *values[place + 1 :]])
        return None

    def _send_again(self) -> list[Fault]:
        """A further file, later in order, with rows that were accepted before."""
        if not self._copies:
            return []
        stem, dot, suffix = self._path.name.partition(".")
        path = self._path.with_name(f"{stem}_again{dot}{suffix}")
        with written(path) as target:
            for line in (self._header, *self._copies):
                target.write(f"{line}\n".encode())
        name = path.relative_to(self._plan.landing).as_posix()
        return [
            self._fault(line, "duplicate_across_files", None, DUPLICATE, "duplicate", name)
            for line in range(2, len(self._copies) + 2)
        ]


def hostile(plan: Plan) -> list[Fault]:
    """Add broken files: each is refused whole, but for one that holds only a header.

    Returns:
        The files, and the word that the reason of the refusal must hold.
    """
    if not plan.fault_rate:
        return []
    contract = load_contract(project_root())
    source = sorted((plan.landing / "crm" / "consents").glob("consents*.csv"))[0]
    table = _table_of(contract, source)
    lines = _lines(source)
    head, row = next(lines), next(lines)
    sound = f"{head}\n{row}\n".encode()
    renamed = head.replace(table.key[0], "renamed_key")
    files = (
        ("empty", "zz_empty.csv", b"", REFUSED, "empty"),
        ("header_only", "zz_header_only.csv", f"{head}\n".encode(), ACCEPTED, None),
        ("cut_utf_16", "zz_utf16.csv", f"{head}\n{row}\n".encode("utf-16")[:-1], REFUSED, "UTF-16"),
        ("nul_byte", "zz_nul.csv", sound[:-3] + b"\0" + sound[-3:], REFUSED, "NUL"),
        ("renamed_column", "zz_renamed.csv", f"{renamed}\n{row}\n".encode(), REFUSED, table.key[0]),
        ("cut_gzip", "zz_cut.csv.gz", gzip.compress(sound * 50, mtime=0)[:-9], REFUSED, "gzip"),
    )
    faults = []
    for kind, name, data, outcome, reason in files:
        path = source.with_name(name)
        write_bytes(path, data)
        place = path.relative_to(plan.landing).as_posix()
        faults.append(Fault(table.full_name, place, None, kind, None, outcome, reason))
    return faults


def _table_of(contract: Contract, path: Path) -> Table:
    return contract.table(path.parent.parent.name, path.parent.name)


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file, read as they are asked for."""
    packed = path.suffix == ".gz"
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        for line in file:
            yield line.decode().removesuffix("\n")


def _split(line: str) -> list[str]:
    return next(csv.reader([line]))


def _join(values: list[str]) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="").writerow(values)
    return sink.getvalue()
