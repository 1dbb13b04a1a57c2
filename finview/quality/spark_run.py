"""Evaluates suites on a Spark cluster, through the Thrift server that dbt uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from finview.contract import Contract
from finview.quality.model import CheckResult, Suite
from finview.quality.runner import Source, run_suites
from finview.quality.spark_views import make_control, make_landed, mart_rows
from finview.settings import Settings
from finview.spark import Endpoint, check_reachable, connected


def prepare_landed(
    endpoint: Endpoint, contract: Contract, settings: Settings, as_of: date
) -> dict[str, int]:
    """Make what landed suites read; returns the rows of each view.

    Raises:
        FinviewError: the cluster does not answer, or accepted data cannot be read.
    """
    with connected(endpoint) as connection:
        return make_landed(connection, endpoint, contract, settings, as_of)


def prepare_marts(
    endpoint: Endpoint,
    contract: Contract,
    settings: Settings,
    as_of: date,
    previous: Mapping[str, int],
) -> dict[str, int]:
    """Make what suites of marts read beside them; returns the rows of each mart and report.

    Raises:
        FinviewError: the cluster does not answer, has no marts, or cannot read accepted data.
    """
    with connected(endpoint) as connection:
        make_landed(connection, endpoint, contract, settings, as_of)
        rows = mart_rows(connection)
        make_control(connection, endpoint, contract, rows, previous)
    return rows


def run_on_spark(
    endpoint: Endpoint, suites: Sequence[Suite], rows: Mapping[str, int]
) -> list[CheckResult]:
    """One result per declared expectation, see `run_suites`.

    Raises:
        FinviewError: the cluster was lost on the way.
    """
    try:
        results = run_suites(suites, rows, Source("hive+gx://", {"endpoint": endpoint}))
    except Exception:
        check_reachable(endpoint)
        raise
    if any(result.status == "error" for result in results):
        check_reachable(endpoint)
    return results
