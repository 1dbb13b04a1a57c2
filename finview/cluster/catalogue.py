"""The Iceberg catalogue's PostgreSQL server, on loopback, with a password of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from finview.cluster import processes
from finview.cluster.processes import Identity
from finview.cluster.programs import Programs
from finview.durable import sha256_text, write_atomic
from finview.errors import FinviewError
from finview.settings import Home

USER = "finview"
DATABASE = "postgres"
#: Each session of Spark holds connections of its own; dbt opens one session a thread.
_CONNECTIONS = 300


def catalogue_folder(home: Home) -> Path:
    """Data folder of the server.

    PostgreSQL refuses to run as root. Then it runs as the user `postgres`, who cannot see into a
    home, and its data lie where Debian keeps databases.
    """
    if processes.is_root():
        return Path("/var/lib/postgresql") / f"finview-{sha256_text(str(home.root))[:12]}"
    return home.root / "cluster" / "catalogue"


def password(home: Home) -> str:
    """The catalogue's password, made once."""
    path = _password_file(home)
    if not path.exists():
        write_atomic(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")


def _password_file(home: Home) -> Path:
    return home.root / "cluster" / "catalogue.key"


def start_catalogue(home: Home, programs: Programs, port: int, log: Path) -> Identity:
    """Make the database if there is none and start the server.

    Raises:
        FinviewError: it cannot be made or does not start.
    """
    folder = catalogue_folder(home)
    user = "postgres" if processes.is_root() else None
    # Without its password the database is what is left of a home that was deleted by hand.
    if not (folder / "PG_VERSION").exists() or not _password_file(home).exists():
        _initialise(folder, programs, password(home), user, log)
    command = [
        str(programs.postgres_bin / "postgres"),
        *("-D", str(folder), "-h", "127.0.0.1", "-p", str(port)),
        *("-c", "unix_socket_directories="),
        *("-c", f"max_connections={_CONNECTIONS}"),
        *("-c", "shared_buffers=32MB"),
    ]
    identity = processes.start(command, _environment(), log, user)
    try:
        processes.wait_until(
            lambda: _is_ready(programs, port), identity, "PostgreSQL (catalogue)", log, 60
        )
    except FinviewError:
        processes.stop(identity)
        raise
    return identity


def remove_catalogue(home: Home) -> None:
    """Delete the database of a stopped cluster."""
    shutil.rmtree(catalogue_folder(home), ignore_errors=True)


def _initialise(folder: Path, programs: Programs, word: str, user: str | None, log: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    key = folder.with_name(f"{folder.name}.initdb")
    try:
        write_atomic(key, word)
        if user:
            shutil.chown(folder, user, user)
            shutil.chown(key, user, user)
        command = [
            str(programs.postgres_bin / "initdb"),
            *("-D", str(folder), "-U", USER, "--auth=scram-sha-256", f"--pwfile={key}"),
            *("-E", "UTF8", "--locale=C"),
        ]
        done = subprocess.run(
            command,
            env=_environment(),
            capture_output=True,
            text=True,
            cwd="/",
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    finally:
        key.unlink(missing_ok=True)
    if done.returncode != 0:
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        raise FinviewError("the catalogue's database could not be made (initdb)", f"read {log}")


def _is_ready(programs: Programs, port: int) -> bool:
    command = [str(programs.postgres_bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, env=_environment(), cwd="/").returncode == 0


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
