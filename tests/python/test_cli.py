"""The command line: help, errors with a next step, formats, doctor."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from finview import scorecard
from finview.cli import main
from finview.errors import FinviewError
from finview.scorecard import ScoreRow, format_value, read_scorecard
from finview.settings import Home, project_root


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def _row(**values: object) -> ScoreRow:
    base: dict[str, object] = dict.fromkeys(ScoreRow.__dataclass_fields__)
    base |= {"kpi_id": "cac", "level": "strategic", "area": "acquisition", "name_en": "Cost"}
    return ScoreRow(**(base | {"name_zh": "成本", "unit": "CNY/user"} | values))  # type: ignore[arg-type]


def _commands(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    """Every command below a group by its words: ("run",), ("cluster", "up")."""
    found: list[tuple[str, ...]] = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            found += _commands(command, *path, name)
        else:
            found.append((*path, name))
    return found


@pytest.mark.parametrize("words", _commands(main), ids=" ".join)
def test_every_command_teaches_by_example_and_knows_the_home(words: tuple[str, ...]) -> None:
    result = _call(*words, "--help")
    assert result.exit_code == 0
    assert "--home" in result.output
    assert "Example" in result.output, f"{' '.join(words)} --help shows no example"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kpi",), "finview run"),
        (("publish",), "finview run"),
        (("rollback",), "finview"),
        (("run", "--no-sample"), "docs/contract.md"),
    ],
)
def test_errors_say_what_to_do_next(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    result = _call(*arguments, "--home", str(tmp_path / "home"))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "\n  next: " in result.stderr and words in result.stderr
    assert "Traceback" not in result.output + result.stderr


def test_wrong_usage_is_exit_code_two(tmp_path: Path) -> None:
    assert _call("kpi", "--format", "xml").exit_code == 2
    assert _call("sample", "--start", "yesterday", "--home", str(tmp_path)).exit_code == 2


def test_bad_setting_is_told_before_anything_starts(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    home.settings_file.write_text("business_timezone: Mars/Phobos\n")
    result = _call("run", "--home", str(tmp_path))
    assert result.exit_code == 1 and "Mars/Phobos" in result.stderr
    assert not any(home.landing.iterdir())


def test_sample_refuses_to_mix_with_other_files(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    file = home.landing / "crm" / "tickets" / "mine.csv"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    result = _call("sample", "--home", str(tmp_path))
    assert result.exit_code == 1 and "already holds files" in result.stderr


def test_doctor_is_well_on_a_new_home_and_finds_a_broken_chain(tmp_path: Path) -> None:
    well = _call("doctor", "--home", str(tmp_path / "new"))
    assert well.exit_code == 0, well.output
    home = Home(tmp_path / "old").create()
    (home.audit / "chain.jsonl").write_text('{"forged": true}\n')
    broken = _call("doctor", "--home", str(home.root))
    assert broken.exit_code == 1 and "bad audit" in broken.output


def test_doctor_finds_a_short_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINVIEW_HASH_KEY", "q7Zx!")
    result = _call("doctor", "--home", str(tmp_path / "new"))
    assert result.exit_code == 1 and "bad key" in result.output
    assert "q7Zx!" not in result.output


def test_env_prints_shell_lines(tmp_path: Path) -> None:
    result = _call("env", "--home", str(tmp_path))
    assert f"export FINVIEW_ACCEPTED_DIR={tmp_path}/accepted" in result.output


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("0.1234"), "ratio", "12.3 %"),
        (Decimal("-0.0005"), "ratio", "-0.1 %"),
        (Decimal("195"), "CNY/user", "195.00 CNY/user"),
        (Decimal("1234567.005"), "CNY", "1,234,567.01 CNY"),
        (Decimal("1200.4"), "users", "1,200 users"),
        (Decimal("3"), "count", "3"),
        (Decimal("3.456"), "x", "3.46 x"),
        (Decimal("2.5"), "per mille", "2.50 ‰"),
        (Decimal("18.44"), "hours", "18.4 hours"),
        (None, "ratio", "-"),
    ],
)
def test_values_are_written_by_unit(value: Decimal | None, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("grain", "text"),
    [("year", "2025"), ("quarter", "2025 Q2"), ("month", "2025-06"), ("day", "2025-06-01")],
)
def test_periods_are_written_by_grain(grain: str, text: str) -> None:
    assert _row(period_grain=grain, period_start_date=date(2025, 6, 1)).period == text
    assert _row(period_grain=grain).period == "-"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose served version is an in-memory scorecard of three rows."""
    home = Home(tmp_path)

    def connect(_: Home) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("create schema report")
        connection.execute(
            """create table report.rpt_kpi_scorecard as
            select
                kpi_id, cut_value, cut_value = 'all' as is_headline, level, area, name_en,
                '指标' as name_zh, 'CNY/user' as unit,
                'down' as direction, 'month' as period_grain,
                date '2025-05-01' as period_start_date,
                cast(190 as decimal(24, 6)) as kpi_value,
                cast(null as decimal(24, 6)) as previous_value,
                cast(null as decimal(24, 6)) as baseline_value,
                cast(175 as decimal(24, 6)) as target_value,
                cast(null as decimal(24, 6)) as benchmark_value,
                cast(15 as decimal(24, 6)) as gap_to_target,
                cast(null as decimal(24, 2)) as sample_size, 'off target' as status
            from (values
                ('cac', 'all', 'strategic', 'acquisition', 'Cost'),
                ('cac', 'feed', 'strategic', 'acquisition', 'Cost'),
                ('push', 'all', 'execution', 'retention', '=HYPERLINK("x")')
            ) as rows(kpi_id, cut_value, level, area, name_en)"""
        )
        return connection

    monkeypatch.setattr("finview.publish.open_current", connect)
    return home


def test_scorecard_filters_by_level_area_and_cut(published: Home) -> None:
    assert [row.kpi_id for row in read_scorecard(published)] == ["cac", "push"]
    assert [row.kpi_id for row in read_scorecard(published, level="execution")] == ["push"]
    assert [row.cut_value for row in read_scorecard(published, area="acquisition", with_cuts=True)]
    assert len(read_scorecard(published, with_cuts=True)) == 3
    with pytest.raises(scorecard.FinviewError, match="no KPI has area 'weather'"):
        read_scorecard(published, area="weather")


def test_kpi_formats(published: Home) -> None:
    home = str(published.root)
    table = _call("kpi", "--home", home).output
    assert "190.00 CNY/user" in table and "指标" in table and "off target" in table
    rows = json.loads(_call("kpi", "--all", "--format", "json", "--home", home).output)
    assert len(rows) == 3 and Decimal(rows[0]["kpi_value"]) == 190
    text = _call("kpi", "--all", "--format", "csv", "--home", home).output
    cells = list(csv.DictReader(text.splitlines()))
    assert cells[2]["name_en"] == '\'=HYPERLINK("x")', "a formula must not survive an export"


def test_a_run_works_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def run(home: Home, **options: object) -> None:
        seen.append(Path.cwd())
        raise FinviewError("enough", "nothing")

    monkeypatch.setattr("finview.pipeline.run", run)
    monkeypatch.setattr("finview.cli.build.make_sample", lambda home, refuse: None)
    monkeypatch.chdir(tmp_path)
    assert _call("run").exit_code != 0
    assert seen == [project_root()] and Path.cwd() == tmp_path
