"""The truth table of attribution: a model that is right scores so, a wrong one is found."""

from __future__ import annotations

import sys

import pytest

from finview.settings import project_root

sys.path.insert(0, str(project_root() / "benchmarks" / "attribution"))
from truth import score, table

CAUSED = {"feed": 60.0, "kol": 30.0, "shop": 10.0}


def test_the_truth_scores_one_and_no_error() -> None:
    found = score("registration", "last", CAUSED, CAUSED)
    assert found.rank_correlation == pytest.approx(1.0)
    assert found.credited_over_caused == pytest.approx(1.0) and found.share_error == 0


def test_twice_the_credit_in_the_same_order_is_seen_in_the_level_alone() -> None:
    found = score("registration", "last", {name: 2 * n for name, n in CAUSED.items()}, CAUSED)
    assert (found.rank_correlation, found.credited_over_caused, found.share_error) == (1.0, 2.0, 0)


def test_credit_the_wrong_way_round_is_found_and_a_missing_channel_counts_as_none() -> None:
    found = score("registration", "last", {"kol": 30.0, "shop": 60.0}, CAUSED)
    assert found.rank_correlation < 0 and found.share_error > 30
    assert "| registration | last | -" in table([found])
