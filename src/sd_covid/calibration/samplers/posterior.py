"""Draws from the posterior by one of three samplers, and whether they can be trusted.

In: an `Objective` and the Gaussian approximation at its mode. Out: draws in natural values with R-hat and effective
sample sizes. Two move in coordinates in which that approximation is a unit normal: ``lanes`` lets many chains move in
one batch (`sd_covid.calibration.samplers.chees`); ``nuts`` runs a few chains one by one, each by the No-U-Turn sampler
of nutpie. ``smc`` carries particles from the prior (`sd_covid.calibration.samplers.tempered`); its chains are the
islands. They share nothing but the density, so that each can be held against the others. Parameters of which the
figures say nothing are drawn from their prior, which is their posterior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import Laplace
from sd_covid.calibration.samplers.annealed import Annealed
from sd_covid.calibration.samplers.chees import sample_lanes
from sd_covid.calibration.samplers.methods import BUDGETS, DEFAULT, Budget, Method
from sd_covid.calibration.samplers.tempered import sample_tempered
from sd_covid.calibration.types import Array, Progress
from sd_covid.errors import RunError

FEWEST_LANES = 8  # chains that tune themselves by what they have in common must have something in common
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
    method : str
        The sampler that drew them.
    annealed : Annealed or None
        How ``smc`` came by them; its log ratio is the log evidence.
    """

    values: Array
    names: tuple[str, ...]
    divergences: int
    method: Method
    annealed: Annealed | None = None

    def thinned(self, keep: int) -> Array:
        """Every nth draw of each chain, about ``keep`` in all. Shape (chain, draw, parameter)."""
        chains, draws, _ = self.values.shape
        step = max(1, (chains * draws) // keep)
        return self.values[:, step - 1 :: step]


def budget_of(
    method: Method,
    *,
    chains: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
    target_accept: float | None = None,
) -> Budget:
    """How much a sampler does: what is given, else what is usual for it.

    Raises
    ------
    RunError
        Too few chains for ``lanes``, or a warm-up for ``smc``.
    """
    usual = BUDGETS[method]
    found = Budget(
        usual.chains if chains is None else chains,
        usual.draws if draws is None else draws,
        usual.tune if tune is None else tune,
        usual.target_accept if target_accept is None else target_accept,
    )
    if method == "lanes" and found.chains < FEWEST_LANES:
        reason = f"{found.chains} chains are too few to be tuned together"
        raise RunError(reason, advice=f"take {FEWEST_LANES} or more, or the method nuts")
    if method == "smc" and (tune, target_accept) != (None, None):
        raise RunError(
            "smc has no warm-up to be tuned", advice="leave out tune; draws are particles of an island"
        )
    return found


class _White:
    """Coordinates of the informed parameters in which the Gaussian approximation is a unit normal."""

    def __init__(self, approximation: Laplace) -> None:
        self._mode, self._scale = approximation.mode, approximation.scale
        self._informed = np.flatnonzero(approximation.informed)
        self.dimension = len(self._informed)

    def unconstrained(self, white: Array) -> Array:
        """Unconstrained coordinates of all parameters, for one point or many."""
        u = np.broadcast_to(self._mode, (*white.shape[:-1], len(self._mode))).copy()
        u[..., self._informed] += white @ self._scale.T
        return u

    def density(self, objective: Objective) -> Callable[[Array], tuple[Array, Array]]:
        """Log densities and gradients of points (member, dimension)."""

        def of(white: Array) -> tuple[Array, Array]:
            value, gradient = objective.unconstrained_log_posteriors(self.unconstrained(white))
            return value, gradient[:, self._informed] @ self._scale

        return of


def sample(
    objective: Objective,
    approximation: Laplace,
    *,
    method: Method = DEFAULT,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    threads: int = 1,
    seed: int = 0,
    target_accept: float | None = None,
    progress: Progress | None = None,
) -> Samples:
    """Draw from the posterior.

    Parameters
    ----------
    objective : Objective
    approximation : Laplace
        Where to start and how to scale.
    method : str
        ``lanes``, ``nuts`` or ``smc``.
    draws, tune, chains : int, optional
        Kept and warm-up draws of each chain, and chains; by default as in
        `sd_covid.calibration.samplers.methods.BUDGETS`.
    threads : int
    seed : int
    target_accept : float, optional
        Acceptance that the step size aims at.
    progress : callable, optional
        Called with (draws done, draws in all) from this thread, a few times a second.

    Raises
    ------
    RunError
        Too few chains for ``lanes``, or chains that start where there is no density.
    """
    budget = budget_of(method, chains=chains, draws=draws, tune=tune, target_accept=target_accept)
    space = _White(approximation)
    annealed: Annealed | None = None
    if method == "smc":
        size = {"islands": budget.chains, "particles": budget.draws}
        twin, known = objective.copy(threads), approximation.informed
        found, annealed = sample_tempered(
            twin, approximation.mode, known, **size, seed=seed, progress=progress
        )
        divergences = annealed.diverged
    else:
        run = _by_lanes if method == "lanes" else _by_nuts
        white, divergences = run(objective, space, budget, threads, seed, progress)
        found = space.unconstrained(white)
    values = objective.transform.natural(found)
    rng = np.random.default_rng(seed)
    for index in np.flatnonzero(~approximation.informed).tolist():
        prior = objective.parameters[index].prior
        if prior is not None:
            values[:, :, index] = prior.draw(rng, values[:, :, index].size).reshape(values.shape[:2])
    return Samples(values, tuple(objective.names), divergences, method, annealed)


def _by_lanes(
    objective: Objective, space: _White, budget: Budget, threads: int, seed: int, progress: Progress | None
) -> tuple[Array, int]:
    """White draws (chain, draw, dimension) of all chains in one batch, and how many diverged."""
    start = _starts((budget.chains, space.dimension), seed)
    total, moves = budget.chains * (budget.draws + budget.tune), budget.draws + budget.tune

    def tell(done: int) -> None:
        if progress is not None:
            progress(total * done // moves, total)

    found = sample_lanes(
        space.density(objective.copy(threads)),
        start,
        draws=budget.draws,
        tune=budget.tune,
        seed=seed,
        target_accept=budget.target_accept,
        progress=tell,
    )
    return found.values, found.divergences


def _by_nuts(
    objective: Objective, space: _White, budget: Budget, threads: int, seed: int, progress: Progress | None
) -> tuple[Array, int]:
    """White draws (chain, draw, dimension) of chains one by one, and how many diverged."""
    import nutpie
    from nutpie import compiled_pyfunc

    done = [0]

    def make_density() -> Callable[[Array], tuple[float, Array]]:
        density = space.density(objective.copy())

        def of_one(white: Array) -> tuple[float, Array]:
            value, gradient = density(white[None])
            return float(value[0]), gradient[0]

        return of_one

    def make_expand(_first: int, _second: int, _chain: int) -> Callable[[Array], dict[str, Array]]:
        def expand(white: Array) -> dict[str, Array]:
            done[0] += 1
            return {"white": white}

        return expand

    model = compiled_pyfunc.from_pyfunc(
        ndim=space.dimension,
        make_logp_fn=make_density,
        make_expand_fn=make_expand,
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(space.dimension,)],
        expanded_names=["white"],
        make_initial_point_fn=lambda seed: _starts((space.dimension,), abs(int(seed))),
    )
    sampler = nutpie.sample(
        model,
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        cores=threads,
        seed=seed,
        save_warmup=False,
        progress_bar=False,
        blocking=False,
        target_accept=budget.target_accept,
    )
    trace = _wait(sampler, done, budget.chains * (budget.draws + budget.tune), progress)
    white = np.array(trace.posterior["white"].values, dtype=np.float64)
    return white, int(trace.sample_stats["diverging"].values.sum())


def _starts(shape: tuple[int, ...], seed: int) -> Array:
    """Starting points half a standard deviation around the mode."""
    return 0.5 * np.random.default_rng([seed, 1]).standard_normal(shape)  # not the stream of the moves


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
    except RuntimeError as error:  # how nutpie tells that no chain finds a point to start from
        reason = f"the sampler cannot go on: {str(error).splitlines()[0]}"
        advice = "the model fails around its best fit: move bounds or priors away, or narrow them"
        raise RunError(reason, advice=advice) from error
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
    from sd_covid.calibration.samplers.quiet_arviz import arviz

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
