"""Starting, stopping and looking at the local cluster of a home."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from finview.cluster import processes, spark
from finview.cluster.catalogue import catalogue_folder, remove_catalogue, start_catalogue
from finview.cluster.programs import Programs, find_programs
from finview.cluster.state import (
    ClusterState,
    Sizes,
    cluster_folder,
    forget_state,
    load_state,
    save_state,
)
from finview.durable import locked
from finview.errors import FinviewError
from finview.progress import Listener, listening, stage
from finview.settings import Home, Settings


@dataclass(frozen=True)
class Status:
    """Which processes of the cluster live, and what they hold in memory (bytes)."""

    state: ClusterState | None
    alive: dict[str, bool]
    resident_bytes: int

    @property
    def is_up(self) -> bool:
        """Every process lives and the Thrift server takes connections."""
        return (
            self.state is not None
            and all(self.alive.values())
            and processes.answers(self.state.thrift_port)
        )


def status(home: Home) -> Status:
    """Look at the local cluster of a home."""
    state = load_state(home)
    if state is None:
        return Status(None, {}, 0)
    alive = {name: processes.find(identity) is not None for name, identity in _all(state)}
    return Status(state, alive, processes.resident_bytes(list(state.processes.values())))


def up(
    home: Home,
    *,
    sizes: Sizes | None = None,
    port: int = 10000,
    on_progress: Listener | None = None,
) -> ClusterState:
    """Start the cluster of a home, or what is left of it anew; a running one is kept.

    Args:
        home: Whose tables the cluster holds.
        sizes: Workers, cores and memory.
        port: Of the Thrift server on 127.0.0.1; 0 for a free one.
        on_progress: Called with (kind, message), see `finview.progress`.

    Raises:
        FinviewError: a program is missing, the port is taken, or a process does not start.
    """
    home.create()
    with listening(on_progress), locked(home.root / ".cluster.lock"):
        now = status(home)
        if now.is_up and now.state is not None:
            return now.state
        _stop(home)
        programs = find_programs()
        port = port or processes.free_port()
        if not processes.is_free(port):
            raise FinviewError(
                f"port {port} of 127.0.0.1 is taken",
                "stop the other cluster (finview cluster down --home ...), or choose --port",
            )
        return _start(home, programs, sizes or Sizes(), port)


def down(home: Home, *, remove: bool = False) -> bool:
    """Stop the cluster of a home; `remove` also deletes its tables and catalogue.

    Returns:
        Whether there was anything to stop.
    """
    if not home.root.is_dir():
        return False
    with locked(home.root / ".cluster.lock"):
        stopped = _stop(home)
        if remove:
            remove_catalogue(home)
            shutil.rmtree(cluster_folder(home), ignore_errors=True)
    return stopped


@contextmanager
def measured_memory(home: Home, every_seconds: float = 1) -> Iterator[list[int]]:
    """Sample the memory of the cluster in this block; the list ends with the peak in bytes."""
    peak = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every_seconds):
            peak[0] = max(peak[0], status(home).resident_bytes)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _start(home: Home, programs: Programs, sizes: Sizes, port: int) -> ClusterState:
    from finview.spark import find_endpoint, prepare  # which asks this package for the state

    catalogue_port, master_port = processes.free_port(), processes.free_port()
    running: dict[str, processes.Identity] = {}

    def written_down() -> ClusterState:
        state = ClusterState(
            thrift_port=port,
            master_port=master_port,
            catalogue_port=catalogue_port,
            catalogue_folder=str(catalogue_folder(home)),
            processes=dict(running),
            sizes=sizes,
        )
        save_state(home, state)
        return state

    began = time.monotonic()
    try:
        with stage("catalogue (PostgreSQL)"):
            log = spark.log_file(home, "catalogue")
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            running["catalogue"] = start_catalogue(home, programs, catalogue_port, log)
            written_down()
        with stage("Spark master and workers"):
            environment = spark.write_configuration(home, programs, catalogue_port, sizes)
            running["master"] = spark.start_master(home, programs, environment, master_port)
            for number in range(1, sizes.workers + 1):
                running[f"worker_{number}"] = spark.start_worker(
                    home, programs, environment, master_port, number, sizes
                )
            written_down()
        with stage("Thrift server") as current:
            running["thrift"] = spark.start_thrift(home, programs, environment, master_port, port)
            state = written_down()
            prepare(find_endpoint(home, Settings()))
            current.result = f"127.0.0.1:{port}, cluster up in {time.monotonic() - began:.0f} s"
            return state
    except BaseException:
        written_down()
        _stop(home)
        raise


def _stop(home: Home) -> bool:
    """Stop what lives, the driver first and the catalogue last."""
    state = load_state(home)
    if state is None:
        return False
    for name, identity in reversed(_all(state)):
        # PostgreSQL takes SIGTERM as a wish to wait for its clients.
        ending = signal.SIGINT if name == "catalogue" else signal.SIGTERM
        processes.stop(identity, with_signal=ending)
    forget_state(home)
    return True


def _all(state: ClusterState) -> list[tuple[str, processes.Identity]]:
    """Processes in the order of their start."""
    order = ["catalogue", "master"]
    names = sorted(state.processes, key=lambda name: order.index(name) if name in order else 2)
    workers = [name for name in names if name.startswith("worker_")]
    rest = [name for name in names if name not in workers and name != "thrift"]
    ordered = [*rest, *sorted(workers), *(["thrift"] if "thrift" in names else [])]
    return [(name, state.processes[name]) for name in ordered]
