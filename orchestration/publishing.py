"""Candidate, the expectations on it, and the published version."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from finview.pipeline import (
    hold,
    raise_if_red,
    step_candidate,
    step_mart_expectations,
    step_publish,
)
from finview.progress import stage
from finview.quality import load_suites
from orchestration.metadata import check_metadata
from orchestration.resources import HomeResource

CANDIDATE = dg.AssetKey("candidate")
PUBLISHED = dg.AssetKey("published")
#: Suites of the marts whose tables are made at run time (volume against the last version).
GENERATED_SUITES = ("published",)


def publishing_assets(
    layers: Sequence[dg.AssetsDefinition], project: Path
) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Candidate of all marts and reports, its checks, and the publish that waits for them."""
    upstream = [
        key
        for layer in layers
        for key, group in layer.group_names_by_key.items()
        if group in ("marts", "reports")
    ]
    suites = [suite.name for suite in load_suites(project / "expectations" / "marts")]
    return [_candidate(upstream), _mart_checks([*suites, *GENERATED_SUITES]), _published()]


def _candidate(upstream: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(key=CANDIDATE, deps=list(upstream), group_name="published")
    def candidate(home: HomeResource) -> dg.MaterializeResult[None]:
        """Copy of marts and reports that is about to be published."""
        hold(home.home)
        with stage("candidate") as current:
            manifest = step_candidate(home.home)
            current.result = f"{len(manifest.tables)} tables"
        return dg.MaterializeResult(metadata={"content_hash": manifest.content_hash})

    return candidate


def _mart_checks(suites: Sequence[str]) -> dg.AssetChecksDefinition:
    names = {suite: _check_name(suite) for suite in suites}

    @dg.multi_asset_check(
        name="mart_expectations",
        specs=[dg.AssetCheckSpec(name, asset=CANDIDATE, blocking=True) for name in names.values()],
    )
    def expectations(home: HomeResource) -> Iterator[dg.AssetCheckResult]:
        with stage("expectations on the candidate") as current:
            results = step_mart_expectations(home.home)
            for suite, name in names.items():
                own = [check for check in results if check.suite == suite]
                passed, severity, metadata = check_metadata(own)
                yield dg.AssetCheckResult(
                    asset_key=CANDIDATE,
                    check_name=name,
                    passed=passed,
                    severity=severity,
                    metadata=metadata,
                )
            raise_if_red("expectations on the candidate", results)
            current.result = f"{len(results)} checks"

    return expectations


def _published() -> dg.AssetsDefinition:
    @dg.asset(key=PUBLISHED, deps=[CANDIDATE], group_name="published")
    def published(home: HomeResource) -> dg.MaterializeResult[None]:
        """The version that BI reads; the pointer moves only if the build record is green."""
        hold(home.home)
        with stage("publish") as current:
            manifest = step_publish(home.home)
            current.result = f"version {manifest.version}"
        return dg.MaterializeResult(metadata={"version": manifest.version})

    return published


def _check_name(suite: str) -> str:
    return "expectations_" + "".join(char if char.isalnum() else "_" for char in suite)
