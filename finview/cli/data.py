"""Commands that bring data in: sample, import, ingest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from finview.cli.output import Progress, console, home_option, print_table
from finview.errors import FinviewError
from finview.settings import Home


@click.command(short_help="Make sample data (invented people) in landing.")
@click.option("--users", default=3000, show_default=True, type=click.IntRange(100, 10_000_000))
@click.option("--days", default=912, show_default=True, type=click.IntRange(30))
@click.option("--seed", default=7, show_default=True, help="Same seed, same data.")
@click.option("--start", default="2023-01-01", show_default=True, metavar="DAY")
@click.option("--fault-rate", default=0.0, show_default=True, type=click.FloatRange(0, 0.5))
@click.option(
    "--format",
    "file_format",
    default="mixed",
    show_default=True,
    type=click.Choice(("mixed", "csv", "parquet")),
    help="mixed: each table as its source delivers it.",
)
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@home_option
def sample(
    home: Home,
    users: int,
    days: int,
    seed: int,
    start: str,
    fault_rate: float,
    file_format: str,
    processes: int,
) -> None:
    """Write sample raw data into landing, and the truth behind it beside it.

    \b
    Examples:
      finview sample --home /tmp/small --users 300 --days 400
      finview run --home /tmp/small
    """
    from finview.cli.build import is_empty
    from simulator import simulate

    try:
        first_day = datetime.strptime(start, "%Y-%m-%d").date()
    except ValueError:
        text = f"{start!r} is no day such as 2023-01-01"
        raise click.BadParameter(text, param_hint="--start") from None
    home.create()
    if not is_empty(home.landing):
        raise FinviewError(
            f"{home.landing} already holds files; sample data would mix with them",
            "name another home: finview sample --home FOLDER",
        )
    with Progress() as progress:
        rows = simulate(
            home.landing,
            home.truth,
            users=users,
            days=days,
            seed=seed,
            start=first_day,
            fault_rate=fault_rate,
            file_format=file_format,
            processes=processes,
            on_progress=progress.count,
        )
    print_table("sample data", ["table", "rows"], [[n, f"{c:,}"] for n, c in rows.items()])


@click.command(name="import", short_help="Bring a public data set into landing.")
@click.argument("example")
@click.option(
    "--from",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the data set's files.",
)
@home_option
def import_(home: Home, example: str, folder: Path) -> None:
    """Map a public data set to the contract; the names are the folders of examples/.

    \b
    Example:
      finview import completejourney --from ~/data/completejourney --home ./cj
      finview run --home ./cj
    """
    from finview.importer import import_example

    rows = import_example(example, folder, home)
    print_table(example, ["table", "rows"], [[n, f"{c:,}"] for n, c in rows.items()])


@click.command(short_help="Only accept what is in landing.")
@home_option
def ingest(home: Home) -> None:
    """Check landing against the contract; show what was accepted, quarantined and refused.

    The next build is then due: what is published stays as it is.

    \b
    Example:
      finview ingest && less var/audit/ingest_latest.json
    """
    from finview.pipeline import step_ingest
    from finview.progress import listening

    home.create()
    with Progress() as progress, listening(progress):
        report = step_ingest(home)
    print_table(
        "files",
        ["file", "status", "rows in", "accepted", "quarantined", "duplicate", "reason"],
        [
            [
                str(file.file),
                file.status,
                f"{file.rows_in or 0:,}",
                f"{file.rows_accepted or 0:,}",
                f"{file.rows_quarantined or 0:,}",
                f"{file.rows_duplicate or 0:,}",
                file.reason or "",
            ]
            for file in report.files
        ],
    )
    console.print(f"details: {home.audit / 'ingest_latest.json'}", markup=False)
