"""How dbt is called, what Dagster defines, the lock of a home, the landing sensor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finview import dbt
from finview.audit import REQUIRED_STAGES
from finview.engines.spark_cluster import incremental_tables
from finview.errors import FinviewError
from finview.pipeline import exclusive, hold
from finview.settings import Home, Settings, load_settings, project_root

SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"


def test_build_arguments_leave_out_unit_tests_and_carry_variables() -> None:
    variables = dbt.dbt_variables(Settings())
    arguments = dbt.build_arguments(variables)
    assert arguments[0] == "build" and "--full-refresh" not in arguments
    assert arguments[arguments.index("--exclude-resource-type") + 1] == "unit_test"
    assert json.loads(arguments[arguments.index("--vars") + 1])["reporting_currency"] == "CNY"
    assert dbt.build_arguments(variables, full_refresh=True)[-1] == "--full-refresh"


def test_every_layer_is_required_for_publishing_and_needs_the_ones_before() -> None:
    assert set(dbt.LAYERS) == set(dbt.NEEDS) <= set(REQUIRED_STAGES)
    for layer, needs in dbt.NEEDS.items():
        position = REQUIRED_STAGES.index(layer)
        assert all(REQUIRED_STAGES.index(stage) < position for stage in needs)


def test_environment_stays_in_the_home_and_switches_telemetry_off(tmp_path: Path) -> None:
    values = dbt.dbt_environment(Home(tmp_path), Path("/project"))
    assert values["DO_NOT_TRACK"] == "1" and values["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH", "FINVIEW_WAREHOUSE_FILE"):
        assert values[name].startswith(str(tmp_path))


def test_the_day_is_no_variable(tmp_path: Path) -> None:
    """dbt would read the whole project anew every day."""
    day = date(2025, 6, 30)
    assert dbt.dbt_environment(Home(tmp_path), Path("/project"), day)[dbt.AS_OF] == "2025-06-30"
    assert dbt.AS_OF not in dbt.dbt_environment(Home(tmp_path), Path("/project"))
    assert "as_of_date" not in dbt.dbt_variables(Settings(as_of_date=day))


def test_environment_is_put_back() -> None:
    os.environ.pop("FINVIEW_TEST_ONLY", None)
    with dbt.environment({"FINVIEW_TEST_ONLY": "1"}):
        assert os.environ["FINVIEW_TEST_ONLY"] == "1"
    assert "FINVIEW_TEST_ONLY" not in os.environ


def test_fingerprints_notice_changed_and_removed_models(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    model, other = tmp_path / "models/a.sql", tmp_path / "models/b.sql"
    model.write_text("select 1")
    other.write_text("select 2")
    day = {"business_timezone": "Asia/Shanghai"}
    before = dbt.model_fingerprint(tmp_path, day), dbt.project_stamp(tmp_path)
    assert dbt.model_fingerprint(tmp_path, {**day, "business_timezone": "UTC"}) != before[0]
    model.write_text("select 3")
    assert dbt.model_fingerprint(tmp_path, day) != before[0]
    other.unlink()
    assert dbt.project_stamp(tmp_path) != before[1]


def test_expected_nodes_are_all_but_ephemeral_and_unit_tests() -> None:
    def node(kind: str, materialized: str) -> dict[str, Any]:
        return {"resource_type": kind, "config": {"materialized": materialized}}

    manifest = {
        "nodes": {
            "model.a": node("model", "table"),
            "model.b": node("model", "ephemeral"),
            "test.c": node("test", "test"),
            "seed.d": node("seed", "seed"),
            "analysis.e": node("analysis", "view"),
        }
    }
    assert dbt.expected_nodes(manifest) == {"model.a", "test.c", "seed.d"}


@pytest.mark.parametrize(
    ("config", "tables"),
    [
        ({"materialized": "incremental"}, ["i.a"]),
        ({"materialized": "connected_components", "incremental": True}, ["i.a", "i.a__edges"]),
        ({"materialized": "connected_components"}, []),
        ({"materialized": "table"}, []),
    ],
)
def test_tables_that_are_carried_on_are_known(config: dict[str, Any], tables: list[str]) -> None:
    assert incremental_tables({"schema": "i", "alias": "a", "config": config}) == tables


def test_one_writer_per_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    other = (
        "import sys; from pathlib import Path; from finview.settings import Home;"
        "from finview.pipeline import hold; hold(Home(Path(sys.argv[1])))"
    )
    with exclusive(home):
        with exclusive(home):  # nests in one process
            hold(home)
        busy = subprocess.run(
            [sys.executable, "-c", other, str(tmp_path)], capture_output=True, text=True
        )
        assert busy.returncode != 0 and "another run is working" in busy.stderr
    free = subprocess.run([sys.executable, "-c", other, str(tmp_path)], capture_output=True)
    assert free.returncode == 0


def test_telemetry_is_off_in_the_instance(tmp_path: Path) -> None:
    from orchestration.instance import open_instance

    with open_instance(Home(tmp_path).create()) as instance:
        assert instance.telemetry_enabled is False


def test_events_are_stored_with_one_engine_per_file(tmp_path: Path) -> None:
    """Else a later Dagster took the mend of its event log away, and runs grew slower unseen."""
    from orchestration.event_log import _engine
    from orchestration.instance import open_instance

    with open_instance(Home(tmp_path).create()) as instance:
        log = instance.event_log_storage
        before = _engine.cache_info()
        for _ in range(3):
            with log.index_connection() as connection:
                assert connection.exec_driver_sql("pragma synchronous").scalar() == 1
                assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        after = _engine.cache_info()
    assert after.hits - before.hits >= 2 and after.misses - before.misses <= 1


def test_landing_fingerprint_follows_names_sizes_and_times(tmp_path: Path) -> None:
    from orchestration.triggers import landing_fingerprint

    home = Home(tmp_path).create()
    assert landing_fingerprint(home) == ("", 0.0)
    file = home.landing / "crm" / "tickets" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    one, newest = landing_fingerprint(home)
    assert one and newest > 0
    (file.parent / ".part").write_text("still arriving")
    assert landing_fingerprint(home)[0] == one
    os.utime(file, (1, 1))
    assert landing_fingerprint(home)[0] != one


def test_sensor_waits_for_settled_files_and_asks_once(tmp_path: Path) -> None:
    import dagster as dg

    from orchestration.triggers import daily_job, landing_sensor

    home = Home(tmp_path).create()
    sensor = landing_sensor(daily_job(), home)

    def look(cursor: str | None) -> tuple[Any, str | None]:
        context = dg.build_sensor_context(cursor=cursor)
        return sensor(context), context.cursor

    assert isinstance(look(None)[0], dg.SkipReason)
    file = home.landing / "crm" / "tickets" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    assert "written" in (look(None)[0].skip_message or "")
    os.utime(file, (1_000_000, 1_000_000))
    request, cursor = look(None)
    assert isinstance(request, dg.RunRequest) and cursor == request.run_key
    assert isinstance(look(cursor)[0], dg.SkipReason)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from orchestration.build import build_defs

    return build_defs(Home(tmp_path_factory.mktemp("defs")).create(), project_root())


def test_lineage_is_the_same_on_every_engine(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.build import build_defs

    monkeypatch.setenv("FINVIEW_ENGINE", "spark")  # no cluster is asked for lineage
    on_spark = build_defs(Home(tmp_path).create(), project_root())
    edges = [
        {
            key.to_user_string(): (
                sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                graph.get(key).group_name,
            )
            for key in graph.get_all_asset_keys()
        }
        for graph in (definitions.resolve_asset_graph(), on_spark.resolve_asset_graph())
    ]
    assert len(edges[0]) > 90 and edges[0] == edges[1]


def test_an_unknown_engine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINVIEW_ENGINE", "abacus")
    with pytest.raises(FinviewError, match="FINVIEW_ENGINE is 'abacus'"):
        load_settings(Home(tmp_path))


def test_spark_without_a_cluster_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finview.engines import engine_of

    monkeypatch.setenv("FINVIEW_ENGINE", "spark")
    home = Home(tmp_path)
    with pytest.raises(FinviewError, match="there is no cluster") as told:
        engine_of(home, load_settings(home))
    assert "make spark-up" in told.value.next_step
    home.settings_file.write_text("engine: spark\nspark: {host: 127.0.0.1, port: 1}\n")
    with pytest.raises(FinviewError, match="127.0.0.1:1 does not answer; nothing was published"):
        engine_of(home, load_settings(home)).check()
    home.settings_file.write_text("engine: spark\nspark: {host: 5}\n")
    with pytest.raises(FinviewError, match="spark is"):
        load_settings(home)


def test_names_are_those_of_the_snapshot(definitions: Any) -> None:
    from orchestration.snapshot import names

    assert names(definitions) == json.loads(SNAPSHOT.read_text()), "on purpose? make snapshot"


def test_lineage_runs_from_landing_to_published(definitions: Any) -> None:
    import dagster as dg

    graph = definitions.resolve_asset_graph()
    seen, waiting = set(), [dg.AssetKey("published")]
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += graph.get(key).parent_keys
    upstream = {key.to_user_string() for key in seen}
    for name in ("candidate", "mart/dim_user", "transaction/orders", "landing/transaction/orders"):
        assert name in upstream
    assert "accepted" in upstream, "seeds wait for the ingestion that begins the build"


def test_schedule_follows_the_business_zone(definitions: Any) -> None:
    schedule = definitions.resolve_schedule_def("daily_at_six")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "Asia/Shanghai")
    monthly = definitions.resolve_schedule_def("monthly_fit_at_five")
    assert (monthly.cron_schedule, monthly.execution_timezone) == ("0 5 1 * *", "Asia/Shanghai")


def test_monthly_fit_tells_why_it_cannot_begin(definitions: Any) -> None:
    job = definitions.resolve_job_def("monthly_fit")
    done = job.execute_in_process(raise_on_error=False)
    failed = [event for event in done.all_events if event.is_step_failure]
    assert "nothing is built yet" in str(failed[0].step_failure_data.error)


def test_red_gate_is_an_error_with_keys_and_owner() -> None:
    from finview.pipeline import raise_if_red
    from finview.quality import CheckResult

    red = CheckResult(
        suite="mart.fct_order",
        expectation="amount",
        column="amount",
        severity="critical",
        success=False,
        evaluated=9,
        observed="max 1e9",
        failing_keys=("order_key=1",),
        owner="risk",
        status="failed",
    )
    with pytest.raises(FinviewError, match="max 1e9; failing: order_key=1") as error:
        raise_if_red("gate", [red])
    assert "risk" in error.value.next_step
    with pytest.raises(FinviewError, match="nothing was evaluated"):
        raise_if_red("gate", [])
