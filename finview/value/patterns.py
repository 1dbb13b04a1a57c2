"""Users with equal levels of all features: what the models of churn learn from."""

from __future__ import annotations

from dataclasses import dataclass

from finview.value.counts import FloatArray


@dataclass(frozen=True)
class Patterns:
    """Users with equal levels: how many, and how many of them left."""

    levels: tuple[tuple[int, ...], ...]
    users: FloatArray
    left: FloatArray
