"""What was planted is in the delivered data, in the planted size: churn, bias, effects, phrases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest

from simulator import simulate
from simulator.credit import WOMEN_PAY_MORE
from simulator.effects import INCREMENTAL

Floats = npt.NDArray[np.float64]
USERS, DAYS = 2000, 640
WINDOWS = (7, 14, 30, 60, 90, 180)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    root: Path = tmp_path_factory.mktemp("planted")
    simulate(
        root / "landing", root / "truth", users=USERS, days=DAYS, seed=22, file_format="parquet"
    )
    with duckdb.connect() as connection:
        for folder in sorted((root / "landing").glob("*/*")):
            connection.execute(f"create view {folder.name} as from '{folder}/*.parquet'")
        for file in sorted((root / "truth").glob("*.parquet")):
            connection.execute(f"create view truth_{file.stem} as from '{file}'")
        connection.execute(
            """create table visits as select customer_id,
            (occurred_at + interval 8 hour)::date as day, count(distinct session_id) as n
            from app_events where customer_id is not null group by all"""
        )
        yield connection


def rows(data: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return data.execute(query).fetchall()


def one(data: duckdb.DuckDBPyConnection, query: str) -> Any:
    return rows(data, query)[0][0]


def behaviour(data: duckdb.DuckDBPyConnection, day: str) -> tuple[Floats, Floats]:
    """What is known of customers at a day, and whether they stay away for the next 30 days.

    Customers with a visit in the half year before; nothing of what follows is used.
    """
    counts = ", ".join(
        f"coalesce(sum(n) filter (day > date '{day}' - {width}), 0) as n{width}"
        for width in WINDOWS
    )
    found = data.execute(
        f"""with past as (select customer_id, date '{day}' - max(day) as gap,
            date '{day}' - min(day) + 1 as known, {counts}
            from visits where day <= date '{day}' group by 1)
        select past.*, not exists(select 1 from visits v where v.customer_id = past.customer_id
            and v.day > date '{day}' and v.day <= date '{day}' + 30) as gone
        from past where gap < 180 order by customer_id"""
    ).fetchnumpy()
    gap, known = (np.asarray(found[name], float) for name in ("gap", "known"))
    number = [np.asarray(found[f"n{width}"], float) for width in WINDOWS]
    pace = number[-1] / np.minimum(known, 180) + 0.003
    columns = [np.log1p(gap), np.log1p(gap) ** 2, gap / 30, np.log(pace), np.log(pace) ** 2]
    columns += [np.log1p(gap * pace), gap * pace, np.log(known), *map(np.log1p, number)]
    return np.column_stack(columns), np.asarray(found["gone"], float)


def logistic(features: Floats, outcome: Floats) -> Floats:
    """Weights of a logistic regression with a little shrinkage, by Newton's method."""
    weights = np.zeros(features.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (chance - outcome) / len(outcome) + 0.01 * weights
        curve = (features.T * (chance * (1 - chance))) @ features / len(outcome)
        weights -= np.linalg.solve(curve + 0.01 * np.eye(len(weights)), slope)
    return weights


def test_churn_can_be_foreseen_30_days_ahead(data: duckdb.DuckDBPyConnection) -> None:
    """A plain model fitted on earlier months reaches 85 %; saying 'stays' for all does not."""
    early = [behaviour(data, day) for day in ("2023-08-01", "2023-10-15", "2024-01-01")]
    features = np.vstack([known for known, _ in early])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9

    def scaled(values: Floats) -> Floats:
        return np.column_stack([np.ones(len(values)), (values - mean) / spread])

    weights = logistic(scaled(features), np.concatenate([gone for _, gone in early]))
    late = [behaviour(data, day) for day in ("2024-05-01", "2024-08-15")]
    gone = np.concatenate([outcome for _, outcome in late])
    called = np.concatenate([scaled(known) @ weights > 0 for known, _ in late])
    accuracy = float((called == gone).mean())
    majority = max(float(gone.mean()), 1 - float(gone.mean()))
    assert len(gone) > 1000
    assert accuracy >= 0.85
    assert majority < 0.82
    assert accuracy - majority >= 0.05


def test_churned_people_are_gone_unless_won_back(data: duckdb.DuckDBPyConnection) -> None:
    later = """select count(*) from app_events join truth_customers using (customer_id)
        join truth_persons using (person_id)
        where occurred_at >= churned_at and (returned_at is null or occurred_at < returned_at)"""
    assert one(data, later) == 0
    assert one(data, "select count(*) from truth_persons where returned_at is not null") > 5


def test_winback_beats_its_holdout_and_most_leave_again(data: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        rows(
            data,
            """select variant, avg(exists(select 1 from orders o where
            o.customer_id = a.customer_id and o.ordered_at between a.assigned_at and
            a.assigned_at + interval 30 day)::int) from experiment_assignments a
            join experiments using (experiment_id) where name like 'winback%' group by 1""",
        )
    )
    assert set(found) == {"treatment", "holdout"}
    assert 0.07 < found["treatment"] < 0.16 and found["holdout"] < 0.07
    written = one(
        data,
        """select count(*) from experiment_assignments a join experiments using (experiment_id)
        where name like 'winback%' and variant = 'treatment' and not exists(
            select 1 from messages m join campaigns using (campaign_id)
            where m.sent_at = a.assigned_at and objective = 'winback')""",
    )
    assert written == 0


def test_planted_bias_is_measured(data: duckdb.DuckDBPyConnection) -> None:
    bias = {
        (row[0], row[1]): row[2:]
        for row in rows(
            data, "select measure, attribute, group_rate, others_rate, difference from truth_bias"
        )
    }
    shown = dict(
        rows(
            data,
            """select birth_date < date '1977-01-01', avg(shown::int) from recommendations
            join customers using (customer_id) group by 1""",
        )
    )
    group, others, difference = bias["shown", "age"]
    assert difference == pytest.approx(group - others)
    assert shown[True] == pytest.approx(group, abs=0.03)
    assert shown[False] == pytest.approx(others, abs=0.03)
    approved = rows(
        data,
        """select avg((decision = 'approved')::int), count(*)
        from credit_applications join customers using (customer_id)
        where decision <> 'withdrawn' group by city_code in ('610100', '410100')
        order by city_code in ('610100', '410100') desc""",
    )
    for (rate, number), aim in zip(approved, bias["approval", "region"][:2], strict=True):
        assert abs(rate - aim) < 3 * (aim * (1 - aim) / number) ** 0.5
    assert approved[0][0] < 0.8 * approved[1][0]
    extra = rows(
        data,
        """select distinct a.annualised_rate - p.annualised_rate, gender = 'female'
        from credit_applications a join products p using (product_id)
        join customers using (customer_id) where decision = 'approved'""",
    )
    assert {(float(more), women) for more, women in extra} == {
        (WOMEN_PAY_MORE, True),
        (0.0, False),
    }


def test_planted_violations_are_in_the_text(data: duckdb.DuckDBPyConnection) -> None:
    planted = rows(
        data,
        """select rule_family, evasion, span_text, body, v."column", advertised_apr, risk_label
        from truth_violations v join creatives using (creative_id, version)""",
    )
    assert len(planted) == one(data, "select count(*) from truth_violations")
    for family, _, span, body, column, rate, label in planted:
        if span is not None:
            assert column == "body" and span in body
        elif family == "missing_rate":
            assert rate is None
        else:
            assert family == "missing_risk_label" and label is None
    assert {row[1] for row in planted} == {
        "plain",
        "spaces",
        "homophone",
        "traditional",
        "full_width",
        None,
    }
    spans = {row[2] for row in planted if row[2]}
    clean = rows(
        data,
        """select body from creatives anti join
        (from truth_violations where span_text is not null) using (creative_id, version)""",
    )
    assert clean and not any(span in body for (body,) in clean for span in spans)


def test_broken_splits_are_broken_and_the_others_even(data: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        data,
        """select is_split_broken, count(*), avg((variant = 'treatment')::int)
        from experiment_assignments join truth_experiments using (experiment_id)
        where treatment_share < 0.6 group by 1 order by 1""",
    )
    (_, even_count, even), (_, broken_count, broken) = found
    assert abs(even - 0.5) < 3 * 0.5 / even_count**0.5
    assert broken - 0.5 > 2 * 0.5 / broken_count**0.5


def test_experiments_show_their_effect(data: duckdb.DuckDBPyConnection) -> None:
    """Over all tests of visits with one planted effect, the rates differ by it."""
    found = rows(
        data,
        """select relative_effect, variant, count(*), avg(exists(select 1 from visits v
            where v.customer_id = a.customer_id and v.day between
            (a.assigned_at + interval 8 hour)::date and
            (a.assigned_at + interval 8 hour)::date + 13)::int)
        from experiment_assignments a join truth_experiments using (experiment_id)
        where metric = 'active_14d' and treatment_share < 0.6
        group by 1, 2 order by 1, 2""",
    )
    rates = {(effect, variant): rate for effect, variant, _, rate in found}
    effects = {effect for effect, _ in rates}
    assert effects == {-0.2, 0.0, 0.45}
    for effect in effects:
        ratio = rates[effect, "treatment"] / rates[effect, "control"]
        assert ratio == pytest.approx(1 + effect, abs=0.13), effect


def test_true_effects_of_channels_add_up(data: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        data,
        """select channel_code, registrations, incremental_registrations, margin_amount,
        incremental_margin_amount from truth_channel_effects""",
    )
    assert {row[0] for row in found} == set(INCREMENTAL)
    by_person = dict(
        (row[0], row[1:])
        for row in rows(
            data,
            """select acquisition_channel, count(*), count(*) filter (is_incremental),
            sum(margin_to_date_amount),
            coalesce(sum(margin_to_date_amount) filter (is_incremental), 0) from truth_persons
            where is_registered and registered_at >= timestamp '2022-12-31 16:00:00' group by 1""",
        )
    )
    for channel, *figures in found:
        assert tuple(figures) == by_person.get(channel, (0, 0, 0, 0)), channel
    feed = by_person["feed_ad"]
    assert feed[1] / feed[0] == pytest.approx(INCREMENTAL["feed_ad"], abs=0.07)


def test_value_of_36_months_follows_who_stays(data: duckdb.DuckDBPyConnection) -> None:
    gone, staying = (
        one(data, f"select avg(value_36_months_amount) from truth_persons where {who}")
        for who in ("churned_at is not null", "is_registered and churned_at is null")
    )
    assert gone == 0 and staying > 100


def test_wealthy_customers_and_salaries_are_there(data: duckdb.DuckDBPyConnection) -> None:
    rich = "select count(distinct customer_id) from asset_balances where balance_amount >= 500000"
    assert 20 < one(data, rich) < 0.08 * USERS
    salaries = rows(
        data,
        """select day((paid_at + interval 8 hour)::date), count(*) from payments
        where kind = 'salary' group by 1""",
    )
    assert [day for day, _ in salaries] == [10] and salaries[0][1] > 200


def test_shared_devices_and_family_phones(data: duckdb.DuckDBPyConnection) -> None:
    shared = one(data, "select count(*) from truth_shared_devices")
    owned = one(data, "select count(*) from truth_identifiers where identifier_type = 'device'")
    assert 0.02 < shared / owned < 0.05
    assert one(data, "select max(person_count) from truth_shared_devices where kind = 'ring'") == 5
    family = one(
        data,
        """select count(*) from (select identifier_value from truth_identifiers
        where identifier_type = 'phone' group by 1 having count(distinct person_id) > 1)""",
    )
    assert family == pytest.approx(0.01 * USERS, abs=3)
