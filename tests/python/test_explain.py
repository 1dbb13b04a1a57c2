"""finview explain: what is said about a user, out of the published version."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from support.publish import DAY, SETTINGS, build_and_publish

from finview.audit import REQUIRED_STAGES, BuildRecord
from finview.cli import main
from finview.publish import build_candidate, publish
from finview.settings import Home

#: subject, line, term, value, contribution, English, Chinese, data
LINES = (
    ("next_best_scenario", 1, "scenario", "travel", None, "Best: Travel", "最佳：出行", "crm.a"),
    ("tier", 2, "reason_days_dormant", "quiet", None, "Reason: quiet", "原因：未回访", "crm.a"),
    ("tier", 1, "tier_code", "risk", None, "Tier: risk", "分层：风险", "transaction.orders"),
    ("churn_warning", 1, "intercept", None, "-1.25", "Begins", "起点", "channel.app_events"),
    ("churn_warning", 2, "tenure_days", "9", "0.000000001", "Days: 9", "天数：9", "crm.a"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("explained") / "home").create()
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute("create schema mart; create schema report")
        connection.execute(
            "create table mart.dim_user as select * from (values "
            "('u_lin', date '2024-01-01', false), ('u_gone', date '2024-01-01', true), "
            "('u_guest', null, false), ('u_new', date '2025-06-30', false)) "
            "as u(user_key, registration_date, is_deleted)"
        )
        connection.execute(
            "create table mart.bridge_user_key_redirect as "
            "select 'u_old' as old_user_key, 'u_lin' as user_key"
        )
        connection.execute(
            "create table report.rpt_user_explanation (user_key varchar, subject varchar, "
            "line_number bigint, term_code varchar, value_text varchar, "
            "contribution decimal(24, 9), text_en varchar, text_zh varchar, data_used varchar)"
        )
        connection.executemany(
            "insert into report.rpt_user_explanation values ('u_lin', ?, ?, ?, ?, ?, ?, ?, ?)",
            [list(line) for line in LINES],
        )
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES[:-2]:
        build.stage(stage, True, {})
    build_candidate(home, SETTINGS)
    build.stage("mart_expectations", True, {})
    publish(home, SETTINGS)
    return home


def call(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments, "--home", str(home.root)])


def refused(home: Home, *arguments: str) -> str:
    result = call(home, *arguments)
    assert result.exit_code == 1, result.output
    assert "\n  next: " in result.stderr
    return result.stderr


def test_lines_come_by_subject_and_number(home: Home) -> None:
    found = json.loads(call(home, "u_lin", "--json").output)
    assert found["user_key"] == "u_lin" and found["merged_from"] is None
    assert [(line["subject"], line["line_number"]) for line in found["lines"]] == [
        ("tier", 1),
        ("tier", 2),
        ("churn_warning", 1),
        ("churn_warning", 2),
        ("next_best_scenario", 1),
    ]
    last = found["lines"][3]
    assert last["contribution"] == "0.000000001", "no digit is lost, none is written as 1E-9"
    assert last["value"] == "9" and last["data_used"] == "crm.a"
    assert found["lines"][0]["contribution"] is None


def test_both_languages_are_spoken(home: Home) -> None:
    english = call(home, "u_lin").output
    assert "Tier: risk" in english and "churn warning" in english and "-1.2500" in english
    assert "分层" not in english
    chinese = call(home, "u_lin", "--language", "zh").output
    assert "分层：风险" in chinese and "流失预警" in chinese and "Tier" not in chinese
    assert call(home, "u_lin", "--language", "fr").exit_code == 2


def test_a_merged_key_leads_to_its_user(home: Home) -> None:
    assert "u_old was merged into u_lin" in call(home, "u_old").output
    assert json.loads(call(home, "u_old", "--json").output)["merged_from"] == "u_old"


@pytest.mark.parametrize(
    ("user_key", "message"),
    [
        ("u_nobody", "knows no user u_nobody"),
        ("' or true --", "knows no user"),
        ("u_guest", "who has not registered"),
        ("u_gone", "who has deleted the account"),
        ("u_new", "says nothing about the user u_new"),
    ],
)
def test_of_others_nothing_is_said(home: Home, user_key: str, message: str) -> None:
    assert message in refused(home, user_key)


def test_a_version_without_explanations_is_told(tmp_path: Path) -> None:
    other = Home(tmp_path / "home").create()
    assert "nothing is published" in refused(other, "u_lin")
    build_and_publish(other)
    assert "holds no explanations" in refused(other, "u_lin")
