"""How long a balance is kept: shifted beta-geometric (Fader, Hardie 2007).

Each holder leaves after a month with a chance of his own, beta(alpha, beta) over all. So the share
that stays grows with the months held, as those who leave easily leave early.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finview.value.counts import FloatArray
from finview.value.search import most_likely


@dataclass(frozen=True)
class Holdings:
    """Holders by months held so far: how many kept their balance another month, how many not."""

    tenure: FloatArray
    stayed: FloatArray
    left: FloatArray

    @property
    def months(self) -> float:
        """Months of holders in all."""
        return float((self.stayed + self.left).sum())


@dataclass(frozen=True)
class Retention:
    """Parameters, and what follows from them."""

    alpha: float
    beta: float

    def stay(self, tenure: FloatArray) -> FloatArray:
        """Chance to keep the balance another month after so many."""
        return np.asarray((self.beta + tenure - 1) / (self.alpha + self.beta + tenure - 1))

    def loss(self, holdings: Holdings) -> float:
        """Log loss per month of a holder; lower is better."""
        return log_loss(self.stay(holdings.tenure), holdings)


def log_loss(stay: FloatArray, holdings: Holdings) -> float:
    """Log loss per month of a holder, of chances to stay."""
    chance = np.clip(stay, 1e-12, 1 - 1e-12)
    total = np.dot(holdings.stayed, np.log(chance)) + np.dot(holdings.left, np.log1p(-chance))
    return float(-total / holdings.months)


def fit_retention(holdings: Holdings) -> Retention:
    """The most likely parameters.

    Raises:
        FinviewError: the counts admit no fit.
    """

    def loss(values: FloatArray) -> float:
        return Retention(float(values[0]), float(values[1])).loss(holdings)

    starts = [(1.0, 1.0), (1.0, 10.0), (0.3, 3.0)]
    alpha, beta = (float(value) for value in most_likely(loss, starts, "retention of balances"))
    return Retention(alpha, beta)
