"""What Dagster shows about a step: counts and failing keys, never a raw value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from finview.ingest import IngestReport
    from finview.quality import CheckResult


def report_by_table(report: IngestReport) -> dict[tuple[str, ...], dict[str, int]]:
    """Row counts of an ingestion by (source, table)."""
    rows: dict[tuple[str, ...], dict[str, int]] = {}
    for file in report.files:
        counts = rows.setdefault((file.source, file.table), {})
        for name in ("rows_in", "rows_accepted", "rows_quarantined", "rows_duplicate"):
            counts[name] = counts.get(name, 0) + int(getattr(file, name) or 0)
    return rows


def check_metadata(
    checks: Sequence[CheckResult],
) -> tuple[bool, dg.AssetCheckSeverity, dict[str, Any]]:
    """(passed, severity, metadata) of one Dagster check that stands for several expectations."""
    red = [check for check in checks if not check.success]
    critical = any(check.severity == "critical" for check in red)
    lines = [
        f"- `{check.expectation}` ({check.severity}): {check.observed}; "
        f"keys: {', '.join(check.failing_keys) or 'none'}; owner: {check.owner}"
        for check in red
    ]
    metadata: dict[str, Any] = {"evaluated": len(checks), "failed": len(red)}
    if lines:
        metadata["failed_expectations"] = dg.MetadataValue.md("\n".join(lines))
    severity = dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN
    return not red, severity, metadata
