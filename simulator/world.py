"""Clock, chance and ids of a simulated world. Nothing here knows about customers or orders.

Times are int64 seconds since 1970 UTC; the business zone is Asia/Shanghai (UTC+8, no summer
time). `NEVER` stands for a moment that does not come; writing turns it into an empty value.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from simulator.catalogue import SPRING_FESTIVALS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_BLOCK_BITS = 40
_HEX = np.array([f"{value:02x}" for value in range(256)], dtype="S2").view(np.uint16)

DAY = 86_400
MONTH = 30.4375 * DAY
YEAR = 365.25 * DAY
ZONE = 8 * 3600
NEVER = np.int64(2**60)

#: How busy each local hour is: nothing from midnight to seven.
_HOURS = np.array([0] * 7 + [2, 4, 5, 5, 5, 7, 6, 4, 4, 4, 5, 6, 7, 9, 10, 8, 4], dtype=float)
_HOUR_CDF = np.concatenate([[0.0], np.cumsum(_HOURS / _HOURS.sum())])[7:]


@dataclass(frozen=True)
class World:
    """Size, window and seed. Every random stream is named, so a new one moves no other.

    Attributes:
        users: People of this block (of all blocks, where only the catalogue is drawn).
        days: Business days from `start`.
        seed: Seed of every stream.
        start: First business day.
        block: Number of the block of people; streams and ids of two blocks differ.
    """

    users: int
    days: int
    seed: int
    start: date
    block: int = 0

    @cached_property
    def begin(self) -> int:
        """First second of the first business day."""
        moment = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return int(moment.timestamp()) - ZONE

    @property
    def end(self) -> int:
        """First second after the last business day."""
        return self.begin + self.days * DAY

    def rng(self, stream: str) -> np.random.Generator:
        """The generator of a named stream of this block."""
        name = zlib.crc32(stream.encode())
        key = (name, 2, self.block) if self.block else (name,)
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key))
        )

    def ids(self, prefix: str, numbers: Ints) -> pa.Array:
        """Ids such as `d-0f3c…` of things of this block; empty where the number is negative."""
        return self.common_ids(
            prefix, np.where(numbers < 0, -1, numbers + (self.block << _BLOCK_BITS))
        )

    def common_ids(self, prefix: str, numbers: Ints) -> pa.Array:
        """Opaque, unique ids for distinct numbers of one prefix, the same in every block."""
        salt = np.random.SeedSequence(self.seed, spawn_key=(zlib.crc32(prefix.encode()), 1))
        mixed = _mix(numbers.astype(np.uint64) ^ salt.generate_state(1, np.uint64)[0])
        return hex_texts(prefix + "-", mixed, numbers < 0)

    def years(self, times: Ints) -> Floats:
        """Years since the window began (negative before it)."""
        return np.asarray((times - self.begin) / YEAR, dtype=np.float64)


def hex_texts(prefix: str, values: npt.NDArray[np.uint64], empty: Bools) -> pa.Array:
    """Text column of a prefix and 16 hexadecimal digits."""
    pairs = _HEX[values.astype(">u8").view(np.uint8).reshape(-1, 8)]
    return fixed_texts(prefix, pairs.view(np.uint8).reshape(-1, 16), empty)


def fixed_texts(prefix: str, tails: npt.NDArray[np.uint8], empty: Bools) -> pa.Array:
    """Text column of a prefix and rows of ASCII codes, all of one length; None where `empty`."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    size, width = len(tails), len(head) + tails.shape[1]
    data = np.empty((size, width), np.uint8)
    data[:, : len(head)] = head
    data[:, len(head) :] = tails
    offsets = np.arange(size + 1, dtype=np.int32) * np.int32(width)
    known = pa.py_buffer(np.packbits(~empty, bitorder="little")) if empty.any() else None
    return pa.StringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(data), known)


def decimal_texts(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Text column of a prefix and `width` decimal digits; None where the number is negative."""
    digits = np.empty((len(numbers), width), np.uint8)
    rest = np.maximum(numbers, 0)
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, place] = digit + 48
    return fixed_texts(prefix, digits, numbers < 0)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The splitmix64 finaliser: a bijection, hence never two equal ids."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def local_day(times: Ints) -> Ints:
    """Business day as days since 1970."""
    return (times + ZONE) // DAY


def day_begin(days: Ints) -> Ints:
    """First second of a business day given as days since 1970."""
    return days * DAY - ZONE


def waking(times: Ints) -> Ints:
    """Move each time inside its business day so that the day has a human rhythm."""
    day = local_day(times)
    fraction = (times + ZONE - day * DAY) / DAY
    hour = np.interp(fraction, _HOUR_CDF, np.arange(7, 25))
    seconds = np.minimum(hour * 3600, DAY - 1).astype(np.int64)
    return np.asarray(day_begin(day) + seconds, dtype=np.int64)


def season(days: Ints) -> Floats:
    """How busy each business day is (mean about 1): weekday, 618, 11-11, spring festival."""
    if not len(days):
        return np.empty(0)
    first = int(days.min())
    return _seasons(first, int(days.max()) + 1)[days - first]


@lru_cache(maxsize=64)
def _seasons(first: int, last: int) -> Floats:
    """The days from `first` to before `last`; after 618 and 11-11 people are tired of offers."""
    days = np.arange(first, last)
    dates = days.astype("datetime64[D]")
    weekday = (days + 3) % 7
    weight = np.where(weekday >= 5, 1.12, 0.95)
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(int)
    month = dates.astype("datetime64[M]").astype(int) % 12
    day_of_month = (dates - dates.astype("datetime64[M]")).astype(int)
    weight = np.where((month == 5) & (day_of_month < 20), weight * 1.25, weight)
    weight = np.where((month == 5) & (day_of_month >= 20), weight * 0.92, weight)
    weight = np.where((month == 10) & (day_of_month < 12), weight * 1.4, weight)
    weight = np.where((month == 10) & (day_of_month >= 12), weight * 0.9, weight)
    weight = np.where(day_of_year < 1, weight * 0.8, weight)
    for festival in SPRING_FESTIVALS:
        gap = (dates - np.datetime64(festival, "D")).astype(int)
        weight = np.where((gap >= 0) & (gap < 8), weight * 0.6, weight)
    return np.asarray(weight, dtype=np.float64)


def poisson_times(
    rng: np.random.Generator, begin: Ints, end: Ints, per_second: Floats | float
) -> tuple[Ints, Ints]:
    """Random times of each row's interval [begin, end), busier on busy days.

    Returns:
        Row numbers and times, equally long; rows with an empty interval have none.
    """
    length = np.maximum(end - begin, 0)
    count = rng.poisson(length * per_second * 1.7)
    rows = np.repeat(np.arange(len(begin)), count)
    times = begin[rows] + (rng.random(len(rows)) * length[rows]).astype(np.int64)
    keep = rng.random(len(rows)) < season(local_day(times)) / 1.7
    rows, times = rows[keep], times[keep]
    latest = np.maximum(end[rows] - 1, begin[rows])
    return rows, np.clip(waking(times), begin[rows], latest)


def blend(early: Floats, planned: Floats, years: Floats) -> Floats:
    """Rows of shares, moving from the early mix to the planned one from year 2.0 to 2.8."""
    step = np.clip((years - 2.0) / 0.8, 0, 1)[:, None]
    return np.asarray(early[None, :] * (1 - step) + planned[None, :] * step)


def choose(rng: np.random.Generator, weights: Floats) -> Ints:
    """One column per row, drawn by the row's weights."""
    cumulated = np.cumsum(weights, axis=1)
    draw = rng.random(len(weights)) * cumulated[:, -1]
    picked = (cumulated <= draw[:, None]).sum(axis=1)
    return np.asarray(np.minimum(picked, weights.shape[1] - 1), dtype=np.int64)


def pick(rng: np.random.Generator, weights: list[float] | Floats, size: int) -> Ints:
    """`size` draws of a position by fixed weights."""
    shares = np.asarray(weights, dtype=np.float64)
    return rng.choice(len(shares), size=size, p=shares / shares.sum()).astype(np.int64)
