"""Building one dbt layer: prepare the call, then record how it ended.

The caller starts dbt between `begin_layer` and `finish_layer`: Dagster through its dbt resource,
`step_dbt` as a plain subprocess. What counts as green is decided here, for both.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from finview import dbt
from finview.audit import BuildRecord
from finview.durable import canonical_json, write_atomic
from finview.engines import Engine, engine_of
from finview.errors import FinviewError
from finview.pipeline.first_fit import SCORED, fit_first
from finview.progress import say
from finview.settings import Home, load_settings, project_root

#: `no-op`: an exposure, which names a reader and builds nothing.
_GREEN = ("success", "pass", "warn", "no-op")


@dataclass(frozen=True)
class DbtCall:
    """A prepared `dbt build` of one layer; `arguments` leave out the selection."""

    layer: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    target: Path
    project: Path
    fingerprint: str
    as_of: date

    @property
    def selection(self) -> tuple[str, ...]:
        """Arguments that select the layer."""
        return ("--select", dbt.LAYERS[self.layer])


@dataclass(frozen=True)
class LayerResult:
    """Counts of a layer's nodes by status, and the failed ones with dbt's message."""

    layer: str
    counts: Mapping[str, int]
    failed: Mapping[str, str]

    @property
    def summary(self) -> str:
        """Such as `12 success, 30 pass`."""
        return ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items()))


def dbt_executable() -> str:
    """`finview-dbt` beside the running interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / "finview-dbt")


def begin_layer(home: Home, layer: str, *, full_refresh: bool = False) -> DbtCall:
    """Prepare the build of a layer of the current build.

    Raises:
        FinviewError: a stage that the layer needs is red or has not run.
    """
    from finview.identity.state import create_tables

    record = BuildRecord(home)
    record.require_green(None, dbt.NEEDS[layer])
    current = record.load() or {}
    as_of = date.fromisoformat(current["as_of_date"])
    project = project_root()
    settings = load_settings(home)
    engine = engine_of(home, settings)
    engine.check()
    variables = dbt.dbt_variables(settings)
    fingerprint = dbt.model_fingerprint(project, variables)
    stamp = engine.stamp()
    if layer == "seeds":
        create_tables(home)  # a home from before these tables, built on from its last ingestion
        _forget_changed_warehouse(engine, stamp)
    reason = _reason_to_start_afresh(engine, stamp, fingerprint, as_of)
    if reason and layer == "seeds":
        say("note", f"building everything afresh: {reason}")
    call = DbtCall(
        layer=layer,
        arguments=tuple(
            dbt.build_arguments(variables, full_refresh=full_refresh or reason is not None)
        ),
        environment={**dbt.dbt_environment(home, project, as_of), **engine.environment(layer)},
        target=dbt.target_folder(home),
        project=project,
        fingerprint=fingerprint,
        as_of=as_of,
    )
    call.target.mkdir(mode=0o700, exist_ok=True)
    (home.logs / "dbt").mkdir(mode=0o700, parents=True, exist_ok=True)
    for stale in (call.target / "run_results.json", _results_file(home, layer)):
        stale.unlink(missing_ok=True)
    _running(engine).touch(mode=0o600)
    return call


def finish_layer(home: Home, call: DbtCall, *, exit_ok: bool, partial: bool = False) -> LayerResult:
    """Record how the layer ended in the build record.

    Args:
        home: The home that was built.
        call: What `begin_layer` prepared.
        exit_ok: Whether dbt exited with 0.
        partial: Only some nodes of the layer were asked for: recorded as not green.

    Raises:
        FinviewError: a node failed, dbt died, or a node of the project was left out.
    """
    engine = engine_of(home, load_settings(home))
    _running(engine).unlink(missing_ok=True)
    results = call.target / "run_results.json"
    if results.exists():
        shutil.copyfile(results, _results_file(home, call.layer))
    outcome = _read_results(home, call.layer)
    left_out = _left_out(home, call.target) if call.layer == "reports" and exit_ok else []
    green = exit_ok and results.exists() and not outcome.failed and not left_out and not partial
    if green and call.layer == "intermediate":
        fit_first(home, lambda: _rebuild(home, call, SCORED))
    details: dict[str, Any] = {
        "counts": dict(sorted(outcome.counts.items())),
        "failed": sorted(outcome.failed),
        "left_out": left_out,
        "partial": partial,
        "full_refresh": "--full-refresh" in call.arguments,
    }
    BuildRecord(home).stage(call.layer, green, details)
    if green and call.layer == "reports":
        built = {
            "fingerprint": call.fingerprint,
            "as_of_date": call.as_of.isoformat(),
            "warehouse": engine.stamp(),
        }
        write_atomic(_built_with(engine), canonical_json(built))
    if not green and not partial:
        raise engine.failure() or _failure(home, call, outcome, left_out)
    return outcome


def step_dbt(home: Home, layer: str, *, full_refresh: bool = False) -> LayerResult:
    """Build one layer with dbt as a plain subprocess, without the orchestrator."""
    call = begin_layer(home, layer, full_refresh=full_refresh)
    done = subprocess.run(
        [dbt_executable(), "--quiet", *call.arguments, *call.selection],
        env={**os.environ, **call.environment},
        cwd=call.project,
        stdout=subprocess.DEVNULL,
    )
    return finish_layer(home, call, exit_ok=done.returncode == 0)


def _rebuild(home: Home, call: DbtCall, selection: str) -> None:
    """Build some nodes of a layer that has just been built once more, with their tests.

    Raises:
        FinviewError: a node failed or dbt died; the layer is recorded as red.
    """
    done = subprocess.run(
        [dbt_executable(), "--quiet", *call.arguments, "--select", selection],
        env={**os.environ, **call.environment},
        cwd=call.project,
        stdout=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        BuildRecord(home).stage(call.layer, False, {"failed": [selection]})
        log = call.target / "dbt.log"
        raise FinviewError(
            f"dbt {call.layer}: {selection} failed when built again",
            f"read {log}, then: finview run",
        )


def _forget_changed_warehouse(engine: Engine, stamp: Any) -> None:
    """Forget the last complete build if something else has written the warehouse since.

    Incremental tables built by hand, with other models or variables, are no base to build on.
    """
    try:
        built = json.loads(_built_with(engine).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if built.get("warehouse") != stamp:
        _built_with(engine).unlink()


def _reason_to_start_afresh(
    engine: Engine, stamp: Any, fingerprint: str, as_of: date
) -> str | None:
    """Why incremental tables cannot be continued, or None."""
    if stamp is None:
        return None  # everything is new anyway
    if _running(engine).exists():
        # What a killed dbt left is no base to build on, and all later layers must know it.
        _built_with(engine).unlink(missing_ok=True)
        _running(engine).unlink()
        return "the build before was cut off"
    try:
        built = json.loads(_built_with(engine).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "no complete build to continue"
    if built.get("fingerprint") != fingerprint:
        return "models or settings changed"
    if date.fromisoformat(built["as_of_date"]) > as_of:
        return f"as of {as_of} is before the last build ({built['as_of_date']})"
    return None


def _read_results(home: Home, layer: str) -> LayerResult:
    path = _results_file(home, layer)
    rows = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    failed = {
        row["unique_id"]: str(row.get("message") or row["status"])
        for row in rows
        if row["status"] not in _GREEN
    }
    return LayerResult(layer, Counter(str(row["status"]) for row in rows), failed)


def _left_out(home: Home, target: Path) -> list[str]:
    """Nodes of the project that no layer of this build ran."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    ran: set[str] = set()
    for layer in dbt.LAYERS:
        path = _results_file(home, layer)
        if path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))["results"]
            ran |= {row["unique_id"] for row in rows}
    return sorted(dbt.expected_nodes(manifest) - ran)


def _failure(home: Home, call: DbtCall, outcome: LayerResult, left_out: list[str]) -> FinviewError:
    log = call.target / "dbt.log"
    real = {node: text for node, text in outcome.failed.items() if "skipped" not in text.lower()}
    if real:
        first, text = next(iter(real.items()))
        more = f" and {len(real) - 1} more" if len(real) > 1 else ""
        name = ".".join(first.split(".")[2:3]) or first
        return FinviewError(
            f"dbt {call.layer}: {name}{more} failed: {text.strip().splitlines()[0]}",
            f"read {log}, mend the data or the model, then: finview run",
        )
    if left_out:
        return FinviewError(
            f"dbt left out {len(left_out)} nodes of the project, first {left_out[0]}",
            "put the model or test under a folder that a layer selects (finview/dbt.py)",
        )
    return FinviewError(f"dbt {call.layer} ended without results", f"read {log}, then: finview run")


def _results_file(home: Home, layer: str) -> Path:
    return home.logs / "dbt" / f"{layer}_results.json"


def _built_with(engine: Engine) -> Path:
    return engine.state_file("built_with.json")


def _running(engine: Engine) -> Path:
    return engine.state_file(".dbt_running")
