"""The command `finview identity fit`."""

from __future__ import annotations

import click

from finview.cli.output import console, home_option, print_table
from finview.settings import Home


@click.command(short_help="Learn the weights of device matching from the last build.")
@home_option
def fit(home: Home) -> None:
    """Train, calibrate and judge the weights that match devices without a login to customers.

    Learns from pairs of devices with one owner each, on pairs that it keeps apart from those that
    judge it. A version is promoted only if it beats knowing nothing and the version in use; a
    promoted one counts from the next `finview run` on. See docs/identity-matching.md.

    \b
    Example:
      finview run && finview identity fit && finview run
    """
    from finview.identity.matching.fit import fit as fitting

    found = fitting(home)
    rivals = [(found.version.name, found.quality), ("share only", found.baseline)]
    if found.previous:
        rivals.append((f"{found.previous[0]} (in use)", found.previous[1]))
    print_table(
        "on pairs of devices that neither trained nor calibrated it",
        ("version", "Brier score", "AUC", "precision", "recall"),
        [
            (
                name,
                f"{figures.brier:.4f}",
                f"{figures.auc:.4f}",
                "" if figures.precision is None else f"{figures.precision:.4f}",
                f"{figures.recall:.4f}",
            )
            for name, figures in rivals
        ],
    )
    for part, (same, other) in found.pairs.items():
        console.print(f"pairs to {part}: {same:,} of one owner, {other:,} of two", markup=False)
    if found.reason:
        console.print(f"{found.version.name} is refused: {found.reason}", markup=False)
    else:
        console.print(
            f"{found.version.name} is promoted: it counts from the next finview run on",
            markup=False,
        )
