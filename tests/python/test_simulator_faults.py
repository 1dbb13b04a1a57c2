"""Planted faults: ingestion makes of every row exactly what the truth expects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from finview.contract import load_contract
from finview.ingest import IngestReport, ingest
from finview.settings import Home, Settings
from simulator import simulate

PROJECT = Path(__file__).resolve().parents[2]
RATE = 0.03
KINDS = {
    "missing_required",
    "wrong_type",
    "out_of_range",
    "over_precise",
    "unknown_value",
    "pattern",
    "below_minimum",
    "in_future",
    "field_too_many",
    "field_too_few",
    "stray_quote",
    "repeated_key",
    "duplicate_in_file",
    "duplicate_across_files",
    "empty",
    "header_only",
    "cut_utf_16",
    "nul_byte",
    "renamed_column",
    "cut_gzip",
}
Planted = list[dict[str, str | int | None]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("faulty")).create()


@pytest.fixture(scope="module")
def planted(home: Home) -> Planted:
    simulate(
        home.landing, home.truth, users=300, days=60, fault_rate=RATE, file_format="csv", seed=5
    )
    rows: Planted = pq.read_table(home.truth / "faults.parquet").to_pylist()
    return rows


@pytest.fixture(scope="module")
def report(home: Home, planted: Planted) -> IngestReport:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINVIEW_HASH_KEY", "test-key-of-no-real-person-" + "0" * 16)
        patch.delenv("FINVIEW_HASH_KEY_VERSION", raising=False)
        return ingest(home, load_contract(PROJECT), Settings())


def test_every_kind_is_planted(planted: Planted) -> None:
    assert {row["kind"] for row in planted} == KINDS


def test_rate_is_kept(home: Home, planted: Planted) -> None:
    lines = sum(
        path.read_bytes().count(b"\n") - 1
        for path in home.landing.rglob("*.csv")
        if not path.name.startswith("zz_") and "_again" not in path.name
    )
    spoilt = sum(row["line"] is not None for row in planted)
    assert spoilt / lines == pytest.approx(RATE, rel=0.1)


def test_quarantine_holds_the_planted_rows_and_no_other(
    home: Home, planted: Planted, report: IngestReport
) -> None:
    found: set[tuple[str, int, str]] = set()
    for path in home.quarantine.glob("*/*/*.parquet"):
        table = f"{path.parent.parent.name}/{path.parent.name}"
        rows = duckdb.execute(
            "select source_file, source_line, rule from read_parquet(?)", [str(path)]
        ).fetchall()
        found |= {(_place(table, file), line, rule) for file, line, rule in rows}
    expected = {
        (str(row["file"]), int(row["line"] or 0), str(row["reason"]))
        for row in planted
        if row["outcome"] == "quarantined"
    }
    assert found == expected


def test_duplicates_are_the_planted_ones(planted: Planted, report: IngestReport) -> None:
    found = {
        _place(f"{file.source}/{file.table}", file.file): file.rows_duplicate
        for file in report.files
        if file.rows_duplicate
    }
    expected = Counter(str(row["file"]) for row in planted if row["outcome"] == "duplicate")
    assert found == dict(expected)


def test_broken_files_are_refused_by_name(planted: Planted, report: IngestReport) -> None:
    by_name = {_place(f"{file.source}/{file.table}", file.file): file for file in report.files}
    files = [row for row in planted if row["line"] is None]
    for row in files:
        result = by_name[str(row["file"])]
        assert result.status == row["outcome"], (row, result.reason)
        assert str(row["reason"] or "").lower() in result.reason.lower(), (row, result.reason)
    refused = {name for name, file in by_name.items() if file.status == "refused"}
    assert refused == {row["file"] for row in files if row["outcome"] == "refused"}


def test_no_row_is_lost(report: IngestReport) -> None:
    assert report.ok
    assert sum(table.rows_in for table in report.tables) > 10_000


def test_the_same_faults_each_time(home: Home, planted: Planted, tmp_path: Path) -> None:
    simulate(
        tmp_path / "landing",
        tmp_path / "truth",
        users=300,
        days=60,
        fault_rate=RATE,
        file_format="csv",
        seed=5,
    )
    assert pq.read_table(tmp_path / "truth/faults.parquet").to_pylist() == planted
    for path in home.landing.rglob("*.csv"):
        other = tmp_path / "landing" / path.relative_to(home.landing)
        assert other.read_bytes() == path.read_bytes(), path.name


def _place(table: str, file: str) -> str:
    """Path below landing, however the name is told."""
    return file if file.startswith(f"{table}/") else f"{table}/{file}"
