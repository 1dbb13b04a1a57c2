"""A PostgreSQL server of Debian's package, on loopback, for the tests of pulling."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from finview.cluster import catalogue, processes
from finview.cluster.programs import Programs, _postgres_bin
from finview.errors import FinviewError
from finview.settings import Home


@dataclass(frozen=True)
class Server:
    """A running server; `folder` holds its data."""

    bin: Path
    port: int
    password: str
    folder: Path
    database: str = catalogue.DATABASE
    user: str = catalogue.USER

    @property
    def url(self) -> str:
        """Address with the password, as an environment variable holds it."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    def sql(self, statements: str) -> str:
        """Run statements, all in one transaction unless they say otherwise; their output."""
        command = [str(self.bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, self.database]
        environment = {**os.environ, "PGPASSWORD": self.password, "PGTZ": "UTC"}
        done = subprocess.run(
            command, input=statements, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """A server with an empty database until the block ends; skips where none is installed."""
    home = Home(folder).create()
    (folder / "cluster").mkdir()
    try:
        programs = Programs(Path(), Path(), Path(), Path(), _postgres_bin())
    except FinviewError as error:
        pytest.skip(f"{error.message}: {error.next_step}")
    port = processes.free_port()
    identity = catalogue.start_catalogue(home, programs, port, folder / "server.log")
    try:
        word = catalogue.password(home)
        data = catalogue.catalogue_folder(home)
        yield Server(programs.postgres_bin, port, re.sub(r"\s", "", word), data)
    finally:
        processes.stop(identity)
        catalogue.remove_catalogue(home)
