"""Sample data: the raw files of an invented internet-finance platform, and the truth behind them.

The same arguments give the same bytes, whatever the number of processes. See
`docs/simulator.md`; `finview sample` writes one into the landing folder of a home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial, reduce
from multiprocessing import get_context
from operator import add
from pathlib import Path

from finview.errors import FinviewError
from simulator.build import share
from simulator.campaigns import make_campaigns
from simulator.delivery import FORMATS, Delivery
from simulator.faults import hostile, spoil
from simulator.plan import Plan
from simulator.tables import PERSONAL, SHARED
from simulator.truth import Ledger, clear, collect, write_shared_truth, write_summary
from simulator.work import Done, Report, write_part

__all__ = ["FORMATS", "simulate"]

SMALLEST_USERS, LARGEST_USERS = 100, 10_000_000
SMALLEST_DAYS = 30


def simulate(
    landing: Path,
    truth: Path,
    *,
    users: int = 3000,
    days: int = 912,
    seed: int = 7,
    start: date = date(2023, 1, 1),
    fault_rate: float = 0.0,
    file_format: str = "mixed",
    processes: int = 1,
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
        fault_rate: Share of the rows of CSV files that are spoilt, and more than 0 adds broken
            files; what should become of each is told in `truth/faults.parquet`.
        file_format: `mixed` (as each source delivers), `csv` or `parquet` for all tables.
        processes: Processes that work at the same time; changes no byte.
        on_progress: Called with (message, done, total) on the way and at the end.

    Returns:
        Rows by `<source>.<table>`, before faults.

    Raises:
        FinviewError: an argument is out of range, or `truth` lies inside `landing`.
    """
    plan = Plan(landing, truth, users, days, seed, start, file_format, fault_rate)
    return carry_out(plan, processes, on_progress or (lambda message, done, total: None))


def carry_out(plan: Plan, processes: int, report: Report) -> dict[str, int]:
    """Write what a plan says; see `simulate`."""
    _check(plan, processes)
    landing, truth = plan.landing, plan.truth
    clear(truth)
    done = list(_parts(plan, processes, report))
    rows = {name: sum(part.rows[name] for part in done) for name in PERSONAL}
    campaigns = make_campaigns(plan.whole)
    shared = share(plan.whole, campaigns, reduce(add, (part.totals for part in done)))
    delivery = Delivery(landing, plan.file_format)
    for table, files in SHARED.items():
        delivery.add(table, files(shared))
    number = len(done)
    ledger = Ledger(truth, number)
    ledger.add_faults([*spoil(plan, delivery.close()), *hostile(plan)])
    ledger.close()
    collect(truth, number)
    write_shared_truth(shared, truth)
    rows = {name.replace("/", "."): count for name, count in (rows | delivery.rows).items()}
    write_summary(plan, rows)
    report("sample data written", 1, 1)
    return rows


def _parts(plan: Plan, processes: int, report: Report) -> Iterator[Done]:
    count = len(plan.parts())
    if count == 1:
        yield write_part(plan, 0, report)
        return
    if processes == 1:
        for number in range(count):
            report("writing parts", number, count)
            yield write_part(plan, number)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for number, done in enumerate(pool.map(partial(write_part, plan), range(count))):
            report("writing parts", number, count)
            yield done


def _check(plan: Plan, processes: int) -> None:
    if not SMALLEST_USERS <= plan.users <= LARGEST_USERS:
        raise FinviewError(
            f"cannot simulate {plan.users} users",
            f"choose from {SMALLEST_USERS} to {LARGEST_USERS}",
        )
    if plan.days < SMALLEST_DAYS:
        raise FinviewError(f"cannot simulate {plan.days} days", f"choose {SMALLEST_DAYS} or more")
    if plan.seed < 0:
        raise FinviewError(f"the seed is {plan.seed}", "choose 0 or more")
    if not 0 <= plan.fault_rate <= 0.5:
        raise FinviewError(f"the fault rate is {plan.fault_rate}", "choose from 0 to 0.5")
    if plan.file_format not in FORMATS:
        raise FinviewError(
            f"there is no file format {plan.file_format!r}", f"choose from {', '.join(FORMATS)}"
        )
    if not 1 <= processes <= 64:
        raise FinviewError(f"cannot work with {processes} processes", "choose from 1 to 64")
    if plan.truth.resolve().is_relative_to(plan.landing.resolve()):
        raise FinviewError(
            f"the truth ({plan.truth}) would lie below the landing folder",
            "choose a folder beside it",
        )
