"""Reading what is published: one version per connection, and nothing else on the machine."""

from __future__ import annotations

from pathlib import Path

import duckdb

from finview.errors import FinviewError
from finview.publish.content import literal
from finview.publish.manifest import MARTS_FILE
from finview.publish.store import current_version
from finview.settings import Home

_ATTEMPTS = 5


def current_folder(home: Home) -> Path:
    """Folder of the current version, resolved: read all of one report from it, then ask again.

    Raises:
        FinviewError: nothing is published yet.
    """
    name = current_version(home)
    if name is None:
        raise FinviewError("nothing is published yet", "build and publish: finview run")
    return home.published / name


def open_current(home: Home) -> duckdb.DuckDBPyConnection:
    """Connection to the current version, for reading only.

    The database is called `finview` and is the default, so `mart.dim_user` and
    `report.fct_kpi` resolve. The connection can neither read or write files, attach databases
    and load extensions, nor lift these limits. Close it after use: a later version needs a new
    connection.

    Raises:
        FinviewError: nothing is published yet, or the version cannot be opened.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        file = current_folder(home) / MARTS_FILE
        try:
            return open_hardened(file)
        except duckdb.IOException as error:
            # A version removed between the look at the pointer and the opening: look again.
            if file.exists() or attempt == _ATTEMPTS:
                raise FinviewError(
                    f"version {file.parent.name} cannot be opened",
                    "serve another one: finview rollback",
                ) from error
    raise AssertionError("unreachable")


def open_hardened(file: Path) -> duckdb.DuckDBPyConnection:
    """Read-only connection to a marts file, locked down before it is handed out."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "temp_directory": "",
        }
    )
    try:
        # Attached as `finview`, so that its name does not depend on the file's.
        connection.execute(f"attach {literal(str(file))} as finview (read_only)")
        connection.execute("use finview")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error:
        connection.close()
        raise
    return connection
