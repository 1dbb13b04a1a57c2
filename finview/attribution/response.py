"""How many users more money brings: a power curve per channel, with one elasticity for all.

users(channel, month) ~ Poisson(exp(a_channel) * spend^b). Months of one channel are few and their
spend moves little, so b is learned from all channels together and a from each. b = 1 means that
every CNY brings as much as the one before; below 1 it brings less (diminishing returns). Fitted by
Newton steps on the likelihood; the error of b is that of the observed information, widened by the
dispersion (quasi-Poisson, McCullagh and Nelder 1989, ch. 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Standard errors on each side of a 95 % interval.
WIDTH = 1.959964


@dataclass(frozen=True)
class Month:
    """Users that a channel brought in a month, and what it cost (CNY)."""

    channel: str
    spend: float
    users: float


@dataclass(frozen=True)
class Response:
    """A fitted curve per channel.

    Args:
        elasticity: b; percent more users for one percent more money.
        error: Standard error of b.
        dispersion: Pearson's chi square over degrees of freedom, at least 1.
        level: Users at the channel's usual spend.
        usual: The channel's usual spend (geometric mean, CNY a month).
    """

    elasticity: float
    error: float
    dispersion: float
    level: Mapping[str, float]
    usual: Mapping[str, float]

    def users(self, channel: str, spend: float, elasticity: float | None = None) -> float:
        """Users a month at a spend (CNY a month), by this elasticity or another one."""
        b = self.elasticity if elasticity is None else elasticity
        if spend <= 0:
            return 0.0
        return self.level[channel] * exp(b * log(spend / self.usual[channel]))

    def bounds(self) -> tuple[float, float]:
        """95 % interval of the elasticity, inside what a saturating curve can have."""
        low = self.elasticity - WIDTH * self.error
        high = self.elasticity + WIDTH * self.error
        return max(low, 0.01), min(high, 1.0)


def fit_response(months: Sequence[Month]) -> Response:
    """Most likely curves.

    Raises:
        ValueError: no channel with spend and users, or spend never moves.
    """
    channels = sorted({month.channel for month in months})
    usual = {
        name: exp(float(np.mean([log(m.spend) for m in months if m.channel == name])))
        for name in channels
    }
    place = {name: index for index, name in enumerate(channels)}
    design = np.zeros((len(months), len(channels) + 1))
    users = np.array([month.users for month in months], dtype=np.float64)
    for row, month in enumerate(months):
        design[row, place[month.channel]] = 1.0
        design[row, -1] = log(month.spend / usual[month.channel])
    if not channels or not np.any(np.abs(design[:, -1]) > 1e-9):
        raise ValueError("the spend of no channel moves: nothing can be learned about more of it")
    totals = design[:, :-1].T @ users
    if not (totals > 0).all():
        raise ValueError(f"{channels[int(np.argmin(totals))]} brought nobody")
    weights = np.append(np.log(totals / design[:, :-1].sum(axis=0)), 1.0)
    for _ in range(100):
        expected = np.exp(design @ weights)
        information = design.T @ (design * expected[:, None])
        step = np.linalg.solve(information, design.T @ (users - expected))
        weights = weights + step
        if float(np.abs(step).max()) < 1e-12:
            break
    expected = np.exp(design @ weights)
    freedom = max(len(months) - design.shape[1], 1)
    dispersion = max(1.0, float(((users - expected) ** 2 / expected).sum()) / freedom)
    covariance = np.linalg.inv(design.T @ (design * expected[:, None])) * dispersion
    return Response(
        min(max(float(weights[-1]), 0.01), 1.0),
        sqrt(float(covariance[-1, -1])),
        dispersion,
        {name: exp(float(weights[index])) for name, index in place.items()},
        usual,
    )


def deviance(expected: Sequence[float], users: Sequence[float]) -> float:
    """Poisson deviance per month; lower is better."""
    total = 0.0
    for mean, seen in zip(expected, users, strict=True):
        total += 2 * ((seen * log(seen / mean) if seen else 0.0) - (seen - mean))
    return total / len(users) if users else 0.0
