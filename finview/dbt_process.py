"""`finview-dbt`: dbt that dies with the process that started it, and is alone in its home.

A dbt left running after its parent was killed would go on writing the warehouse beside the next
build. So it asks the kernel to be killed with its parent (Linux), and holds a lock for as long as
it lives (everywhere).
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

from finview.dbt import telemetry_off
from finview.durable import locked
from finview.pyhive_fix import mend_pyhive

_PR_SET_PDEATHSIG = 1
_EXIT_BUSY = 75


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies; elsewhere than on Linux do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Run dbt with the arguments of the command line."""
    die_with_parent()
    telemetry_off()
    # A short life with many small objects: collecting cycles took a tenth of a layer's time.
    gc.disable()
    home = os.environ.get("FINVIEW_HOME")
    if not home:
        _dbt()
        return
    try:
        with locked(Path(home) / ".dbt.lock", wait=False):
            _dbt()
    except BlockingIOError:
        print("error: another dbt is working on this home", file=sys.stderr)
        print("  next: wait for it to end, then build again: finview run", file=sys.stderr)
        raise SystemExit(_EXIT_BUSY) from None


def _dbt() -> None:
    from dbt.cli.main import cli

    if os.environ.get("FINVIEW_ENGINE") == "spark":
        mend_pyhive()
    cli(prog_name="dbt")
