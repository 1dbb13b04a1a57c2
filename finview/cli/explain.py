"""Command on one user: explain."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import groupby

import click

from finview.cli.output import console, home_option, print_table
from finview.explanation import LANGUAGES, Language, UserExplanation, read_explanation
from finview.settings import Home

_TITLES = {
    "en": ["what", "part of the score", "from"],
    "zh": ["说明", "得分构成", "数据来源"],
}
_SUBJECTS_ZH = {
    "tier": "用户分层",
    "lifecycle": "生命周期",
    "rfm": "RFM",
    "risk_tolerance": "风险承受能力",
    "lifetime_value": "生命周期价值",
    "churn_warning": "流失预警",
    "next_best_scenario": "推荐场景",
}


@click.command(short_help="What is said about a user, and why.")
@click.argument("user_key")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the lines.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@home_option
def explain(home: Home, user_key: str, language: Language, as_json: bool) -> None:
    """Explain USER_KEY out of the published version: tier, scores, warning and offer.

    Each score is shown with its terms, which add up to it, and the raw tables behind them. Which
    accounts and devices a user is made of: finview identity explain.

    \b
    Examples:
      finview explain u_0123456789abcdef0123
      finview explain u_0123456789abcdef0123 --language zh
      finview explain u_0123456789abcdef0123 --json
    """
    found = read_explanation(home, user_key, language)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        _print(found, language)


def _print(found: UserExplanation, language: Language) -> None:
    if found.asked:
        console.print(f"{found.asked} was merged into {found.user_key}", markup=False)
    console.print(f"user {found.user_key}", markup=False)
    for subject, lines in groupby(found.lines, key=lambda line: line.subject):
        title = subject.replace("_", " ")
        if language == "zh":
            title = _SUBJECTS_ZH.get(subject, title)
        rows = [[line.text, _number(line.contribution), line.data_used] for line in lines]
        print_table(title, _TITLES[language], rows)


def _number(value: Decimal | None) -> str:
    """A contribution with its sign, to four decimals; empty where there is none."""
    return "" if value is None else f"{value:+,.4f}"
