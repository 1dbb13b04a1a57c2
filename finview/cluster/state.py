"""Where the local cluster of a home keeps its files, and what is written down about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from finview.durable import canonical_json, write_atomic
from finview.settings import Home


@dataclass(frozen=True)
class Sizes:
    """Sizes of the local cluster.

    Args:
        workers: Worker processes, each with one executor.
        cores: Cores of each worker.
        worker_memory: Heap of each executor, such as `1g`.
        driver_memory: Heap of the Thrift server (the driver of all queries), such as `1536m`.
        long_running: Let Java optimise fully; slower for the first minutes, faster for hours.
    """

    workers: int = 2
    cores: int = 1
    worker_memory: str = "1g"
    driver_memory: str = "1536m"
    long_running: bool = False


@dataclass(frozen=True)
class ClusterState:
    """What `up` wrote down: ports on 127.0.0.1 and each process with its time of start."""

    thrift_port: int
    master_port: int
    catalogue_port: int
    catalogue_folder: str
    processes: Mapping[str, tuple[int, float]]
    sizes: Sizes


def cluster_folder(home: Home) -> Path:
    """Configuration, logs and state of the local cluster."""
    return home.root / "cluster"


def lake_folder(home: Home) -> Path:
    """Iceberg tables of the local cluster."""
    return cluster_folder(home) / "lake"


def load_state(home: Home) -> ClusterState | None:
    """State of the local cluster of a home; None if it was never started or was stopped."""
    try:
        raw = json.loads(_state_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    processes = {name: (int(pid), float(at)) for name, (pid, at) in raw["processes"].items()}
    return ClusterState(**{**raw, "processes": processes, "sizes": Sizes(**raw["sizes"])})


def save_state(home: Home, state: ClusterState) -> None:
    """Write the state down."""
    cluster_folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(_state_file(home), canonical_json(asdict(state)))


def forget_state(home: Home) -> None:
    """The cluster is stopped."""
    _state_file(home).unlink(missing_ok=True)


def _state_file(home: Home) -> Path:
    return cluster_folder(home) / "state.json"
