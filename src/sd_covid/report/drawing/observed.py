"""Published figures beside the model: which dots a chart shows, and which of them were held out.

In come the calibration problem and the fitted values of its parameters; out come points in the unit of a model output.
A figure of another definition is moved by the estimated offset of its series, so that it lies where the model means it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.model.names import key
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    from sd_covid.calibration.problem.petab import Observable, Problem


#: Which moment of its period a figure is drawn at, as a share of the period before its end.
_BACK = {"end": 0.0, "mean": 0.5, "start": 1.0}


@dataclass(frozen=True, slots=True)
class ObservedSeries:
    """Figures of one series as points of an output.

    Attributes
    ----------
    output : str
        Name in the model.
    series : str
        Id in the registry.
    time : ndarray, shape (figure,)
        Model time at which each is drawn: the middle of its period for a mean, its last day for a stock.
    value : ndarray, shape (figure,)
        In the unit of the output, moved by the offset of the definition.
    holdout : ndarray of bool, shape (figure,)
    shifted : bool
        Whether an offset was taken off.
    """

    output: str
    series: str
    time: Floats
    value: Floats
    holdout: NDArray[np.bool_]
    shifted: bool


def observed_series(problem: Problem, fitted: Mapping[str, float]) -> list[ObservedSeries]:
    """The series that are an output of the model itself, apart from an offset.

    Parameters
    ----------
    problem : Problem
        A calibration problem.
    fitted : mapping
        Parameter id -> fitted value, from which offsets are taken.

    Returns
    -------
    list of ObservedSeries
        In the order of the observables; series that scale or combine outputs, or that repeat another series' figures,
        are left out.
    """
    names = {alias.entity: alias.model_name for alias in problem.aliases}
    fixed = {item.id: item.nominal for item in problem.parameters.values() if item.nominal is not None}
    fitted = fixed | dict(fitted)
    found = []
    for observable in problem.observables.values():
        setting = problem.extension.observation(observable.id)
        if setting.equivalent_to is not None:
            continue
        symbol, offset = _offset(observable, names, fitted)
        back = _BACK.get(setting.of_output(symbol)) if symbol else None
        points = [
            item for item in problem.measurements if item.observable == observable.id and not item.overrides
        ]
        if back is None or not points:
            continue
        points.sort(key=lambda item: item.time)
        found.append(
            ObservedSeries(
                output=names.get(symbol, symbol),
                series=observable.series,
                time=np.array([item.time for item in points]) - back * setting.period,
                value=np.array([item.value for item in points]) - offset,
                holdout=np.array([item.holdout for item in points]),
                shifted=offset != 0.0,
            )
        )
    return found


def _offset(
    observable: Observable, names: Mapping[str, str], fitted: Mapping[str, float]
) -> tuple[str, float]:
    """The output that an observable is, apart from an offset, and that offset; an empty name when it is not one."""
    from sd_covid.calibration.formula import derivative, evaluate, symbols

    inside = list(dict.fromkeys(symbols(observable.formula)))
    outputs = [name for name in inside if name not in fitted]
    if len(outputs) != 1 or (names and outputs[0] not in names):
        return "", 0.0
    at_zero: dict[str, Floats | float] = {name: fitted[name] for name in inside if name in fitted}
    at_zero[outputs[0]] = 0.0
    at_one = at_zero | {outputs[0]: 1.0}
    slope = derivative(observable.formula, outputs[0])
    if not all(float(evaluate(slope, point)) == 1.0 for point in (at_zero, at_one)):
        return "", 0.0
    return outputs[0], float(evaluate(observable.formula, at_zero))


def points_of(series: list[ObservedSeries], output: str) -> list[ObservedSeries]:
    """The series that belong to an output, matched as names in a model are."""
    return [item for item in series if key(item.output) == key(output)]
