"""The best fit: many bounded starts with the exact gradient, and a Gaussian approximation around it.

In: an `Objective`. Out: where the log posterior is largest (in natural values), the waterfall of all starts, and the
mode and covariance of the unconstrained posterior, from which the sampler takes its scale. Multi-start with exact
gradients is what Villaverde et al. (Bioinformatics 35, 2019) found best on models of this kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize

from sd_covid.calibration.objective import Objective
from sd_covid.calibration.petab import Parameter
from sd_covid.calibration.results import StartRow
from sd_covid.calibration.types import Array, Mask
from sd_covid.errors import RunError

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

PROBES = 4  # points besides the mode at which a slope must be zero before it counts as always zero
WORST = 1e10  # cost of a point where the model fails: finite, so that the line search steps back from it


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of a multi-start fit.

    Attributes
    ----------
    best : ndarray, shape (parameter,)
        Natural values of the maximum of the posterior density.
    log_posterior : float
    starts : tuple of StartRow
        Best first.
    """

    best: Array
    log_posterior: float
    starts: tuple[StartRow, ...]


@dataclass(frozen=True, slots=True)
class Laplace:
    """Gaussian approximation of the unconstrained posterior.

    Attributes
    ----------
    mode : ndarray, shape (parameter,)
        In unconstrained coordinates.
    informed : ndarray of bool, shape (parameter,)
        The parameters it approximates; of the others the figures say nothing (`Objective.informed`).
    scale : ndarray, shape (informed, informed)
        A square root of their covariance: coordinates are ``mode[informed] + scale @ white``.
    """

    mode: Array
    informed: Mask
    scale: Array

    @property
    def sd(self) -> Array:
        """Standard deviations of the informed parameters, in unconstrained coordinates. Shape (informed,)."""
        sd: Array = np.sqrt(np.sum(self.scale**2, axis=1))
        return sd


class _Coordinates:
    """Bounded coordinates in which every prior has centre 0 and about unit spread, for the optimiser."""

    def __init__(self, parameters: list[Parameter]) -> None:
        quantiles = np.array([_quantiles(item) for item in parameters]).reshape(len(parameters), 3)
        lower = np.array([item.lower for item in parameters])
        upper = np.array([item.upper for item in parameters])
        self._log = np.array(
            [item.prior is not None and item.prior.logarithmic for item in parameters], dtype=bool
        )
        with np.errstate(all="ignore"):
            low, centre, high = self._map(quantiles.T)
            self._centre, self._spread = centre, (high - low) / 2
            self.bounds = list(zip(self.of(lower).tolist(), self.of(upper).tolist(), strict=True))

    def _map(self, x: Array) -> Array:
        mapped: Array = np.where(self._log, np.log(np.where(self._log, x, 1.0)), x)
        return mapped

    def of(self, x: Array) -> Array:
        """Coordinates of natural values."""
        with np.errstate(divide="ignore"):
            mapped: Array = (self._map(x) - self._centre) / self._spread
        return mapped

    def natural(self, s: Array) -> tuple[Array, Array]:
        """Natural values of coordinates, and their derivative."""
        y = self._centre + self._spread * s
        x = np.where(self._log, np.exp(np.where(self._log, y, 0.0)), y)
        return x, np.where(self._log, x, 1.0) * self._spread


def _quantiles(parameter: Parameter) -> Array:
    if parameter.prior is None:
        raise RunError(f"'{parameter.id}' has no prior", variable=parameter.id)
    return parameter.prior.quantile(np.array([0.16, 0.5, 0.84]))  # one sd to either side of a normal one


def maximise(objective: Objective, start: Array, *, iterations: int = 2000) -> tuple[Array, StartRow]:
    """Climb from one point to a maximum of the posterior density within the bounds (L-BFGS-B).

    Parameters
    ----------
    objective : Objective
    start : ndarray, shape (parameter,)
        Natural values.
    iterations : int
        Upper limit.

    Returns
    -------
    best : ndarray, shape (parameter,)
    row : StartRow
    """
    coordinates = _Coordinates(objective.parameters)

    lower = np.array([item.lower for item in objective.parameters])
    upper = np.array([item.upper for item in objective.parameters])

    def cost(s: Array) -> tuple[float, Array]:
        x, slope = coordinates.natural(s)
        value, gradient = objective.log_posterior(
            np.clip(x, lower, upper)
        )  # exp(log(bound)) may miss it by rounding
        if not math.isfinite(value) or not np.all(np.isfinite(gradient)):
            return WORST, np.zeros_like(s)
        return -value, -gradient * slope

    found = minimize(
        cost,
        coordinates.of(start),
        jac=True,
        method="L-BFGS-B",
        bounds=coordinates.bounds,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30, "ftol": 1e-11, "gtol": 1e-6},
    )
    best = np.clip(coordinates.natural(found.x)[0], lower, upper)
    failed = float(found.fun) >= WORST
    value = -math.inf if failed else -float(found.fun)
    return best, StartRow(value, int(found.nfev), bool(found.success) and not failed)


def fit(
    objective: Objective,
    *,
    starts: int = 20,
    seed: int = 0,
    threads: int = 1,
    first: Array | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Multi-start fit.

    Parameters
    ----------
    objective : Objective
    starts : int
        Number of starts: the first from ``first`` or the medians of the priors, the others drawn from the priors.
    seed : int
        Of the drawn starts.
    threads : int
    first : ndarray, shape (parameter,), optional
        Natural values of the first start, such as an earlier fit.
    progress : callable, optional
        Called with (starts done, starts) from this thread.

    Raises
    ------
    RunError
        When the model fails at every start.
    """
    rng = np.random.default_rng(seed)
    medians = np.array([_quantiles(item)[1] for item in objective.parameters])
    draws = [item.prior.draw(rng, starts - 1) for item in objective.parameters if item.prior is not None]
    points = [medians if first is None else first, *np.array(draws).reshape(len(medians), starts - 1).T]
    results: list[tuple[Array, StartRow]] = []
    with ThreadPoolExecutor(threads) as pool:
        for done, result in enumerate(
            pool.map(lambda point: maximise(objective.copy(), point), points), start=1
        ):
            results.append(result)
            if progress is not None:
                progress(done, starts)
    results.sort(key=lambda item: -item[1].log_posterior)
    best, row = results[0]
    if not math.isfinite(row.log_posterior):
        advice = "narrow the bounds and priors; sd-covid run shows which variable fails"
        raise RunError(f"the model fails at all {starts} starts of the fit", advice=advice)
    return Fit(best, row.log_posterior, tuple(item[1] for item in results))


def laplace(objective: Objective, best: Array) -> Laplace:
    """Gaussian approximation at the mode of the unconstrained posterior, which it first climbs to from ``best``.

    The curvature is that of central differences of exact gradients. Directions in which the posterior is flatter than
    a standard deviation of 3 (on the logit or log scale) are given that, so that a start is never absurdly far out.

    Parameters
    ----------
    objective : Objective
    best : ndarray, shape (parameter,)
        Natural values, as `fit` returns them.

    Raises
    ------
    RunError
        The model fails so near to the mode that there is no curvature.
    """

    def cost(u: Array) -> tuple[float, Array]:
        value, gradient = objective.unconstrained_log_posterior(u)
        return (-value, -gradient) if math.isfinite(value) else (WORST, np.zeros_like(u))

    start = objective.transform.unconstrained(best)
    start = np.where(
        objective.transform.bounded, np.clip(start, -8.0, 8.0), start
    )  # a best fit may lie on a bound
    found = minimize(
        cost,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "maxfun": 4000, "maxcor": 30, "ftol": 1e-12, "gtol": 1e-6},
    )
    mode: Array = found.x
    rng = np.random.default_rng(0)
    nearby = [mode + 0.1 * rng.standard_normal(len(mode)) for _ in range(PROBES)]
    informed = objective.informed([objective.transform.natural(u) for u in [mode, *nearby]])
    places = np.flatnonzero(informed)
    steps = 1e-4 * np.maximum(1.0, np.abs(mode[places]))
    bumps = np.zeros((len(places), len(mode)))
    bumps[np.arange(len(places)), places] = steps
    ahead, behind = (objective.unconstrained_log_posteriors(mode + side * bumps)[1] for side in (1, -1))
    hessian = (behind - ahead)[:, places] / (2 * steps[:, None])
    if not np.all(np.isfinite(hessian)):
        advice = "move the bounds or priors away from it; sd-covid run shows which variable fails"
        raise RunError("the model fails right beside its best fit", advice=advice)
    values, vectors = eigh((hessian + hessian.T) / 2)
    return Laplace(mode, informed, vectors / np.sqrt(np.maximum(values, 1 / 9)))
