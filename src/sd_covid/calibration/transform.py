"""Parameters on the whole real line.

In: bounds and priors. Out: the coordinates in which sampling moves, and how densities change with them. A parameter
between two finite bounds moves on the logit of its place between them (of its logarithm, when its prior is one of the
logarithm); one with a single bound on the logarithm of its distance to it; one without bounds as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from sd_covid.calibration.petab import Parameter
from sd_covid.calibration.types import Array


class Transform:
    """Natural values x and unconstrained coordinates u of the estimated parameters, of one point or many.

    Parameters lie along the last axis of every array.

    Parameters
    ----------
    parameters : sequence of Parameter
        The estimated ones.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        lower = np.array([item.lower for item in parameters])
        upper = np.array([item.upper for item in parameters])
        on_log = [item.prior is not None and item.prior.logarithmic for item in parameters]
        self._log = np.array(on_log, dtype=bool) & (lower > 0) & np.isfinite(upper)
        self._below, self._above = np.isfinite(lower), np.isfinite(upper)
        both = self._below & self._above
        with np.errstate(all="ignore"):
            self._low = np.where(self._log, np.log(lower), np.where(self._below, lower, 0.0))
            self._high = np.where(self._log, np.log(upper), np.where(self._above, upper, 0.0))
        self._both = both
        self.bounded = both

    def natural(self, u: Array) -> Array:
        """Natural values at unconstrained coordinates, of the same shape."""
        return self._with_slope(u)[0]

    def _with_slope(self, u: Array) -> tuple[Array, Array, Array]:
        """Natural values, dx/du, and the derivative of log|dx/du|."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            share = expit(u)
            width = self._high - self._low
            one_sided = np.exp(np.where(self._above, -u, u))
            x = np.where(self._both, self._low + width * share, u)
            slope = np.where(self._both, width * share * (1 - share), 1.0)
            bend = np.where(self._both, 1 - 2 * share, 0.0)
            from_below = self._below & ~self._above
            from_above = self._above & ~self._below
            x = np.where(from_below, self._low + one_sided, np.where(from_above, self._high - one_sided, x))
            slope = np.where(from_below | from_above, one_sided, slope)
            bend = np.where(from_below, 1.0, np.where(from_above, -1.0, bend))
            on_log = np.exp(np.where(self._log, x, 0.0))
            bend = np.where(self._log, bend + slope, bend)
            return np.where(self._log, on_log, x), np.where(self._log, on_log * slope, slope), bend

    def unconstrained(self, x: Array) -> Array:
        """Unconstrained coordinates of natural values; one at a bound is first moved inside by 1e-9 of the width."""
        with np.errstate(all="ignore"):
            y = np.where(self._log, np.log(x), x)
            share = np.clip((y - self._low) / (self._high - self._low), 1e-9, 1 - 1e-9)
            tiny = 1e-12
            u = np.where(self._both, logit(share), y)
            u = np.where(self._below & ~self._above, np.log(np.maximum(y - self._low, tiny)), u)
            return np.where(self._above & ~self._below, -np.log(np.maximum(self._high - y, tiny)), u)

    def density(self, u: Array) -> tuple[Array, Array, Array, Array]:
        """What a density needs in unconstrained coordinates.

        Returns
        -------
        x, slope : ndarray, as ``u``
            Natural values and dx/du.
        log_jacobian : ndarray, shape () or (member,)
            Sum of log|dx/du|; minus infinity where u is so far out that a slope underflows.
        bend : ndarray, as ``u``
            Derivative of ``log_jacobian`` with respect to u.
        """
        x, slope, bend = self._with_slope(u)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_jacobian = np.sum(np.log(slope), axis=-1)
        return x, slope, np.where(np.all(np.isfinite(slope), axis=-1), log_jacobian, -math.inf), bend
