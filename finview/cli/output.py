"""How the command line speaks: errors with a next step, progress, tables."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from finview.errors import FinviewError
from finview.settings import Home

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())


class Group(click.Group):
    """A group that lists commands as added and prints a FinviewError without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of use."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a FinviewError becomes `error:` and `next:` with exit code 1."""
        from finview.dbt import telemetry_off

        telemetry_off()
        try:
            return super().invoke(ctx)
        except FinviewError as error:
            click.echo(f"error: {error.message}", err=True)
            if error.next_step:
                click.echo(f"  next: {error.next_step}", err=True)
            ctx.exit(1)


def home_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--home` and hands the command a `Home`."""

    @click.option(
        "--home",
        "home_path",
        metavar="FOLDER",
        help="Folder with data and published marts [default: $FINVIEW_HOME, else ./var].",
    )
    @functools.wraps(function)
    def with_home(home_path: str | None, **options: Any) -> Any:
        return function(home=Home.find(home_path), **options)

    return with_home


class Progress:
    """Shows what the pipeline says: one line per stage, a moving counter on a terminal."""

    def __init__(self) -> None:
        self._status = console.status("") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, kind: str, message: str) -> None:
        """Listener of `finview.progress`."""
        if kind in ("start", "tick"):
            if self._status:
                self._status.update(message)
            elif kind == "start":
                console.print(f"  ... {message}", markup=False)
            return
        mark = {"done": "ok ", "failed": "red", "note": "   "}[kind]
        console.print(f"  {mark} {message}", markup=False)

    def count(self, message: str, done: int, total: int) -> None:
        """Callback of the simulator and of ingestion."""
        self("tick", f"{message} ({done}/{total})")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as the terminal; when piped, as wide as its content."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    wide = console if console.is_terminal else Console(highlight=False, width=240)
    wide.print(table, markup=False)
