"""Structural variants side by side, by their evidence and their predictions.

In: problems with stored fits. Out: for each its log evidence (Laplace) and its expected log density of a figure left
out (PSIS-LOO), and weights by either where the figures are the same. Weights by evidence take the variants as equally
probable beforehand; stacking weights are those of the mixture that predicts left-out figures best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logsumexp

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.pointwise import Name, figure_densities, figure_names
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.results import FitReport, read_report
from sd_covid.calibration.stored.store import Posterior, read_posterior, tables_hash
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.workflow import Step, load_problem, model_hash, posterior_file, report_file
from sd_covid.errors import DataError, ProblemError

DRAWS = 400  # at which every figure is weighed; the Monte Carlo error of PSIS is told by its k
BAD_K = 0.7  # Pareto shape above which importance sampling of a left-out figure is not to be trusted


@dataclass(frozen=True, slots=True)
class Loo:
    """Leave-one-out predictions of one fit.

    Attributes
    ----------
    pointwise : ndarray, shape (figure,)
        Log density of each figure given all the others, over the posterior without it.
    bad : int
        Figures whose Pareto shape is above `BAD_K`.
    """

    pointwise: Array
    bad: int

    @property
    def total(self) -> float:
        """Expected log density of all figures."""
        return float(np.sum(self.pointwise))

    @property
    def error(self) -> float:
        """Standard error of the total, from the spread over figures."""
        return float(np.std(self.pointwise, ddof=1) * math.sqrt(len(self.pointwise)))


@dataclass(frozen=True, slots=True)
class StoredFit:
    """A stored fit, read back and found to belong to its tables and model."""

    name: str
    problem: Problem
    simulator: Simulator
    posterior: Posterior
    report: FitReport

    @property
    def log_posterior(self) -> float:
        """At the best fit; NaN where the report has no starts."""
        return max((item.log_posterior for item in self.report.starts), default=math.nan)

    @property
    def log_evidence(self) -> float:
        """By Laplace's approximation; NaN where the report has none."""
        found = self.report.identifiability
        return math.nan if found is None else found.log_evidence


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of variants, in their order; by evidence None where one of them has no evidence."""

    evidence: tuple[float, ...] | None
    stacking: tuple[float, ...]


def read_fit(path: Path | str, *, simulator: Simulator | None = None) -> StoredFit:
    """Read a problem and the fit that is stored for it.

    Raises
    ------
    ProblemError, ModelError
    DataError
        There is no stored fit, or it belongs to other tables or another model.
    """
    problem, simulator = load_problem(path, simulator)
    file = posterior_file(problem)
    posterior = read_posterior(file)
    if not report_file(problem).is_file():
        advice = f"run sd-covid calibrate {problem.path}"
        raise DataError("there is no report of the fit", advice=advice, file=report_file(problem))
    hashes = (("data_hash", tables_hash(problem), "tables"), ("model_hash", model_hash(simulator), "model"))
    for name, now, what in hashes:
        if posterior.provenance[name] != now:
            reason = (
                f"the draws were made with another {what}" if what == "model" else "the tables have changed"
            )
            raise DataError(reason, advice=f"run sd-covid calibrate {problem.path}", file=file)
    return StoredFit(problem_name(problem), problem, simulator, posterior, read_report(report_file(problem)))


def problem_name(problem: Problem) -> str:
    """What a problem is called beside others: a variant by its file, the problem itself by its folder."""
    return problem.path.stem if problem.base is not None else problem.path.parent.name


def figures_of(fit: StoredFit) -> set[Name]:
    """The figures and soft facts that a fit rests on."""
    return set(figure_names(Objective(fit.problem, fit.simulator)))


def leave_one_out(fit: StoredFit, progress: Step | None = None) -> Loo:
    """Pareto-smoothed importance sampling of every figure left out (arviz), from stored draws.

    Parameters
    ----------
    fit : StoredFit
    progress : callable, optional
        Called with the fit's name, runs done and runs.

    Raises
    ------
    DataError
        The model fails at a stored draw.
    """
    from sd_covid.calibration.samplers.quiet_arviz import arviz

    objective = Objective(fit.problem, fit.simulator)
    draws = fit.posterior.parameters.to_numpy(dtype=np.float64)
    chosen = draws[np.linspace(0, len(draws) - 1, min(DRAWS, len(draws))).astype(int)]
    tell = None if progress is None else partial(progress, fit.name)
    densities = figure_densities(objective, chosen, tell)
    if not np.all(np.isfinite(densities)):
        advice = f"run sd-covid calibrate {fit.problem.path}"
        raise DataError("the model fails at a stored draw", advice=advice, file=posterior_file(fit.problem))
    smoothed: Any = arviz.psislw  # arviz has no types
    weights, shapes = smoothed(np.ascontiguousarray(-densities.T))
    pointwise = logsumexp(np.asarray(weights) + densities.T, axis=1)
    return Loo(np.asarray(pointwise, dtype=np.float64), int(np.sum(np.asarray(shapes) > BAD_K)))


def same_figures(fits: Sequence[StoredFit]) -> str:
    """Why fits cannot be weighed against one another: what figures they do not share; empty when they can."""
    first = figures_of(fits[0])
    for other in fits[1:]:
        theirs = figures_of(other)
        missing, extra = len(first - theirs), len(theirs - first)
        if missing or extra:
            lacks = f"{other.name} lacks {missing} figures of {fits[0].name} and has {extra} others"
            return f"{lacks}: only parameters can be compared"
    return ""


def weigh(fits: Sequence[StoredFit], predictions: Sequence[Loo]) -> Weights:
    """Weights of variants of the same figures.

    Parameters
    ----------
    fits : sequence of StoredFit
    predictions : sequence of Loo
        Of the same fits.

    Raises
    ------
    ProblemError
        They do not rest on the same figures.
    """
    reason = same_figures(fits)
    if reason:
        raise ProblemError(reason, advice="weigh variants that have the same observables")
    evidence = np.array([fit.log_evidence for fit in fits])
    by_evidence = None
    if np.all(np.isfinite(evidence)):
        by_evidence = tuple(np.exp(evidence - logsumexp(evidence)).tolist())
    names = [figure_names(Objective(fit.problem, fit.simulator)) for fit in fits]
    order = [[own.index(name) for name in names[0]] for own in names]  # tables may list them otherwise
    columns = [item.pointwise[places] for item, places in zip(predictions, order, strict=True)]
    return Weights(by_evidence, tuple(stacking(np.column_stack(columns)).tolist()))


def stacking(pointwise: Array, *, rounds: int = 10_000) -> Array:
    """Weights of the mixture with the highest total log density of left-out figures.

    The total is concave in the weights; each round multiplies a weight by the mean share that its variant has in the
    mixture's densities, which never lowers it.

    Parameters
    ----------
    pointwise : ndarray, shape (figure, variant)
    rounds : int
        Upper limit.

    Returns
    -------
    ndarray, shape (variant,)
        Adding up to 1.
    """
    density = np.exp(pointwise - pointwise.max(axis=1, keepdims=True))
    weights = np.full(pointwise.shape[1], 1.0 / pointwise.shape[1])
    for _ in range(rounds):
        new = weights * np.mean(density / (density @ weights)[:, None], axis=0)
        if np.max(np.abs(new - weights)) < 1e-12:
            break
        weights = new
    found: Array = weights / weights.sum()
    return found
