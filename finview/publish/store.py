"""The folder of published versions: what is there, which one is current, what may go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finview.durable import locked, sync_folder
from finview.errors import FinviewError
from finview.publish.failpoint import failpoint
from finview.publish.manifest import Manifest, check_files
from finview.settings import Home

CURRENT = "current"
INCOMING = ".incoming-"
REMOVED = ".removed-"


@dataclass(frozen=True)
class VersionInfo:
    """One published version; `problem` says what is wrong with its files (names and sizes)."""

    version: str
    is_current: bool
    as_of_date: str | None = None
    build_id: str | None = None
    content_hash: str | None = None
    published_at: str | None = None
    tables: int = 0
    rows: int = 0
    problem: str | None = None


def current_version(home: Home) -> str | None:
    """Name of the version that `published/current` points at, None before the first publish."""
    try:
        return os.readlink(home.published / CURRENT)
    except FileNotFoundError:
        return None


def versions(home: Home) -> list[VersionInfo]:
    """Published versions, newest first (business day, then build); damaged ones last."""
    current = current_version(home)
    sound: list[tuple[tuple[str, int, str], VersionInfo]] = []
    damaged: list[VersionInfo] = []
    for folder in _folders(home):
        is_current = folder.name == current
        try:
            manifest = Manifest.load(folder)
            check_files(folder, manifest, full=False)
        except FinviewError as error:
            damaged.append(VersionInfo(folder.name, is_current, problem=error.message))
            continue
        info = VersionInfo(
            version=folder.name,
            is_current=is_current,
            as_of_date=manifest.as_of_date,
            build_id=manifest.build_id,
            content_hash=manifest.content_hash,
            published_at=manifest.published_at,
            tables=len(manifest.tables),
            rows=manifest.rows,
        )
        sound.append(((*manifest.age, folder.name), info))
    newest_first = [info for _, info in sorted(sound, key=lambda item: item[0], reverse=True)]
    return newest_first + damaged


def intact(folder: Path) -> bool:
    """Whether every byte of a version is as its manifest says."""
    try:
        check_files(folder, Manifest.load(folder))
    except FinviewError:
        return False
    return True


def point_at(home: Home, version: str) -> None:
    """Move `published/current` to `version`: readers see the old or the new one, never none."""
    link = home.published / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    os.symlink(version, link)
    failpoint("before_pointer")
    os.replace(link, home.published / CURRENT)
    sync_folder(home.published)


def prune(home: Home, keep: int, also: set[str]) -> list[str]:
    """Remove all but the `keep` newest versions; never those in `also` or the current one."""
    listed = versions(home)
    spared = {info.version for info in listed[:keep]} | also
    gone = [info.version for info in listed if not info.is_current and info.version not in spared]
    for version in gone:
        # Renamed first: a crash in the middle leaves no half version under its name.
        away = home.published / f"{REMOVED}{version}"
        os.rename(home.published / version, away)
        shutil.rmtree(away)
    return gone


@contextmanager
def only_publisher(home: Home) -> Iterator[None]:
    """Be the only one who changes `published/`, and begin with it swept."""
    home.published.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with locked(home.published / ".lock", wait=False):
            _sweep(home)
            yield
    except BlockingIOError as error:
        raise FinviewError(
            "another publish is running", "wait for it to end, then retry"
        ) from error
    except OSError as error:
        raise FinviewError(
            f"publishing stopped, the served version stays: {error.strerror}",
            "free disk space or mend the permissions of the home, then: finview publish",
        ) from error


def _sweep(home: Home) -> None:
    """Remove what a killed publish left."""
    for pattern in (f"{INCOMING}*", f"{REMOVED}*"):
        for folder in home.published.glob(pattern):
            shutil.rmtree(folder)
    for link in home.published.glob(f".{CURRENT}.*"):
        link.unlink()


def _folders(home: Home) -> list[Path]:
    if not home.published.is_dir():
        return []
    return sorted(
        path
        for path in home.published.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )
