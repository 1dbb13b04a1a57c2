"""Experiments with known effects, some with a broken split, and the quarterly win-back holdouts.

A/B tests change nothing else in the data: people are assigned with the chance that follows from
their later outcome by Bayes' rule, so that the variants differ in the metric by exactly the
planted ratio on average, and the split stays the planned one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from simulator.build import Scene, Shared
from simulator.campaigns import quarter_begin, quarter_of
from simulator.delivery import Files
from simulator.world import DAY, NEVER, Bools, Ints, World, day_begin
from simulator.writing import coded, moment, table

METRICS = ("ordered_30d", "active_14d")
#: Relative effects of the treatment, in turn; 0 is an A/A test.
EFFECTS = (0.30, 0.0, 0.15, -0.20, 0.0, 0.45)
#: Every fifth test is broken: this share of people lands in the treatment instead of half.
BROKEN_EVERY, BROKEN_SHARE = 5, 0.58
SHARE_ENROLLED = 0.3
LASTS_DAYS, ENROLS_DAYS = 28, 26
VARIANTS = ("control", "treatment", "holdout")


@dataclass(frozen=True)
class Catalogue:
    """Experiments: A/B tests first, then one win-back holdout a quarter (quarter -1 elsewhere)."""

    number: Ints
    names: tuple[str, ...]
    started_at: Ints
    ended_at: Ints
    metric: Ints
    effect: tuple[float, ...]
    is_broken: Bools
    quarter: Ints


def make_catalogue(world: World) -> Catalogue:
    """Two A/B tests in every three months and one win-back test a quarter."""
    window = quarter_of(np.array([world.begin, world.end - 1]))
    quarters = np.arange(window[0], window[1] + 1)
    months = np.arange(quarters[0] * 3, quarters[-1] * 3 + 3)
    months = months[months % 3 != 1]
    start = day_begin(months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 4)
    inside = (start >= world.begin) & (start + 10 * DAY < world.end)
    months, start = months[inside], start[inside]
    order = np.arange(len(months))
    back = quarter_begin(quarters) + 20 * DAY
    seen = (back >= world.begin) & (back < world.end)
    quarters, back = quarters[seen], back[seen]
    names = [f"ab_{m.astype('datetime64[M]')}" for m in months] + [
        f"winback_{1970 + q // 4}q{q % 4 + 1}" for q in quarters.tolist()
    ]
    started = np.concatenate([start, back])
    ended = started + LASTS_DAYS * DAY
    effects = [EFFECTS[place % len(EFFECTS)] for place in order.tolist()]
    return Catalogue(
        number=np.concatenate([months, 100_000 + quarters]),
        names=tuple(names),
        started_at=started,
        ended_at=np.where(ended < world.end, ended, NEVER),
        metric=np.concatenate([order % 2, np.zeros(len(quarters), np.int64)]),
        effect=(*effects, *[float("nan")] * len(quarters)),
        is_broken=np.concatenate(
            [order % BROKEN_EVERY == BROKEN_EVERY - 1, np.zeros(len(quarters), bool)]
        ),
        quarter=np.concatenate([np.full(len(months), -1), quarters]),
    )


def experiments(shared: Shared) -> Files:
    """crm.experiments: one file, the whole catalogue."""
    world, own = shared.world, make_catalogue(shared.world)
    half = json.dumps({"control": 0.5, "treatment": 0.5})
    held = json.dumps({"holdout": 0.2, "treatment": 0.8})
    columns = {
        "experiment_id": world.common_ids("x", own.number),
        "name": coded(own.names, np.arange(len(own.number))),
        "started_at": moment(own.started_at),
        "ended_at": moment(own.ended_at),
        "primary_metric": coded(METRICS, own.metric),
        "planned_split": coded((half, held), (own.quarter >= 0).astype(np.int64)),
    }
    yield "experiments", table(columns)


def experiment_assignments(scene: Scene) -> Files:
    """crm.experiment_assignments: one file, experiment by experiment."""
    world, own, back = scene.world, make_catalogue(scene.world), scene.winback
    experiment, customer, variant, at, exposed = [], [], [], [], []
    activity = _by_account(scene)
    for row in np.flatnonzero(own.quarter < 0).tolist():
        rng = world.rng(f"experiment_{own.number[row]}")
        account, assigned = _enrolled(scene, rng, int(own.started_at[row]))
        later = 30 * DAY if own.metric[row] == 0 else 14 * DAY
        outcome = _happens(activity[own.metric[row]], account, assigned, assigned + later)
        share = BROKEN_SHARE if own.is_broken[row] else 0.5
        treated = rng.random(len(account)) < _chance(outcome, share, own.effect[row])
        seen = assigned + rng.integers(0, 3 * DAY, len(account))
        seen = np.where((rng.random(len(account)) < 0.9) & (seen < world.end), seen, NEVER)
        experiment.append(np.full(len(account), row))
        customer.append(account)
        variant.append(treated.astype(np.int64))
        at.append(assigned)
        exposed.append(seen)
    for row in np.flatnonzero(own.quarter >= 0).tolist():
        members = np.flatnonzero(back.quarter == own.quarter[row])
        experiment.append(np.full(len(members), row))
        customer.append(back.person[members])
        variant.append(np.where(back.treated[members], 1, 2))
        at.append(back.at[members])
        exposed.append(np.where(back.treated[members], back.at[members], NEVER))
    joined = [
        np.concatenate([np.empty(0, np.int64), *values])
        for values in (experiment, customer, variant, at, exposed)
    ]
    columns = {
        "experiment_id": world.common_ids("x", own.number[joined[0]]),
        "customer_id": world.ids("k", joined[1]),
        "variant": coded(VARIANTS, joined[2]),
        "assigned_at": moment(joined[3]),
        "first_exposed_at": moment(joined[4]),
    }
    yield "experiment_assignments", table(columns)


def _enrolled(scene: Scene, rng: np.random.Generator, start: int) -> tuple[Ints, Ints]:
    """Customers still using the platform, and when each was assigned."""
    people, accounts, world = scene.people, scene.accounts, scene.world
    at = start + rng.integers(0, ENROLS_DAYS * DAY, people.count)
    able = (people.registered_at < start) & (people.churned_at > at) & (at < world.end)
    able &= accounts.deleted_at[: people.count] > at
    account = np.flatnonzero(able & (rng.random(people.count) < SHARE_ENROLLED))
    return account, at[account]


def _by_account(scene: Scene) -> tuple[Ints, Ints]:
    """Sorted keys (account and second) of orders, and of visits."""
    sessions, orders = scene.sessions, scene.orders
    named = sessions.account >= 0
    return (
        np.sort(_key(orders.account, orders.at)),
        np.sort(_key(sessions.account[named], sessions.at[named])),
    )


def _key(account: Ints, at: Ints) -> Ints:
    return np.asarray(account * np.int64(2**40) + at)


def _happens(keys: Ints, account: Ints, begin: Ints, end: Ints) -> Bools:
    first = np.searchsorted(keys, _key(account, begin))
    return np.asarray(np.searchsorted(keys, _key(account, end)) > first)


def _chance(
    outcome: Bools, share: float, effect: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Chance of the treatment given the outcome: the metric's rates then differ by the effect."""
    if not len(outcome):
        return np.empty(0)
    base = float(outcome.mean()) / (1 - share + share * (1 + effect))
    treated = base * (1 + effect)
    hit = share * treated / max(share * treated + (1 - share) * base, 1e-9)
    miss = share * (1 - treated) / (share * (1 - treated) + (1 - share) * (1 - base))
    return np.where(outcome, hit, miss)
