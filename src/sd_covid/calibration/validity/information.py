"""What each series teaches each parameter: its Fisher information at the best fit, beside that of the prior.

In: an `Objective` and a point. Out: a matrix for each series and soft fact, in units of the priors: the prior itself
counts 1 on the diagonal. Derivatives of every figure by every parameter are exact (a reverse sweep each); the
information of the noise about what the model says is the mean product of scores of figures drawn from it, so that any
noise will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.density.objective import Experiment, Objective, Series
from sd_covid.calibration.density.observation import Figures
from sd_covid.calibration.density.quantity import Quantity
from sd_covid.calibration.noise import Likelihood, Predicted
from sd_covid.calibration.problem.petab import Parameter
from sd_covid.calibration.types import Array, Progress
from sd_covid.calibration.validity.replay import Key

DRAWN = 2000  # series drawn for the scores: a share then has a relative error of about sqrt(2 / 2000) = 3 %
SOMETHING = 0.01  # of the prior's information


@dataclass(frozen=True, slots=True)
class Information:
    """Fisher information in units of the prior.

    Attributes
    ----------
    names : list of str
        Parameter ids.
    matrices : dict
        Series or soft fact -> shape (parameter, parameter).
    """

    names: list[str]
    matrices: dict[Key, Array]

    def precision(self, without: Key | None = None) -> Array:
        """Of a normal posterior: the prior and every series but one. Shape (parameter, parameter)."""
        total = np.eye(len(self.names))
        for key, matrix in self.matrices.items():
            if key != without:
                total = total + matrix
        return total

    def shares(self) -> tuple[Array, dict[Key, Array]]:
        """Share of the prior, and of every series, in what is known of each parameter when all others are known."""
        total = np.diag(self.precision())
        return 1.0 / total, {key: np.diag(matrix) / total for key, matrix in self.matrices.items()}

    def spread(self, without: Key | None = None) -> Array:
        """Posterior sd over prior sd of each parameter, others unknown. Shape (parameter,)."""
        found: Array = np.sqrt(np.diag(np.linalg.inv(self.precision(without))))
        return found

    def only(self, key: Key) -> list[int]:
        """Parameters of which no other series says anything, and this one something."""
        others = sum(
            (np.diag(matrix) for other, matrix in self.matrices.items() if other != key),
            np.zeros(len(self.names)),
        )
        told = np.diag(self.matrices[key]) > SOMETHING
        return [int(place) for place in np.flatnonzero(told & (others == 0))]


def prior_scale(parameter: Parameter, at: float) -> float:
    """One sd of the prior around ``at``: half of its central 68 %, of the logarithm for a prior of that."""
    if parameter.prior is None:
        raise TypeError("an estimated parameter has a prior")
    low, high = parameter.prior.quantile(np.array([0.16, 0.84])).tolist()
    return at * float(np.log(high / low)) / 2 if parameter.prior.logarithmic else (high - low) / 2


def information(
    objective: Objective, x: Array, *, seed: int = 0, progress: Progress | None = None
) -> Information:
    """Information of every series and soft fact.

    Parameters
    ----------
    objective : Objective
    x : ndarray, shape (parameter,)
        Natural values, where the derivatives are taken.
    seed : int
        Of the drawn figures.
    progress : callable, optional
        Called with (series done, series).
    """
    scale = np.array(
        [prior_scale(item, at) for item, at in zip(objective.parameters, x.tolist(), strict=True)]
    )
    parameters = objective.values(x[None])
    matrices: dict[Key, Array] = {}
    total = sum(len(item.series) for item in objective.experiments)
    for experiment, outputs in objective.runs(x[None]):
        for series in experiment.series:
            rng = np.random.default_rng([seed, *series.observation.observable.id.encode()])
            figures = series.observation.figures(outputs, parameters)
            slopes = _slopes(experiment, series, figures, outputs, parameters, objective.names) * scale
            drawn = _scores(series, figures.predicted, rng) @ slopes
            matrices[series.observation.observable.id, experiment.id] = drawn.T @ drawn / len(drawn)
            if progress is not None:
                progress(len(matrices), total)
        for fact in experiment.facts:
            slope = _fact_slope(experiment, fact, outputs, parameters, objective.names) * scale
            matrices[fact.fact.id, experiment.id] = np.outer(slope, slope)
    return Information(objective.names, matrices)


def _units(count: int) -> Likelihood:
    """A member with a slope of one by each thing that the noise knows: medians, sds, the correlation, the freedom."""
    by_median, by_sd, others = np.split(np.eye(2 * count + 2), [count, 2 * count], axis=1)
    return Likelihood(np.zeros(len(others)), by_median, by_sd, *others.T)


def _slopes(
    experiment: Experiment,
    series: Series,
    figures: Figures,
    outputs: Array,
    parameters: Mapping[str, Array],
    names: list[str],
) -> Array:
    """Derivatives of what the noise knows by every parameter. Shape (2 figures + 2, parameter)."""
    units = _units(len(series.figures))
    seed = np.zeros((len(outputs), len(units.value), outputs.shape[-1]))
    slopes = np.zeros((len(units.value), len(names)))
    series.observation.pull_back(figures, units, seed, dict(zip(names, slopes.T, strict=True)))
    return _through(experiment, seed, parameters, slopes, names)


def _through(
    experiment: Experiment, seed: Array, parameters: Mapping[str, Array], slopes: Array, names: list[str]
) -> Array:
    """Gradients (member, parameter) with what a seed on the outputs of the only run adds to each."""
    for member in np.flatnonzero(np.any(seed, axis=(0, 2))).tolist():
        one = slice(member, member + 1)
        experiment.runs.pull_back(seed[:, one], parameters, dict(zip(names, slopes[one].T, strict=True)))
    return slopes


def _scores(series: Series, predicted: Predicted, rng: np.random.Generator) -> Array:
    """Derivatives of the log density of drawn figures by what the noise knows. Shape (draw, 2 figures + 2)."""
    observation = series.observation
    unknown = np.full(len(series.figures), np.nan)
    drawn = observation.noise.paths(observation.ends, unknown, predicted.repeated(DRAWN), rng)[0]
    found = observation.noise.likelihood(drawn, predicted, observation.gaps)
    none = np.zeros(DRAWN)
    others = [none if slope is None else slope for slope in (found.rho, found.freedom)]
    return np.column_stack([np.broadcast_to(part, drawn.shape) for part in (found.median, found.sd)] + others)


def _fact_slope(
    experiment: Experiment, fact: Quantity, outputs: Array, parameters: Mapping[str, Array], names: list[str]
) -> Array:
    """Derivatives of a soft fact's quantity, times the root of its curvature; zero where its density is flat."""
    distribution = fact.fact.distribution
    value = fact.value(outputs, parameters)
    slope = float(distribution.log_density(value)[1][0])
    low, high = distribution.quantile(np.array([0.16, 0.84])).tolist()
    step = (high - low) / 200
    above, below = (float(distribution.log_density(value + side)[1][0]) for side in (step, -step))
    curvature = max(0.0, (below - above) / (2 * step))
    if slope == 0.0:
        return np.zeros(len(names))
    seed, by_parameter = np.zeros_like(outputs), np.zeros((1, len(names)))
    fact.log_density(outputs, parameters, seed, dict(zip(names, by_parameter.T, strict=True)))
    found: Array = _through(experiment, seed, parameters, by_parameter, names)[0] / slope * np.sqrt(curvature)
    return found
