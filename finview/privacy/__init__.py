"""Erasure, the list that keeps erased people out, and the rotation of the hash key.

Belongs here: everything that removes a person from a home, proves it, and keeps them out. Does not
belong here: deciding who may be erased, or the hashing itself (`finview.ingest.identifiers`).
"""

import finview.ingest  # noqa: F401  first: ingestion itself imports the suppression list
from finview.privacy.suppression import load_suppressed, suppressed_condition

__all__ = ["load_suppressed", "suppressed_condition"]
