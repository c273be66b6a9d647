"""The points at which a run was saved: their days, the years that they cover, and means between them.

In come model times or days; out come days, positions and means. Dates and model time are `sd_covid.policy.calendar`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.types import Floats


def dates_of(time: Floats, calendar: Calendar) -> NDArray[np.datetime64]:
    """The days of model times, shape (time,)."""
    return np.array([calendar.date(float(now)) for now in time], dtype="datetime64[D]")


def new_year(year: int) -> np.datetime64:
    """The first of January."""
    return np.datetime64(f"{year:04d}-01-01")


def index_of(dates: NDArray[np.datetime64], day: np.datetime64) -> int:
    """Position of a day among the saved points.

    Raises
    ------
    RunError
        When it is none of them.
    """
    found = np.flatnonzero(dates == day)
    if found.size == 0:
        raise RunError(f"{day} is not among the saved points, {dates[0]} to {dates[-1]}")
    return int(found[0])


def years_of(dates: NDArray[np.datetime64]) -> tuple[int, ...]:
    """The years that saved points cover to their last day."""
    first, last = (int(str(day)[:4]) for day in (dates[0], dates[-1]))
    # Of a first of January the year itself is covered from there on, of a last one no more than the years before it.
    return tuple(range(first if dates[0] == new_year(first) else first + 1, last))


def mean_between(time: Floats, path: Floats, start: int, end: int) -> Floats:
    """Mean of paths whose last axis is time between two saved points, by the trapezium rule; shape (...,)."""
    integral = np.trapezoid(path[..., start : end + 1], time[start : end + 1], axis=-1)
    return np.asarray(integral / (time[end] - time[start]), dtype=np.float64)


def means_between(time: Floats, path: Floats, edges: Sequence[int]) -> Floats:
    """Means of paths whose last axis is time from each of these saved points to the next; shape (..., edges - 1)."""
    # Span by span: what is computed of one stays in the cache.
    means = [mean_between(time, path, *pair) for pair in pairwise(edges)]
    return np.stack(means, axis=-1) if means else np.zeros((*path.shape[:-1], 0))
