"""From the model's saved outputs to the published figures, with exact derivatives.

In: saved outputs (output, time) and parameter values. Out: for one observable in one experiment the median, standard
deviation and autocorrelation of every figure, and the way back: a derivative with respect to those becomes a seed on
the outputs and a gradient on the parameters. Outputs are aggregated over the period first; the formula follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.formula import Constant, Formula, Symbol
from sd_covid.calibration.petab import Observable
from sd_covid.calibration.settings import ObservationSetting
from sd_covid.calibration.types import Array, Index
from sd_covid.errors import ProblemError


def aggregation(kind: str, ends: Array, period: float, grid: Array) -> Array:
    """Linear operator from saved values to values of periods.

    Parameters
    ----------
    kind : str
        ``end``, ``start``, ``change`` (end minus start) or ``mean`` (trapezoid rule over the saved points of the
        period, both ends included: exact for an output that is linear between saved points).
    ends : ndarray, shape (period,)
        Ends of the periods, in model time.
    period : float
        Length of a period, in model time.
    grid : ndarray, shape (time,)
        Saved times, increasing.

    Returns
    -------
    ndarray, shape (period, time)

    Raises
    ------
    ProblemError
        A period begins or ends where nothing is saved.
    """
    last = _index(grid, ends - period if kind == "start" else ends)
    first = _index(grid, ends if kind == "end" else ends - period)
    rows = np.arange(len(ends))
    operator = np.zeros((len(ends), len(grid)))
    if kind in ("end", "change"):
        operator[rows, last] += 1.0
    if kind == "start":
        operator[rows, first] += 1.0
    if kind == "change":
        operator[rows, first] -= 1.0
    if kind == "mean":
        steps = np.diff(grid)
        for row, begin, end in zip(rows, first, last, strict=True):
            operator[row, begin:end] += steps[begin:end] / 2
            operator[row, begin + 1 : end + 1] += steps[begin:end] / 2
        operator /= period
    return operator


def _index(grid: Array, times: Array) -> Index:
    tolerance = (
        1e-6  # model time is built by adding steps, so a saved time may miss a whole month by rounding
    )
    found = np.clip(np.searchsorted(grid, times - tolerance), 0, len(grid) - 1)
    missed = np.abs(grid[found] - times) > tolerance
    if np.any(missed):
        time = float(times[missed][0])
        reason = f"time {time:g} is not a saved time of the model ({grid[0]:g} to {grid[-1]:g})"
        advice = "a period must lie in the run and begin and end at saved times"
        raise ProblemError(reason, advice=advice, variable="time")
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """What the model says about the figures of one observable. Shapes (figure,); ``rho`` None without AR(1)."""

    median: Array
    sd: Array
    rho: float | None
    values: tuple[Mapping[str, Array | float], ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Figures that share their overrides: rows, aggregated outputs, names used, formulas and their slopes by name.

    A slope of None is 1 throughout.
    """

    rows: Index
    operators: Mapping[str, Array]
    names: tuple[str, ...]
    median: Callable[[formulas.Values], Array]
    sd: Callable[[formulas.Values], Array]
    median_slopes: Mapping[str, Callable[[formulas.Values], Array] | None]
    sd_slopes: Mapping[str, Callable[[formulas.Values], Array] | None]


def _slopes(formula: Formula) -> dict[str, Callable[[formulas.Values], Array] | None]:
    found = {name: formulas.derivative(formula, name) for name in formulas.symbols(formula) if name != "time"}
    return {
        name: None if slope == formulas.ONE else formulas.compiled(slope) for name, slope in found.items()
    }


class Observation:
    """One observable in one experiment.

    Parameters
    ----------
    observable : Observable
    setting : ObservationSetting
    ends : ndarray, shape (figure,)
        Ends of the periods, increasing.
    overrides : sequence of (overrides, noise overrides)
        One pair for each figure.
    outputs : dict of str to int
        Row of each output among the saved outputs, by the name used in the formula.
    grid : ndarray, shape (time,)
        Saved times.
    """

    def __init__(
        self,
        observable: Observable,
        setting: ObservationSetting,
        ends: Array,
        overrides: Sequence[tuple[tuple[str, ...], tuple[str, ...]]],
        outputs: Mapping[str, int],
        grid: Array,
    ) -> None:
        self.observable = observable
        self.setting = setting
        self.ends = ends
        self.gaps = np.diff(ends)
        self._outputs = outputs
        self._groups: list[_Group] = []
        for pair in dict.fromkeys(overrides):
            rows = np.flatnonzero([item == pair for item in overrides])
            formula = formulas.substitute(observable.formula, _fill(observable.placeholders, pair[0]))
            noise = formulas.substitute(observable.noise, _fill(observable.noise_placeholders, pair[1]))
            used = [name for name in dict.fromkeys(formulas.symbols(formula)) if name in outputs]
            operators = {
                name: aggregation(setting.of_output(name), ends[rows], float(setting.period), grid)
                for name in used
            }
            names = {*formulas.symbols(formula), *formulas.symbols(noise)} - {*used, "time", observable.id}
            functions = (
                formulas.compiled(formula),
                formulas.compiled(noise),
                _slopes(formula),
                _slopes(noise),
            )
            self._groups.append(_Group(rows, operators, tuple(sorted(names)), *functions))

    def figures(self, outputs: Array, parameters: Mapping[str, float]) -> Figures:
        """Median, standard deviation and autocorrelation of every figure.

        Parameters
        ----------
        outputs : ndarray, shape (output, time)
        parameters : mapping of str to float
            Value of every parameter of the problem.
        """
        median, sd = np.empty(len(self.ends)), np.empty(len(self.ends))
        values = []
        with np.errstate(all="ignore"):
            for group in self._groups:
                known: dict[str, Array | float] = {name: parameters[name] for name in group.names}
                known["time"] = self.ends[group.rows]
                for name, operator in group.operators.items():
                    known[name] = operator @ outputs[self._outputs[name]]
                median[group.rows] = known[self.observable.id] = group.median(known)
                sd[group.rows] = group.sd(known)
                values.append(known)
        rho = self.setting.autocorrelation
        return Figures(median, sd, None if rho is None else parameters[rho], tuple(values))

    def pull_back(
        self,
        figures: Figures,
        d_median: Array,
        d_sd: Array,
        d_rho: float,
        seed: Array,
        gradient: dict[str, float],
    ) -> None:
        """Add derivatives by median, sd and rho to a seed on the outputs and a gradient on the parameters.

        Parameters
        ----------
        figures : Figures
            As `figures` returned them.
        d_median, d_sd : ndarray, shape (figure,)
        d_rho : float
        seed : ndarray, shape (output, time)
            Added to in place.
        gradient : dict of str to float
            By parameter id; added to in place for the ids it has.
        """
        own = self.observable.id
        with np.errstate(all="ignore"):
            for group, known in zip(self._groups, figures.values, strict=True):
                by_sd, by_median = d_sd[group.rows], d_median[group.rows]
                for name, slope in group.sd_slopes.items():
                    weight = by_sd if slope is None else by_sd * slope(known)
                    if name == own:
                        by_median = by_median + weight
                    elif name in gradient:
                        gradient[name] += float(weight.sum())
                for name, slope in group.median_slopes.items():
                    weight = by_median if slope is None else by_median * slope(known)
                    if name in group.operators:
                        seed[self._outputs[name]] += weight @ group.operators[name]
                    elif name in gradient:
                        gradient[name] += float(weight.sum())
        rho = self.setting.autocorrelation
        if rho is not None and rho in gradient:
            gradient[rho] += d_rho


def _fill(placeholders: Sequence[str], overrides: Sequence[str]) -> dict[str, Formula]:
    filled: dict[str, Formula] = {}
    for name, text in zip(placeholders, overrides, strict=True):
        try:
            filled[name] = Constant(float(text))
        except ValueError:
            filled[name] = Symbol(text)
    return filled
