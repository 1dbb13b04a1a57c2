"""Landing files of pulls: names, and the way from hidden to complete.

A name says which pull and chunk it is, the cursor range and the rows (their digest):
`pull-000042-0001_20240101T000000_20240102T093015.25_1f0c93ab04de.parquet`. Names sort in the order
of pulls, which is the order in which ingestion reads them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from finview.contract import Table
from finview.durable import sync_folder
from finview.settings import Home

_SEQUENCE = re.compile(r"pull-(\d{6,})-")


def table_folder(home: Home, table: Table) -> Path:
    """Folder of the table in landing, made if need be; what a killed pull left there is removed."""
    folder = home.landing / table.source / table.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.glob(".pull-*.tmp"):
        path.unlink()
    return folder


def temporary_file(folder: Path) -> Path:
    """Hidden, so neither ingestion nor the landing sensor sees it."""
    return folder / f".pull-{os.getpid()}.tmp"


def last_sequence(folder: Path) -> int:
    """Highest number of a pull in the folder; 0 if there is none."""
    found = (_SEQUENCE.match(path.name) for path in folder.glob("pull-*.parquet"))
    return max((int(match[1]) for match in found if match), default=0)


def place(temporary: Path, sequence: int, chunk: int, span: str, digest: str) -> Path | None:
    """Give a complete file its name; None (and no file) if its range and rows are there already."""
    folder = temporary.parent
    if any(folder.glob(f"pull-*_{span}_{digest}.parquet")):
        temporary.unlink()
        return None
    final = folder / f"pull-{sequence:06d}-{chunk:04d}_{span}_{digest}.parquet"
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, final)
    sync_folder(folder)
    return final


def spell(cursor: str | None) -> str:
    """A cursor value for a file name: `2024-01-02 09:30:15.25+00` is `20240102T093015.25`."""
    if cursor is None:
        return "start"
    if re.fullmatch(r"-?\d+", cursor):
        return cursor.replace("-", "minus")
    return re.sub(r"[^0-9A-Za-z.]", "", cursor.removesuffix("+00").replace(" ", "T"))
