"""Coordinates in which the prior is a unit normal, whatever its distribution.

In: an `Objective`. Out: natural values x of coordinates z with F(x) = Phi(z) for every parameter, F the cumulative
prior and Phi that of the unit normal. In them the posterior is likelihood times exp(-z z / 2), so that curvature is
information in units of the prior, and the evidence needs no constant.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import ndtr

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.scores import NormalScores, normal_prior
from sd_covid.calibration.problem.priors import Prior
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
        normal = [normal_prior(item) for item in priors]
        self._gaussian: Mask = np.array([item is not None for item in normal], dtype=bool)
        self._others = [(index, item) for index, item in enumerate(priors) if not self._gaussian[index]]
        self._scores = NormalScores([item for item in normal if item is not None])
        self._lower = np.array([item.lower for item in priors])
        self._upper = np.array([item.upper for item in priors])

    def natural(self, z: Array) -> tuple[Array, Array]:
        """Natural values of coordinates, and their derivative. Shapes (parameter,) or (member, parameter)."""
        x, slope = np.empty_like(z), np.empty_like(z)
        x[..., self._gaussian], log_slope, _ = self._scores.with_slope(z[..., self._gaussian])
        with np.errstate(all="ignore"):
            slope[..., self._gaussian] = np.exp(log_slope)
        for index, prior in self._others:
            at = z[..., index]
            x[..., index] = prior.quantile(ndtr(at))
            density = np.array([prior.log_density(item)[0] for item in np.ravel(x[..., index]).tolist()])
            slope[..., index] = np.exp(-0.5 * at * at - LOG_ROOT_TWO_PI - density.reshape(at.shape))
        return np.clip(x, self._lower, self._upper), slope

    def coordinates(self, x: Array) -> Array:
        """Coordinates of natural values, those at or near a bound `NEAREST` at most. Shape (parameter,)."""
        z = np.empty_like(x)
        z[self._gaussian] = self._scores.unconstrained(x[self._gaussian])
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
