"""Delays of what is under way: DELAY CONVEYOR, DELAY BATCH, DELAY PROFILE.

Meanings are those of Vensim's manual; where it leaves something open the choice stands beside the function. All three
move by whole steps, whatever the method of integration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from sd_covid.engine.functions.conveyor_step import sum_of
from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.slots import (
    checked,
    density,
    is_constant,
    mean,
    refuse_moving_bounds,
    run_steps,
    share_before,
    slots_of,
)
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call

Following = Callable[[Context, int], int]

SLIVER = 1e-9  # of what one step brought: less than that is rounding
SPARE = 2  # times the slots that the file needs: a member may have a time that is so much longer


# --- DELAY CONVEYOR --------------------


@dataclass(slots=True)
class _Belt:
    """What each step brought onto a belt of length 1, from the newest on, and how far the front of each has come."""

    amounts: list[int]
    fronts: list[int]

    def leaving(self, here: Context, travel: int) -> list[int]:
        """The part of each that a step of travel takes off the belt: it lies evenly between its front and the next."""
        add, number = here.add, here.number
        parts, back, one, none = [], number(0.0), number(1.0), number(0.0)
        for front in self.fronts:
            held = add("min", front, one)
            length = add("sub", held, back)
            there = add("gt", length, number(SLIVER * SLIVER))
            past = add("sub", add("add", held, travel), one)
            part = add("div", past, add("select", there, length, one))
            part = add("select", add("lt", part, number(SLIVER)), none, part)
            part = add("select", add("gt", part, number(1.0 - SLIVER)), one, part)
            parts.append(add("select", there, part, one))
            back = front
        return parts

    def outflow(self, here: Context, travel: int) -> int:
        """What leaves, per unit of time; NaN where something has not left by the time that the slots end."""
        add, number = here.add, here.number
        parts = self.leaving(here, travel)
        out = sum_of(here, [add("mul", a, part) for a, part in zip(self.amounts, parts, strict=True)])
        stays = add("lt", parts[-1], number(1.0))
        stays = add("and", stays, add("ne", self.amounts[-1], number(0.0)))
        return add("select", stays, number(math.nan), add("div", out, time_step(here)))


def _first_belt(start: Context, call: Call, count: int) -> _Belt:
    """What is on a belt at the start: a total that leaves in the first transit time as the profile says."""
    add, number = start.add, start.number
    table = density(start, call, 3)
    total, transit = (start.value(argument) for argument in call.arguments[4:])
    travel = add("div", time_step(start), transit)
    fronts = [add("mul", number(k + 1.0), travel) for k in range(count)]
    before = [share_before(start, table, add("sub", number(1.0), part)) for part in (number(0.0), *fronts)]
    amounts = [add("mul", total, add("sub", before[k], before[k + 1])) for k in range(count)]
    return _Belt(amounts, fronts)


def _delay_conveyor(here: Context, call: Call) -> int:
    """DELAY CONVEYOR(input, time, leak, profile, initial amount, initial time).

    All that is on the belt moves at the speed of now, 1 / time. As in the manual, a leak takes its part of all that is
    left and of what has just come: total leakage = (total + TIME STEP * (input - outflow)) * leak. What one step
    brought lies evenly on the stretch that the belt moved: so a time that is no multiple of TIME STEP, or that changes,
    spreads it over two steps, and nothing is lost.
    """
    refuse_moving_bounds(here, call)
    start, time = here.at_start(), here.value(call.arguments[1])
    transits = [start.value(call.arguments[k]) for k in (1, 5)]
    count = max(slots_of(here, transit) for transit in transits)
    travel = here.add("div", time_step(here), time)
    if not here.step:
        return _first_belt(here, call, count).outflow(here, travel)
    steady = is_constant(here, time)
    count = checked(here, call, SPARE * count if steady else count + run_steps(here, call))
    first, belt = _first_belt(start, call, count), _Belt([], [])
    for k in range(count):
        belt.amounts.append(
            here.remember(Update.ASSIGN, first.amounts[k], _next_amount(call, belt, travel, k))
        )
        if steady and transits[0] == transits[1]:  # each front is where it always is
            belt.fronts.append(here.held(first.fronts[k]))
        else:
            belt.fronts.append(here.remember(Update.ASSIGN, first.fronts[k], _next_front(belt, travel, k)))
    return belt.outflow(here, travel)


def _next_amount(call: Call, belt: _Belt, travel: int, k: int) -> Following:
    """What the k-th newest step brought, of what is left of it: with each step there is one that is newer."""

    def following(later: Context, me: int) -> int:
        add, one = later.add, later.number(1.0)
        if k:
            part = later.once("leaving", belt.amounts, lambda: belt.leaving(later, travel))[k - 1]
            left = add("mul", belt.amounts[k - 1], add("sub", one, part))
        else:
            left = add("mul", later.value(call.arguments[0]), time_step(later))
        return add("mul", left, add("sub", one, add("mul", later.value(call.arguments[2]), time_step(later))))

    return following


def _next_front(belt: _Belt, travel: int, k: int) -> Following:
    return lambda later, me: later.add("add", belt.fronts[k - 1], travel) if k else travel


# --- DELAY BATCH --------------------


def _delay_batch(here: Context, call: Call) -> int:
    """DELAY BATCH(input, batch size, batch time, initial batch, initial time, initial backlog).

    One batch at a time is under way. When none is and the backlog holds a batch, one of that size begins, and comes out
    a batch time (as it is then) later, all of it in one step. The rest of the backlog waits.
    """
    x, size, lasting, *at_first = call.arguments
    moved: list[Callable[[Context], int]] = []
    if here.step:
        begin = [here.at_start().value(item) for item in at_first]
        states = [
            here.remember(Update.ASSIGN, node, lambda later, _, n=n: moved[n](later))  # type: ignore[misc]
            for n, node in enumerate(begin)
        ]
    else:
        states = [here.value(item) for item in at_first]
    batch, due, backlog = states
    add, number = here.add, here.number
    time, step = here.lowering.time(here.step), time_step(here)
    busy = add("gt", batch, number(0.0))
    done = add("ge", add("add", time, add("mul", number(0.5), step)), due)

    def either(later: Context, begins: int, otherwise: int) -> int:
        """One of two, by whether a batch begins."""
        free = later.add("or", later.add("not", busy), done)
        enough = later.add("mul", later.value(size), later.number(1.0 - SLIVER))
        return later.add(
            "select", later.add("and", free, later.add("ge", backlog, enough)), begins, otherwise
        )

    def next_batch(later: Context) -> int:
        return either(later, later.value(size), later.add("select", done, later.number(0.0), batch))

    def next_due(later: Context) -> int:
        return either(later, later.add("add", time, later.value(lasting)), due)

    def next_backlog(later: Context) -> int:
        taken = either(later, later.value(size), later.number(0.0))
        come = later.add("mul", later.value(x), time_step(later))
        return later.add("add", later.add("sub", backlog, taken), come)

    moved += [next_batch, next_due, next_backlog]
    return add("div", add("select", add("and", busy, done), batch, number(0.0)), step)


# --- DELAY PROFILE --------------------


def _delay_profile(here: Context, call: Call) -> int:
    """DELAY PROFILE(profile, input, delay time, initial value, initial growth).

    The profile is read as a density of waiting times and stretched until its mean is the delay time of when the input
    comes. What is due within half a step of an instant comes out then, but not before the next one.
    At the start all comes as if the input had grown at a steady rate before, to give the initial value.
    """
    _, x, lasting, initial, growth = call.arguments
    if not here.step:
        return here.value(initial)
    start = here.at_start()
    table = density(here, call, 0)
    time = here.value(lasting)
    length = start.add("mul", start.value(lasting), start.number(_stretch(table)))
    count = slots_of(here, length) + 1
    steady = is_constant(here, time)
    count = checked(here, call, SPARE * count if steady else count + run_steps(here, call))
    first = _parts(start, call, start.value(lasting), count)
    due = _steady_past(start, first, start.value(initial), start.value(growth))
    slots: list[int] = []

    def following(k: int) -> Following:
        def made(later: Context, me: int) -> int:
            parts = _parts(later, call, later.value(lasting), count)
            behind = slots[k + 1] if k + 1 < count else later.number(0.0)
            return later.add("add", behind, later.add("mul", later.value(x), parts[k]))

        return made

    slots += [here.remember(Update.ASSIGN, due[k], following(k)) for k in range(count)]
    return slots[0]


def _stretch(table: LookupTable) -> float:
    """The longest waiting time, as a multiple of the mean."""
    return (table.x[-1] - table.x[0]) / mean(table)


def _parts(here: Context, call: Call, time: int, count: int) -> list[int]:
    """The part of an input that comes out in one step, in two, and so on; NaN where it is due later than that."""
    table, add, number = density(here, call, 0), here.add, here.number
    step = add("div", time_step(here), add("mul", time, number(_stretch(table))))

    def compute() -> list[int]:
        edges = [add("mul", number(k + 1.5), step) for k in range(count)]
        before = [number(0.0), *(share_before(here, table, edge) for edge in edges)]
        parts = [add("sub", later, earlier) for earlier, later in pairwise(before)]
        late = add("lt", before[-1], number(1.0 - SLIVER))
        if not is_constant(here, time):
            return parts  # what is due beyond the run is of no account
        return [add("select", late, number(math.nan), part) for part in parts]

    return here.once(f"profile {table.x} {table.y}", [step], compute)


def _steady_past(start: Context, parts: list[int], initial: int, growth: int) -> list[int]:
    """What is due at each step to come of an input that grew steadily until the start, and gives an initial value."""
    add, number = start.add, start.number
    faded = add("div", number(1.0), add("add", number(1.0), add("mul", growth, time_step(start))))
    due = [number(0.0)]
    for part in reversed(parts):
        due.append(add("mul", faded, add("add", part, due[-1])))
    due = due[:0:-1]
    scale = add("div", initial, due[0])
    return [add("mul", scale, each) for each in due]


FUNCTIONS: dict[str, Lower] = {
    "delay conveyor": _delay_conveyor,
    "delay batch": _delay_batch,
    "delay profile": _delay_profile,
}
