"""What changed between two contracts, whom it breaks, and which version it needs.

A change is breaking when a file that was accepted before may be refused or quarantined, or when
accepted data loses or changes something that a reader relied on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from finview.contract.model import Column, Contract, Table

Bump = Literal["none", "patch", "minor", "major"]
_BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
#: Drift policies from the strictest to the most generous to what is delivered.
_GENEROSITY = {"refuse": 0, "ignore": 1, "evolve": 2}


@dataclass(frozen=True)
class Change:
    """One change.

    Args:
        where: `source`, `source.table` or `source.table.column`.
        what: What is different, old before new.
        bump: The part of the version that must rise: major is breaking.
        reason: Why that part.
    """

    where: str
    what: str
    bump: Bump
    reason: str

    @property
    def is_breaking(self) -> bool:
        """Somebody who delivers or reads must act."""
        return self.bump == "major"


@dataclass(frozen=True)
class SourceDiff:
    """The changes of one source between two contracts; a version of None: it is not there."""

    source: str
    old_version: str | None
    new_version: str | None
    changes: tuple[Change, ...]

    @property
    def needed(self) -> Bump:
        """The part of the version that must rise."""
        return max((change.bump for change in self.changes), key=_BUMPS.index, default="none")

    @property
    def is_bumped(self) -> bool:
        """The version rose by what the changes need; a source removed has none to raise."""
        if self.old_version is None:
            return True
        if self.new_version is None:
            return False
        old, new = _numbers(self.old_version), _numbers(self.new_version)
        if self.needed == "none":
            return new >= old
        kept = {"major": 1, "minor": 2, "patch": 3}[self.needed]
        return new[:kept] > old[:kept]


def compare(old: Contract, new: Contract) -> tuple[SourceDiff, ...]:
    """The changes of every source of either contract, in alphabetical order."""
    return tuple(
        SourceDiff(
            source,
            old.versions.get(source),
            new.versions.get(source),
            tuple(_source_changes(source, old, new)),
        )
        for source in sorted({*old.versions, *new.versions})
    )


def _source_changes(source: str, old: Contract, new: Contract) -> Iterator[Change]:
    if source not in old.versions:
        yield Change(source, "source added", "minor", "nobody has to deliver it")
        return
    if source not in new.versions:
        yield Change(source, "source removed", "major", "its files are refused from now on")
        return
    before, after = old.descriptions.get(source, ""), new.descriptions.get(source, "")
    yield from _description(source, before, after)
    tables = {table.name: table for table in old.tables if table.source == source}
    others = {table.name: table for table in new.tables if table.source == source}
    for name in sorted({*tables, *others}):
        where = f"{source}.{name}"
        if name not in tables:
            yield Change(where, "table added", "minor", "nobody has to deliver it")
        elif name not in others:
            yield Change(where, "table removed", "major", "its files are refused from now on")
        else:
            yield from _table_changes(tables[name], others[name])


def _table_changes(old: Table, new: Table) -> Iterator[Change]:
    where = new.full_name
    if set(old.key) != set(new.key):
        what = f"key {_listed(old.key)} -> {_listed(new.key)}"
        yield Change(where, what, "major", "other rows count as the same row")
    for name, before, after, reason in (
        ("load policy", old.load, new.load, "the same files give other rows"),
        ("version_column", old.version_column, new.version_column, "another version may win"),
        ("delete_column", old.delete_column, new.delete_column, "other rows count as deleted"),
        ("business_day", old.business_day, new.business_day, "rows move to other days"),
        ("schema", old.schema, new.schema, "readers find the table elsewhere"),
    ):
        if before != after:
            yield Change(where, f"{name} {before} -> {after}", "major", reason)
    if old.drift != new.drift:
        generous = _GENEROSITY[new.drift] > _GENEROSITY[old.drift]
        yield Change(
            where,
            f"drift {old.drift} -> {new.drift}",
            "minor" if generous else "major",
            "more is taken" if generous else "what was taken or kept before is not any more",
        )
    if old.may_be_empty != new.may_be_empty:
        what = f"may_be_empty {old.may_be_empty} -> {new.may_be_empty}"
        yield Change(where, what, "patch", "only whether an empty table is a finding")
    if old.freshness_days != new.freshness_days:
        what = f"freshness_days {old.freshness_days} -> {new.freshness_days}"
        yield Change(where, what, "patch", "only when a delivery counts as late")
    yield from _description(where, old.description, new.description)
    for name in sorted({*old.by_name, *new.by_name}):
        yield from _column_presence(where, old.by_name.get(name), new.by_name.get(name))


def _column_presence(table: str, old: Column | None, new: Column | None) -> Iterator[Change]:
    if old is None and new is not None:
        where = f"{table}.{new.name}"
        if new.required:
            yield Change(where, "required column added", "major", "files without it are refused")
        else:
            yield Change(where, "optional column added", "minor", "files without it are taken")
    elif new is None and old is not None:
        reason = "files that have it fall under the drift policy, and readers lose it"
        yield Change(f"{table}.{old.name}", "column removed", "major", reason)
    elif old is not None and new is not None:
        yield from _column_changes(f"{table}.{new.name}", old, new)


def _column_changes(where: str, old: Column, new: Column) -> Iterator[Change]:
    if old.data_type != new.data_type:
        widened = _is_wider(old, new)
        yield Change(
            where,
            f"type {old.data_type} -> {new.data_type}",
            "minor" if widened else "major",
            "every value fits" if widened else "values may not fit, and readers see another type",
        )
    if old.required != new.required:
        if new.required:
            reason = "rows without a value are quarantined"
            yield Change(where, "required added", "major", reason)
        else:
            yield Change(where, "required dropped", "minor", "rows without a value are taken")
    if old.pii != new.pii:
        what = f"pii {old.pii} -> {new.pii}"
        yield Change(where, what, "major", "accepted values are made in another way")
    if old.may_be_future != new.may_be_future:
        if new.may_be_future:
            yield Change(where, "may_be_future added", "minor", "more is taken")
        else:
            what = "may_be_future dropped"
            yield Change(where, what, "major", "rows from the future are quarantined")
    yield from _accepted_values(where, old.accepted_values, new.accepted_values)
    yield from _pattern(where, old.pattern, new.pattern)
    yield from _minimum(where, old.minimum, new.minimum)
    yield from _description(where, old.description, new.description)


def _accepted_values(where: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    if set(old) == set(new):
        return
    if not old:
        what = f"accepted_values added: {_listed(new)}"
        yield Change(where, what, "major", "rows with other values are quarantined")
    elif not new:
        yield Change(where, "accepted_values dropped", "minor", "every value is taken")
    else:
        for value in sorted(set(old) - set(new)):
            what = f"accepted value {value!r} removed"
            yield Change(where, what, "major", "rows with it are quarantined")
        for value in sorted(set(new) - set(old)):
            yield Change(where, f"accepted value {value!r} added", "minor", "more is taken")


def _pattern(where: str, old: str | None, new: str | None) -> Iterator[Change]:
    if old == new:
        return
    if new is None:
        yield Change(where, f"pattern {old!r} dropped", "minor", "every value is taken")
    else:
        what = f"pattern {new!r} added" if old is None else f"pattern {old!r} -> {new!r}"
        yield Change(where, what, "major", "rows that do not match it are quarantined")


def _minimum(where: str, old: int | None, new: int | None) -> Iterator[Change]:
    if old == new:
        return
    if new is None or (old is not None and new < old):
        yield Change(where, f"min {old} -> {new}", "minor", "more is taken")
    else:
        yield Change(where, f"min {old} -> {new}", "major", "rows below it are quarantined")


def _description(where: str, old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change(where, "description changed", "patch", "nothing that is delivered or read")


def _is_wider(old: Column, new: Column) -> bool:
    """Every value of the old decimal fits into the new one without rounding."""
    if old.digits is None or new.digits is None:
        return False
    (old_precision, old_scale), (precision, scale) = old.digits, new.digits
    return scale >= old_scale and precision - scale >= old_precision - old_scale


def _listed(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(names) + ")"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
