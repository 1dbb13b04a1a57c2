"""What people are still worth: their orders in the 36 months after the window."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from simulator.build import Scene
from simulator.effects import margins
from simulator.orders import make_orders
from simulator.repayments import make_repayments
from simulator.world import Ints

DAYS = 1096
_SEED_STEP = 7919


def value_36_months(scene: Scene) -> Ints:
    """Margin of each person's orders of the 36 months after the window, in fen."""
    world = scene.world
    later = replace(
        world,
        start=world.start + timedelta(days=world.days),
        days=DAYS,
        seed=world.seed + _SEED_STEP,
    )
    nobody = np.empty(0, np.int64)
    drafted = make_orders(later, scene.people, scene.accounts, scene.devices, nobody, nobody)
    repayments, orders = make_repayments(later, drafted)
    return margins(scene.people, orders, repayments)
