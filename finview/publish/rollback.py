"""Rollback: an earlier version is served again, at once and audited."""

from __future__ import annotations

from finview.chain import AuditChain
from finview.errors import FinviewError
from finview.publish.manifest import Manifest, check_files
from finview.publish.store import VersionInfo, current_version, only_publisher, point_at, versions
from finview.settings import Home


def rollback(home: Home, version: str | None = None) -> VersionInfo:
    """Serve an earlier version again: `version`, or the next older one than the current.

    Raises:
        FinviewError: no such version, its files are damaged, or a publish is running.
    """
    with only_publisher(home):
        listed = versions(home)
        chosen = version if version is not None else _next_older(listed)
        names = [info.version for info in listed]
        if chosen not in names:
            known = ", ".join(names) or "none"
            raise FinviewError(f"no published version {chosen!r}", f"choose one of: {known}")
        folder = home.published / chosen
        check_files(folder, Manifest.load(folder))
        chain = AuditChain(home)
        before = current_version(home)
        chain.append("rollback_started", version=chosen, previous=before)
        point_at(home, chosen)
        chain.append("rolled_back", version=chosen, previous=before)
        return next(info for info in versions(home) if info.version == chosen)


def _next_older(listed: list[VersionInfo]) -> str:
    sound = [info for info in listed if info.problem is None or info.is_current]
    place = next((index for index, info in enumerate(sound) if info.is_current), None)
    if place is None:
        raise FinviewError("nothing is published", "publish first: finview run")
    if sound[place].problem is not None:
        older = [info.version for info in sound if not info.is_current]
    else:
        older = [info.version for info in sound[place + 1 :]]
    if not older:
        raise FinviewError("no older version is kept", "see what there is: finview versions")
    return older[0]
