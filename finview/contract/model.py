"""What the contract says: sources, tables and columns with their rules and policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from finview.errors import FinviewError

#: Personal-data classes that are replaced by a keyed hash; the accepted column is `<name>_hash`.
HASHED_CLASSES = (
    "phone",
    "id_card",
    "email",
    "name",
    "device",
    "platform_user",
    "open_id",
    "union_id",
    "wecom_user",
    "member_number",
)
#: Personal-data classes that are cleaned in place: `url` loses its query, `text` its identifiers.
CLEANED_CLASSES = ("url", "text")
LOAD_POLICIES = ("append", "upsert", "snapshot")
#: What happens to a delivered column that the contract does not have.
DRIFT_POLICIES = ("refuse", "evolve", "ignore")
#: Columns that ingestion adds to every accepted row, with their SQL types. `_is_deleted` marks the
#: version of a row that says it is gone; `_extra` holds the columns that drift brought, as JSON.
LINEAGE = {
    "_source_file": "varchar",
    "_source_line": "bigint",
    "_loaded_at": "timestamp",
    "_batch_id": "varchar",
    "_load_sequence": "bigint",
    "_key_version": "varchar",
    "_is_deleted": "boolean",
    "_extra": "varchar",
}
LINEAGE_COLUMNS = tuple(LINEAGE)
#: Days without a delivery after which one is missing, where the contract says nothing.
DEFAULT_FRESHNESS_DAYS = 7

#: The types of raw columns.
TYPE = re.compile(r"^(varchar|bigint|date|timestamp|boolean|decimal\((\d+),(\d+)\))$")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in the contract: where, by which rule, and what."""

    where: str
    rule: str
    message: str


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
    description: str = ""

    @property
    def is_hashed(self) -> bool:
        """The accepted value is a keyed hash."""
        return self.pii in HASHED_CLASSES

    @property
    def is_amount(self) -> bool:
        """Money column: counted in the control totals."""
        return self.name == "amount" or self.name.endswith("_amount")

    @property
    def digits(self) -> tuple[int, int] | None:
        """Precision and scale of a decimal type, else None."""
        match = TYPE.match(self.data_type)
        return (int(match[2]), int(match[3])) if match and match[2] else None

    @property
    def decimals(self) -> int | None:
        """Decimal places of a decimal type, else None."""
        return self.digits[1] if self.digits else None

    @property
    def accepted_name(self) -> str:
        """Name in accepted data: `<name>_hash` where the value is keyed-hashed."""
        return f"{self.name}_hash" if self.is_hashed else self.name

    @property
    def accepted_type(self) -> str:
        """SQL type in accepted data."""
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
    description: str = ""
    #: Column that orders the versions of a row (upsert); without it the later delivery wins.
    version_column: str | None = None
    #: Boolean column by which a delivery says that a row is gone (upsert).
    delete_column: str | None = None
    drift: str = "refuse"
    #: A delivery without rows is no finding, as with erasure requests.
    may_be_empty: bool = False

    @property
    def full_name(self) -> str:
        """`source.table`."""
        return f"{self.source}.{self.name}"

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Names of the columns that every row must fill."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def amount_columns(self) -> tuple[str, ...]:
        """Names of the money columns."""
        return tuple(column.name for column in self.columns if column.is_amount)


@dataclass(frozen=True)
class Contract:
    """All raw tables, by source and name.

    Args:
        tables: The tables of all sources.
        versions: The contract version of each source.
        descriptions: What each source is.
    """

    tables: tuple[Table, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)

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

    def only(self, sources: set[str]) -> Contract:
        """The part of the contract that is about some of the sources."""
        return Contract(
            tuple(table for table in self.tables if table.source in sources),
            {name: text for name, text in self.versions.items() if name in sources},
            {name: text for name, text in self.descriptions.items() if name in sources},
        )
