"""Runs suites with Great Expectations on an engine and keeps only what may be shown."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finview.quality.model import (
    MAX_FAILING_KEYS,
    CheckResult,
    Expectation,
    Status,
    Suite,
    result_of,
)
from finview.quality.suites import ROWS

_QUOTED = re.compile(r"'[^']*'")
_EMPTY = "the table is empty, and an empty table never passes"


@dataclass(frozen=True)
class Source:
    """Where the relations of suites are, for SQLAlchemy.

    Args:
        url: Its scheme is one of the dialects of this package.
        arguments: What the dialect connects with.
    """

    url: str
    arguments: Mapping[str, Any]


def duckdb_source(checks_file: Path, attached_file: Path | None = None) -> Source:
    """A DuckDB file, opened read-only, and the file that its relations read, if any."""
    arguments = {"checks_file": str(checks_file)}
    if attached_file is not None:
        arguments["attached_file"] = str(attached_file)
    return Source("duckdb+gx:///checks", arguments)


def run_suites(
    suites: Sequence[Suite], row_counts: Mapping[str, int], source: Source
) -> list[CheckResult]:
    """One result per declared expectation, in the order of the suites.

    Args:
        suites: What to evaluate.
        row_counts: Rows by relation; a relation that is not in it does not exist.
        source: Where the relations are.
    """
    results: list[CheckResult] = []
    with _data_source(source) as data_source:
        for suite in suites:
            rows = row_counts.get(suite.relation)
            if rows is None:
                results += _all(suite, "error", f"{suite.relation} does not exist")
            elif rows == 0:
                results += _all(suite, "failed", _EMPTY)
            else:
                results += _evaluate(data_source, suite, rows)
    return results


def warm_up() -> None:
    """Import Great Expectations ahead of its use, while another process works."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations.expectations  # noqa: F401


def skip(suite: Suite, reason: str) -> list[CheckResult]:
    """The results of a suite that is not evaluated because its input is absent."""
    return _all(suite, "absent", reason)


def _all(suite: Suite, status: Status, observed: str) -> list[CheckResult]:
    return [result_of(suite, item, status, observed=observed) for item in suite.expectations]


@contextmanager
def _data_source(source: Source) -> Iterator[Any]:
    """A Great Expectations data source in an ephemeral context; every connection is closed."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # Imported here: it takes seconds, and only this step needs it.
    import great_expectations as gx
    from sqlalchemy.dialects import registry

    # Its logs carry tracebacks with values of rows; the results say what failed.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    registry.register("duckdb.gx", "finview.quality.dialect", "GxDialect")
    registry.register("hive.gx", "finview.quality.spark_dialect", "GxDialect")
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    data_source = context.data_sources.add_sql(
        name="checks",
        connection_string=source.url,
        create_temp_table=False,
        kwargs={"connect_args": dict(source.arguments)},
    )
    try:
        yield data_source
    finally:
        data_source.get_execution_engine().close()
        data_source.get_engine().dispose()


def _evaluate(source: Any, suite: Suite, rows: int) -> list[CheckResult]:
    import great_expectations as gx

    built: list[Any] = []
    results: dict[int, CheckResult] = {}
    for position, expectation in enumerate(suite.expectations):
        try:
            built.append(_build(expectation, position))
        except Exception as error:  # noqa: BLE001 - whatever it raises is a failed check
            results[position] = result_of(suite, expectation, "error", observed=_safe(error))
    try:
        schema, table = suite.relation.split(".")
        asset = source.add_table_asset(name=suite.name, table_name=table, schema_name=schema)
        batch = asset.add_batch_definition_whole_table(suite.name).get_batch()
        found = [
            item
            for of_rows in (False, True)
            if (chosen := [item for item in built if (item.expectation_type == ROWS) is of_rows])
            for item in batch.validate(
                gx.ExpectationSuite(name=suite.name, expectations=chosen),
                result_format=_result_format(suite, of_rows),
            ).results
        ]
    except Exception as error:  # noqa: BLE001
        return _all(suite, "error", _safe(error))
    for item in found:
        position = item.expectation_config.meta["position"]
        results[position] = _result(suite, suite.expectations[position], item, rows)
    return [
        results.get(position, result_of(suite, expectation, "error", observed="was not evaluated"))
        for position, expectation in enumerate(suite.expectations)
    ]


def _result_format(suite: Suite, of_rows: bool) -> dict[str, Any]:
    """Rows queries show rows only in a complete result; others would then fetch every row."""
    named = {"unexpected_index_column_names": list(suite.keys)} if suite.keys else {}
    return {
        "result_format": "COMPLETE" if of_rows else "SUMMARY",
        "partial_unexpected_count": MAX_FAILING_KEYS,
        "return_unexpected_index_query": False,
        **named,
    }


def _build(expectation: Expectation, position: int) -> Any:
    """The Great Expectations object; it raises on arguments it does not know."""
    import great_expectations.expectations as known

    name = "".join(part.capitalize() for part in expectation.type.split("_"))
    return getattr(known, name)(
        **expectation.kwargs, meta={"position": position}, severity=expectation.severity
    )


def _result(suite: Suite, expectation: Expectation, item: Any, rows: int) -> CheckResult:
    if raised := _raised(item.exception_info):
        return result_of(suite, expectation, "error", observed=_safe(raised))
    columns = expectation.reports or suite.keys
    return result_of(
        suite,
        expectation,
        "passed" if item.success else "failed",
        evaluated=rows,
        observed=_observed(expectation, item.result),
        failing_keys=() if item.success else _failing_keys(item.result, columns),
    )


def _raised(info: Mapping[str, Any]) -> str | None:
    """Message of a raised exception; Great Expectations nests them by metric, or does not."""
    for part in (info, *(value for value in info.values() if isinstance(value, Mapping))):
        if part.get("raised_exception"):
            return str(part.get("exception_message") or "raised an exception")
    return None


def _observed(expectation: Expectation, result: Mapping[str, Any]) -> str:
    if "unexpected_count" in result:
        return f"{result['unexpected_count'] or 0} of {result['element_count']} rows"
    if expectation.type == ROWS:
        return f"{result.get('observed_value')} unexpected rows"
    details = result.get("details", {}).get("mismatched")
    return f"{result.get('observed_value')}" if not details else f"mismatched: {details}"


def _failing_keys(result: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Failing rows by the columns that may be shown; the other values stay here."""
    found = (
        result.get("partial_unexpected_index_list")
        or result.get("details", {}).get("unexpected_rows")
        or []
    )
    keys = (
        ", ".join(f"{column}={row[column]}" for column in columns if column in row) for row in found
    )
    return sorted({key for key in keys if key})


def _safe(error: object) -> str:
    """First line of an error without quoted text: DuckDB quotes values of rows in it."""
    lines = str(error).strip().splitlines()
    return _QUOTED.sub("'…'", lines[0] if lines else type(error).__name__)[:300]
