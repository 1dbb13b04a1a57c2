"""Biases planted into decisions, and how large each of them is."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.catalogue import CITIES
from simulator.credit import WOMEN_PAY_MORE
from simulator.offers import OLDER_FROM, SHOWN
from simulator.orders import REFUSED, REFUSED_CITIES


@dataclass(frozen=True)
class Bias:
    """A decision that treats a group unlike the others: rates are shares or yearly rates."""

    table_name: str
    measure: str
    attribute: str
    group: str
    group_rate: float | None
    others_rate: float | None
    difference: float
    is_biased: bool


_REGIONS = "|".join(CITIES[row][0] for row in REFUSED_CITIES)
#: Two true biases of rates, one of prices, and one attribute that decides nothing.
BIAS = (
    Bias(
        "transaction.credit_applications",
        "approval",
        "region",
        _REGIONS,
        1 - REFUSED[0],
        1 - REFUSED[1],
        REFUSED[1] - REFUSED[0],
        True,
    ),
    Bias(
        "crm.recommendations",
        "shown",
        "age",
        f"{OLDER_FROM}+",
        SHOWN[1],
        SHOWN[0],
        SHOWN[1] - SHOWN[0],
        True,
    ),
    Bias(
        "transaction.credit_applications",
        "annualised_rate",
        "gender",
        "female",
        None,
        None,
        WOMEN_PAY_MORE,
        True,
    ),
    Bias("transaction.credit_applications", "approval", "gender", "female", None, None, 0.0, False),
)
