"""Customers counted by what a purchase model needs to know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Customers with equal figures, `weight` of them; arrays of one length.

    Attributes:
        frequency: Purchases after the first.
        recency: Time from the first purchase to the last.
        age: Time from the first purchase to the end of the window.
        weight: How many customers.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, rows: Iterable[Sequence[float]]) -> Counts:
        """From rows of frequency, recency, age and weight."""
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 4)
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    @property
    def customers(self) -> float:
        """Customers in all."""
        return float(self.weight.sum())


@dataclass(frozen=True)
class Spends:
    """Customers with equal frequency and (nearly) equal mean value of a purchase."""

    frequency: FloatArray
    mean_value: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, rows: Iterable[Sequence[float]]) -> Spends:
        """From rows of frequency, mean value and weight; those without a value tell nothing."""
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 3)
        table = table[(table[:, 0] > 0) & (table[:, 1] > 0)]
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    @property
    def customers(self) -> float:
        """Customers in all."""
        return float(self.weight.sum())
