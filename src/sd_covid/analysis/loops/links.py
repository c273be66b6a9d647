"""The links of a model along a run: their scores by Loops That Matter, and their slopes.

In goes a `Course`; out comes for each link, and each instant of it, what share of the change of its effect came along
it. With Δ the change over one TIME STEP and Δx z what z would have changed had x alone changed, the score of x -> z
is |Δx z / Δz| with the sign of Δx z / Δx, and 0 where x or z does not change (Schoenberg, Davidsen & Eberlein 2020,
System Dynamics Review 36(2), eq. 1). A stock stands as an effect for its net flow, so the score of a flow is its
change over the change of the net flow (Schoenberg, Hayward & Eberlein 2023, System Dynamics Review 39(2), eq. 3). All
links of an instant look at the same step, so that what is between two stocks cancels out of a path (their eq. 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.separate.course import Course
from sd_covid.engine.separate.equations import Equations
from sd_covid.errors import RunError

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

#: Changes below this share of a quantity are rounding: a few units in the last place of what went into it.
_ROUNDING = 16 * np.finfo(float).eps


@dataclass(frozen=True)
class Links:
    """Scores and slopes of all links, in the order of the quantities they lead to.

    Attributes
    ----------
    equations : Equations
    times : ndarray, shape (instant,)
        The end of the step that a score is about. Every SAVEPER but the first.
    pairs : list of (int, int)
        Numbers of cause and effect.
    scores : ndarray, shape (link, instant)
        Dimensionless.
    slopes : ndarray, shape (link, instant)
        Partial derivative of the effect by the cause; of a stock, of its net flow. Unit: of the effect over the cause.
    """

    equations: Equations
    times: Floats
    pairs: list[tuple[int, int]]
    scores: Floats
    slopes: Floats

    @cached_property
    def number(self) -> dict[tuple[int, int], int]:
        """The link between two quantities."""
        return {pair: k for k, pair in enumerate(self.pairs)}

    def of(self, loop: tuple[int, ...]) -> list[int]:
        """The links of a loop, given by its quantities in order of effect."""
        return [self.number[pair] for pair in zip(loop, (*loop[1:], loop[0]), strict=True)]


def score_links(course: Course) -> Links:
    """Scores and slopes of all links, at every SAVEPER.

    Parameters
    ----------
    course : Course

    Returns
    -------
    Links

    Raises
    ------
    RunError
        For a run without a SAVEPER after its start, in which nothing changes.
    """
    now = np.arange(course.every, len(course.times), course.every)
    if not len(now):
        raise RunError(
            "the run ends before its first SAVEPER, so no change is seen", advice="let it run longer"
        )
    equations = course.equations
    pairs = [(cause, k) for k, item in enumerate(equations.quantities) for cause in item.inputs]
    scores = [_scores(course, k, now) for k in range(len(equations.quantities))]
    slopes = [course.slopes(k, now) for k in range(len(equations.quantities))]
    nothing = np.zeros((0, len(now)))
    return Links(
        equations,
        course.times[now],
        pairs,
        np.concatenate([nothing, *scores]),
        np.concatenate([nothing, *slopes]),
    )


def _scores(course: Course, number: int, now: Instants) -> Floats:
    """The scores of the links into one quantity, shape (input, instant)."""
    before, item = now - 1, course.equations.quantities[number]
    if not item.inputs:
        return np.zeros((0, len(now)))
    then = course.computed(number, before)
    change = course.computed(number, now) - then
    alone = course.changed_alone(number, now, before) - then
    of = course.values[list(item.inputs)]
    moved = of[:, now] - of[:, before]
    largest = np.maximum(np.abs(of[:, now]), np.abs(of[:, before]))
    still = (np.abs(moved) <= _ROUNDING * largest) | (change == 0)
    with np.errstate(all="ignore"):
        found = np.abs(alone / change) * np.sign(alone) * np.sign(moved)
    return np.where(still, 0.0, found)
