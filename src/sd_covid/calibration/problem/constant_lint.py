"""Figures that are all the same, and a noise that may shrink to nothing: a fit would have no best point.

In: a `Problem` as read. Out: one `ProblemError` for each parameter that lets the density of a constant series grow
without end. With n figures of one value, which a model can meet exactly, the density goes as sd^-n when the spread goes
to zero, and as (1 - rho^2)^(-(n - 1)/2) when the memory goes to one; no prior but the log-normal goes to zero faster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.problem.petab import Measurement, Parameter, Problem
from sd_covid.errors import ProblemError


def check_constant_series(problem: Problem) -> Iterator[ProblemError]:
    """Faults in the noise of series of which all figures are the same."""

    def series(item: Measurement) -> tuple[str, str]:
        return item.observable, item.experiment

    for (observable, _), found in groupby(sorted(problem.measurements, key=series), series):
        figures = list(found)
        if (
            len(figures) < 2
            or len({item.value for item in figures}) > 1
            or observable not in problem.observables
        ):
            continue
        setting = problem.extension.observation(observable)
        if setting.survey is not None or setting.noise not in (None, "student-t"):
            continue  # what sampling or counting adds does not vanish
        said = f"the {len(figures)} figures of '{observable}' are all {figures[0].value:g}"
        for parameter in _vanishing(problem, figures):
            reason = f"'{parameter.id}' may go to zero, and {said}: their density then grows without end"
            advice = "give it a lower bound above zero, or a log-normal prior"
            yield parameter.row.error("lowerBound", reason, advice)
        memory = problem.parameters.get(setting.autocorrelation or "")
        if memory is not None and memory.estimate and memory.upper >= 1.0:
            reason = f"'{memory.id}' may go to 1, and {said}: their density then grows without end"
            yield memory.row.error("upperBound", reason, "give it an upper bound below 1, such as 0.98")


def _vanishing(problem: Problem, figures: Sequence[Measurement]) -> list[Parameter]:
    """The estimated parameters that make the noise of some figure vanish at their lower bounds."""
    observable = problem.observables[figures[0].observable]
    found: dict[str, Parameter] = {}
    for item in figures:
        given = dict(zip(observable.noise_placeholders, item.noise_overrides, strict=False))
        names = [given.get(name, name) for name in formulas.symbols(observable.noise)]
        used = [problem.parameters[name] for name in dict.fromkeys(names) if name in problem.parameters]
        loose = [
            one
            for one in used
            if one.estimate and one.lower <= 0 and one.prior and one.prior.distribution != "log-normal"
        ]
        if loose and _noise_at_lower_bounds(problem, item, given) <= 0:
            found.update({one.id: one for one in loose})
    return list(found.values())


def _noise_at_lower_bounds(problem: Problem, item: Measurement, given: dict[str, str]) -> float:
    """The noise formula of a figure, estimated parameters at their lower bounds; NaN where one has none."""
    observable = problem.observables[item.observable]
    own = {observable.id: item.value, "time": item.time}
    known = {name: own.get(name, math.nan) for name in formulas.symbols(observable.noise)}
    for name in known:
        text = given.get(name, name)
        parameter = problem.parameters.get(text)
        if parameter is not None:
            known[name] = parameter.lower if parameter.estimate else parameter.nominal or 0.0
        elif name in given:
            known[name] = float(text)
    with np.errstate(all="ignore"):
        return float(np.ravel(formulas.evaluate(observable.noise, known))[0])
