"""Sample data: same bytes, the contract's columns, references that hold, a coherent story."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from finview.cli import main
from finview.contract import Contract, Table, load_contract
from finview.errors import FinviewError
from simulator import simulate
from simulator.identifiers import _CHECKS, _FACTORS

PROJECT = Path(__file__).resolve().parents[2]
SIZE: dict[str, Any] = {"users": 240, "days": 120, "seed": 11, "start": date(2023, 1, 1)}
END = datetime(2023, 1, 1) + timedelta(days=120) - timedelta(hours=8)

#: child table.column -> parent table.column: every value given must exist in the parent.
REFERENCES = {
    "transaction.orders.customer_id": "crm.customers.customer_id",
    "transaction.orders.product_id": "transaction.products.product_id",
    "transaction.orders.renewed_from_order_id": "transaction.orders.order_id",
    "transaction.repayments.order_id": "transaction.orders.order_id",
    "crm.customer_devices.customer_id": "crm.customers.customer_id",
    "crm.consents.customer_id": "crm.customers.customer_id",
    "crm.tickets.customer_id": "crm.customers.customer_id",
    "crm.tickets.product_id": "transaction.products.product_id",
    "channel.app_events.customer_id": "crm.customers.customer_id",
    "channel.app_events.product_id": "transaction.products.product_id",
    "channel.app_events.campaign_id": "channel.campaigns.campaign_id",
    "channel.ad_touches.campaign_id": "channel.campaigns.campaign_id",
    "channel.ad_touches.creative_id": "channel.ad_spend_daily.creative_id",
    "channel.ad_spend_daily.campaign_id": "channel.campaigns.campaign_id",
    "channel.campaigns.product_id": "transaction.products.product_id",
    "channel.coupons.campaign_id": "channel.campaigns.campaign_id",
    "channel.coupons.customer_id": "crm.customers.customer_id",
    "channel.coupons.redeemed_order_id": "transaction.orders.order_id",
    "channel.messages.campaign_id": "channel.campaigns.campaign_id",
    "channel.messages.customer_id": "crm.customers.customer_id",
    "channel.creatives.campaign_id": "channel.campaigns.campaign_id",
    "channel.ad_touches.creative_id of creatives": "channel.creatives.creative_id",
    "channel.ad_spend_daily.creative_id": "channel.creatives.creative_id",
    "channel.creative_reviews.creative_id": "channel.creatives.creative_id",
    "channel.app_events.device_id": "channel.devices.device_id",
    "channel.ad_touches.device_id": "channel.devices.device_id",
    "crm.customers.register_device_id": "channel.devices.device_id",
    "channel.coupons.offline_event_id": "channel.offline_events.event_id",
    "channel.offline_events.campaign_id": "channel.campaigns.campaign_id",
    "channel.community_members.external_user_id": "channel.wecom_contacts.external_user_id",
    "channel.community_activity.external_user_id": "channel.community_members.external_user_id",
    "channel.referrals.inviter_customer_id": "crm.customers.customer_id",
    "channel.referrals.registered_customer_id": "crm.customers.customer_id",
    "channel.referrals.campaign_id": "channel.campaigns.campaign_id",
    "transaction.orders.account_id": "transaction.accounts.account_id",
    "transaction.accounts.customer_id": "crm.customers.customer_id",
    "transaction.payments.account_id": "transaction.accounts.account_id",
    "transaction.payments.customer_id": "crm.customers.customer_id",
    "transaction.asset_balances.customer_id": "crm.customers.customer_id",
    "transaction.credit_applications.customer_id": "crm.customers.customer_id",
    "transaction.credit_applications.order_id": "transaction.orders.order_id",
    "transaction.credit_applications.creative_id": "channel.creatives.creative_id",
    "transaction.credit_applications.campaign_id": "channel.campaigns.campaign_id",
    "transaction.credit_applications.product_id": "transaction.products.product_id",
    "crm.customer_merges.merged_customer_id": "crm.customers.customer_id",
    "crm.customer_merges.surviving_customer_id": "crm.customers.customer_id",
    "crm.leads.converted_customer_id": "crm.customers.customer_id",
    "crm.leads.campaign_id": "channel.campaigns.campaign_id",
    "crm.leads.offline_event_id": "channel.offline_events.event_id",
    "crm.surveys.customer_id": "crm.customers.customer_id",
    "crm.experiment_assignments.experiment_id": "crm.experiments.experiment_id",
    "crm.experiment_assignments.customer_id": "crm.customers.customer_id",
    "crm.recommendations.customer_id": "crm.customers.customer_id",
    "crm.recommendations.product_id": "transaction.products.product_id",
    "crm.erasure_requests.customer_id": "crm.customers.customer_id",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample")
    simulate(root / "landing", root / "truth", **SIZE)
    return root


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(PROJECT)


@pytest.fixture(scope="module")
def tables(sample: Path, contract: Contract) -> duckdb.DuckDBPyConnection:
    """Every raw table in the types of the contract, as one database in memory."""
    connection = duckdb.connect()
    for table in contract.tables:
        connection.execute(f"create table {table.name} as {_reader(sample, table)}")
    return connection


def _reader(sample: Path, table: Table) -> str:
    folder = sample / "landing" / table.source / table.name
    files = sorted(str(path) for path in folder.iterdir())
    assert files, f"nothing delivered for {table.full_name}"
    types = {column.name: column.data_type for column in table.columns}
    if ".parquet" in files[0]:
        return f"select * from read_parquet({files})"
    if ".csv" in files[0]:
        return f"select * from read_csv({files}, header = true, columns = {types})"
    return f"select * from read_json({files}, format = 'newline_delimited', columns = {types})"


def _hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _orphans(tables: duckdb.DuckDBPyConnection, child: str, parent: str) -> list[Any]:
    (_, table, column), (_, other, key) = child.split(" ")[0].split("."), parent.split(".")
    return tables.execute(
        f"select {column} from {table} where {column} is not null"
        f" and {column} not in (select {key} from {other})"
    ).fetchall()


def test_same_seed_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "landing", tmp_path / "truth", **SIZE)
    assert _hashes(tmp_path) == _hashes(sample)


def test_another_seed_gives_other_bytes(sample: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "landing", tmp_path / "truth", **{**SIZE, "seed": 12})
    assert _hashes(tmp_path) != _hashes(sample)


def test_columns_are_those_of_the_contract(
    tables: duckdb.DuckDBPyConnection, sample: Path, contract: Contract
) -> None:
    for table in contract.tables:
        folder = sample / "landing" / table.source / table.name
        for path in sorted(folder.iterdir()):
            kind = "parquet" if path.suffix == ".parquet" else "text"
            if "csv" in path.name:
                query = f"select * from read_csv('{path}', header = true, all_varchar = true)"
            elif kind == "parquet":
                query = f"select * from '{path}'"
            else:
                query = f"select * from read_json('{path}', format = 'newline_delimited')"
            names = [column[0] for column in tables.execute(f"{query} limit 0").description or ()]
            assert names == [column.name for column in table.columns], path.name


def test_values_keep_the_rules_of_the_contract(
    tables: duckdb.DuckDBPyConnection, contract: Contract
) -> None:
    for table in contract.tables:
        for column in table.columns:
            bad = ["false"]
            if column.required:
                bad.append(f"{column.name} is null")
            if column.accepted_values:
                bad.append(f"{column.name} not in {(*column.accepted_values, '')}")
            if column.pattern:
                bad.append(f"not regexp_full_match({column.name}, '{column.pattern}')")
            if column.minimum is not None:
                bad.append(f"{column.name} < {column.minimum}")
            if column.data_type == "timestamp" and not column.may_be_future:
                bad.append(f"{column.name} >= timestamp '{END}'")
            rows = tables.execute(
                f"select {column.name} from {table.name} where {' or '.join(bad)} limit 3"
            ).fetchall()
            assert not rows, f"{table.full_name}.{column.name}: {rows}"


def test_keys_are_unique(tables: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    for table in contract.tables:
        rows = tables.execute(
            f"select {', '.join(table.key)} from {table.name} group by all having count(*) > 1"
        ).fetchall()
        assert not rows, table.full_name


@pytest.mark.parametrize("child", REFERENCES)
def test_references_hold(tables: duckdb.DuckDBPyConnection, child: str) -> None:
    assert not _orphans(tables, child, REFERENCES[child])


def test_a_broken_reference_is_found(tables: duckdb.DuckDBPyConnection) -> None:
    tables.begin()
    tables.execute("delete from customers where customer_id in (select customer_id from orders)")
    found = _orphans(tables, "transaction.orders.customer_id", "crm.customers.customer_id")
    tables.rollback()
    assert found


def test_anonymous_until_login(tables: duckdb.DuckDBPyConnection) -> None:
    empty = tables.execute("select count(*) from app_events where customer_id is null").fetchone()
    assert empty and empty[0] > 0


def test_id_cards_and_phones_are_well_formed(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute("select id_card, phone from customers").fetchall()
    for card, phone in rows:
        assert phone.startswith("1990") and len(phone) == 11 and phone.isdigit()
        if card:
            total = sum(
                int(digit) * int(factor) for digit, factor in zip(card, _FACTORS, strict=False)
            )
            assert len(card) == 18 and card[-1] == _CHECKS[total % 11]


def test_some_people_hold_two_accounts(tables: duckdb.DuckDBPyConnection, sample: Path) -> None:
    rows = tables.execute(
        f"""select count(*), count(distinct person_id) from '{sample}/truth/identifiers.parquet'
        where identifier_type = 'customer'"""
    ).fetchone()
    assert rows is not None
    accounts, people = rows
    assert people == SIZE["users"] and accounts > people
    assert tables.execute("select count(*) from customers").fetchone() == (accounts,)


def test_truth_names_every_delivered_identifier(
    tables: duckdb.DuckDBPyConnection, sample: Path
) -> None:
    tables.execute(f"create view truth as select * from '{sample}/truth/identifiers.parquet'")
    for kind, query in {
        "device": "select device_id from app_events union select device_id from ad_touches",
        "customer": "select customer_id from customers",
        "phone": "select phone from customers union select recipient_phone from messages"
        " union select phone from social_profiles union select phone from wecom_contacts"
        " union select claimed_by_phone from coupons union select phone from leads"
        " union select invitee_phone from referrals",
        "id_card": "select id_card from customers",
        "email": "select email from customers",
        "member_number": "select member_number from customers",
        "platform_user": "select platform_user_id from ad_touches",
        "open_id": "select open_id from social_profiles",
        "union_id": "select union_id from social_profiles"
        " union select union_id from wecom_contacts",
        "wecom_user": "select external_user_id from wecom_contacts",
    }.items():
        rows = tables.execute(
            f"""select * from ({query}) as delivered(value) where value is not null and value not in
            (select identifier_value from truth where identifier_type = '{kind}')"""
        ).fetchall()
        assert not rows, kind


def test_truth_is_not_delivered(sample: Path, tmp_path: Path) -> None:
    delivered = [path.name for path in (sample / "landing").rglob("*") if path.is_file()]
    told = {path.name for path in (sample / "truth").iterdir()}
    assert len(told) == 10 and not told & set(delivered)
    people = duckdb.execute(
        f"select person_id from '{sample}/truth/persons.parquet' limit 5"
    ).fetchall()
    customers = (sample / "landing/crm/customers/customers.csv").read_text(encoding="utf-8")
    assert all(person not in customers for (person,) in people)
    with pytest.raises(FinviewError, match="landing"):
        simulate(tmp_path / "landing", tmp_path / "landing" / "truth", **SIZE)


def test_rows_are_reported(sample: Path, tables: duckdb.DuckDBPyConnection) -> None:
    summary = json.loads((sample / "truth/summary.json").read_text(encoding="utf-8"))
    for name, rows in summary["rows"].items():
        counted = tables.execute(f"select count(*) from {name.split('.')[1]}").fetchone()
        assert counted == (rows,), name


def test_files_are_private(sample: Path) -> None:
    for path in sample.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    "wrong",
    [
        {"users": 5},
        {"users": 10_000_001},
        {"days": 3},
        {"seed": -1},
        {"fault_rate": -0.1},
        {"processes": 0},
        {"file_format": "xml"},
    ],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(FinviewError):
        simulate(tmp_path / "landing", tmp_path / "truth", **{**SIZE, **wrong})


@pytest.mark.parametrize("size", [{"users": 100, "days": 30}, {"users": 100, "days": 400}])
def test_other_sizes_and_starts(tmp_path: Path, size: dict[str, int]) -> None:
    rows = simulate(
        tmp_path / "landing", tmp_path / "truth", **{**SIZE, **size, "start": date(2024, 2, 15)}
    )
    assert rows["crm.customers"] >= size["users"] and rows["channel.app_events"] > 0


def test_the_command_writes_every_table_in_the_format_asked_for(tmp_path: Path) -> None:
    arguments = ["--home", str(tmp_path), "--users", "100", "--days", "30", "--format", "parquet"]
    done = CliRunner().invoke(main, ["sample", *arguments])
    assert done.exit_code == 0, done.output
    assert len({path.parent for path in (tmp_path / "landing").rglob("*.*")}) == 36
    files = {path.suffix for path in (tmp_path / "landing").rglob("*.*")}
    assert files == {".parquet"}
