"""The warning of users about to leave: what it learns, what refuses it, and SQL beside Python."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from support.rendered_models import build_models, insert_rows

from finview.identity import state
from finview.settings import Home, load_settings
from finview.value.challenger import NOTABLE_LEAD, challenge, lead
from finview.value.churn import Scorecard, fit_churn, quality, train_scorecard
from finview.value.parameters import append_version
from finview.value.patterns import Patterns

AS_OF = date(2025, 6, 30)
FEATURES = (
    "days_since_seen",
    "active_days_30",
    "active_days_60",
    "order_count_90",
    "tenure_days",
)


def _home(folder: Path, *, leaving_shows: bool = True, users: int = 400) -> Home:
    """Users of five days; who leaves was seen long ago, or by chance just as well not."""
    rng = np.random.default_rng(3)
    home = Home(folder).create()
    home.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f"{name} bigint, {name}_level integer" for name in FEATURES)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_users_churn_features (user_key varchar, "
            f"counted_to_date date, snapshot_number integer, {columns}, is_churned_after boolean)"
        )
        rows = []
        for number in range(5):
            for user in range(users):
                levels = rng.integers(0, 5, len(FEATURES)).tolist()
                shown = levels[0] if leaving_shows else int(rng.integers(0, 5))
                left = None if number == 0 else bool(rng.random() < 0.02 + 0.2 * shown)
                values = [value for level in levels for value in (level * 10, level)]
                day = AS_OF - timedelta(days=30 * number)
                rows.append((f"u{user:04d}", day, number, *values, left))
        insert_rows(connection, "intermediate.int_users_churn_features", rows)
    return home


def test_what_shows_is_learned_and_what_does_not_is_refused(tmp_path: Path) -> None:
    home = _home(tmp_path / "shows")
    judged, rows = fit_churn(home, load_settings(home))
    assert judged.reason == ""
    assert judged.figures["auc"] > 0.75 > judged.baseline["auc"] == 0.5
    terms = [row for row in rows if row.kind == "term" and row.label == "days_since_seen"]
    weights = [float(row.value or 0) for row in sorted(terms, key=lambda row: row.step or 0)]
    assert weights == sorted(weights) and weights[0] < 0 < weights[-1]

    home = _home(tmp_path / "random", leaving_shows=False)
    judged, _ = fit_churn(home, load_settings(home))
    assert judged.reason == "no better than knowing only the share that leaves"


def test_a_second_fit_of_the_same_build_is_refused(tmp_path: Path) -> None:
    home = _home(tmp_path)
    _, rows = fit_churn(home, load_settings(home))
    append_version(home, rows)
    judged, _ = fit_churn(home, load_settings(home))
    assert judged.reason == "no better than v0001, which stays in use"


def test_too_few_who_left_are_said_so(tmp_path: Path) -> None:
    home = _home(tmp_path, users=10)
    judged, _ = fit_churn(home, load_settings(home))
    assert judged.reason.startswith("too few: ")


def test_sql_scores_and_judges_as_python_does(tmp_path: Path) -> None:
    home = _home(tmp_path)
    judged, rows = fit_churn(home, load_settings(home))
    append_version(home, rows)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        places = {
            "value_parameters": state.relation(home, "value_parameters"),
            "int_users_churn_features": "intermediate.int_users_churn_features",
        }
        names = (
            "int_value_parameters_promoted",
            "int_users_churn_scored",
            "rpt_churn_warning",
        )
        build_models(connection, names, places, as_of_date=AS_OF.isoformat())
        found = connection.execute(
            "select brier_score, auc_ratio, accuracy_ratio, precision_ratio, recall_ratio "
            "from intermediate.rpt_churn_warning where is_out_of_time"
        ).fetchall()
    figures = [judged.figures[name] for name in ("brier", "auc", "accuracy", "precision", "recall")]
    assert [float(value) for value in found[0]] == pytest.approx(figures, abs=2e-6)
    assert len(found) == 1


def test_weights_of_a_feature_are_zero_on_average() -> None:
    patterns = Patterns(
        ((0, 0), (0, 1), (1, 0), (1, 1)),
        np.array([40.0, 10.0, 30.0, 20.0]),
        np.array([4.0, 5.0, 12.0, 16.0]),
    )
    card = train_scorecard(("a", "b"), patterns)
    assert 50 * card.weights["a", 0] + 50 * card.weights["a", 1] == pytest.approx(0, abs=1e-6)
    assert 70 * card.weights["b", 0] + 30 * card.weights["b", 1] == pytest.approx(0, abs=1e-6)
    chances = card.probability(("a", "b"), patterns)
    assert float(chances @ patterns.users) == pytest.approx(37.0, abs=0.01)
    unknown = Patterns(((9, 9),), np.array([1.0]), np.array([0.0]))
    assert Scorecard(0.0, card.weights).probability(("a", "b"), unknown)[0] == 0.5


def test_figures_of_four_users() -> None:
    patterns = Patterns(((0,), (1,), (2,)), np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    figures = quality(np.array([0.9, 0.5, 0.1]), patterns, 0.5)
    assert figures["auc"] == pytest.approx(0.875)
    assert figures["accuracy"] == 0.75 and figures["recall"] == 1.0
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["brier"] == pytest.approx(0.13)
    assert figures["lift_of_first_tenth"] == pytest.approx(2.0)
    alike = quality(np.full(3, 0.3), patterns, 0.5)
    assert alike["lift_of_first_tenth"] == pytest.approx(1.0)


def test_the_challenger_is_a_yardstick_and_says_what_is_left_to_gain(tmp_path: Path) -> None:
    # Who leaves has one feature high and the other low: no sum of two weights says so.
    levels = tuple((one, other) for one in range(4) for other in range(4))
    crossed = np.array([0.9 if (one > 1) != (other > 1) else 0.1 for one, other in levels])
    # Unequal numbers: where both features alone say nothing at all, no tree would begin to grow.
    users = np.array([100.0 + 40 * one + 10 * other for one, other in levels])
    patterns = Patterns(levels, users, users * crossed)
    plain = quality(
        train_scorecard(("a", "b"), patterns).probability(("a", "b"), patterns), patterns, 0.5
    )
    found = quality(challenge(patterns, patterns), patterns, 0.5)
    assert found["accuracy"] == pytest.approx(0.9) and plain["accuracy"] < 0.7
    assert lead(plain, found) > NOTABLE_LEAD
    assert challenge(patterns, patterns).tolist() == challenge(patterns, patterns).tolist()

    home = _home(tmp_path)
    judged, rows = fit_churn(home, load_settings(home))
    told = [row for row in rows if row.note == "challenger gradient boosting"]
    assert {row.label for row in told} == set(judged.figures)
    # Levels alone decide here: a forest of trees has nothing to add.
    assert lead(judged.figures, judged.challenger) < NOTABLE_LEAD
