"""Commands of the contract of raw data: contract lint, diff, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from finview.cli.output import Group, console, home_option
from finview.settings import Home, project_root

if TYPE_CHECKING:
    from finview.contract import Contract
    from finview.contract.diff import SourceDiff


def _project_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of the project whose contract it is [default: this one].",
    )(function)


@click.group(cls=Group, short_help="The contract of raw data: lint, diff, export.")
def contract() -> None:
    """Check, compare and export the contract in models/staging/*/_*__sources.yml.

    What each key means: docs/contract.md. The contract belongs to the project, not to a home.
    """


@contract.command(short_help="Every rule that the contract breaks.")
@_project_option
@home_option
def lint(home: Home, project: Path | None) -> None:
    """List every problem of the contract with its place and rule. Exit code 1 when there is one.

    \b
    Example:
      finview contract lint
    """
    from finview.contract.lint import lint

    found, problems = lint(project or project_root())
    for problem in problems:
        console.print(f"  {problem.where}: {problem.rule}: {problem.message}", markup=False)
    console.print(
        f"{len(found.tables)} tables, {len(found.versions)} sources, problems: {len(problems)}",
        markup=False,
    )
    raise SystemExit(1 if problems else 0)


@contract.command(short_help="What changed, whom it breaks, which version it needs.")
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--check", is_flag=True, help="Exit code 1 when a version did not rise as needed.")
@home_option
def diff(home: Home, old: Path, new: Path | None, check: bool) -> None:
    """Compare two contracts, change by change: breaking or compatible, and why.

    OLD and NEW [default: this project] are each a project folder, a file that `finview contract
    export` wrote, or a folder of such files. A file stands for its sources alone.

    \b
    Example:
      finview contract diff released/ --check
    """
    from finview.contract.diff import compare

    before, after = _read(old), _read(new or project_root())
    if old.is_file():
        after = after.only(set(before.versions))
    elif new is not None and new.is_file():
        before = before.only(set(after.versions))
    differences = compare(before, after)
    for difference in differences:
        _show(difference)
    missing = [difference for difference in differences if not difference.is_bumped]
    raise SystemExit(1 if check and missing else 0)


@contract.command(short_help="The contract as ODCS, for data-contract tools.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder.")
@click.option("--source", "only", metavar="NAME", help="One source instead of all.")
@_project_option
@home_option
def export(home: Home, output: Path | None, only: str | None, project: Path | None) -> None:
    """Write the contract in the Open Data Contract Standard, one document per source system.

    With --output one file per source, else all on standard output.

    \b
    Example:
      finview contract export --output released/
    """
    from finview.contract import load_contract
    from finview.contract.odcs import SUFFIX, export
    from finview.errors import FinviewError

    documents = export(load_contract(project or project_root()))
    if only is not None:
        if only not in documents:
            known = ", ".join(documents)
            raise FinviewError(f"the contract has no source {only}", f"use one of: {known}")
        documents = {only: documents[only]}
    if output is None:
        click.echo("---\n".join(documents.values()), nl=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    for source, text in documents.items():
        path = output / f"{source}{SUFFIX}"
        path.write_text(text, encoding="utf-8")
        console.print(f"  {path}", markup=False)


def _read(path: Path) -> Contract:
    from finview.contract import load_contract
    from finview.contract.odcs import read_odcs

    is_project = (path / "models" / "staging").is_dir()
    return load_contract(path) if is_project else read_odcs(path)


def _show(difference: SourceDiff) -> None:
    versions = f"{difference.old_version or 'absent'} -> {difference.new_version or 'absent'}"
    console.print(f"{difference.source} {versions}", markup=False)
    for change in difference.changes:
        kind = "breaking  " if change.is_breaking else "compatible"
        console.print(f"  {kind} {change.where}: {change.what} ({change.reason})", markup=False)
    if not difference.changes:
        console.print("  no change", markup=False)
    if difference.new_version is None:
        console.print("  the source is gone: no version can tell", markup=False)
    elif difference.changes or not difference.is_bumped:
        verdict = "enough" if difference.is_bumped else "NOT enough"
        console.print(f"  needed: {difference.needed}; {versions} is {verdict}", markup=False)
