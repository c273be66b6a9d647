"""Functions that remember: stocks, samples, exponential smooths and delays, trends and present values.

Each is lowered to states. Vensim's manual gives the equations of most; where it is silent the choice stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.functions.elementary import SMALL, Lower, divide_or
from sd_covid.engine.functions.time import now, time_step
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression

MAX_ORDER = 1000

# --- stocks and samples --------------------


def _integ(here: Context, call: Call) -> int:
    flow, initial = call.arguments
    if not here.step:
        return here.value(initial)
    return here.remember(Update.FLOW, here.at_start().value(initial), lambda later, _: later.value(flow))


def _sinteg(here: Context, call: Call) -> int:
    """SINTEG(rate, initial, min, max, quantum, special, threshold).

    A stock that never leaves its bounds, is a multiple of the quantum, and is the special value when near it. What a
    bound takes away is lost, as in Vensim, so it is advanced by whole steps, whatever the method.
    """
    rate, initial, *limits = call.arguments
    if all(_not_available(here, limit) for limit in limits):
        return _integ(here, Call(call.function, (rate, initial), place=call.place))
    if not here.step:
        return _restricted(here, here.value(initial), limits)

    def following(later: Context, me: int) -> int:
        moved = later.add("add", me, later.add("mul", time_step(later), later.value(rate)))
        return _restricted(later, moved, limits)

    return here.remember(
        Update.ASSIGN, _restricted(here.at_start(), here.at_start().value(initial), limits), following
    )


def _not_available(here: Context, limit: Expression) -> bool:
    """Whether a limit is ``:NA:``, also written as the number that it is, as in an XMILE file."""
    node = here.lowering.graph(here.step).nodes[here.value(limit)]
    return bool(node == ("number", NOT_AVAILABLE))


def _restricted(here: Context, x: int, limits: list[Expression]) -> int:
    low, high, quantum, special, threshold = (
        None if _not_available(here, limit) else here.value(limit) for limit in limits
    )
    if quantum is not None:
        x = here.add("mul", quantum, here.add("trunc", here.add("div", x, quantum)))
    if special is not None:
        gap = here.add("abs", here.add("sub", x, special))
        near = here.number(0.0) if threshold is None else threshold
        x = here.add("select", here.add("le", gap, near), special, x)
    x = x if low is None else here.add("max", low, x)
    return x if high is None else here.add("min", high, x)


def _initial(here: Context, call: Call) -> int:
    return here.held(here.at_start().value(call.arguments[0]))


def _active_initial(here: Context, call: Call) -> int:
    return here.value(call.arguments[0 if here.step else 1])


def _sample_if_true(here: Context, call: Call) -> int:
    """SAMPLE IF TRUE(condition, x, initial value); within it the variable itself is what it was before."""
    condition, x, initial = call.arguments
    if not here.step:
        before = here.value(initial)
        inside = here.remembering(before)
        return here.add("select", inside.truth(condition), inside.value(x), before)
    sampled: list[int] = []
    kept = here.remember(Update.ASSIGN, here.at_start().value(initial), lambda later, _: sampled[0])
    inside = here.remembering(kept)
    sampled.append(here.add("select", inside.truth(condition), inside.value(x), kept))
    return sampled[0]


def _sample_until(here: Context, call: Call) -> int:
    """SAMPLE UNTIL(last time, x, initial value): a stock that follows x by one step while Time is before last time."""
    last, x, initial = call.arguments
    if not here.step:
        return here.value(initial)

    def following(later: Context, me: int) -> int:
        before = later.add("le", now(later), later.value(last))
        return later.add("select", before, later.value(x), me)

    return here.remember(Update.ASSIGN, here.at_start().value(initial), following)


# --- orders --------------------


class _Defaults:
    """The settable constants as the model file has them, for one member."""

    count, seed, first = 1, 0, 0

    def __init__(self, here: Context) -> None:
        self.values = here.lowering.out.defaults

    def __getitem__(self, parameter: int) -> NDArray[np.float64]:
        return np.asarray(self.values[parameter])


def by_default(here: Context, init_node: int) -> float:
    """The value of a node of the init graph, with the model's own constants."""
    from sd_covid.engine.interpret import at_start

    return float(at_start(here.lowering.out, _Defaults(here), [init_node])[0, 0])


def _order(here: Context, call: Call, time: Expression, order: Expression) -> tuple[int, int, int]:
    """Number of stages to build, and two nodes of the init graph: the order asked for, and how many stages count.

    The stages are built for the order that the model file says. A member may ask for fewer; for more, the result is
    NaN. Vensim's manual: an order with stages shorter than TIME STEP is reduced until they are as long.
    """
    start = here.at_start()
    asked = start.add("trunc", start.add("add", start.value(order), start.number(0.5)))
    most = by_default(here, asked)
    if not 1 <= most <= MAX_ORDER:
        raise here.error(f"the order of {call.function} is {most:g}, not from 1 to {MAX_ORDER}", call.place)
    possible = start.add("add", start.add("div", start.value(time), time_step(start)), start.number(SMALL))
    used = start.add("min", asked, start.add("max", start.number(1.0), start.add("trunc", possible)))
    return int(most), asked, used


def _last_stage(here: Context, stages: list[int], asked: int, used: int) -> int:
    """The output of the stage that counts; NaN where more are asked for than were built."""
    found = stages[-1]
    for k in range(len(stages) - 1, 0, -1):
        here_last = here.add("lt", here.held(used), here.number(k + 0.5))
        found = here.add("select", here_last, stages[k - 1], found)
    too_many = here.add("gt", here.held(asked), here.number(len(stages) + 0.5))
    return here.add("select", too_many, here.number(math.nan), found)


# --- smooths and delays --------------------


def _smooth(here: Context, x: Expression, time: Expression, initial: Expression, order: int) -> list[int]:
    """A cascade of first-order smooths, each of time T / order; the stages' outputs."""
    start = here.at_start()
    return _smooth_stages(here, x, time, start.value(initial), order, start.number(float(order)))


def _smooth_stages(
    here: Context, x: Expression, time: Expression, initial: int, stages: int, order: int
) -> list[int]:
    found: list[int] = []
    for _ in range(stages):
        before = found[-1] if found else None

        def flow(later: Context, me: int, before: int | None = before) -> int:
            gap = later.add("sub", later.value(x) if before is None else before, me)
            return later.add("div", later.add("mul", gap, later.held(order)), later.value(time))

        found.append(here.remember(Update.FLOW, initial, flow))
    return found


def _delay(here: Context, x: Expression, time: Expression, initial: Expression, order: int) -> list[int]:
    """A cascade of material delays: each holds what flows through it for T / order; the stages' outflows."""
    start = here.at_start()
    return _delay_stages(here, x, time, start.value(initial), order, start.number(float(order)))


def _delay_stages(
    here: Context, x: Expression, time: Expression, initial: int, stages: int, order: int
) -> list[int]:
    """Stages that are all of one time, as it is now."""
    start = here.at_start()
    stock = start.add("mul", initial, start.add("div", start.value(time), order))
    return _delay_chain(here, x, [here.add("div", here.value(time), here.held(order))] * stages, stock)


def _delay_chain(here: Context, x: Expression, times: list[int], stock: int) -> list[int]:
    found: list[int] = []
    for stage_time in times:
        before = found[-1] if found else None

        def flow(later: Context, me: int, before: int | None = before, stage_time: int = stage_time) -> int:
            entering = later.value(x) if before is None else before
            return later.add("sub", entering, later.add("div", me, stage_time))

        found.append(here.add("div", here.remember(Update.FLOW, stock, flow), stage_time))
    return found


def _delay_n_stages(
    here: Context, x: Expression, time: Expression, initial: int, stages: int, order: int
) -> list[int]:
    """DELAY N: the first stage has the delay time of now, each other that which the one before it had a step ago.

    So the output depends on earlier delay times only, as Vensim's manual says; with one stage, on that of a step ago.
    """
    now_ = here.add("div", here.value(time), here.held(order))
    if here.lowering.graph(True).nodes[now_][0] in ("number", "constant"):
        return _delay_stages(here, x, time, initial, stages, order)
    start = here.at_start()
    stage_time = start.add("div", start.value(time), order)
    times = [now_]
    for _ in range(max(stages - 1, 1)):

        def following(later: Context, me: int, before: int = times[-1]) -> int:
            return before

        times.append(here.remember(Update.ASSIGN, stage_time, following))
    return _delay_chain(here, x, times[-stages:], start.add("mul", initial, stage_time))


Cascade = Callable[[Context, Expression, Expression, Expression, int], list[int]]
Stages = Callable[[Context, Expression, Expression, int, int, int], list[int]]


def _cascade(shape: Cascade, order: int, with_initial: bool) -> Lower:
    def lower(here: Context, call: Call) -> int:
        x, time = call.arguments[:2]
        initial = call.arguments[2 if with_initial else 0]
        if not here.step:
            return here.value(initial)
        return shape(here, x, time, initial, order)[-1]

    return lower


def _cascade_n(shape: Stages) -> Lower:
    """SMOOTH N and DELAY N: (input, time, initial, order)."""

    def lower(here: Context, call: Call) -> int:
        x, time, initial, order = call.arguments
        if not here.step:
            return here.value(initial)
        built, asked, used = _order(here, call, time, order)
        stages = shape(here, x, time, here.at_start().value(initial), built, used)
        return _last_stage(here, stages, asked, used)

    return lower


def delay_steps(here: Context, time: int) -> int:
    """A delay time in whole steps, at least one."""
    steps = here.add("div", time, time_step(here))
    rounded = here.add("trunc", here.add("add", steps, here.number(0.5 + SMALL)))
    return here.add("max", here.number(1.0), rounded)


def _delay_fixed(here: Context, call: Call) -> int:
    """The input of ``round(T / TIME STEP)`` steps ago, at least one; the length is set at the start."""
    x, time, initial = call.arguments
    if not here.step:
        return here.value(initial)
    start = here.at_start()
    length = delay_steps(start, start.value(time))
    return here.remember(Update.RING, start.value(initial), lambda later, _: later.value(x), steps=length)


# --- trends --------------------


def _average(here: Context, x: int, time: int, initial: Callable[[Context], int]) -> int:
    """The running average of TREND and FORECAST."""

    def flow(later: Context, me: int) -> int:
        return later.add("div", later.add("sub", x, me), time)

    return here.remember(Update.FLOW, initial(here.at_start()), flow)


def _average_with_trend(here: Context, x: Expression, time: Expression, trend: Expression) -> int:
    """An average that lags behind its input as it does when the input grows by a trend."""

    def initial(start: Context) -> int:
        growth = start.add("mul", start.value(trend), start.value(time))
        return start.add("div", start.value(x), start.add("add", start.number(1.0), growth))

    return _average(here, here.value(x), here.value(time), initial)


def _trend(here: Context, call: Call) -> int:
    """TREND(input, average time, initial trend): the fractional rate of change of the input."""
    x, time, trend = call.arguments
    if not here.step:
        return here.value(trend)
    average = _average_with_trend(here, x, time, trend)
    change = here.add("sub", here.value(x), average)
    return divide_or(
        here, change, here.add("mul", here.value(time), here.add("abs", average)), here.number(0.0)
    )


def _forecast(here: Context, call: Call) -> int:
    """FORECAST(input, average time, horizon[, initial trend]): the input, extrapolated by its own trend."""
    x, time, horizon, *trend = call.arguments
    now_, ahead = here.value(x), here.value(horizon)
    if not here.step:
        growth = here.add("mul", here.value(trend[0]), ahead) if trend else here.number(0.0)
    else:
        over = here.value(time)
        average = (
            _average_with_trend(here, x, time, trend[0])
            if trend
            else _average(here, now_, over, lambda start: start.value(x))
        )
        change = here.add("sub", now_, average)
        growth = here.add(
            "mul", divide_or(here, change, here.add("mul", over, average), here.number(0.0)), ahead
        )
    return here.add("mul", now_, here.add("add", here.number(1.0), growth))


# --- present value --------------------


def _present_value(at_end: bool) -> Lower:
    """NPV(stream, rate, initial value, factor), and NPVE, which values every step's part at the end of the step.

    The equations of Vensim's manual: df = INTEG(-df * rate / (1 + rate * TIME STEP), 1), and what has come in so far
    plus the part of the present step, times the factor. Advanced by whole steps, whatever the method.
    """

    def lower(here: Context, call: Call) -> int:
        stream, rate, initial, factor = call.arguments

        def growth(place: Context) -> int:
            return place.add("add", place.number(1.0), place.add("mul", place.value(rate), time_step(place)))

        def part(place: Context, discount: int) -> int:
            amount = place.add("mul", place.add("mul", place.value(stream), time_step(place)), discount)
            return place.add("div", amount, growth(place)) if at_end else amount

        start = here.at_start()
        if not here.step:
            total = here.add("add", here.value(initial), part(here, here.number(1.0)))
            return here.add("mul", total, here.value(factor))
        discount = here.remember(
            Update.ASSIGN, start.number(1.0), lambda later, me: later.add("div", me, growth(later))
        )
        so_far = here.remember(
            Update.ASSIGN,
            start.value(initial),
            lambda later, me: later.add("add", me, part(later, discount)),
        )
        return here.add("mul", here.add("add", so_far, part(here, discount)), here.value(factor))

    return lower


def missing_unless(here: Context, condition: int, x: int) -> int:
    """A value, or :NA: where a condition fails."""
    return here.add("select", condition, x, here.number(NOT_AVAILABLE))


FUNCTIONS: dict[str, Lower] = {
    "integ": _integ,
    "sinteg": _sinteg,
    "initial": _initial,
    "reinitial": _initial,
    "active initial": _active_initial,
    "sample if true": _sample_if_true,
    "sample until": _sample_until,
    "smooth": _cascade(_smooth, 1, False),
    "smoothi": _cascade(_smooth, 1, True),
    "smooth3": _cascade(_smooth, 3, False),
    "smooth3i": _cascade(_smooth, 3, True),
    "smooth n": _cascade_n(_smooth_stages),
    "delay1": _cascade(_delay, 1, False),
    "delay1i": _cascade(_delay, 1, True),
    "delay3": _cascade(_delay, 3, False),
    "delay3i": _cascade(_delay, 3, True),
    "delay n": _cascade_n(_delay_n_stages),
    "delay fixed": _delay_fixed,
    "trend": _trend,
    "forecast": _forecast,
    "npv": _present_value(False),
    "npve": _present_value(True),
}
