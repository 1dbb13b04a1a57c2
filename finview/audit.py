"""The audit chain and the record of the current build.

Belongs here: who did what, when, on which inputs, and which stages of a build are green. Publishing
reads this record, never the orchestrator's run state. Does not belong here: data, identifiers.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from finview import __version__
from finview.chain import AuditChain
from finview.durable import canonical_json, locked, sha256_text, write_atomic
from finview.errors import FinviewError
from finview.settings import Home

__all__ = ["REQUIRED_STAGES", "AuditChain", "BuildRecord", "code_version"]

REQUIRED_STAGES = (
    "ingest",
    "landed_expectations",
    "seeds",
    "staging",
    "intermediate",
    "marts",
    "reports",
    "candidate",
    "mart_expectations",
)
#: Stages that a newly recorded stage makes stale: what was built from it must be built again.
_MAKES_STALE: Mapping[str, Sequence[str]] = {
    "ingest": ("landed_expectations", *REQUIRED_STAGES[3:]),
    "seeds": REQUIRED_STAGES[4:],
    "staging": REQUIRED_STAGES[4:],
    "intermediate": REQUIRED_STAGES[5:],
    "marts": REQUIRED_STAGES[6:],
    "reports": REQUIRED_STAGES[7:],
    "candidate": REQUIRED_STAGES[8:],
}


def code_version(project: Path) -> str:
    """Commit of the checkout (`+changed` with uncommitted edits), else the package version."""
    if (project / ".git").exists():
        git = ["git", "-C", str(project)]
        try:
            commit = _output([*git, "rev-parse", "HEAD"])
            changed = _output([*git, "status", "--porcelain"])
            return f"{commit}+changed" if changed else commit
        except (OSError, subprocess.SubprocessError):
            pass  # no git, or no commit yet: the package version still names the code
    return f"finview {__version__}"


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


class BuildRecord:
    """`audit/build.json`: the current build and its stages; what publishing asks.

    A stage recorded again makes the stages built from it stale, so they have to run again too.
    """

    def __init__(self, home: Home) -> None:
        self.path = home.audit / "build.json"
        self._chain = AuditChain(home)
        self._lock = home.audit / ".build.lock"
        self._own: str | None = None

    def start(self, as_of: date, input_hashes: Mapping[str, str], code_version: str) -> str:
        """Begin a build; every stage of the one before is forgotten. Returns the build id."""
        with locked(self._lock):
            sequence = 1 + max(
                (
                    int(row["details"]["build_sequence"])
                    for row in self._chain.read()
                    if row["event"] == "build_started"
                ),
                default=0,
            )
            build_id = f"{as_of:%Y%m%d}-{sequence:04d}"
            inputs = sha256_text(canonical_json(dict(input_hashes)))
            self._chain.append(
                "build_started",
                build_id=build_id,
                build_sequence=sequence,
                as_of_date=as_of.isoformat(),
                code_version=code_version,
                input_files=len(input_hashes),
                inputs_sha256=inputs,
            )
            record = {
                "build_id": build_id,
                "build_sequence": sequence,
                "as_of_date": as_of.isoformat(),
                "code_version": code_version,
                "inputs_sha256": inputs,
                "input_hashes": dict(input_hashes),
                "stages": {},
            }
            write_atomic(self.path, canonical_json(record))
        self._own = build_id
        return build_id

    def stage(
        self, name: str, passed: bool, details: Mapping[str, Any], build_id: str | None = None
    ) -> None:
        """Record how a stage of the current build ended (counts and hashes, no row values).

        Raises:
            FinviewError: no build was started, or the current build is not `build_id` (by
                default the one started by this object, if any).
        """
        with locked(self._lock):
            record = self.current(build_id or self._own)
            row = self._chain.append(
                "stage",
                build_id=record["build_id"],
                stage=name,
                passed=bool(passed),
                details=dict(details),
            )
            for stale in _MAKES_STALE.get(name, ()):
                record["stages"].pop(stale, None)
            record["stages"][name] = {
                "passed": bool(passed),
                "details": row["details"]["details"],
                "audit_row": row["sha256"],
            }
            write_atomic(self.path, canonical_json(record))

    def load(self) -> dict[str, Any] | None:
        """The record, or None when no build was ever started."""
        if not self.path.exists():
            return None
        try:
            record = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FinviewError(f"{self.path} is no JSON", "build again: finview run") from error
        return dict(record)

    def require_green(self, build_id: str | None, stages: Sequence[str]) -> None:
        """Check that the build (None: the current one) has all `stages` recorded and passed.

        Raises:
            FinviewError: names the first stage that is red, missing or unknown to the audit chain.
        """
        record = self.current(build_id)
        chained = {row["sha256"]: row["details"] for row in self._chain.read()}
        for name in stages:
            stage = record["stages"].get(name)
            where = f"stage {name!r} of build {record['build_id']}"
            if stage is None:
                raise FinviewError(f"{where} has not run", "build again: finview run")
            if stage.get("passed") is not True:
                raise FinviewError(
                    f"{where} failed", f"mend what {name} reports, then build again: finview run"
                )
            row = chained.get(stage.get("audit_row"), {})
            if (row.get("build_id"), row.get("stage"), row.get("passed"), row.get("details")) != (
                record["build_id"],
                name,
                True,
                stage["details"],
            ):
                raise FinviewError(
                    f"{where} is not in the audit chain as recorded", "build again: finview run"
                )

    def current(self, build_id: str | None = None) -> dict[str, Any]:
        """The record of the current build.

        Raises:
            FinviewError: no build was started, or the current one is not `build_id`.
        """
        record = self.load()
        if record is None:
            raise FinviewError("no build was started in this home", "build first: finview run")
        if build_id is not None and record["build_id"] != build_id:
            raise FinviewError(
                f"build {build_id} is not the current one ({record['build_id']} is)",
                "build again, one build at a time: finview run",
            )
        return record
