"""What a fit is judged by, and the rows that tell its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from finview.value.challenger import NAME as CHALLENGER
from finview.value.parameters import PROMOTED, REFUSED, Parameter, decimal

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Judged:
    """A family and product line with its figures on the holdout; the first figure decides."""

    family: str
    product_line: str | None
    parameters: Figures
    figures: Figures
    baseline: Figures
    previous: tuple[str, Figures] | None
    reason: str
    #: Figures of a model that only measures what is left to gain; empty where there is none.
    challenger: Figures = field(default_factory=dict)


def reason_to_refuse(
    figures: Figures, baseline: Figures, previous: tuple[str, Figures] | None, rival: str
) -> str:
    """Why it is refused; the first figure is an error, lower is better."""
    deciding = next(iter(figures))
    for label, value in figures.items():
        if not isfinite(value):
            return f"its {label.replace('_', ' ')} is not a number: the counts admit no such model"
    if figures[deciding] >= baseline[deciding]:
        return f"no better than {rival}"
    if previous and figures[deciding] >= previous[1][deciding]:
        return f"no better than {previous[0]}, which stays in use"
    return ""


def parameter_rows(judged: Judged, trained_to: str) -> Iterator[Parameter]:
    """Its parameters, figures, window and verdict as they are stored."""
    family, line = judged.family, judged.product_line
    for label, value in judged.parameters.items():
        yield Parameter(family, line, "parameter", label, decimal(value))
    rivals = [("version", judged.figures), ("baseline", judged.baseline)]
    if judged.previous:
        rivals.append((f"previous {judged.previous[0]}", judged.previous[1]))
    if judged.challenger:
        rivals.append((f"challenger {CHALLENGER}", judged.challenger))
    for who, figures in rivals:
        for label, value in figures.items():
            yield Parameter(family, line, "quality", label, decimal(value), note=who)
    yield Parameter(family, line, "window", "trained_to", note=trained_to)
    verdict = REFUSED if judged.reason else PROMOTED
    yield Parameter(family, line, "verdict", verdict, note=judged.reason or None)
