"""The model once more at every stored draw: what it says of every figure, and how likely each series is.

In: an `Objective` and draws of its parameters. Out: a `Replay`, on which scores, checks and weights rest. A draw at
which the model fails is counted and kept out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sd_covid.calibration.density.objective import Objective, Series
from sd_covid.calibration.forecasts.forecast import REPEATS
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.sbc.synthetic import replicated
from sd_covid.calibration.types import Array, Mask, Progress

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

    def at(self, draws: Mask) -> SeriesReplay:
        """The same at some of the draws."""
        return replace(
            self, predicted=self.predicted.members(draws), log_likelihood=self.log_likelihood[draws]
        )

    def replicates(self, seed: int) -> Array:
        """Figures that could have been published instead, all noise drawn anew. Shape (draw, figure)."""
        return replicated(self.series, self.predicted.repeated(REPEATS), self._rng(seed, b"replicates"))

    def left_out(self, seed: int) -> Array:
        """Every figure as predicted from all the others. Shape (draw, figure)."""
        observation, rng = self.series.observation, self._rng(seed, b"left out")
        said = self.predicted.repeated(REPEATS)
        return observation.noise.paths(observation.ends, self.series.figures, said, rng)[1]

    def _rng(self, seed: int, what: bytes) -> np.random.Generator:
        """A stream of its own for each series and use: adding one leaves the others as they are."""
        return np.random.default_rng([seed, *what, *"/".join(self.key).encode()])


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


def replay(objective: Objective, draws: Array, progress: Progress | None = None) -> Replay:
    """Run the model at every draw.

    Parameters
    ----------
    objective : Objective
    draws : ndarray, shape (draw, parameter)
        Natural values, in the order of ``objective.names``.
    progress : callable, optional
        Called with (runs done, runs).
    """
    parameters = objective.values(draws)
    several: list[SeriesReplay] = []
    facts: dict[Key, Array] = {}
    for experiment, outputs in objective.runs(draws, progress):
        for series in experiment.series:
            key = (series.observation.observable.id, experiment.id)
            predicted = series.observation.figures(outputs, parameters).predicted
            several.append(SeriesReplay(key, series, predicted, series.likelihood(predicted).value))
        for fact in experiment.facts:
            facts[fact.fact.id, experiment.id] = fact.likelihood(outputs, parameters)
    everything = [*(item.log_likelihood for item in several), *facts.values()]
    kept = np.all(np.isfinite(np.reshape(everything, (-1, len(draws)))), axis=0)
    return Replay(
        objective.names,
        draws[kept],
        tuple(item.at(kept) for item in several),
        {key: values[kept] for key, values in facts.items()},
        int(np.sum(~kept)),
    )
