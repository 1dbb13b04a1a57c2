"""The first fit of what users are worth, on a home that has no version yet.

From then on a fit is a step of its own (`finview value fit`, the job `monthly_fit`): parameters are
an input of a build, and a build that changed them by the way could not be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finview.errors import FinviewError
from finview.identity import state
from finview.progress import say, stage
from finview.settings import Home
from finview.value.parameters import TABLE

#: Selects what a new version changes within the intermediate layer.
SCORED = "int_value_parameters_promoted+,path:models/intermediate"


def fit_first(home: Home, rebuild: Callable[[], Any]) -> bool:
    """Learn on what the build just counted, and score with it; False where there was nothing to do.

    Args:
        home: Home whose intermediate layer is built.
        rebuild: Builds `SCORED`; called only if a model was promoted.
    """
    if state.files(home, TABLE):
        return False
    from finview.value.fit import fit  # scipy and scikit-learn take a second to import

    with stage("first fit of value, churn and attribution") as current:
        try:
            found = fit(home)
        except FinviewError as error:
            say("note", f"no fit of value: {error.message}")
            return False
        promoted = [judged for judged in found.judged if not judged.reason]
        if promoted:
            rebuild()
        current.result = f"{len(promoted)} of {len(found.judged)} models promoted"
    return bool(promoted)
