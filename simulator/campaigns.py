"""Campaigns and creatives: one campaign per placement, quarter and slot, three creatives each.

A campaign's number is (quarter * placements + placement) * SLOTS + slot, so that the campaign
running at a time is arithmetic. Slots 0 and 1 acquire, slot 2 works on people already won.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.catalogue import CREATIVES, PLACEMENTS, SCENARIOS, SLOTS
from simulator.world import NEVER, Ints, Texts, World, day_begin, local_day

OBJECTIVES = ("acquire", "activate", "convert", "winback", "brand")
_LATER_OBJECTIVES = np.array([2, 1, 3, 2, 4])
FIRST_PRIVATE = 11


@dataclass(frozen=True)
class Campaigns:
    """All campaigns; arrays by campaign number. `scenario` is -1 where there is none."""

    first_quarter: int
    placement: Ints
    objective: Ints
    scenario: Ints
    quarter: Ints
    launched_at: Ints
    ended_at: Ints
    ids: pa.Array
    names: Texts
    creative_ids: pa.Array

    def running(self, placement: Ints, slot: Ints, times: Ints) -> Ints:
        """Campaign of a placement and slot at a time."""
        number = quarter_of(times) - self.first_quarter
        last = int(self.quarter.max())
        number = np.clip(number, 0, last)
        return (number * len(PLACEMENTS) + placement) * SLOTS + slot

    def winback(self, quarter: Ints) -> Ints:
        """The win-back campaign of each quarter: offline or private, slot 2."""
        number = np.clip(quarter - self.first_quarter, 0, int(self.quarter.max()))
        placement = 9 + (2 - 9 - number) % 5
        return (number * len(PLACEMENTS) + placement) * SLOTS + 2


def quarter_of(times: Ints) -> Ints:
    """Calendar quarters since 1970 in business time."""
    months = local_day(times).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months // 3)


def quarter_begin(quarter: Ints) -> Ints:
    """First second of each calendar quarter, in business time."""
    first = (quarter * 3).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return day_begin(first)


def make_campaigns(world: World) -> Campaigns:
    """All campaigns that overlap the window."""
    window = quarter_of(np.array([world.begin, world.end - 1]))
    first, quarters = int(window[0]), int(window[1] - window[0]) + 1
    count = quarters * len(PLACEMENTS) * SLOTS
    number = np.arange(count)
    slot = number % SLOTS
    placement = number // SLOTS % len(PLACEMENTS)
    quarter = number // (SLOTS * len(PLACEMENTS))
    objective = np.where(slot == 2, _LATER_OBJECTIVES[(placement + quarter) % 5], 0)
    scenario = (placement * 3 + quarter * 2 + slot) % len(SCENARIOS)
    scenario = np.where((slot == 1) | (objective == 4), -1, scenario)
    return Campaigns(
        first_quarter=first,
        placement=placement,
        objective=objective,
        scenario=scenario,
        quarter=quarter,
        launched_at=quarter_begin(quarter + first) + 9 * 3600,
        ended_at=_ends(world, quarter + first),
        ids=world.common_ids("c", number),
        names=_names(first, quarter, placement, objective, scenario),
        creative_ids=world.common_ids("cr", np.arange(count * CREATIVES)),
    )


def _ends(world: World, quarter: Ints) -> Ints:
    ends = quarter_begin(quarter + 1) - 1
    return np.where(ends < world.end, ends, NEVER)


def _names(first: int, quarter: Ints, placement: Ints, objective: Ints, scenario: Ints) -> Texts:
    names = []
    for q, p, o, s in zip(quarter, placement, objective, scenario, strict=True):
        year, part = divmod(first + int(q), 4)
        theme = SCENARIOS[s] if s >= 0 else "general"
        names.append(f"{1970 + year}q{part + 1}_{PLACEMENTS[p][0]}_{theme}_{OBJECTIVES[o]}")
    return np.array(names, dtype=object)
