"""Starting, finding and stopping the processes of a cluster; a reused process id is not taken."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from finview.errors import FinviewError

#: (process id, time of start)
Identity = tuple[int, float]


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None = None
) -> Identity:
    """Start a process in a session of its own, with its output in `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    return process.pid, psutil.Process(process.pid).create_time()


def find(identity: Identity) -> psutil.Process | None:
    """The live process, or None if it ended (its id may belong to another by now)."""
    try:
        process = psutil.Process(identity[0])
        alive = process.create_time() == identity[1] and process.status() != psutil.STATUS_ZOMBIE
        return process if alive else None
    except psutil.Error:
        return None


def stop(
    identity: Identity, seconds: float = 15, with_signal: signal.Signals = signal.SIGTERM
) -> None:
    """Ask a process and its children to end, then kill what is left."""
    process = find(identity)
    if process is None:
        return
    with contextlib.suppress(psutil.Error):
        family = [process, *process.children(recursive=True)]
        with contextlib.suppress(psutil.Error):
            process.send_signal(with_signal)
        _, left = psutil.wait_procs(family, timeout=seconds)
        for member in left:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(left, timeout=seconds)


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_free(port: int) -> bool:
    """Nobody listens on the port of 127.0.0.1."""
    return not answers(port)


def answers(port: int) -> bool:
    """Somebody listens on the port of 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    ready: Callable[[], bool], identity: Identity, name: str, log: Path, seconds: float
) -> None:
    """Wait until a process is ready.

    Raises:
        FinviewError: it died or took too long, with its log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if find(identity) is None:
            raise FinviewError(f"{name} ended as it started", f"read {log}")
        if time.monotonic() > deadline:
            raise FinviewError(f"{name} was not ready after {seconds:.0f} s", f"read {log}")
        time.sleep(0.2)


def resident_bytes(identities: Sequence[Identity]) -> int:
    """Resident memory of processes and their children in bytes; shared pages count once each."""
    total = 0
    for identity in identities:
        process = find(identity)
        if process is None:
            continue
        with contextlib.suppress(psutil.Error):
            for member in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += _own_share(member)
    return total


def _own_share(process: psutil.Process) -> int:
    """Proportional share where the system tells it (PostgreSQL's processes share much)."""
    with contextlib.suppress(psutil.Error, AttributeError):
        return int(process.memory_full_info().pss)
    return int(process.memory_info().rss)


def is_root() -> bool:
    """This process may become another user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
