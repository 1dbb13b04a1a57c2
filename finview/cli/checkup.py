"""What `finview doctor` looks at."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from finview.errors import FinviewError
from finview.settings import Home, load_settings, project_root

#: Package to the version its behaviour was checked with.
PACKAGES = {
    "duckdb": "1.5.",
    "dbt-core": "1.11.",
    "dbt-duckdb": "1.11.",
    "dagster": "1.13.",
    "dagster-dbt": "0.29.",
    "great_expectations": "1.24.",
}
MIN_FREE_GB = 2
UI_PORT = 3000


@dataclass(frozen=True)
class Finding:
    """One thing looked at; level is good, note or bad."""

    level: str
    subject: str
    text: str
    next_step: str = ""

    @property
    def mark(self) -> str:
        """Column in front of the line."""
        return {"good": "ok ", "note": "-- ", "bad": "bad"}[self.level]


def examine(home: Home) -> list[Finding]:
    """All findings, in the order of the checks; a check that raises is a bad finding."""
    checks: list[Callable[[Home], Finding]] = [
        _python,
        _packages,
        _project,
        _home,
        _settings,
        _engine,
        _key,
        _disk,
        _port,
        _landing,
        _build,
        _audit,
    ]
    findings = []
    for check in checks:
        try:
            findings.append(check(home))
        except FinviewError as error:
            subject = check.__name__.strip("_")
            findings.append(Finding("bad", subject, error.message, error.next_step))
    return findings


def _python(_: Home) -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 12):
        return Finding("good", "python", found)
    return Finding("bad", "python", f"{found} is not 3.11 or 3.12", "make clean && make install")


def _packages(_: Home) -> Finding:
    wrong = []
    for name, expected in PACKAGES.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "absent"
        if not found.startswith(expected):
            wrong.append(f"{name} {found} (expected {expected}x)")
    if wrong:
        return Finding("bad", "packages", ", ".join(wrong), "make clean && make install")
    return Finding("good", "packages", f"{len(PACKAGES)} as pinned")


def _project(_: Home) -> Finding:
    return Finding("good", "project", str(project_root()))


def _home(home: Home) -> Finding:
    if not home.root.exists():
        return Finding("note", "home", f"{home.root} does not exist yet", "finview run")
    if not os.access(home.root, os.W_OK):
        return Finding("bad", "home", f"{home.root} cannot be written", "choose one with --home")
    mode = stat.S_IMODE(home.root.stat().st_mode)
    if mode & 0o077:
        text = f"{home.root} is open to other accounts (mode {mode:04o})"
        return Finding("bad", "home", text, f"chmod 700 {home.root}")
    return Finding("good", "home", str(home.root))


def _settings(home: Home) -> Finding:
    settings = load_settings(home)
    day = settings.as_of_date or "auto"
    text = f"{settings.business_timezone}, {settings.reporting_currency}, as of {day}"
    return Finding("good", "settings", text)


def _engine(home: Home) -> Finding:
    from finview.engines import engine_of

    settings = load_settings(home)
    engine = engine_of(home, settings)
    engine.check()
    return Finding("good", "engine", engine.name)


def _key(home: Home) -> Finding:
    from finview.ingest.keys import KEY_VARIABLE, MIN_KEY_CHARACTERS

    make = f"export {KEY_VARIABLE}=$(python3 -c 'import secrets; print(secrets.token_hex(32))')"
    key = os.environ.get(KEY_VARIABLE)
    if key is None:
        text = f"{KEY_VARIABLE} is not set: fine for sample data, not for real people's"
        return Finding("note", "key", text, f"keep the key safe, it must never change: {make}")
    if len(key) < MIN_KEY_CHARACTERS:
        return Finding("bad", "key", f"{KEY_VARIABLE} has under {MIN_KEY_CHARACTERS} signs", make)
    return Finding("good", "key", f"{KEY_VARIABLE} is set")


def _disk(home: Home) -> Finding:
    folder: Path = home.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1024**3
    if free < MIN_FREE_GB:
        return Finding("bad", "disk", f"{free:.1f} GB free", f"free {MIN_FREE_GB} GB or more")
    return Finding("good", "disk", f"{free:.0f} GB free")


def _port(_: Home) -> Finding:
    with socket.socket() as probe:
        # As servers bind: a connection that is just closing does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", UI_PORT))
        except OSError:
            text = f"{UI_PORT} is taken (the web UI may be running)"
            return Finding("note", "port", text, f"finview ui --port {UI_PORT + 1}")
    return Finding("good", "port", f"{UI_PORT} is free for the web UI")


def _landing(home: Home) -> Finding:
    files = sum(path.is_file() and path.name[0] != "." for path in home.landing.rglob("*"))
    if not files:
        return Finding("note", "landing", "empty", "finview run makes sample data")
    return Finding("good", "landing", f"{files} files")


def _build(home: Home) -> Finding:
    from finview.audit import REQUIRED_STAGES, BuildRecord

    record = BuildRecord(home).load()
    if record is None:
        return Finding("note", "last build", "none yet", "finview run")
    try:
        BuildRecord(home).require_green(None, REQUIRED_STAGES)
    except FinviewError as error:
        return Finding("bad", "last build", error.message, error.next_step)
    return Finding("good", "last build", f"{record['build_id']}, every stage green")


def _audit(home: Home) -> Finding:
    from finview.audit import AuditChain

    chain = AuditChain(home)
    chain.verify()
    return Finding("good", "audit chain", f"{len(chain.read())} rows, unbroken")
