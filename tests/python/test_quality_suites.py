"""Suites that are incomplete or unknown are refused, naming the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from finview.errors import FinviewError
from finview.quality import CheckResult, declared, load_suites, passed

ENTRY = {
    "name": "delay_in_range",
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "delay_days", "max_value": 3},
    "severity": "critical",
    "note": "2026-11-22: three days were agreed",
    "owner": "growth-data",
}
SUITE = {"suite": "s", "relation": "marts.t", "keys": ["t_id"], "expectations": [ENTRY]}
ROWS = {"type": "unexpected_rows_expectation"}


def write(folder: Path, suite: object, name: str = "marts.t.yml") -> Path:
    (folder / name).write_text(yaml.safe_dump(suite), encoding="utf-8")
    return folder


def entry(**changes: object) -> dict[str, object]:
    changed = {**ENTRY, **changes}
    return {**SUITE, "expectations": [{k: v for k, v in changed.items() if v is not None}]}


def test_complete_suite_is_read(tmp_path: Path) -> None:
    (suite,) = load_suites(write(tmp_path, SUITE))

    assert suite.relation == "marts.t"
    assert suite.expectations[0].column == "delay_days"
    assert declared(tmp_path) == 1


@pytest.mark.parametrize(
    ("suite", "problem"),
    [
        (entry(type="expect_column_values_to_match_regex"), "unknown expectation type"),
        (entry(note=None), "note is missing"),
        (entry(note="three days were agreed"), "when the bound was set"),
        (entry(owner=None), "owner is missing"),
        (entry(severity=None), "severity must be one of"),
        (entry(severity="fatal"), "severity must be one of"),
        (entry(kwargs=None), "kwargs is missing"),
        (entry(colour="red"), "unknown key 'colour'"),
        (entry(kwargs={"column": "phone_hash"}), "phone_hash is personal"),
        (entry(reports=["phone_hash"]), "phone_hash is personal"),
        (entry(**ROWS, kwargs={"unexpected_rows_query": "select 1"}), "must read from"),
        (
            entry(**ROWS, name=None, kwargs={"unexpected_rows_query": "select 1 from {batch}"}),
            "needs a `name`",
        ),
        (entry(type="control_total", kwargs={"value": "sum(a)"}), "a control total has"),
        (
            entry(type="control_total", kwargs={"value": "sum(a)", "measure": "orders"}),
            "is not `source.table.measure`",
        ),
        ({**SUITE, "keys": ["identifier_value"]}, "identifier_value is personal"),
        ({**SUITE, "keys": "t_id"}, "expected a list"),
        ({**SUITE, "relation": "t; drop table t"}, "is not `schema.table`"),
        ({**SUITE, "expectations": []}, "declares no expectation"),
        ({**SUITE, "expectations": [ENTRY, ENTRY]}, "'delay_in_range' twice"),
        ({**SUITE, "expectations": ["x"]}, "must be a mapping"),
        ({**SUITE, "suit": "s"}, "unknown key 'suit'"),
        ({k: v for k, v in SUITE.items() if k != "suite"}, "suite is missing"),
        ("text", "must hold"),
    ],
)
def test_incomplete_suite_is_refused(tmp_path: Path, suite: object, problem: str) -> None:
    with pytest.raises(FinviewError, match="marts.t.yml") as raised:
        load_suites(write(tmp_path, suite))
    assert problem in str(raised.value)


def test_no_suite_and_two_of_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FinviewError, match="no suites"):
        load_suites(tmp_path)
    write(write(tmp_path, SUITE), SUITE, "marts.u.yml")
    with pytest.raises(FinviewError, match="twice"):
        load_suites(tmp_path)


def test_invalid_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "marts.t.yml").write_text("suite: [", encoding="utf-8")
    with pytest.raises(FinviewError, match=r"marts\.t\.yml is not valid YAML"):
        load_suites(tmp_path)


def test_no_result_is_no_pass() -> None:
    good = CheckResult("s", "e", None, "critical", True, 1, "")
    assert passed([good])
    assert not passed([])
