"""From a database to landing: tables pulled from PostgreSQL, incrementally where they can be.

What belongs here: reading the remote, naming and placing landing files, the cursor that says how
far a table is pulled. What does not: any check or change of a value. A pulled file is a delivery
like any other; ingestion judges it.
"""

from finview.pull.config import Connection, PulledTable, parse
from finview.pull.report import PullReport, TableResult
from finview.pull.run import pull

__all__ = ["Connection", "PullReport", "PulledTable", "TableResult", "parse", "pull"]
