"""Creatives in their versions: what they promise, what they must not say, who reviewed them when.

Violations are planted: a forbidden phrase, plain or evading a scan, or a disclosure left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.build import Shared
from simulator.campaigns import Campaigns, make_campaigns
from simulator.catalogue import CREATIVES, CREDIT, ONLINE_PLACEMENTS, PRODUCTS, SCENARIOS
from simulator.delivery import Files
from simulator.phrases import FORBIDDEN
from simulator.world import DAY, NEVER, Ints, World, local_day, pick
from simulator.writing import coded, moment, money, rate, table, whole

SHARE_FORBIDDEN, SHARE_UNDISCLOSED = 0.12, 0.06
#: Share of credit creatives that name a rate below every product's.
SHARE_RATE_TOO_LOW = 0.25
RATE_TOO_LOW = 0.072
REVIEWS = ("content", "risk_disclosure", "data_safety")
DECISIONS = ("approved", "rejected", "returned")
SHARE_REVIEW_MISSING, SHARE_REVIEW_LATE, SHARE_REVIEW_REPEATED = 0.06, 0.05, 0.14
_TYPES = ("promotion", "original", "repost", "ugc", "scenario")
_STYLES = ("benefit", "story", "emotion", "knowledge", "holiday")
_TITLES = ("安心用钱", "好生活分期", "理财从今天开始", "出行更从容", "为家人多想一步", "小额周转")
_BODIES = (
    "线上申请，额度以审批结果为准，息费明示，按时还款维护信用。",
    "多种期限可选，费用清楚，请根据自身情况理性借贷。",
    "产品有风险，投资须谨慎，过往业绩不代表未来表现。",
    "活动期间新客可领优惠券，规则见活动页，最终以页面公示为准。",
    "为日常场景准备的金融服务，申请前请阅读合同与风险揭示。",
)
_LANDING = (
    "年化利率以合同为准，申请需通过审核。本页展示信息不构成承诺。",
    "请阅读产品说明书与风险揭示书，确认风险等级与自身相符。",
)
_TOPICS = ("教育", "家装", "职场", "医疗", "旅行", "租房", "婚庆", "养老")


@dataclass(frozen=True)
class Creatives:
    """Versions of creatives; -1 is none. `family` and `evasion` say what was planted."""

    number: Ints
    version: Ints
    campaign: Ints
    title: Ints
    body: tuple[str, ...]
    landing: Ints
    rate: Ints
    fee: Ints
    seconds: Ints
    risk: Ints
    kind: Ints
    style: Ints
    live_from: Ints
    live_to: Ints
    family: Ints
    evasion: Ints
    undisclosed: Ints

    @property
    def span(self) -> list[str | None]:
        """The forbidden text of each version."""
        return [
            FORBIDDEN[family][1][evasion][1] if family >= 0 else None
            for family, evasion in zip(self.family.tolist(), self.evasion.tolist(), strict=True)
        ]


@lru_cache(maxsize=2)
def _drawn(world: World) -> Creatives:
    return _draw(world, make_campaigns(world))


def make_creatives(shared: Shared) -> Creatives:
    """All versions of all creatives (the same whenever asked)."""
    return _drawn(shared.world)


def _draw(world: World, campaigns: Campaigns) -> Creatives:
    rng = world.rng("creative_versions")
    count = len(campaigns.placement) * CREATIVES
    used = np.arange(count)
    used = used[
        (campaigns.placement[used // CREATIVES] < ONLINE_PLACEMENTS) | (used % CREATIVES == 0)
    ]
    versions = 1 + (rng.random(len(used)) < 0.35) + (rng.random(len(used)) < 0.08)
    number = np.repeat(used, versions)
    first = np.cumsum(versions) - versions
    version = np.arange(len(number)) - np.repeat(first, versions) + 1
    size, campaign = len(number), number // CREATIVES
    total = np.repeat(versions, versions)
    begin = campaigns.launched_at[campaign]
    live_from = begin + (version - 1) * (80 * DAY // total)
    live_to = np.where(version < total, begin + version * (80 * DAY // total), NEVER)
    live_to = np.where(version == total, campaigns.ended_at[campaign], live_to)
    credit = _is_credit(campaigns)[campaign]
    family = np.where(rng.random(size) < SHARE_FORBIDDEN, 0, -1)
    family = np.where(family == 0, rng.integers(0, len(FORBIDDEN), size), -1)
    evasion = pick(rng, [0.4, 0.15, 0.15, 0.15, 0.15], size)
    hidden = pick(rng, [1 - SHARE_UNDISCLOSED, SHARE_UNDISCLOSED / 2, SHARE_UNDISCLOSED / 2], size)
    hidden = np.where((hidden == 1) & ~credit, 2, hidden)
    too_low = rng.random(size) < SHARE_RATE_TOO_LOW
    apr = np.where(too_low, int(RATE_TOO_LOW * 1e6), 168_000)
    seconds = np.array([180, 120, 60, 600])[pick(rng, [0.7, 0.15, 0.05, 0.1], size)]
    text = rng.integers(0, len(_BODIES), size)
    return Creatives(
        number=number,
        version=version,
        campaign=campaign,
        title=rng.integers(0, len(_TITLES), size),
        body=_bodies(text, family, evasion),
        landing=rng.integers(0, len(_LANDING), size),
        rate=np.where(credit & (hidden != 1), apr, -1),
        fee=np.where(credit, np.where(rng.random(size) < 0.3, 0, 19_90), -1),
        seconds=np.where(credit, seconds, -1),
        risk=np.where(hidden == 2, -1, np.where(credit, 2, rng.integers(0, 4, size))),
        kind=pick(rng, [0.55, 0.17, 0.12, 0.05, 0.11], size),
        style=rng.integers(0, len(_STYLES), size),
        live_from=live_from,
        live_to=np.where(live_to < world.end, live_to, NEVER),
        family=family,
        evasion=np.where(family >= 0, evasion, -1),
        undisclosed=np.where(hidden > 0, hidden - 1, -1),
    )


def _is_credit(campaigns: Campaigns) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Campaigns of a credit product, and general ones that acquire."""
    lines = [next(p.line for p in PRODUCTS if p.scenario == name) for name in SCENARIOS]
    line = np.array([*lines, CREDIT])[campaigns.scenario]
    return np.asarray(line == CREDIT)


def _bodies(text: Ints, family: Ints, evasion: Ints) -> tuple[str, ...]:
    result = []
    for row, rule, how in zip(text.tolist(), family.tolist(), evasion.tolist(), strict=True):
        phrase = FORBIDDEN[rule][1][how][1] + "，" if rule >= 0 else ""
        result.append(phrase + _BODIES[row])
    return tuple(result)


def creatives(shared: Shared) -> Files:
    """channel.creatives: one file."""
    own, campaigns = make_creatives(shared), shared.campaigns
    topic = campaigns.scenario[own.campaign]
    title = [
        (_TOPICS[where] + "·" if where >= 0 else "") + _TITLES[what]
        for where, what in zip(topic.tolist(), own.title.tolist(), strict=True)
    ]
    size = len(own.number)
    columns = {
        "creative_id": coded(campaigns.creative_ids, own.number),
        "version": whole(own.version),
        "campaign_id": coded(campaigns.ids, own.campaign),
        "title": coded(title, np.arange(size)),
        "body": coded(list(own.body), np.arange(size)),
        "landing_text": coded(_LANDING, own.landing),
        "advertised_apr": rate(own.rate),
        "advertised_fee": money(own.fee, own.fee < 0),
        "advertised_seconds": whole(own.seconds),
        "risk_label": coded(("R1", "R2", "R3", "R4"), own.risk),
        "content_type": coded(_TYPES, own.kind),
        "content_style": coded(_STYLES, own.style),
        "live_from_at": moment(own.live_from),
        "live_to_at": moment(own.live_to),
    }
    yield "creatives", table(columns)


def creative_reviews(shared: Shared) -> Files:
    """channel.creative_reviews: one file; three kinds a version, some missing, late or repeated.

    Reviews took three days at first and take four hours from the middle of the second year.
    """
    own, world = make_creatives(shared), shared.world
    rng = world.rng("creative_reviews")
    row = np.repeat(np.arange(len(own.number)), len(REVIEWS))
    kind = np.tile(np.arange(len(REVIEWS)), len(own.number))
    kept = rng.random(len(row)) >= SHARE_REVIEW_MISSING
    row, kind = row[kept], kind[kept]
    again = np.flatnonzero(rng.random(len(row)) < SHARE_REVIEW_REPEATED)
    median = np.interp(world.years(own.live_from[row]), [0, 1.4, 1.8], [72.0, 72.0, 4.0])
    hours = median * rng.lognormal(0, 0.4, len(row))
    late = rng.random(len(row)) < SHARE_REVIEW_LATE
    lead = np.where(late, -2 * DAY, DAY) + (hours * 3600).astype(np.int64)
    submitted = own.live_from[row] - lead
    decided = submitted + (hours * 3600).astype(np.int64)
    earlier = submitted[again] - rng.integers(DAY, 4 * DAY, len(again))
    row = np.concatenate([row, row[again]])
    kind = np.concatenate([kind, kind[again]])
    decision = np.zeros(len(row), np.int64)
    decision[len(decision) - len(again) :] = rng.integers(1, 3, len(again))
    submitted = np.concatenate([submitted, earlier])
    decided = np.concatenate([decided, earlier + 8 * 3600])
    order = np.lexsort((kind, row, submitted))
    order = order[submitted[order] < world.end]
    row, kind, decision = row[order], kind[order], decision[order]
    submitted, decided = submitted[order], decided[order]
    open_ = decided >= world.end
    columns = {
        "review_id": world.ids("rv", np.arange(len(row))),
        "creative_id": coded(shared.campaigns.creative_ids, own.number[row]),
        "version": whole(own.version[row]),
        "review_type": coded(REVIEWS, kind),
        "submitted_at": moment(submitted),
        "decided_at": moment(np.where(open_, NEVER, decided)),
        "decision": coded(DECISIONS, np.where(open_, -1, decision)),
        "reviewer_id": world.common_ids("st", 100 + (local_day(submitted) + kind) % 9),
        "reason": coded(
            ("wording", "risk label missing", "rate not stated"),
            np.where((decision > 0) & ~open_, (row + kind) % 3, -1),
        ),
    }
    yield "creative_reviews", table(columns)
