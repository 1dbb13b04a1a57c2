"""Readers during many publishes: each sees one whole version, none sees nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.publish import SETTINGS, build_and_publish, green_build

from finview.audit import BuildRecord
from finview.errors import FinviewError
from finview.publish import publish, rollback, versions
from finview.publish.candidate import candidate_folder
from finview.settings import Home

HERE = Path(__file__).resolve().parent
PUBLISHES = 200
READER = """
import sys
from pathlib import Path
from finview.publish import open_current
from finview.settings import Home
home, stop = Home(Path(sys.argv[1])), Path(sys.argv[2])
reads, switches, last = 0, 0, None
while not stop.exists():
    with open_current(home) as connection:
        found = connection.execute(
            "select distinct mark from mart.dim_user"
            " union select distinct mark from report.rpt_users"
        ).fetchall()
    assert len(found) == 1, found
    reads += 1
    switches += last is not None and found != last
    last = found
print(reads, switches)
"""
#: Only follows the pointer: fast enough to meet the moment in which it moves.
WATCHER = """
import sys
from pathlib import Path
from finview.publish import current_folder
from finview.settings import Home
home, stop = Home(Path(sys.argv[1])), Path(sys.argv[2])
reads, switches, last = 0, 0, None
while not stop.exists():
    for _ in range(1000):
        found = current_folder(home).name
        reads += 1
        switches += last is not None and found != last
        last = found
print(reads, switches)
"""


def test_readers_see_one_version_each(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    names = [build_and_publish(home, mark).version for mark in (1, 2)]
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home.root), str(stop)],
            env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for script in (READER, WATCHER)
    ]
    # The same two versions alternate (a forced publish and a rollback move the pointer) ...
    for number in range(PUBLISHES - 10):
        rollback(home, names[number % 2])
    # ... and whole builds with new contents, old versions being removed meanwhile.
    for mark in range(3, 13):
        build_and_publish(home, mark)
    stop.touch()
    for reader in readers:
        output, errors = reader.communicate()
        assert reader.returncode == 0, errors.decode()
        reads, switches = map(int, output.split())
        assert reads > 0 and switches > 0, output
    assert len(versions(home)) == SETTINGS.keep_versions


def test_publishers_at_once_one_wins_each_time(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    green_build(home)

    def attempt(_: int) -> str:
        try:
            return publish(home, SETTINGS).version
        except FinviewError as error:
            return error.message

    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(attempt, range(4)))
    version = versions(home)[0].version
    assert version in results
    assert results <= {version, "another publish is running"}
    assert BuildRecord(home).current()["build_id"] == "20250630-0001"
    assert candidate_folder(home).is_dir()
