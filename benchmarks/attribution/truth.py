"""How close each attribution model comes to what the channels truly caused, on simulated data.

    .venv/bin/python benchmarks/attribution/truth.py HOME

HOME is a built home with the simulator's `truth/` beside its `landing/`. Compares, channel by
channel, what a model credits with what the channel caused (people who would not have come without
it, seed of the simulator), for registrations of the window and for their first orders. Prints a
table: Spearman's rank correlation, credited over caused, and the mean absolute error of a
channel's share of the total in percentage points.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from scipy.stats import spearmanr

MODELS = (
    "last",
    "first",
    "last_non_direct",
    "linear",
    "position",
    "time_decay",
    "markov",
    "shapley",
)
#: Goal -> column of the truth. First orders of users who registered before the window are left out.
GOALS = {
    "registration": ("incremental_registrations", "conversion_kind = 'registration'"),
    "first_order": ("incremental_buyers", "is_first_order"),
}


@dataclass(frozen=True)
class Score:
    """A model against the truth; `share_error` in percentage points."""

    goal: str
    model: str
    rank_correlation: float
    credited_over_caused: float
    share_error: float


def score(
    goal: str, model: str, credited: Mapping[str, float], caused: Mapping[str, float]
) -> Score:
    """Compare over the channels of the truth; one without credit counts as 0."""
    channels = sorted(caused)
    ours = [credited.get(channel, 0.0) for channel in channels]
    true = [caused[channel] for channel in channels]
    error = sum(abs(a / sum(ours) - b / sum(true)) for a, b in zip(ours, true, strict=True)) / len(
        channels
    )
    correlation = float(spearmanr(ours, true).statistic)
    return Score(goal, model, correlation, sum(ours) / sum(true), 100 * error)


def scores(warehouse: Path, truth: Path) -> list[Score]:
    """Every goal and model of a home; what came by itself (organic) is nobody's credit."""
    found = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        effects = f"read_parquet('{truth / 'channel_effects.parquet'}')"
        begin = connection.execute(
            "select min(touch_date) from mart.fct_touch where touch_kind = 'click'"
        ).fetchall()
        for goal, (column, condition) in GOALS.items():
            caused = dict(
                connection.execute(
                    f"select channel_code, cast({column} as double) from {effects} "
                    "where channel_code <> 'organic'"
                ).fetchall()
            )
            for model in MODELS:
                credited = dict(
                    connection.execute(
                        f"select a.channel_code, cast(sum(a.{model}_share) as double) "
                        "from mart.fct_attribution as a join mart.dim_user as u using (user_key) "
                        f"where {condition} and u.registration_date >= ? group by 1 "
                        "having sum(1) is not null",
                        [begin[0][0]],
                    ).fetchall()
                )
                if any(value is None for value in credited.values()):
                    continue
                found.append(score(goal, model, credited, caused))
    return found


def table(found: Sequence[Score]) -> str:
    """As Markdown."""
    lines = [
        "| goal | model | rank correlation | credited over caused | error of a share (pp) |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {one.goal} | {one.model} | {one.rank_correlation:.3f} | "
        f"{one.credited_over_caused:.2f} | {one.share_error:.2f} |"
        for one in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table of a home."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("home", type=Path)
    root = parser.parse_args().home
    print(table(scores(root / "warehouse" / "finview.duckdb", root / "truth")))


if __name__ == "__main__":
    main()
