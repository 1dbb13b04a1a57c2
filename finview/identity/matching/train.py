"""Training weights with Splink: u, m and the prior of a set of comparisons.

u comes from random pairs. m comes from pairs with the same label where a label is known (devices
with one owner each), else from expectation maximisation under several blocking rules (the FEBRL
benchmark). With labels the prior is the share of matches among candidate pairs, and u of what
random pairs cannot show (how crowded the network is that a pair shares) comes from candidates of
two labels: expectation maximisation found two sorts of networks there instead of two sorts of
pairs. Without labels the prior is that of any two records, from rules that hardly ever err.

The same records give the same weights: one thread, fixed seed, records in one order, nine places.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import log2
from typing import Any

import duckdb

from finview.identity.matching.comparisons import COLUMN, UNKNOWN, Comparison
from finview.identity.matching.parameters import decimal

SEED = 20250630
#: Enough for rates of one in a thousand; the next decimal would cost ten times as much.
MOST_RANDOM_PAIRS = 1_500_000


@dataclass(frozen=True)
class Plan:
    """What to train on. Conditions are SQL on `l` and `r`.

    Args:
        comparisons: What is compared.
        blocking: A pair is a candidate if one of these holds.
        label: Column that is equal for records of one entity, where known.
        em_blocking: Rules for expectation maximisation; without labels.
        certain: Rules that hardly ever join strangers, for the prior; without labels.
        certain_recall: Share of the true pairs that `certain` finds, as guessed.
        identifier: Key of the records.
        least_probability: No level is impossible: what training did not see gets this much.
    """

    comparisons: tuple[Comparison, ...]
    blocking: tuple[str, ...]
    label: str | None = None
    em_blocking: tuple[str, ...] = ()
    certain: tuple[str, ...] = ()
    certain_recall: float = 0.8
    identifier: str = "record_id"
    least_probability: float = 0.0005


@dataclass(frozen=True)
class Term:
    """What one level of one comparison says."""

    label: str
    m_probability: Decimal
    u_probability: Decimal

    @property
    def weight(self) -> Decimal:
        """Bits in favour of a match: log2(m / u)."""
        return decimal(log2(self.m_probability / self.u_probability))


@dataclass(frozen=True)
class Model:
    """Trained weights: the prior probability of a candidate pair, and a term per level."""

    prior: Decimal
    terms: Mapping[tuple[str, int], Term] = field(default_factory=dict)

    def weight(self, levels: Mapping[str, int]) -> Decimal:
        """Bits of all comparisons of a pair, without the prior."""
        known = (self.terms.get(item) for item in levels.items())
        return sum((term.weight for term in known if term), Decimal(0))


def bits(probability: float | Decimal) -> float:
    """Log odds of a probability, in bits."""
    return log2(float(probability) / (1 - float(probability)))


def train(connection: duckdb.DuckDBPyConnection, table: str, plan: Plan) -> Model:
    """Weights for the records of `table`; leaves tables of Splink in the connection."""
    from splink import DuckDBAPI, Linker

    connection.execute("set threads = 1")
    # By key: random pairs are drawn by position.
    ordered = connection.sql(f"select * from {table} order by {plan.identifier}").to_arrow_table()
    interface = DuckDBAPI(connection)
    settings: dict[str, Any] = {
        "link_type": "dedupe_only",
        "unique_id_column_name": plan.identifier,
        "blocking_rules_to_generate_predictions": list(plan.blocking),
        "comparisons": [comparison.for_splink() for comparison in plan.comparisons],
    }
    linker = Linker(interface.register(ordered), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=MOST_RANDOM_PAIRS, seed=SEED)
    if not plan.label:
        linker.training.estimate_probability_two_random_records_match(
            list(plan.certain), recall=plan.certain_recall
        )
        for rule in plan.em_blocking:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        return _model(linker.misc.save_model_to_json(), plan)
    linker.training.estimate_m_from_label_column(plan.label)
    return _with_block_terms(
        connection, table, plan, _model(linker.misc.save_model_to_json(), plan)
    )


def pairs_sql(table: str, plan: Plan, where: str = "true") -> str:
    """Query of candidate pairs, each once: both keys, both labels (if any), a level each.

    Args:
        table: The records.
        plan: Its blocking makes the candidates.
        where: A further condition on `l` and `r`.
    """
    keys = [plan.identifier, *([plan.label] if plan.label else [])]
    used = sorted(set(COLUMN.findall(" ".join(item.sql for item in plan.comparisons))) - set(keys))
    both = ", ".join(
        f"{side}.{column} as {column}_{side}" for side in "lr" for column in (*keys, *used)
    )
    kept = ", ".join(f"{key}_{side}" for side in "lr" for key in keys)
    levels = ", ".join(f"{item.sql} as {item.name}_level" for item in plan.comparisons)
    # One query per rule, each pair with the first rule that finds it: a hash join each.
    rules = []
    for at, rule in enumerate(plan.blocking):
        earlier = "".join(f" and not coalesce({before}, false)" for before in plan.blocking[:at])
        rules.append(
            f"select {both} from {table} as l inner join {table} as r "
            f"on {rule} and l.{plan.identifier} < r.{plan.identifier} and ({where}){earlier}"
        )
    return f"select {kept}, {levels} from ({' union all '.join(rules)})"


def _with_block_terms(
    connection: duckdb.DuckDBPyConnection, table: str, plan: Plan, model: Model
) -> Model:
    """The model with the prior of candidates, and with terms of the block as labels show them.

    One pair is added to each level, so that a level few pairs have says little; one that no match
    has is never evidence for a match.
    """
    query = f"select *, {plan.label}_l = {plan.label}_r as is_same from ({pairs_sql(table, plan)})"
    connection.execute(f"create or replace temp table candidates as {query}")
    terms: dict[tuple[str, int], Term] = {}
    for comparison in plan.comparisons:
        found = connection.execute(
            f"select {comparison.name}_level, count(*) filter (is_same), "
            "count(*) filter (not is_same) from candidates group by all"
        ).fetchall()
        counts = {level: (same, other) for level, same, other in found if level != UNKNOWN}
        matches, strangers = (sum(count[side] for count in counts.values()) for side in (0, 1))
        levels = len(comparison.labels)
        for level, label in comparison.labels.items():
            trained = model.terms[comparison.name, level]
            agreeing, chance = counts.get(level, (0, 0))
            m_probability = _smoothed(float(trained.m_probability) * matches, matches, levels)
            u_probability = trained.u_probability
            if comparison.of_block:
                u_probability = _smoothed(chance, strangers, levels)
            if not agreeing:
                u_probability = max(m_probability, u_probability)
            terms[comparison.name, level] = Term(label, m_probability, u_probability)
    same, pairs = connection.execute(
        "select count(*) filter (is_same), count(*) from candidates"
    ).fetchall()[0]
    return Model(_smoothed(same, pairs, 2), terms)


def _smoothed(count: float, total: int, levels: int) -> Decimal:
    return decimal((count + 1) / (total + levels))


def _model(trained: Mapping[str, Any], plan: Plan) -> Model:
    terms: dict[tuple[str, int], Term] = {}
    for comparison, found in zip(plan.comparisons, trained["comparisons"], strict=True):
        levels = [level for level in found["comparison_levels"] if not level.get("is_null_level")]
        numbers = [level.level for level in comparison.levels] + [0]
        for number, level in zip(numbers, levels, strict=True):
            terms[comparison.name, number] = Term(
                comparison.labels[number],
                _bounded(level.get("m_probability"), plan.least_probability),
                _bounded(level.get("u_probability"), plan.least_probability),
            )
    return Model(_bounded(trained["probability_two_random_records_match"], 1e-9), terms)


def _bounded(value: float | None, least: float) -> Decimal:
    """A stored probability; what Splink could not observe has none."""
    return decimal(min(max(value or 0.0, least), 1 - least))
