"""Reading and linting the contract: every problem is named, none hides another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from finview.cli import main
from finview.contract import Contract, load_contract
from finview.contract.lint import COLUMN_RULES, TABLE_RULES, lint
from finview.errors import FinviewError
from finview.settings import project_root

Raw = dict[str, Any]


def column(name: str, data_type: str = "varchar", **meta: Any) -> Raw:
    written: Raw = {"name": name, "data_type": data_type}
    return {**written, "config": {"meta": meta}} if meta else written


def table(*columns: Raw, name: str = "sales", description: str = "One row.", **meta: Any) -> Raw:
    known = {"key": ["sale_id"], "load": "upsert", **meta}
    return {
        "name": name,
        "description": description,
        "config": {"meta": {key: value for key, value in known.items() if value is not None}},
        "columns": [column("sale_id", required=True), *columns],
    }


def project(folder: Path, *tables: Raw, **changes: Any) -> Path:
    """A project with one source `shop` of these tables."""
    source = {
        "name": "shop",
        "description": "The shop.",
        "schema": "raw_shop",
        "config": {"meta": {"version": "1.0.0"}},
        "tables": list(tables),
        **changes,
    }
    path = folder / "models" / "staging" / "shop" / "_shop__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": 2, "sources": [source]}), encoding="utf-8")
    return folder


GOOD = table(
    column("amount", "decimal(18,2)", required=True, min=0),
    column("currency_code", required=True, pattern="[A-Z]{3}"),
    column("buyer_phone", pii="phone"),
    column("kind", accepted_values=["a", "b"]),
    column("sold_at", "timestamp"),
    column("updated_at", "timestamp"),
    column("is_void", "boolean"),
    business_day="sold_at",
    version_column="updated_at",
    delete_column="is_void",
    drift="evolve",
)

#: What is written, where it is wrong and by which rule.
WRONG: list[tuple[Raw, str, str]] = [
    (table(load="merge"), "shop.sales", "load"),
    (table(drift="guess"), "shop.sales", "drift"),
    (table(key=None), "shop.sales", "key"),
    (table(column("day"), key=["sale_id", "day"]), "shop.sales", "key"),
    (table(key=["nothing"]), "shop.sales", "key"),
    (table(retention=3), "shop.sales", "unknown_meta"),
    (table(freshness_days="soon"), "shop.sales", "freshness_days"),
    (table(business_day="day"), "shop.sales", "business_day"),
    (table(column("kind"), business_day="kind"), "shop.sales", "business_day"),
    (table(column("kind"), version_column="kind"), "shop.sales", "version_column"),
    (
        table(column("sold_at", "timestamp"), version_column="sold_at", load="snapshot"),
        "shop.sales",
        "version_column",
    ),
    (table(column("gone"), delete_column="gone"), "shop.sales", "delete_column"),
    (table(column("kind", "text")), "shop.sales.kind", "data_type"),
    (table(column("kind"), column("kind")), "shop.sales.kind", "declared_twice"),
    (table(column("kind", colour="red")), "shop.sales.kind", "unknown_meta"),
    (table(column("kind", pii="secret")), "shop.sales.kind", "pii"),
    (table(column("kind", "bigint", pii="text")), "shop.sales.kind", "pii"),
    (table(column("kind", "bigint", min="0")), "shop.sales.kind", "min"),
    (table(description=""), "shop.sales", "description"),
    (table(name="Sales"), "shop.Sales", "name"),
    (table(column("saleKind")), "shop.sales.saleKind", "name"),
    (table(column("_line", "bigint")), "shop.sales._line", "name"),
    (table(column("paid_amount", "decimal(18,2)")), "shop.sales.paid_amount", "currency"),
    (
        table(column("amount", "decimal(18,2)", required=True), column("currency_code")),
        "shop.sales.amount",
        "currency",
    ),
    (table(column("amount", "bigint"), column("currency_code")), "shop.sales.amount", "money"),
    (table(column("sold_at", "date")), "shop.sales.sold_at", "moment"),
    (table(column("sold", "timestamp")), "shop.sales.sold", "moment"),
    (table(column("due_date", "timestamp")), "shop.sales.due_date", "moment"),
    (table(column("due", "date")), "shop.sales.due", "moment"),
    (table(column("phone")), "shop.sales.phone", "identifier"),
    (table(column("buyer_id_card", pii="phone")), "shop.sales.buyer_id_card", "identifier"),
    (table(column("email")), "shop.sales.email", "identifier"),
    (table(column("device_id", pii="text")), "shop.sales.device_id", "identifier"),
    (
        table(column("phone", pii="phone"), column("phone_hash")),
        "shop.sales.phone",
        "accepted_name",
    ),
    (table(column("kind", min=1)), "shop.sales.kind", "rule_fits_type"),
    (table(column("kind", may_be_future=True)), "shop.sales.kind", "rule_fits_type"),
    (table(column("level", "bigint", pattern="1")), "shop.sales.level", "rule_fits_type"),
    (table(column("kind", accepted_values=["a", "a"])), "shop.sales.kind", "accepted_values"),
    (table(column("kind", accepted_values=["a "])), "shop.sales.kind", "accepted_values"),
    (table(column("kind", pattern="[")), "shop.sales.kind", "pattern"),
]


def problems(folder: Path) -> set[tuple[str, str]]:
    return {(problem.where, problem.rule) for problem in lint(folder)[1]}


def test_the_contract_of_this_project_has_no_problem() -> None:
    contract, found = lint(project_root())
    assert found == ()
    assert len(contract.tables) == 36 and set(contract.versions) == {
        "channel",
        "crm",
        "transaction",
    }


def test_a_good_table_has_no_problem_and_is_read_whole(tmp_path: Path) -> None:
    assert problems(project(tmp_path, GOOD)) == set()
    (read,) = load_contract(tmp_path).tables
    assert (read.load, read.drift, read.freshness_days) == ("upsert", "evolve", 7)
    assert (read.version_column, read.delete_column) == ("updated_at", "is_void")
    assert read.by_name["buyer_phone"].accepted_name == "buyer_phone_hash"
    assert read.by_name["amount"].decimals == 2


@pytest.mark.parametrize(("raw", "where", "rule"), WRONG)
def test_a_wrong_table_is_named(tmp_path: Path, raw: Raw, where: str, rule: str) -> None:
    assert problems(project(tmp_path, raw)) == {(where, rule)}


def test_every_rule_was_shown_failing() -> None:
    assert {*TABLE_RULES, *COLUMN_RULES} - {"schema"} <= {rule for _, _, rule in WRONG}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"config": {"meta": {"version": "1.0"}}}, "version"),
        ({"config": {}}, "version"),
        ({"config": {"meta": {"version": "1.0.0", "owner": "me"}}}, "unknown_meta"),
        ({"description": ""}, "description"),
        ({"schema": "shop"}, "schema"),
        ({"tables": []}, "structure"),
        ({"tables": [{"description": "no name"}]}, "structure"),
    ],
)
def test_a_wrong_source_is_named(tmp_path: Path, changes: Raw, rule: str) -> None:
    found = problems(project(tmp_path, GOOD, **changes))
    assert {name for _, name in found} == {rule}


def test_all_problems_are_listed_and_loading_stops_at_them(tmp_path: Path) -> None:
    project(
        tmp_path,
        table(column("kind", "text"), column("phone"), load="merge"),
        table(name="returns", description=""),
        table(name="returns"),
    )
    assert problems(tmp_path) == {
        ("shop.sales", "load"),
        ("shop.sales.kind", "data_type"),
        ("shop.sales.phone", "identifier"),
        ("shop.returns", "description"),
        ("shop.returns", "declared_twice"),
    }
    with pytest.raises(FinviewError, match=r"and 2 more.*\n.*contract lint"):
        load_contract(tmp_path)


def test_files_that_are_no_yaml_and_no_files_at_all(tmp_path: Path) -> None:
    with pytest.raises(FinviewError, match="no source tables"):
        lint(tmp_path)
    path = project(tmp_path, GOOD) / "models/staging/shop/_shop__sources.yml"
    path.write_text("sources: [", encoding="utf-8")
    assert problems(tmp_path) == {("_shop__sources.yml", "yaml")}


def test_the_command_lists_problems_and_fails(tmp_path: Path) -> None:
    good = CliRunner().invoke(main, ["contract", "lint"])
    assert good.exit_code == 0 and "36 tables, 3 sources, problems: 0" in good.output

    wrong = project(tmp_path, table(column("phone"), load="merge"))
    bad = CliRunner().invoke(main, ["contract", "lint", "--project", str(wrong)])
    assert bad.exit_code == 1 and "problems: 2" in bad.output
    assert "shop.sales.phone: identifier: " in bad.output and "shop.sales: load: " in bad.output


def test_only_keeps_some_sources() -> None:
    contract = load_contract(project_root())
    crm = contract.only({"crm"})
    assert {one.source for one in crm.tables} == set(crm.versions) == {"crm"}
    assert isinstance(crm, Contract) and crm.descriptions["crm"]
