"""Great Expectations at the borders: landed batches, and the marts about to be published.

Here belong schema, volume, freshness, ranges, distributions, drift and control totals. Keys,
nulls, enumerations and foreign keys belong to dbt tests, rules on single raw rows to ingestion.
"""

from finview.quality.model import CheckResult, passed
from finview.quality.run import absent_tables, run_landed, run_marts, run_marts_on_spark
from finview.quality.runner import warm_up
from finview.quality.suites import declared, load_suites

__all__ = [
    "CheckResult",
    "absent_tables",
    "declared",
    "load_suites",
    "passed",
    "run_landed",
    "run_marts",
    "run_marts_on_spark",
    "warm_up",
]
