"""Why two runs differ: the paths along which a difference goes from what was set otherwise to an outcome, over time.

In go the courses of two runs of one model; out comes what each path from a setting to the outcome carries. What all
paths carry, and what was not followed to the end, add up to the difference at every instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.loops.shares import share_out
from sd_covid.analysis.loops.ways import Path, Ways
from sd_covid.engine.course import Course

Floats = NDArray[np.float64]

#: A path is followed on while it carries this share of the difference of the outcome.
FOLLOWED = 0.01
MOST = 1000


@dataclass(frozen=True, slots=True)
class Carried:
    """What one path carries.

    Attributes
    ----------
    path : tuple of str
        Keys of variables from the one that was set otherwise to the outcome.
    values : ndarray, shape (instant,)
        In the unit of the outcome.
    """

    path: Path
    values: Floats


@dataclass(frozen=True, slots=True)
class Explained:
    """The difference of an outcome between two runs, by path.

    Attributes
    ----------
    times : ndarray, shape (instant,)
    difference : ndarray, shape (instant,)
    paths : tuple of Carried
        The one that carries most first, by the mean of its size.
    other : ndarray, shape (instant,)
        What paths carry that were not followed to the end; with `paths` it adds up to the difference.
    followed : int
        Paths and beginnings of paths that were followed.
    """

    times: Floats
    difference: Floats
    paths: tuple[Carried, ...]
    other: Floats
    followed: int


def explain(
    first: Course, second: Course, outcome: Sequence[int], *, follow: float = FOLLOWED, most: int = MOST
) -> Explained:
    """Find the paths along which two runs come to differ in an outcome.

    Parameters
    ----------
    first, second : Course
        Of the same equations; the difference is second less first.
    outcome : sequence of int
        Quantities of one variable; their differences are added.
    follow : float
        A path is followed on while it carries at least this share of the difference of the outcome, over the whole run;
        0 follows all.
    most : int
        Beginnings of paths that are followed at most.

    Returns
    -------
    Explained

    Raises
    ------
    RunError
        As for `share_out`.
    """
    shared = share_out(first, second)
    ways = Ways(shared, outcome)
    ways.grow(follow, most)
    ways.settle()
    at = np.arange(0, len(first.times), first.every)
    difference = shared.differences[list(outcome)].sum(axis=0)[at]
    found = [Carried(label, values[at]) for label, values in ways.carried()]
    found = [item for item in found if item.values.any()]
    found.sort(key=lambda item: -float(np.abs(item.values).mean()))
    other = difference - sum((item.values for item in found), np.zeros(len(at)))
    return Explained(first.times[at], difference, tuple(found), other, len(ways.labels))
