"""The audit chain: one line per event, each holding the hash of the line before it."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from finview.durable import canonical_json, locked, sha256_text, sync_folder, write_atomic
from finview.errors import FinviewError
from finview.settings import Home

_FIRST_PREVIOUS = "0" * 64


class AuditChain:
    """`audit/chain.jsonl`: each line holds the hash of the line before it and its own.

    `audit/chain_head.json` holds the number and hash of the last line, so that lines cut off the
    end show as well. Whoever can rewrite both files can forge them: a published manifest carries
    the head it was published after, to be compared from outside.
    """

    def __init__(self, home: Home) -> None:
        self.path = home.audit / "chain.jsonl"
        self._head = home.audit / "chain_head.json"
        self._lock = home.audit / ".chain.lock"

    def append(self, event: str, **details: Any) -> dict[str, Any]:
        """Add one row, on disk when this returns.

        Raises:
            FinviewError: the end of the chain was cut off or changed.
        """
        with locked(self._lock):
            torn = self._drop_torn_line()
            rows = self.read()
            self._check_head(rows)
            if rows:
                self._write_head(rows[-1])  # mends a head that a crash left behind
            if torn:
                removed = hashlib.sha256(torn).hexdigest()
                rows.append(self._write(rows, "torn_line_removed", {"sha256": removed}))
            row = self._write(rows, event, details)
            self._write_head(row)
            return row

    def read(self) -> list[dict[str, Any]]:
        """All rows, oldest first; a last line that a crash left unfinished is left out."""
        rows = []
        for number, line in enumerate(self._lines(), 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise self._broken(number, "is no JSON") from error
            if not isinstance(row, dict):
                raise self._broken(number, "is no JSON object")
            rows.append(row)
        return rows

    def head(self) -> str:
        """Hash of the last row; 64 zeros when there is none."""
        rows = self.read()
        return str(rows[-1].get("sha256")) if rows else _FIRST_PREVIOUS

    def verify(self) -> None:
        """Recompute the whole chain.

        Raises:
            FinviewError: names the first line that was changed, moved, inserted or removed.
        """
        with locked(self._lock):
            rows = self.read()
            previous = _FIRST_PREVIOUS
            for number, row in enumerate(rows, 1):
                if row.get("sequence") != number or row.get("previous") != previous:
                    raise self._broken(number, "does not follow the line before it")
                if row.get("sha256") != _row_hash(row):
                    raise self._broken(number, "was changed: its hash differs")
                previous = row["sha256"]
            self._check_head(rows)

    def _check_head(self, rows: list[dict[str, Any]]) -> None:
        # A crash leaves the head behind, never ahead: it must name a line that is there.
        if not self._head.exists():
            if len(rows) > 2:
                raise self._broken(len(rows), f"has no {self._head.name} beside it")
            return
        try:
            head = json.loads(self._head.read_text(encoding="utf-8"))
            number, sha256 = int(head["sequence"]), head["sha256"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._broken(len(rows), f"cannot be compared: {self._head.name}") from error
        if not 1 <= number <= len(rows):
            raise self._broken(len(rows) + 1, f"is missing: the chain had {number} lines")
        if rows[number - 1].get("sha256") != sha256:
            raise self._broken(number, f"differs from {self._head.name}")

    def _write_head(self, row: Mapping[str, Any]) -> None:
        head = {"sequence": row["sequence"], "sha256": row["sha256"]}
        write_atomic(self._head, canonical_json(head))

    def _lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return self.path.read_bytes().split(b"\n")[:-1]

    def _drop_torn_line(self) -> bytes:
        """Cut an unfinished last line off; it was never acknowledged. Returns its bytes."""
        if not self.path.exists():
            return b""
        torn = self.path.read_bytes().rsplit(b"\n", 1)[-1]
        if torn:
            os.truncate(self.path, self.path.stat().st_size - len(torn))
        return torn

    def _write(
        self, rows: list[dict[str, Any]], event: str, details: Mapping[str, Any]
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            "sequence": len(rows) + 1,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": _who(),
            "event": event,
            "details": json.loads(canonical_json(details)),
            "previous": rows[-1]["sha256"] if rows else _FIRST_PREVIOUS,
        }
        row["sha256"] = _row_hash(row)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(canonical_json(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.path.parent)
        return row

    def _broken(self, number: int, what: str) -> FinviewError:
        return FinviewError(
            f"audit chain broken: line {number} of {self.path.name} {what}",
            "restore the audit folder from a backup; never edit it by hand",
        )


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # a container without a password entry


def _row_hash(row: Mapping[str, Any]) -> str:
    content = {name: value for name, value in row.items() if name != "sha256"}
    return sha256_text(canonical_json(content))
