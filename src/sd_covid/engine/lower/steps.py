"""A constant or a data series that changes on given days: from a time on it has another value.

Each step is three settable constants of the model, so that one kernel serves every sequence of at most as many steps,
members may differ in them, and derivatives with respect to values are exact.

==================================  ==========================================================================
name                                means
==================================  ==========================================================================
``NOW level(step 1 from)``          time of the first step; infinity, its default, is never
``NOW level(step 1)``               value from then on; NaN, its default, leaves the constant at its own
``NOW level(step 1 factor)``        by which that is multiplied; 1 by default
``weight(step 1)[young]``           the same of an element
==================================  ==========================================================================

As with STEP and with ``Time >= start``, a step holds from the first instant that is not before its time. Of two steps
in force the later number holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.free import settable

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

_STEP = re.compile(
    r"(?P<name>.*\S)\s*\(step[ _]+(?P<number>\d+)(?:[ _]+(?:from|factor))?\)(?:\[.*\])?", re.IGNORECASE
)


class StepNames(NamedTuple):
    """Names of the three constants of a step."""

    since: str
    value: str
    factor: str


def step_names(name: str, number: int) -> StepNames:
    """What the constants of a step are called.

    Parameters
    ----------
    name : str
        A constant or data series, or ``name[Element]``.
    number : int
        Which of its steps, from 1.

    Examples
    --------
    >>> step_names("weight[young]", 2).value
    'weight(step 2)[young]'
    """
    base, bracket, elements = name.partition("[")
    return StepNames(
        *(f"{base}(step {number}{part}){bracket}{elements}" for part in (" from", "", " factor"))
    )


def steps_among(names: Iterable[str]) -> dict[str, int]:
    """How many steps some names of constants ask for, by the name of what steps.

    Examples
    --------
    >>> steps_among(["rate", "level(step 1)", "level(step 2 from)"])
    {'level': 2}
    """
    found: dict[str, int] = {}
    for name in names:
        match = _STEP.fullmatch(name)
        if match is not None:
            found[match["name"]] = max(int(match["number"]), found.get(match["name"], 0))
    return found


def stepped(lowering: Lowering, step: bool, cell: Cell, own: int) -> int:
    """What a constant or data series is at this moment.

    Parameters
    ----------
    lowering : Lowering
    step : bool
        Which graph; in the init graph the moment is INITIAL TIME.
    cell : Cell
    own : int
        Node of its value without steps.
    """
    count = lowering.free.steps.get(cell.variable, 0)
    name = lowering.model.variables[cell.variable].name
    now = own
    for number in range(1, count + 1):
        since, value, factor = (
            _constant(lowering, step, spelled, cell.elements, default)
            for spelled, default in zip(step_names(name, number), (math.inf, math.nan, 1.0), strict=True)
        )
        given = lowering.add(step, "select", lowering.add(step, "eq", value, value), value, own)
        changed = lowering.add(step, "mul", given, factor)
        now = lowering.add(step, "select", lowering.add(step, "ge", lowering.time(step), since), changed, now)
    return now


def _constant(lowering: Lowering, step: bool, name: str, elements: tuple[str, ...], default: float) -> int:
    """A constant of a step, in a graph."""
    leaf = settable(lowering, name, elements, default)
    return lowering.held(leaf) if step else leaf
