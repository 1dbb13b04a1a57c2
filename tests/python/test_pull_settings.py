"""What `finview.yml` says about pulling, addresses, and faults in words. No server is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from finview.cli import main
from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.pull import Connection, parse, session
from finview.pull.address import find_address
from finview.pull.faults import explain
from finview.pull.files import last_sequence, place, spell, table_folder
from finview.settings import Home, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
ORDERS = {"connection": "core", "remote": "bank.orders", "cursor": "changed_at"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


def settings(name: str = "transaction.orders", **lines: Any) -> dict[str, Any]:
    table = {**ORDERS, **lines}
    tables = {name: {key: value for key, value in table.items() if value is not None}}
    return {"connections": {"core": {"url_env": "CORE_URL"}}, "tables": tables}


def test_the_template_parses(contract: Contract) -> None:
    (pulled,) = parse(settings(columns={"id": "order_id"}, overlap="1 day"), contract)
    assert (pulled.remote, pulled.overlap, pulled.columns) == (
        "bank.orders",
        86400,
        {"order_id": "id"},
    )
    assert parse(Settings().pull, contract) == ()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (settings("transaction.nothing"), "no table transaction.nothing"),
        (settings(connection="other"), "connection is not under"),
        (settings(remote="a.b.c"), "schema.table"),
        (settings(overlap="soon"), "no duration"),
        (settings(overlap=-1), "below 0"),
        (settings(cursor=None, overlap="1 day"), "needs a cursor"),
        (settings(columns={"id": "nothing"}), "no column 'nothing'"),
        (settings(columns={"a": "order_id", "b": "order_id"}), "named twice"),
        (settings(soft_delete="gone"), "no delete_column"),
        (settings(rows_per_file=0), "rows_per_file"),
        (settings(password="Wr0ng-W0rd"), "unknown setting 'password'"),
        (settings("crm.experiments"), "load: snapshot"),
        ({"connections": {"core": {"url_env": "postgres://u:Wr0ng-W0rd@h/d"}}}, "no name of an"),
        ({"connections": {"core": {"url_env": "A", "tls": "Wr0ng-W0rd"}}}, "tls is unknown"),
        ({"connections": {"core": {"url_env": "A", "time_zone": "Wr0ng-W0rd"}}}, "no zone"),
        ({"connections": {"core": "Wr0ng-W0rd"}}, "name: value"),
        ({"tables": "Wr0ng-W0rd"}, "named sections"),
    ],
)
def test_wrong_lines_are_named_and_never_repeated(
    raw: dict[str, Any], words: str, contract: Contract
) -> None:
    with pytest.raises(FinviewError, match=words) as caught:
        parse(raw, contract)
    assert "Wr0ng" not in str(caught.value) and caught.value.next_step


def test_settings_take_pull_and_do_not_show_it(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    home.settings_file.write_text(yaml.safe_dump({"pull": settings()}))
    assert load_settings(home).pull == settings()
    home.settings_file.write_text("pull: postgres://u:Wr0ng-W0rd@h/d\n")
    with pytest.raises(FinviewError) as caught:
        load_settings(home)
    assert "Wr0ng" not in str(caught.value)


def test_nothing_configured_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["pull", "--home", str(tmp_path)])
    assert result.exit_code == 1 and "docs/pull.md" in result.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:Wr0ng-W0rd@127.0.0.1:many/d", "no address"),
        ("postgresql://u:Wr0ng-W0rd@127.0.0.1/", "no address"),
        ("postgresql://u:Wr0ng-W0rd%00@127.0.0.1/d", "no address"),
        ("host=127.0.0.1 password=Wr0ng-W0rd", "no address"),
        ("postgresql://u:Wr0ng-W0rd@127.0.0.1/d?password=Wr0ng-W0rd", "unknown parameter"),
        ("", "is not set"),
    ],
)
def test_a_wrong_address_is_not_repeated(
    address: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORE_URL", address)
    home = Home(tmp_path).create()
    home.settings_file.write_text(yaml.safe_dump({"pull": settings()}))
    result = CliRunner().invoke(main, ["pull", "--home", str(tmp_path)])
    assert result.exit_code == 1 and words in result.stderr and "next: " in result.stderr
    files = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert "Wr0ng" not in "\n".join([result.output, result.stderr, *files])


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "postgres://me:p%40ss%27@db.example.com/crm?sslmode=verify-full")
    address = find_address(Connection("core", "A"))
    assert (address.host, address.port, address.database) == ("db.example.com", 5432, "crm")
    assert address.password == "p@ss'" and "p@ss" not in repr(address)
    assert "sslmode=verify-full" in address.options
    assert address.scrub("a p@ss' b p%40ss%27") == "a *** b ***"
    given = find_address(Connection("core", "A", tls="disable", root_certificate="it's.crt"))
    assert "sslmode=disable" in given.options and r"sslrootcert='it\'s.crt'" in given.options
    monkeypatch.setenv("A", "postgres://me@h/d")
    assert "sslmode=require" in find_address(Connection("core", "A")).options
    monkeypatch.setenv("A", "postgres://me@h/d?sslmode=prefer")
    with pytest.raises(FinviewError, match="unknown parameter"):
        find_address(Connection("core", "A"))


@pytest.mark.parametrize(
    ("text", "words", "is_transient"),
    [
        ('ERROR:  column "certificate_no" does not exist', "no column certificate_no", False),
        ("ERROR:  permission denied for table disk_full", "denied for table disk_full", False),
        ('FATAL:  role "timeout expired" does not exist', "database or user", False),
        ("FATAL:  sorry, too many clients already", "cannot be reached", True),
        ("ERROR:  canceling statement due to statement timeout", "statement timeout", False),
        ("ERROR:  canceling statement due to conflict with recovery", "replica", True),
        ("server closed the connection unexpectedly", "connection was lost", True),
        ("Something else\nLINE 1: select secret", "here: Something else", False),
        (
            'Binder Error: Failed to prepare query "select "disk full" from "a"": ERROR:  odd\n'
            'LINE 1: select "disk full"\n\nLINE 1: from postgres_query(...)',
            "here: odd",
            False,
        ),
        ("", "unknown fault", False),
    ],
)
def test_faults_in_words(text: str, words: str, is_transient: bool) -> None:
    error = explain(text, "here", "CORE_URL")
    assert words in error.message and error.is_transient == is_transient and error.next_step
    assert "LINE 1" not in str(error)


def test_a_missing_extension_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_extension", lambda: "nothing_of_that_name")
    monkeypatch.setenv("A", "postgres://me@h/d")
    with pytest.raises(FinviewError, match="extension is not installed") as caught:
        session.Session(Connection("core", "A"))
    assert "postgres.txt" in caught.value.next_step


def test_file_names(tmp_path: Path, contract: Contract) -> None:
    assert spell("2024-01-02 09:30:15.25+00") == "20240102T093015.25"
    assert (spell("2024-01-02"), spell("-7"), spell(None)) == ("20240102", "minus7", "start")
    folder = table_folder(Home(tmp_path), contract.table("transaction", "orders"))
    for number, expected in ((1, True), (2, False)):
        temporary = folder / ".pull-1.tmp"
        temporary.write_text("x")
        final = place(temporary, number, 1, "start_5", "abc")
        assert (final is not None) == expected and not temporary.exists()
    assert last_sequence(folder) == 1
    (folder / ".pull-9.tmp").write_text("left by a killed pull")
    table_folder(Home(tmp_path), contract.table("transaction", "orders"))
    assert [path.name for path in folder.iterdir()] == ["pull-000001-0001_start_5_abc.parquet"]
