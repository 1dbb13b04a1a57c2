"""BG/NBD: how often a customer buys, and whether he still does (Fader, Hardie, Lee 2005).

Each customer buys at a rate of his own, gamma(r, alpha) over all, and after each purchase leaves
for good with a chance of his own, beta(a, b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import gammaln

from finview.value.counts import Counts, FloatArray
from finview.value.search import most_likely

#: Nodes of the quadrature over the chance to leave; see `nodes`.
NODES = 48


@dataclass(frozen=True)
class BgNbd:
    """Parameters, and what follows from them."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, counts: Counts) -> float:
        """Sum over all customers."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        x, recency, age = counts.frequency, counts.recency, counts.age
        again = x > 0
        common = (
            gammaln(r + x)
            - gammaln(r)
            + r * np.log(alpha)
            + gammaln(a + b)
            + gammaln(b + x)
            - gammaln(b)
            - gammaln(a + b + x)
        )
        alive = -(r + x) * np.log(alpha + age)
        # Who never came back cannot have left: only a repeated purchase is followed by leaving.
        left = np.where(
            again,
            np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency),
            -np.inf,
        )
        return float(np.dot(counts.weight, common + np.logaddexp(alive, left)))

    def probability_alive(self, counts: Counts) -> FloatArray:
        """Chance that a customer still buys at the end of the window."""
        x = counts.frequency
        odds = (
            self.a
            / (self.b + np.maximum(x, 1) - 1)
            * ((self.alpha + counts.age) / (self.alpha + counts.recency)) ** (self.r + x)
        )
        return np.where(x > 0, 1 / (1 + odds), 1.0)

    def nodes(self, number: int = NODES) -> tuple[FloatArray, FloatArray]:
        """Chances to leave and their weights, for sums that stand for integrals over beta(a, b).

        The textbook form needs a hypergeometric function, which no engine has and whose series
        converges ever slower the longer the horizon; this sum is the same figure in powers alone.
        """
        points, weights = beta_quadrature(self.a, self.b, number)
        # No chance below this changes a figure, and SQL, which has no expm1, keeps its digits.
        return np.maximum(points, 1e-8), weights

    def expected_if_alive(self, x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Purchases within the horizon of customers who still buy; as in SQL."""
        chances, weights = self.nodes()
        leaving = chances[None, :]
        weight = weights * (1 - leaving) ** x[:, None]
        reach = leaving * horizon / (self.alpha + age[:, None])
        # expm1 keeps the digits where hardly anybody leaves.
        bought = -np.expm1(-(self.r + x[:, None]) * np.log1p(reach)) / leaving
        return np.asarray((weight * bought).sum(axis=1) / weight.sum(axis=1))

    def expected(self, counts: Counts, horizon: float) -> FloatArray:
        """Purchases within the horizon."""
        return self.probability_alive(counts) * self.expected_if_alive(
            counts.frequency, counts.age, horizon
        )


def beta_quadrature(a: float, b: float, number: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Jacobi points in (0, 1) for means over beta(a, b), with weights that add up to one.

    By the eigenvalues of the recurrence of the polynomials (Golub, Welsch 1969). Unlike a library's
    rule it never forms the integral of the weight function, which overflows where all customers
    leave with nearly the same chance (a and b in the thousands).
    """
    # Monic Jacobi polynomials on [-1, 1] of (1 - t)^(b - 1) (1 + t)^(a - 1).
    first, second, total = b - 1, a - 1, a + b - 2
    n = np.arange(1, number, dtype=np.float64)
    spread = 2 * n + total
    diagonal = np.empty(number)
    diagonal[0] = (second - first) / (total + 2)
    diagonal[1:] = (second - first) * total / (spread * (spread + 2))
    beside = 4 * n * (n + first) * (n + second) * (n + total)
    # n + total and spread - 1 are the same for n = 1, and both zero where a + b = 1.
    beside[0] = 4 * (1 + first) * (1 + second)
    below = spread**2 * (spread + 1) * (spread - 1)
    below[0] = spread[0] ** 2 * (spread[0] + 1)
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(beside / below))
    weights = vectors[0] ** 2
    return (1 + values) / 2, weights / weights.sum()


def fit_bgnbd(counts: Counts) -> BgNbd:
    """The most likely parameters; time is in the unit of the counts.

    Raises:
        FinviewError: the counts admit no fit.
    """
    # The search is in units of the mean age, so that days and weeks take the same steps.
    scale = max(float(np.average(counts.age, weights=counts.weight)), 1e-9)
    scaled = Counts(counts.frequency, counts.recency / scale, counts.age / scale, counts.weight)
    customers = counts.customers

    def loss(values: FloatArray) -> float:
        return -BgNbd(*(float(value) for value in values)).log_likelihood(scaled) / customers

    starts = [(0.5, 0.3, 0.5, 1.5), (1.0, 1.0, 1.0, 1.0), (2.0, 0.3, 0.1, 2.0)]
    r, alpha, a, b = (float(value) for value in most_likely(loss, starts, "BG/NBD"))
    return BgNbd(r, alpha * scale, a, b)
