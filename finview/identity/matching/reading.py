"""What the fit reads from the last build: counts of equal pairs, and the labelled devices."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from finview.engines.reading import warehouse_rows
from finview.identity.matching.comparisons import COLUMN, Comparison
from finview.settings import Home, Settings

#: Parts of the labelled pairs and the first hex digits of their block's hash.
PARTS: Mapping[str, str] = {"train": "01234567", "calibrate": "89ab", "judge": "cdef"}
_PART = "case " + " ".join(
    f"when substr(md5(block_key), 1, 1) in ({', '.join(repr(digit) for digit in digits)}) "
    f"then '{part}'"
    for part, digits in PARTS.items()
)


@dataclass(frozen=True)
class Pattern:
    """Pairs with the same levels: how many, and whether they have one owner (labelled ones)."""

    purpose: str
    part: str
    is_same_owner: bool | None
    levels: Mapping[str, int]
    count: int


def patterns(home: Home, settings: Settings, comparisons: Sequence[Comparison]) -> list[Pattern]:
    """All pairs of the last build, counted by purpose, part, label and levels."""
    levels = ", ".join(f"{comparison.name}_level" for comparison in comparisons)
    rows = _rows(
        home,
        settings,
        f"select pair_purpose, {_PART} end as part, is_same_owner, {levels}, count(*) as pairs "
        "from intermediate.int_device_pairs_compared "
        f"group by pair_purpose, {_PART} end, is_same_owner, {levels} "
        f"order by pair_purpose, part, is_same_owner, {levels}",
    )
    names = [comparison.name for comparison in comparisons]
    return [
        Pattern(row[0], row[1], row[2], dict(zip(names, map(int, row[3:-1]), strict=True)), row[-1])
        for row in rows
    ]


def training_devices(home: Home, settings: Settings, comparisons: Sequence[Comparison]) -> pa.Table:
    """Devices of the labelled pairs that train, with the columns that are compared."""
    conditions = " ".join(comparison.sql for comparison in comparisons)
    compared = sorted(set(COLUMN.findall(conditions)))
    columns = ["device_id_hash", "owner_label", "block_key", *compared]
    rows = _rows(
        home,
        settings,
        f"select {', '.join(columns)} from intermediate.int_devices_profiled "
        f"where {_PART} end = 'train' and device_id_hash in ("
        "select device_id_hash from intermediate.int_device_pairs_compared "
        "where pair_purpose = 'train' union select other_device_id_hash "
        "from intermediate.int_device_pairs_compared where pair_purpose = 'train') "
        "order by device_id_hash",
    )
    return pa.table({name: _array([row[at] for row in rows]) for at, name in enumerate(columns)})


def expected_strangers(home: Home, settings: Settings) -> float:
    """How many of the pairs to be scored are strangers who share a network by chance.

    A device without an owner meets strangers in its block as often as a device with one, of which
    it is known; region by region, since networks are shared within one.
    """
    rows = _rows(
        home,
        settings,
        "with strangers as ("
        "select rig.region_code, count(*) as pairs "
        "from intermediate.int_device_pairs_compared as lef "
        "inner join intermediate.int_devices_profiled as rig "
        "on lef.device_id_hash = rig.device_id_hash "
        "where not lef.is_same_owner group by rig.region_code), "
        "devices as ("
        "select region_code, "
        "sum(case when login_customer_count = 1 and linked_customer_count = 1 then 1 else 0 end) "
        "as owned, sum(case when linked_customer_count = 0 then 1 else 0 end) as unowned "
        "from intermediate.int_devices_profiled where is_comparable group by region_code) "
        "select strangers.pairs, devices.owned, devices.unowned from devices "
        "inner join strangers on devices.region_code = strangers.region_code "
        "order by devices.region_code",
    )
    # Of a pair of strangers each is met by the other.
    return sum(2 * int(pairs) / int(owned) * int(unowned) for pairs, owned, unowned in rows)


def threshold(project: Path, use: str) -> float:
    """The probability that a use needs, as in seeds/identity/match_thresholds.csv."""
    path = project / "seeds" / "identity" / "match_thresholds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        found = {row["match_use"]: row["minimum_probability"] for row in csv.DictReader(file)}
    return float(found[use])


def _array(values: list[Any]) -> pa.Array:
    """A column; one without values is text, for nothing compares with a column of no type."""
    array = pa.array(values)
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _rows(home: Home, settings: Settings, query: str) -> list[tuple[Any, ...]]:
    return warehouse_rows(
        home,
        settings,
        query,
        missing="the last build has no device pairs",
        command="finview identity fit",
    )
