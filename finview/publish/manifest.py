"""The manifest of a candidate or published version, and the check of its files against it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from finview.durable import canonical_json, sha256_text, write_atomic
from finview.errors import FinviewError

#: The database that BI reads, inside a version's folder.
MARTS_FILE = "marts.duckdb"
TABLES_FOLDER = "tables"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class TableInfo:
    """One published table: rows, content hash, columns as (name, type), its Parquet file."""

    schema: str
    name: str
    rows: int
    content_hash: str
    columns: tuple[tuple[str, str], ...]
    bytes: int
    parquet_sha256: str

    @property
    def file(self) -> str:
        """Parquet file, relative to the version's folder."""
        return f"{TABLES_FOLDER}/{self.name}.parquet"


@dataclass(frozen=True)
class Manifest:
    """What a version holds and where it came from.

    `checks` and `published_at` are empty in a candidate; publishing fills them in. `audit_head`
    is the hash of the audit chain's last row when the manifest was written.
    """

    version: str
    as_of_date: str
    build_id: str
    build_sequence: int
    code_version: str
    content_hash: str
    created_at: str
    duckdb_version: str
    marts_bytes: int
    marts_sha256: str
    tables: Mapping[str, TableInfo]
    settings: Mapping[str, Any] = field(default_factory=dict)
    input_hashes: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)
    published_at: str | None = None
    audit_head: str | None = None

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def sha256(self) -> str:
        """Hash of the whole manifest, its own text included: what the audit record pins."""
        return sha256_text(canonical_json(self.to_dict()))

    @property
    def age(self) -> tuple[str, int]:
        """Sorts versions: business day, then build."""
        return self.as_of_date, self.build_sequence

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in `manifest.json`."""
        plain: dict[str, Any] = json.loads(canonical_json(asdict(self)))
        return plain

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into `folder`, atomically."""
        text = json.dumps(self.to_dict(), indent=1, sort_keys=True, ensure_ascii=False)
        write_atomic(folder / MANIFEST_FILE, text + "\n")

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of `folder`.

        Raises:
            FinviewError: absent or not a manifest.
        """
        path = folder / MANIFEST_FILE
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            tables = {name: _table(table) for name, table in raw.pop("tables").items()}
            return cls(tables=tables, **raw)
        except FileNotFoundError as error:
            raise FinviewError(f"no {MANIFEST_FILE} in {folder.name}", _NEXT) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FinviewError(
                f"{MANIFEST_FILE} of {folder.name} cannot be read: {type(error).__name__}", _NEXT
            ) from error


_NEXT = "build again: finview run; or serve another version: finview rollback"


def _table(raw: dict[str, Any]) -> TableInfo:
    columns = tuple((str(name), str(kind)) for name, kind in raw.pop("columns"))
    return TableInfo(columns=columns, **raw)


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(folder: Path, manifest: Manifest, *, full: bool = True) -> None:
    """Check that `folder` holds the files of `manifest` and nothing else.

    Args:
        folder: A candidate's or version's folder.
        manifest: What it should hold.
        full: Compare every byte (by hash); else names and sizes only.

    Raises:
        FinviewError: names the first file that is missing, unexpected or different.
    """
    expected = {MARTS_FILE: (manifest.marts_bytes, manifest.marts_sha256)}
    for table in manifest.tables.values():
        expected[table.file] = (table.bytes, table.parquet_sha256)
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(present - set(expected) - {MANIFEST_FILE}):
        what = "a leftover write-ahead log" if name.endswith(".wal") else "an unexpected file"
        raise FinviewError(f"{folder.name} holds {what}: {name}", _NEXT)
    for name, (size, sha256) in sorted(expected.items()):
        path = folder / name
        if name not in present:
            raise FinviewError(f"{folder.name} lacks {name}", _NEXT)
        if path.is_symlink() or path.stat().st_size != size:
            raise FinviewError(f"{folder.name}: {name} has another size than recorded", _NEXT)
        if full and sha256_file(path) != sha256:
            raise FinviewError(f"{folder.name}: {name} has other bytes than recorded", _NEXT)
