"""A sample without a home: `python -m simulator FOLDER --users 30000 --processes 2`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from simulator import FORMATS, LARGEST_USERS, SMALLEST_DAYS, SMALLEST_USERS, simulate


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--users",
    default=3000,
    show_default=True,
    type=click.IntRange(SMALLEST_USERS, LARGEST_USERS),
    help="Registered people.",
)
@click.option("--days", default=912, show_default=True, type=click.IntRange(SMALLEST_DAYS))
@click.option("--seed", default=7, show_default=True, help="Same seed, same data.")
@click.option("--start", default="2023-01-01", show_default=True, help="First business day.")
@click.option("--fault-rate", default=0.0, show_default=True, help="Share of spoilt CSV rows.")
@click.option(
    "--format", "file_format", default="mixed", show_default=True, type=click.Choice(FORMATS)
)
@click.option("--processes", default=1, show_default=True, help="Changes no byte.")
def main(
    folder: Path,
    users: int,
    days: int,
    seed: int,
    start: str,
    fault_rate: float,
    file_format: str,
    processes: int,
) -> None:
    """Write FOLDER/landing and FOLDER/truth."""
    rows = simulate(
        folder / "landing",
        folder / "truth",
        users=users,
        days=days,
        seed=seed,
        start=date.fromisoformat(start),
        fault_rate=fault_rate,
        file_format=file_format,
        processes=processes,
    )
    for name, count in rows.items():
        click.echo(f"{name:36} {count:>14,}")


if __name__ == "__main__":
    main()
