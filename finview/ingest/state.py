"""What later steps ask of accepted data: its files, their hashes, and the day it reaches to."""

from __future__ import annotations

import glob
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb

from finview.contract import Contract, Table
from finview.errors import FinviewError
from finview.ingest.ledger import open_ledger
from finview.ingest.sources import sql_text
from finview.settings import Home, Settings


def accepted_glob(home: Home, table: Table) -> str:
    """Absolute glob over a table's accepted Parquet files, its empty schema file included."""
    return f"{glob.escape(str(home.accepted))}/{table.source}/{table.name}/**/*.parquet"


def input_hashes(home: Home) -> dict[str, str]:
    """SHA-256 of the content of every accepted file, sorted by file (relative to landing).

    Where a file was replaced under its name, each content is named `<file>#<load sequence>`.
    """
    if not (home.audit / "ingest.sqlite").exists():
        return {}  # opening would make a ledger, and a lost one must be noticed by `ingest`
    with open_ledger(home) as ledger:
        contents = ledger.contents()
    times = Counter(file for file, _, _ in contents)
    named = {
        file if times[file] == 1 else f"{file}#{sequence}": sha256
        for file, sha256, sequence in contents
    }
    return dict(sorted(named.items()))


def resolve_as_of(home: Home, contract: Contract, settings: Settings) -> date:
    """The day everything is computed for: the configured one, else the last one delivered.

    The last business day over all tables whose business day may not lie in the future;
    timestamps count by the day they fall on in the business zone.

    Raises:
        FinviewError: nothing was accepted yet.
    """
    if settings.as_of_date is not None:
        return settings.as_of_date
    zone = ZoneInfo(settings.business_timezone)
    days = []
    with duckdb.connect() as connection:
        for table in contract.tables:
            column = table.by_name.get(table.business_day or "")
            folder = home.accepted / table.source / table.name
            if column is None or column.may_be_future or not any(folder.glob("**/*.parquet")):
                continue
            (latest,) = connection.execute(
                f'select max("{column.accepted_name}") '
                f"from read_parquet({sql_text(accepted_glob(home, table))}, union_by_name = true)"
            ).fetchall()[0]
            if isinstance(latest, datetime):
                days.append(latest.replace(tzinfo=UTC).astimezone(zone).date())
            elif isinstance(latest, date):
                days.append(latest)
    if not days:
        raise FinviewError(
            "no accepted rows tell which day the data reaches to",
            "put files under landing/ and ingest them, or set as_of_date in finview.yml",
        )
    return max(days)
