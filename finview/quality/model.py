"""What a suite declares and what a check found: plain data, no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]
#: `absent`: skipped, because the input of the table was never delivered.
#: `error`: the expectation raised or was not evaluated; always critical.
Status = Literal["passed", "failed", "error", "absent"]

#: Failing keys kept per check; the count of all is in `observed`.
MAX_FAILING_KEYS = 20


@dataclass(frozen=True)
class Expectation:
    """One declared rule.

    Args:
        name: Unique in its suite.
        type: Great Expectations type in snake case, one of `suites.TYPES`.
        kwargs: Its arguments.
        severity: A failed `critical` stops the run, a failed `warning` is only shown.
        note: Why this bound, with the date it was set.
        owner: Team that answers for it.
        reports: Columns of a rows query that may be shown; the suite's keys if empty.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    note: str
    owner: str
    reports: tuple[str, ...] = ()

    @property
    def column(self) -> str | None:
        """Column that the rule is about, None for rules on the whole table."""
        column = self.kwargs.get("column", self.kwargs.get("column_A"))
        return None if column is None else str(column)


@dataclass(frozen=True)
class Suite:
    """The rules of one relation.

    Args:
        name: Shown with every result.
        relation: `schema.table` in the file that is checked.
        keys: Columns that name a failing row; never personal ones.
        expectations: At least one.
        may_be_empty_without: Inputs (`source.table`, `source.table.column`, `model.family`); while
            all of them are absent, the relation may be empty.
    """

    name: str
    relation: str
    keys: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    may_be_empty_without: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """What one declared expectation found.

    Args:
        evaluated: Rows of the checked relation; 0 when it was not evaluated.
        observed: Aggregate or count, or the reason of an error or a skip; never a row's value.
        failing_keys: At most `MAX_FAILING_KEYS`, each as `column=value, ...`, sorted.
    """

    suite: str
    expectation: str
    column: str | None
    severity: Severity
    success: bool
    evaluated: int
    observed: str
    failing_keys: tuple[str, ...] = ()
    note: str = ""
    owner: str = ""
    status: Status = field(default="passed")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for the build record."""
        return {**asdict(self), "failing_keys": list(self.failing_keys)}


def passed(results: Sequence[CheckResult]) -> bool:
    """True if something was evaluated and every critical check succeeded.

    An expectation that raised or was never evaluated is in `results` as a critical failure, so a
    number evaluated that differs from the number declared is never a pass.
    """
    evaluated = [result for result in results if result.status != "absent"]
    return bool(evaluated) and all(
        result.success for result in evaluated if result.severity == "critical"
    )


def result_of(
    suite: Suite,
    expectation: Expectation,
    status: Status,
    *,
    evaluated: int = 0,
    observed: str = "",
    failing_keys: Sequence[str] = (),
) -> CheckResult:
    """Result of one declared expectation; an error is critical whatever was declared."""
    return CheckResult(
        suite=suite.name,
        expectation=expectation.name,
        column=expectation.column,
        severity="critical" if status == "error" else expectation.severity,
        success=status in ("passed", "absent"),
        evaluated=evaluated,
        observed=observed,
        failing_keys=tuple(sorted(failing_keys)[:MAX_FAILING_KEYS]),
        note=expectation.note,
        owner=expectation.owner,
        status=status,
    )
