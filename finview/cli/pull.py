"""The command that brings data in from a database: pull."""

from __future__ import annotations

import click

from finview.cli.output import Progress, console, home_option, print_table
from finview.settings import Home, load_settings, project_root


@click.command(short_help="Pull tables of PostgreSQL into landing.")
@click.option("--source", metavar="NAME", help="Only tables of this source of the contract.")
@click.option(
    "--table", "tables", multiple=True, metavar="NAME", help="Only this table; may be repeated."
)
@click.option("--full", is_flag=True, help="Pull everything again, not only what is new.")
@home_option
def pull(home: Home, source: str | None, tables: tuple[str, ...], full: bool) -> None:
    """Pull the tables that finview.yml names under `pull`: new and changed rows, or whole tables.

    What arrives in landing is accepted by the next `finview ingest` or `finview run`. A table that
    fails stops no other; the exit code is then 1. See docs/pull.md.

    \b
    Examples:
      finview pull
      finview pull --source crm --home /data/finview
      finview pull --table crm.customers --full
    """
    from finview.contract import load_contract
    from finview.pull import pull as pull_tables

    contract, settings = load_contract(project_root()), load_settings(home)
    with Progress() as progress:
        report = pull_tables(
            home,
            contract,
            settings,
            source=source,
            tables=tables,
            full=full,
            on_progress=progress.count,
        )
    print_table(
        "pulled",
        ["table", "status", "rows", "files", "from", "to"],
        [
            [
                table.full_name,
                table.status,
                f"{table.rows:,}",
                str(len(table.files)),
                table.cursor_from or "",
                table.cursor_to or "",
            ]
            for table in report.tables
        ],
    )
    for table in report.tables:
        for note in table.notes:
            console.print(f"note: {table.full_name}: {note}", markup=False)
    for table in report.tables:
        if table.error:
            click.echo(f"error: {table.error}\n  next: {table.next_step}", err=True)
    console.print(f"details: {home.audit / 'pull_latest.json'}", markup=False)
    raise SystemExit(0 if report.ok else 1)
