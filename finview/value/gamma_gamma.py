"""Gamma-gamma: what a purchase of a customer is worth (Fader, Hardie, Lee 2005).

The values of a customer's purchases are gamma(p, nu), nu is gamma(q, v) over all customers, and
the value of a purchase says nothing about how often he buys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from finview.value.counts import FloatArray, Spends
from finview.value.search import most_likely


@dataclass(frozen=True)
class GammaGamma:
    """Parameters, and what follows from them."""

    p: float
    q: float
    v: float

    def log_likelihood(self, spends: Spends) -> float:
        """Sum over all customers."""
        p, q, v = self.p, self.q, self.v
        x, mean = spends.frequency, spends.mean_value
        return float(
            np.dot(
                spends.weight,
                gammaln(p * x + q)
                - gammaln(p * x)
                - gammaln(q)
                + q * np.log(v)
                + (p * x - 1) * np.log(mean)
                + p * x * np.log(x)
                - (p * x + q) * np.log(v + x * mean),
            )
        )

    @property
    def mean(self) -> float | None:
        """Value of a purchase over all customers; none where q says that it is unbounded."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else None

    def expected_value(self, frequency: FloatArray, mean_value: FloatArray) -> FloatArray:
        """Value of the next purchase: the customer's own mean drawn towards that of all."""
        above = self.p * (self.v + frequency * mean_value)
        return np.asarray(above / (self.p * frequency + self.q - 1))


def fit_gamma_gamma(spends: Spends) -> GammaGamma:
    """The most likely parameters.

    Raises:
        FinviewError: the values admit no fit.
    """
    scale = max(float(np.average(spends.mean_value, weights=spends.weight)), 1e-9)
    scaled = Spends(spends.frequency, spends.mean_value / scale, spends.weight)

    def loss(values: FloatArray) -> float:
        found = GammaGamma(*(float(value) for value in values))
        return -found.log_likelihood(scaled) / spends.customers

    starts = [(2.0, 3.0, 1.0), (6.0, 4.0, 0.5), (1.0, 1.5, 1.0)]
    p, q, v = (float(value) for value in most_likely(loss, starts, "gamma-gamma"))
    return GammaGamma(p, q, v * scale)
