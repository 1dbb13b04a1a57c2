"""Who is about to leave, 30 days ahead: a logistic regression on levels of features.

Trained on users as of three days whose outcomes were known on the day that it is judged on. A
score is a sum of weights, one for the level of each feature, so that it can be told why. The
weights of a feature are zero on average: each says what speaks for or against this very user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import yaml

from finview.settings import Home, Settings, project_root
from finview.value import reading
from finview.value.challenger import challenge
from finview.value.counts import FloatArray
from finview.value.parameters import Parameter, decimal, promoted_rows
from finview.value.patterns import Patterns
from finview.value.verdict import Judged, parameter_rows, reason_to_refuse

FAMILY = "churn"
#: Snapshot judged on; the later numbers, which are earlier days, are trained on.
JUDGED = 1
#: Fewer users who left, in either part, say too little.
LEAST_LEAVERS = 20
#: Bands of the chance to leave whose shares are watched.
BANDS = 10
#: Weight of the pull towards 0, in users: a level that few have learns little.
RIDGE = 1.0


@dataclass(frozen=True)
class Scorecard:
    """Weights (natural logarithm of odds) by feature and level."""

    intercept: float
    weights: Mapping[tuple[str, int], float]

    def probability(self, features: Sequence[str], patterns: Patterns) -> FloatArray:
        """Chance to leave of each pattern; an unknown level says nothing."""
        odds = [
            self.intercept
            + sum(self.weights.get(place, 0.0) for place in zip(features, levels, strict=True))
            for levels in patterns.levels
        ]
        return np.asarray(1 / (1 + np.exp(-np.array(odds, dtype=np.float64))))


def fit_churn(home: Home, settings: Settings) -> tuple[Judged, list[Parameter]]:
    """Train and judge on the last build; with the rows of the weights.

    Raises:
        FinviewError: nothing built yet.
    """
    features, threshold = wanted(project_root())
    train, judge, judged_on = _patterns(home, settings, features)
    share = float(train.left.sum() / train.users.sum()) if train.levels else 0.0
    if min(train.left.sum(), judge.left.sum()) < LEAST_LEAVERS:
        reason = f"too few: {train.left.sum():.0f} and {judge.left.sum():.0f} users who left"
        judged = Judged(FAMILY, None, {}, {}, {}, None, reason)
        return judged, list(parameter_rows(judged, judged_on.isoformat()))
    model = train_scorecard(features, train)
    figures = quality(model.probability(features, judge), judge, threshold)
    baseline = quality(np.full(len(judge.users), share), judge, threshold)
    previous = None
    if kept := promoted_rows(home, FAMILY, None):
        rival = _scorecard(kept[1])
        previous = kept[0], quality(rival.probability(features, judge), judge, threshold)
    reason = reason_to_refuse(figures, baseline, previous, "knowing only the share that leaves")
    terms = [
        Parameter(FAMILY, None, "term", feature, decimal(weight), level)
        for (feature, level), weight in sorted(model.weights.items())
    ]
    terms.append(Parameter(FAMILY, None, "term", "intercept", decimal(model.intercept)))
    challenger = quality(challenge(train, judge), judge, threshold)
    terms += [
        Parameter(FAMILY, None, "band", "score_band", decimal(share), band)
        for band, share in enumerate(band_shares(model.probability(features, judge), judge))
    ]
    judged = Judged(FAMILY, None, {}, figures, baseline, previous, reason, challenger)
    # The outcomes of the last day trained on were known on the day judged on.
    return judged, [*terms, *parameter_rows(judged, judged_on.isoformat())]


def wanted(project: Path) -> tuple[tuple[str, ...], float]:
    """The features that have levels, and the chance from which on is warned, as in the models."""
    variables = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return tuple(variables["churn_levels"]), float(variables["churn_warning_percent"]) / 100


def train_scorecard(features: Sequence[str], patterns: Patterns) -> Scorecard:
    """Ridge regression by Newton's method."""
    places = sorted(
        {place for levels in patterns.levels for place in zip(features, levels, strict=True)}
    )
    column = {place: number for number, place in enumerate(places, 1)}
    design = np.zeros((len(patterns.levels), len(places) + 1))
    design[:, 0] = 1
    for row, levels in enumerate(patterns.levels):
        for place in zip(features, levels, strict=True):
            design[row, column[place]] = 1
    pull = np.full(len(places) + 1, RIDGE)
    pull[0] = 1e-6
    solution = np.zeros(len(places) + 1)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-design @ solution))
        gradient = design.T @ (patterns.left - patterns.users * chance) - pull * solution
        curvature = (design * (patterns.users * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(pull), gradient)
        # Levels that decide alone would be overshot: no step beyond e to the second.
        solution = solution + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-10:
            break
    intercept = float(solution[0])
    weights: dict[tuple[str, int], float] = {}
    for feature in features:
        mine = [place for place in places if place[0] == feature]
        shares = [float(patterns.users @ design[:, column[place]]) for place in mine]
        mean = float(np.average([solution[column[place]] for place in mine], weights=shares))
        intercept += mean
        weights |= {place: round(float(solution[column[place]]) - mean, 9) for place in mine}
    return Scorecard(round(intercept, 9), weights)


def band_shares(chance: FloatArray, patterns: Patterns) -> list[float]:
    """Shares of the users by tenth of their chance to leave: what later scores are held against."""
    band = np.minimum(np.floor(np.round(chance, 6) * 10), BANDS - 1).astype(int)
    users = np.bincount(band, weights=patterns.users, minlength=BANDS)
    return [float(share) for share in np.round(users / users.sum(), 9)]


def quality(chance: FloatArray, patterns: Patterns, threshold: float) -> dict[str, float]:
    """Figures on users with known outcomes; the Brier score decides."""
    users, left = patterns.users, patterns.left
    stayed, total, leavers = users - left, float(users.sum()), float(left.sum())
    warned = chance >= threshold
    hits = float(left[warned].sum())
    below = won = 0.0
    for value in np.unique(chance):
        same = chance == value
        won += float(left[same].sum()) * (below + float(stayed[same].sum()) / 2)
        below += float(stayed[same].sum())
    # Users with equal chances are taken into the first tenth in equal parts.
    order = np.unique(-chance)
    taken = [float(users[-chance <= value].sum()) for value in order]
    found = [float(left[-chance <= value].sum()) for value in order]
    tenth = float(np.interp(total / 10, [0.0, *taken], [0.0, *found]))
    return {
        "brier": float((left * (1 - chance) ** 2 + stayed * chance**2).sum() / total),
        "auc": won / (leavers * (total - leavers)) if 0 < leavers < total else 0.5,
        "accuracy": (hits + float(stayed[~warned].sum())) / total,
        "precision": hits / float(users[warned].sum()) if warned.any() else 0.0,
        "recall": hits / leavers if leavers else 0.0,
        "lift_of_first_tenth": tenth / (leavers / 10) if leavers else 0.0,
    }


def _patterns(
    home: Home, settings: Settings, features: Sequence[str]
) -> tuple[Patterns, Patterns, date]:
    levels = ", ".join(f"{name}_level" for name in features)
    found = reading.rows(
        home,
        settings,
        f"select snapshot_number, {levels}, count(*), "
        "sum(case when is_churned_after then 1 else 0 end), max(counted_to_date) "
        "from intermediate.int_users_churn_features where snapshot_number > 0 "
        f"group by snapshot_number, {levels} order by snapshot_number, {levels}",
    )
    sides = [
        [row for row in found if (row[0] == JUDGED) == is_judged] for is_judged in (False, True)
    ]
    train, judge = (
        Patterns(
            tuple(tuple(int(level) for level in row[1:-3]) for row in rows),
            np.array([row[-3] for row in rows], dtype=np.float64),
            np.array([row[-2] for row in rows], dtype=np.float64),
        )
        for rows in sides
    )
    return train, judge, max((row[-1] for row in sides[1]), default=date.min)


def _scorecard(rows: Sequence[Parameter]) -> Scorecard:
    terms = [row for row in rows if row.kind == "term" and row.value is not None]
    intercept = sum(float(row.value or 0) for row in terms if row.step is None)
    weights = {
        (row.label, row.step): float(row.value or 0) for row in terms if row.step is not None
    }
    return Scorecard(intercept, weights)
