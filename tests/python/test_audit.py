"""The audit chain shows every change; the build record refuses what is not green."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finview.audit import REQUIRED_STAGES, AuditChain, BuildRecord, code_version
from finview.errors import FinviewError
from finview.settings import Home

DAY = date(2025, 6, 30)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def chain_of(home: Home, rows: int = 4) -> AuditChain:
    chain = AuditChain(home)
    for number in range(rows):
        chain.append("counted", number=number, amount=Decimal("1.10"), day=DAY, note="行\n2")
    return chain


def green(home: Home) -> BuildRecord:
    build = BuildRecord(home)
    build.start(DAY, {"a.csv": "00"}, "test")
    for stage in REQUIRED_STAGES:
        build.stage(stage, True, {"rows": 1})
    return build


def test_chain_verifies_and_reads_back(home: Home) -> None:
    chain = chain_of(home)
    chain.verify()
    assert [row["details"]["number"] for row in chain.read()] == [0, 1, 2, 3]
    assert chain.read()[0]["details"]["amount"] == "1.10"
    assert chain.head() == chain.read()[-1]["sha256"]
    assert chain.path.stat().st_mode & 0o777 == 0o600


def test_empty_chain_verifies(home: Home) -> None:
    AuditChain(home).verify()


def _change(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace('"number":1', '"number":9'), *lines[2:]]


def _rehash(lines: list[str]) -> list[str]:
    """A careful forger who also mends the changed line's own hash."""
    from finview.chain import _row_hash
    from finview.durable import canonical_json

    row = json.loads(_change(lines)[1])
    row["sha256"] = _row_hash(row)
    return [lines[0], canonical_json(row), *lines[2:]]


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (_change, 2),
        (_rehash, 3),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: lines[:2] + lines[1:], 3),
        (lambda lines: lines[:-1], 4),
        (lambda lines: [], 1),
        (lambda lines: [lines[0], "no json", *lines[2:]], 2),
        (lambda lines: [lines[0], "[]", *lines[2:]], 2),
    ],
    ids=[
        "changed",
        "rehashed",
        "removed",
        "swapped",
        "repeated",
        "cut",
        "emptied",
        "garbage",
        "list",
    ],
)
def test_tampering_names_the_first_bad_line(
    home: Home, tamper: Callable[[list[str]], list[str]], line: int
) -> None:
    chain = chain_of(home)
    lines = tamper(chain.path.read_text(encoding="utf-8").splitlines())
    chain.path.write_text("".join(f"{text}\n" for text in lines), encoding="utf-8")
    with pytest.raises(FinviewError, match=r"audit chain broken") as caught:
        chain.verify()
    assert f"line {line} " in caught.value.message


def test_cut_chain_takes_no_more_rows(home: Home) -> None:
    chain = chain_of(home)
    chain.path.write_text("", encoding="utf-8")
    with pytest.raises(FinviewError, match="is missing"):
        chain.append("after")


def test_torn_last_line_is_set_aside_and_noted(home: Home) -> None:
    chain = chain_of(home, 2)
    with chain.path.open("ab") as file:
        file.write(b'{"sequence":3,"ev')
    chain.verify()
    chain.append("after")
    chain.verify()
    assert [row["event"] for row in chain.read()][2:] == ["torn_line_removed", "after"]


@pytest.mark.parametrize("written", [1, 4])
def test_killed_between_line_and_head(home: Home, written: int) -> None:
    chain = chain_of(home, written - 1)
    head = home.audit / "chain_head.json"
    before = head.read_text(encoding="utf-8") if head.exists() else None
    chain.append("last")
    if before is None:
        head.unlink()
    else:
        head.write_text(before, encoding="utf-8")
    chain.verify()
    for _ in range(3):
        chain.append("more")
    chain.verify()


def test_parallel_appends_make_one_chain(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: AuditChain(home).append("n", number=number), range(40)))
    AuditChain(home).verify()
    assert len(AuditChain(home).read()) == 40


def test_green_build_passes(home: Home) -> None:
    build = green(home)
    build.require_green(None, REQUIRED_STAGES)
    BuildRecord(home).require_green(build.current()["build_id"], REQUIRED_STAGES)


@pytest.mark.parametrize("stage", REQUIRED_STAGES)
def test_red_stage_is_named(home: Home, stage: str) -> None:
    green(home).stage(stage, False, {})
    with pytest.raises(FinviewError, match=f"stage '{stage}' .* failed"):
        BuildRecord(home).require_green(None, [stage])
    with pytest.raises(FinviewError, match="failed|has not run"):
        BuildRecord(home).require_green(None, REQUIRED_STAGES)


@pytest.mark.parametrize("missing", REQUIRED_STAGES)
def test_skipped_stage_is_named(home: Home, missing: str) -> None:
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES:
        if stage != missing:
            build.stage(stage, True, {})
    with pytest.raises(FinviewError, match=f"stage '{missing}' .* has not run"):
        build.require_green(None, REQUIRED_STAGES)


def test_rebuilt_stage_makes_what_follows_stale(home: Home) -> None:
    build = green(home)
    build.stage("marts", True, {})
    with pytest.raises(FinviewError, match="'reports' .* has not run"):
        build.require_green(None, REQUIRED_STAGES)


def test_expectations_run_again_leave_the_rest_green(home: Home) -> None:
    build = green(home)
    build.stage("landed_expectations", True, {})
    build.require_green(None, REQUIRED_STAGES)


def test_new_build_forgets_the_one_before(home: Home) -> None:
    first = green(home)
    second = BuildRecord(home).start(DAY, {}, "test")
    with pytest.raises(FinviewError, match="'ingest' .* has not run"):
        BuildRecord(home).require_green(None, REQUIRED_STAGES)
    with pytest.raises(FinviewError, match="not the current one"):
        first.stage("candidate", True, {})
    assert second.endswith("0002")


def test_edited_record_is_refused(home: Home) -> None:
    build = green(home)
    build.stage("mart_expectations", False, {})
    text = build.path.read_text(encoding="utf-8")
    build.path.write_text(text.replace('"passed":false', '"passed":true'), encoding="utf-8")
    with pytest.raises(FinviewError, match="not in the audit chain"):
        build.require_green(None, REQUIRED_STAGES)


def test_no_build_is_refused(home: Home) -> None:
    assert BuildRecord(home).load() is None
    with pytest.raises(FinviewError, match="no build"):
        BuildRecord(home).require_green(None, REQUIRED_STAGES)
    with pytest.raises(FinviewError, match="no build"):
        BuildRecord(home).stage("ingest", True, {})


def test_sequence_grows_when_the_record_is_lost(home: Home) -> None:
    build = green(home)
    build.path.unlink()
    assert BuildRecord(home).start(DAY, {}, "test") == "20250630-0002"


def test_code_version_without_git(tmp_path: Path) -> None:
    assert code_version(tmp_path) == "finview 0.1.0"
