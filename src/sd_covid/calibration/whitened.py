"""Coordinates in which the prior is a unit normal, whatever its distribution.

In: an `Objective`. Out: natural values x of coordinates z with F(x) = Phi(z) for every parameter, F the cumulative
prior and Phi that of the unit normal. In them the posterior is likelihood times exp(-z z / 2), so that curvature is
information in units of the prior, and the evidence needs no constant.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import ndtr, ndtri

from sd_covid.calibration.objective import Objective
from sd_covid.calibration.priors import Prior
from sd_covid.calibration.types import Array, Index, Mask
from sd_covid.errors import RunError

FURTHEST = (
    7.0  # of a general prior, whose upper tail is told by 1 minus a double: finer than that is rounding
)
NEAREST = (
    4.0  # where a climb from a bound starts: at the bound itself the coordinate is infinite, its slope zero
)
WORST = 1e10
LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)


class Whitened:
    """The posterior in those coordinates.

    Parameters
    ----------
    objective : Objective

    Raises
    ------
    RunError
        An estimated parameter without a prior.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        priors = [_prior_of(objective, index) for index in range(objective.dimension)]
        gaussian = [item.distribution in ("normal", "log-normal") for item in priors]
        self._gaussian: Mask = np.array(gaussian, dtype=bool)
        self._others = [(index, item) for index, item in enumerate(priors) if not gaussian[index]]
        self._log = np.array([item.distribution == "log-normal" for item in priors], dtype=bool)
        own = [item.parameters if on else (0.0, 1.0) for item, on in zip(priors, gaussian, strict=True)]
        self._mean, self._sd = np.array(own).reshape(len(priors), 2).T
        self._lower = np.array([item.lower for item in priors])
        self._upper = np.array([item.upper for item in priors])
        ends = []
        for bound in (self._lower, self._upper):
            with np.errstate(divide="ignore"):
                y = np.where(self._log, np.log(np.where(self._log, np.maximum(bound, 0.0), 1.0)), bound)
            ends.append((y - self._mean) / self._sd)
        self._below, self._upto, self._beyond = ndtr(ends[0]), ndtr(ends[1]), ndtr(-ends[1])
        self._mass = np.where(self._gaussian, self._upto - self._below, 1.0)

    def natural(self, z: Array) -> tuple[Array, Array]:
        """Natural values of coordinates, and their derivative. Shapes (parameter,) or (member, parameter)."""
        with np.errstate(all="ignore"):
            low = ndtri(self._below + ndtr(z) * self._mass)
            high = -ndtri(self._beyond + ndtr(-z) * self._mass)  # exact in the upper tail
            y = np.where(z > 0, high, low)
            bend = self._mass * np.exp((y * y - z * z) / 2)
            plain = self._mean + self._sd * y
            x = np.where(self._log, np.exp(np.where(self._log, plain, 0.0)), plain)
            slope = np.where(self._log, x, 1.0) * self._sd * bend
        for index, prior in self._others:
            at = z[..., index]
            x[..., index] = prior.quantile(ndtr(at))
            density = np.array([prior.log_density(item)[0] for item in np.ravel(x[..., index]).tolist()])
            slope[..., index] = np.exp(-0.5 * at * at - LOG_ROOT_TWO_PI - density.reshape(at.shape))
        return np.clip(x, self._lower, self._upper), slope

    def coordinates(self, x: Array) -> Array:
        """Coordinates of natural values, those at or near a bound `NEAREST` at most. Shape (parameter,)."""
        with np.errstate(all="ignore"):
            y = (np.where(self._log, np.log(np.where(self._log, x, 1.0)), x) - self._mean) / self._sd
            low = ndtri((ndtr(y) - self._below) / self._mass)
            high = -ndtri((ndtr(-y) - self._beyond) / self._mass)
        z = np.where(y > 0, high, low)
        for index, prior in self._others:
            z[index] = _inverse(prior, float(x[index]))
        bounded = ~self._gaussian | np.isfinite(self._lower) | np.isfinite(self._upper)
        found: Array = np.where(bounded, np.clip(z, -NEAREST, NEAREST), z)
        return found

    def log_likelihood(self, z: Array) -> tuple[float, Array]:
        """Log likelihood and its gradient by the coordinates. Shape (parameter,)."""
        value, gradient = self._log_likelihoods(z[None])
        return float(value[0]), gradient[0]

    def _log_likelihoods(self, z: Array) -> tuple[Array, Array]:
        x, slope = self.natural(z)
        value, gradient = self.objective.log_likelihoods(x)
        return value, gradient * slope

    def mode(self, x: Array) -> Array:
        """Where the posterior of the coordinates is largest, climbed to from natural values."""

        def cost(z: Array) -> tuple[float, Array]:
            value, gradient = self.log_likelihood(z)
            if not math.isfinite(value) or not np.all(np.isfinite(gradient)):
                return WORST, np.zeros_like(z)
            return 0.5 * float(z @ z) - value, z - gradient

        wide = [(None, None) if plain else (-FURTHEST, FURTHEST) for plain in self._gaussian.tolist()]
        found = minimize(
            cost,
            self.coordinates(x),
            jac=True,
            method="L-BFGS-B",
            bounds=wide,
            options={"maxiter": 2000, "maxfun": 4000, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-6},
        )
        mode: Array = found.x
        return mode

    def curvature(self, z: Array, places: Index) -> Array:
        """Negative second derivatives of the log likelihood, by central differences of exact gradients.

        Parameters
        ----------
        z : ndarray, shape (parameter,)
        places : ndarray of int, shape (chosen,)
            The coordinates whose derivatives are asked for.

        Returns
        -------
        ndarray, shape (chosen, chosen)
        """
        steps = 1e-4 * np.maximum(1.0, np.abs(z[places]))
        bumps = np.zeros((len(places), len(z)))
        bumps[np.arange(len(places)), places] = steps
        ahead, behind = (self._log_likelihoods(z + side * bumps)[1] for side in (1, -1))
        found = (behind - ahead)[:, places] / (2 * steps[:, None])
        symmetric: Array = (found + found.T) / 2
        return symmetric


def _prior_of(objective: Objective, index: int) -> Prior:
    parameter = objective.parameters[index]
    if parameter.prior is None:
        raise RunError(f"'{parameter.id}' has no prior", variable=parameter.id)
    return parameter.prior


def _inverse(prior: Prior, x: float) -> float:
    """The coordinate of a value under a general prior, `NEAREST` at most in size."""

    def gap(z: float) -> float:
        return float(prior.quantile(ndtr(np.array([z])))[0]) - x

    if gap(-NEAREST) >= 0:
        return -NEAREST
    if gap(NEAREST) <= 0:
        return NEAREST
    return float(brentq(gap, -NEAREST, NEAREST, xtol=1e-10))
