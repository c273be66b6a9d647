"""Slots of time: how many a function needs whose contents move up by one at every step, and what profiles put in them.

A number of slots is fixed when a model is lowered, by the constants of the file.
"""

from __future__ import annotations

import math

from sd_covid.engine.functions.lookups import area_to, named_table
from sd_covid.engine.functions.memory import by_default
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call

MAX_SLOTS = 2000
NEAR = 1e-6  # of a slot: rounding in a time divided by TIME STEP


def run_steps(here: Context, call: Call, what: str | None = None) -> int:
    """Steps of the model's own run, of which ``what`` keeps every one."""
    refuse_moving_bounds(here, call)
    control = here.lowering.out.control
    initial, final, step = (
        by_default(here, control[name]) for name in ("initial time", "final time", "time step")
    )
    return checked(here, call, max(1, math.ceil((final - initial) / step - NEAR)), what)


def refuse_moving_bounds(here: Context, call: Call) -> None:
    """Slots are as long as TIME STEP, so that must not change."""
    if here.lowering.out.clock is not None:
        raise here.error(
            f"{call.function} needs time bounds that do not change in a run",
            call.place,
            "write TIME STEP, FINAL TIME and SAVEPER as constants",
        )


def checked(here: Context, call: Call, slots: int, what: str | None = None) -> int:
    """A number of slots, unless it is too large; ``what`` needs them, by default the call."""
    if slots > MAX_SLOTS:
        raise here.error(
            f"{what or call.function} would need {slots} steps to be kept, more than the {MAX_SLOTS} that can be",
            call.place,
            "shorten the time that it looks back or the run, or lengthen TIME STEP",
        )
    return slots


def slots_of(here: Context, time: int) -> int:
    """The slots that a time at the start takes, by the constants of the file; at least one."""
    start = here.at_start()
    steps = by_default(here, start.add("div", time, time_step(start)))
    if not (math.isfinite(steps) and steps >= 0):
        raise here.error(f"a time of {steps:g} steps has no meaning", here.variable.place, "make it positive")
    return max(1, math.ceil(steps - NEAR))


def counted(here: Context, call: Call, node: int, most: int, what: str) -> int:
    """A number of things, by the constants of the file."""
    found = by_default(here, node)
    if not 0.5 <= found < most + 0.5:
        raise here.error(
            f"{call.function} is given {found:g} {what}, not from 1 to {most}",
            call.place,
            "correct the argument that says how many",
        )
    return round(found)


def is_constant(here: Context, node: int) -> bool:
    """Whether a node does not change in a run."""
    return here.lowering.graph(here.step).nodes[node][0] in ("number", "constant")


def density(here: Context, call: Call, position: int) -> LookupTable:
    """The table that a call names as an argument, read as a density: nowhere negative, somewhere positive."""
    table = named_table(here, call, position)
    if min(table.y) < 0 or area(table) <= 0:
        raise here.error(
            f"the profile of {call.function} has no positive area, or is negative somewhere",
            call.place,
            "give it points of positive x-range whose values are 0 or more",
        )
    return table


def area(table: LookupTable) -> float:
    """The area below a table."""
    pairs = zip(table.x, table.x[1:], table.y, table.y[1:], strict=False)
    return sum((b - a) * (c + d) / 2 for a, b, c, d in pairs)


def mean(table: LookupTable) -> float:
    """The mean x of a table that is read as a density, above its first x."""
    total = 0.0
    for a, b, c, d in zip(table.x, table.x[1:], table.y, table.y[1:], strict=False):
        left, right = a - table.x[0], b - table.x[0]
        total += (b - a) * (c * (2 * left + right) + d * (left + 2 * right)) / 6  # the density is linear
    return total / area(table)


def share_before(here: Context, table: LookupTable, part: int) -> int:
    """The share of a profile's area that lies before a part of its length."""
    add, number = here.add, here.number
    held = add("max", number(0.0), add("min", number(1.0), part))
    x = add("add", number(table.x[0]), add("mul", held, number(table.x[-1] - table.x[0])))
    return add("div", area_to(here, table, x), number(area(table)))
