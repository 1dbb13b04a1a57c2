"""From weights to probabilities, and how good they are; all on counts of equal pairs.

A pair's comparisons are not independent, so that added weights are too sure of themselves. A
logistic curve over the weight, fitted on labelled pairs that training has not seen, mends this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

#: Steps of the calibration that SQL looks up: quarters of a bit, this many on either side of 0.
STEPS = 80
STEPS_PER_BIT = 4

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """Labelled pairs of one weight (bits, with the prior of the labelled pairs)."""

    weight: float
    is_match: bool
    count: int


@dataclass(frozen=True)
class Calibration:
    """Log odds (bits) = offset + slope * weight; probabilities stay within what was observed.

    `pairs` labelled pairs cannot show a probability nearer to 0 or 1 than one in `pairs` + 2.
    """

    slope: float
    offset: float
    pairs: int

    def probability(self, weight: float, shift: float = 0.0) -> float:
        """Probability of a pair; `shift`: bits by which its prior differs from that fitted on."""
        step = max(-STEPS, min(STEPS, int(np.floor(weight * STEPS_PER_BIT))))
        return self.step(step, shift)

    def step(self, number: int, shift: float = 0.0) -> float:
        """Probability of the lower end of a step."""
        odds = self.offset + self.slope * (number / STEPS_PER_BIT - shift) + shift
        least = 1 / (self.pairs + 2)
        return min(max(_logistic(odds), least), 1 - least)


@dataclass(frozen=True)
class Quality:
    """Figures on pairs that neither training nor calibration has seen."""

    brier: float
    auc: float
    precision: float | None
    recall: float


def calibrate(pairs: Sequence[Counted]) -> Calibration:
    """Logistic curve by Newton's method, with Platt's targets so that it cannot be too steep."""
    weights = np.array([pair.weight for pair in pairs])
    counts = np.array([pair.count for pair in pairs], dtype=float)
    matches = np.array([pair.is_match for pair in pairs])
    positive, negative = counts[matches].sum(), counts[~matches].sum()
    targets = np.where(matches, (positive + 1) / (positive + 2), 1 / (negative + 2))
    design = np.stack([np.ones_like(weights), weights], axis=1) * log(2)

    def loss(values: FloatArray) -> float:
        odds = design @ values
        return float((counts * (np.logaddexp(0, odds) - targets * odds)).sum())

    solution = np.array([0.0, 1.0])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(design @ solution, -500, 500)))
        gradient = design.T @ (counts * (targets - fitted))
        curvature = (design * (counts * fitted * (1 - fitted))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        # A full step may overshoot where most pairs are decided: halve it until it helps.
        while np.abs(step).max() > 1e-10 and loss(solution + step) > loss(solution):
            step = step / 2
        solution = solution + step
        if np.abs(step).max() <= 1e-10:
            break
    offset, slope = (round(float(value), 9) for value in solution)
    return Calibration(slope, offset, int(counts.sum()))


def share_of_matches(pairs: int, strangers: float) -> float:
    """Share of matches among unlabelled pairs of which so many are strangers by chance.

    From the weights it cannot be told: devices without an owner are used less, so that every
    comparison looks different on them, match or not.
    """
    return (max(pairs - strangers, 0.0) + 1) / (max(float(pairs), strangers) + 2)


def quality(scored: Sequence[tuple[float, bool, int]], threshold: float) -> Quality:
    """Figures of (probability, is a match, count) rows."""
    total = sum(count for _, _, count in scored)
    positive = sum(count for _, is_match, count in scored if is_match)
    named = sum(count for score, _, count in scored if score >= threshold)
    hits = sum(count for score, is_match, count in scored if is_match and score >= threshold)
    brier = sum(count * (score - is_match) ** 2 for score, is_match, count in scored) / total
    return Quality(brier, _auc(scored), hits / named if named else None, hits / positive)


def _auc(scored: Sequence[tuple[float, bool, int]]) -> float:
    """Chance that a match scores above a pair of strangers; equal scores count half."""
    by_score: dict[float, list[int]] = {}
    for score, is_match, count in scored:
        by_score.setdefault(score, [0, 0])[is_match] += count
    below = won = 0.0
    for _, (strangers, matches) in sorted(by_score.items()):
        won += matches * (below + strangers / 2)
        below += strangers
    positive = sum(matches for _, matches in by_score.values())
    return won / (below * positive)


def _logistic(bits: float) -> float:
    return 1 / (1 + exp(-min(max(bits * log(2), -700), 700)))
