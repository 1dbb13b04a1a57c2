"""A planted person is nowhere but in landing: every byte of every other file is searched."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from support.canary import EMAIL, PHONE, VALUES, land, plant, search, spellings
from support.pipeline import KEY, finview, home_with, sample_landing

from finview.contract import load_contract
from finview.ingest import accounts, identifiers, ingest, landing
from finview.settings import Home, Settings, project_root


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home after a whole run: ingestion, expectations, dbt, candidate, publish, in Dagster."""
    folder = tmp_path_factory.mktemp("canary")
    home = home_with(sample_landing(folder), folder / "home")
    for table in ("channel/community_activity", "crm/erasure_requests"):
        # So small a sample may have none: an absent table is in order, an empty one is not.
        shutil.rmtree(home.landing / table, ignore_errors=True)
    plant(home)
    done = finview(home, "run", "--no-sample", "--no-scorecard")
    (home.logs / "said.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    yield home


def test_the_planted_person_was_taken(ran: Home) -> None:
    """Else the search below proves nothing."""
    names = [
        row[0]
        for row in duckdb.sql(
            f"select distinct _source_file from read_parquet('{ran.accepted}/*/*/*/*.parquet', "
            "union_by_name = true) where _source_file like '%<%' or _source_file like '%canary%'"
        ).fetchall()
    ]
    assert sorted(names) == [
        "channel/ad_touches/canary.csv",
        "channel/app_events/canary.jsonl",
        "crm/customers/<phone>.csv",
        "crm/customers/of <email> <id_card>.csv",
        "crm/tickets/canary.csv",
    ]
    with duckdb.connect(str(ran.warehouse_file), read_only=True) as connection:
        known = "select count(*) from mart.bridge_user_identifier where identifier_value = $1"
        assert connection.execute(known, ["canary-1"]).fetchall() == [(1,)]
    assert list(ran.quarantine.glob("crm/customers/*.parquet"))


def test_the_person_is_nowhere_but_in_landing(ran: Home) -> None:
    places = {path.relative_to(ran.root).parts[0] for path in ran.root.rglob("*.*")}
    assert {"warehouse", "published", "logs", "dbt_target", "dagster", "audit"} <= places
    assert search(ran) == set()


@pytest.mark.parametrize("drift", ["refuse", "evolve", "ignore"])
def test_ingestion_lets_nothing_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drift: str
) -> None:
    """The same search after ingestion alone, whatever is done with columns nobody knows."""
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    home = Home(tmp_path).create()
    plant(home)
    contract = load_contract(project_root())
    tables = tuple(replace(table, drift=drift) for table in contract.tables)
    report = ingest(home, replace(contract, tables=tables), Settings())
    assert sum(file.rows_accepted for file in report.files) >= 5
    assert sum(file.rows_quarantined for file in report.files) >= 9
    assert search(home) == set()


def test_names_of_folders_are_masked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    home = Home(tmp_path).create()
    land(home, f"crm/{PHONE}/x.csv", "a\n1\n")
    ingest(home, load_contract(project_root()), Settings())
    assert search(home) == set()


@pytest.mark.parametrize("kind", sorted(spellings(PHONE)))
def test_the_search_finds_every_spelling(tmp_path: Path, kind: str) -> None:
    home = Home(tmp_path).create()
    for pii, value in VALUES.items():
        (home.logs / f"{pii}.bin").write_bytes(b"x" + spellings(value)[kind] + b"x")
    found = {(place, pii) for place, pii, spelling in search(home) if spelling == kind}
    assert found == {(f"logs/{pii}.bin", pii) for pii in VALUES}


def test_the_search_looks_into_packed_files_and_names(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    (home.logs / "a.gz").write_bytes(gzip.compress(PHONE.encode() * 9))
    (home.logs / f"{EMAIL}.txt").touch()
    many = f"select '{PHONE}' as a, range as b from range(9999)"
    duckdb.sql(f"copy ({many}) to '{home.logs}/b.parquet' (compression zstd)")
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute(f"create table t as {many}")
    found = {place for place, _, kind in search(home) if kind == "plain"}
    assert found == {
        "logs/a.gz", f"logs/{EMAIL}.txt", "logs/b.parquet", "warehouse/finview.duckdb"
    }  # fmt: skip


def test_without_masking_the_search_finds_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what the search would say if ingestion let values through."""
    monkeypatch.setenv("FINVIEW_HASH_KEY", KEY)
    home = Home(tmp_path).create()
    plant(home)
    for module in (identifiers, accounts):
        monkeypatch.setattr(module, "accepted_value", lambda column, raw, typed: raw)
    from finview.ingest import rules

    monkeypatch.setattr(rules, "accepted_value", lambda column, raw, typed: raw)
    monkeypatch.setattr(landing, "masked", lambda text: text)
    ingest(home, load_contract(project_root()), Settings())
    found = search(home)
    assert {pii for _, pii, kind in found if kind == "plain"} == set(VALUES)
    assert any(place.startswith("audit/") for place, _, _ in found)
    assert any(place.startswith("accepted/") for place, _, _ in found)
