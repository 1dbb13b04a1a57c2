"""`finview value fit`: parameters of value and attribution from the last build, and their verdict.

Trained is on what was known the day before the holdout (`ltv_holdout_weeks`), judged on the
holdout. Each product line has a verdict of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import yaml

from finview.attribution.fit import fit_attribution
from finview.errors import FinviewError
from finview.settings import Home, load_settings, project_root
from finview.value import reading
from finview.value.balances import Retention, fit_retention, log_loss
from finview.value.bgnbd import BgNbd, fit_bgnbd
from finview.value.churn import fit_churn
from finview.value.counts import FloatArray
from finview.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from finview.value.parameters import (
    Parameter,
    append_version,
    decimal,
    promoted_rows,
    values_of,
)
from finview.value.verdict import Figures, Judged, parameter_rows, reason_to_refuse

#: Fewer customers, of whom so many bought again, say too little about a product line.
LEAST_CUSTOMERS, LEAST_REPEATERS = 100, 30
#: Fewer months of holders, of whom so many left, likewise.
LEAST_MONTHS, LEAST_LEAVERS = 100, 10


@dataclass(frozen=True)
class Fit:
    """A new version."""

    version: str
    judged: tuple[Judged, ...]


def fit(home: Home) -> Fit:
    """Train, judge and append a version; it is used from the next build on where promoted.

    Raises:
        FinviewError: nothing built yet, or no product line has enough customers.
    """
    settings = load_settings(home)
    weeks = holdout_weeks(project_root())
    lines = reading.purchases(home, settings)
    if not lines:
        raise FinviewError("no customer bought before the holdout", "load more orders")
    judged: list[Judged] = []
    rows: list[Parameter] = []
    for line in lines:
        found, nodes = _purchases(home, line, weeks)
        judged.append(found)
        rows += [*parameter_rows(found, line.counted_to.isoformat()), *nodes]
    for held in reading.balances(home, settings, lines[0].counted_to):
        judged.append(_balances(home, held))
        rows += parameter_rows(judged[-1], held.counted_to.isoformat())
    churn, terms = fit_churn(home, settings)
    judged.append(churn)
    rows += terms
    for found, terms in fit_attribution(home, settings):
        judged.append(found)
        rows += terms
    return Fit(append_version(home, rows), tuple(judged))


def holdout_weeks(project: Path) -> int:
    """Length of the holdout, as the models have it."""
    variables = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return int(variables["ltv_holdout_weeks"])


def _purchases(home: Home, line: reading.Purchases, weeks: int) -> tuple[Judged, list[Parameter]]:
    repeaters = float(line.counts.weight[line.counts.frequency > 0].sum())
    baseline = _error(line, _own_line_rate(line, weeks))
    if line.counts.customers < LEAST_CUSTOMERS or repeaters < LEAST_REPEATERS:
        reason = f"{line.counts.customers:.0f} customers, {repeaters:.0f} of whom bought again"
        return Judged(
            "purchases", line.product_line, {}, {}, baseline, None, f"too few: {reason}"
        ), []
    model = fit_bgnbd(line.counts)
    money = fit_gamma_gamma(line.spends) if line.spends.customers >= LEAST_REPEATERS else None
    figures = _error(line, model.expected(line.counts, weeks))
    previous: tuple[str, Figures] | None = None
    if kept := promoted_rows(home, "purchases", line.product_line):
        values = values_of(kept[1])
        rival = BgNbd(values["r"], values["alpha"], values["a"], values["b"])
        previous = kept[0], _error(line, rival.expected(line.counts, weeks))
    reason = reason_to_refuse(figures, baseline, previous, "the mean rate of the product line")
    if money is None or money.mean is None:
        reason = reason or "the value of a purchase has no mean"
    judged = Judged(
        "purchases", line.product_line, _named(model, money), figures, baseline, previous, reason
    )
    chances, weights = model.nodes()
    nodes = [
        Parameter("purchases", line.product_line, "node", label, decimal(value), step)
        for step, pair in enumerate(zip(chances, weights, strict=True), 1)
        for label, value in zip(("chance", "weight"), pair, strict=True)
    ]
    return judged, nodes


def _named(model: BgNbd, money: GammaGamma | None) -> dict[str, float]:
    named = {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}
    return named | ({"p": money.p, "q": money.q, "v": money.v} if money else {})


def _own_line_rate(line: reading.Purchases, weeks: int) -> FloatArray:
    """What is expected if every customer buys at the mean rate of all and nobody leaves."""
    counts = line.counts
    weeks_seen = float(np.dot(counts.weight, counts.age)) or 1.0
    rate = float(np.dot(counts.weight, counts.frequency)) / weeks_seen
    return np.full(len(counts.weight), rate * weeks)


def _error(line: reading.Purchases, expected: FloatArray) -> dict[str, float]:
    """Error per customer and in all, in purchases; from sums over equal customers."""
    weight, customers = line.counts.weight, line.counts.customers
    squares = float((line.squared - 2 * expected * line.bought + weight * expected**2).sum())
    bought, total = float(line.bought.sum()), float(np.dot(weight, expected))
    return {
        "root_mean_square_error": sqrt(max(squares, 0.0) / customers),
        "expected_over_bought": total / bought if bought else 0.0,
    }


def _balances(home: Home, held: reading.Balances) -> Judged:
    before, after = held.before, held.after
    if before.months < LEAST_MONTHS or before.left.sum() < LEAST_LEAVERS or not after.months:
        reason = f"too few: {before.months:.0f} months, {before.left.sum():.0f} of which the last"
        return Judged("balances", held.product_line, {}, {}, {}, None, reason)
    model = fit_retention(before)
    constant = np.full(len(after.tenure), float(before.stayed.sum()) / before.months)
    baseline = {"log_loss": log_loss(constant, after)}
    figures = {"log_loss": model.loss(after)}
    previous: tuple[str, Figures] | None = None
    if kept := promoted_rows(home, "balances", held.product_line):
        values = values_of(kept[1])
        previous = kept[0], {"log_loss": Retention(values["alpha"], values["beta"]).loss(after)}
    named = {"alpha": model.alpha, "beta": model.beta}
    reason = reason_to_refuse(figures, baseline, previous, "a constant share that stays")
    return Judged("balances", held.product_line, named, figures, baseline, previous, reason)
