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
from scipy.special import expit, log_ndtr, logit, ndtr, ndtri, ndtri_exp

from sd_covid.calibration.petab import Parameter
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
        normal = [_normal(item, item.id in additive) for item in parameters]
        self._scored = np.array([item is not None for item in normal], dtype=bool)
        scored = [item for item in normal if item is not None]
        rest = [item for item, one in zip(parameters, normal, strict=True) if one is None]
        self._scores, self._places = _Scores(scored), _Places(rest)

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


def _normal(parameter: Parameter, additive: bool) -> tuple[bool, float, float, float, float] | None:
    """Whether on the logarithm, then mean, spread and bounds of a parameter's normal prior; None for another one."""
    prior = parameter.prior
    if prior is None or prior.distribution not in ("normal", "log-normal"):
        return None
    centre, spread = prior.parameters
    if prior.distribution == "normal":
        return False, centre, spread, parameter.lower, parameter.upper
    if additive:
        return False, prior.mean, prior.sd, parameter.lower, parameter.upper
    with np.errstate(divide="ignore"):
        low, high = np.log([max(parameter.lower, 0.0), parameter.upper]).tolist()
    return True, centre, spread, low, high


class _Scores:
    """Parameters on their normal score: u is the unit normal when the parameter has its truncated normal prior."""

    def __init__(self, items: Sequence[tuple[bool, float, float, float, float]]) -> None:
        table = np.array(items, dtype=np.float64).reshape(-1, 5).T
        self._log, (self._mean, self._sd, lower, upper) = table[0] != 0, table[1:]
        low, high = (lower - self._mean) / self._sd, (upper - self._mean) / self._sd
        # both tails, each by its own small number: one less the other would lose it
        self._below, self._above = ndtr(low), ndtr(-high)
        self._inside = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
        self._lower, self._upper = lower, upper

    def with_slope(self, u: Array) -> tuple[Array, Array, Array]:
        """Natural values, the logarithm of dx/du, and its derivative."""
        with np.errstate(all="ignore"):  # a coordinate that is absurdly far out has no density
            z = np.where(u < 0, self._score(u, self._below), -self._score(-u, self._above))
            log_turn = np.log(self._inside) + 0.5 * (z * z - u * u)  # of dz/du
            log_slope, bend = np.log(self._sd) + log_turn, z * np.exp(log_turn) - u
            y = np.clip(self._mean + self._sd * z, self._lower, self._upper)
            x = np.where(self._log, np.exp(np.where(self._log, y, 0.0)), y)
            turn = np.where(self._log, np.exp(log_slope), 0.0)
            return x, np.where(self._log, log_slope + y, log_slope), bend + turn

    def _score(self, u: Array, cut: Array) -> Array:
        """The place z at u below zero, where ``cut`` is the mass that the lower bound takes away."""
        u = np.minimum(u, 0.0)
        uncut = ndtri_exp(log_ndtr(u) + np.log(self._inside))  # as far out as one likes
        found: Array = np.where(cut > 0, ndtri(cut + ndtr(u) * self._inside), uncut)
        return found

    def unconstrained(self, x: Array) -> Array:
        """Coordinates of natural values."""
        with np.errstate(all="ignore"):
            y = np.where(self._log, np.log(x), x)
            z = (y - self._mean) / self._sd
        below, above = self._share(z, self._below), self._share(-z, self._above)
        found: Array = np.where(below < above, ndtri_exp(below), -ndtri_exp(above))
        return found

    def _share(self, z: Array, cut: Array) -> Array:
        """Log of the mass between the lower bound and z; at the bound that of 1e-9 of the whole."""
        with np.errstate(all="ignore"):
            uncut = log_ndtr(z) - np.log(self._inside)
            inside = np.log(np.maximum((ndtr(z) - cut) / self._inside, 1e-9))
        found: Array = np.where(cut > 0, inside, uncut)
        return found


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
