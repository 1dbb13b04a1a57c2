"""Replacing files and folders so that a crash leaves the old or the new one, complete."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
from pathlib import Path

import duckdb

from finview.durable import sync_folder
from finview.ingest.identifiers import OLD_KEY_SLOTS
from finview.ingest.keys import HashKey, bind_key, old_secrets
from finview.publish.content import literal
from finview.settings import Home

_AT_FDCWD = -100
_EXCHANGE = 2


def engine(home: Home, key: HashKey) -> duckdb.DuckDBPyConnection:
    """A private in-memory connection that knows the key, and earlier ones that are given."""
    spill = home.root / "tmp" / "erase"
    spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 10 >> 20
    connection = duckdb.connect(
        config={
            "temp_directory": str(spill),
            "temp_file_encryption": "true",
            "memory_limit": f"{memory}MiB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    bind_key(connection, key)
    for slot, old in enumerate(old_secrets()[:OLD_KEY_SLOTS], 1):
        bind_key(connection, old, str(slot))
    return connection


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The number that a query returns."""
    return int(connection.execute(query).fetchall()[0][0])


def replace_file(temporary: Path, path: Path) -> None:
    """Put a finished file (mode 0600, on disk) in the place of `path`."""
    temporary.chmod(0o600)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def beside(path: Path) -> Path:
    """Where a file is written before it replaces `path`; no reader takes it for data."""
    return path.with_name(f".{path.name}.erase.tmp")


def rewrite_parquet(connection: duckdb.DuckDBPyConnection, path: Path, select: str) -> None:
    """Replace a Parquet file by a select (in the order of its rows)."""
    temporary = beside(path)
    temporary.unlink(missing_ok=True)
    connection.execute(
        f"copy ({select}) to {literal(str(temporary))} (format parquet, compression zstd)"
    )
    replace_file(temporary, path)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def exchange(one: Path, other: Path) -> None:
    """Let two folders swap names, in one step where the system can."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None and not renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE
    ):
        sync_folder(other.parent)
        return
    # Not Linux, or a file system without it: readers may miss the folder for a moment.
    away = one.with_name(f"{one.name}.old")
    os.rename(other, away)
    os.rename(one, other)
    os.rename(away, one)
    sync_folder(other.parent)


def remove(path: Path) -> int:
    """Remove a file or a folder; how many files went."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return 1
    if not path.is_dir():
        return 0
    files = sum(1 for inside in path.rglob("*") if inside.is_file())
    shutil.rmtree(path)
    return files
