"""The build, step by step; the orchestrator and the command line both call it.

Belongs here: the order of the steps, what each needs to be green, the lock of a home. Does not
belong here: what a step does (its own package), or anything of Dagster but the call in `run`.
"""

from finview.pipeline.dbt_layers import (
    DbtCall,
    LayerResult,
    begin_layer,
    dbt_executable,
    finish_layer,
    step_dbt,
)
from finview.pipeline.exclusive import exclusive, hold
from finview.pipeline.manifest import ensure_manifest
from finview.pipeline.run import RunResult, run
from finview.pipeline.steps import (
    raise_if_red,
    step_candidate,
    step_ingest,
    step_landed_expectations,
    step_mart_expectations,
    step_publish,
    step_replay,
)

__all__ = [
    "DbtCall",
    "LayerResult",
    "RunResult",
    "begin_layer",
    "dbt_executable",
    "ensure_manifest",
    "exclusive",
    "finish_layer",
    "hold",
    "raise_if_red",
    "run",
    "step_candidate",
    "step_dbt",
    "step_ingest",
    "step_landed_expectations",
    "step_mart_expectations",
    "step_publish",
    "step_replay",
]
