"""The structural rules of a contract beyond what makes it readable; every problem is listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from finview.contract.model import TYPE, Column, Contract, Problem, Table
from finview.contract.reader import read_contract

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
#: Names of identifiers, whole or as the end of a name, with the class they must carry.
IDENTIFIERS = {
    "phone": "phone",
    "mobile": "phone",
    "id_card": "id_card",
    "email": "email",
    "device_id": "device",
    "platform_user_id": "platform_user",
    "open_id": "open_id",
    "union_id": "union_id",
    "external_user_id": "wecom_user",
    "member_number": "member_number",
}
#: Ends of names, with the type that goes with them.
_MOMENTS = {"_at": "timestamp", "_date": "date"}

TableRule = Callable[[Table], Iterator[tuple[str, str]]]
ColumnRule = Callable[[Column], Iterator[str]]


def lint(project: Path) -> tuple[Contract, tuple[Problem, ...]]:
    """The contract of a project as far as it can be read, and everything wrong with it.

    Raises:
        FinviewError: there are no source files at all.
    """
    contract, problems = read_contract(project)
    return contract, (*problems, *lint_contract(contract))


def lint_contract(contract: Contract) -> tuple[Problem, ...]:
    """The problems of a contract that could be read: names, types, money, personal data."""
    found = []
    for source in contract.versions:
        if not _SNAKE_CASE.fullmatch(source):
            found.append(Problem(source, "name", "is not snake_case"))
        if not contract.descriptions.get(source):
            found.append(Problem(source, "description", "the source has no description"))
    for table in contract.tables:
        for rule, table_rule in TABLE_RULES.items():
            for suffix, message in table_rule(table):
                found.append(Problem(table.full_name + suffix, rule, message))
        for column in table.columns:
            for rule, column_rule in COLUMN_RULES.items():
                for message in column_rule(column):
                    found.append(Problem(f"{table.full_name}.{column.name}", rule, message))
    return tuple(found)


def _table_name(table: Table) -> Iterator[tuple[str, str]]:
    if not _SNAKE_CASE.fullmatch(table.name):
        yield "", "is not snake_case"


def _table_description(table: Table) -> Iterator[tuple[str, str]]:
    if not table.description:
        yield "", "the table has no description"


def _schema(table: Table) -> Iterator[tuple[str, str]]:
    if table.schema != f"raw_{table.source}":
        yield "", f"schema {table.schema!r} must be raw_{table.source}"


def _currency(table: Table) -> Iterator[tuple[str, str]]:
    currency = table.by_name.get("currency_code")
    for name in table.amount_columns:
        if currency is None:
            yield f".{name}", "money needs a column currency_code in its table"
        elif table.by_name[name].required and not currency.required:
            yield f".{name}", "is required, so currency_code must be required too"


def _accepted_names(table: Table) -> Iterator[tuple[str, str]]:
    names = [column.accepted_name for column in table.columns]
    for column in table.columns:
        if column.accepted_name != column.name and names.count(column.accepted_name) > 1:
            yield f".{column.name}", f"its hash and a column share the name {column.accepted_name}"


def _column_name(column: Column) -> Iterator[str]:
    if not _SNAKE_CASE.fullmatch(column.name):
        yield "is not snake_case"


def _moment(column: Column) -> Iterator[str]:
    if not TYPE.match(column.data_type):
        return
    for suffix, kind in _MOMENTS.items():
        if column.name.endswith(suffix):
            if column.data_type != kind:
                yield f"a name that ends in {suffix} is a {kind}, not {column.data_type}"
            return
    for suffix, kind in _MOMENTS.items():
        if column.data_type == kind:
            yield f"the name of a {kind} ends in {suffix}"


def _money(column: Column) -> Iterator[str]:
    if column.is_amount and TYPE.match(column.data_type) and column.digits != (18, 2):
        yield f"money is decimal(18,2), not {column.data_type}"


def _identifier(column: Column) -> Iterator[str]:
    for name, pii in IDENTIFIERS.items():
        if column.name == name or column.name.endswith(f"_{name}"):
            if column.pii != pii:
                yield f"an identifier of this name needs pii {pii}, not {column.pii}"
            return


def _rule_fits_type(column: Column) -> Iterator[str]:
    is_number = column.data_type == "bigint" or column.digits is not None
    if column.minimum is not None and not is_number:
        yield f"min needs a number, not {column.data_type}"
    if column.may_be_future and column.data_type not in _MOMENTS.values():
        yield f"may_be_future needs a date or timestamp, not {column.data_type}"
    for rule, value in (("accepted_values", column.accepted_values), ("pattern", column.pattern)):
        if value and column.data_type != "varchar":
            yield f"{rule} needs varchar, not {column.data_type}"


def _accepted_values(column: Column) -> Iterator[str]:
    values = column.accepted_values
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"accepted value {value!r} stands twice"
    if any(not value.strip() or value != value.strip() for value in values):
        yield "an accepted value is empty or has spaces around it, and so never matches"


def _pattern(column: Column) -> Iterator[str]:
    if column.pattern is None:
        return
    try:
        re.compile(column.pattern)
    except re.error as error:
        yield f"pattern {column.pattern!r} is no regular expression ({error})"


TABLE_RULES: dict[str, TableRule] = {
    "name": _table_name,
    "description": _table_description,
    "schema": _schema,
    "currency": _currency,
    "accepted_name": _accepted_names,
}
COLUMN_RULES: dict[str, ColumnRule] = {
    "name": _column_name,
    "moment": _moment,
    "money": _money,
    "identifier": _identifier,
    "rule_fits_type": _rule_fits_type,
    "accepted_values": _accepted_values,
    "pattern": _pattern,
}
