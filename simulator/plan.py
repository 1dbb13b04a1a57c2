"""How people are cut into blocks and blocks into parts: by the number of users alone.

Blocks are what is drawn (with streams of their own); parts are what is written to one set of
files. Neither depends on how many processes work, so the bytes do not either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from simulator.world import World

LARGEST_BLOCK = 10_000
MOST_PARTS = 16


@dataclass(frozen=True)
class Plan:
    """Everything that a worker needs to know."""

    landing: Path
    truth: Path
    users: int
    days: int
    seed: int
    start: date
    file_format: str = "mixed"
    fault_rate: float = 0.0
    largest_block: int = LARGEST_BLOCK

    @property
    def whole(self) -> World:
        """The world of all users: the catalogue is drawn from its streams."""
        return World(self.users, self.days, self.seed, self.start)

    def parts(self) -> list[list[World]]:
        """Blocks of every part, in order; the blocks are equally large, give or take one."""
        count = -(-self.users // self.largest_block)
        small, larger = divmod(self.users, count)
        blocks = [
            World(small + (number < larger), self.days, self.seed, self.start, number)
            for number in range(count)
        ]
        parts = min(count, MOST_PARTS)
        edges = [count * number // parts for number in range(parts + 1)]
        return [blocks[low:high] for low, high in zip(edges, edges[1:], strict=False)]
