"""What is compared about two records: named comparisons with levels, conditions in SQL.

A condition uses the columns of both records, `<column>_l` and `<column>_r`. Those of devices stand
in `dbt_project.yml` (variable `match_comparisons`), from which the models make the same SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finview.errors import FinviewError

#: Level of a pair that a comparison can say nothing about; it has no weight.
UNKNOWN = -1
#: A column of one of the two records in a condition.
COLUMN = re.compile(r"\b(\w+)_[lr]\b")


@dataclass(frozen=True)
class Level:
    """One level of agreement; the first level whose condition holds counts."""

    level: int
    label: str
    condition: str


@dataclass(frozen=True)
class Comparison:
    """Levels from the strongest agreement down; `otherwise` labels level 0.

    `of_block`: it is about what candidates share, so that random pairs cannot show it.
    """

    name: str
    levels: tuple[Level, ...]
    otherwise: str = "different"
    unknown: str | None = None
    of_block: bool = False

    @property
    def labels(self) -> dict[int, str]:
        """Label of each level that has a weight."""
        return {level.level: level.label for level in self.levels} | {0: self.otherwise}

    @property
    def sql(self) -> str:
        """Level of a pair: the text that macros/project/match_level.sql makes."""
        unknown = f"when {self.unknown} then {UNKNOWN} " if self.unknown else ""
        cases = " ".join(f"when {level.condition} then {level.level}" for level in self.levels)
        return f"case {unknown}{cases} else 0 end"

    def for_splink(self) -> dict[str, Any]:
        """The comparison as Splink's settings spell it, whose levels are numbered downwards."""
        levels: list[dict[str, Any]] = []
        if self.unknown:
            levels.append({"sql_condition": self.unknown, "is_null_level": True})
        levels += [
            {"sql_condition": level.condition, "label_for_charts": level.label}
            for level in self.levels
        ]
        levels.append({"sql_condition": "ELSE", "label_for_charts": self.otherwise})
        return {"output_column_name": self.name, "comparison_levels": levels}


def device_comparisons(project: Path) -> tuple[Comparison, ...]:
    """The comparisons of devices, as the models use them.

    Raises:
        FinviewError: levels do not count down to 1, or a label is used twice.
    """
    variables = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return tuple(_comparison(item) for item in variables["match_comparisons"])


def _comparison(item: Mapping[str, Any]) -> Comparison:
    levels = tuple(Level(**level) for level in item["levels"])
    comparison = Comparison(
        item["name"],
        levels,
        item.get("otherwise", "different"),
        item.get("unknown"),
        item.get("of_block", False),
    )
    numbers: Sequence[int] = [level.level for level in levels]
    if list(numbers) != list(range(len(levels), 0, -1)) or len(comparison.labels) != len(
        set(comparison.labels.values())
    ):
        raise FinviewError(
            f"match_comparisons: the levels of {comparison.name} must count down to 1, "
            "each with a label of its own",
            "mend dbt_project.yml",
        )
    return comparison
