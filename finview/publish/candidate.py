"""The candidate: a fresh copy of the warehouse's published schemas, hashed and described."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from finview.audit import AuditChain, BuildRecord
from finview.durable import locked, sync_folder
from finview.engines import engine_of
from finview.errors import FinviewError
from finview.publish.content import literal, table_hash, total_hash
from finview.publish.copying import TARGET, Relation, connect, copy_relations
from finview.publish.failpoint import failpoint
from finview.publish.manifest import (
    MARTS_FILE,
    TABLES_FOLDER,
    Manifest,
    TableInfo,
    check_files,
    sha256_file,
)
from finview.settings import Home, Settings


def candidate_folder(home: Home) -> Path:
    """Folder of the candidate that is to be published next."""
    return home.candidate / "current"


def candidate_file(home: Home) -> Path:
    """Database of the candidate, for expectations."""
    return candidate_folder(home) / MARTS_FILE


def build_candidate(home: Home, settings: Settings) -> Manifest:
    """Copy the schemas `mart` and `report` into a fresh candidate and record the stage.

    Raises:
        FinviewError: no build, no warehouse, nothing to publish, a copy that lost rows, or
            another candidate being built. The stage is then recorded as failed.
    """
    build = BuildRecord(home)
    record = build.current()
    home.candidate.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with locked(home.candidate / ".lock", wait=False):
            manifest = _build(home, settings, record)
            build.stage("candidate", True, _stage_details(manifest), record["build_id"])
    except BlockingIOError as error:
        raise FinviewError("another candidate is being built", "wait for it to end") from error
    except (FinviewError, duckdb.Error, OSError) as error:
        # Only the kind: an engine's message may quote a value.
        details = {"error": type(error).__name__}
        with suppress(OSError):  # a full disk takes no audit row either; not green all the same
            build.stage("candidate", False, details, record["build_id"])
        if isinstance(error, FinviewError):
            raise
        raise FinviewError(
            f"the candidate could not be written: {error}",
            "free disk space or end the program that holds the warehouse, then: finview run",
        ) from error
    return manifest


def _stage_details(manifest: Manifest) -> dict[str, Any]:
    return {
        "version": manifest.version,
        "content_hash": manifest.content_hash,
        "manifest_sha256": manifest.sha256,
        "tables": len(manifest.tables),
        "rows": manifest.rows,
    }


def _build(home: Home, settings: Settings, record: Mapping[str, Any]) -> Manifest:
    for leftover in home.candidate.glob(".making-*"):
        shutil.rmtree(leftover)  # of a build that was killed; the lock says none is alive
    engine = engine_of(home, settings)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=home.candidate))
    try:
        relations = copy_relations(engine, making / MARTS_FILE, making / ".spill")
        tables = _describe(making, relations)
        failpoint("candidate_written")
        manifest = _manifest(home, settings, record, tables, making / MARTS_FILE)
        manifest.write(making)
        _sync_all(making)
        check_files(making, manifest)
        _swap(making, candidate_folder(home))
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return manifest


def _describe(making: Path, relations: Mapping[Relation, int]) -> dict[str, TableInfo]:
    """Reopen the copy read-only; compare rows, hash contents, write sorted Parquet."""
    spill = making / ".spill"
    (making / TABLES_FOLDER).mkdir(mode=0o700)
    tables = {}
    with connect(spill) as connection:
        path = literal(str(making / MARTS_FILE))
        connection.execute(f"attach {path} as {TARGET} (read_only)")
        for relation, expected in relations.items():
            table = _describe_one(connection, making, relation)
            if table.rows != expected:
                raise FinviewError(
                    f"{table.schema}.{table.name}: copied {table.rows} rows of {expected}",
                    "check the disk, then build again: finview run",
                )
            tables[table.name] = table
    shutil.rmtree(spill, ignore_errors=True)
    return tables


def _describe_one(
    connection: duckdb.DuckDBPyConnection, making: Path, relation: Relation
) -> TableInfo:
    source = relation.within(TARGET)
    rows, content_hash = table_hash(connection, source, [name for name, _ in relation.columns])
    file = making / TABLES_FOLDER / f"{relation.name}.parquet"
    # The copy is sorted already; with one thread its order and row groups are always the same.
    threads = connection.execute("select current_setting('threads')").fetchone()
    connection.execute("set threads = 1")
    connection.execute(
        f"copy (select * from {source}) to {literal(str(file))}"
        " (format parquet, compression zstd, row_group_size 122880)"
    )
    connection.execute(f"set threads = {threads[0] if threads else 1}")
    return TableInfo(
        schema=relation.schema,
        name=relation.name,
        rows=rows,
        content_hash=content_hash,
        columns=relation.columns,
        bytes=file.stat().st_size,
        parquet_sha256=sha256_file(file),
    )


def _manifest(
    home: Home,
    settings: Settings,
    record: Mapping[str, Any],
    tables: dict[str, TableInfo],
    marts: Path,
) -> Manifest:
    content_hash = total_hash(tables.values())
    sequence = int(record["build_sequence"])
    return Manifest(
        version=f"{record['as_of_date']}-{sequence:04d}-{content_hash[:12]}",
        as_of_date=record["as_of_date"],
        build_id=record["build_id"],
        build_sequence=sequence,
        code_version=record["code_version"],
        content_hash=content_hash,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duckdb_version=duckdb.__version__,
        marts_bytes=marts.stat().st_size,
        marts_sha256=sha256_file(marts),
        tables=tables,
        settings=asdict(settings),
        input_hashes=record["input_hashes"],
        audit_head=AuditChain(home).head(),
    )


def _sync_all(folder: Path) -> None:
    """Files to mode 0600 and everything onto the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            sync_folder(path)
            continue
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def _swap(made: Path, place: Path) -> None:
    """Put `made` at `place`, wiping what was there."""
    if place.exists():
        old = place.with_name(f".making-old-{made.name.removeprefix('.making-')}")
        os.rename(place, old)
        shutil.rmtree(old)
    os.rename(made, place)
    sync_folder(place.parent)
