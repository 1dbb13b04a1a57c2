"""Commands of the local Spark cluster: cluster up, down, status; and parity."""

from __future__ import annotations

import click

from finview.cli.output import Group, Progress, console, home_option, print_table
from finview.settings import Home


@click.group(cls=Group, short_help="A Spark cluster on this machine: up, down, status.")
def cluster() -> None:
    """Start and stop a Spark cluster with an Iceberg catalogue, all on 127.0.0.1.

    Needs Java 17, PostgreSQL and its JDBC driver, and the packages of requirements/cluster.txt in
    .venv-cluster; `make spark-up` installs the latter. For a real cluster: docs/spark.md.
    """


@cluster.command(short_help="Start it, or what is left of it anew.")
@click.option("--port", default=10000, show_default=True, help="Of the Thrift server; 0: any.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--cores", default=1, show_default=True, help="Cores of each worker.")
@click.option("--worker-memory", default="1g", show_default=True, help="Heap of each executor.")
@click.option("--driver-memory", default="1536m", show_default=True, help="Heap of the driver.")
@click.option("--long-running", is_flag=True, help="Let Java optimise fully: for large data.")
@home_option
def up(
    home: Home,
    port: int,
    workers: int,
    cores: int,
    worker_memory: str,
    driver_memory: str,
    long_running: bool,
) -> None:
    """Start master, workers, Thrift server and catalogue; a running cluster is kept.

    \b
    Example:
      finview cluster up --workers 2 --worker-memory 2g
    """
    from finview.cluster import Sizes, up

    sizes = Sizes(workers, cores, worker_memory, driver_memory, long_running)
    with Progress() as progress:
        state = up(home, sizes=sizes, port=port, on_progress=progress)
    console.print(
        f"Thrift server on 127.0.0.1:{state.thrift_port}\n"
        "  build on it  finview run --engine spark\n"
        "  stop it      finview cluster down",
        markup=False,
    )


@cluster.command(short_help="Stop it; tables stay unless --remove.")
@click.option("--remove", is_flag=True, help="Delete its tables and catalogue too.")
@home_option
def down(home: Home, remove: bool) -> None:
    """Stop every process of the local cluster.

    \b
    Example:
      finview cluster down --remove
    """
    from finview.cluster import down

    stopped = down(home, remove=remove)
    console.print("stopped" if stopped else "no cluster was running", markup=False)


@cluster.command(short_help="Its processes, port and memory.")
@home_option
def status(home: Home) -> None:
    """Show which processes live. Exit code 1 when the cluster is not fully up.

    \b
    Example:
      finview cluster status
    """
    from finview.cluster import status

    now = status(home)
    if now.state is None:
        console.print("no cluster is running", markup=False)
    else:
        for name, alive in now.alive.items():
            console.print(f"  {'ok ' if alive else 'bad'} {name}", markup=False)
        console.print(
            f"Thrift server on 127.0.0.1:{now.state.thrift_port}, "
            f"{now.resident_bytes / 2**30:.1f} GiB of memory",
            markup=False,
        )
    raise SystemExit(0 if now.is_up else 1)


@click.command(short_help="Build on DuckDB and on Spark, compare every mart cell by cell.")
@click.option("--users", default=600, show_default=True, help="People of a new sample.")
@click.option("--days", default=912, show_default=True, help="Days of a new sample.")
@click.option("--keep", is_flag=True, help="Leave the cluster running afterwards.")
@click.option("--quick", is_flag=True, help="Tables only: no dbt tests, no build in two steps.")
@home_option
def parity(home: Home, users: int, days: int, keep: bool, quick: bool) -> None:
    """Build the accepted data of a home on both engines and compare all marts and reports.

    An empty home is filled with sample data first. A cluster is started unless one runs. Exit
    code 1 when a single cell, type or dbt test differs.

    \b
    Example:
      finview parity --home var/parity --users 600
    """
    from finview.cli.build import nothing_delivered
    from finview.parity import check_parity

    home.create()
    with Progress() as progress:
        if nothing_delivered(home):
            from simulator import simulate

            simulate(home.landing, home.truth, users=users, days=days, on_progress=progress.count)
        report = check_parity(home, quick=quick, keep_cluster=keep, on_progress=progress)
    print_table(
        f"Parity of DuckDB and Spark (as of {report.as_of})",
        ["model", "rows DuckDB", "rows Spark", "differing rows", "types"],
        [
            [
                table.name,
                f"{table.rows[0]:,}",
                f"{table.rows[1]:,}",
                f"{table.differing:,}",
                "same" if not table.type_differences else "; ".join(table.type_differences),
            ]
            for table in report.tables
        ],
    )
    for line in report.summary():
        console.print(line, markup=False)
    raise SystemExit(0 if report.is_equal else 1)
