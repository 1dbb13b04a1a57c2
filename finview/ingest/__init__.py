"""Landing to accepted: contract checks, keyed identifiers, control totals.

What belongs here: everything between delivered bytes and accepted Parquet. What does not: joins
across tables, business meaning, anything that reads the warehouse.
"""

from finview.ingest.report import FileResult, IngestReport, TableTotals
from finview.ingest.run import ingest
from finview.ingest.state import accepted_glob, input_hashes, resolve_as_of

__all__ = [
    "FileResult",
    "IngestReport",
    "TableTotals",
    "accepted_glob",
    "ingest",
    "input_hashes",
    "resolve_as_of",
]
