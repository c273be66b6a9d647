"""Draws from the posterior by the No-U-Turn sampler, and whether they can be trusted.

In: an `Objective` and the Gaussian approximation at its mode. Out: draws in natural values with R-hat and effective
sample sizes. The sampler moves in coordinates in which that approximation is a unit normal, so that it needs little
adaptation; the model is told to it as a plain density with gradient (`nutpie.compiled_pyfunc`), NaN where it fails.
Parameters of which the figures say nothing are drawn from their prior, which is their posterior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_covid.calibration.fit import Laplace, Progress
from sd_covid.calibration.objective import Objective
from sd_covid.calibration.types import Array

MAX_R_HAT = 1.01
MIN_ESS = 400.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Draws after warm-up.

    Attributes
    ----------
    values : ndarray, shape (chain, draw, parameter)
        Natural values.
    names : tuple of str
        Parameter ids.
    divergences : int
    """

    values: Array
    names: tuple[str, ...]
    divergences: int

    def thinned(self, keep: int) -> Array:
        """Every nth draw of each chain, about ``keep`` in all. Shape (chain, draw, parameter)."""
        chains, draws, _ = self.values.shape
        step = max(1, (chains * draws) // keep)
        return self.values[:, step - 1 :: step]


def sample(
    objective: Objective,
    approximation: Laplace,
    *,
    draws: int = 1000,
    tune: int = 500,
    chains: int = 4,
    threads: int = 1,
    seed: int = 0,
    target_accept: float = 0.9,
    progress: Progress | None = None,
) -> Samples:
    """Draw from the posterior.

    Parameters
    ----------
    objective : Objective
    approximation : Laplace
        Where to start and how to scale.
    draws, tune : int
        Kept and warm-up draws of each chain.
    chains, threads : int
    seed : int
    target_accept : float
        Acceptance that the step size aims at.
    progress : callable, optional
        Called with (draws done, draws in all) from this thread, a few times a second.
    """
    import nutpie
    from nutpie import compiled_pyfunc

    mode, scale = approximation.mode, approximation.scale
    informed = np.flatnonzero(approximation.informed)
    done = [0]

    def unconstrained(white: Array) -> Array:
        u = mode.copy()
        u[informed] += scale @ white
        return u

    def make_density() -> Callable[[Array], tuple[float, Array]]:
        own = objective.copy()

        def density(white: Array) -> tuple[float, Array]:
            value, gradient = own.unconstrained_log_posterior(unconstrained(white))
            return value, scale.T @ gradient[informed]

        return density

    def make_expand(_first: int, _second: int, _chain: int) -> Callable[[Array], dict[str, Array]]:
        def expand(white: Array) -> dict[str, Array]:
            done[0] += 1
            return {"natural": objective.transform.natural(unconstrained(white))}

        return expand

    model = compiled_pyfunc.from_pyfunc(
        ndim=len(informed),
        make_logp_fn=make_density,
        make_expand_fn=make_expand,
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(objective.dimension,)],
        expanded_names=["natural"],
        make_initial_point_fn=lambda seed: _start(len(informed), int(seed)),
    )
    sampler = nutpie.sample(
        model,
        draws=draws,
        tune=tune,
        chains=chains,
        cores=threads,
        seed=seed,
        save_warmup=False,
        progress_bar=False,
        blocking=False,
        target_accept=target_accept,
    )
    trace = _wait(sampler, done, chains * (draws + tune), progress)
    values = np.array(trace.posterior["natural"].values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    for index in np.flatnonzero(~approximation.informed).tolist():
        prior = objective.parameters[index].prior
        if prior is not None:
            values[:, :, index] = prior.draw(rng, values[:, :, index].size).reshape(values.shape[:2])
    return Samples(values, tuple(objective.names), int(trace.sample_stats["diverging"].values.sum()))


def _start(dimension: int, seed: int) -> Array:
    """A starting point half a standard deviation around the mode, other in every chain."""
    return 0.5 * np.random.default_rng(abs(seed)).standard_normal(dimension)


def _wait(sampler: Any, done: list[int], total: int, progress: Progress | None) -> Any:
    """Wait for the chains; Ctrl-C stops them."""
    try:
        while True:
            try:
                trace = sampler.wait(timeout=0.2)
                break
            except TimeoutError:
                if progress is not None:
                    progress(min(done[0], total), total)
    except KeyboardInterrupt:
        sampler.cancel()
        raise
    if progress is not None:
        progress(total, total)
    return trace


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """R-hat, bulk and tail ESS of each parameter. Shapes (parameter,)."""

    r_hat: Array
    ess_bulk: Array
    ess_tail: Array

    def unconverged(self) -> list[int]:
        """Indices of the parameters above R-hat 1.01 or below a bulk ESS of 400."""
        bad = ~((self.r_hat <= MAX_R_HAT) & (self.ess_bulk >= MIN_ESS))
        return [int(index) for index in np.flatnonzero(bad)]


def diagnostics(values: Array) -> Diagnostics:
    """Rank-normalised split R-hat and effective sample sizes (Vehtari et al., Bayesian Analysis 16, 2021).

    Parameters
    ----------
    values : ndarray, shape (chain, draw, parameter)
    """
    import arviz

    ess: Any = arviz.ess  # arviz has no types
    rhat: Any = arviz.rhat
    columns = [np.ascontiguousarray(values[:, :, index]) for index in range(values.shape[2])]
    r_hat = [_number(rhat(column)) for column in columns]
    bulk = [_number(ess(column, method="bulk")) for column in columns]
    tail = [_number(ess(column, method="tail")) for column in columns]
    return Diagnostics(np.array(r_hat), np.array(bulk), np.array(tail))


def _number(found: Any) -> float:
    value = float(found)
    return value if math.isfinite(value) else math.nan
