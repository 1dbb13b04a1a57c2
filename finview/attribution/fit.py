"""`finview value fit`, the part on attribution: chains of channels and response curves.

Families `markov_registration`, `markov_order` (parameters: removal effect by channel) and
`response` (nodes of a curve by channel). A chain is promoted if it gives back the counted share of
conversions; a curve if it foretells the last months better than spend at a constant cost does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from finview.attribution.markov import Chain, fit_chain
from finview.attribution.response import Month, Response, deviance, fit_response
from finview.settings import Home, Settings
from finview.value.parameters import Parameter, decimal, promoted_rows
from finview.value.reading import rows
from finview.value.verdict import Judged, parameter_rows, reason_to_refuse

#: Fewer conversions with a path say too little about what a channel adds.
LEAST_CONVERSIONS = 50
#: A chain must give back the counted share of conversions to this distance.
LARGEST_GAP = 1e-9
#: Months that a curve is judged on, and the fewest before them.
HOLDOUT_MONTHS, LEAST_MONTHS = 6, 6
#: A curve is stored as so many steps of equal spend, up to this multiple of the dearest month.
STEPS, REACH = 40, 2.0
RESPONSE = "response"
#: Kinds of the nodes of a curve: spend (CNY a month), users at it, and their 95 % interval.
NODES = ("node_spend", "node_users", "node_users_low", "node_users_high")


def fit_attribution(home: Home, settings: Settings) -> list[tuple[Judged, list[Parameter]]]:
    """Every family with the rows it stores.

    Raises:
        FinviewError: nothing built yet.
    """
    return [*_chains(home, settings), _response(home, settings)]


def _chains(home: Home, settings: Settings) -> Iterator[tuple[Judged, list[Parameter]]]:
    counted = rows(
        home,
        settings,
        "select goal, from_state, to_state, transition_count "
        "from intermediate.int_path_steps_counted order by goal, from_state, to_state",
    )
    for goal in ("order", "registration"):
        family = f"markov_{goal}"
        chain = fit_chain([tuple(row[1:]) for row in counted if row[0] == goal])
        judged = _judged_chain(family, chain)
        yield judged, _stored(judged, None)


def _judged_chain(family: str, chain: Chain) -> Judged:
    figures = {"conversion_gap": chain.gap}
    baseline = {"conversion_gap": LARGEST_GAP}
    if chain.conversions < LEAST_CONVERSIONS:
        reason = f"too few: {chain.conversions} conversions with a path"
        return Judged(family, None, {}, {}, {}, None, reason)
    reason = reason_to_refuse(figures, baseline, None, "a chain that does not fit its own counts")
    return Judged(family, None, chain.removal_effects, figures, baseline, None, reason)


def _response(home: Home, settings: Settings) -> tuple[Judged, list[Parameter]]:
    found = rows(
        home,
        settings,
        "select month_date, channel_code, spend_amount, acquired_users "
        "from intermediate.int_channel_months_acquired where is_complete and spend_amount > 0 "
        "order by month_date, channel_code",
    )
    months = sorted({row[0] for row in found})
    begin = months[-HOLDOUT_MONTHS] if len(months) >= HOLDOUT_MONTHS + LEAST_MONTHS else None
    before = [row for row in found if begin is None or row[0] < begin]
    known = {row[1] for row in before if row[3]}
    train = [Month(row[1], float(row[2]), float(row[3])) for row in before if row[1] in known]
    if begin is None or not train:
        reason = f"too few: {len(months)} months with spend"
        judged = Judged(RESPONSE, None, {}, {}, {}, None, reason)
        return judged, _stored(judged, None)
    test = [
        Month(row[1], float(row[2]), float(row[3]))
        for row in found
        if row[0] >= begin and row[1] in known
    ]
    try:
        curve = fit_response(train)
        latest = fit_response([*train, *test])
    except ValueError as error:
        judged = Judged(RESPONSE, None, {}, {}, {}, None, str(error))
        return judged, _stored(judged, begin)
    seen = [month.users for month in test]
    figures = {"deviance": deviance([curve.users(m.channel, m.spend) for m in test], seen)}
    baseline = {"deviance": deviance(_at_constant_cost(train, test), seen)}
    previous = None
    if kept := promoted_rows(home, RESPONSE, None):
        old = [row for row in kept[1] if row.kind == "quality" and row.note == "version"]
        values = {row.label: float(row.value) for row in old if row.value is not None}
        if _trained_to(kept[1]) == begin:
            previous = kept[0], values
    reason = reason_to_refuse(figures, baseline, previous, "spend at a constant cost")
    judged = Judged(RESPONSE, None, _named(latest), figures, baseline, previous, reason)
    nodes = _nodes(latest, [*train, *test])
    return judged, [*_stored(judged, begin), *nodes]


def _stored(judged: Judged, trained_to: date | None) -> list[Parameter]:
    """Rows of a verdict; a chain has no window, it is about all paths that were built."""
    found = parameter_rows(judged, trained_to.isoformat() if trained_to else "")
    return [row for row in found if trained_to or row.kind != "window"]


def _trained_to(kept: Sequence[Parameter]) -> date | None:
    notes = [row.note for row in kept if row.kind == "window"]
    return date.fromisoformat(notes[0]) if notes and notes[0] else None


def _at_constant_cost(train: Sequence[Month], test: Sequence[Month]) -> list[float]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for month in train:
        sums[month.channel][0] += month.users
        sums[month.channel][1] += month.spend
    return [month.spend * sums[month.channel][0] / sums[month.channel][1] for month in test]


def _named(curve: Response) -> dict[str, float]:
    low, high = curve.bounds()
    return {
        "elasticity": curve.elasticity,
        "elasticity_low": low,
        "elasticity_high": high,
        "dispersion": curve.dispersion,
    }


def _nodes(curve: Response, months: Sequence[Month]) -> Iterator[Parameter]:
    low, high = curve.bounds()
    for channel in sorted(curve.level):
        most = max(month.spend for month in months if month.channel == channel) * REACH
        for step in range(STEPS + 1):
            spend = round(most * step / STEPS, 2)
            values = [spend] + [curve.users(channel, spend, b) for b in (None, low, high)]
            for kind, value in zip(NODES, values, strict=True):
                yield Parameter(RESPONSE, None, kind, channel, decimal(value), step)
