"""The sample's figures beside those that the strategy documents measured."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from simulator import simulate
from simulator.calibration import calibrate
from simulator.calibration_checks import BASELINES, CHECKS

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Figures of the default sample (as Parquet, which is quicker to read)."""
    root = tmp_path_factory.mktemp("calibration")
    simulate(root / "landing", root / "truth", file_format="parquet")
    return {name: value for name, _, value in calibrate(root / "landing", root / "truth")}


def baseline(kpi: str, cut: str) -> float:
    """The latest figure that the documents measured."""
    with (PROJECT / "seeds/kpis/kpi_targets.csv").open(encoding="utf-8") as file:
        found = [
            row
            for row in csv.DictReader(file)
            if (row["kpi_id"], row["cut"] or "", row["kind"]) == (kpi, cut, "measured")
        ]
    return float(max(found, key=lambda row: row["target_period"])["target_value"])


def test_figures_are_near_the_measured_ones(measured: dict[str, float]) -> None:
    far = []
    for name, (kpi, cut, distance) in BASELINES.items():
        aim, value = baseline(kpi, cut), measured[name]
        mark = "" if abs(value - aim) <= distance * aim else "  TOO FAR"
        print(f"{kpi:28} {name:46} measured {value:10.4f}  documents {aim:10.4f}{mark}")
        if mark:
            far.append(name)
    assert not far
    assert len(BASELINES) == 32


def test_every_figure_has_a_value(measured: dict[str, float]) -> None:
    assert set(measured) == {name for name, _, _ in CHECKS}
    assert not [name for name, value in measured.items() if math.isnan(value)]
    assert set(BASELINES) <= set(measured)


def test_offline_users_stay_longer(measured: dict[str, float]) -> None:
    gap = measured["retention m18 offline"] - measured["retention m18 online"]
    assert 0.12 < gap < 0.27


def test_costs_rise_from_year_to_year(measured: dict[str, float]) -> None:
    assert measured["cac 2024"] > 1.3 * measured["cac 2023"]
