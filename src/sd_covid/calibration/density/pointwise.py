"""The log density of every figure given all the others.

In: an `Objective` and parameter values. Out: for each figure log p(figure | other figures, parameters), and the density
of each soft fact. Where noise remembers, that is the density of the whole series less that of the series without the
figure; figures of noise that does not are independent.
"""

from __future__ import annotations

import numpy as np

from sd_covid.calibration.density.objective import Objective, Series
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.types import Array, Index, Progress

Name = tuple[str, str, float, float]
"""Observable or soft fact, experiment, time and value of a figure."""


def figure_names(objective: Objective) -> list[Name]:
    """The figures in the order of `figure_densities`; soft facts have neither time nor value."""
    names: list[Name] = []
    for experiment in objective.experiments:
        for series in experiment.series:
            names += [
                (series.observation.observable.id, experiment.id, item.time, item.value)
                for item in series.measurements
            ]
        names += [(fact.fact.id, experiment.id, 0.0, 0.0) for fact in experiment.facts]
    return names


def figure_densities(objective: Objective, x: Array, progress: Progress | None = None) -> Array:
    """Log densities at many points.

    Parameters
    ----------
    objective : Objective
    x : ndarray, shape (member, parameter)
        Natural values.
    progress : callable, optional
        Called with (runs done, runs).

    Returns
    -------
    ndarray, shape (member, figure)
        NaN where the run fails.
    """
    parameters = objective.values(x)
    found: list[Array] = []
    for experiment, outputs in objective.runs(x, progress):
        for series in experiment.series:
            found += _densities(series, series.observation.figures(outputs, parameters).predicted)
        found += [fact.likelihood(outputs, parameters) for fact in experiment.facts]
    return np.array(found).T


def _densities(series: Series, predicted: Predicted) -> list[Array]:
    """Of every figure of one series."""
    places = np.arange(len(series.figures))
    if predicted.rho is None:
        found = [_together(series, predicted, places[[index]]) for index in places.tolist()]
    else:
        whole = _together(series, predicted, places)
        found = [whole - _together(series, predicted, np.delete(places, index)) for index in places.tolist()]
    defined = series.observation.noise.defined(predicted)
    return [np.where(defined, density, np.nan) for density in found]


def _together(series: Series, predicted: Predicted, places: Index) -> Array:
    """Log density of some figures of a series."""
    if not len(places):
        return np.zeros(len(predicted.median))
    gaps = np.diff(series.observation.ends[places])
    with np.errstate(all="ignore"):
        return series.observation.noise.likelihood(
            series.figures[places], predicted.figures(places), gaps
        ).value
