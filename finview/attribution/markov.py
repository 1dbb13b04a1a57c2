"""Removal effects of channels in a first-order Markov chain of paths.

The chain has the states '(start)', one per channel, '(conversion)' and '(none)'; its transition
probabilities are the shares of the counted steps. With Q the transitions between channels, r their
chance to convert at once and s the chances of the first channel, the chance that a path converts is
s (I - Q)^-1 r (absorbing Markov chains, Kemeny and Snell 1960). Taking a channel out sends its
paths to '(none)': its removal effect is the share of conversions that is lost (Anderl et al. 2016).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

START, CONVERSION, NONE = "(start)", "(conversion)", "(none)"


@dataclass(frozen=True)
class Chain:
    """A fitted chain.

    Args:
        paths: Counted paths, converted or not.
        conversions: Those that converted.
        conversion_chance: Chance that a path converts, by the chain.
        removal_effects: By channel, each between 0 and 1.
    """

    paths: int
    conversions: int
    conversion_chance: float
    removal_effects: dict[str, float]

    @property
    def gap(self) -> float:
        """Distance between the chain's conversion share and the counted one; 0 but for rounding."""
        return abs(self.conversion_chance - self.conversions / self.paths) if self.paths else 1.0


def fit_chain(steps: Iterable[tuple[str, str, int]]) -> Chain:
    """Chain of steps (from, to, count).

    Raises:
        ValueError: a state leads on to nothing, so that paths would never end.
    """
    counted = sorted(steps)
    channels = sorted({state for row in counted for state in row[:2]} - {START, CONVERSION, NONE})
    place = {channel: index for index, channel in enumerate(channels)}
    size = len(channels)
    between = np.zeros((size, size))
    ends = np.zeros(size)
    converts, starts = np.zeros(size), np.zeros(size)
    conversions = 0
    for source, target, count in counted:
        if source == START:
            starts[place[target]] += count
        elif target in place:
            between[place[source], place[target]] += count
        else:
            ends[place[source]] += count
            if target == CONVERSION:
                converts[place[source]] += count
                conversions += count
    out = between.sum(axis=1) + ends
    if size and not (out > 0).all():
        raise ValueError(f"no step leads on from {channels[int(np.argmin(out))]}")
    paths = int(starts.sum())
    if not paths or not conversions:
        return Chain(paths, conversions, 0.0, dict.fromkeys(channels, 0.0))
    onward, at_once, first = between / out[:, None], converts / out, starts / paths

    def chance(without: int | None) -> float:
        kept = np.array([index != without for index in range(size)])
        system = np.eye(int(kept.sum())) - onward[np.ix_(kept, kept)]
        visits: npt.NDArray[np.float64] = np.linalg.solve(system, at_once[kept])
        return float(first[kept] @ visits)

    whole = chance(None)
    effects = {
        channel: min(1.0, max(0.0, 1.0 - chance(index) / whole)) for channel, index in place.items()
    }
    return Chain(paths, conversions, whole, effects)
