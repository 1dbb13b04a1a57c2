"""Commands around what is published: kpi, publish, versions, rollback."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from finview.cli.output import console, home_option, print_table
from finview.scorecard import ScoreRow, format_value, read_scorecard
from finview.settings import Home

#: A cell of a spreadsheet that begins so may run as a formula.
_FORMULA = ("=", "+", "@", "\t", "\r")


@click.command(short_help="KPIs of the published version with baseline, target and benchmark.")
@click.option("--area", help="Only this area, such as acquisition.")
@click.option("--level", type=click.Choice(["strategic", "strategy", "execution"]))
@click.option(
    "--all", "everything", is_flag=True, help="All levels, and slices by channel or tier."
)
@click.option(
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "csv", "json"]),
)
@home_option
def kpi(home: Home, area: str | None, level: str | None, everything: bool, form: str) -> None:
    """Print the KPI scorecard; without options the strategic level.

    \b
    Examples:
      finview kpi
      finview kpi --area acquisition
      finview kpi --all --format csv > kpis.csv
    """
    if not (area or level or everything):
        level = "strategic"
    if form == "table":
        print_scorecard(home, level=level, area=area, with_cuts=everything)
        return
    rows = read_scorecard(home, level=level, area=area, with_cuts=everything)
    if form == "json":
        click.echo(json.dumps([asdict(row) for row in rows], default=str, ensure_ascii=False))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(ScoreRow.__dataclass_fields__)
    for row in rows:
        writer.writerow([_harmless(value) for value in asdict(row).values()])


@click.command(short_help="Publish the candidate, if its build is green.")
@home_option
def publish(home: Home) -> None:
    """Publish what the last build made. Refused when any of its stages is red or missing.

    \b
    Example:
      finview publish
    """
    from finview.pipeline import step_publish

    manifest = step_publish(home)
    console.print(f"published {manifest.version} (as of {manifest.as_of_date})", markup=False)


@click.command(short_help="List the published versions.")
@home_option
def versions(home: Home) -> None:
    """List the versions kept, newest first; the one being served is marked.

    \b
    Example:
      finview versions
    """
    from finview.publish import versions as list_versions

    rows = [
        [
            "*" if version.is_current else "",
            version.version,
            str(version.as_of_date or ""),
            str(version.published_at or ""),
            str(version.tables),
            f"{version.rows:,}",
            (version.content_hash or "")[:16],
            version.problem or "",
        ]
        for version in list_versions(home)
    ]
    columns = ["", "version", "as of", "published", "tables", "rows", "content", "problem"]
    print_table("published versions (* is served)", columns, rows)


@click.command(short_help="Serve an earlier version again.")
@click.argument("version", required=False)
@home_option
def rollback(home: Home, version: str | None) -> None:
    """Serve VERSION again, by default the one before the current; written to the audit chain.

    \b
    Examples:
      finview rollback
      finview rollback 2025-06-30-0001-fd43e23b2917
    """
    from finview.pipeline import exclusive
    from finview.publish import rollback as roll_back

    with exclusive(home):
        info = roll_back(home, version)
    console.print(f"now serving {info.version} (as of {info.as_of_date})", markup=False)


def print_scorecard(
    home: Home, *, level: str | None = None, area: str | None = None, with_cuts: bool = False
) -> None:
    """Print KPIs of the published version as a table."""
    rows = read_scorecard(home, level=level, area=area, with_cuts=with_cuts)
    title = " ".join(part for part in ("KPI scorecard:", level, area) if part).rstrip(":")
    columns = [
        "KPI",
        "指标",
        "period",
        "value",
        "baseline",
        "target",
        "benchmark",
        "status",
    ]
    if with_cuts:
        columns.insert(2, "cut")
    print_table(title, columns, [_cells(row, with_cuts) for row in rows])


def _cells(row: ScoreRow, with_cuts: bool) -> Sequence[str]:
    cells = [row.name_en, row.name_zh, row.period, format_value(row.kpi_value, row.shown_unit)]
    references = (row.baseline_value, row.target_value, row.benchmark_value)
    cells += [format_value(value, row.shown_unit) for value in references]
    cells.append(row.status or "")
    if with_cuts:
        cells.insert(2, row.cut_value)
    return cells


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula, made plain text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
