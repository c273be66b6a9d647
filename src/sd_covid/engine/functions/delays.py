"""Discrete delays whose delay time changes: DELAY MATERIAL and DELAY INFORMATION.

What is under way stands in slots, one for each step to come; all move up by one each step. As nothing can come later
than the end of the run, there are as many slots as the model's run has steps; a run made longer gives NaN from there
on. With a delay time that does not change both are DELAY FIXED.
"""

from __future__ import annotations

import math

from sd_covid.engine.functions.elementary import Lower, one_if
from sd_covid.engine.functions.memory import FUNCTIONS as MEMORY
from sd_covid.engine.functions.memory import delay_steps
from sd_covid.engine.functions.slots import is_constant, run_steps
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call


def within_steps(here: Context, count: int, x: int) -> int:
    """A value, and NaN once the run is longer than there are slots."""
    start = here.held(here.lowering.out.control["initial time"])
    end = here.add("add", start, here.add("mul", here.number(count + 0.5), time_step(here)))
    late = here.add("gt", here.lowering.time(here.step), end)
    return here.add("select", late, here.number(math.nan), x)


def _delay_material(here: Context, call: Call) -> int:
    """DELAY MATERIAL(input, delay time, initial value, missing): what arrives together is added.

    Until the first delay time has passed the initial value comes out; then, where nothing arrives, the missing value.
    """
    x, time, initial, missing = call.arguments
    if not here.step or is_constant(here, here.value(time)):
        return MEMORY["delay fixed"](here, Call("DELAY FIXED", (x, time, initial), place=call.place))
    count, start = run_steps(here, call), here.at_start()
    first = delay_steps(start, start.value(time))
    amounts: list[int] = []
    arrivals: list[int] = []

    def arriving(later: Context, k: int) -> int:
        steps = delay_steps(later, later.value(time))
        return later.add("eq", steps, later.number(k + 1.0))

    for k in range(count):
        waiting = start.add("lt", start.number(k + 0.5), first)
        filled = start.add("select", waiting, start.value(initial), start.number(0.0))

        def amount(later: Context, me: int, k: int = k) -> int:
            entering = later.add("select", arriving(later, k), later.value(x), later.number(0.0))
            behind = amounts[k + 1] if k + 1 < count else later.number(0.0)
            return later.add("add", behind, entering)

        def arrival(later: Context, me: int, k: int = k) -> int:
            behind = arrivals[k + 1] if k + 1 < count else later.number(0.0)
            return later.add("max", behind, one_if(later, arriving(later, k)))

        amounts.append(here.remember(Update.ASSIGN, filled, amount))
        arrivals.append(here.remember(Update.ASSIGN, one_if(start, waiting), arrival))
    there = here.add("gt", arrivals[0], here.number(0.5))
    return within_steps(here, count, here.add("select", there, amounts[0], here.value(missing)))


def _delay_information(here: Context, call: Call) -> int:
    """DELAY INFORMATION(input, delay time, initial value): what is sent replaces all that would arrive after it."""
    x, time, initial = call.arguments
    if not here.step or is_constant(here, here.value(time)):
        return MEMORY["delay fixed"](here, Call("DELAY FIXED", (x, time, initial), place=call.place))
    count, start = run_steps(here, call), here.at_start()
    values: list[int] = []
    for k in range(count):

        def following(later: Context, me: int, k: int = k) -> int:
            steps = delay_steps(later, later.value(time))
            newer = later.add("le", steps, later.number(k + 1.0))
            return later.add("select", newer, later.value(x), values[min(k + 1, count - 1)])

        values.append(here.remember(Update.ASSIGN, start.value(initial), following))
    return within_steps(here, count, values[0])


FUNCTIONS: dict[str, Lower] = {
    "delay material": _delay_material,
    "delay information": _delay_information,
}
