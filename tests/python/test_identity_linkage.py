"""FEBRL 1 to 4 through the path of device matching; floors a little below what was measured.

Reads `$FINVIEW_REAL_DATA/febrl`, default `../shared/data/febrl` beside the checkout.
"""

from __future__ import annotations

import sys

import duckdb
import pytest

from finview.settings import project_root

sys.path.insert(0, str(project_root() / "benchmarks" / "identity" / "linkage"))

import febrl  # noqa: E402
import measure  # noqa: E402

DATA = measure.data_folder()
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"skipped: no real data at {DATA}")


@needs_data
@pytest.mark.parametrize(
    ("number", "true_pairs", "precision", "recall"),
    [
        (1, 500, 0.999, 0.998),
        (2, 1934, 0.999, 0.997),
        (3, 6538, 0.999, 0.999),
        (4, 5000, 0.999, 0.999),
    ],
)
def test_febrl_keeps_its_floor(
    number: int, true_pairs: int, precision: float, recall: float
) -> None:
    with duckdb.connect() as connection:
        febrl.load(connection, DATA, number)
        true = febrl.truth(connection, number)
        assert len(true) == true_pairs
        found = febrl.judge(febrl.matched(connection, number), true)
    assert found.precision >= precision
    assert found.recall >= recall


def test_a_false_and_a_missing_pair_lower_the_figures() -> None:
    true = {("a", "b"), ("a", "c"), ("b", "c"), ("d", "e")}
    found = febrl.judge({("b", "a"), ("c", "a"), ("d", "f")}, true)
    assert (found.precision, found.recall) == (2 / 3, 2 / 4)
    assert found.f1 == pytest.approx(4 / 7)


def test_components_join_what_no_pair_says() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table records as select 'r' || i as rec_id, i % 2 as file_number "
            "from range(5) as numbers (i)"
        )
        links = [("r0", "r1"), ("r1", "r2")]
        assert febrl.grouped(connection, links, 1) == {("r0", "r1"), ("r0", "r2"), ("r1", "r2")}
        assert febrl.grouped(connection, links, 4) == {("r0", "r1"), ("r1", "r2")}
