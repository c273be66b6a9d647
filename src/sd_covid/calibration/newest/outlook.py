"""The newest figure of every series beside what the stored draws expect of it, and the figure that comes next.

In: a problem with a stored posterior, its series, and a day. Out: for every predicted series its recent figures, each
with the band in which all other figures of the series and the draws put it, on which side of the band the newest lies
and since when, and the band of the figure that is to come. What changed since an earlier look is for `outlook_changes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.forecasts.predict import Predictor, Target
from sd_covid.calibration.problem.measurements import from_registry
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.stored.seen import Figure, seen_figures
from sd_covid.calibration.stored.store import read_posterior
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.validity.report import Point
from sd_covid.calibration.workflow import Step, load_problem, posterior_file
from sd_covid.data import (
    Registry,
    Series,
    following,
    format_period,
    last_month,
    read_registry,
    release_day,
)
from sd_covid.errors import ProblemError

Side = Literal["above", "on", "below"]
Basis = Literal["model", "history"]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
OUTSIDE = 0.1
"""Share of figures outside a band of 90 %, when the band is right."""
RECENT = 16
"""Figures of a series that are shown."""


@dataclass(frozen=True, slots=True)
class Next:
    """The figure of a series that the files do not have yet.

    Attributes
    ----------
    period : str
    due : date or None
        Day on which it is expected, by the lag of earlier releases; None when the series is closed or irregular.
    overdue : bool
        Whether that day has passed.
    point : Point or None
        What is expected of it, its figure NaN; None when no figure is to come.
    """

    period: str
    due: date | None
    overdue: bool
    point: Point | None


@dataclass(frozen=True, slots=True)
class Expected:
    """A series beside what is expected of it.

    Attributes
    ----------
    observable, series : str
        Id under which it is predicted, and in the registry.
    basis : {'model', 'history'}
        Expected by the model, or from the series' own history and that of a leader.
    seen : bool
        Whether the draws were fitted to the newest figure: the band is then a little too kind to it.
    same_as : tuple of str
        Series that tell the same, so that this one does not count.
    side : {'above', 'on', 'below'}
        Where the newest figure lies, of the band of 90 %.
    since : str
        First period of the unbroken run of figures on that side, up to the newest; empty when it is on the band.
    points : tuple of Point
        Recent figures, the newest last. A band is that of the published figure, all noise included, from all the
        other figures of the series; for the newest these are those before it.
    next : Next
    """

    observable: str
    series: str
    basis: Basis
    seen: bool
    same_as: tuple[str, ...]
    side: Side
    since: str
    points: tuple[Point, ...]
    next: Next

    @property
    def newest(self) -> Point:
        """The newest figure."""
        return self.points[-1]

    @property
    def counts(self) -> bool:
        """Whether it is counted: no other series tells the same."""
        return not self.same_as


@dataclass(frozen=True, slots=True)
class Outlook:
    """All series on one day.

    Attributes
    ----------
    made : date
    problem : Path
    posterior : str
        First digits of the hash of the draws.
    model_hash : str
    draws, seed : int
    registry : Registry
    series : tuple of Expected
        In the order of the problem.
    """

    made: date
    problem: Path
    posterior: str
    model_hash: str
    draws: int
    seed: int
    registry: Registry
    series: tuple[Expected, ...]

    def heading(self, item: Expected) -> str:
        """Heading of the dashboard under which a series stands: its theme's, or the theme itself."""
        theme = self.registry.series(item.series).theme
        return self.registry.heading_of.get(theme, theme)


def expected_outside(count: int) -> float:
    """How many of so many figures lie outside their bands by chance alone, when every band is right."""
    return OUTSIDE * count


def side_of(point: Point) -> Side:
    """Where a figure lies; on the edge is on the band."""
    if point.figure > point.high_90:
        return "above"
    return "below" if point.figure < point.low_90 else "on"


@one_thread_of_algebra
def outlook(
    path: Path | str,
    today: date,
    *,
    simulator: Simulator | None = None,
    seed: int = 0,
    progress: Step | None = None,
) -> Outlook:
    """Lay the newest figure of every predicted series beside what the stored draws expect of it.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    today : date
        From which day on a release is overdue.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    seed : int
    progress : callable, optional
        Called with (stage, done, total); stages are runs and predict.

    Returns
    -------
    Outlook

    Raises
    ------
    ProblemError, ModelError, DataError, RunError
    """
    tables, simulator = load_problem(path, simulator)
    registry = read_registry(tables.folder / "series")
    file = posterior_file(tables)
    stored = read_posterior(file)
    known = seen_figures(tables, stored, file)
    # Figures that came after the tables were made count as published; a variant has those of the problem it extends.
    problem = from_registry(tables, registry) if tables.base is None else tables
    predictor = Predictor(
        problem,
        simulator,
        registry,
        stored,
        last_month=str(_horizon(problem, registry)),
        seed=seed,
        progress=None if progress is None else lambda done, total: progress("runs", done, total),
    )
    found = []
    for done, name in enumerate(predictor.targets, start=1):
        found.append(_expected(predictor, name, known, today))
        if progress is not None:
            progress("predict", done, len(predictor.targets))
    return Outlook(
        made=today,
        problem=problem.path,
        posterior=hashlib.sha256(file.read_bytes()).hexdigest()[:12],
        model_hash=str(stored.provenance["model_hash"]),
        draws=len(stored.frame),
        seed=seed,
        registry=registry,
        series=tuple(found),
    )


def _horizon(problem: Problem, registry: Registry) -> pd.Period:
    """Month up to which every series has its newest period, and the next where a figure is to come."""
    names = [item.series for item in problem.observables.values() if item.series]
    names += [item.series for item in problem.extension.processes.values()]
    coming = [(item, following(item, item.last)) for name in names if (item := registry.by_id.get(name))]
    ends = [
        last_month(period if release_day(item, period) else item.last, item.frequency)
        for item, period in coming
    ]
    if not ends:
        advice = "name series in the column 'series' of the observables, or under 'processes'"
        raise ProblemError("the problem predicts no series", advice=advice, file=problem.path)
    # a month more, for a school year that is counted to September
    last: pd.Period = max(ends) + 1
    return last


def _expected(predictor: Predictor, name: str, known: Sequence[Figure], today: date) -> Expected:
    """One series."""
    target, problem = predictor.targets[name], predictor.problem
    bands = np.quantile(predictor.paths(name).marginal, LEVELS, axis=0)
    published = np.flatnonzero(~np.isnan(target.figures))
    points = [_point(target, place, bands) for place in published.tolist()]
    side = side_of(points[-1])
    run = len(points)
    while side != "on" and run > 0 and side_of(points[run - 1]) == side:
        run -= 1
    observed = name in problem.observables
    twin = problem.extension.observation(name).equivalent_to if observed else None
    twins = (problem.observables[twin].series,) if twin is not None else ()
    newest = points[-1]
    return Expected(
        observable=name,
        series=target.series.id,
        basis="model" if observed else "history",
        seen=any(item[0] == name and item[2] == newest.end and item[3] == newest.figure for item in known),
        same_as=tuple(dict.fromkeys((*twins, *target.series.equivalent_to))),
        side=side,
        since=points[run].period if side != "on" else "",
        points=tuple(points[-RECENT:]),
        next=_next(target, int(published[-1]), bands, today),
    )


def _point(target: Target, place: int, bands: Array) -> Point:
    low, quarter, middle, three, high = bands[:, place].tolist()
    period = format_period(target.periods[place], target.series.frequency)
    figure, end = float(target.figures[place]), float(target.ends[place])
    return Point(period, end, figure, False, middle, low, quarter, three, high)


def _next(target: Target, newest: int, bands: Array, today: date) -> Next:
    """The period after that of the newest figure."""
    series: Series = target.series
    period = following(series, target.periods[newest])
    due = release_day(series, period)
    spelled = format_period(period, series.frequency)
    place = next((at for at, item in enumerate(target.periods) if item == period), None)
    point = None if due is None or place is None else _point(target, place, bands)
    return Next(spelled, due, due is not None and due < today, point)
