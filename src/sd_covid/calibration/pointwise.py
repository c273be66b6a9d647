"""The log density of every figure given all the others.

In: an `Objective` and parameter values. Out: for each figure log p(figure | other figures, parameters), and the density
of each soft fact. Where noise remembers, that is the density of the whole series less that of the series without the
figure; figures of noise that does not are independent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.objective import Objective, Series
from sd_covid.calibration.types import Array, Index

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


def figure_densities(objective: Objective, x: Array) -> Array:
    """Log densities at natural values. Shape (figure,); NaN where the run fails."""
    parameters = objective.values(x)
    found: list[float] = []
    for experiment in objective.experiments:
        outputs = experiment.model.values(experiment.inputs.values(parameters))
        for series in experiment.series:
            found += _densities(series, series.observation.figures(outputs, parameters).predicted)
        scratch = np.zeros_like(outputs)
        found += [fact.log_density(outputs, parameters, scratch, {}) for fact in experiment.facts]
    return np.array(found)


def _densities(series: Series, predicted: Predicted) -> list[float]:
    """Of one series."""
    places = np.arange(len(series.figures))
    if not series.observation.noise.defined(predicted):
        return [np.nan] * len(places)
    if predicted.rho is None:
        return [_together(series, predicted, places[[index]]) for index in places.tolist()]
    whole = _together(series, predicted, places)
    return [whole - _together(series, predicted, np.delete(places, index)) for index in places.tolist()]


def _together(series: Series, predicted: Predicted, places: Index) -> float:
    """Log density of some figures of a series."""
    if not len(places):
        return 0.0
    part = replace(
        predicted,
        median=predicted.median[places],
        sd=predicted.sd[places],
        size=None if predicted.size is None else predicted.size[places],
    )
    gaps = np.diff(series.observation.ends[places])
    return float(series.observation.noise.likelihood(series.figures[places], part, gaps).value)
