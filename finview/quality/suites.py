"""Reads the suites under `expectations/` and refuses what is incomplete or unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from finview.errors import FinviewError
from finview.quality.model import Expectation, Severity, Suite

ROWS = "unexpected_rows_expectation"
#: Short for a rows query: `value` over the mart (of the rows `where`) equals `measure` of accepted
#: data, or is `at_most` as much. An unknown measure fails.
CONTROL_TOTAL = "control_total"
#: Types known to work on DuckDB and on Spark, each shown failing there. Regex types fail on DuckDB,
#: and keys, nulls, enumerations are dbt's.
TYPES = frozenset(
    {
        ROWS,
        CONTROL_TOTAL,
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_table_columns_to_match_set",
        "expect_table_row_count_to_be_between",
    }
)
SEVERITIES = ("critical", "warning")

_SUITE_KEYS = {"suite", "relation", "keys", "expectations", "may_be_empty_without"}
_ENTRY_KEYS = {"name", "type", "kwargs", "severity", "note", "owner", "reports"}
_RELATION = re.compile(r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")
_MEASURE = re.compile(r"^[a-z_]+\.[a-z_]+\.[a-z_]+$")
#: A quotation mark inside a text: doubled on DuckDB, after a backslash on Spark, and each of them
#: reads the other's spelling as another text, without an error.
_QUOTE_IN_TEXT = re.compile(r"\\|[^\s(,=]''|''[^\s),]")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
#: Columns that hold keyed hashes or identifiers; a failing row is never named by them.
_PERSONAL = re.compile(r"(_hash|^identifier_value)$")
_SHARE_OF_NULLS = "expect_column_proportion_of_non_null_values_to_be_between"


def load_suites(folder: Path) -> tuple[Suite, ...]:
    """Every `*.yml` of a folder as a suite, in the order of the file names.

    Raises:
        FinviewError: no suite at all, or one that is incomplete or unknown, naming the file.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise FinviewError(f"no suites (*.yml) in {folder}", "restore the files")
    suites = tuple(_suite(path) for path in files)
    names = [suite.name for suite in suites]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise FinviewError(f"{folder}: suite {min(repeated)!r} twice", "rename one")
    return suites


def declared(folder: Path) -> int:
    """Number of expectations that the files of `folder` declare."""
    return sum(len(suite.expectations) for suite in load_suites(folder))


def _suite(path: Path) -> Suite:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FinviewError(f"{path.name} is not valid YAML: {error}", "mend the file") from error
    if not isinstance(raw, dict):
        raise _refuse(path.name, "must hold `suite`, `relation`, `keys`, `expectations`")
    if unknown := sorted(set(raw) - _SUITE_KEYS):
        raise _refuse(path.name, f"unknown key {unknown[0]!r}")
    for key in ("suite", "relation"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            raise _refuse(path.name, f"{key} is missing")
    if not _RELATION.match(raw["relation"]):
        raise _refuse(path.name, f"relation {raw['relation']!r} is not `schema.table`")
    entries = raw.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise _refuse(path.name, "declares no expectation")
    expectations = tuple(_expectation(entry, path.name) for entry in entries)
    names = [expectation.name for expectation in expectations]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise _refuse(path.name, f"expectation {repeated[0]!r} twice; give them a `name`")
    return Suite(
        name=raw["suite"],
        relation=raw["relation"],
        keys=_shown(raw.get("keys"), path.name, "keys"),
        expectations=expectations,
        may_be_empty_without=_texts(raw.get("may_be_empty_without"), path.name),
    )


def _expectation(raw: Any, file: str) -> Expectation:
    if not isinstance(raw, Mapping):
        raise _refuse(file, f"an expectation must be a mapping, not {raw!r}")
    kind = raw.get("type")
    where = f"{file}: {raw.get('name', kind)}"
    if unknown := sorted(set(raw) - _ENTRY_KEYS):
        raise _refuse(where, f"unknown key {unknown[0]!r}")
    if kind not in TYPES:
        raise _refuse(where, f"unknown expectation type {kind!r}; known: {sorted(TYPES)}")
    for key in ("note", "owner"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise _refuse(where, f"{key} is missing")
    if not _DATE.search(raw["note"]):
        raise _refuse(where, "the note must say when the bound was set (YYYY-MM-DD)")
    if raw.get("severity") not in SEVERITIES:
        raise _refuse(where, f"severity must be one of {', '.join(SEVERITIES)}")
    kwargs = raw.get("kwargs")
    if not isinstance(kwargs, dict) or not kwargs:
        raise _refuse(where, "kwargs is missing")
    if kind in (ROWS, CONTROL_TOTAL) and "name" not in raw:
        raise _refuse(where, f"{kind} needs a `name`")
    reports = _shown(raw.get("reports"), where, "reports")
    if kind == CONTROL_TOTAL:
        kind, kwargs, reports = ROWS, _control_total(kwargs, where), ("in_mart", "accepted")
    _check_kwargs(str(kind), kwargs, where)
    column = kwargs.get("column", kwargs.get("column_A"))
    return Expectation(
        name=str(raw.get("name") or (f"{kind}({column})" if column else kind)),
        type=str(kind),
        kwargs=kwargs,
        severity=cast(Severity, raw["severity"]),
        note=" ".join(raw["note"].split()),
        owner=raw["owner"],
        reports=reports,
    )


def _control_total(kwargs: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {"value": str, "measure": str, "where": str, "at_most": bool}
    if not {"value", "measure"} <= set(kwargs) or not all(
        name in known and isinstance(value, known[name]) for name, value in kwargs.items()
    ):
        raise _refuse(where, "a control total has `value`, `measure`, maybe `where`, `at_most`")
    if not _MEASURE.match(kwargs["measure"]):
        raise _refuse(where, f"measure {kwargs['measure']!r} is not `source.table.measure`")
    condition = f"where {kwargs['where']}" if "where" in kwargs else ""
    differs = ">" if kwargs.get("at_most") else "<>"
    query = f"""
        select mart.value as in_mart, accepted.value as accepted
        from (select coalesce({kwargs["value"]}, 0) as value from {{batch}} {condition}) as mart
        left join control.accepted as accepted on accepted.measure = '{kwargs["measure"]}'
        where accepted.value is null or mart.value {differs} accepted.value
    """
    return {"unexpected_rows_query": query}


def _check_kwargs(kind: str, kwargs: Mapping[str, Any], where: str) -> None:
    if kind == ROWS:
        query = kwargs.get("unexpected_rows_query")
        if not isinstance(query, str) or "{batch}" not in query:
            raise _refuse(where, "unexpected_rows_query must read from {batch}")
        if _QUOTE_IN_TEXT.search(query):
            raise _refuse(where, "a text with a backslash or a quotation mark differs by engine")
    for key in ("column", "column_A", "column_B"):
        if _PERSONAL.search(str(kwargs.get(key, ""))) and kind != _SHARE_OF_NULLS:
            raise _refuse(where, f"{kwargs[key]} is personal: only its share of nulls may be read")


def _shown(raw: Any, where: str, key: str) -> tuple[str, ...]:
    """Columns that may be shown of a failing row."""
    columns = _texts(raw, where)
    if personal := [column for column in columns if _PERSONAL.search(column)]:
        raise _refuse(where, f"{key}: {personal[0]} is personal and must not name a row")
    return columns


def _texts(raw: Any, where: str) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise _refuse(where, f"expected a list of names, found {raw!r}")
    return tuple(raw)


def _refuse(where: str, problem: str) -> FinviewError:
    return FinviewError(f"{where}: {problem}", "mend the suite; see docs/expectations.md")
