"""Markov chains of paths and response curves: right on cases that are known, refused elsewhere."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from math import exp, log
from pathlib import Path

import duckdb
import numpy as np
import pytest
from support.rendered_models import insert_rows, no_attribution

from finview.attribution.fit import NODES, STEPS, fit_attribution
from finview.attribution.markov import CONVERSION, NONE, START, fit_chain
from finview.attribution.response import Month, deviance, fit_response
from finview.identity import state
from finview.settings import Home, load_settings
from finview.value.parameters import append_version

Path_ = tuple[tuple[str, ...], bool]
PATHS: list[Path_] = [
    (("kol", "feed"), True),
    (("feed",), True),
    (("kol",), False),
    (("feed", "kol"), False),
    (("search",), False),
]


def _steps(paths: list[Path_]) -> list[tuple[str, str, int]]:
    counts: Counter[tuple[str, str]] = Counter()
    for channels, converted in paths:
        states = [START, *channels, CONVERSION if converted else NONE]
        counts.update(zip(states, states[1:], strict=False))
    return [(*pair, count) for pair, count in counts.items()]


def test_the_chain_gives_back_the_share_of_paths_that_converted() -> None:
    chain = fit_chain(_steps(PATHS))
    assert (chain.paths, chain.conversions) == (5, 2)
    assert chain.conversion_chance == pytest.approx(0.4) and chain.gap < 1e-12


def test_removal_effects_of_a_chain_worked_out_by_hand() -> None:
    # feed: converts 2/3, goes to kol 1/3; kol: to feed 1/3, ends 2/3; starts 2/5, 2/5, 1/5.
    effects = fit_chain(_steps(PATHS)).removal_effects
    assert effects["feed"] == pytest.approx(1.0)
    without_kol = 2 / 5 * 2 / 3
    assert effects["kol"] == pytest.approx(1 - without_kol / 0.4)
    assert effects["search"] == pytest.approx(0.0)


def test_removal_effects_are_those_of_walks_through_the_chain() -> None:
    counts = _steps(PATHS)
    onward: dict[str, list[str]] = {}
    for source, target, count in counts:
        onward.setdefault(source, []).extend([target] * count)
    rng = random.Random(5)

    def share(without: str) -> float:
        converted = 0
        for _ in range(40_000):
            at = START
            while at not in (CONVERSION, NONE, without):
                at = rng.choice(onward[at])
            converted += at == CONVERSION
        return converted / 40_000

    whole = share("nothing")
    for channel, effect in fit_chain(counts).removal_effects.items():
        assert 1 - share(channel) / whole == pytest.approx(effect, abs=0.03)


def test_a_chain_without_conversions_or_with_a_dead_end_says_so() -> None:
    assert fit_chain([]).removal_effects == {}
    assert fit_chain(_steps([(("kol",), False)])).removal_effects == {"kol": 0.0}
    with pytest.raises(ValueError, match="no step leads on from kol"):
        fit_chain([(START, "kol", 2)])


def _months(elasticity: float) -> list[Month]:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(40):
        for channel, level in (("feed", 60.0), ("kol", 25.0)):
            spend = float(rng.uniform(500, 8000))
            mean = level * exp(elasticity * log(spend / 2000))
            found.append(Month(channel, spend, float(rng.poisson(mean))))
    return found


@pytest.mark.parametrize("elasticity", [0.3, 0.6, 0.95])
def test_the_planted_elasticity_is_found(elasticity: float) -> None:
    curve = fit_response(_months(elasticity))
    low, high = curve.bounds()
    assert low <= elasticity <= high and high - low < 0.2
    assert curve.users("feed", 2000) == pytest.approx(60, rel=0.1)
    assert curve.users("feed", 0) == 0


def test_the_likelihood_has_its_top_where_the_fit_stops() -> None:
    months = _months(0.6)
    curve = fit_response(months)
    users = [month.users for month in months]

    def error(b: float) -> float:
        return deviance([curve.users(m.channel, m.spend, b) for m in months], users)

    best = error(curve.elasticity)
    assert best < error(curve.elasticity - 0.02) and best < error(curve.elasticity + 0.02)


def test_curves_that_cannot_be_learned_are_refused() -> None:
    with pytest.raises(ValueError, match="moves"):
        fit_response([Month("kol", 100.0, 5.0), Month("kol", 100.0, 6.0)])
    with pytest.raises(ValueError, match="kol brought nobody"):
        fit_response([Month("kol", 100.0, 0.0), Month("kol", 150.0, 0.0)])


def _home(folder: Path, months: int, elasticity: float, paths: int = 60) -> Home:
    home = Home(folder).create()
    state.create_tables(home)
    home.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(8)
    spent: list[tuple[object, ...]] = []
    for number in range(months):
        for channel, level in (("feed_ad", 90.0), ("kol", 40.0)):
            spend = round(float(rng.uniform(400, 9000)), 2)
            users = int(rng.poisson(level * (spend / 2000) ** elasticity))
            spent.append(
                (date(2022 + number // 12, number % 12 + 1, 1), channel, spend, users, True)
            )
    with duckdb.connect(str(home.warehouse_file)) as connection:
        no_attribution(connection)
        insert_rows(
            connection,
            "intermediate.int_path_steps_counted",
            [("order", *row) for row in _steps(PATHS * paths)],
        )
        insert_rows(connection, "intermediate.int_channel_months_acquired", spent)
    return home


def test_families_are_judged_and_a_curve_has_all_its_nodes(tmp_path: Path) -> None:
    home = _home(tmp_path / "home", 30, 0.5)
    found = {
        judged.family: (judged, rows) for judged, rows in fit_attribution(home, load_settings(home))
    }
    assert found["markov_order"][0].reason == ""
    assert found["markov_registration"][0].reason == "too few: 0 conversions with a path"
    curve, rows = found["response"]
    assert curve.reason == "" and curve.figures["deviance"] < curve.baseline["deviance"]
    nodes = Counter((row.kind, row.label) for row in rows if row.kind in NODES)
    assert nodes == {(kind, name): STEPS + 1 for kind in NODES for name in ("feed_ad", "kol")}
    assert [row.note for row in rows if row.kind == "window"] == ["2024-01-01"]
    assert not [row for row in found["markov_order"][1] if row.kind == "window"]


def test_a_curve_must_beat_constant_cost_and_the_one_in_use(tmp_path: Path) -> None:
    straight = _home(tmp_path / "straight", 30, 1.0)
    (*_, (judged, _)) = fit_attribution(straight, load_settings(straight))
    assert judged.reason in ("", "no better than spend at a constant cost")
    few = _home(tmp_path / "few", 11, 0.5)
    (*_, (judged, _)) = fit_attribution(few, load_settings(few))
    assert judged.reason == "too few: 11 months with spend"
    home = _home(tmp_path / "home", 30, 0.5)
    (*_, (judged, rows)) = fit_attribution(home, load_settings(home))
    append_version(home, rows)
    (*_, (again, _)) = fit_attribution(home, load_settings(home))
    assert again.reason == "no better than v0001, which stays in use"
