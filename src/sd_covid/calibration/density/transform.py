"""Parameters on the whole real line.

In: bounds and priors. Out: the coordinates in which sampling moves, and how densities change with them. A parameter
whose prior is normal, or normal on the logarithm, moves on its normal score: its prior is the unit normal there, bounds
are pushed to infinity, and in between the coordinate is nearly straight, so that what the figures say of sums of
parameters (or of products, on the logarithm) stays a straight ridge. Any other parameter between two finite bounds
moves on the logit of its place between them (of its logarithm, when its prior is one of the logarithm); one with a
single bound on the logarithm of its distance to it; one without bounds as it is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from scipy.special import expit, logit

from sd_covid.calibration.density.scores import NormalPrior, NormalScores, normal_prior
from sd_covid.calibration.problem.petab import Parameter
from sd_covid.calibration.types import Array


class Transform:
    """Natural values x and unconstrained coordinates u of the estimated parameters, of one point or many.

    Parameters lie along the last axis of every array.

    Parameters
    ----------
    parameters : sequence of Parameter
        The estimated ones.
    additive : collection of str, optional
        Parameters whose effects add up although their prior is normal on the logarithm: they move on the score of the
        normal distribution of the prior's own mean and spread.
    """

    def __init__(self, parameters: Sequence[Parameter], additive: Collection[str] = ()) -> None:
        normal = [_scored(item, item.id in additive) for item in parameters]
        self._scored = np.array([item is not None for item in normal], dtype=bool)
        scored = [item for item in normal if item is not None]
        rest = [item for item, one in zip(parameters, normal, strict=True) if one is None]
        self._scores, self._places = NormalScores(scored), _Places(rest)

    def natural(self, u: Array) -> Array:
        """Natural values at unconstrained coordinates, of the same shape."""
        return self._with_slope(u)[0]

    def _with_slope(self, u: Array) -> tuple[Array, Array, Array]:
        """Natural values, the logarithm of dx/du, and its derivative."""
        x, log_slope, bend = np.empty_like(u), np.empty_like(u), np.empty_like(u)
        for part, of in ((self._scored, self._scores), (~self._scored, self._places)):
            x[..., part], log_slope[..., part], bend[..., part] = of.with_slope(u[..., part])
        return x, log_slope, bend

    def unconstrained(self, x: Array) -> Array:
        """Unconstrained coordinates of natural values; one at a bound is first moved inside by 1e-9 of the width."""
        u = np.empty_like(x)
        for part, of in ((self._scored, self._scores), (~self._scored, self._places)):
            u[..., part] = of.unconstrained(x[..., part])
        return u

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
        x, log_slope, bend = self._with_slope(u)
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            slope = np.exp(log_slope)
            log_jacobian = np.sum(np.where(slope > 0, log_slope, -math.inf), axis=-1)
        return x, slope, np.where(np.all(np.isfinite(slope), axis=-1), log_jacobian, -math.inf), bend


def _scored(parameter: Parameter, additive: bool) -> NormalPrior | None:
    """The normal distribution on whose score a parameter moves; None for one with another prior."""
    found = None if parameter.prior is None else normal_prior(parameter.prior)
    if found is None or parameter.prior is None or not (additive and found.log):
        return found
    return NormalPrior(False, parameter.prior.mean, parameter.prior.sd, found.lower, found.upper)


class _Places:
    """Parameters on the logit of their place between bounds, or on the logarithm of their distance to the only one."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        lower = np.array([item.lower for item in parameters], dtype=np.float64)
        upper = np.array([item.upper for item in parameters], dtype=np.float64)
        on_log = [item.prior is not None and item.prior.logarithmic for item in parameters]
        self._log = np.array(on_log, dtype=bool) & (lower > 0) & np.isfinite(upper)
        below, above = np.isfinite(lower), np.isfinite(upper)
        self._both, self._from_below, self._from_above = below & above, below & ~above, above & ~below
        with np.errstate(all="ignore"):
            self._low = np.where(self._log, np.log(lower), np.where(below, lower, 0.0))
            self._high = np.where(self._log, np.log(upper), np.where(above, upper, 0.0))

    def with_slope(self, u: Array) -> tuple[Array, Array, Array]:
        """Natural values, the logarithm of dx/du, and its derivative."""
        with np.errstate(all="ignore"):
            share = expit(u)
            width = self._high - self._low
            one_sided = np.exp(np.where(self._from_above, -u, u))
            y = np.where(self._both, self._low + width * share, u)
            slope = np.where(self._both, width * share * (1 - share), 1.0)
            bend = np.where(self._both, 1 - 2 * share, 0.0)
            y = np.where(self._from_below, self._low + one_sided, y)
            y = np.where(self._from_above, self._high - one_sided, y)
            slope = np.where(self._from_below | self._from_above, one_sided, slope)
            bend = np.where(self._from_below, 1.0, np.where(self._from_above, -1.0, bend))
            x = np.where(self._log, np.exp(np.where(self._log, y, 0.0)), y)
            bend = np.where(self._log, bend + slope, bend)
            return x, np.log(np.where(self._log, x * slope, slope)), bend

    def unconstrained(self, x: Array) -> Array:
        """Coordinates of natural values."""
        with np.errstate(all="ignore"):
            y = np.where(self._log, np.log(x), x)
            share = np.clip((y - self._low) / (self._high - self._low), 1e-9, 1 - 1e-9)
            tiny = 1e-12
            u = np.where(self._both, logit(share), y)
            u = np.where(self._from_below, np.log(np.maximum(y - self._low, tiny)), u)
            found: Array = np.where(self._from_above, -np.log(np.maximum(self._high - y, tiny)), u)
            return found
