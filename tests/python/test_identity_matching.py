"""Fitting the weights of device matching: repeatable, judged, and refused where it should be."""

from __future__ import annotations

from decimal import Decimal
from math import log2
from pathlib import Path

import duckdb
import jinja2
import pytest
import yaml
from click.testing import CliRunner
from support.devices import warehouse

from finview.cli.identity_fit import fit as fit_command
from finview.errors import FinviewError
from finview.identity.matching.calibrate import (
    Calibration,
    Counted,
    calibrate,
    quality,
    share_of_matches,
)
from finview.identity.matching.comparisons import device_comparisons
from finview.identity.matching.fit import fit, scorer_of
from finview.identity.matching.parameters import (
    read_versions,
)
from finview.identity.matching.reading import expected_strangers
from finview.settings import Home, load_settings, project_root

ROOT = project_root()


def _home(folder_: Path, blocks: int, *, informative: bool = True) -> Home:
    return warehouse(Home(folder_).create(), blocks, informative=informative)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = _home(tmp_path_factory.mktemp("fitted"), 400)
    assert not fit(home).reason
    return home


def test_the_same_build_gives_the_same_bytes(fitted: Home, tmp_path: Path) -> None:
    again = _home(tmp_path, 400)
    fit(again)
    name = "identity/match_parameters/00000001.parquet"
    assert (again.accepted / name).read_bytes() == (fitted.accepted / name).read_bytes()


def test_a_version_says_what_it_learned(fitted: Home) -> None:
    (version, *_) = read_versions(fitted)
    assert version.is_promoted and version.name == "m0001"
    terms = version.of_kind("term")
    expected = {
        (comparison.name, level, label)
        for comparison in device_comparisons(ROOT)
        for level, label in comparison.labels.items()
    }
    assert {(row.comparison, row.level, row.label) for row in terms} == expected
    for row in terms:
        assert row.m_probability and row.u_probability and row.weight is not None
        assert float(row.weight) == pytest.approx(log2(row.m_probability / row.u_probability))
    # What the devices of one owner were made to share speaks for a match.
    weights = {(row.comparison, row.level): row.weight or 0 for row in terms}
    assert weights["hardware", 3] > 2 > 0 > weights["hardware", 0]
    assert weights["active_hours", 2] > 0 > weights["active_hours", 0]


def test_every_step_of_the_calibration_is_there_and_rises(fitted: Home) -> None:
    rows = [row for row in read_versions(fitted)[0].of_kind("calibration") if row.label == "step"]
    assert [row.level for row in rows] == list(range(-80, 81))
    values = [row.value or Decimal(0) for row in rows]
    assert values == sorted(values) and values[0] < Decimal("0.1") < Decimal("0.9") < values[-1] < 1


def test_what_is_read_back_scores_alike(fitted: Home) -> None:
    version = read_versions(fitted)[0]
    scorer = scorer_of(version)
    steps = {row.level: row.value for row in version.of_kind("calibration") if row.label == "step"}
    prior = {row.label: float(row.weight or 0) for row in version.of_kind("prior")}
    shift = prior["score"] - prior["train"]
    for step in (-80, -3, 0, 9, 80):
        assert float(steps[step] or 0) == pytest.approx(
            scorer.calibration.step(step, shift), abs=1e-6
        )


def test_a_version_that_is_no_better_is_refused(fitted: Home) -> None:
    before = len(read_versions(fitted))
    found = fit(fitted)
    assert "m0001" in found.reason and found.previous and found.previous[1] == found.quality
    assert [version.is_promoted for version in read_versions(fitted)] == [True] + before * [False]


def test_devices_that_say_nothing_promote_nothing(tmp_path: Path) -> None:
    found = fit(_home(tmp_path, 400, informative=False))
    assert not found.version.is_promoted
    assert found.reason == "no better than knowing only the share of matches"
    assert found.quality.brier >= found.baseline.brier or found.quality.auc <= 0.5


def test_too_few_pairs_are_told_with_figures(tmp_path: Path) -> None:
    home = _home(tmp_path, 8)
    with pytest.raises(FinviewError, match=r"train: \d+ and \d+; calibrate: \d+ and \d+") as caught:
        fit(home)
    assert "finview identity fit" in caught.value.next_step
    assert read_versions(home) == []


def test_without_a_build_there_is_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(FinviewError, match="nothing is built"):
        fit(Home(tmp_path).create())
    home = Home(tmp_path).create()
    duckdb.connect(str(home.warehouse_file)).close()
    with pytest.raises(FinviewError, match="no device pairs"):
        fit(home)


def test_the_command_shows_rivals_and_verdict(fitted: Home) -> None:
    result = CliRunner().invoke(fit_command, ["--home", str(fitted.root)])
    assert result.exit_code == 0, result.output
    assert "share only" in result.output and "m0001 (in use)" in result.output
    assert "is refused" in result.output


def test_python_and_the_models_compare_alike() -> None:
    """The macro and `Comparison.sql` make the same text out of dbt_project.yml."""
    macro = (ROOT / "macros/project/match_level.sql").read_text("utf-8")
    items = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]
    template = jinja2.Environment().from_string(macro + "{{ match_level(comparison) }}")
    for item, comparison in zip(items["match_comparisons"], device_comparisons(ROOT), strict=True):
        made = " ".join(template.render(comparison=item).split())
        assert made == " ".join(f"cast( {comparison.sql} as bigint )".split())


def test_levels_must_count_down(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text(
        "vars: {match_comparisons: [{name: x, levels: [{level: 2, label: a, condition: a_l}]}]}"
    )
    with pytest.raises(FinviewError, match="levels of x must count down"):
        device_comparisons(tmp_path)


def test_calibration_finds_the_curve_and_stays_modest() -> None:
    # Weights twice too sure: the share of matches at 2 bits is that of 1 bit, and so on.
    pairs = [
        Counted(float(bits), is_match, count)
        for bits in range(-6, 7, 2)
        for is_match, count in (
            (True, round(3000 / (1 + 2 ** (-bits / 2)))),
            (False, round(3000 / (1 + 2 ** (bits / 2)))),
        )
    ]
    found = calibrate(pairs)
    assert found.slope == pytest.approx(0.5, abs=0.01)
    assert found.offset == pytest.approx(0, abs=0.01)
    sure = calibrate([Counted(9, True, 10), Counted(-9, False, 10)])
    assert sure.probability(20) == pytest.approx(21 / 22)
    assert sure.probability(-20) == pytest.approx(1 / 22)


def test_a_rarer_match_is_less_likely_at_the_same_weight() -> None:
    calibration = Calibration(1.0, 0.0, 10**6)
    assert calibration.step(0) == pytest.approx(0.5)
    # Two bits fewer in the prior are two bits fewer in the weight: the evidence is the same.
    assert calibration.step(-8, shift=-2.0) == pytest.approx(0.2)


def test_what_chance_does_not_explain_are_matches() -> None:
    assert share_of_matches(98, 49.0) == pytest.approx(0.5)
    assert share_of_matches(10, 30.0) == pytest.approx(1 / 32)
    assert share_of_matches(0, 0.0) == 0.5


def test_strangers_by_chance_are_counted_by_region(tmp_path: Path) -> None:
    home = _home(tmp_path, 40)
    # Each block has three owned devices with two pairs of strangers, and one without an owner.
    assert expected_strangers(home, load_settings(home)) == pytest.approx(2 * 80 / 120 * 40)


def test_figures_of_quality_are_those_of_the_definition() -> None:
    scored = [(0.9, True, 3), (0.9, False, 1), (0.4, True, 1), (0.1, False, 5)]
    found = quality(scored, 0.8)
    assert (found.precision, found.recall) == (3 / 4, 3 / 4)
    assert found.brier == pytest.approx((3 * 0.01 + 0.81 + 0.36 + 5 * 0.01) / 10)
    # Of 4 x 6 pairs of a match and a stranger: 3 x 5 + 1 x 5 right, 3 ties of equal score.
    assert found.auc == pytest.approx((20 + 3 / 2) / 24)
    assert quality([(0.1, True, 1), (0.2, False, 1)], 0.8).precision is None
