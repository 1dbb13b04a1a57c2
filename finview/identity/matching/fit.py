"""`finview identity fit`: weights of device matching from the last build, and their verdict.

Labelled are pairs of devices with one owner each. They are split by home network, so that no
household is on both sides: half train the weights, a quarter calibrates, a quarter judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from finview.errors import FinviewError
from finview.identity.matching import reading
from finview.identity.matching.calibrate import (
    STEPS,
    Calibration,
    Counted,
    Quality,
    calibrate,
    quality,
    share_of_matches,
)
from finview.identity.matching.comparisons import Comparison, device_comparisons
from finview.identity.matching.parameters import (
    PROMOTED,
    REFUSED,
    Parameter,
    Version,
    append_version,
    decimal,
    read_versions,
)
from finview.identity.matching.train import Model, Plan, Term, bits, train
from finview.settings import Home, load_settings, project_root

#: Fewer labelled pairs of either kind in a part say nothing.
LEAST_PAIRS = 5
#: Precision and recall are given at the probability that analytics asks for.
JUDGED_USE = "default"


@dataclass(frozen=True)
class Fit:
    """A new version with the figures of its rivals on the same pairs."""

    version: Version
    quality: Quality
    baseline: Quality
    previous: tuple[str, Quality] | None
    reason: str
    pairs: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Scorer:
    """What a version says about a pair, in Python as in SQL."""

    model: Model
    train_prior: float
    calibration: Calibration

    def counted(self, patterns: Sequence[reading.Pattern]) -> list[Counted]:
        """Labelled patterns with their weights."""
        return [
            Counted(
                self.train_prior + float(self.model.weight(pattern.levels)),
                bool(pattern.is_same_owner),
                pattern.count,
            )
            for pattern in patterns
        ]

    def quality(self, patterns: Sequence[reading.Pattern], threshold: float) -> Quality:
        """Its figures on labelled patterns."""
        scored = [
            (self.calibration.probability(pair.weight), pair.is_match, pair.count)
            for pair in self.counted(patterns)
        ]
        return quality(scored, threshold)


def fit(home: Home) -> Fit:
    """Train, calibrate, judge, and append a version; it is used from the next build on if promoted.

    Raises:
        FinviewError: nothing built yet, or too few labelled pairs.
    """
    settings, project = load_settings(home), project_root()
    comparisons = device_comparisons(project)
    threshold = reading.threshold(project, JUDGED_USE)
    patterns = reading.patterns(home, settings, comparisons)
    parts = {
        part: [row for row in patterns if row.purpose == "train" and row.part == part]
        for part in reading.PARTS
    }
    pairs = {part: _sizes(rows) for part, rows in parts.items()}
    _require_enough(pairs)
    devices = reading.training_devices(home, settings, comparisons)
    model = train_devices(devices, comparisons)
    train_prior = bits(model.prior)
    raw = Scorer(model, train_prior, Calibration(1.0, 0.0, 1))
    scorer = Scorer(model, train_prior, calibrate(raw.counted(parts["calibrate"])))
    judged = scorer.quality(parts["judge"], threshold)
    baseline = _baseline(pairs, threshold)
    previous = _previous(home, parts["judge"], threshold)
    reason = _reason_to_refuse(scorer.calibration, judged, baseline, previous)
    to_score = sum(row.count for row in patterns if row.purpose == "score")
    strangers = reading.expected_strangers(home, settings)
    score_prior = bits(share_of_matches(to_score, strangers))
    rows = [
        *_parameter_rows(scorer, score_prior, comparisons),
        *_quality_rows("version", judged),
        *_quality_rows("baseline", baseline),
        *(_quality_rows(f"previous {previous[0]}", previous[1]) if previous else ()),
        Parameter("verdict", label=REFUSED if reason else PROMOTED, note=reason or None),
    ]
    return Fit(append_version(home, rows), judged, baseline, previous, reason, pairs)


def train_devices(devices: pa.Table, comparisons: tuple[Comparison, ...]) -> Model:
    """Weights from devices with one owner each; candidates are those of one block."""
    with duckdb.connect() as connection:
        connection.register("devices", devices)
        # Only pairs that are candidates teach: the label holds the block too.
        connection.execute(
            "create table labelled as "
            "select *, owner_label || '|' || block_key as label from devices"
        )
        plan = Plan(
            comparisons,
            blocking=("l.block_key = r.block_key",),
            label="label",
            identifier="device_id_hash",
        )
        return train(connection, "labelled", plan)


def scorer_of(version: Version) -> Scorer:
    """The scorer that a version's rows describe."""
    terms = {
        (str(row.comparison), int(row.level or 0)): Term(
            str(row.label), row.m_probability or Decimal(0), row.u_probability or Decimal(0)
        )
        for row in version.of_kind("term")
    }
    values = {
        (row.kind, row.label): float(row.value if row.value is not None else 0)
        for row in version.rows
        if row.kind in ("calibration", "prior") and row.label != "step"
    }
    prior = decimal(values["prior", "train"])
    return Scorer(
        Model(prior, terms),
        bits(prior),
        Calibration(
            values["calibration", "slope"],
            values["calibration", "offset"],
            int(values["calibration", "pairs"]),
        ),
    )


def _parameter_rows(
    scorer: Scorer, score_prior: float, comparisons: tuple[Comparison, ...]
) -> list[Parameter]:
    rows = [
        Parameter(
            "term",
            comparison.name,
            level,
            term.label,
            term.m_probability,
            term.u_probability,
            term.weight,
        )
        for comparison in comparisons
        for level, term in (
            (level, scorer.model.terms[comparison.name, level])
            for level in sorted(comparison.labels, reverse=True)
        )
    ]
    for label, prior in (("train", scorer.train_prior), ("score", score_prior)):
        share = decimal(1 / (1 + 2**-prior))
        rows.append(Parameter("prior", label=label, weight=decimal(prior), value=share))
    found = scorer.calibration
    for label, value in (("slope", found.slope), ("offset", found.offset), ("pairs", found.pairs)):
        rows.append(Parameter("calibration", label=label, value=decimal(value)))
    shift = score_prior - scorer.train_prior
    rows += [
        Parameter("calibration", level=step, label="step", value=decimal(found.step(step, shift)))
        for step in range(-STEPS, STEPS + 1)
    ]
    return rows


def _quality_rows(who: str, figures: Quality) -> list[Parameter]:
    named: dict[str, Any] = {
        "brier": figures.brier,
        "auc": figures.auc,
        "precision": figures.precision,
        "recall": figures.recall,
    }
    return [
        Parameter("quality", label=name, value=None if value is None else decimal(value), note=who)
        for name, value in named.items()
    ]


def _sizes(rows: Sequence[reading.Pattern]) -> tuple[int, int]:
    """Pairs of one owner, and of two."""
    same = sum(row.count for row in rows if row.is_same_owner)
    return same, sum(row.count for row in rows) - same


def _require_enough(pairs: dict[str, tuple[int, int]]) -> None:
    if min(min(sizes) for sizes in pairs.values()) >= LEAST_PAIRS:
        return
    found = "; ".join(f"{part}: {same} and {other}" for part, (same, other) in pairs.items())
    raise FinviewError(
        f"too few labelled pairs of devices (of one owner, and of two): {found}; "
        f"each part needs {LEAST_PAIRS} of both",
        "load more app events with ip_prefix, or raise match_block_devices in dbt_project.yml, "
        "then: finview run, finview identity fit",
    )


def _baseline(pairs: dict[str, tuple[int, int]], threshold: float) -> Quality:
    """What knowing only the share of matches in training is worth."""
    same, other = pairs["train"]
    share = same / (same + other)
    judged_same, judged_other = pairs["judge"]
    return quality([(share, True, judged_same), (share, False, judged_other)], threshold)


def _previous(
    home: Home, judged: Sequence[reading.Pattern], threshold: float
) -> tuple[str, Quality] | None:
    """The promoted version in use, on the same pairs."""
    promoted = [version for version in read_versions(home) if version.is_promoted]
    if not promoted:
        return None
    return promoted[-1].name, scorer_of(promoted[-1]).quality(judged, threshold)


def _reason_to_refuse(
    calibration: Calibration,
    judged: Quality,
    baseline: Quality,
    previous: tuple[str, Quality] | None,
) -> str:
    if calibration.slope <= 0:
        return "a higher weight does not mean a likelier match"
    if judged.brier >= baseline.brier or judged.auc <= baseline.auc:
        return "no better than knowing only the share of matches"
    if previous and judged.brier >= previous[1].brier:
        return f"no better than {previous[0]}, which stays in use"
    return ""
