"""What customers answer when asked."""

from __future__ import annotations

import json

import numpy as np

from simulator.build import Scene
from simulator.catalogue import INCOME_BANDS, SCENARIOS
from simulator.delivery import Files
from simulator.tables_core import income_bands
from simulator.world import DAY, NEVER, YEAR, Ints, pick, poisson_times
from simulator.writing import coded, moment, table, whole

KINDS = ("nps", "satisfaction", "brand", "profile")
PER_YEAR = (0.25, 0.25, 0.15, 0.15)
ANSWERED, TRUTHFUL = 0.72, 0.92
#: Shares of the scores 0 to 10 at first and two years later: NPS of 32 and 36.
_NPS = np.array(
    [
        [0.01, 0.01, 0.01, 0.02, 0.03, 0.04, 0.07, 0.12, 0.18, 0.26, 0.25],
        [0.01, 0.01, 0.01, 0.02, 0.03, 0.03, 0.06, 0.12, 0.18, 0.27, 0.26],
    ]
)
LABELS = ("differentiator_recall", "core_labels", "knows_your_need", "cheap", "convenient")
_LABEL_SHARES = (0.23, 0.14, 0.21, 0.30, 0.42)
AGE_BANDS = ("18_24", "25_34", "35_44", "45_54", "55_plus")


def surveys(scene: Scene) -> Files:
    """crm.surveys: one file, by time; one in four is not answered."""
    world, people, accounts = scene.world, scene.people, scene.accounts
    rng = world.rng("surveys")
    begin = np.maximum(people.registered_at + 7 * DAY, world.begin)
    end = np.minimum(np.minimum(people.churned_at, accounts.deleted_at[: people.count]), world.end)
    parts = [poisson_times(rng, begin, end, rate / YEAR) for rate in PER_YEAR]
    person = np.concatenate([row for row, _ in parts])
    at = np.concatenate([times for _, times in parts])
    kind = np.repeat(np.arange(len(KINDS)), [len(row) for row, _ in parts])
    order = np.lexsort((kind, person, at))
    person, at, kind = person[order], at[order], kind[order]
    size = len(person)
    answered_at = at + 60 + rng.exponential(DAY, size).astype(np.int64)
    answered = (rng.random(size) < ANSWERED) & (answered_at < world.end)
    later = np.clip(world.years(at) / 2, 0, 1)[:, None]
    shares = np.cumsum(_NPS[0] * (1 - later) + _NPS[1] * later, axis=1)
    nps = np.minimum((shares < rng.random(size)[:, None]).sum(axis=1), 10)
    happy = np.clip(np.rint(rng.normal(78, 13, size)), 0, 100).astype(np.int64)
    score = np.where(kind == 0, nps, np.where(kind == 1, happy, -1))
    named = rng.random((size, len(LABELS))) < np.array(_LABEL_SHARES)
    label = np.where(answered & (kind == 2), named @ (1 << np.arange(len(LABELS))), -1)
    columns = {
        "response_id": world.ids("sv", np.arange(size)),
        "customer_id": world.ids("k", person),
        "kind": coded(KINDS, kind),
        "asked_at": moment(at),
        "answered_at": moment(np.where(answered, answered_at, NEVER)),
        "score": whole(np.where(answered, score, -1)),
        "labels": coded(_label_texts(), label),
        "answers": coded(_answer_texts(), _answers(scene, rng, person, answered & (kind == 3))),
    }
    yield "surveys", table(columns)


def _label_texts() -> list[str]:
    """Every set of labels, by the bits of its number."""
    return [
        ";".join(name for place, name in enumerate(LABELS) if number >> place & 1)
        for number in range(1 << len(LABELS))
    ]


def _answer_texts() -> list[str]:
    return [
        json.dumps({"age_band": age, "income_band": income, "scenario_need": need})
        for age in AGE_BANDS
        for income in INCOME_BANDS
        for need in SCENARIOS
    ]


def _answers(
    scene: Scene,
    rng: np.random.Generator,
    person: Ints,
    given: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Ints:
    """Number of each answer; a few people say something untrue."""
    size = len(person)
    born = scene.identifiers.birth[person]
    age = np.digitize((19_000 - born) / 365.25, [25, 35, 45, 55])
    income = income_bands(scene)[person]
    age = np.where(rng.random(size) < TRUTHFUL, age, rng.integers(0, len(AGE_BANDS), size))
    income = np.where(rng.random(size) < TRUTHFUL, income, rng.integers(0, 5, size))
    need = pick(rng, np.arange(len(SCENARIOS), 0, -1.0), size)
    number = (age * len(INCOME_BANDS) + income) * len(SCENARIOS) + need
    return np.where(given, number, -1)
