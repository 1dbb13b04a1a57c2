"""Commands on what users are worth: value fit."""

from __future__ import annotations

import click

from finview.cli.output import Group, console, home_option, print_table
from finview.settings import Home


@click.group(cls=Group, short_help="What users are worth: fit the models of value.")
def value() -> None:
    """Fit what SQL scores users with, and credits channels. See docs/value.md, attribution.md."""


@value.command(short_help="Learn value, churn and attribution from the last build.")
@home_option
def fit(home: Home) -> None:
    """Train purchases, their worth and kept balances on the time before the holdout, judge on it.

    So are churn, chains of channels and the response to spend. Each is promoted only if it beats a
    plain mean and the version in use; a promoted one counts from the next `finview run` on.

    \b
    Example:
      finview run && finview value fit && finview run
    """
    from finview.value.challenger import NAME as CHALLENGER
    from finview.value.challenger import NOTABLE_LEAD, lead
    from finview.value.fit import fit as fitting

    found = fitting(home)
    lines = []
    for judged in found.judged:
        rivals = [(found.version, judged.figures), ("plain mean", judged.baseline)]
        if judged.previous:
            rivals.append((f"{judged.previous[0]} (in use)", judged.previous[1]))
        if judged.challenger:
            rivals.append((f"{CHALLENGER} (challenger)", judged.challenger))
        for name, figures in rivals:
            told = ", ".join(f"{label} {figure:.4f}" for label, figure in figures.items())
            lines.append((judged.family, judged.product_line or "all", name, told))
    print_table("on the holdout", ("model", "product line", "version", "figures"), lines)
    for judged in found.judged:
        verdict = f"refused: {judged.reason}" if judged.reason else "promoted"
        console.print(f"{judged.family} of {judged.product_line or 'all'}: {verdict}", markup=False)
        if judged.challenger and (ahead := lead(judged.figures, judged.challenger)) > NOTABLE_LEAD:
            console.print(
                f"  {CHALLENGER} has a {100 * ahead:.0f} % lower error: a feature or a level is"
                " missing (churn_levels in dbt_project.yml)",
                markup=False,
            )
    console.print("what is promoted counts from the next finview run on", markup=False)
