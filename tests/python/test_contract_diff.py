"""What a change of the contract breaks and which version it needs; the export loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from finview.cli import main
from finview.contract import Column, Contract, Table, load_contract
from finview.contract.diff import Change, compare
from finview.contract.odcs import API_VERSION, export, read_odcs
from finview.errors import FinviewError
from finview.settings import project_root

ID = Column("sale_id", "varchar", required=True)
AMOUNT = Column("amount", "decimal(9,2)", minimum=0)
KIND = Column("kind", "varchar", accepted_values=("a", "b"), pattern="[ab]")
SOLD = Column("sold_at", "timestamp")
SALES = Table("shop", "sales", (ID, AMOUNT, KIND, SOLD), ("sale_id",), "upsert", "sold_at", 7, "raw_shop")  # fmt: skip  # noqa: E501
SHOP = Contract((SALES,), {"shop": "1.4.2"}, {"shop": "The shop."})

TableEdit = dict[str, Any]


def with_table(**changes: Any) -> Contract:
    return replace(SHOP, tables=(replace(SALES, **changes),))


def with_column(old: Column, **changes: Any) -> Contract:
    new = tuple(replace(one, **changes) if one is old else one for one in SALES.columns)
    return with_table(columns=new)


def changes(old: Contract, new: Contract) -> tuple[Change, ...]:
    return tuple(change for source in compare(old, new) for change in source.changes)


#: (old, new, the part of the version it needs, place, words)
CASES: list[tuple[Contract, Contract, str, str, str]] = [
    (SHOP, replace(SHOP, tables=()), "major", "shop.sales", "table removed"),
    (replace(SHOP, tables=()), SHOP, "minor", "shop.sales", "table added"),
    (SHOP, Contract(()), "major", "shop", "source removed"),
    (Contract(()), SHOP, "minor", "shop", "source added"),
    (SHOP, with_table(columns=(ID, AMOUNT, SOLD)), "major", "shop.sales.kind", "column removed"),
    (with_table(columns=(ID, AMOUNT, SOLD)), SHOP, "minor", "shop.sales.kind", "optional column"),
    (with_table(columns=(AMOUNT, KIND, SOLD)), SHOP, "major", "shop.sales.sale_id", "required col"),
    (SHOP, with_table(key=("sale_id", "kind")), "major", "shop.sales", "key (sale_id) -> "),
    (SHOP, with_table(load="append"), "major", "shop.sales", "load policy upsert -> append"),
    (SHOP, with_table(load="snapshot"), "major", "shop.sales", "load policy"),
    (SHOP, with_table(version_column="sold_at"), "major", "shop.sales", "version_column None"),
    (SHOP, with_table(delete_column="gone"), "major", "shop.sales", "delete_column"),
    (SHOP, with_table(business_day=None), "major", "shop.sales", "business_day"),
    (SHOP, with_table(schema="raw_mall"), "major", "shop.sales", "schema"),
    (SHOP, with_table(drift="evolve"), "minor", "shop.sales", "drift refuse -> evolve"),
    (with_table(drift="evolve"), with_table(drift="ignore"), "major", "shop.sales", "drift"),
    (with_table(drift="ignore"), SHOP, "major", "shop.sales", "drift ignore -> refuse"),
    (SHOP, with_table(freshness_days=3), "patch", "shop.sales", "freshness_days 7 -> 3"),
    (SHOP, with_table(description="One row."), "patch", "shop.sales", "description"),
    (SHOP, replace(SHOP, descriptions={"shop": "A mall."}), "patch", "shop", "description"),
    (SHOP, with_column(KIND, description="Which."), "patch", "shop.sales.kind", "description"),
    (SHOP, with_column(AMOUNT, data_type="decimal(18,2)"), "minor", "shop.sales.amount", "type"),
    (SHOP, with_column(AMOUNT, data_type="decimal(9,4)"), "major", "shop.sales.amount", "type"),
    (SHOP, with_column(AMOUNT, data_type="decimal(7,2)"), "major", "shop.sales.amount", "type"),
    (SHOP, with_column(AMOUNT, data_type="bigint"), "major", "shop.sales.amount", "type"),
    (SHOP, with_column(SOLD, data_type="date"), "major", "shop.sales.sold_at", "type"),
    (SHOP, with_column(KIND, required=True), "major", "shop.sales.kind", "required added"),
    (SHOP, with_column(ID, required=False), "minor", "shop.sales.sale_id", "required dropped"),
    (SHOP, with_column(KIND, pii="text"), "major", "shop.sales.kind", "pii None -> text"),
    (SHOP, with_column(SOLD, may_be_future=True), "minor", "shop.sales.sold_at", "may_be_future"),
    (with_column(SOLD, may_be_future=True), SHOP, "major", "shop.sales.sold_at", "may_be_future"),
    (SHOP, with_column(KIND, accepted_values=("a",)), "major", "shop.sales.kind", "'b' removed"),
    (
        SHOP,
        with_column(KIND, accepted_values=("a", "b", "c")),
        "minor",
        "shop.sales.kind",
        "'c' added",
    ),
    (SHOP, with_column(KIND, accepted_values=()), "minor", "shop.sales.kind", "values dropped"),
    (with_column(KIND, accepted_values=()), SHOP, "major", "shop.sales.kind", "values added"),
    (SHOP, with_column(KIND, pattern="[abc]"), "major", "shop.sales.kind", "pattern"),
    (with_column(KIND, pattern=None), SHOP, "major", "shop.sales.kind", "pattern '[ab]' added"),
    (SHOP, with_column(KIND, pattern=None), "minor", "shop.sales.kind", "pattern '[ab]' dropped"),
    (SHOP, with_column(AMOUNT, minimum=1), "major", "shop.sales.amount", "min 0 -> 1"),
    (with_column(AMOUNT, minimum=None), SHOP, "major", "shop.sales.amount", "min None -> 0"),
    (SHOP, with_column(AMOUNT, minimum=-1), "minor", "shop.sales.amount", "min 0 -> -1"),
    (SHOP, with_column(AMOUNT, minimum=None), "minor", "shop.sales.amount", "min 0 -> None"),
]


@pytest.mark.parametrize(("old", "new", "bump", "where", "words"), CASES)
def test_a_change_is_named_with_what_it_needs(
    old: Contract, new: Contract, bump: str, where: str, words: str
) -> None:
    (change,) = changes(old, new)
    assert (change.bump, change.where) == (bump, where)
    assert words in change.what and change.reason
    assert change.is_breaking == (bump == "major")


def test_what_is_no_change() -> None:
    assert changes(SHOP, SHOP) == ()
    both = with_table(key=("sale_id", "kind"))
    assert changes(both, with_table(key=("kind", "sale_id"))) == ()
    assert changes(SHOP, with_table(columns=SALES.columns[::-1])) == ()
    assert changes(SHOP, with_column(KIND, accepted_values=("b", "a"))) == ()


def test_every_attribute_of_the_contract_is_compared() -> None:
    """A key of the contract that nobody compares would change in silence."""
    other: dict[str, Any] = {
        "pattern": "x", "minimum": 9, "pii": "url", "required": True, "may_be_future": True,
        "accepted_values": ("z",), "data_type": "date", "description": "d",
        "key": ("kind",), "load": "append", "business_day": None, "freshness_days": 1,
        "schema": "s", "version_column": "v", "delete_column": "d", "drift": "ignore",
        "may_be_empty": True,
    }  # fmt: skip
    for name in set(Column.__dataclass_fields__) - {"name"}:
        assert changes(SHOP, with_column(KIND, **{name: other[name]})), name
    for name in set(Table.__dataclass_fields__) - {"name", "source", "columns"}:
        assert changes(SHOP, with_table(**{name: other[name]})), name


@pytest.mark.parametrize(
    ("new", "version", "enough"),
    [
        (SHOP, "1.4.2", True),
        (SHOP, "1.4.1", False),
        (with_table(description="d"), "1.4.2", False),
        (with_table(description="d"), "1.4.3", True),
        (with_table(drift="ignore"), "1.4.3", False),
        (with_table(drift="ignore"), "1.5.0", True),
        (with_table(drift="ignore"), "1.10.0", True),
        (with_table(load="append"), "1.5.0", False),
        (with_table(load="append"), "2.0.0", True),
        (with_table(load="append"), "0.9.9", False),
    ],
)
def test_the_version_must_rise_as_far_as_the_change_goes(
    new: Contract, version: str, enough: bool
) -> None:
    (difference,) = compare(SHOP, replace(new, versions={"shop": version}))
    assert difference.is_bumped is enough


def test_the_largest_change_decides() -> None:
    new = with_table(load="append", drift="evolve", description="d")
    (difference,) = compare(SHOP, new)
    assert [change.bump for change in difference.changes] == ["major", "minor", "patch"]
    assert difference.needed == "major"


def test_an_export_reads_back_as_the_contract(tmp_path: Path) -> None:
    full = with_table(
        columns=(
            *SALES.columns,
            Column("buyer_phone", "varchar", pii="phone", pattern="[^*]*", description="Who: 谁"),
            Column("note", "varchar", pii="text"),
            Column("due_date", "date", may_be_future=True),
            Column("is_void", "boolean"),
            Column("items", "bigint", minimum=-3),
        ),
        key=("kind", "sale_id"),
        version_column="sold_at",
        delete_column="is_void",
        drift="ignore",
        description="One row: per sale.",
    )
    for name, contract in (("shop", full), ("project", load_contract(project_root()))):
        folder = tmp_path / name
        folder.mkdir()
        for source, text in export(contract).items():
            (folder / f"{source}.odcs.yaml").write_text(text, encoding="utf-8")
        assert read_odcs(folder) == contract
        assert export(read_odcs(folder)) == export(contract), "not the same bytes"


def _documents() -> dict[str, Any]:
    texts = export(load_contract(project_root()))
    return {source: yaml.safe_load(text) for source, text in texts.items()}


@pytest.mark.parametrize("source", ["channel", "crm", "transaction"])
def test_the_export_keeps_to_the_official_schema(source: str) -> None:
    """By the JSON schema of the standard, where its package is installed."""
    package = pytest.importorskip("open_data_contract_standard.model")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(package.OpenDataContractStandard.json_schema())
    validator = jsonschema.Draft201909Validator(schema)
    document = _documents()[source]
    assert [error.message for error in validator.iter_errors(document)] == []
    assert list(validator.iter_errors({**document, "surprise": 1})), "a schema that checks nothing"


def test_the_export_has_the_shape_of_the_standard() -> None:
    """What v3.1.0 asks for, also where its schema is not installed."""
    top = {"apiVersion", "kind", "id", "name", "version", "status", "description", "schema"}
    known = {"name", "logicalType", "physicalType", "required", "description", "primaryKey",
             "primaryKeyPosition", "logicalTypeOptions", "quality", "classification",
             "encryptedName", "customProperties"}  # fmt: skip
    kinds = {"string", "integer", "number", "date", "timestamp", "boolean"}
    for document in _documents().values():
        assert set(document) == {*top, "slaProperties"}
        assert (document["apiVersion"], document["kind"]) == (API_VERSION, "DataContract")
        for table in document["schema"]:
            assert set(table) == {"name", "logicalType", "physicalName", "physicalType",
                                  "description", "properties", "customProperties"}  # fmt: skip
            keys = [one for one in table["properties"] if one.get("primaryKey")]
            positions = sorted(one["primaryKeyPosition"] for one in keys)
            assert keys and positions == list(range(1, len(keys) + 1))
            for one in table["properties"]:
                assert set(one) <= known and one["logicalType"] in kinds
                custom = {
                    entry["property"]: entry["value"] for entry in one.get("customProperties", ())
                }  # noqa: E501
                assert ("piiClass" in custom) == (one.get("classification") == "restricted")


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["contract", *map(str, arguments)])


@pytest.fixture()
def released(tmp_path: Path) -> Path:
    folder = tmp_path / "released"
    assert _call("export", "--output", folder).exit_code == 0
    return folder


def _edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    assert change(before) != before
    path.write_text(change(before), encoding="utf-8")


def test_a_project_does_not_differ_from_its_export(released: Path) -> None:
    for old in (released, released / "crm.odcs.yaml", project_root()):
        result = _call("diff", old, "--check")
        assert result.exit_code == 0, result.output
        assert "breaking" not in result.output and "compatible" not in result.output
    assert _call("diff", released / "crm.odcs.yaml").output == "crm 1.2.0 -> 1.2.0\n  no change\n"


def test_a_breaking_change_without_its_version_fails_the_check(released: Path) -> None:
    old = released / "crm.odcs.yaml"
    _edit(
        old,
        lambda text: text.replace("        - withdraw\n", "        - withdraw\n        - renew\n"),
    )
    assert _call("diff", old).exit_code == 0, "only --check fails"
    result = _call("diff", released, "--check")
    assert result.exit_code == 1
    told = "  breaking   crm.consents.action: accepted value 'renew' removed (rows with it are"
    assert told in result.output
    assert "needed: major; 1.2.0 -> 1.2.0 is NOT enough" in result.output
    _edit(old, lambda text: text.replace("version: 1.2.0", "version: 0.9.0", 1))
    assert _call("diff", released, "--check").exit_code == 0


def test_export_to_the_terminal_can_be_compared(tmp_path: Path) -> None:
    whole = _call("export")
    path = tmp_path / "all.yaml"
    path.write_text(whole.output, encoding="utf-8")
    assert len(list(yaml.safe_load_all(whole.output))) == 3
    assert _call("diff", path, "--check").exit_code == 0
    assert _call("export").output == whole.output
    one = _call("export", "--source", "crm").output
    assert yaml.safe_load(one)["name"] == "crm"
    assert _call("export", "--source", "erp").exit_code == 1


@pytest.mark.parametrize("text", ["kind: [", "a: 1", "- 1", "apiVersion: v2.2.0\nname: crm\n"])
def test_other_files_are_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FinviewError, match=r"other\.yaml"):
        read_odcs(path)
    result = _call("diff", path)
    assert result.exit_code == 1 and "contract export" in result.output
    assert "holds neither" in str(pytest.raises(FinviewError, read_odcs, _empty(tmp_path)).value)


def _empty(folder: Path) -> Path:
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    return empty
