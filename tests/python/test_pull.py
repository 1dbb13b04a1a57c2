"""Pulling from a real PostgreSQL server: increments, whole tables, faults. All data is made up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from support.postgres import Server, running_server

from finview.contract import Contract, load_contract
from finview.errors import FinviewError
from finview.ingest import accepted_glob, ingest
from finview.pull import Connection, TableResult, pull
from finview.pull import run as pull_run
from finview.pull import table as pull_table
from finview.pull.session import Session
from finview.settings import Home, load_settings

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "FINVIEW_TEST_DATABASE_URL"
ORDERS = {
    "connection": "core",
    "remote": "bank.orders",
    "cursor": "changed_at",
    "columns": {"id": "order_id", "total": "amount"},
}
MAKE_ORDERS = """
drop schema if exists bank cascade;
create schema bank;
create table bank.orders (
    id bigint primary key, customer_id text not null, ordered_at timestamptz not null,
    status text not null, total numeric(18, 2) not null, currency_code char(3) not null,
    channel_code text, secret_note text, changed_at timestamptz
);
create index on bank.orders (changed_at);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        # How a server spells values by default must not matter.
        for setting in ("timezone = 'Asia/Shanghai'", "datestyle = 'SQL, DMY'"):
            running.sql(f"alter role {running.user} set {setting}")
        yield running


@pytest.fixture
def remote(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    server.sql(MAKE_ORDERS)
    monkeypatch.setenv(VARIABLE, server.url)
    monkeypatch.setenv("FINVIEW_HASH_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setattr(pull_run, "BACKOFF_SECONDS", (0.1, 0.5))
    return server


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


def make_home(root: Path, /, connection: dict[str, Any] | None = None, **tables: Any) -> Home:
    """A home that pulls `tables` (source__table: lines), by default the orders."""
    home = Home(root).create()
    chosen = {name.replace("__", "."): lines for name, lines in tables.items()}
    core = {"url_env": VARIABLE, "tls": "disable", **(connection or {})}
    lines = {"connections": {"core": core}, "tables": chosen or {"transaction.orders": ORDERS}}
    home.settings_file.write_text(yaml.safe_dump({"pull": lines}))
    return home


def add_orders(remote: Server, first: int, last: int, changed: str) -> None:
    """Orders `first` to `last`, changed one second after the other from `changed` on."""
    remote.sql(f"""
        insert into bank.orders
        select i, 'c' || i % 7, timestamptz '2024-01-01 00:00:00+08' + i * interval '1 second',
            'funded', i * 1.01, 'CNY', 'app', 'note',
            timestamptz '{changed}' + (i - {first}) * interval '1 second'
        from generate_series({first}, {last}) as i""")


def pulled(home: Home, contract: Contract, **options: Any) -> TableResult:
    """Result of a pull of one table, which must succeed."""
    (result,) = pull(home, contract, load_settings(home), **options).tables
    assert not result.error, result
    return result


def failed(home: Home, contract: Contract) -> TableResult:
    report = pull(home, contract, load_settings(home))
    assert not report.ok
    (result,) = report.tables
    assert result.status == "failed" and result.next_step
    return result


def landed(home: Home, table: str = "transaction/orders") -> list[Path]:
    return sorted((home.landing / table).glob("*"))


def read(paths: list[Path], select: str) -> list[tuple[Any, ...]]:
    return duckdb.read_parquet([str(path) for path in paths]).query("f", select).fetchall()


def latest(home: Home, contract: Contract) -> dict[str, tuple[Any, ...]]:
    """Ingest, then the latest accepted version of each order."""
    report = ingest(home, contract, load_settings(home))
    assert report.ok and not any(file.rows_quarantined for file in report.files), report
    place = accepted_glob(home, contract.table("transaction", "orders")).replace("'", "''")
    rows = duckdb.sql(
        "select order_id, customer_id, ordered_at, status, amount, channel_code "
        f"from read_parquet('{place}', union_by_name=true) qualify row_number() over "
        "(partition by order_id order by _load_sequence desc, _source_line desc) = 1"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_first_pull_then_only_what_is_new(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 100, "2024-02-01 00:00:00+00")
    first = pulled(home, contract)
    assert (first.status, first.rows, len(first.files)) == ("pulled", 100, 1)
    assert first.files[0].startswith("pull-000001-0001_start_20240201T000139_")
    assert "secret_note" in first.notes[0]
    (path,) = landed(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    names = duckdb.read_parquet(str(path)).columns
    assert set(names) <= set(contract.table("transaction", "orders").by_name)
    assert len(latest(home, contract)) == 100

    # Nothing new: the window of the overlap is read again and is a file of its own only once.
    window = pulled(home, contract)
    assert window.cursor_from == "2024-01-31 22:01:39+00"
    again = pulled(home, contract)
    assert (again.status, again.files) == ("unchanged", [])

    add_orders(remote, 101, 110, "2024-02-03 00:00:00+00")
    increment = pulled(home, contract)
    assert increment.rows == 110 and increment.cursor_to == "2024-02-03 00:00:09+00"
    assert pulled(home, contract).rows == 10
    accepted = latest(home, contract)
    assert len(accepted) == 110 and accepted["110"][3] == Decimal("111.10")


def test_late_commits_inside_the_overlap_and_updates(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 10, "2024-02-01 12:00:00+00")
    pulled(home, contract)
    latest(home, contract)
    add_orders(remote, 11, 12, "2024-02-01 10:30:00+00")  # committed late, within two hours
    add_orders(remote, 13, 13, "2024-02-01 09:00:00+00")  # later than promised
    remote.sql("update bank.orders set status = 'completed', changed_at = '2024-02-02' where id=3")
    pulled(home, contract)
    accepted = latest(home, contract)
    assert accepted["3"][2] == "completed" and {"11", "12"} <= set(accepted)
    assert "13" not in accepted
    pulled(home, contract, full=True)
    assert set(latest(home, contract)) == {str(i) for i in range(1, 14)}


def test_future_and_empty_cursors_hide_nothing(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 3, "2024-02-01 12:00:00+00")
    add_orders(remote, 4, 4, "2999-01-01 00:00:00+00")
    remote.sql("update bank.orders set changed_at = null where id = 1")
    first = pulled(home, contract)
    assert first.rows == 4 and any("1 rows have no changed_at" in note for note in first.notes)
    assert first.cursor_to is not None and first.cursor_to < "2999"
    remote.sql("insert into bank.orders select 5, 'c', now(), 'funded', 1, 'CNY', '', '', now()")
    pulled(home, contract)
    assert set(latest(home, contract)) == {"1", "2", "3", "4", "5"}


def test_values_are_exact(remote: Server, contract: Contract, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    remote.sql("alter table bank.orders alter total type numeric, alter id type text")
    remote.sql("set time zone 'Asia/Shanghai'; insert into bank.orders values "
        "('a', ' 中文 ''q'' ' || chr(10) || '\"', '2024-01-01 08:00:00.123456', 'funded',"
        " 9007199254740993.07, 'CNY', 'NULL', null, now()),"
        "('b', 'c', '1999-12-31 16:00:00', 'funded', 0.10, 'CNY', '', null, now()),"
        "('c', 'c', 'infinity', 'funded', 'NaN', 'CNY', null, null, now()),"
        "('d', 'c', '2024-01-01', 'funded', 1.005, 'CNY', null, null, now())")  # fmt: skip
    pulled(home, contract)
    rows = read(landed(home), "select order_id, customer_id, ordered_at, amount, channel_code "
                "from f order by 1")  # fmt: skip
    assert rows[:2] == [
        ("a", " 中文 'q' \n\"", "2024-01-01 00:00:00.123456", "9007199254740993.07", "NULL"),
        ("b", "c", "1999-12-31 08:00:00", "0.10", ""),
    ]
    assert rows[2][2:4] == ("infinity", "NaN") and rows[3][3] == "1.005"
    report = ingest(home, contract, load_settings(home))
    assert [(f.rows_accepted, f.rows_quarantined) for f in report.files] == [(2, 2)]
    place = accepted_glob(home, contract.table("transaction", "orders"))
    sums = duckdb.sql(f"select sum(amount) from read_parquet('{place}', union_by_name=true)")
    assert sums.fetchall() == [(Decimal("9007199254740993.17"),)]


def test_times_without_zone_are_of_the_connections_zone(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    home = make_home(tmp_path, {"time_zone": "Asia/Shanghai"})
    remote.sql("alter table bank.orders alter ordered_at type timestamp, "
               "alter changed_at type timestamp")  # fmt: skip
    remote.sql(
        "insert into bank.orders values "
        "(1, 'c', '2024-01-01 08:00', 'funded', 1, 'CNY', '', '', '2024-01-01 09:00')"
    )
    result = pulled(home, contract)
    assert result.cursor_to == "2024-01-01 09:00:00"
    assert read(landed(home), "select ordered_at from f") == [("2024-01-01 00:00:00",)]


def test_whole_tables_show_what_is_deleted(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    lines = {"connection": "core", "remote": "bank.experiments", "columns": {"id": "experiment_id"}}
    home = make_home(tmp_path, crm__experiments=lines)
    remote.sql("create table bank.experiments as select 'e' || i as id, date '2024-01-01' "
               "as started_at, 'ab' as name from generate_series(1, 5) as i")  # fmt: skip
    assert pulled(home, contract).rows == 5
    assert pulled(home, contract).status == "unchanged"
    remote.sql("delete from bank.experiments where id = 'e2'")
    assert pulled(home, contract).rows == 4
    assert [len(read([path], "from f")) for path in landed(home, "crm/experiments")] == [5, 4]
    remote.sql("insert into bank.experiments values ('e2', '2024-01-01', 'ab')")
    assert pulled(home, contract).rows == 5  # as before, but news
    contents = {path.read_bytes() for path in landed(home, "crm/experiments")}
    assert len(contents) == 3
    remote.sql("truncate bank.experiments")
    empty = failed(home, contract)
    assert "is empty" in empty.error and "--full" in empty.next_step


def test_soft_deletes_become_the_delete_column(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    table = contract.table("transaction", "orders")
    flag = replace(table.columns[0], name="is_gone", data_type="boolean", required=False)
    own = Contract((replace(table, columns=(*table.columns, flag), delete_column="is_gone"),))
    remote.sql("alter table bank.orders add removed_at timestamptz")
    add_orders(remote, 1, 2, "2024-02-01 12:00:00+00")
    remote.sql("update bank.orders set removed_at = now() where id = 2")
    home = make_home(tmp_path, transaction__orders={**ORDERS, "soft_delete": "removed_at"})
    pulled(home, own)
    assert read(landed(home), "select order_id, is_gone from f order by 1") == [
        (1, False),
        (2, True),
    ]


def test_drift_at_the_remote(remote: Server, contract: Contract, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 3, "2024-02-01 12:00:00+00")
    pulled(home, contract)
    remote.sql("alter table bank.orders add phone text, add account_id text, "
               "drop channel_code, alter total type numeric(20, 4)")  # fmt: skip
    notes = " | ".join(pulled(home, contract).notes)
    assert "new remote column phone: not pulled" in notes
    assert "new remote column account_id: pulled from now on" in notes
    assert "channel_code is gone" in notes and "total was numeric" not in notes
    assert not pulled(home, contract).notes
    remote.sql("alter table bank.orders alter total type text using 'x'")
    assert "total was numeric, now text" in " ".join(pulled(home, contract).notes)
    remote.sql("alter table bank.orders drop total")
    gone = failed(home, contract)
    assert "bank.orders has no column total" in gone.error


def test_large_tables_stream(remote: Server, contract: Contract, tmp_path: Path) -> None:
    remote.sql("""
        insert into bank.orders
        select i, 'c' || i, '2024-01-01', 'funded', 1, 'CNY', repeat(md5(i::text), 12), null,
            timestamptz '2024-01-01' + i * interval '1 second'
        from generate_series(1, 200000) as i""")
    peaks = []
    for rows in (20_000, 200_000):
        home = make_home(tmp_path / str(rows), transaction__orders={**ORDERS, "remote": "bank.v"})
        remote.sql(
            "drop view if exists bank.v; "
            f"create view bank.v as select * from bank.orders where id <= {rows}"
        )
        script = (
            "import resource, sys; from finview.cli import main\n"
            "try: main(sys.argv[1:])\n"
            "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, "pull", "--home", str(home.root)],
            capture_output=True, text=True, cwd=ROOT, check=True,
        )  # fmt: skip
        peaks.append(int(done.stderr.split()[-1]) // 1024)
        assert read(landed(home), "select count(*) from f") == [(rows,)]
        assert "%" not in done.stdout, "a progress bar of DuckDB"
    print(f"peak memory: {peaks[0]} MB for 20,000 rows (8 MB), {peaks[1]} MB for 200,000 (80 MB)")
    assert peaks[1] - peaks[0] < 64


def test_a_killed_pull_converges(remote: Server, contract: Contract, tmp_path: Path) -> None:
    lines = {**ORDERS, "rows_per_file": 1_000}
    home = make_home(tmp_path / "killed", transaction__orders=lines)
    add_orders(remote, 1, 8_000, "2024-02-01 00:00:00+00")
    script = "from finview.cli import main; main()"
    command = [sys.executable, "-c", script, "pull", "--home", str(home.root)]
    for files in (2, 5):
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        while len([path for path in landed(home) if path.suffix == ".parquet"]) < files:
            assert running.poll() is None, "it ended before it was killed"
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.wait()
    partial = len(latest(home, contract))
    assert 0 < partial < 8_000
    remote.sql("update bank.orders set status = 'completed', changed_at = '2024-03-01' "
               "where id % 100 = 0")  # fmt: skip
    pulled(home, contract)
    assert not [path for path in landed(home) if path.name.startswith(".")]
    clean = make_home(tmp_path / "clean", transaction__orders=lines)
    pulled(clean, contract)
    assert latest(home, contract) == latest(clean, contract)


def test_a_crash_between_file_and_state_repeats_and_counts_once(
    remote: Server, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 50, "2024-02-01 00:00:00+00")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pull_table, "save_state", crash)
        with pytest.raises(KeyboardInterrupt):
            pull(home, contract, load_settings(home))
    before = landed(home)
    assert pulled(home, contract).files == [] and landed(home) == before
    assert len(latest(home, contract)) == 50
    shutil.rmtree(home.root / "pull")  # the state is lost: everything comes once more
    add_orders(remote, 51, 51, "2024-02-05 00:00:00+00")
    assert pulled(home, contract).files[0].startswith("pull-000002-")
    report = ingest(home, contract, load_settings(home))
    assert [(f.rows_accepted, f.rows_duplicate) for f in report.files][-1] == (1, 50)


def test_a_lost_server_is_tried_again_and_leaves_nothing_partial(
    remote: Server, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path, transaction__orders={**ORDERS, "rows_per_file": 40})
    add_orders(remote, 1, 100, "2024-02-01 00:00:00+00")
    copy, calls = Session.copy, []

    def cut(self: Session, query: str, path: Path, metadata: Any) -> int:
        calls.append(query)
        if len(calls) in cuts:
            remote.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                       "where application_name = 'finview'")  # fmt: skip
        return copy(self, query, path, metadata)

    monkeypatch.setattr(Session, "copy", cut)
    cuts: Any = range(3, 1000)
    result = failed(home, contract)
    assert "the connection was lost" in result.error and len(calls) == 5
    assert result.rows == 40 and len(landed(home)) == 1  # the complete chunk stays
    cuts = (len(calls) + 2,)
    assert not pulled(home, contract).error
    assert len(latest(home, contract)) == 100


def test_one_table_fails_the_others_are_pulled(
    remote: Server, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_orders(remote, 1, 5, "2024-02-01 00:00:00+00")
    remote.sql("create table bank.odd (product_id int[], product_line text);"
               "create table bank.tickets (ticket_id text, opened_at timestamptz, moved text);"
               "drop role if exists reader; create role reader login password 'w0rd-of-reader';"
               "grant usage on schema bank to reader; grant select on bank.orders, bank.odd, "
               "bank.tickets to reader;"
               "create table bank.hidden (experiment_id text, started_at date)")  # fmt: skip
    lines = {"connection": "core"}
    home = make_home(
        tmp_path,
        transaction__orders=ORDERS,
        transaction__products={**lines, "remote": "bank.odd"},
        transaction__repayments={**lines, "remote": "bank.nowhere"},
        crm__experiments={**lines, "remote": "bank.hidden"},
        crm__customers={
            **lines,
            "remote": "bank.tickets",
            "columns": {"ticket_id": "customer_id"},
            "cursor": "moved",
        },
        crm__consents={**lines, "remote": "bank.tickets", "cursor": "changed"},
    )
    account = f"{remote.user}:{remote.password}"
    monkeypatch.setenv(VARIABLE, remote.url.replace(account, "reader:w0rd-of-reader"))
    report = pull(home, contract, load_settings(home))
    errors = {table.full_name: table.error for table in report.tables}
    assert errors["transaction.orders"] == ""
    assert "integer[], which cannot become product_id" in errors["transaction.products"]
    assert "no table bank.nowhere" in errors["transaction.repayments"]
    assert "permission denied for table hidden" in errors["crm.experiments"]
    assert "moved of bank.tickets is text" in errors["crm.customers"]
    assert "has no column" in errors["crm.consents"]
    assert all(table.next_step for table in report.tables if table.error)
    assert json.loads((home.audit / "pull_latest.json").read_text())["ok"] is False
    left = [path for path in home.landing.rglob("*") if path.is_file()]
    assert [path.parent.name for path in left] == ["orders"]


def _everything(home: Home, *outputs: str) -> str:
    files = [path for path in home.root.rglob("*") if path.is_file()]
    return "\n".join([*outputs, *(path.read_bytes().decode("latin-1") for path in files)])


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://{user}:Wr0ng-W0rd@127.0.0.1:{port}/{database}", "user or the password"),
        ("postgresql://{user}:Wr0ng-W0rd@127.0.0.1:1/{database}", "cannot be reached"),
    ],
)
def test_no_password_in_any_output(
    remote: Server, tmp_path: Path, address: str, words: str
) -> None:
    home = make_home(tmp_path)
    url = address.format(user=remote.user, port=remote.port, database=remote.database)
    done = subprocess.run(
        [sys.executable, "-c", "from finview.cli import main; from finview.pull import run\n"
         "run.BACKOFF_SECONDS = (0.0, 0.0)\nmain()", "pull", "--home", str(home.root)],
        env={**os.environ, VARIABLE: url}, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1 and words in done.stderr and "next: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Wr0ng" not in _everything(home, done.stdout, done.stderr)
    assert not [path for path in home.landing.rglob("*") if path.is_file()]


def test_an_unreachable_server_is_tried_three_times_in_all(
    remote: Server, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(
        tmp_path, transaction__orders=ORDERS, transaction__products={**ORDERS, "columns": {}}
    )
    monkeypatch.setenv(VARIABLE, "postgresql://u:p@127.0.0.1:1/d")
    tries = []
    monkeypatch.setattr(pull_run, "Session", lambda it: tries.append(1) or Session(it))
    report = pull(home, contract, load_settings(home))
    assert [table.status for table in report.tables] == ["failed", "failed"] and len(tries) == 3


def test_the_session_is_read_only_and_encrypted_when_asked(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    plain = failed(make_home(tmp_path / "plain", {"tls": "require"}), contract)
    assert "no TLS connection" in plain.error
    remote.sql("create sequence bank.s")
    connection = Connection("core", VARIABLE, tls="disable")
    with Session(connection) as session, session.snapshot("here"):
        settings = session.rows(
            "select current_setting('transaction_read_only') as a, "
            "current_setting('transaction_isolation') as b, "
            "current_setting('statement_timeout') as c"
        )
        assert settings == [("on", "repeatable read", "10min")]
        with pytest.raises(duckdb.Error, match="read-only"):
            session.rows("select nextval('bank.s') as x")
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    _serve_tls(remote)
    try:
        add_orders(remote, 1, 5, "2024-02-01 00:00:00+00")
        trusted = {"tls": "verify-full", "root_certificate": str(remote.folder / "server.crt")}
        assert pulled(make_home(tmp_path / "tls", trusted), contract).rows == 5
        distrusted = failed(make_home(tmp_path / "other", {"tls": "verify-full"}), contract)
        assert "no TLS connection" in distrusted.error
    finally:
        remote.sql("alter system set ssl = off; select pg_reload_conf()")


def _serve_tls(remote: Server) -> None:
    key, certificate = remote.folder / "server.key", remote.folder / "server.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    owner = remote.folder.stat()
    for path in (key, certificate):
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o600)
    remote.sql("alter system set ssl = on; select pg_reload_conf()")
    time.sleep(0.5)


def test_another_origin_needs_full(remote: Server, contract: Contract, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    add_orders(remote, 1, 5, "2024-02-01 00:00:00+00")
    pulled(home, contract)
    make_home(tmp_path, transaction__orders={**ORDERS, "cursor": "ordered_at"})
    result = failed(home, contract)
    assert "cursor does not fit" in result.error and "--full" in result.next_step
    assert pulled(home, contract, full=True).rows == 5
    report = pull(home, contract, load_settings(home), tables=["orders"])
    assert report.ok
    with pytest.raises(FinviewError, match="is not pulled"):
        pull(home, contract, load_settings(home), tables=["customers"])


def test_in_a_run_a_failed_pull_is_a_red_check_and_no_more(
    remote: Server, contract: Contract, tmp_path: Path
) -> None:
    import dagster as dg

    from orchestration.landing import landing_specs
    from orchestration.pulling import pull_assets
    from orchestration.resources import HomeResource

    add_orders(remote, 1, 5, "2024-02-01 00:00:00+00")
    products = {"connection": "core", "remote": "bank.nowhere"}
    home = make_home(tmp_path, transaction__orders=ORDERS, transaction__products=products)
    tables = [contract.table("transaction", name) for name in ("orders", "products")]
    done = dg.materialize(
        pull_assets(tables), resources={"home": HomeResource(root=str(home.root))}
    )
    assert done.success and len(landed(home)) == 1
    checks = done.get_asset_check_evaluations()
    assert {check.asset_key.path[-1]: check.passed for check in checks} == {
        "orders": True,
        "products": False,
    }
    left = {spec.key for spec in landing_specs(contract, [table.full_name for table in tables])}
    made = {check.asset_key for check in checks}
    assert left == {spec.key for spec in landing_specs(contract)} - made
    assert pull_assets([]) == []
