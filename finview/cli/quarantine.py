"""Commands on quarantined rows: quarantine list, show, replay."""

from __future__ import annotations

from collections import Counter

import click

from finview.cli.output import Group, Progress, console, home_option, print_table
from finview.settings import Home


@click.group(cls=Group, short_help="Rows that broke the contract: list, show, replay.")
def quarantine() -> None:
    """Look at rows that ingestion did not accept, and take them up again when a rule was mended.

    Values are never shown, only their shapes: look them up in the landed file, at the line.
    """


_table_option = click.option("--table", metavar="SOURCE.TABLE", help="Only of this table.")
_file_option = click.option("--file", metavar="TEXT", help="Only of files whose name has this.")


@quarantine.command(name="list", short_help="Broken rules by file, with counts.")
@_table_option
@home_option
def list_(home: Home, table: str | None) -> None:
    """Count the quarantined rows by file, column and rule.

    \b
    Example:
      finview quarantine list --table transaction.orders
    """
    from finview.ingest.replay import quarantined

    found = list(quarantined(home, table=table))
    rules = Counter((each.file, each.column, each.rule) for each in found)
    print_table(
        "quarantine",
        ["file", "column", "rule", "rows"],
        [[*names, f"{count:,}"] for names, count in sorted(rules.items())],
    )
    rows = len({(each.file, each.line) for each in found})
    console.print(f"{rows:,} rows of {len({each.file for each in found})} files", markup=False)


@quarantine.command(short_help="Each broken rule with file and line.")
@_table_option
@_file_option
@click.option("--rule", metavar="RULE", help="Only of this rule.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@home_option
def show(home: Home, table: str | None, file: str | None, rule: str | None, limit: int) -> None:
    """Show where rows broke which rule, and the shape of the value.

    \b
    Example:
      finview quarantine show --rule over_precise --limit 20
    """
    from finview.ingest.replay import quarantined

    found = list(quarantined(home, table=table, file=file, rule=rule))
    print_table(
        "quarantined rows",
        ["file", "line", "column", "rule", "shape of the value"],
        [[each.file, str(each.line), each.column, each.rule, each.shape] for each in found[:limit]],
    )
    if len(found) > limit:
        console.print(f"{len(found) - limit:,} more: --limit {len(found)}", markup=False)


@quarantine.command(short_help="Check the rows anew; accept what is sound now.")
@_table_option
@_file_option
@home_option
def replay(home: Home, table: str | None, file: str | None) -> None:
    """Read quarantined rows again from their landed files, after the contract was mended.

    A row moves once. Rows of a table with versions take the place of their own file among them.
    The next build is then due: what is published stays as it is.

    \b
    Example:
      finview quarantine replay --table transaction.orders && finview run --no-sample
    """
    from finview.pipeline import step_replay
    from finview.progress import listening

    with Progress() as progress, listening(progress):
        results = step_replay(home, table=table, file=file)
    print_table(
        "replay",
        ["file", "rows", "accepted", "duplicate", "still quarantined", "problem"],
        [
            [
                each.file,
                f"{each.rows:,}",
                f"{each.accepted:,}",
                f"{each.duplicate:,}",
                f"{each.quarantined if not each.problem else each.rows:,}",
                each.problem,
            ]
            for each in results
        ],
    )
    raise SystemExit(1 if any(each.problem for each in results) else 0)
