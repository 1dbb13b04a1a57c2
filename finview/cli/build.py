"""Commands that build or look after a home: run, ui, env, doctor."""

from __future__ import annotations

import os
import shlex
import sysconfig
from contextlib import chdir
from pathlib import Path

import click

from finview.cli.output import Progress, console, home_option
from finview.settings import ENGINES, Home, load_settings, project_root


@click.command(short_help="Build and publish everything, then print the scorecard.")
@click.option("--full-refresh", is_flag=True, help="Build incremental tables afresh.")
@click.option("--no-sample", is_flag=True, help="With an empty landing, stop; make no sample data.")
@click.option("--no-scorecard", is_flag=True, help="Do not print the scorecard at the end.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="Engine of this run [default: engine in finview.yml, else duckdb].",
)
@home_option
def run(
    home: Home, full_refresh: bool, no_sample: bool, no_scorecard: bool, engine: str | None
) -> None:
    """Ingest, check, build, check, publish; the last good version stays served until the end.

    Tables that finview.yml pulls from a database are pulled first, see docs/pull.md. An empty
    landing is filled with sample data, unless something is pulled.

    \b
    Examples:
      finview run
      finview run --home /data/finview --no-sample
      finview run --full-refresh       after changing rules that reach into the past
      finview run --engine spark       on the Spark cluster, see docs/spark.md
    """
    from finview import pipeline
    from finview.cli.serve import print_scorecard
    from finview.engines import engine_of

    if engine:
        os.environ["FINVIEW_ENGINE"] = engine
    settings = load_settings(home)
    engine_of(home, settings).check()
    home.create()
    if nothing_delivered(home) and not settings.pull:
        make_sample(home, refuse=no_sample)
    # dbt looks for the folders of its layers from the working directory, whatever the project is.
    with Progress() as progress, chdir(project_root()):
        result = pipeline.run(home, full_refresh=full_refresh, on_progress=progress)
    if not no_scorecard:
        print_scorecard(home, level="strategic")
    folder = home.published / "current"
    console.print(
        f"published {result.version} (as of {result.as_of}) in {result.seconds:.0f} s\n"
        f"  content   {result.content_hash}\n"
        f"  marts     {folder / 'marts.duckdb'}   (read-only DuckDB file)\n"
        f"  parquet   {folder / 'tables'}\n"
        f"  manifest  {folder / 'manifest.json'}\n"
        f"  all KPIs  {_command(home, 'kpi')} --all\n"
        f"  web UI    {_command(home, 'ui')}",
        markup=False,
    )


@click.command(short_help="Web UI of the orchestrator: runs, lineage, checks, schedule.")
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
@home_option
def ui(home: Home, port: int) -> None:
    """Serve the web UI on 127.0.0.1 and run the schedule while it is open. Stop with Ctrl-C.

    \b
    Example:
      finview ui --port 3001
    """
    from orchestration.instance import prepare_instance

    home.create()
    prepare_instance(home)
    project = project_root()
    environment = {
        **os.environ,
        "FINVIEW_HOME": str(home.root),
        "FINVIEW_PROJECT": str(project),
        "DAGSTER_HOME": str(home.dagster),
    }
    dagster = str(Path(sysconfig.get_path("scripts")) / "dagster")
    arguments = ["dev", "-m", "orchestration.definitions", "-h", "127.0.0.1", "-p", str(port)]
    console.print(f"web UI on http://127.0.0.1:{port} (Ctrl-C stops it)", markup=False)
    os.chdir(project)
    os.execve(dagster, [dagster, *arguments], environment)


@click.command(short_help="Shell lines under which dbt works by hand on this home.")
@home_option
def env(home: Home) -> None:
    """Print `export` lines for dbt by hand.

    \b
    Example:
      eval "$(finview env)" && dbt build --select staging
    """
    from finview.dbt import dbt_environment
    from finview.engines import engine_of
    from finview.identity.state import create_tables

    engine = engine_of(home, load_settings(home))
    if home.accepted.is_dir():
        create_tables(home)
    values = {**dbt_environment(home, project_root()), **engine.environment(None)}
    for name, value in sorted(values.items()):
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command(short_help="Check this machine, the home and the last build.")
@home_option
def doctor(home: Home) -> None:
    """Check Python, packages, key, settings, disk, ports, the last build and the audit chain.

    Exit code 1 when something must be mended.

    \b
    Example:
      finview doctor --home /data/finview
    """
    from finview.cli.checkup import examine

    findings = examine(home)
    for finding in findings:
        console.print(f"  {finding.mark} {finding.subject}: {finding.text}", markup=False)
        if finding.next_step:
            console.print(f"        next: {finding.next_step}", markup=False)
    bad = sum(finding.level == "bad" for finding in findings)
    console.print("all well" if not bad else f"{bad} to mend", markup=False)
    raise SystemExit(1 if bad else 0)


def nothing_delivered(home: Home) -> bool:
    """Neither a landed nor an accepted file; what finview keeps itself does not count."""
    sources = home.accepted.iterdir() if home.accepted.is_dir() else ()
    return is_empty(home.landing) and all(
        is_empty(folder) for folder in sources if folder != home.identity
    )


def is_empty(folder: Path) -> bool:
    """No data file below `folder` (hidden files and the empty schema files aside)."""
    return not any(
        path.is_file() and not path.name.startswith((".", "_")) for path in folder.rglob("*")
    )


def make_sample(home: Home, *, refuse: bool = False) -> None:
    """Fill an empty landing with sample data, and say so.

    Raises:
        FinviewError: `refuse`, with where files belong.
    """
    from finview.errors import FinviewError

    if refuse:
        raise FinviewError(
            f"{home.landing} is empty",
            "put files under landing/<source>/<table>/, see docs/contract.md; or drop --no-sample",
        )
    from simulator import simulate

    console.print("landing is empty: making sample data (invented people)", markup=False)
    with Progress() as progress:
        rows = simulate(home.landing, home.truth, on_progress=progress.count)
    console.print(f"  ok  sample data: {sum(rows.values()):,} rows", markup=False)


def _command(home: Home, name: str) -> str:
    default = Home.find().root == home.root
    return f"finview {name}" if default else f"finview {name} --home {shlex.quote(str(home.root))}"
