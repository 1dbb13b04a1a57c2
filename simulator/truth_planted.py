"""What was planted into the shared tables: effects of channels, violations, experiments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulator.build import Shared
from simulator.catalogue import CHANNEL_CODES
from simulator.creatives import make_creatives
from simulator.effects import INCREMENTAL, MEASURES
from simulator.experiments import BROKEN_SHARE, METRICS, make_catalogue
from simulator.phrases import EVASIONS, FORBIDDEN
from simulator.winback import ORDERS
from simulator.writing import coded, flag, money, table, whole


def effects(shared: Shared) -> pa.Table:
    """What each channel brought in the window, and how much of it would not have come without."""
    summed = shared.totals.effects
    columns = {
        "channel_code": coded(CHANNEL_CODES, np.arange(len(CHANNEL_CODES))),
        "incremental_share": pa.array([INCREMENTAL[code] for code in CHANNEL_CODES]),
    }
    for place, name in enumerate(MEASURES):
        amount = name.removesuffix("_fen")
        if amount == name:
            columns[name] = whole(summed[:, place])
        else:
            columns[f"{amount}_amount"] = money(summed[:, place])
    return table(columns)


def violations(shared: Shared) -> pa.Table:
    """Planted violations: the text that must be found, or the disclosure that is missing."""
    own, ids = make_creatives(shared), shared.campaigns.creative_ids
    said, hidden = np.flatnonzero(own.family >= 0), np.flatnonzero(own.undisclosed >= 0)
    spans = own.span
    row = np.concatenate([said, hidden])
    is_said = np.arange(len(row)) < len(said)
    families = [name for name, _ in FORBIDDEN] + ["missing_rate", "missing_risk_label"]
    family = np.concatenate([own.family[said], len(FORBIDDEN) + own.undisclosed[hidden]])
    text: list[str | None] = [spans[number] for number in said.tolist()]
    return table(
        {
            "creative_id": coded(ids, own.number[row]),
            "version": whole(own.version[row]),
            "rule_family": coded(families, family),
            "evasion": coded(EVASIONS, np.where(is_said, own.evasion[row], -1)),
            "column": coded(
                ("body", "advertised_apr", "risk_label"),
                np.concatenate([np.zeros(len(said), np.int64), 1 + own.undisclosed[hidden]]),
            ),
            "span_text": pa.array([*text, *[None] * len(hidden)], pa.string()),
        }
    )


def experiments(shared: Shared) -> pa.Table:
    """Planted effects and splits."""
    own = make_catalogue(shared.world)
    is_winback = own.quarter >= 0
    effect = [
        ORDERS[1] / ORDERS[0] - 1 if back else value
        for value, back in zip(own.effect, is_winback.tolist(), strict=True)
    ]
    share = np.where(is_winback, 0.8, np.where(own.is_broken, BROKEN_SHARE, 0.5))
    return table(
        {
            "experiment_id": shared.world.common_ids("x", own.number),
            "metric": coded(METRICS, own.metric),
            "relative_effect": pa.array(effect, pa.float64()),
            "is_split_broken": flag(own.is_broken),
            "treatment_share": pa.array(share, pa.float64()),
        }
    )
