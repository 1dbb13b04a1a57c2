"""The macros on both engines with the same result: what they compute, write, and refuse.

A tiny project of its own uses the macros of this one, and the tests in tests/dbt/engine. Without a
cluster DuckDB is tested alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.components import Edge, Graph, expected_components

from finview.dbt import TELEMETRY_OFF
from finview.pipeline.dbt_layers import dbt_executable
from finview.settings import Home, Settings, project_root
from finview.spark import connected, find_endpoint

Rows = list[tuple[Any, ...]]

PROJECT = """\
name: finview
version: 0.1.0
config-version: 2
profile: finview
model-paths: [models]
macro-paths: [macros]
test-paths: [tests]
flags: {send_anonymous_usage_stats: false, use_colors: false}
vars: {as_of_date: "2025-06-30", business_timezone: Asia/Shanghai}
on-run-start: ["{{ check_session() }}"]
models:
  finview:
    +file_format: iceberg
    +schema: "{{ var('schema_name') }}"
"""
#: Rows come as a variable: [key or null, number].
REPLACED = """\
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='row_key') }}
{% for key, number in var('delivered') %}
select
    cast({{ "'" ~ key ~ "'" if key is not none else 'null' }} as string) as row_key,
    cast({{ number }} as integer) as row_number,
    cast('2025-06-30 15:59:59.25' as timestamp) as loaded_at
{{ 'union all' if not loop.last }}
{% else %}
select
    cast(null as string) as row_key,
    cast(null as integer) as row_number,
    cast(null as timestamp) as loaded_at
where false
{% endfor %}
"""


SNAPPED = """\
{% snapshot snapped %}
{{
    config(
        schema=var('schema_name'), file_format='iceberg',
        unique_key='row_key', strategy='check', check_cols=['row_number'],
    )
}}
select row_key, row_number
from {{ ref('replaced') }}
where row_key in ('snap_a', 'snap_b')
{% endsnapshot %}
"""


@dataclass(frozen=True)
class Workbench:
    """The tiny project on one engine, with a schema of its own."""

    engine: str
    project: Path
    schema: str
    environment: Mapping[str, str]
    query: Callable[[str], Rows]

    def dbt(self, command: str, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """One call of dbt; `more` are variables."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FINVIEW_", "DAGSTER_", "DBT_"))
        }
        places = {
            "DBT_PROJECT_DIR": str(self.project),
            "DBT_PROFILES_DIR": str(project_root() / "profiles"),
            "DBT_TARGET_PATH": str(self.project / f"target_{self.engine}"),
            "DBT_LOG_PATH": str(self.project / f"target_{self.engine}"),
        }
        variables = json.dumps({"schema_name": self.schema, "delivered": [], **more})
        return subprocess.run(
            [dbt_executable(), command, "--vars", variables, *arguments],
            env={**own, **TELEMETRY_OFF, **places, **self.environment},
            cwd=self.project,
            capture_output=True,
            text=True,
        )

    def run(self, model: str, *arguments: str, **more: Any) -> None:
        """Build one model, which must succeed."""
        done = self.dbt("run", "--select", model, *arguments, **more)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]

    def sorted_rows(self, model: str, *columns: str) -> Rows:
        """Rows of a model, nulls first."""
        found = self.query(f"select {', '.join(columns)} from {self.schema}.{model}")
        return sorted(found, key=lambda row: [(value is not None, value) for value in row])


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp(f"macros_{request.param}")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (folder / "models" / "replaced.sql").write_text(REPLACED, encoding="utf-8")
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "snapped.sql").write_text(SNAPPED, encoding="utf-8")
    (folder / "models" / "components.sql").write_text(components_model(EDGES), encoding="utf-8")
    (folder / "models" / "updated.sql").write_text(UPDATED, encoding="utf-8")
    shutil.copytree(project_root() / "macros", folder / "macros")
    shutil.copytree(project_root() / "tests" / "dbt" / "engine", folder / "tests")
    schema = f"macro_test_{uuid.uuid4().hex[:12]}"
    if request.param == "duckdb":
        yield _on_duckdb(folder, schema)
    else:
        yield from _on_spark(folder, schema, request.getfixturevalue("cluster_home"))


def _on_duckdb(folder: Path, schema: str) -> Workbench:
    file = folder / "warehouse.duckdb"

    def query(statement: str) -> Rows:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    environment = {"FINVIEW_ENGINE": "duckdb", "FINVIEW_WAREHOUSE_FILE": str(file)}
    return Workbench("duckdb", folder, schema, environment, query)


def _on_spark(folder: Path, schema: str, home: Home) -> Iterator[Workbench]:
    # Not the fixture `endpoint`: another test may have moved the cluster to another port.
    endpoint = find_endpoint(home, Settings())

    def query(statement: str) -> Rows:
        with connected(endpoint) as connection:
            return connection.execute(statement)

    try:
        yield Workbench("spark", folder, schema, endpoint.environment, query)
    finally:
        query(f"create schema if not exists {schema}")
        for _, table, is_temporary in query(f"show tables in {schema}"):
            if not is_temporary:
                query(f"drop table {schema}.{table} purge")
        query(f"drop schema {schema}")


# What macros compute.


def test_macros_compute_the_same(bench: Workbench) -> None:
    cases = list((bench.project / "tests").glob("assert_*.sql"))
    assert len(cases) >= 14
    done = bench.dbt("test")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    # None may be skipped or disabled; the check of the session counts as one.
    assert f"PASS={len(cases) + 1} WARN=0 ERROR=0 SKIP=0" in done.stdout


# Rows of a key are replaced.

FIRST: Rows = [("a", 1), ("a", 2), ("b", 3), ("c", 4), ("", 5), ("c c", 6), (None, 7)]
SECOND: Rows = [("a", 8), ("d", 9), ("d", 9), ("", 10), (None, 11)]
UNTOUCHED: Rows = [("b", 3), ("c", 4), ("c c", 6)]
REPLACED_ONCE = sorted([*UNTOUCHED, ("a", 8), ("d", 9), ("d", 9), ("", 10)])


def test_delete_and_insert_replaces_the_rows_of_a_key(bench: Workbench) -> None:
    def deliver(rows: Rows) -> Rows:
        bench.run("replaced", delivered=rows)
        return bench.sorted_rows("replaced", "row_key", "row_number")

    assert deliver(FIRST) == [(None, 7), ("", 5), ("a", 1), ("a", 2), *UNTOUCHED]
    commits = _commits(bench) if bench.engine == "spark" else 0
    # Rows without a key belong to none: they are added and never replaced.
    assert deliver(SECOND) == [(None, 7), (None, 11), *REPLACED_ONCE]
    if bench.engine == "spark":
        assert _commits(bench) == commits + 1, "a reader could see keys without rows"
    assert deliver(SECOND) == [(None, 7), (None, 11), (None, 11), *REPLACED_ONCE]
    assert deliver([]) == [(None, 7), (None, 11), (None, 11), *REPLACED_ONCE]
    assert bench.query(
        f"select count(*) from {bench.schema}.replaced "
        "where loaded_at = timestamp '2025-06-30 15:59:59.25'"
    ) == [(10,)]


def _commits(bench: Workbench, table: str = "replaced") -> int:
    """Commits of an Iceberg table."""
    return int(bench.query(f"select count(*) from {bench.schema}.{table}.snapshots")[0][0])


# Connected components.

CHAIN = [f"k{number:02}" for number in range(40)]
#: A chain whose neighbours are far apart in the order of names, so that labels travel both ways.
SHUFFLED = [f"s{number * 17 % 40:02}" for number in range(40)]
EDGES = [
    *zip(CHAIN, CHAIN[1:], strict=False),
    *zip(SHUFFLED, SHUFFLED[1:], strict=False),
    *[("star_00", f"star_{number:02}") for number in range(1, 20)],
    *[(f"late_{number:02}", "late_99") for number in range(10)],
    *[("lone_a", "lone_a"), ("lone_b", "lone_b")],
    # Repeated, turned round, and a loop at a node that has other edges.
    *[("pair_b", "pair_a"), ("pair_a", "pair_b"), ("pair_b", "pair_a"), ("pair_a", "pair_a")],
    # A ring, and two rings joined by one edge.
    *[("ring_1", "ring_2"), ("ring_2", "ring_3"), ("ring_3", "ring_1")],
    *[("two_1", "two_2"), ("two_2", "two_3"), ("two_3", "two_1"), ("two_3", "two_8")],
    *[("two_8", "two_9"), ("two_9", "two_7"), ("two_7", "two_8")],
    # Text order is that of the bytes, not of a language.
    *[("z", "Z"), ("Z", "用户"), ("é", "用户"), ("10", "9"), ("9", "-"), ("", "|")],
]


def components_model(edges: Sequence[Edge]) -> str:
    """A model of these edges."""
    rows = ",\n".join(f"('{left}', '{right}')" for left, right in edges)
    return (
        "{{ config(materialized='connected_components') }}\n"
        f"select node_a, node_b from (values\n{rows}\n) as edges (node_a, node_b)\n"
    )


def test_components_are_labelled_with_their_smallest_node(bench: Workbench) -> None:
    expected = expected_components(EDGES)
    assert (len(expected), len(set(expected.values()))) == (133, 12)
    bench.run("components")
    found = bench.sorted_rows("components", "node", "component")
    assert found == sorted(expected.items())
    assert not [name for name in _tables(bench) if "__" in name], "work tables are left"
    assert "components" in _tables(bench)


def test_components_are_replaced_by_the_next_run(bench: Workbench) -> None:
    model = bench.project / "models" / "components.sql"
    for edges in ([("b", "a"), ("c", "b"), ("x", "x")], [("only", "only")]):
        model.write_text(components_model(edges), encoding="utf-8")
        bench.run("components")
        found = bench.sorted_rows("components", "node", "component")
        assert found == sorted(expected_components(edges).items())


#: All edges come as a variable. Small graphs change by large shares.
UPDATED = """\
{{ config(materialized='connected_components', incremental=true, largest_change=9) }}
select node_a, node_b
from (values ('a', 'a', true)
{%- for left, right in var('current', []) %}, ('{{ left }}', '{{ right }}', false){% endfor %}
) as edges (node_a, node_b, is_none)
where not is_none
"""
STATEMENT = "On model.finview.updated: "


def _updated(bench: Workbench, edges: Sequence[Edge], *arguments: str) -> str:
    """Build the model on these edges, check it, and give what dbt said."""
    log = bench.project / f"target_{bench.engine}" / "dbt.log"
    log.unlink(missing_ok=True)
    bench.run("updated", *arguments, current=edges)
    found = bench.sorted_rows("updated", "node", "component")
    assert found == sorted(expected_components(edges).items())
    return log.read_text(encoding="utf-8")


@pytest.mark.long
def test_components_are_kept_up_to_date(bench: Workbench) -> None:
    """Many small graphs in one model, so that few builds try many constellations."""
    graphs = [Graph(number, f"g{number:02}_", 4 + number % 9) for number in range(30)]

    def step(*arguments: str, added: int, removed: int) -> str:
        for graph in graphs:
            graph.change(added, removed)
        return _updated(bench, [edge for graph in graphs for edge in graph.edges], *arguments)

    def commits() -> list[int]:
        names = ("updated", "updated__edges") if bench.engine == "spark" else ()
        return [_commits(bench, name) for name in names]

    step(added=6, removed=0)
    before = commits()
    step(added=2, removed=2)
    assert commits() == [number + 1 for number in before], "a reader could see half of a change"
    step(added=0, removed=3)
    before = commits()
    edges = [edge for graph in graphs for edge in graph.edges]
    said = _updated(bench, edges[::-1])
    assert "[no change " in said and commits() == before
    statements = [part.split(" [debug] ")[0] for part in said.split(STATEMENT)[1:]]
    own = [statement for statement in statements if "updated__" in statement]
    assert len(own) == 4, "few statements: each takes a second on a cluster"
    step("--full-refresh", added=1, removed=1)
    left = {name for name in _tables(bench) if "__" in name}
    assert left == {"updated__edges"}, "work tables are left"


#: What a build is cut off after: it is committed, and what follows is not done. Each cut has a
#: model of its own, so that three runs of dbt try them all.
CUTS = {
    "cut_changed_0": "{%- do move_table(kept, kept_next) -%}",
    "cut_changed_1": "{{ apply_component_changes(target, work ~ 'changes') }}\n{%- endcall -%}",
    "cut_changed_2": "{%- do adapter.commit() -%}",
    "cut_changed_3": "{%- do change_kept_edges(kept_next, work ~ 'delta') -%}",
    "cut_full_0": "{%- do drop_work_table(relation) -%}\n{%- endfor -%}",
    "cut_full_1": "work, work ~ 'input', kept_next if is_kept else none\n) -%}",
    "cut_full_2": "{{ replace_table(target, labelled) }}\n{%- endcall -%}",
    "cut_full_3": "{%- do adapter.commit() -%}",
}
#: Statements of a cluster are slow: there those after which the tables differ most.
CUTS_ON_SPARK = ("cut_changed_2", "cut_full_3")


def _with_cuts(text: str) -> str:
    """The materialization, with an error behind each of the cuts if the variable `cut` is set."""
    text = "\n".join(line.strip() for line in text.splitlines())
    for name, statement in CUTS.items():
        branch = text.index("{%- elif plan.name == 'changed' -%}")
        after = text.index("{%- else -%}", branch)
        start, end = (branch, after) if "changed" in name else (after, len(text))
        place = text.index(statement, start, end) + len(statement)
        condition = f"{{%- if var('cut', false) and this.identifier == '{name}' -%}}"
        error = "{%- do exceptions.raise_compiler_error('cut off') -%}{%- endif -%}"
        text = text[:place] + condition + error + text[place:]
    return text


@pytest.mark.long
def test_a_build_that_is_cut_off_is_made_good(bench: Workbench) -> None:
    """The next build meets the edges of before: what had gone is back, what had come is gone."""
    before = [("a", "b"), ("b", "c"), ("y", "z")]
    after = [("b", "c"), ("x", "c"), ("y", "c")]
    for name in CUTS:
        # A full build is one that ends in the middle of a full refresh.
        refresh = "none" if "changed" in name else "var('cut', false)"
        config = f"full_refresh={refresh}, "
        model = UPDATED.replace("config(", "config(" + config)
        (bench.project / "models" / f"{name}.sql").write_text(model, encoding="utf-8")
    macro = bench.project / "macros" / "materializations" / "connected_components.sql"
    text = macro.read_text(encoding="utf-8")
    macro.write_text(_with_cuts(text), encoding="utf-8")
    cuts = list(CUTS) if bench.engine == "duckdb" else list(CUTS_ON_SPARK)
    selection = ["run", "--select", *cuts]
    assert bench.dbt(*selection, current=before).returncode == 0
    done = bench.dbt(*selection, current=after, cut=True)
    assert done.stdout.count("cut off") >= len(cuts) and f"ERROR={len(cuts)}" in done.stdout
    done = bench.dbt(*selection, current=before)
    macro.write_text(text, encoding="utf-8")
    assert done.returncode == 0, done.stdout[-4000:]
    expected = sorted(expected_components(before).items())
    for name in cuts:
        assert bench.sorted_rows(name, "node", "component") == expected, name
    assert "no change" not in done.stdout, "a table of kept edges was left in place"


def test_a_change_that_fails_changes_nothing(bench: Workbench) -> None:
    if bench.engine == "spark":
        pytest.skip("one statement, one commit: see the tests above")
    macro = bench.project / "macros" / "engine" / "component_tables.sql"
    text = macro.read_text(encoding="utf-8")
    insert = "select node, component from {{ changes }}"
    assert text.count(insert) == 1
    _updated(bench, [("a", "b"), ("b", "c")])
    macro.write_text(
        text.replace(insert, "select node, error('cut off') from {{ changes }}"), encoding="utf-8"
    )
    changed = [("b", "c"), ("x", "c")]
    done = bench.dbt("run", "--select", "updated", current=changed)
    macro.write_text(text, encoding="utf-8")
    assert done.returncode != 0 and "cut off" in done.stdout
    assert bench.sorted_rows("updated", "node", "component") == [("a", "a"), ("b", "a"), ("c", "a")]
    _updated(bench, changed)


#: What happened to the tables of a model since its last build.
MEDDLED = {
    "meddled_0": "drop table {0}",
    "meddled_1": "drop table {0}__edges",
    "meddled_2": "alter table {0} add column more integer",
    "meddled_3": "alter table {0}__edges drop column high",
    "meddled_4": "drop table {0}; create view {0} as select 'a' as node, 'b' as component",
}


def test_a_table_that_is_gone_or_changed_is_built_afresh(bench: Workbench) -> None:
    if bench.engine == "spark":
        pytest.skip("the same decision, slower")
    for name in MEDDLED:
        (bench.project / "models" / f"{name}.sql").write_text(UPDATED, encoding="utf-8")
    before, after = [("a", "b"), ("b", "c")], [("b", "c"), ("x", "c")]
    selection = ["run", "--select", *MEDDLED]
    assert bench.dbt(*selection, current=before).returncode == 0
    with duckdb.connect(bench.environment["FINVIEW_WAREHOUSE_FILE"]) as connection:
        for name, statement in MEDDLED.items():
            connection.execute(statement.format(f"{bench.schema}.{name}"))
    done = bench.dbt(*selection, current=after)
    assert done.returncode == 0, done.stdout[-4000:]
    for name in MEDDLED:
        found = bench.sorted_rows(name, "node", "component")
        assert found == sorted(expected_components(after).items()), name
        assert bench.sorted_rows(f"{name}__edges", "low", "high"), name


def _tables(bench: Workbench) -> set[str]:
    if bench.engine == "spark":
        return {str(row[1]) for row in bench.query(f"show tables in {bench.schema}") if not row[2]}
    rows = bench.query(
        f"select table_name from information_schema.tables where table_schema = '{bench.schema}'"
    )
    return {str(row[0]) for row in rows}


# What has no value is an error, not an empty or a wrong value.


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [
        # 1e23 has no room in decimal(24,6); as millionths it has none in 64 bits either.
        ("-100000000000000000", "0.000001"),
        # By one digit: 1e18.
        ("999999999999999999.999999", "0.999999"),
    ],
)
def test_a_quotient_without_room_is_an_error(
    bench: Workbench, numerator: str, denominator: str
) -> None:
    done = _show_ratio(bench, numerator, denominator)
    assert done.returncode != 0, done.stdout


def test_a_quotient_beyond_64_bits_of_millionths_is_right(bench: Workbench) -> None:
    done = _show_ratio(bench, "100000000000000000", "1")
    assert done.returncode == 0, done.stdout
    assert '"100000000000000000.000000"' in done.stdout


def _show_ratio(
    bench: Workbench, numerator: str, denominator: str
) -> subprocess.CompletedProcess[str]:
    arguments = f"\"cast('{numerator}' as decimal(24, 6))\", '{denominator}'"
    query = f"select cast({{{{ ratio({arguments}) }}}} as string) as quotient"
    return bench.dbt("show", "--quiet", "--output", "json", "--inline", query)


# Snapshots.


def test_a_snapshot_keeps_the_history_of_a_row(bench: Workbench) -> None:
    for delivered in ([["snap_a", 1], ["snap_b", 2]], [["snap_a", 9], ["snap_b", 2]]):
        bench.run("replaced", delivered=delivered)
        done = bench.dbt("snapshot", delivered=delivered)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    kept = bench.sorted_rows("snapped", "row_key", "row_number", "dbt_valid_to is null")
    assert kept == [("snap_a", 1, False), ("snap_a", 9, True), ("snap_b", 2, True)]
