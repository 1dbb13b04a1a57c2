"""What the fits read from the last build: counts of equal users, nothing of a single one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from finview.engines.reading import warehouse_rows
from finview.settings import Home, Settings
from finview.value.balances import Holdings
from finview.value.counts import Counts, FloatArray, Spends

#: Mean values within 1/50 of a logarithm count as equal.
VALUE_STEPS = 50


@dataclass(frozen=True)
class Purchases:
    """A product line as of the day before the holdout, and the purchases in the holdout.

    `bought` and `squared`: sum of purchases, and of their squares, of the customers of each count.
    """

    product_line: str
    counted_to: date
    counts: Counts
    spends: Spends
    bought: FloatArray
    squared: FloatArray


def purchases(home: Home, settings: Settings) -> list[Purchases]:
    """Every product line that is bought."""
    found = rows(
        home,
        settings,
        "select product_line, counted_to_date, frequency, recency_weeks, age_weeks, count(*), "
        "sum(outcome_purchases), sum(outcome_purchases * outcome_purchases) "
        "from intermediate.int_users_rfm_counts where is_holdout "
        "group by product_line, counted_to_date, frequency, recency_weeks, age_weeks "
        "order by product_line, frequency, recency_weeks, age_weeks",
    )
    # The mean of a step is exact, so that steps do not bend the values.
    values = rows(
        home,
        settings,
        "with stepped as (select product_line, frequency, mean_repeat_revenue_amount, "
        f"floor(ln(cast(mean_repeat_revenue_amount as double)) * {VALUE_STEPS}) as step "
        "from intermediate.int_users_rfm_counts "
        "where is_holdout and frequency > 0 and mean_repeat_revenue_amount > 0) "
        "select product_line, frequency, sum(mean_repeat_revenue_amount), count(*) "
        "from stepped group by product_line, frequency, step "
        "order by product_line, frequency, step",
    )
    result = []
    for line in sorted({row[0] for row in found}):
        mine = [row for row in found if row[0] == line]
        result.append(
            Purchases(
                line,
                mine[0][1],
                Counts.of(row[2:6] for row in mine),
                Spends.of((x, float(total) / n, n) for name, x, total, n in values if name == line),
                np.array([row[6] for row in mine], dtype=np.float64),
                np.array([row[7] for row in mine], dtype=np.float64),
            )
        )
    return result


@dataclass(frozen=True)
class Balances:
    """A product line that is held: months before the holdout, and those in it."""

    product_line: str
    counted_to: date
    before: Holdings
    after: Holdings


def balances(home: Home, settings: Settings, counted_to: date) -> list[Balances]:
    """Every product line that is held; a month is before the holdout if its next one is too.

    The month that the holdout begins in belongs to it.
    """
    first = counted_to.year * 12 + counted_to.month
    found = rows(
        home,
        settings,
        "select product_line, month_date, tenure_months, is_held_next_month, count(*) "
        "from intermediate.int_users_balance_months "
        "where is_beginning_known and is_held_next_month is not null "
        "group by product_line, month_date, tenure_months, is_held_next_month "
        "order by product_line, month_date, tenure_months, is_held_next_month",
    )
    result = []
    for line in sorted({row[0] for row in found}):
        sides: dict[bool, dict[int, list[float]]] = {False: {}, True: {}}
        for name, month, tenure, is_held, count in found:
            if name == line:
                is_after = month.year * 12 + month.month + 1 >= first
                sides[is_after].setdefault(tenure, [0.0, 0.0])[0 if is_held else 1] += count
        result.append(Balances(line, counted_to, _holdings(sides[False]), _holdings(sides[True])))
    return result


def _holdings(side: dict[int, list[float]]) -> Holdings:
    table = np.array(
        [[tenure, *counts] for tenure, counts in sorted(side.items())], dtype=np.float64
    ).reshape(-1, 3)
    return Holdings(table[:, 0], table[:, 1], table[:, 2])


def rows(home: Home, settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """Rows of the home's warehouse.

    Raises:
        FinviewError: there is none, it is in use, or it was built before value was part of it.
    """
    return warehouse_rows(
        home,
        settings,
        query,
        missing="the last build has no counts of users",
        command="finview value fit",
    )
