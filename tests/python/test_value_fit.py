"""Fitting value: repeatable, judged, refused where it should be; and SQL expects what Python does.

The customers are made up: they buy and leave as the models say, so that the models must win.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner
from support.rendered_models import build_models, insert_rows, no_attribution

from finview.cli.value import value as value_command
from finview.errors import FinviewError
from finview.identity import state
from finview.pipeline.first_fit import fit_first
from finview.settings import Home, load_settings, project_root
from finview.value import reading
from finview.value.balances import Retention
from finview.value.bgnbd import BgNbd
from finview.value.churn import wanted
from finview.value.counts import Counts
from finview.value.fit import fit
from finview.value.gamma_gamma import GammaGamma
from finview.value.parameters import promoted_rows, values_of

AS_OF = date(2025, 6, 30)
MODELS = (
    "int_value_parameters_promoted",
    "int_users_rfm_counts",
    "int_purchases_expected",
    "int_users_balance_months",
    "int_holding_months_expected",
    "int_users_value_predicted",
)


def _orders(users: int) -> list[tuple[object, ...]]:
    rng = np.random.default_rng(11)
    rows: list[tuple[object, ...]] = []
    for user in range(users):
        at = float(rng.integers(0, 700))
        rate, leaves, scale = rng.gamma(0.6, 1 / 40), rng.beta(0.5, 3), rng.gamma(3, 20)
        while at < 880:
            spent = round(float(rng.gamma(4, scale / 4)) + 0.01, 2)
            day = AS_OF - timedelta(days=880 - int(at))
            rows.append((f"u{user:05d}", "payment", day, "completed", spent, round(spent / 4, 2)))
            if rng.random() < leaves:
                break
            at += rng.exponential(1 / rate) + 1
    return rows


def _balances(users: int) -> list[tuple[object, ...]]:
    rng = np.random.default_rng(12)
    months = [date(2023 + n // 12, n % 12 + 1, 28) for n in range(1, 30)]
    rows: list[tuple[object, ...]] = []
    for user in range(users):
        leaves, since = rng.beta(0.4, 2.0), int(rng.integers(0, 20))
        for month in months[since:]:
            rows.append((f"c{user:05d}", "wealth", month, 1000 + user))
            if rng.random() < leaves:
                break
    return rows


def _build(home: Home) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(home.warehouse_file))
    places = {
        "int_orders_valued": "orders",
        "int_identifiers_resolved": "identifiers",
        "stg_transaction__asset_balances": "balances",
        "value_parameters": state.relation(home, "value_parameters"),
    }
    build_models(connection, MODELS, places, as_of_date=AS_OF.isoformat())
    return connection


def _home(folder: Path, users: int = 1200, holders: int = 300) -> Home:
    home = Home(folder).create()
    home.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute(
            "create table orders (user_key varchar, product_line varchar, order_date date, "
            "order_status varchar, revenue_amount decimal(18,2), margin_amount decimal(18,2))"
        )
        insert_rows(connection, "orders", _orders(users))
        connection.execute(
            "insert into orders select 'w' || range, 'wealth', date '2024-01-01', 'funded', 9, 5 "
            "from range(50)"
        )
        connection.execute(
            "create table balances (customer_id varchar, product_line varchar, balance_date date, "
            "balance_amount decimal(18,2))"
        )
        insert_rows(connection, "balances", _balances(holders))
        connection.execute(
            "create table identifiers as select distinct 'customer' as identifier_type, "
            "customer_id as identifier_value, 'w' || customer_id as user_key from balances"
        )
        # Nobody to warn of: tests/python/test_value_churn.py is about that.
        levels = ", ".join(f"{name}_level integer" for name in wanted(project_root())[0])
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_users_churn_features (counted_to_date date, "
            f"snapshot_number integer, is_churned_after boolean, {levels})"
        )
        # No path and no bill: tests/python/test_attribution_models.py is about those.
        no_attribution(connection)
    _build(home).close()
    return home


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = _home(tmp_path_factory.mktemp("value") / "home")
    found = fit(home)
    assert [(judged.family, judged.product_line) for judged in found.judged] == [
        ("purchases", "payment"),
        ("balances", "wealth"),
        ("churn", None),
        ("markov_order", None),
        ("markov_registration", None),
        ("response", None),
    ]
    assert [judged.reason for judged in found.judged[:2]] == ["", ""]
    return home


def _copy(home: Home, folder: Path) -> Home:
    shutil.copytree(home.root, folder)
    return Home(folder)


def test_the_same_build_gives_the_same_bytes(fitted: Home, tmp_path: Path) -> None:
    again = _home(tmp_path / "home")
    fit(again)
    name = "identity/value_parameters/00000001.parquet"
    assert (again.accepted / name).read_bytes() == (fitted.accepted / name).read_bytes()


def test_a_version_must_beat_the_one_in_use(fitted: Home, tmp_path: Path) -> None:
    home = _copy(fitted, tmp_path / "home")
    found = fit(home)
    assert found.version == "v0002"
    assert {judged.reason for judged in found.judged[:2]} == {
        "no better than v0001, which stays in use"
    }
    kept = promoted_rows(home, "purchases", "payment")
    assert kept and kept[0] == "v0001"


def test_who_does_the_opposite_of_what_is_expected_makes_it_refuse(
    fitted: Home, tmp_path: Path
) -> None:
    home = _copy(fitted, tmp_path / "home")
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute(
            "update intermediate.int_users_rfm_counts "
            "set outcome_purchases = case when frequency = 0 then 3 else 0 end where is_holdout"
        )
    purchases = fit(home).judged[0]
    assert purchases.reason == "no better than the mean rate of the product line"


def test_what_is_read_does_not_grow_with_users(fitted: Home, tmp_path: Path) -> None:
    home = _copy(fitted, tmp_path / "home")
    settings = load_settings(home)
    (once,) = reading.purchases(home, settings)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute(
            "insert into intermediate.int_users_rfm_counts select r.* replace "
            "(r.user_key || '-' || range as user_key) "
            "from intermediate.int_users_rfm_counts as r cross join range(9)"
        )
    (ten_times,) = reading.purchases(home, settings)
    assert len(ten_times.counts.weight) == len(once.counts.weight) < once.counts.customers
    assert ten_times.counts.weight == pytest.approx(10 * once.counts.weight)
    assert len(ten_times.spends.weight) == len(once.spends.weight)
    assert ten_times.spends.mean_value == pytest.approx(once.spends.mean_value)


def test_sql_expects_what_python_expects(fitted: Home, tmp_path: Path) -> None:
    home = _copy(fitted, tmp_path / "home")
    kept = promoted_rows(home, "purchases", "payment")
    assert kept
    values = values_of(kept[1])
    model = BgNbd(values["r"], values["alpha"], values["a"], values["b"])
    money = GammaGamma(values["p"], values["q"], values["v"])
    with _build(home) as connection:
        rows = connection.execute(
            "select c.frequency, c.recency_weeks, c.age_weeks, c.mean_repeat_revenue_amount, "
            "p.alive_probability, p.units_in_holdout, p.unit_margin "
            "from intermediate.int_users_value_predicted as p "
            "join intermediate.int_users_rfm_counts as c using (user_key, product_line, is_holdout)"
            " where is_holdout"
        ).fetchall()
        ((rate,),) = connection.execute(
            "select sum(realised_margin_amount) / sum(realised_revenue_amount) "
            "from intermediate.int_users_rfm_counts where is_holdout"
        ).fetchall()
    assert len(rows) > 500
    table = np.array(rows, dtype=np.float64)
    counts = Counts(table[:, 0], table[:, 1], table[:, 2], np.ones(len(table)))
    assert table[:, 4] == pytest.approx(model.probability_alive(counts), abs=1e-6)
    assert table[:, 5] == pytest.approx(model.expected(counts, 26), abs=5e-5)
    worth = money.expected_value(table[:, 0], table[:, 3]) * float(rate)
    assert table[:, 6] == pytest.approx(worth, rel=1e-4)


def test_sql_keeps_balances_as_long_as_python(fitted: Home, tmp_path: Path) -> None:
    home = _copy(fitted, tmp_path / "home")
    kept = promoted_rows(home, "balances", "wealth")
    assert kept
    model = Retention(**values_of(kept[1]))
    with _build(home) as connection:
        rows = connection.execute(
            "select tenure_months, months_36_months from intermediate.int_holding_months_expected"
        ).fetchall()
    assert len(rows) > 20
    for tenure, months in rows:
        stays = model.stay(np.arange(tenure, tenure + 36, dtype=np.float64))
        assert float(months) == pytest.approx(np.cumprod(stays).sum(), abs=2e-6)


def test_too_few_customers_are_said_so(tmp_path: Path) -> None:
    found = fit(_home(tmp_path / "home", users=60, holders=4))
    reasons = {judged.family: judged.reason for judged in found.judged}
    assert reasons["purchases"].startswith("too few: ")
    assert reasons["balances"].startswith("too few: ")


def test_without_a_build_there_is_nothing_to_fit(tmp_path: Path) -> None:
    with pytest.raises(FinviewError, match="nothing is built yet"):
        fit(Home(tmp_path).create())


def test_the_command_tells_figures_and_verdicts(fitted: Home, tmp_path: Path) -> None:
    home = _copy(fitted, tmp_path / "home")
    done = CliRunner().invoke(value_command, ["fit", "--home", str(home.root)])
    assert done.exit_code == 0, done.output
    for text in ("plain mean", "v0001 (in use)", "purchases of payment: refused: no better than"):
        assert text in done.output


def test_the_first_run_fits_and_later_ones_do_not(tmp_path: Path) -> None:
    home, rebuilt = _home(tmp_path / "home"), []
    assert fit_first(home, lambda: rebuilt.append("once"))
    assert rebuilt == ["once"]
    assert not fit_first(home, lambda: rebuilt.append("again"))
    assert rebuilt == ["once"] and len(state.files(home, "value_parameters")) == 1


def test_a_first_fit_that_promotes_nothing_builds_nothing_again(tmp_path: Path) -> None:
    home = _home(tmp_path / "home", users=60, holders=4)
    assert not fit_first(home, lambda: pytest.fail("nothing to score with"))
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute("delete from intermediate.int_users_rfm_counts")
    for path in state.files(home, "value_parameters"):
        path.unlink()
    assert not fit_first(home, lambda: pytest.fail("nobody has bought"))
