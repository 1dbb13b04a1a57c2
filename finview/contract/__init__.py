"""The contract of the raw tables, read from the dbt source files under `models/staging/`.

The YAML is the only truth: ingestion, expectations and dbt all read it. `docs/contract.md`
explains each key of `meta`. Belongs here: reading it, its rules (`lint`), what a change means
(`diff`), other formats of it (`odcs`). Does not belong here: rows of data.
"""

from finview.contract.model import (
    CLEANED_CLASSES,
    DRIFT_POLICIES,
    HASHED_CLASSES,
    LINEAGE,
    LINEAGE_COLUMNS,
    LOAD_POLICIES,
    Column,
    Contract,
    Problem,
    Table,
)
from finview.contract.reader import load_contract, read_contract

__all__ = [
    "CLEANED_CLASSES",
    "DRIFT_POLICIES",
    "HASHED_CLASSES",
    "LINEAGE",
    "LINEAGE_COLUMNS",
    "LOAD_POLICIES",
    "Column",
    "Contract",
    "Problem",
    "Table",
    "load_contract",
    "read_contract",
]
