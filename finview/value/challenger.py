"""Gradient boosting on what the scorecard reads: how much a model that cannot be told would gain.

It is a yardstick and never scores a user: its score is no sum of terms, so nobody could be told why
he is warned of. Where it leads, the scorecard lacks a feature or a level.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from finview.value.counts import FloatArray
from finview.value.patterns import Patterns

#: How the figures are named in the state table and in reports.
NAME = "gradient boosting"
#: A lead in the deciding error, as a share of the scorecard's, that is worth a look.
NOTABLE_LEAD = 0.05
#: Small trees, many of them: patterns are few, and levels are whole numbers already.
_SETTINGS = {"max_iter": 150, "learning_rate": 0.06, "max_leaf_nodes": 8, "l2_regularization": 1.0}


def challenge(train: Patterns, judge: Patterns) -> FloatArray:
    """Chance to leave of each pattern of `judge`, learned from `train`.

    Each pattern is two rows, those who left and those who stayed, weighted with their users: memory
    depends on patterns, not on users. Same patterns, same chances.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    levels = np.array(train.levels, dtype=np.float64)
    rows = np.concatenate([levels, levels])
    outcome = np.concatenate([np.ones(len(levels)), np.zeros(len(levels))])
    weight = np.concatenate([train.left, train.users - train.left])
    model = HistGradientBoostingClassifier(
        early_stopping=False, random_state=0, min_samples_leaf=2, **_SETTINGS
    )
    some = weight > 0
    model.fit(rows[some], outcome[some], sample_weight=weight[some])
    chances = model.predict_proba(np.array(judge.levels, dtype=np.float64))[:, 1]
    return np.asarray(np.round(chances, 9), dtype=np.float64)


def lead(figures: Mapping[str, float], challenger: Mapping[str, float]) -> float:
    """How much lower the challenger's deciding error is, as a share of the model's."""
    deciding = next(iter(figures))
    return 1 - challenger[deciding] / figures[deciding] if figures[deciding] else 0.0
