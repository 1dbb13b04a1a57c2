"""One part of the people drawn, delivered and described, in this process or another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.build import Totals, build, totals
from simulator.campaigns import make_campaigns
from simulator.delivery import Delivery
from simulator.faults import spoil
from simulator.plan import Plan
from simulator.tables import PERSONAL
from simulator.truth import Ledger

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Done:
    """What a part has delivered, and what it adds to the shared tables."""

    rows: dict[str, int]
    totals: Totals


def write_part(plan: Plan, number: int, report: Report | None = None) -> Done:
    """Draw and write one part of a plan; `report` is told (message, done, total)."""
    parts = plan.parts()
    campaigns = make_campaigns(plan.whole)
    delivery = Delivery(plan.landing, plan.file_format, number if len(parts) > 1 else None)
    ledger = Ledger(plan.truth, number)
    summed: Totals | None = None
    steps = len(parts[number]) * len(PERSONAL)
    for place, world in enumerate(parts[number]):
        scene = build(world, campaigns)
        for done, (table, files) in enumerate(PERSONAL.items(), start=place * len(PERSONAL)):
            if report:
                report(f"writing {table}", done, steps)
            delivery.add(table, files(scene))
        ledger.add(scene)
        own = totals(scene)
        summed = own if summed is None else summed + own
    assert summed is not None
    ledger.add_faults(spoil(plan, delivery.close()))
    ledger.close()
    return Done(delivery.rows, summed)
