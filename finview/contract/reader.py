"""Reads the dbt source files and finds everything without which they are no contract."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from finview.contract.model import (
    CLEANED_CLASSES,
    DEFAULT_FRESHNESS_DAYS,
    DRIFT_POLICIES,
    HASHED_CLASSES,
    LOAD_POLICIES,
    TYPE,
    Column,
    Contract,
    Problem,
    Table,
)
from finview.errors import FinviewError

_COLUMN_META = {"required", "accepted_values", "pattern", "min", "pii", "may_be_future"}
_TABLE_META = {
    "key",
    "load",
    "business_day",
    "freshness_days",
    "version_column",
    "delete_column",
    "drift",
    "may_be_empty",
}
_SOURCE_META = {"version"}
_UPSERT_SETTINGS = {
    "version_column": ("timestamp", "date", "bigint"),
    "delete_column": ("boolean",),
}
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def load_contract(project: Path) -> Contract:
    """Read every `models/staging/*/_*__sources.yml` of a project.

    Raises:
        FinviewError: a table or column breaks the rules of `docs/contract.md`.
    """
    contract, problems = read_contract(project)
    if problems:
        first, others = problems[0], len(problems) - 1
        raise FinviewError(
            f"{first.where}: {first.message}" + (f" (and {others} more)" if others else ""),
            "`finview contract lint` lists every problem; docs/contract.md explains the keys",
        )
    return contract


def read_contract(project: Path) -> tuple[Contract, tuple[Problem, ...]]:
    """The contract as far as it can be read, and every problem found on the way.

    Raises:
        FinviewError: there are no source files at all.
    """
    files = sorted((project / "models" / "staging").glob("*/_*__sources.yml"))
    reader = _Reader()
    for path in files:
        reader.file(path)
    if not reader.tables and not reader.problems:
        raise FinviewError(f"no source tables under {project}/models/staging", "restore the files")
    tables = sorted(reader.tables, key=lambda table: table.full_name)
    return (
        Contract(tuple(tables), reader.versions, reader.descriptions),
        tuple(reader.problems),
    )


class _Reader:
    """Gathers tables and problems over all files."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.versions: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}
        self.problems: list[Problem] = []

    def file(self, path: Path) -> None:
        """Read one file of sources."""
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self._note(path.name, "yaml", f"is not valid YAML ({type(error).__name__})")
            return
        sources = document.get("sources") if isinstance(document, dict) else None
        for source in self._named(sources, path.name):
            name = source["name"]
            if name in self.versions:
                self._note(name, "declared_twice", "the source is declared twice")
            self.versions[name] = self._version(source, path)
            self.descriptions[name] = _text(source)
            for raw in self._named(source.get("tables"), name):
                self.tables.append(self._table(source, raw))

    def _note(self, where: str, rule: str, message: str) -> None:
        self.problems.append(Problem(where, rule, message))

    def _named(self, items: object, where: str) -> list[dict[str, Any]]:
        """The mappings with a name in a list; whatever else is there is a problem."""
        if not isinstance(items, list) or not items:
            self._note(where, "structure", "holds no list where sources, tables or columns belong")
            return []
        good = [
            item
            for item in items
            if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]
        ]
        if len(good) < len(items):
            self._note(where, "structure", f"{len(items) - len(good)} entries have no name")
        return good

    def _meta(self, raw: Mapping[str, Any], where: str, known: set[str]) -> dict[str, Any]:
        config = raw.get("config") or {}
        meta = config.get("meta", {}) if isinstance(config, dict) else None
        if not isinstance(meta, dict):
            self._note(where, "structure", "config.meta is no mapping")
            return {}
        if unknown := sorted(map(str, set(meta) - known)):
            self._note(where, "unknown_meta", f"unknown meta {unknown}")
        return meta

    def _choice(self, value: object, known: tuple[str, ...], where: str, name: str) -> str:
        if value not in known:
            self._note(where, name, f"{name} {value!r} must be one of: {', '.join(known)}")
            return known[0]
        return str(value)

    def _version(self, source: Mapping[str, Any], path: Path) -> str:
        meta = self._meta(source, source["name"], _SOURCE_META)
        version = str(meta.get("version", ""))
        if not _VERSION.fullmatch(version):
            self._note(
                source["name"],
                "version",
                f"{path.name} needs meta {{version: major.minor.patch}}, not {version!r}",
            )
        return version

    def _table(self, source: Mapping[str, Any], raw: Mapping[str, Any]) -> Table:
        where = f"{source['name']}.{raw['name']}"
        meta = self._meta(raw, where, _TABLE_META)
        columns = tuple(
            self._column(column, f"{where}.{column['name']}")
            for column in self._named(raw.get("columns"), where)
        )
        if any(
            (table.source, table.name) == (source["name"], raw["name"]) for table in self.tables
        ):
            self._note(where, "declared_twice", "the table is declared twice")
        for name in sorted(_repeated(column.name for column in columns)):
            self._note(f"{where}.{name}", "declared_twice", "the column is declared twice")
        by_name = {column.name: column for column in columns}
        key = tuple(map(str, meta.get("key") or ()))
        if not key or not set(key) <= {column.name for column in columns if column.required}:
            self._note(where, "key", f"key {list(key)} must name required columns")
        business_day = meta.get("business_day")
        if business_day is not None and (
            business_day not in by_name
            or by_name[business_day].data_type not in ("date", "timestamp")
        ):
            self._note(
                where, "business_day", f"business_day {business_day!r} is no column of dates"
            )
        load = self._choice(meta.get("load"), LOAD_POLICIES, where, "load")
        for setting, kinds in _UPSERT_SETTINGS.items():
            named = meta.get(setting)
            if named is not None and (
                load != "upsert" or named not in by_name or by_name[named].data_type not in kinds
            ):
                self._note(
                    where,
                    setting,
                    f"{setting} {named!r} must be a column of type {' or '.join(kinds)} of an "
                    "upsert table",
                )
        freshness = meta.get("freshness_days", DEFAULT_FRESHNESS_DAYS)
        if type(freshness) is not int or freshness < 1:
            self._note(where, "freshness_days", f"freshness_days {freshness!r} is no day count")
            freshness = DEFAULT_FRESHNESS_DAYS
        return Table(
            source=source["name"],
            name=raw["name"],
            columns=columns,
            key=key,
            load=load,
            business_day=business_day,
            freshness_days=freshness,
            schema=str(source.get("schema") or ""),
            description=_text(raw),
            version_column=meta.get("version_column"),
            delete_column=meta.get("delete_column"),
            drift=self._choice(meta.get("drift", "refuse"), DRIFT_POLICIES, where, "drift"),
            may_be_empty=bool(meta.get("may_be_empty", False)),
        )

    def _column(self, raw: Mapping[str, Any], where: str) -> Column:
        meta = self._meta(raw, where, _COLUMN_META)
        kind = str(raw.get("data_type"))
        if not TYPE.match(kind):
            self._note(
                where,
                "data_type",
                f"data_type {kind!r}: use varchar, bigint, date, timestamp, boolean or "
                "decimal(p,s)",
            )
        pii = meta.get("pii")
        if pii is not None:
            pii = self._choice(pii, HASHED_CLASSES + CLEANED_CLASSES, where, "pii")
            if kind != "varchar":
                self._note(where, "pii", "personal data must be varchar")
        minimum = meta.get("min")
        if minimum is not None and type(minimum) is not int:
            self._note(where, "min", f"min {minimum!r} must be a whole number")
            minimum = None
        return Column(
            name=raw["name"],
            data_type=kind,
            required=bool(meta.get("required", False)),
            accepted_values=tuple(str(value) for value in meta.get("accepted_values") or ()),
            pattern=meta.get("pattern"),
            minimum=minimum,
            pii=pii,
            may_be_future=bool(meta.get("may_be_future", False)),
            description=_text(raw),
        )


def _text(raw: Mapping[str, Any]) -> str:
    return " ".join(str(raw.get("description") or "").split())


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
