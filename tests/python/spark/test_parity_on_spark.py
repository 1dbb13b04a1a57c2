"""What `finview parity` built on the cluster, looked at once more: by a fault, and by the gate.

Runs first: the other files change what the home holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from finview.contract import load_contract
from finview.dbt import environment
from finview.ingest import resolve_as_of
from finview.parity import TableParity, compare, copy_of_marts, unit_tests
from finview.quality import run_marts, run_marts_on_spark
from finview.settings import Home, load_settings, project_root
from finview.spark import Endpoint, connected

PLANTED = "mart.fct_coupon"


@pytest.fixture(scope="module")
def copies(cluster_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the marts of DuckDB as a file."""
    folder = tmp_path_factory.mktemp("copies")
    copy_of_marts(cluster_home, "duckdb", folder)
    yield folder


def _differing(home: Home, copies: Path) -> list[TableParity]:
    spark = copy_of_marts(home, "spark", copies)
    found = [table for table in compare(copies / "duckdb.duckdb", spark) if not table.is_equal]
    spark.unlink()
    return found


def test_a_difference_planted_on_the_cluster_is_found(
    cluster_home: Home, endpoint: Endpoint, copies: Path
) -> None:
    with connected(endpoint) as connection:
        ((coupon_key, claimed_at),) = connection.execute(
            f"select coupon_key, claimed_at from {PLANTED} order by coupon_key limit 1"
        )
        where = f"where coupon_key = '{coupon_key}'"
        try:
            connection.execute(
                f"update {PLANTED} set claimed_at = claimed_at + interval 1 microsecond {where}"
            )
            planted = _differing(cluster_home, copies)
        finally:
            connection.execute(
                f"update {PLANTED} set claimed_at = timestamp_ntz '{claimed_at}' {where}"
            )
    assert [(table.name, table.differing) for table in planted] == [(PLANTED, 2)]
    assert _differing(cluster_home, copies) == []


@pytest.mark.long
def test_every_unit_test_has_the_outcome_it_has_on_duckdb(cluster_home: Home) -> None:
    found = {engine: unit_tests(cluster_home, engine) for engine in ("duckdb", "spark")}
    assert len(found["duckdb"]) > 25 and set(found["duckdb"].values()) == {"pass"}
    assert found["spark"] == found["duckdb"]


@pytest.mark.long
def test_every_mart_expectation_has_the_outcome_it_has_on_duckdb(
    cluster_home: Home, copies: Path
) -> None:
    contract = load_contract(project_root())
    found = {}
    for engine in ("duckdb", "spark"):
        with environment({"FINVIEW_ENGINE": engine}):
            settings = load_settings(cluster_home)
            as_of = resolve_as_of(cluster_home, contract, settings)
            results = (
                run_marts_on_spark(cluster_home, settings, contract=contract, as_of=as_of)
                if engine == "spark"
                else run_marts(
                    cluster_home,
                    settings,
                    copies / "duckdb.duckdb",
                    contract=contract,
                    as_of=as_of,
                )
            )
        found[engine] = {(check.suite, check.expectation): check.status for check in results}
    assert len(found["duckdb"]) > 50
    assert found["spark"] == found["duckdb"]
