"""Why two runs differ: the paths along which a difference goes from what was set otherwise to an outcome, over time.

In go the courses of two runs of one model; out comes what each path from a setting to the outcome carries. What all
paths carry, and what was not followed to the end, add up to the difference at every instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.loops.shares import share_out
from sd_covid.analysis.loops.transfer import Path
from sd_covid.analysis.loops.ways import Ways
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.separate.course import Course
from sd_covid.engine.separate.equations import Equations
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

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
    settings : dict
        Of each variable at the beginning of a path, the constants in its equation that were set otherwise; none where
        it is only what it was at the start.
    """

    times: Floats
    difference: Floats
    paths: tuple[Carried, ...]
    other: Floats
    followed: int
    settings: dict[str, tuple[Cell, ...]]


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
    begins = {item.path[0]: _set_otherwise(first, second, item.path[0]) for item in found}
    return Explained(first.times[at], difference, tuple(found), other, len(ways.labels), begins)


def _set_otherwise(first: Course, second: Course, variable: str) -> tuple[Cell, ...]:
    """The constants that the equations of a variable read, by way of others too, and that the runs differ in."""
    equations, program = first.equations, first.equations.program
    differ = set(np.flatnonzero(first.settings != second.settings).tolist())
    found: dict[Cell, None] = {}
    for item in equations.quantities:
        read = [
            k for kind, k in item.others if kind == "constant" and first.constants[k] != second.constants[k]
        ]
        if item.cell.variable == variable and read:
            for node in program.init.order([program.constants[k] for k in read]):
                kind, number = program.init.nodes[node][:2]
                if kind == "parameter" and number in differ:
                    found[program.parameters[number].cell] = None
    return tuple(found)


def outcome_of(simulation: Simulation, equations: Equations, name: str) -> list[int]:
    """The quantities of a variable, or of an element.

    Raises
    ------
    UnknownNameError
        For a name that the model does not have.
    RunError
        For one that does not change as the model runs.
    """
    cells = set(simulation.names.cells(name))
    found = [k for k, item in enumerate(equations.quantities) if item.cell in cells and not item.hidden]
    if not found:
        raise RunError(f"'{name}' does not change as the model runs", variable=name, advice="name what does")
    return found
