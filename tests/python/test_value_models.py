"""BG/NBD and gamma-gamma: published parameters of CDNOW, and the forms that SQL uses.

CDNOW is read from `$FINVIEW_REAL_DATA`, default `../shared/data` beside the checkout.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.special import hyp2f1, roots_jacobi

from finview.settings import project_root
from finview.value.bgnbd import NODES, BgNbd, beta_quadrature, fit_bgnbd
from finview.value.counts import Counts, Spends
from finview.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from finview.value.parameters import decimal
from finview.value.verdict import reason_to_refuse

DATA = Path(os.environ.get("FINVIEW_REAL_DATA") or project_root().parent / "shared" / "data")
CDNOW = DATA.resolve() / "cdnow" / "CDNOW_sample.txt"
LAST_DAY = date(1997, 9, 30)  # week 39
PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426)


def _cdnow() -> tuple[Counts, Spends]:
    if not CDNOW.is_file():
        pytest.skip(f"skipped: no real data at {CDNOW}")
    bought: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in CDNOW.read_text().splitlines():
        _, customer, day, _, amount = line.split()
        when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        if when <= LAST_DAY:
            bought[customer][when] += float(amount)
    patterns: Counter[tuple[float, float, float]] = Counter()
    values: Counter[tuple[float, float]] = Counter()
    for days in bought.values():
        first, last, again = min(days), max(days), len(days) - 1
        patterns[again, (last - first).days / 7, (LAST_DAY - first).days / 7] += 1
        if again:
            values[again, (sum(days.values()) - days[first]) / again] += 1
    return (
        Counts.of((*pattern, weight) for pattern, weight in patterns.items()),
        Spends.of((*value, weight) for value, weight in values.items()),
    )


def test_cdnow_gives_the_published_purchase_model() -> None:
    counts, _ = _cdnow()
    assert counts.customers == 2357 and len(counts.weight) < 2357, "counts, not customers"
    found = fit_bgnbd(counts)
    assert [round(value, 3) for value in (found.r, found.a, found.b)] == [0.243, 0.793, 2.426]
    assert round(found.alpha, 2) == 4.41
    assert round(found.log_likelihood(counts), 1) == -9582.4


def test_cdnow_gives_the_published_value_model() -> None:
    _, spends = _cdnow()
    assert spends.customers == 946
    found = fit_gamma_gamma(spends)
    assert [round(value, 2) for value in (found.p, found.q, found.v)] == [6.25, 3.74, 15.44]


def test_one_customer_more_changes_the_fit() -> None:
    """The check of the published figures fails on other data."""
    counts, _ = _cdnow()
    more = counts.weight.copy()
    more[counts.frequency == counts.frequency.max()] += 25
    found = fit_bgnbd(Counts(counts.frequency, counts.recency, counts.age, more))
    assert round(found.r, 3) != 0.243


def _textbook(model: BgNbd, x: float, age: float, horizon: float) -> float:
    """Purchases of a customer who still buys, by the formula of the paper."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    reach = horizon / (alpha + age + horizon)
    hyper = hyp2f1(r + x, b + x, a + b + x - 1, reach)
    return float(
        (a + b + x - 1)
        / (a - 1)
        * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x) * hyper)
    )


@pytest.mark.parametrize("horizon", [1.0, 13.0, 39.0, 156.0])
@pytest.mark.parametrize("model", [PUBLISHED, BgNbd(4.0, 3.0, 0.2, 9.0), BgNbd(0.6, 9.0, 2.5, 1.5)])
def test_the_sum_over_nodes_is_the_formula_of_the_paper(model: BgNbd, horizon: float) -> None:
    x = np.array([0.0, 1.0, 2.0, 7.0, 26.0, 60.0])
    age = np.array([2.0, 8.0, 38.86, 52.0, 104.0, 130.0])
    found = model.expected_if_alive(x, age, horizon)
    wanted = [_textbook(model, *pair, horizon) for pair in zip(x, age, strict=True)]
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("a", [1e-5, 0.3, 0.793, 5.0, 160_000.0])
@pytest.mark.parametrize("b", [1e-5, 0.7, 2.426, 1_000.0, 160_000.0])
def test_nodes_have_the_moments_of_the_beta_for_any_parameters_of_a_search(
    a: float, b: float
) -> None:
    points, weights = beta_quadrature(a, b, NODES)
    assert np.isfinite(points).all() and np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1)
    assert (weights * points).sum() == pytest.approx(a / (a + b), rel=1e-5)
    second = a * (a + 1) / ((a + b) * (a + b + 1))
    assert (weights * points**2).sum() == pytest.approx(second, rel=1e-8)


def test_nodes_are_those_of_a_library() -> None:
    points, weights = beta_quadrature(0.793, 2.426, NODES)
    theirs, their_weights = roots_jacobi(NODES, 1.426, -0.207)
    assert points == pytest.approx((1 + theirs) / 2, abs=1e-12)
    assert weights == pytest.approx(their_weights / their_weights.sum(), abs=1e-10)


def test_a_model_whose_error_is_no_number_is_refused() -> None:
    reason = reason_to_refuse({"root_mean_square_error": float("nan")}, {}, None, "a rival")
    assert reason == "its root mean square error is not a number: the counts admit no such model"
    assert decimal(float("nan")) is None and decimal(float("inf")) is None


def test_who_never_came_back_cannot_have_left() -> None:
    counts = Counts.of([(0, 0, 30, 1), (2, 30.43, 38.86, 1), (2, 3, 38.86, 1)])
    never, recent, long_gone = PUBLISHED.probability_alive(counts)
    assert never == 1.0
    assert recent == pytest.approx(0.7266, abs=1e-3)  # the paper's customer 0001
    assert long_gone < recent


def test_parameters_come_back_from_what_they_made() -> None:
    truth = BgNbd(0.8, 6.0, 0.7, 2.5)
    rng = np.random.default_rng(5)
    rows: Counter[tuple[int, float, int]] = Counter()
    for age in rng.choice([30, 60, 90, 120], 10_000):
        rate, leaves = rng.gamma(truth.r, 1 / truth.alpha), rng.beta(truth.a, truth.b)
        at, x, last = rng.exponential(1 / rate), 0, 0.0
        while at <= age:
            x, last = x + 1, at
            if rng.random() < leaves:
                break
            at += rng.exponential(1 / rate)
        rows[x, round(last), int(age)] += 1
    found = fit_bgnbd(Counts.of((*row, weight) for row, weight in rows.items()))
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 6.0, 0.7, 2.5), rel=0.15)


def test_the_next_value_lies_between_ones_own_and_everybodys() -> None:
    model = GammaGamma(6.25, 3.74, 15.44)
    assert model.mean == pytest.approx(35.22, abs=0.01)
    once, often = model.expected_value(np.array([1.0, 50.0]), np.array([100.0, 100.0]))
    assert 35.22 < once < often < 100.0
    assert model.expected_value(np.array([0.0]), np.array([0.0]))[0] == pytest.approx(model.mean)
    assert GammaGamma(1.0, 0.9, 1.0).mean is None
