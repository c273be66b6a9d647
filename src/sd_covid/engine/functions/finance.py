"""Depreciation and the internal rate of return: functions that lump a stream together by fiscal periods.

Meanings are those of Vensim's manual; where it leaves something open the choice stands beside the function. NPV, which
knows no periods, stands with the functions that remember.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sd_covid.engine.functions.conveyor_step import sum_of
from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.memory import by_default, missing_unless
from sd_covid.engine.functions.slots import NEAR, counted, refuse_moving_bounds
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.functions.xmile import floor_of
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import array_of, at_cell, from_element
from sd_covid.model.expression import Call, Expression, Reference

MAX_PERIODS = 500
HALVINGS = 40  # of the range of rates of return, to 1e-12
STEPS = 2  # of Newton's method: the last one carries the exact derivative


def _period(here: Context, since: int, length: int, ahead: int = 0) -> int:
    """The number of the fiscal period now, or some steps ahead; from 0 at a time."""
    add, number = here.add, here.number
    step = time_step(here)
    time = add("add", here.lowering.time(here.step), add("mul", number(float(ahead)), step))
    return floor_of(here, add("add", add("div", add("sub", time, since), length), number(NEAR)))


def _depreciated(
    here: Context, stream: Expression, shares: list[int], earlier: int, since: int, length: int
) -> int:
    """A stream by shares of its fiscal period and of those before.

    The share of this period is of the stream as it is now: so by the end of the period it has been taken of all that
    came in it. What came in earlier periods, per unit of time, is known.
    """
    here_now = here.add("mul", here.value(stream), shares[0])
    if not here.step:
        parts = [here.add("mul", earlier, share) for share in shares[1:]]
        return here.add("add", here_now, sum_of(here, parts))
    totals: list[int] = []

    def with_now(later: Context) -> int:
        return later.add("add", totals[0], later.add("mul", later.value(stream), time_step(later)))

    def ends(later: Context) -> int:
        return later.add("gt", _period(later, since, length, 1), _period(later, since, length))

    def so_far(later: Context, me: int) -> int:
        return later.add("select", ends(later), later.number(0.0), with_now(later))

    def of_period(k: int) -> Callable[[Context, int], int]:
        def following(later: Context, me: int) -> int:
            before = totals[k - 1] if k > 1 else later.add("div", with_now(later), length)
            return later.add("select", ends(later), before, me)

        return following

    totals.append(here.remember(Update.ASSIGN, here.at_start().number(0.0), so_far))
    totals += [here.remember(Update.ASSIGN, earlier, of_period(k)) for k in range(1, len(shares))]
    parts = [here.add("mul", total, share) for total, share in zip(totals[1:], shares[1:], strict=True)]
    return here.add("add", here_now, sum_of(here, parts))


def _straight_line(here: Context, call: Call) -> int:
    """DEPRECIATE STRAIGHTLINE(stream, life, fiscal period, initial stream): the same share in every period of a life.

    A life is rounded to whole periods. A member for which that gives another number than the file does is NaN.
    """
    stream, life, fiscal, initial = call.arguments
    refuse_moving_bounds(here, call)
    start = here.at_start()
    length = start.value(fiscal)
    half = start.add("add", start.add("div", start.value(life), length), start.number(0.5))
    periods = start.add("max", start.number(1.0), floor_of(start, half))
    count = counted(here, call, periods, MAX_PERIODS, "fiscal periods")
    since, held = start.lowering.time(False), here.held(length)
    shares = [here.number(1.0 / count)] * count
    found = _depreciated(here, stream, shares, start.value(initial), here.held(since), held)
    fits = here.add("eq", here.held(periods), here.number(float(count)))
    return here.add("select", fits, found, here.number(math.nan))


def _by_schedule(here: Context, call: Call) -> int:
    """DEPRECIATE BY SCHEDULE(stream, schedule[first], initial, life, start of a fiscal period).

    The schedule is scaled to a sum of 1. The manual does not say whether the initial depreciation is an amount or a
    rate, so there may be none.
    """
    stream, schedule, initial, life, fiscal_start = call.arguments
    refuse_moving_bounds(here, call)
    start = here.at_start()
    cells = from_element(here, call, schedule)
    values = [at_cell(here, cell, call) for cell in cells]
    total = sum_of(here, values)
    shares = [here.add("div", value, total) for value in values]
    length = start.add("div", start.value(life), start.number(float(len(cells))))
    none = start.number(0.0)
    for first in _initials(start, call, initial):
        if by_default(here, first) != 0:
            raise here.error(
                f"Vensim's manual does not say whether the initial depreciation of {call.function} is an amount "
                "or a rate",
                call.place,
                "give it 0, and add the depreciation of earlier investments in an equation of your own",
            )
        none = start.add("select", start.add("eq", first, start.number(0.0)), none, start.number(math.nan))
    since = start.value(fiscal_start)
    return _depreciated(here, stream, shares, none, here.held(since), here.held(length))


def _initials(start: Context, call: Call, initial: Expression) -> list[int]:
    """The initial depreciation: a scalar, or an array from the element named on."""
    if isinstance(initial, Reference) and initial.subscripts:
        array_of(start, call, initial)
        return [at_cell(start, cell, call) for cell in from_element(start, call, initial)]
    return [start.value(initial)]


# --- the rate of return --------------------


def _rate_of_return(here: Context, call: Call) -> int:
    """INTERNAL RATE OF RETURN(stream, fiscal period, initial, initial time): per fiscal period; :NA: for none.

    What comes in a fiscal period, so far in the present one, this step included, counts as of its end; the initial
    payment as of its own time. Rates from -0.9 to 1 are looked at.
    """
    stream, fiscal, initial, first_time = call.arguments
    refuse_moving_bounds(here, call)
    start, control = here.at_start(), here.lowering.out.control
    length, since = start.value(fiscal), start.lowering.time(False)
    run = start.add("div", start.add("sub", control["final time"], since), length)
    whole = floor_of(start, start.add("add", run, start.number(1.0 + NEAR)))
    count = counted(here, call, whole, MAX_PERIODS, "fiscal periods")
    now = here.add("mul", here.value(stream), time_step(here))
    period = _period(here, here.held(since), here.held(length))

    def of_period(context: Context, k: int, before: int) -> int:
        """What came in a period, with what comes now."""
        in_it = context.add("eq", period, context.number(float(k)))
        return context.add("add", before, context.add("select", in_it, now, context.number(0.0)))

    payments = []
    for k in range(count):
        before = (
            here.remember(Update.ASSIGN, start.number(0.0), lambda later, me, k=k: of_period(later, k, me))  # type: ignore[misc]
            if here.step
            else here.number(0.0)
        )
        payments.append(of_period(here, k, before))
    paid = here.held(start.value(initial))
    away = start.add("div", start.add("sub", start.value(first_time), since), length)
    found = _solved(here, payments, paid, here.held(away))
    late = here.add("ge", period, here.number(float(count)))
    return here.add("select", late, here.number(math.nan), found)


def _solved(here: Context, payments: list[int], initial: int, away: int) -> int:
    """The rate at which payments at the end of each period, and one that is some periods away, are worth nothing."""
    add, number = here.add, here.number

    def worth(rate: int) -> tuple[int, int]:
        """Their value, and its derivative by the discount factor."""
        factor = add("div", number(1.0), add("add", number(1.0), rate))
        value, slope = number(0.0), number(0.0)
        for payment in reversed(payments):  # Horner's rule
            slope = add("add", add("mul", slope, factor), value)
            value = add("add", add("mul", value, factor), payment)
        slope = add("add", add("mul", slope, factor), value)
        value = add("mul", value, factor)
        one = add("mul", initial, add("pow", factor, away))
        return add("add", value, one), add("add", slope, add("mul", away, add("div", one, factor)))

    low, high = number(-0.9), number(1.0)
    rises = add("lt", worth(low)[0], number(0.0))
    crosses = add("lt", add("mul", worth(low)[0], worth(high)[0]), number(0.0))
    for _ in range(HALVINGS):
        middle = add("mul", number(0.5), add("add", low, high))
        negative = add("lt", worth(middle)[0], number(0.0))
        below = add("or", add("and", rises, negative), add("and", add("not", rises), add("not", negative)))
        low, high = add("select", below, middle, low), add("select", below, high, middle)
    found = add("mul", number(0.5), add("add", low, high))
    for _ in range(STEPS):
        value, slope = worth(found)
        along = add("neg", add("mul", slope, _square(here, found)))
        flat = add("eq", along, number(0.0))
        change = add("div", value, add("select", flat, number(1.0), along))
        found = add("select", flat, found, add("sub", found, change))
    return missing_unless(here, crosses, found)


def _square(here: Context, rate: int) -> int:
    """The derivative of the discount factor by the rate, without its sign: its square."""
    factor = here.add("div", here.number(1.0), here.add("add", here.number(1.0), rate))
    return here.add("mul", factor, factor)


FUNCTIONS: dict[str, Lower] = {
    "depreciate straightline": _straight_line,
    "depreciate by schedule": _by_schedule,
    "internal rate of return": _rate_of_return,
}
