"""The warning of users about to leave a second time, with the weights that the home was given."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import yaml

from finview.settings import Home, project_root
from finview.value.churn import BANDS
from finview.value.parameters import PROMOTED, Parameter, append_version
from second_way.facts import Facts
from second_way.periods import ALL, Published, start_of
from second_way.raw import Node

#: Natural logarithm of odds of each level, from 0 up.
WEIGHTS: Mapping[str, tuple[str, ...]] = {
    "days_since_seen": ("-1.1", "-0.7", "-0.2", "0.1", "0.4", "0.9", "1.3", "1.9", "2.6"),
    "active_days_30": ("1.5", "0.8", "0.2", "-0.3", "-0.8", "-1.4", "-1.9"),
    "active_days_60": ("0.6", "0.3", "0.1", "-0.1", "-0.3", "-0.5", "-0.7"),
    "order_count_90": ("0.2", "0.0", "-0.2", "-0.6"),
    "tenure_days": ("0.3", "0.1", "0.0", "-0.1", "-0.2", "-0.3"),
}
INTERCEPT = "-0.9"


def plant_scorecard(home: Home, trained_to: date) -> None:
    """A promoted version with made-up weights, for homes that are too small to learn."""
    terms = [
        Parameter("churn", None, "term", feature, Decimal(weight), level)
        for feature, weights in WEIGHTS.items()
        for level, weight in enumerate(weights)
    ]
    terms += [
        Parameter("churn", None, "band", "score_band", Decimal("0.1"), band)
        for band in range(BANDS)
    ]
    terms += [
        Parameter("churn", None, "term", "intercept", Decimal(INTERCEPT)),
        Parameter("churn", None, "window", "trained_to", note=trained_to.isoformat()),
        Parameter("churn", None, "verdict", PROMOTED),
    ]
    append_version(home, terms)


def churn_accuracy(
    facts: Facts, trained_to: date, scorecard: Iterable[Parameter], out: Published
) -> None:
    """Users called right 30 days ahead, on the last judged day of each month."""
    weights = {(row.label, row.step): row.value for row in scorecard if row.kind == "term"}
    levels = yaml.safe_load((project_root() / "dbt_project.yml").read_text())["vars"][
        "churn_levels"
    ]
    seen, orders = _seen(facts)
    judged: dict[date, date] = {}
    for back in range(30, 121, 30):
        day = facts.raw.as_of - timedelta(days=back)
        if day >= trained_to:
            judged[start_of("month", day)] = max(day, judged.get(start_of("month", day), day))
    for month, day in judged.items():
        calls = []
        for user, registration in facts.registrations.items():
            days = [one for one in seen[user] if day - timedelta(days=90) < one <= day]
            if registration.day > day or not days:
                continue
            features = {
                "days_since_seen": (day - max(days)).days,
                "active_days_30": sum((day - one).days < 30 for one in days),
                "active_days_60": sum(30 <= (day - one).days < 60 for one in days),
                "order_count_90": sum(
                    day - timedelta(days=90) < one <= day for one in orders[user]
                ),
                "tenure_days": (day - registration.day).days,
            }
            score = weights["intercept", None] or Decimal(0)
            for feature, value in features.items():
                score += weights.get((feature, bisect_right(levels[feature], value))) or 0
            left = not any(day < one <= day + timedelta(days=30) for one in seen[user])
            # Half a chance is an even score.
            calls.append((score >= 0, left))
        right, leavers = sum(said == left for said, left in calls), sum(left for _, left in calls)
        most = max(leavers, len(calls) - leavers)
        place = ("month", month)
        out.put_ratio("churn_model_accuracy", (*place, *ALL), right, len(calls), is_mature=True)
        out.put_ratio(
            "churn_model_accuracy",
            (*place, "basis", "majority"),
            most,
            len(calls),
            is_mature=True,
        )


def _seen(facts: Facts) -> tuple[dict[Node, set[date]], dict[Node, list[date]]]:
    seen, orders = defaultdict(set), defaultdict(list)
    for user, days in facts.event_days.items():
        seen[user] |= days
    for order in facts.orders:
        seen[order.user].add(order.day)
        orders[order.user].append(order.day)
    return seen, orders
