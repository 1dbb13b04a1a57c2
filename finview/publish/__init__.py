"""From the warehouse to what BI reads: candidate, publish, rollback, read-only access.

Belongs here: copying, hashing, moving the version pointer. Does not belong here: whether the data
is good (expectations) or how it was made (dbt).
"""

from finview.publish.candidate import build_candidate, candidate_file
from finview.publish.manifest import MARTS_FILE, Manifest, TableInfo
from finview.publish.publisher import publish
from finview.publish.reader import current_folder, open_current
from finview.publish.rollback import rollback
from finview.publish.store import VersionInfo, versions

__all__ = [
    "MARTS_FILE",
    "Manifest",
    "TableInfo",
    "VersionInfo",
    "build_candidate",
    "candidate_file",
    "current_folder",
    "open_current",
    "publish",
    "rollback",
    "versions",
]
