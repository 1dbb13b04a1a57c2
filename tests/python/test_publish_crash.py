"""A publish that is killed or runs out of disk leaves what was served; a rerun ends the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.publish import SETTINGS, build_and_publish, fill_warehouse, green_build, served_marks

from finview.audit import AuditChain, BuildRecord
from finview.errors import FinviewError
from finview.publish import build_candidate, candidate_file, current_folder, publish, versions
from finview.publish.failpoint import FAILPOINTS
from finview.settings import Home

HERE = Path(__file__).resolve().parent
BUILD_AND_PUBLISH = """
from support.publish import *
build_and_publish(Home(Path(sys.argv[1])), mark=2)
"""


def child(home: Home, body: str = BUILD_AND_PUBLISH, **env: str) -> subprocess.Popen[bytes]:
    script = "import sys\nfrom pathlib import Path\n" + body
    paths = os.pathsep.join([str(HERE), str(HERE.parent.parent)])
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home.root)],
        env={**os.environ, "PYTHONPATH": paths, **env},
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def clean_hash(tmp_path: Path) -> str:
    return build_and_publish(Home(tmp_path / "clean").create(), mark=2).content_hash


@pytest.mark.parametrize("place", FAILPOINTS)
def test_killed_at_a_named_step(home: Home, clean_hash: str, place: str) -> None:
    first = build_and_publish(home, mark=1)
    killed = child(home, FINVIEW_FAILPOINT=place)
    _, errors = killed.communicate()
    assert killed.returncode == 137, errors.decode()
    served = {1} if place != "after_pointer" else {2}
    assert served_marks(current_folder(home) / "marts.duckdb") == served

    if place == "candidate_written":
        with pytest.raises(FinviewError, match="'candidate' .* has not run"):
            publish(home, SETTINGS)
        build_candidate(home, SETTINGS)
        BuildRecord(home).stage("mart_expectations", True, {})
    again = publish(home, SETTINGS)
    assert again.content_hash == clean_hash
    assert served_marks(current_folder(home) / "marts.duckdb") == {2}
    assert {info.version for info in versions(home)} == {first.version, again.version}
    assert all(info.problem is None for info in versions(home))
    leftovers = [path.name for path in home.published.iterdir() if path.name.startswith(".")]
    assert leftovers == [".lock"]
    chain = AuditChain(home)
    chain.verify()
    published = [row["details"] for row in chain.read() if row["event"] == "published"]
    assert [row["version"] for row in published] == [first.version, again.version]
    assert published[-1]["recovered"] is (place == "after_pointer")


@pytest.mark.long
def test_killed_at_any_moment(home: Home, clean_hash: str) -> None:
    build_and_publish(home, mark=1)
    marks = set()
    for attempt in range(12):
        process = child(home)
        time.sleep(0.25 + attempt * 0.06)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = served_marks(current_folder(home) / "marts.duckdb")
        assert len(found) == 1
        marks |= found
        AuditChain(home).verify()
    assert marks <= {1, 2}
    assert build_and_publish(home, mark=2).content_hash == clean_hash


FULL_DISK = """
import resource, signal
from support.publish import *
from finview.errors import FinviewError
home, limit, mode = Home(Path(sys.argv[1])), {limit}, {mode!r}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    publish(home, SETTINGS) if mode == "publish" else build_candidate(home, SETTINGS)
except FinviewError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
"""


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_no_room_while_publishing(home: Home, share: float) -> None:
    first = build_and_publish(home, mark=1)
    green_build(home, mark=2)
    limit = int(candidate_file(home).stat().st_size * share)
    full = child(home, FULL_DISK.format(limit=limit, mode="publish"))
    _, errors = full.communicate()
    assert full.returncode == 3, errors.decode()
    assert "the served version stays" in errors.decode()
    assert current_folder(home).name == first.version
    assert [info.version for info in versions(home)] == [first.version]
    assert publish(home, SETTINGS).content_hash != first.content_hash


def test_no_room_for_the_candidate(home: Home) -> None:
    first = build_and_publish(home, mark=1)
    fill_warehouse(home, mark=2)
    full = child(home, FULL_DISK.format(limit=100_000, mode="candidate"))
    _, errors = full.communicate()
    assert full.returncode == 3, errors.decode()
    assert "could not be written" in errors.decode()
    with pytest.raises(FinviewError, match="'candidate' .* failed"):
        publish(home, SETTINGS)
    assert current_folder(home).name == first.version
