"""The best fit: many bounded starts with the exact gradient, and a Gaussian approximation around it.

In: an `Objective`. Out: where the log posterior is largest (in natural values), the waterfall of all starts, and the
mode and covariance of the unconstrained posterior, from which the sampler takes its scale. Multi-start with exact
gradients is what Villaverde et al. (Bioinformatics 35, 2019) found best on models of this kind.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from threading import Event

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize

from sd_covid.calibration.density.coordinates import PriorScale, quantiles
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.starts import KeptStarts
from sd_covid.calibration.results import StartRow
from sd_covid.calibration.types import Array, Mask, Progress
from sd_covid.errors import RunError

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
    resumed : int
        How many of them an interrupted fit had finished.
    """

    best: Array
    log_posterior: float
    starts: tuple[StartRow, ...]
    resumed: int = 0


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


class _Stopped(Exception):
    """The fit was interrupted while this start was climbing."""


def maximise(
    objective: Objective,
    start: Array,
    *,
    iterations: int = 2000,
    stop: Event | None = None,
) -> tuple[Array, StartRow]:
    """Climb from one point to a maximum of the posterior density within the bounds (L-BFGS-B).

    Parameters
    ----------
    objective : Objective
    start : ndarray, shape (parameter,)
        Natural values.
    iterations : int
        Upper limit.
    stop : Event, optional
        Ends the climb when set.

    Returns
    -------
    best : ndarray, shape (parameter,)
    row : StartRow
    """
    coordinates = PriorScale(objective.parameters)
    begin = coordinates.of(np.clip(start, coordinates.lower, coordinates.upper))

    def cost(s: Array) -> tuple[float, Array]:
        if stop is not None and stop.is_set():
            raise _Stopped
        x, slope = coordinates.natural(s)
        value, gradient = objective.log_posterior(x)
        if not math.isfinite(value) or not np.all(np.isfinite(gradient)):
            return WORST, np.zeros_like(s)
        return -value, -gradient * slope

    found = minimize(
        cost,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=coordinates.bounds,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30, "ftol": 1e-11, "gtol": 1e-6},
    )
    failed = float(found.fun) >= WORST
    value = -math.inf if failed else -float(found.fun)
    return coordinates.natural(found.x)[0], StartRow(
        value, int(found.nfev), bool(found.success) and not failed
    )


def fit(
    objective: Objective,
    *,
    starts: int = 20,
    seed: int = 0,
    threads: int = 1,
    first: Array | None = None,
    kept: KeptStarts | None = None,
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
    kept : KeptStarts, optional
        Where every finished start goes at once, and from which those of an interrupted fit come: the result is that of
        a fit that was never interrupted.
    progress : callable, optional
        Called with (starts done, starts) from this thread.

    Raises
    ------
    RunError
        When the model fails at every start.
    """
    points = _points(objective, starts, seed, first)
    found = {} if kept is None else kept.of(points)
    resumed = len(found)
    if progress is not None and resumed:
        progress(resumed, starts)
    # closed at once when interrupted: a traceback would keep it open, and its threads climbing
    with closing(_climbed(objective, points, set(found), threads)) as climbed:
        for index, result in climbed:
            found[index] = result
            if kept is not None:
                kept.add(points[index], *result)
            if progress is not None:
                progress(len(found), starts)
    results = sorted((found[index] for index in range(starts)), key=lambda item: -item[1].log_posterior)
    best, row = results[0]
    if not math.isfinite(row.log_posterior):
        advice = "narrow the bounds and priors; sd-covid run shows which variable fails"
        raise RunError(f"the model fails at all {starts} starts of the fit", advice=advice)
    return Fit(best, row.log_posterior, tuple(item[1] for item in results), resumed)


def _points(objective: Objective, starts: int, seed: int, first: Array | None) -> list[Array]:
    """Where the climbs begin."""
    rng = np.random.default_rng(seed)
    medians = np.array([quantiles(item)[1] for item in objective.parameters])
    draws = [item.prior.draw(rng, starts - 1) for item in objective.parameters if item.prior is not None]
    return [medians if first is None else first, *np.array(draws).reshape(len(medians), starts - 1).T]


def _climbed(
    objective: Objective, points: list[Array], done: Collection[int], threads: int
) -> Generator[tuple[int, tuple[Array, StartRow]]]:
    """Starts that are not done yet, each as it finishes; an interruption ends the others at their next evaluation."""
    stop = Event()
    pool = ThreadPoolExecutor(threads)
    try:
        running = {
            pool.submit(lambda point: maximise(objective.copy(), point, stop=stop), point): index
            for index, point in enumerate(points)
            if index not in done
        }
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


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

    start = np.clip(objective.transform.unconstrained(best), -8.0, 8.0)  # a best fit may lie on a bound
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
