"""Sample data: the raw files of an invented internet-finance platform, and the truth behind them.

The same arguments give the same bytes. See `docs/simulator.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from finview.errors import FinviewError
from simulator import tables_channel, tables_contact, tables_core
from simulator.build import Scene, build
from simulator.tables_channel import Files
from simulator.truth import write_truth
from simulator.world import World
from simulator.writing import write

__all__ = ["simulate"]

SMALLEST_USERS, LARGEST_USERS = 100, 1_000_000
SMALLEST_DAYS = 30

_TABLES: dict[str, Callable[[Scene], Files]] = {
    "transaction/products": tables_core.products,
    "channel/campaigns": tables_channel.campaigns,
    "crm/customers": tables_core.customers,
    "crm/customer_devices": tables_core.customer_devices,
    "crm/consents": tables_core.consents,
    "crm/tickets": tables_core.tickets,
    "transaction/orders": tables_core.orders,
    "transaction/repayments": tables_core.repayments,
    "channel/coupons": tables_contact.coupons,
    "channel/messages": tables_contact.messages,
    "channel/ad_spend_daily": tables_channel.ad_spend_daily,
    "channel/ad_touches": tables_channel.ad_touches,
    "channel/app_events": tables_channel.app_events,
}


def simulate(
    landing: Path,
    truth: Path,
    *,
    users: int = 3000,
    days: int = 912,
    seed: int = 7,
    start: date = date(2023, 1, 1),
    on_progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, int]:
    """Write the raw files of a simulated platform to `landing`, and what is true to `truth`.

    Args:
        landing: Folder for `<source>/<table>/<files>`.
        truth: Folder for the truth; outside `landing`.
        users: Registered people (more accounts, and visitors that never register, come on top).
        days: Business days (Asia/Shanghai) from `start`.
        seed: The same seed, users, days and start give the same bytes.
        start: First business day.
        on_progress: Called with (message, done, total) before each table and at the end.

    Returns:
        Rows by `<source>.<table>`.

    Raises:
        FinviewError: an argument is out of range, or `truth` lies inside `landing`.
    """
    _check(landing, truth, users, days, seed)
    report = on_progress or (lambda message, done, total: None)
    total = len(_TABLES) + 2
    report("drawing the world", 0, total)
    scene = build(World(users=users, days=days, seed=seed, start=start))
    rows: dict[str, int] = {}
    for done, (name, files) in enumerate(_TABLES.items(), start=1):
        report(f"writing {name}", done, total)
        rows[name.replace("/", ".")] = _write_table(landing / name, files(scene))
    report("writing the truth", total - 1, total)
    write_truth(scene, truth, rows)
    report("sample data written", total, total)
    return rows


def _write_table(folder: Path, files: Files) -> int:
    count = 0
    for name, rows in files:
        write(folder / name, rows)
        count += rows.num_rows
    return count


def _check(landing: Path, truth: Path, users: int, days: int, seed: int) -> None:
    if not SMALLEST_USERS <= users <= LARGEST_USERS:
        raise FinviewError(
            f"cannot simulate {users} users",
            f"choose from {SMALLEST_USERS} to {LARGEST_USERS}",
        )
    if days < SMALLEST_DAYS:
        raise FinviewError(f"cannot simulate {days} days", f"choose {SMALLEST_DAYS} or more")
    if seed < 0:
        raise FinviewError(f"the seed is {seed}", "choose 0 or more")
    if truth.resolve().is_relative_to(landing.resolve()):
        raise FinviewError(
            f"the truth ({truth}) would lie below the landing folder", "choose a folder beside it"
        )
