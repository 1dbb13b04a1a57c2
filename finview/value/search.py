"""Maximum likelihood over positive parameters, the same result every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from finview.errors import FinviewError
from finview.value.counts import FloatArray

#: Parameters beyond e to this power describe a population without differences: the likelihood is
#: flat there, and a search would run on for ever.
_BOUND = 12.0


def most_likely(
    loss: Callable[[FloatArray], float], starts: Sequence[Sequence[float]], what: str
) -> FloatArray:
    """The positive parameters with the least loss (minus log-likelihood).

    Args:
        loss: Of the parameters themselves.
        starts: Where to search from; a likelihood may have several hills.
        what: For the error.

    Raises:
        FinviewError: no start led to a finite likelihood.
    """

    def of_logs(logs: FloatArray) -> float:
        value = loss(np.exp(logs))
        return value if np.isfinite(value) else 1e300

    best: FloatArray | None = None
    least = np.inf
    for start in starts:
        logs = np.log(np.asarray(start, dtype=np.float64))
        # The simplex finds the hill without derivatives, the quasi-Newton step its top.
        rough = minimize(
            of_logs,
            logs,
            method="Nelder-Mead",
            bounds=[(-_BOUND, _BOUND)] * len(logs),
            options={"xatol": 1e-4, "fatol": 1e-6, "maxiter": 4000, "maxfev": 4000},
        )
        fine = minimize(
            of_logs,
            rough.x,
            method="L-BFGS-B",
            bounds=[(-_BOUND, _BOUND)] * len(logs),
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )
        for found in (rough, fine):
            if found.fun < least:
                best, least = np.asarray(found.x, dtype=np.float64), float(found.fun)
    if best is None or least >= 1e300:
        raise FinviewError(f"{what} cannot be fitted to these counts", "look at the counts first")
    return np.exp(best)
