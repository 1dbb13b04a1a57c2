"""Commands that remove people and look after the hash key: erase, keys."""

from __future__ import annotations

import sys
from typing import IO

import click

from finview.cli.output import Group, console, home_option, print_table
from finview.errors import FinviewError
from finview.settings import Home, load_settings, project_root


@click.command(short_help="Erase a person from every place of the home, and keep them out.")
@click.option("--customer-id", "customers", multiple=True, metavar="ID", help="May be repeated.")
@click.option("--requests", is_flag=True, help="Everybody of crm.erasure_requests, scope all.")
@click.option(
    "--identifier-file",
    type=click.File("r", encoding="utf-8"),
    help="Lines `class,value` of people who are no customers; - reads standard input.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--reason", default="", help="Kept in the audit chain: no personal data here.")
@click.option(
    "--release", is_flag=True, help="Take the identifiers of the file off the suppression list."
)
@home_option
def erase(
    home: Home,
    customers: tuple[str, ...],
    requests: bool,
    identifier_file: IO[str] | None,
    dry_run: bool,
    reason: str,
    release: bool,
) -> None:
    """Remove people from landing, accepted data, quarantine, builds and every kept version.

    Their identifiers go on the suppression list, as keyed hashes: what is delivered of them again
    is quarantined. Without a name it completes an erasure that was cut off, and erases again
    whoever is on the list. The next `finview run` builds afresh. See docs/privacy.md.

    \b
    Examples:
      finview erase --customer-id c-1001 --dry-run
      finview erase --customer-id c-1001 --reason "request of 3 June"
      finview erase --requests
      finview erase --identifier-file -      then: phone,13800138000
      finview erase --release --identifier-file new_owner.csv
    """
    from finview.contract import load_contract
    from finview.privacy import erase as erasing

    given = _identifiers(identifier_file)
    contract = load_contract(project_root())
    if release:
        gone = erasing.release(home, given)
        console.print(f"{gone} entries taken off the suppression list", markup=False)
        return
    named, request_ids = list(customers), []
    if requests:
        waiting = erasing.waiting_requests(home, contract)
        request_ids = [request_id for request_id, _ in waiting]
        named += [customer for _, customer in waiting]
        console.print(f"{len(waiting)} requests are waiting", markup=False)
        if not (waiting or customers or given):
            return
    if dry_run:
        report = erasing.find(home, contract, named, given)
    else:
        report = erasing.erase(home, contract, named, given, reason=reason, request_ids=request_ids)
    shared = ", ".join(f"{count} {pii}" for pii, count in sorted(report.shared.items()))
    rows = [[place, f"{count:,}"] for place, count in report.counts.items()]
    print_table("would go" if dry_run else "erased", ["place", "count"], rows)
    console.print(
        f"{report.customers} customer ids, {report.entries} identifiers; "
        f"left alone, for others use them too: {shared or 'none'}",
        markup=False,
    )
    if report.unsearched:
        raise FinviewError(
            f"{len(report.unsearched)} places could not be searched: "
            f"{', '.join(report.unsearched[:5])}; everything else is done",
            "mend or remove them, then: finview erase",
        )
    if not dry_run:
        if load_settings(home).engine == "spark":
            console.print("drop the tables of the cluster too, see docs/privacy.md", markup=False)
        console.print("next: finview run builds afresh without them", markup=False)


def _identifiers(file: IO[str] | None) -> list[tuple[str, str]]:
    """Lines `class,value`; a message never shows a value."""
    if file is None:
        return []
    if file is sys.stdin and sys.stdin.isatty():
        console.print("lines `class,value`, end with Ctrl-D:", markup=False)
    given = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        pii, comma, value = line.strip().partition(",")
        if not comma or not value.strip():
            raise FinviewError(f"line {number} is not `class,value`", "such as: phone,13800138000")
        given.append((pii.strip(), value.strip()))
    return given


@click.group(cls=Group, short_help="The key of the identifier hashes: status, rotate.")
def keys() -> None:
    """The secret key under which identifiers are hashed. See docs/privacy.md."""


@keys.command(short_help="Which key versions accepted data and the suppression list use.")
@home_option
def status(home: Home) -> None:
    """Show key versions with their fingerprints; keys themselves are never shown.

    \b
    Example:
      finview keys status
    """
    from finview.privacy.rotation import key_status

    rows = key_status(home)
    titles = ["version", "fingerprint", "kind", "accepted files", "suppression entries", "given"]
    print_table("keys", titles, [[*row] for row in rows])


@keys.command(short_help="Hash everything anew, from landing, under a new key.")
@home_option
def rotate(home: Home) -> None:
    """Take every file again under the key that is set now; compare; then replace accepted data.

    Set FINVIEW_HASH_KEY and FINVIEW_HASH_KEY_VERSION to the new key, FINVIEW_HASH_KEY_OLD to the
    earlier one. Needs every file that was ever accepted in landing.

    \b
    Example:
      FINVIEW_HASH_KEY_VERSION=k2 finview keys rotate
    """
    from finview.contract import load_contract
    from finview.privacy.rotation import rotate as rotate_key

    report = rotate_key(home, load_contract(project_root()), load_settings(home))
    print_table(
        "hashed anew",
        ["table", "rows", "identifiers"],
        [[name, f"{rows:,}", f"{distinct:,}"] for name, rows, distinct in report.tables],
    )
    console.print(f"key {report.version} is in use; next: finview run builds afresh", markup=False)
