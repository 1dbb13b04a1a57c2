"""The contract of the raw tables, read from the dbt source files under `models/staging/`.

The YAML is the only truth: ingestion, expectations and dbt all read it. `docs/contract.md`
explains each key of `meta`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from finview.errors import FinviewError

#: Personal-data classes that are replaced by a keyed hash; the accepted column is `<name>_hash`.
HASHED_CLASSES = ("phone", "id_card", "email", "name", "device", "platform_user")
#: Personal-data classes that are cleaned in place: `url` loses its query, `text` its identifiers.
CLEANED_CLASSES = ("url", "text")
LOAD_POLICIES = ("append", "upsert")
#: Lineage columns that ingestion adds to every accepted row.
LINEAGE_COLUMNS = (
    "_source_file",
    "_source_line",
    "_loaded_at",
    "_batch_id",
    "_load_sequence",
    "_key_version",
)

_TYPE = re.compile(r"^(varchar|bigint|date|timestamp|boolean|decimal\(\d+,\d+\))$")
_COLUMN_META = {"required", "accepted_values", "pattern", "min", "pii", "may_be_future"}
_TABLE_META = {"key", "load", "business_day", "freshness_days"}


@dataclass(frozen=True)
class Column:
    """One raw column: SQL type, rules and personal-data class."""

    name: str
    data_type: str
    required: bool = False
    accepted_values: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: int | None = None
    pii: str | None = None
    may_be_future: bool = False

    @property
    def is_hashed(self) -> bool:
        return self.pii in HASHED_CLASSES

    @property
    def is_amount(self) -> bool:
        """Money column: counted in the control totals."""
        return self.name == "amount" or self.name.endswith("_amount")

    @property
    def decimals(self) -> int | None:
        """Decimal places of a decimal type, else None."""
        match = re.match(r"decimal\(\d+,(\d+)\)", self.data_type)
        return int(match.group(1)) if match else None

    @property
    def accepted_name(self) -> str:
        """Name in accepted data: `<name>_hash` where the value is keyed-hashed."""
        return f"{self.name}_hash" if self.is_hashed else self.name

    @property
    def accepted_type(self) -> str:
        return "varchar" if self.is_hashed else self.data_type


@dataclass(frozen=True)
class Table:
    """One raw table of one source system."""

    source: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    load: str
    business_day: str | None
    freshness_days: int
    schema: str

    @property
    def full_name(self) -> str:
        return f"{self.source}.{self.name}"

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def required_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @property
    def amount_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_amount)


@dataclass(frozen=True)
class Contract:
    """All raw tables, by source and name."""

    tables: tuple[Table, ...]

    def table(self, source: str, name: str) -> Table:
        """The table `source.name`.

        Raises:
            FinviewError: no such table, with those of the source.
        """
        for table in self.tables:
            if (table.source, table.name) == (source, name):
                return table
        known = ", ".join(sorted(table.full_name for table in self.tables))
        raise FinviewError(f"the contract has no table {source}.{name}", f"use one of: {known}")


def load_contract(project: Path) -> Contract:
    """Read every `models/staging/*/_*__sources.yml` of a project.

    Raises:
        FinviewError: a table or column breaks the rules of `docs/contract.md`.
    """
    files = sorted((project / "models" / "staging").glob("*/_*__sources.yml"))
    tables: list[Table] = []
    for path in files:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for source in document.get("sources", []):
            tables += [_table(source, raw, path) for raw in source["tables"]]
    if not tables:
        raise FinviewError(f"no source tables under {project}/models/staging", "restore the files")
    return Contract(tuple(sorted(tables, key=lambda table: table.full_name)))


def _table(source: dict[str, Any], raw: dict[str, Any], path: Path) -> Table:
    meta = raw.get("config", {}).get("meta", {})
    where = f"{path.name}: {source['name']}.{raw['name']}"
    if unknown := set(meta) - _TABLE_META:
        raise FinviewError(f"{where}: unknown meta {sorted(unknown)}", "see docs/contract.md")
    columns = tuple(_column(column, where) for column in raw.get("columns", []))
    names = [column.name for column in columns]
    key = tuple(meta.get("key", ()))
    if len(set(names)) != len(names):
        raise FinviewError(f"{where}: a column is declared twice", "remove one")
    if not key or not set(key) <= {column.name for column in columns if column.required}:
        raise FinviewError(f"{where}: key {list(key)} must name required columns", "mend the key")
    if meta.get("load") not in LOAD_POLICIES:
        raise FinviewError(f"{where}: load must be one of {LOAD_POLICIES}", "mend the policy")
    business_day = meta.get("business_day")
    if business_day is not None and business_day not in names:
        raise FinviewError(f"{where}: business_day {business_day!r} is no column", "mend it")
    return Table(
        source=source["name"],
        name=raw["name"],
        columns=columns,
        key=key,
        load=meta["load"],
        business_day=business_day,
        freshness_days=int(meta.get("freshness_days", 7)),
        schema=source["schema"],
    )


def _column(raw: dict[str, Any], where: str) -> Column:
    meta = raw.get("config", {}).get("meta", {})
    name = raw["name"]
    if unknown := set(meta) - _COLUMN_META:
        raise FinviewError(
            f"{where}.{name}: unknown meta {sorted(unknown)}", "see docs/contract.md"
        )
    if not _TYPE.match(str(raw.get("data_type"))):
        raise FinviewError(
            f"{where}.{name}: data_type {raw.get('data_type')!r}",
            "use varchar, bigint, date, timestamp, boolean or decimal(p,s)",
        )
    pii = meta.get("pii")
    if pii is not None and pii not in HASHED_CLASSES + CLEANED_CLASSES:
        raise FinviewError(
            f"{where}.{name}: pii {pii!r}", f"use one of: {HASHED_CLASSES + CLEANED_CLASSES}"
        )
    if pii is not None and raw["data_type"] != "varchar":
        raise FinviewError(f"{where}.{name}: personal data must be varchar", "mend the type")
    return Column(
        name=name,
        data_type=raw["data_type"],
        required=bool(meta.get("required", False)),
        accepted_values=tuple(str(value) for value in meta.get("accepted_values", ())),
        pattern=meta.get("pattern"),
        minimum=meta.get("min"),
        pii=pii,
        may_be_future=bool(meta.get("may_be_future", False)),
    )
