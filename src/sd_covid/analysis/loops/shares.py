"""What each input of an equation brings to the difference of its result between two runs.

Inputs are changed one after another, once in order and once in reverse, and the mean is taken. So the shares add up to
the difference for any equation, one that jumps included; where inputs act in pairs, they are the values of Shapley
(1953, Contributions to the Theory of Games II).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Update
from sd_covid.engine.separate.course import Course
from sd_covid.engine.separate.equations import Equations
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """What each input brings to the difference of each quantity, between two runs.

    Attributes
    ----------
    equations : Equations
    step : float
    differences : ndarray, shape (quantity, step)
    shares : list of ndarray, each of shape (input, step)
        Of the difference of an equation, by its inputs; they and `settings` add up to it. Of a state, of its net flow.
    settings : list of ndarray, each of shape (step,)
        Of the same, by what was set otherwise in the equation itself.
    """

    equations: Equations
    step: float
    differences: Floats
    shares: list[Floats]
    settings: list[Floats]


def share_out(first: Course, second: Course) -> Shares:
    """Share the difference of every equation among its inputs.

    Parameters
    ----------
    first, second : Course
        Of the same equations, over the same times.

    Returns
    -------
    Shares

    Raises
    ------
    RunError
        For a model that is not integrated by Euler's method, whose steps are not the sum of what its equations say; for
        runs over other times.
    """
    equations = first.equations
    if equations.program.method is not Method.EULER:
        raise RunError(
            f"under {equations.program.method} a step is more than its equations say",
            advice="take Euler's method for --between",
        )
    if first.times.shape != second.times.shape or (first.times != second.times).any():
        raise RunError("the two runs are over other times", advice="leave the time bounds alone")
    if any(state.update is Update.RING for state in equations.program.states):
        raise RunError(
            "a DELAY FIXED passes on what came in long ago, which no path tells",
            advice="use DELAY3 or DELAY N",
        )
    shares, settings = [], []
    for number in range(len(equations.quantities)):
        found = _shares(first, second, number)
        shares.append(found[:-1])
        settings.append(found[-1])
    return Shares(equations, first.step, second.values - first.values, shares, settings)


def _shares(first: Course, second: Course, number: int) -> Floats:
    """The shares of an equation's inputs, and last those of what was set otherwise in it. Shape (input + 1, step)."""
    item = first.equations.quantities[number]
    count, steps = len(item.inputs), np.arange(len(first.times))
    row = {cause: place for place, cause in enumerate(item.inputs)}
    holding = first.equations.holding
    # Row k of `ahead` has the first k inputs as in the second run; of `behind` all but the first k.
    ranks = np.arange(count + 2)[:, None]

    def value(order: int) -> Floats:
        def leaf(kind: str, k: int) -> Floats:
            one, other = first.leaf(kind, k, steps), second.leaf(kind, k, steps)
            place = row[holding[k] if kind == "state" else k] if kind in ("quantity", "state") else count
            rank = place if order > 0 else count - place
            return np.where(ranks > rank, other, one)

        found = first.evaluated(number, steps, leaf)
        return np.broadcast_to(found, (count + 2, len(steps)))

    ahead, behind = np.diff(value(1), axis=0), np.diff(value(-1), axis=0)[::-1]
    return np.asarray((ahead + behind) / 2)
