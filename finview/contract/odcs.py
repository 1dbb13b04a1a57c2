"""The contract in the Open Data Contract Standard (ODCS), one document per source system.

What the standard has no word for stands in `customProperties`, so that reading an export gives
the very contract it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from finview.contract.model import DEFAULT_FRESHNESS_DAYS, Column, Contract, Table
from finview.errors import FinviewError

#: Version of the standard that is written; documents of any 3.x are read.
API_VERSION = "v3.1.0"
SUFFIX = ".odcs.yaml"
_LOGICAL_TYPES = {
    "varchar": "string",
    "bigint": "integer",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
#: Table settings as custom properties: attribute and name in the standard's camel case.
_TABLE_PROPERTIES = {
    "load": "loadPolicy",
    "business_day": "businessDay",
    "version_column": "versionColumn",
    "delete_column": "deleteColumn",
    "drift": "driftPolicy",
    "may_be_empty": "mayBeEmpty",
}


def export(contract: Contract) -> dict[str, str]:
    """The YAML of each source, by its name; the same contract gives the same bytes."""
    return {
        source: yaml.safe_dump(
            _document(contract, source), sort_keys=False, allow_unicode=True, width=100
        )
        for source in sorted(contract.versions)
    }


def read_odcs(path: Path) -> Contract:
    """The contract in an exported file, or in all `*.odcs.yaml` of a folder.

    Raises:
        FinviewError: no such file, or it is not a contract that `finview contract export` wrote.
    """
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    documents: list[Mapping[str, Any]] = []
    for file in files:
        try:
            documents += list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise _unreadable(file, type(error).__name__) from error
    if not documents:
        raise FinviewError(
            f"{path} holds neither models/staging nor *{SUFFIX}",
            "name a project folder, or what `finview contract export` wrote",
        )
    tables: list[Table] = []
    versions: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    try:
        for document in documents:
            if not str(document["apiVersion"]).startswith("v3."):
                raise ValueError(f"apiVersion {document['apiVersion']}")
            source = document["name"]
            versions[source] = document["version"]
            descriptions[source] = document.get("description", {}).get("purpose", "")
            freshness = {
                sla["element"]: sla["value"]
                for sla in document.get("slaProperties", ())
                if sla["property"] == "frequency"
            }
            tables += [_read_table(source, raw, freshness) for raw in document.get("schema", ())]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    tables.sort(key=lambda table: table.full_name)
    return Contract(tuple(tables), versions, descriptions)


def _unreadable(path: Path, reason: str) -> FinviewError:
    return FinviewError(
        f"{path} is not an ODCS file of this project ({reason})",
        "write it with `finview contract export`",
    )


def _document(contract: Contract, source: str) -> dict[str, Any]:
    tables = [table for table in contract.tables if table.source == source]
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"finview.{source}",
        "name": source,
        "version": contract.versions[source],
        "status": "active",
        "description": {"purpose": contract.descriptions.get(source, "")},
        "schema": [_table(table) for table in tables],
        "slaProperties": [
            {
                "property": "frequency",
                "value": table.freshness_days,
                "unit": "d",
                "element": table.name,
            }
            for table in tables
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    settings = {
        name: getattr(table, attribute) or None for attribute, name in _TABLE_PROPERTIES.items()
    }
    return {
        "name": table.name,
        "logicalType": "object",
        "physicalName": f"{table.schema}.{table.name}",
        "physicalType": "table",
        "description": table.description,
        "properties": [_column(column, table.key) for column in table.columns],
        "customProperties": _custom(settings),
    }


def _column(column: Column, key: tuple[str, ...]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL_TYPES.get(column.data_type, "number"),
        "physicalType": column.data_type,
        "required": column.required,
    }
    if column.description:
        written["description"] = column.description
    if column.name in key:
        written |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    options: dict[str, Any] = {}
    if column.pattern is not None:
        # The standard's patterns match anywhere in a value, the contract's match all of it.
        options["pattern"] = f"^(?:{column.pattern})$"
    if column.minimum is not None:
        options["minimum"] = column.minimum
    if options:
        written["logicalTypeOptions"] = options
    if column.accepted_values:
        written["quality"] = [
            {
                "type": "library",
                "metric": "invalidValues",
                "arguments": {"validValues": list(column.accepted_values)},
                "mustBe": 0,
            }
        ]
    if column.pii:
        written["classification"] = "restricted"
    if column.is_hashed:
        written["encryptedName"] = column.accepted_name
    if custom := _custom({"piiClass": column.pii, "mayBeFuture": column.may_be_future or None}):
        written["customProperties"] = custom
    return written


def _custom(values: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"property": name, "value": value} for name, value in values.items() if value is not None
    ]


def _read_custom(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {entry["property"]: entry["value"] for entry in raw.get("customProperties", ())}


def _read_table(source: str, raw: Mapping[str, Any], freshness: Mapping[str, int]) -> Table:
    custom = _read_custom(raw)
    columns = raw["properties"]
    keys = sorted(
        (column["primaryKeyPosition"], column["name"])
        for column in columns
        if column.get("primaryKey")
    )
    return Table(
        source=source,
        name=raw["name"],
        columns=tuple(_read_column(column) for column in columns),
        key=tuple(name for _, name in keys),
        load=custom["loadPolicy"],
        business_day=custom.get("businessDay"),
        freshness_days=freshness.get(raw["name"], DEFAULT_FRESHNESS_DAYS),
        schema=raw["physicalName"].partition(".")[0],
        description=raw.get("description", ""),
        version_column=custom.get("versionColumn"),
        delete_column=custom.get("deleteColumn"),
        drift=custom.get("driftPolicy", "refuse"),
        may_be_empty=bool(custom.get("mayBeEmpty", False)),
    )


def _read_column(raw: Mapping[str, Any]) -> Column:
    custom, options = _read_custom(raw), raw.get("logicalTypeOptions", {})
    pattern = options.get("pattern")
    return Column(
        name=raw["name"],
        data_type=raw["physicalType"],
        required=raw.get("required", False),
        accepted_values=tuple(_valid_values(raw.get("quality", ()))),
        pattern=None if pattern is None else pattern.removeprefix("^(?:").removesuffix(")$"),
        minimum=options.get("minimum"),
        pii=custom.get("piiClass"),
        may_be_future=custom.get("mayBeFuture", False),
        description=raw.get("description", ""),
    )


def _valid_values(quality: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        value
        for check in quality
        if check.get("metric") == "invalidValues"
        for value in check["arguments"]["validValues"]
    ]
