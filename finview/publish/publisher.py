"""Publishing: a green, unchanged candidate becomes an immutable version; the pointer moves last."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finview.audit import REQUIRED_STAGES, AuditChain, BuildRecord
from finview.durable import sync_folder
from finview.errors import FinviewError
from finview.publish.candidate import candidate_folder
from finview.publish.failpoint import failpoint
from finview.publish.manifest import MANIFEST_FILE, Manifest, check_files
from finview.publish.store import (
    INCOMING,
    current_version,
    intact,
    only_publisher,
    point_at,
    prune,
)
from finview.settings import Home, Settings

_REBUILD = "build again: finview run"


def publish(home: Home, settings: Settings, *, force: bool = False) -> Manifest:
    """Publish the candidate of the current build.

    The same content for the same business day makes no new version: the current one stays and
    the audit chain says `publish_unchanged`.

    Args:
        home: Home whose candidate is published.
        settings: Gives `keep_versions`.
        force: Publish although the served version is of a later day or build.

    Returns:
        Manifest of the version that is served afterwards.

    Raises:
        FinviewError: another publish runs, a stage is red or missing, the candidate is not the
            one recorded, or it is older than what is served. What was served stays served.
    """
    from finview.identity.ledger import record_keys

    with only_publisher(home):
        chain = AuditChain(home)
        chain.verify()
        record, candidate = _green_candidate(home)
        current = _current_manifest(home)
        if current is not None:
            if not force:
                _refuse_older(candidate, current)
            if _same(candidate, current) and intact(home.published / current.version):
                check_files(candidate_folder(home), candidate)
                _audit_unchanged(chain, current, candidate)
                return current
        checks = {name: record["stages"][name] for name in REQUIRED_STAGES}
        manifest = replace(
            candidate,
            version=_free_name(home, candidate),
            checks=checks,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            audit_head=chain.head(),
        )
        manifest = _put_in_place(home, manifest)
        record_keys(home, home.published / manifest.version, manifest)
        before = current_version(home)
        chain.append("publish_started", version=manifest.version, build_id=manifest.build_id)
        point_at(home, manifest.version)
        failpoint("after_pointer")
        removed = prune(home, settings.keep_versions, {before} if before else set())
        _audit_published(chain, manifest, previous=before, removed=removed, forced=force)
        return manifest


def _green_candidate(home: Home) -> tuple[dict[str, Any], Manifest]:
    """The build record and the candidate's manifest, which the record must pin."""
    build = BuildRecord(home)
    build.require_green(None, REQUIRED_STAGES)
    record = build.current()
    pinned = record["stages"]["candidate"]["details"]
    manifest = Manifest.load(candidate_folder(home))
    if manifest.build_id != record["build_id"]:
        raise FinviewError(f"the candidate is of build {manifest.build_id}", _REBUILD)
    if manifest.sha256 != pinned.get("manifest_sha256"):
        raise FinviewError(f"the candidate's {MANIFEST_FILE} is not the one recorded", _REBUILD)
    return record, manifest


def _refuse_older(candidate: Manifest, current: Manifest) -> None:
    later_day = current.as_of_date > candidate.as_of_date
    if later_day or current.build_sequence > candidate.build_sequence:
        raise FinviewError(
            f"the candidate (build {candidate.build_id}, as of {candidate.as_of_date}) is older"
            f" than what is served (build {current.build_id}, as of {current.as_of_date})",
            "publish a newer build, or serve an older version: finview rollback",
        )


def _same(candidate: Manifest, current: Manifest) -> bool:
    return (candidate.content_hash, candidate.as_of_date) == (
        current.content_hash,
        current.as_of_date,
    )


def _current_manifest(home: Home) -> Manifest | None:
    """Manifest of the served version; None when there is none, or none that can be read."""
    name = current_version(home)
    if name is None:
        return None
    try:
        return Manifest.load(home.published / name)
    except FinviewError:
        return None  # a damaged version must not stop the good one that replaces it


def _free_name(home: Home, candidate: Manifest) -> str:
    """The candidate's version name; with a suffix when a damaged version has it."""
    name, attempt = candidate.version, 1
    while (home.published / name).exists() and not intact(home.published / name):
        attempt += 1
        name = f"{candidate.version}-r{attempt}"
    return name


def _put_in_place(home: Home, manifest: Manifest) -> Manifest:
    """Copy the candidate's files into the version's folder, checked byte by byte."""
    folder = home.published / manifest.version
    if folder.exists():  # complete: a publish was killed before it moved the pointer
        return Manifest.load(folder)
    incoming = Path(tempfile.mkdtemp(prefix=INCOMING, dir=home.published))
    try:
        # A copy, not a link: nobody who opens the candidate can change what is served.
        for path in sorted(candidate_folder(home).rglob("*")):
            target = incoming / path.relative_to(candidate_folder(home))
            if path.is_dir():
                target.mkdir(mode=0o700)
            elif path.name != MANIFEST_FILE:
                _copy_file(path, target)
        check_files(incoming, manifest)
        manifest.write(incoming)
        for made in [*(path for path in incoming.rglob("*") if path.is_dir()), incoming]:
            sync_folder(made)
        failpoint("manifest_written")
        os.rename(incoming, folder)
        sync_folder(home.published)
        failpoint("version_renamed")
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return manifest


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _audit_published(
    chain: AuditChain,
    manifest: Manifest,
    *,
    previous: str | None,
    removed: list[str],
    forced: bool = False,
    recovered: bool = False,
) -> None:
    chain.append(
        "published",
        version=manifest.version,
        previous=previous,
        build_id=manifest.build_id,
        as_of_date=manifest.as_of_date,
        code_version=manifest.code_version,
        content_hash=manifest.content_hash,
        manifest_sha256=manifest.sha256,
        rows={name: table.rows for name, table in sorted(manifest.tables.items())},
        removed=removed,
        forced=forced,
        recovered=recovered,
    )


def _audit_unchanged(chain: AuditChain, current: Manifest, candidate: Manifest) -> None:
    served = [
        row["event"] for row in chain.read() if row["details"].get("version") == current.version
    ]
    if "published" not in served:  # killed between the pointer and the audit row
        _audit_published(chain, current, previous=None, removed=[], recovered=True)
    chain.append(
        "publish_unchanged",
        version=current.version,
        build_id=candidate.build_id,
        content_hash=candidate.content_hash,
    )
