"""The table of predicted figures: one row for every series and period, published or not.

In: the problem, its posterior and the registry of series. Out: quantiles of each published figure, from the first one
of its series to a last month. A series is predicted through the observable that names it, or as a process listed in
``problem.yaml``; periods before the model starts from the series' own figures.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.density.process import Paths, scale_of, simulate
from sd_covid.calibration.forecasts.forecast import REPEATS, Forecaster
from sd_covid.calibration.noise import noise_of
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.settings import ObservationSetting, ProcessSetting
from sd_covid.calibration.stored.store import Posterior
from sd_covid.calibration.types import Array, Mask, Progress, Simulator
from sd_covid.data import Registry, Series, format_period, model_time, periods_between
from sd_covid.data.description import BOUNDS
from sd_covid.errors import ProblemError, RunError, suggest

QUANTILES = {
    "median": 0.5,
    "q05": 0.05,
    "q20": 0.2,
    "q25": 0.25,
    "q35": 0.35,
    "q65": 0.65,
    "q75": 0.75,
    "q80": 0.8,
    "q95": 0.95,
}
COLUMNS = ("observableId", "series", "period", *QUANTILES)
LAST_MONTH = "2026-06"
START = 0.0  # the model's INITIAL TIME


@dataclass(frozen=True, slots=True)
class Target:
    """A series to be predicted: all its periods, and the figures there are.

    ``ends`` and ``figures`` have shape (period,); NaN where there is no figure.
    """

    id: str
    series: Series
    periods: tuple[pd.Period, ...]
    starts: Array
    ends: Array
    figures: Array

    @property
    def moment(self) -> float:
        """When the last figure is taken, in model time."""
        return float(self.starts[-1] if self.series.kind == "start" else self.ends[-1])

    @property
    def names(self) -> list[str]:
        """Periods, spelled as in the series file."""
        return [format_period(period, self.series.frequency) for period in self.periods]

    def known_until(self, time: float) -> Target:
        """The same periods, without figures taken after a moment."""
        taken = self.starts if self.series.kind == "start" else self.ends
        return replace(self, figures=np.where(taken <= time, self.figures, math.nan))


class Predictor:
    """Paths of every predicted series, made once and kept.

    Parameters
    ----------
    problem : Problem
    simulator : Simulator
    registry : Registry
    posterior : Posterior
    last_month : str
        Last month of any period, as ``2026-06``.
    seed : int
    progress : callable, optional
        Called with (runs done, runs).

    Raises
    ------
    ProblemError
        An observable or process names a series that the registry does not have.
    RunError
        The model fails at every draw.
    """

    def __init__(
        self,
        problem: Problem,
        simulator: Simulator,
        registry: Registry,
        posterior: Posterior,
        *,
        last_month: str = LAST_MONTH,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self.problem, self.registry, self.seed = problem, registry, seed
        self.targets = _targets(problem, registry, pd.Period(last_month, freq="M"))
        final = max(
            (target.moment for target in self.targets.values() if target.id in problem.observables),
            default=1.0,
        )
        names = list(posterior.parameters.columns)
        draws = [dict(zip(names, row, strict=True)) for row in posterior.parameters.to_numpy().tolist()]
        self.forecaster = Forecaster(problem, simulator, draws, math.ceil(final), progress=progress)
        self.draws = (len(draws) - self.forecaster.failed) * REPEATS
        if not self.draws:
            reason = f"the model fails at all {len(draws)} stored draws"
            raise RunError(reason, advice="run sd-covid calibrate again")
        self._done: dict[str, Paths] = {}

    def known_until(self, time: float) -> Predictor:
        """The same draws, where no figure after a moment (model time, months) is known.

        Processes without a figure are left out, and no longer lead. The draws stay: they rest on all figures.
        """
        other, problem = copy.copy(self), self.problem
        processes = problem.extension.processes
        known = {name: target.known_until(time) for name, target in self.targets.items()}
        other.targets = {
            name: target
            for name, target in known.items()
            if name not in processes or not np.all(np.isnan(target.figures))
        }
        kept = {
            name: item if _overlap(other.targets, name, item.leader) else replace(item, leader=None)
            for name, item in processes.items()
            if name in other.targets
        }
        other.problem = replace(problem, extension=replace(problem.extension, processes=kept))
        other._done = {}
        return other

    def paths(self, name: str) -> Paths:
        """Paths of one target, by observable or process id."""
        if name not in self._done:
            target = self.targets[name]
            # a stream of its own for each series: adding one leaves the others as they are
            rng = np.random.default_rng([self.seed, *name.encode()])
            observed = name in self.problem.observables
            self._done[name] = self._observable(target, rng) if observed else self._process(target, rng)
        return self._done[name]

    def _observable(self, target: Target, rng: np.random.Generator) -> Paths:
        setting = self.problem.extension.observation(target.id)
        inside = target.starts >= START
        twin = setting.equivalent_to
        if twin is None:
            found = self.forecaster.paths(target.id, target.ends[inside], target.figures[inside], rng)
        else:
            found = self._equivalent(target, twin, inside, setting.difference_sd, rng)
        if np.all(inside):
            return found
        positive = noise_of(self.problem.observables[target.id].distribution, setting).logarithmic
        before = ProcessSetting(target.series.id, scale="log" if positive else None)
        earlier = self._simulate(target, before, rng)
        return Paths(
            np.hstack([earlier.path[:, ~inside], found.path]),
            np.hstack([earlier.marginal[:, ~inside], found.marginal]),
        )

    def _equivalent(
        self,
        target: Target,
        twin: str,
        inside: Mask,
        sd: float,
        rng: np.random.Generator,
    ) -> Paths:
        """The twin's paths, through its own figures, plus the spread between the two."""
        base = self._aligned(twin, target, inside, one=self.paths(twin).path)
        spread = base + sd * rng.standard_normal(base.shape)
        figures = target.figures[inside]
        known = ~np.isnan(figures)
        return Paths(np.where(known, np.where(known, figures, 0.0), spread), spread)

    def _process(self, target: Target, rng: np.random.Generator) -> Paths:
        setting = self.problem.extension.processes[target.id]
        if setting.leader is None:
            return self._simulate(target, setting, rng)
        led = self.targets[setting.leader]
        inside = (target.starts >= led.starts[0]) & (target.ends <= led.ends[-1])
        leader = self._aligned(setting.leader, target, inside, one=self.paths(setting.leader).path)
        found = self._simulate(target, setting, rng, leader, inside)
        if np.all(inside):
            return found
        whole = self._simulate(target, ProcessSetting(setting.series, setting.scale), rng)
        path, marginal = whole.path.copy(), whole.marginal.copy()
        path[:, inside], marginal[:, inside] = found.path, found.marginal
        return Paths(path, marginal)

    def _simulate(
        self,
        target: Target,
        setting: ProcessSetting,
        rng: np.random.Generator,
        leader: Array | None = None,
        inside: Mask | slice = slice(None),
    ) -> Paths:
        """Paths from its own history, of some of its periods: on its scale, and where its unit lets figures be."""
        measure = self.registry.measures.get(target.series.unit)
        ends, figures = target.ends[inside], target.figures[inside]
        scale = setting.scale or scale_of(measure, figures, leader)
        bounds = (-math.inf, math.inf) if measure is None else BOUNDS[measure]
        moving = replace(setting, scale=scale)
        return simulate(target.id, moving, ends, figures, leader, self.draws, rng, bounds)

    def _aligned(self, leader: str, target: Target, inside: Mask, *, one: Array) -> Array:
        """The leader's paths over the target's periods: of its last month for a stock, else their mean."""
        led = self.targets[leader]
        columns = []
        for start, end in zip(target.starts[inside].tolist(), target.ends[inside].tolist(), strict=True):
            covered = (led.starts >= start) & (led.ends <= end)
            if not np.any(covered):  # the leader is the coarser one
                covered = (led.starts <= start) & (led.ends >= end)
            places = np.flatnonzero(covered)
            if not len(places):
                reason = f"'{leader}' has no period around {target.id} at time {end:g}"
                raise ProblemError(reason, advice="choose a leader that covers it", variable=target.id)
            if target.series.kind == "end":
                places = places[-1:]
            elif target.series.kind == "start":
                places = places[:1]
            columns.append(one[:, places].mean(axis=1))
        return np.column_stack(columns)


class Predicts(Protocol):
    """A predictor, or several mixed."""

    @property
    def targets(self) -> Mapping[str, Target]:
        """What is predicted, by observable or process id."""
        ...

    def paths(self, name: str) -> Paths:
        """Paths of one target."""
        ...


@one_thread_of_algebra
def predict(predictor: Predicts, progress: Progress | None = None) -> pd.DataFrame:
    """Quantiles of every figure.

    Parameters
    ----------
    predictor : Predictor or Mixture
    progress : callable, optional
        Called with (series done, series).

    Returns
    -------
    pandas.DataFrame
        Columns observableId, series, period, median, q05 … q95, in the series' unit; series in the order of the
        problem, periods in order of time. Quantiles are those of the published figure: a period that has one shows
        what all the other figures say of it.
    """
    parts = []
    for done, (name, target) in enumerate(predictor.targets.items(), start=1):
        marginal = predictor.paths(name).marginal
        table = np.quantile(marginal, list(QUANTILES.values()), axis=0)
        part = pd.DataFrame(dict(zip(QUANTILES, table, strict=True)))
        part.insert(0, "observableId", name)
        part.insert(1, "series", target.series.id)
        part.insert(2, "period", target.names)
        parts.append(part)
        if progress is not None:
            progress(done, len(predictor.targets))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _overlap(targets: Mapping[str, Target], name: str, leader: str | None) -> bool:
    """Whether a series has a figure since its leader began; a series without a leader needs none."""
    if leader is None:
        return True
    if leader not in targets:
        return False
    own = targets[name]
    return bool(np.any(own.starts[~np.isnan(own.figures)] >= targets[leader].starts[0]))


def _targets(problem: Problem, registry: Registry, last: pd.Period) -> dict[str, Target]:
    """Every predicted series: observables that name one, then processes."""
    named = {item.id: item.series for item in problem.observables.values() if item.series}
    named.update({key: item.series for key, item in problem.extension.processes.items()})
    targets: dict[str, Target] = {}
    for name, series_id in named.items():
        if series_id not in registry:
            known = [item.id for item in registry]
            reason = f"'{name}' names the series '{series_id}', which the registry does not have"
            advice = suggest(series_id, known) or "'sd-covid data status' lists the series"
            row = problem.observables[name].row if name in problem.observables else None
            if row is not None:
                raise row.error("series", reason, advice)
            raise ProblemError(reason, advice=advice, file=problem.path, variable=name)
        targets[name] = _target(problem, name, registry.series(series_id), last)
    return targets


def _target(problem: Problem, name: str, series: Series, last: pd.Period) -> Target:
    setting = problem.extension.observation(name)
    periods = _all_periods(series, setting, last)
    spans = np.array([setting.span(period, series.frequency) for period in periods])
    published = dict(
        zip([setting.span(p, series.frequency)[1] for p in series.rows.index], series.values, strict=True)
    )
    own = {m.time: m.value for m in problem.measurements if m.observable == name}
    if name not in problem.observables or not own:
        own = published
    else:  # the tables hold the figures from the model's start on; earlier ones come from the registry
        own = {**{time: value for time, value in published.items() if time <= START}, **own}
    figures = np.array([own.get(end, math.nan) for end in spans[:, 1].tolist()])
    return Target(name, series, tuple(periods), spans[:, 0], spans[:, 1], figures)


def _all_periods(series: Series, setting: ObservationSetting, last: pd.Period) -> list[pd.Period]:
    """Periods from the first figure to the last that is over by the given month, or has begun for a first-day stock."""
    limit = model_time(last, "month")[1]
    monthly = series.frequency in ("month", "half-year", "instant")
    beyond = pd.Period(year=last.year + 1, month=12, freq="M")
    final = beyond if monthly else beyond.asfreq(series.first.freqstr)
    moment = 0 if series.kind == "start" else 1
    periods = periods_between(series.first, final, series.frequency)
    return [period for period in periods if setting.span(period, series.frequency)[moment] < limit + moment]
