"""Known truths: parameters drawn from the prior, and figures drawn from the model and its noise at them.

In: an `Objective`. Out: a truth, and for every series of the measurement table figures that could have been published
if it were true, with whatever the noise has: memory, seasons, the error of a survey. Posterior predictive figures
(`sd_covid.calibration.validity.replay`) are drawn by the same code.

The prior is that of the parameter table, where the model runs and every noise is defined, times the densities of the
soft facts: a soft fact is no figure, since it says how probable a quantity of the model is, so it belongs to what is
known beforehand. That product is drawn from by rejection, which is exact: a draw of the table's prior is kept with
probability f(q) / max f for each fact, f its density and q its quantity there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from sd_covid.calibration.density.objective import Objective, Series
from sd_covid.calibration.facts.distribution import Distribution
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.types import Array, Mask
from sd_covid.errors import RunError

Key = tuple[str, str]
"""Observable and experiment."""

BATCH = 32  # draws of the prior that are run together
MOST = 20_000  # of them until one is kept


@dataclass(frozen=True, slots=True)
class Truth:
    """Parameters drawn from the prior.

    Attributes
    ----------
    values : ndarray, shape (parameter,)
        Natural values.
    drawn : int
        Draws of the table's prior until this one was kept.
    failed : int
        Those of them at which the model fails or a noise is not defined.
    """

    values: Array
    drawn: int
    failed: int


def prior_truth(objective: Objective, rng: np.random.Generator) -> Truth:
    """Draw parameters from the prior, soft facts included.

    Raises
    ------
    RunError
        None of `MOST` draws is kept.
    """
    tops = {
        fact.fact.id: highest(fact.fact.distribution)
        for experiment in objective.experiments
        for fact in experiment.facts
    }
    priors = [item.prior for item in objective.parameters if item.prior is not None]
    failed = 0
    for drawn in range(0, MOST, BATCH):
        x = np.array([prior.draw(rng, BATCH) for prior in priors]).reshape(len(priors), BATCH).T
        said = _agreement(objective, x, tops)
        kept = np.flatnonzero(np.log(rng.random(BATCH)) < said)
        if len(kept):
            first = int(kept[0])
            failed += int(np.sum(np.isnan(said[: first + 1])))
            return Truth(x[first], drawn + first + 1, failed)
        failed += int(np.sum(np.isnan(said)))
    reason = f"none of {MOST} draws from the prior can be a truth: the model fails at {failed} of them"
    advice = "narrow bounds and priors to where the model runs"
    if tops:
        reason, advice = reason + ", the others contradict the soft facts", advice + " and the facts hold"
    raise RunError(reason, advice=advice)


def highest(distribution: Distribution) -> float:
    """The highest log density of a soft fact's distribution; each has one peak, or a flat top."""
    low, high = distribution.quantile(np.array([1e-6, 1 - 1e-6])).tolist()
    found = minimize_scalar(
        lambda x: -float(distribution.log_density(np.array([x]))[0][0]), bounds=(low, high), method="bounded"
    )
    return -float(found.fun)


def _agreement(objective: Objective, x: Array, tops: Mapping[str, float]) -> Array:
    """Log probability with which each draw is kept, NaN where it has no figures. Shape (member,)."""
    parameters, total = objective.values(x), np.zeros(len(x))
    for experiment, outputs in objective.runs(x):
        total[~_defined(experiment.series, outputs, parameters)] = np.nan
        for fact in experiment.facts:
            total += fact.likelihood(outputs, parameters) - tops[fact.fact.id]
    return total


def _defined(several: list[Series], outputs: Array, parameters: Mapping[str, Array]) -> Mask:
    """Whether the model ran and every noise has a density. Shape (member,)."""
    found: Mask = np.all(np.isfinite(outputs), axis=(0, 2))
    for series in several:
        said = series.observation.figures(outputs, parameters).predicted
        with np.errstate(all="ignore"):
            found = found & series.observation.noise.defined(said)
            found = found & np.all(np.isfinite(said.median) & np.isfinite(said.sd), axis=-1)
    return found


def figures_at(objective: Objective, truth: Array, rng: np.random.Generator) -> dict[Key, Array]:
    """Figures of every series, drawn from the model and its noise.

    Parameters
    ----------
    objective : Objective
    truth : ndarray, shape (parameter,)
        Natural values.
    rng : Generator

    Returns
    -------
    dict
        By observable and experiment, shape (figure,), for `Objective.observing`.

    Raises
    ------
    RunError
        The model fails at the truth, or a noise is not defined there.
    """
    found: dict[Key, Array] = {}
    parameters = objective.values(truth[None])
    for experiment, outputs in objective.runs(truth[None]):
        if not np.all(_defined(experiment.series, outputs, parameters)):
            advice = "take a truth at which the model runs; sd-covid run shows which variable fails"
            raise RunError("the model has no figures at this truth", advice=advice)
        for series in experiment.series:
            said = series.observation.figures(outputs, parameters).predicted
            found[series.observation.observable.id, experiment.id] = replicated(series, said, rng)[0]
    return found


def replicated(series: Series, predicted: Predicted, rng: np.random.Generator) -> Array:
    """Figures of one series with all noise drawn anew.

    Parameters
    ----------
    series : Series
    predicted : Predicted
        For many draws.
    rng : Generator

    Returns
    -------
    ndarray, shape (draw, figure)
    """
    unknown = np.full(len(series.figures), np.nan)
    return series.observation.noise.paths(series.observation.ends, unknown, predicted, rng)[0]
