"""Simulation-based calibration: fits to figures whose truth is known.

In: a problem. For each replicate a truth, figures drawn from the model and its noise at it, a fit and a sample as of
real figures, and the rank of every true parameter among nearly independent draws. If the truths come from the prior and
everything is right, ranks are uniform (Talts, Betancourt, Simpson, Vehtari and Gelman, arXiv:1804.06788, 2018). If they
come from a posterior, it is told how often intervals hold them. Out: a `Study` of `Replicate`s, to which more can be
added: each has random numbers of its own, by its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import fit, laplace
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.samplers.methods import DEFAULT, Budget, Method
from sd_covid.calibration.samplers.posterior import (
    MAX_R_HAT,
    MIN_ESS,
    Samples,
    budget_of,
    diagnostics,
    sample,
)
from sd_covid.calibration.sbc.synthetic import figures_at, prior_truth
from sd_covid.calibration.sbc.uniformity import RANKS, central
from sd_covid.calibration.stored.store import read_posterior, tables_hash
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.workflow import load_problem, model_hash, posterior_file
from sd_covid.errors import DataError, RunError

Source = Literal["prior", "posterior"]
"""Where truths come from."""

QUICK: dict[Method, Budget] = {
    "lanes": Budget(chains=16, draws=60, tune=150, target_accept=0.8),
    "nuts": Budget(chains=2, draws=300, tune=300, target_accept=0.9),
    "smc": Budget(chains=4, draws=100, tune=0, target_accept=0.8),
}
# Chains of a replicate from the prior are short, and R-hat of short chains is noisy: the bar is the older one of Gelman
# and Rubin (Statistical Science 7, 1992). Ranks need draws as good as independent, not many of them.
SHORT_R_HAT = 1.1
SHORT_ESS = float(RANKS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What every replicate is made by.

    Attributes
    ----------
    source : str
        ``prior`` or ``posterior``.
    method : str
        The sampler.
    starts : int
        Of the fit.
    chains, draws, tune : int
        Of the sampler; draws and warm-up of each chain.
    seed : int
    model_hash, data_hash : str
        Of the model and the tables.
    """

    source: Source
    method: Method
    starts: int
    chains: int
    draws: int
    tune: int
    seed: int
    model_hash: str
    data_hash: str


@dataclass(frozen=True, slots=True)
class Replicate:
    """One truth and what came back.

    Attributes
    ----------
    number : int
        From 0.
    truth : tuple of float
        Natural values, by parameter.
    ranks : tuple of int
        How many of `RANKS` draws lie below the truth, by parameter; empty where there are no draws.
    drawn, failed : int
        Draws of the prior until one was kept as truth, and those at which the model failed.
    r_hat, ess : float
        The worst of any parameter; NaN without draws.
    divergences : int
    uninformed : tuple of int
        Places of parameters that no figure depends on: their draws are those of the prior.
    seconds : float
    fault : str
        Why there are no draws; empty where there are.
    """

    number: int
    truth: tuple[float, ...]
    ranks: tuple[int, ...] = ()
    drawn: int = 1
    failed: int = 0
    r_hat: float = float("nan")
    ess: float = float("nan")
    divergences: int = 0
    uninformed: tuple[int, ...] = ()
    seconds: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """Replicates of one problem by one plan.

    Attributes
    ----------
    plan : Plan
    parameters : tuple of str
        Ids, in the order of truths and ranks.
    replicates : tuple of Replicate
        In the order of their numbers.
    """

    plan: Plan
    parameters: tuple[str, ...]
    replicates: tuple[Replicate, ...] = ()

    def converged(self, item: Replicate) -> bool:
        """Whether the chains of a replicate agree; truths from a posterior ask for the bars of a calibration."""
        full = self.plan.source == "posterior"
        r_hat, ess = (MAX_R_HAT, MIN_ESS) if full else (SHORT_R_HAT, SHORT_ESS)
        return item.r_hat <= r_hat and item.ess >= ess

    def held(self, item: Replicate) -> tuple[int, int]:
        """How many parameters the central 90 % of the draws hold, and of how many that a figure depends on."""
        informed = np.delete(np.array(item.ranks, dtype=np.intp), list(item.uninformed) if item.ranks else [])
        return int(np.sum(central(informed, 0.9))), len(informed)

    def adding(self, item: Replicate) -> Study:
        """The same with one more replicate."""
        both = sorted((*self.replicates, item), key=lambda one: one.number)
        return replace(self, replicates=tuple(both))


class Bench:
    """A problem made ready for replicates.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    source : str
        Where truths come from: ``prior``, or the ``posterior`` stored beside the problem.
    simulator : Simulator, optional
    method : str
    starts : int
    chains, draws, tune : int, optional
        By default those of `QUICK` for truths from the prior, and those of a calibration for truths from a posterior.
    seed : int

    Raises
    ------
    ProblemError, ModelError, RunError
    DataError
        There are no stored draws, or they are of other parameters.
    """

    def __init__(
        self,
        path: Path | str,
        source: Source,
        *,
        simulator: Simulator | None = None,
        method: Method = DEFAULT,
        starts: int = 3,
        chains: int | None = None,
        draws: int | None = None,
        tune: int | None = None,
        seed: int = 0,
    ) -> None:
        usual = QUICK[method] if source == "prior" else budget_of(method)
        budget = budget_of(
            method, chains=chains or usual.chains, draws=draws or usual.draws, tune=tune or usual.tune
        )
        if budget.chains * budget.draws < RANKS:
            reason = f"{budget.chains * budget.draws} draws are fewer than the {RANKS} that a truth is ranked among"
            raise RunError(reason, advice="ask for more --draws")
        problem, simulator = load_problem(path, simulator)
        self.objective = Objective(problem, simulator)
        sizes = (budget.chains, budget.draws, budget.tune, seed)
        self.plan = Plan(source, method, starts, *sizes, model_hash(simulator), tables_hash(problem))
        self._stored = _stored(problem, self.objective) if source == "posterior" else None

    @property
    def empty(self) -> Study:
        """A study without replicates."""
        return Study(self.plan, tuple(self.objective.names))

    def replicates(
        self,
        count: int,
        *,
        done: Collection[int] = (),
        threads: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Replicate]:
        """Make replicates, those that are done already left out.

        Parameters
        ----------
        count : int
            Their numbers are 0 to count - 1.
        done : collection of int
        threads : int
        progress : callable, optional
            Called with (replicates done, replicates).

        Raises
        ------
        RunError
            No truth can be drawn.
        """
        made = sum(number in done for number in range(count))
        for number in range(count):
            if number in done:
                continue
            if progress is not None:
                progress(made, count)
            yield self.replicate(number, threads)
            made += 1
        if progress is not None:
            progress(made, count)

    def replicate(self, number: int, threads: int = 1) -> Replicate:
        """Draw one truth with its figures, fit and sample these, and rank the truth.

        Raises
        ------
        RunError
            No truth can be drawn.
        """
        begin, rng = time.perf_counter(), np.random.default_rng([self.plan.seed, number])
        drawn, failed = 1, 0
        if self._stored is None:
            found = prior_truth(self.objective, rng)
            truth, drawn, failed = found.values, found.drawn, found.failed
        else:
            truth = self._stored[rng.integers(len(self._stored))]
        objective = self.objective.observing(figures_at(self.objective, truth, rng))
        made = Replicate(number, tuple(truth.tolist()), drawn=drawn, failed=failed)
        try:
            made = self._ranked(made, objective, truth, int(rng.integers(2**31)), threads)
        except RunError as error:
            made = replace(made, fault=error.reason)
        return replace(made, seconds=time.perf_counter() - begin)

    def _ranked(
        self, made: Replicate, objective: Objective, truth: Array, seed: int, threads: int
    ) -> Replicate:
        plan = self.plan
        best = fit(objective, starts=plan.starts, seed=seed, threads=threads).best
        approximation = laplace(objective, best)
        samples = sample(
            objective,
            approximation,
            method=plan.method,
            draws=plan.draws,
            tune=plan.tune,
            chains=plan.chains,
            threads=threads,
            seed=seed,
        )
        informed = np.flatnonzero(approximation.informed)
        seen = diagnostics(samples.values[:, :, informed])
        return replace(
            made,
            ranks=tuple(ranks(samples, truth).tolist()),
            r_hat=float(np.max(seen.r_hat, initial=1.0)),
            ess=float(np.min(seen.ess_bulk, initial=float(samples.values[:, :, 0].size))),
            divergences=samples.divergences,
            uninformed=tuple(np.flatnonzero(~approximation.informed).tolist()),
        )


def ranks(samples: Samples, truth: Array) -> Array:
    """How many of `RANKS` draws, spread evenly over all, lie below the truth.

    Parameters
    ----------
    samples : Samples
        Chains one after another, so that kept draws of a chain are far from each other.
    truth : ndarray, shape (parameter,)

    Returns
    -------
    ndarray of int, shape (parameter,)
    """
    flat = samples.values.reshape(-1, samples.values.shape[-1])
    # the middles of as many equal parts
    places = ((np.arange(RANKS) + 0.5) * len(flat) / RANKS).astype(np.intp)
    return np.asarray(np.sum(flat[places] < truth, axis=0))


def _stored(problem: Problem, objective: Objective) -> Array:
    """The stored draws of a problem. Shape (draw, parameter)."""
    file = posterior_file(problem)
    stored = read_posterior(file)
    if list(stored.parameters.columns) != objective.names:
        reason = "the stored draws are of other parameters than the table's"
        raise DataError(reason, advice="run sd-covid calibrate again", file=file)
    return stored.parameters.to_numpy(dtype=np.float64)
