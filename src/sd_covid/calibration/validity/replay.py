"""The model once more at every stored draw: what it says of every figure, and how likely each series is.

In: an `Objective` and draws of its parameters. Out: a `Replay`, on which scores, checks and weights rest. A draw at
which the model fails is counted and kept out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.fit import Progress
from sd_covid.calibration.forecast import REPEATS, stacked
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.objective import Objective, Series
from sd_covid.calibration.types import Array

Key = tuple[str, str]
"""Observable (or soft fact) and experiment."""

ROUNDING = 1e-9  # of the spread of the figures


@dataclass(frozen=True, slots=True)
class SeriesReplay:
    """One series at every draw.

    Attributes
    ----------
    key : Key
    series : Series
        Its figures and how the model sees them.
    predicted : Predicted
        For many draws.
    log_likelihood : ndarray, shape (draw,)
    """

    key: Key
    series: Series
    predicted: Predicted
    log_likelihood: Array

    @property
    def median(self) -> Array:
        """What the model says at the posterior mean of it. Shape (figure,)."""
        middle: Array = self.predicted.median.mean(axis=0)
        return middle

    @property
    def given(self) -> bool:
        """Whether it is a driver that the model was given: what differs is the rounding of the computer."""
        figures = self.series.figures
        return float(np.sqrt(np.mean((self.median - figures) ** 2))) <= ROUNDING * float(np.std(figures))

    def replicates(self, seed: int) -> Array:
        """Figures that could have been published instead, all noise drawn anew. Shape (draw, figure)."""
        unknown = np.full(len(self.series.figures), np.nan)
        return self._paths(unknown, seed, b"replicates")[0]

    def left_out(self, seed: int) -> Array:
        """Every figure as predicted from all the others. Shape (draw, figure)."""
        return self._paths(self.series.figures, seed, b"left out")[1]

    def _paths(self, figures: Array, seed: int, what: bytes) -> tuple[Array, Array]:
        observation = self.series.observation
        # a stream of its own for each series and use: adding one leaves the others as they are
        rng = np.random.default_rng([seed, *what, *"/".join(self.key).encode()])
        return observation.noise.paths(observation.ends, figures, repeated(self.predicted), rng)


@dataclass(frozen=True, slots=True)
class Replay:
    """All series at every draw.

    Attributes
    ----------
    names : list of str
        Parameter ids.
    parameters : ndarray, shape (draw, parameter)
        Draws at which the model did not fail.
    series : tuple of SeriesReplay
    facts : dict
        Soft fact and experiment -> log density of its quantity, shape (draw,).
    failed : int
        Draws at which the model failed.
    """

    names: list[str]
    parameters: Array
    series: tuple[SeriesReplay, ...]
    facts: dict[Key, Array]
    failed: int

    @property
    def log_likelihoods(self) -> dict[Key, Array]:
        """Of every series and soft fact, shape (draw,)."""
        return {item.key: item.log_likelihood for item in self.series} | self.facts


def repeated(predicted: Predicted) -> Predicted:
    """Every draw of the parameters several times, so that quantiles vary less than the noise."""

    def several(values: Array | None) -> Array | None:
        return None if values is None else np.repeat(values, REPEATS, axis=0)

    return Predicted(
        np.repeat(predicted.median, REPEATS, axis=0),
        np.repeat(predicted.sd, REPEATS, axis=0),
        several(predicted.rho),
        several(predicted.freedom),
        predicted.size,
    )


def replay(objective: Objective, draws: Array, progress: Progress | None = None) -> Replay:
    """Run the model at every draw.

    Parameters
    ----------
    objective : Objective
    draws : ndarray, shape (draw, parameter)
        Natural values, in the order of ``objective.names``.
    progress : callable, optional
        Called with (draws done, draws).
    """
    found: dict[Key, list[Predicted]] = {}
    likely: dict[Key, list[float]] = {}
    facts: dict[Key, list[float]] = {}
    kept = []
    for done, x in enumerate(draws, start=1):
        one = _at(objective, x)
        if one is not None:
            kept.append(x)
            for key, (predicted, value) in one[0].items():
                found.setdefault(key, []).append(predicted)
                likely.setdefault(key, []).append(value)
            for key, value in one[1].items():
                facts.setdefault(key, []).append(value)
        if progress is not None:
            progress(done, len(draws))
    by_key = {
        (series.observation.observable.id, experiment.id): series
        for experiment in objective.experiments
        for series in experiment.series
    }
    several = tuple(
        SeriesReplay(key, by_key[key], stacked(items, 1), np.array(likely[key]))
        for key, items in found.items()
    )
    parameters = np.array(kept).reshape(len(kept), objective.dimension)
    told = {key: np.array(values) for key, values in facts.items()}
    return Replay(objective.names, parameters, several, told, len(draws) - len(kept))


def _at(objective: Objective, x: Array) -> tuple[dict[Key, tuple[Predicted, float]], dict[Key, float]] | None:
    """Series with their log likelihood, and soft facts with theirs, at one draw; None where the model fails."""
    parameters = objective.values(x)
    series_found: dict[Key, tuple[Predicted, float]] = {}
    facts: dict[Key, float] = {}
    for experiment in objective.experiments:
        outputs = experiment.model.values(experiment.inputs.values(parameters))
        if not np.all(np.isfinite(outputs)):
            return None
        for series in experiment.series:
            observation = series.observation
            predicted = observation.figures(outputs, parameters).predicted
            if not observation.noise.defined(predicted):
                return None
            likely = observation.noise.likelihood(series.figures, predicted, observation.gaps).value
            series_found[observation.observable.id, experiment.id] = predicted, likely
        for fact in experiment.facts:
            value = fact.value(outputs, parameters)
            facts[fact.fact.id, experiment.id] = fact.fact.distribution.log_density(value)[0]
    values = [value for _, value in series_found.values()] + list(facts.values())
    return (series_found, facts) if np.all(np.isfinite(values)) else None
