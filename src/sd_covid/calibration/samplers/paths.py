"""Paths of densities for sequential Monte Carlo: from the prior to the posterior, and from one posterior to another.

In: objectives. Out: functions of unconstrained coordinates and a temperature, as
`sd_covid.calibration.samplers.smc.Path` asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from sd_covid.calibration.density.objective import Objective, Series, add_series
from sd_covid.calibration.density.runs import PORTION
from sd_covid.calibration.noise import Likelihood, Predicted
from sd_covid.calibration.problem.petab import Measurement, Problem
from sd_covid.calibration.samplers.smc import Path
from sd_covid.calibration.stored.seen import Figure, figure_of
from sd_covid.calibration.types import Array, Index, Simulator


class Likelihoods(Protocol):
    """Log likelihoods on the way, of natural values; but for that as `sd_covid.calibration.samplers.smc.Path`."""

    def __call__(self, x: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        """Log likelihoods, their gradients, and by how much they grow from temperature 0 to 1."""
        ...


def from_prior(objective: Objective) -> Likelihoods:
    """From no figure to all: the log likelihood times the temperature."""

    def of(x: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        value, gradient = objective.gathered(x, add_series, slopes=slopes)
        return temperature * value, temperature * gradient, value

    return of


def unconstrained_path(objective: Objective, likelihoods: Likelihoods, others: Array, places: Index) -> Path:
    """The path of prior times likelihood, in unconstrained coordinates of some parameters.

    Parameters
    ----------
    objective : Objective
        Of its priors and its transform.
    likelihoods : callable
    others : ndarray, shape (parameter,)
        Unconstrained coordinates of all parameters, where those stay that do not move.
    places : ndarray of int
        The parameters that move.
    """

    def path(points: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        u = np.tile(others, (len(points), 1))
        u[:, places] = points
        x, slope, log_jacobian, bend = objective.transform.density(u)
        prior, prior_slope = objective.log_prior(x)
        portions = range(0, len(x), PORTION)
        parts = [likelihoods(x[first : first + PORTION], temperature, slopes=slopes) for first in portions]
        value, gradient, gain = (np.concatenate(part) for part in zip(*parts, strict=True))
        return (
            prior + log_jacobian + value,
            ((prior_slope + gradient) * slope + bend)[:, places],
            gain,
        )

    return path


@dataclass(slots=True)
class _Both(Series):
    """A series with the places of the figures that count before and after."""

    before: Index
    after: Index


class Bridge:
    """From the likelihood of some figures to that of others, in one run of the model for both.

    Parameters
    ----------
    problem : Problem
        With the figures that count at the end.
    simulator : Simulator
    removed : sequence of Measurement
        Figures that count at the start only.
    seen : set of Figure
        All that count at the start.
    """

    def __init__(
        self, problem: Problem, simulator: Simulator, removed: Sequence[Measurement], seen: set[Figure]
    ) -> None:
        united = replace(problem, measurements=[*problem.measurements, *removed])
        now = {figure_of(item) for item in problem.measurements}
        self.objective = Objective(united, simulator)
        for experiment in self.objective.experiments:
            experiment.series = [_both(series, seen, now) for series in experiment.series]

    def __call__(self, x: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        """Log likelihoods on the way, their gradients, and how much they grow; see `Likelihoods`."""
        gain = np.zeros(len(x))

        def add(
            series: Series,
            outputs: Array,
            parameters: Mapping[str, Array],
            seed: Array,
            gradient: Mapping[str, Array],
        ) -> Array:
            assert isinstance(series, _Both)
            figures = series.observation.figures(outputs, parameters)
            before = _of(series, figures.predicted, series.before)
            found = before
            if not np.array_equal(series.before, series.after):
                after = _of(series, figures.predicted, series.after)
                gain[:] += after.value - before.value
                found = _mixed(before, after, temperature)
            series.observation.pull_back(figures, found, seed, gradient)
            return found.value

        value, slope = self.objective.gathered(x, add, slopes=slopes)
        return value, slope, gain


def _both(series: Series, seen: set[Figure], now: set[Figure]) -> _Both:
    figures = [figure_of(item) for item in series.measurements]
    places = [
        np.array([k for k, item in enumerate(figures) if item in some], dtype=np.intp) for some in (seen, now)
    ]
    return _Both(series.observation, series.figures, series.holdout, series.measurements, *places)


def _of(series: Series, predicted: Predicted, places: Index) -> Likelihood:
    """Likelihood of some figures of a series, derivatives of the others zero."""
    shape = predicted.median.shape
    none = None if predicted.rho is None else np.zeros(shape[:-1])
    free = None if predicted.freedom is None else np.zeros(shape[:-1])
    if not len(places):
        return Likelihood(np.zeros(shape[:-1]), np.zeros(shape), np.zeros(shape), none, free)
    noise, part = series.observation.noise, predicted.figures(places)
    gaps = np.diff(series.observation.ends[places])
    with np.errstate(all="ignore"):
        found = noise.likelihood(series.figures[places], part, gaps)
        value = np.where(noise.defined(part), found.value, np.nan)
    if len(places) == shape[-1]:
        return replace(found, value=value)
    median, sd = np.zeros(shape), np.zeros(shape)
    median[..., places], sd[..., places] = found.median, found.sd
    return replace(found, value=value, median=median, sd=sd)


def _mixed(before: Likelihood, after: Likelihood, temperature: float) -> Likelihood:
    """On the way from one to the other."""

    def between(one: Array, two: Array) -> Array:
        return (1.0 - temperature) * one + temperature * two

    def maybe(one: Array | None, two: Array | None) -> Array | None:
        return None if one is None or two is None else between(one, two)

    return Likelihood(
        between(before.value, after.value),
        between(before.median, after.median),
        between(before.sd, after.sd),
        maybe(before.rho, after.rho),
        maybe(before.freedom, after.freedom),
    )
