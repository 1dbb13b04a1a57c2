"""The dbt manifest that Dagster reads its assets from, parsed anew when the project changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from finview import dbt
from finview.durable import write_atomic
from finview.errors import FinviewError
from finview.pipeline.dbt_layers import dbt_executable
from finview.progress import stage
from finview.settings import Home, load_settings


def ensure_manifest(home: Home, project: Path) -> Path:
    """Path of a manifest of the project as it is now; runs `dbt parse` when it changed.

    Raises:
        FinviewError: dbt cannot parse the project, with its message.
    """
    folder = home.root / "dbt_parse"
    manifest, stamp_file = folder / "manifest.json", folder / "stamp"
    stamp = f"{load_settings(home).engine} {dbt.project_stamp(project)}"
    if manifest.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        return manifest
    with stage("reading the dbt project"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        work = home.root / f"dbt_parse_{os.getpid()}"
        try:
            _parse(home, project, work)
            partial = dbt.target_folder(home) / "partial_parse.msgpack"
            if not partial.exists():
                partial.parent.mkdir(mode=0o700, exist_ok=True)
                shutil.copyfile(work / "partial_parse.msgpack", partial)
            write_atomic(manifest, (work / "manifest.json").read_text(encoding="utf-8"))
            write_atomic(stamp_file, stamp)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return manifest


def _parse(home: Home, project: Path, target: Path) -> None:
    variables = dbt.dbt_variables(load_settings(home))
    environment = dbt.dbt_environment(home, project)
    environment |= {
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        # Reading the project needs no cluster.
        "FINVIEW_ENGINE": load_settings(home).engine,
    }
    # Parsing writes only its own folder: it need not wait for a build that is under way.
    environment.pop("FINVIEW_HOME")
    inherited = {name: value for name, value in os.environ.items() if name != "FINVIEW_HOME"}
    done = subprocess.run(
        [dbt_executable(), *dbt.parse_arguments(variables)],
        env={**inherited, **environment},
        cwd=project,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()[-8:]
        raise FinviewError(
            "dbt cannot read the project:\n" + "\n".join(lines), "mend the file it names"
        )
    json.loads((target / "manifest.json").read_text(encoding="utf-8"))
