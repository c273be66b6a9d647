"""From the model's saved outputs to the published figures, with exact derivatives.

In: saved outputs (output, time), or (output, member, time) for many members, and parameter values. Out: for one
observable in one experiment what the noise of its figures needs to know, and the way back: derivatives with respect to
that become a seed on the outputs and a gradient on the parameters. Outputs are aggregated over the period first; the
formula follows, and the seasonal term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.formula import Constant, Formula, Symbol
from sd_covid.calibration.noise import Likelihood, Predicted, noise_of
from sd_covid.calibration.problem.petab import Measurement, Observable
from sd_covid.calibration.season import with_season
from sd_covid.calibration.settings import ObservationSetting
from sd_covid.calibration.types import Array, Index
from sd_covid.errors import ProblemError


def aggregation(kind: str, ends: Array, period: float, grid: Array) -> Array:
    """Linear operator from saved values to values of periods.

    Parameters
    ----------
    kind : str
        ``end``, ``start``, ``change`` (end minus start), ``sum`` (integral by the trapezoid rule over the saved points
        of the period, both ends included: exact for an output that is linear between saved points) or ``mean`` (that
        over the length of the period).
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
    if kind in ("mean", "sum"):
        steps = np.diff(grid)
        for row, begin, end in zip(rows, first, last, strict=True):
            operator[row, begin:end] += steps[begin:end] / 2
            operator[row, begin + 1 : end + 1] += steps[begin:end] / 2
        if kind == "mean":
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
    """What the model says about the figures of one observable, and the values of names it was computed from."""

    predicted: Predicted
    values: tuple[Mapping[str, Array], ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Figures of the same overrides and season: rows, aggregated outputs, names used, formulas, their slopes by name.

    A slope of None is 1 throughout. ``rows`` is a slice where the group is all figures: numpy then makes no copies.
    """

    rows: Index | slice
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
    like : sequence of Measurement or None
        For each figure the one whose overrides and sample size it takes: itself, or the nearest one published.
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
        like: Sequence[Measurement | None],
        outputs: Mapping[str, int],
        grid: Array,
    ) -> None:
        self.observable = observable
        self.setting = setting
        self.ends = ends
        self.gaps = np.diff(ends)
        self.noise = noise_of(observable.distribution, setting)
        self._size = _sizes(setting, like)
        self._outputs = outputs
        self._groups: list[_Group] = []
        kinds = [_kind(setting, item, end) for item, end in zip(like, ends.tolist(), strict=True)]
        for kind in dict.fromkeys(kinds):
            rows: Index | slice = np.flatnonzero([item == kind for item in kinds])
            if len(set(kinds)) == 1:
                rows = slice(None)
            formula = formulas.substitute(observable.formula, _fill(observable.placeholders, kind[0]))
            noise = formulas.substitute(observable.noise, _fill(observable.noise_placeholders, kind[1]))
            if setting.seasonal is not None:
                term = setting.seasonal.term(kind[2])
                formula = with_season(formula, term, logarithmic=self.noise.logarithmic)
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

    def figures(self, outputs: Array, parameters: Mapping[str, Array]) -> Figures:
        """What the model says of every figure.

        Parameters
        ----------
        outputs : ndarray, shape (output, time) or (output, member, time)
        parameters : mapping of str to ndarray, shape (1,) or (member, 1)
            Every parameter of the problem.
        """
        members = outputs.shape[1:-1]
        median, sd = np.empty((*members, len(self.ends))), np.empty((*members, len(self.ends)))
        values = []
        with np.errstate(all="ignore"):
            for group in self._groups:
                known = {name: parameters[name] for name in group.names}
                known["time"] = self.ends[group.rows]
                for name, operator in group.operators.items():
                    known[name] = outputs[self._outputs[name]] @ operator.T
                median[..., group.rows] = group.median(known)
                known[self.observable.id] = median[..., group.rows]
                sd[..., group.rows] = group.sd(known)
                values.append(known)
        rho, freedom = self.setting.autocorrelation, self.setting.freedom
        predicted = Predicted(
            median,
            sd,
            None if rho is None else _of_members(rho, parameters, members),
            None if freedom is None else _of_members(freedom, parameters, members),
            self._size,
        )
        return Figures(predicted, tuple(values))

    def pull_back(
        self, figures: Figures, found: Likelihood, seed: Array, gradient: Mapping[str, Array]
    ) -> None:
        """Add the derivatives of a likelihood to a seed on the outputs and a gradient on the parameters.

        Parameters
        ----------
        figures : Figures
            As `figures` returned them.
        found : Likelihood
        seed : ndarray, as the outputs
            Added to in place.
        gradient : mapping of str to ndarray, shape () or (member,)
            By parameter id; added to in place for the ids it has.
        """
        own = self.observable.id
        with np.errstate(all="ignore"):
            for group, known in zip(self._groups, figures.values, strict=True):
                by_sd, by_median = found.sd[..., group.rows], found.median[..., group.rows]
                for name, slope in group.sd_slopes.items():
                    weight = by_sd if slope is None else by_sd * slope(known)
                    if name == own:
                        by_median = by_median + weight
                    else:
                        _add(gradient, name, np.sum(weight, axis=-1))
                for name, slope in group.median_slopes.items():
                    weight = by_median if slope is None else by_median * slope(known)
                    if name in group.operators:
                        seed[self._outputs[name]] += weight @ group.operators[name]
                    else:
                        _add(gradient, name, np.sum(weight, axis=-1))
        _add(gradient, self.setting.autocorrelation, found.rho)
        _add(gradient, self.setting.freedom, found.freedom)


def _add(gradient: Mapping[str, Array], name: str | float | None, slope: Array | None) -> None:
    """Add to the derivative by a parameter, if it is one of those that are asked for."""
    if isinstance(name, str) and slope is not None and name in gradient:
        row = gradient[name]
        row += slope


def _kind(
    setting: ObservationSetting, like: Measurement | None, end: float
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Overrides, noise overrides and season of a figure."""
    season = "" if setting.seasonal is None else setting.seasonal.season(end)
    return ((), (), season) if like is None else (like.overrides, like.noise_overrides, season)


def _sizes(setting: ObservationSetting, like: Sequence[Measurement | None]) -> Array | None:
    """Persons effectively asked for each figure: their number over the design effect."""
    survey = setting.survey
    if survey is None:
        return None
    own = [None if item is None else item.row.number("sample_size") for item in like]
    return np.array([survey.size if size is None else size for size in own]) / survey.design_effect


def _of_members(item: str | float, parameters: Mapping[str, Array], members: tuple[int, ...]) -> Array:
    """A parameter or number, one for each member."""
    return np.broadcast_to(parameters[item][..., 0] if isinstance(item, str) else float(item), members)


def _fill(placeholders: Sequence[str], overrides: Sequence[str]) -> dict[str, Formula]:
    filled: dict[str, Formula] = {}
    for name, text in zip(placeholders, overrides, strict=True):
        try:
            filled[name] = Constant(float(text))
        except ValueError:
            filled[name] = Symbol(text)
    return filled
