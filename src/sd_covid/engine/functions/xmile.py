"""XMILE's built-in functions where they differ from Vensim's, as operations and states.

Their names begin with ``XMILE``; the reader of XMILE files writes them. Meanings follow the standard (OASIS XMILE 1.0,
section 3.5) and, where it is silent, Stella's help; what neither says is written beside the function.
"""

from __future__ import annotations

from collections.abc import Callable

from sd_covid.engine.functions.delays import within_steps
from sd_covid.engine.functions.slots import run_steps
from sd_covid.engine.functions.special import normal_cdf, normal_quantile
from sd_covid.engine.functions.time import step_start, time_step
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression, Reference, walk
from sd_covid.model.names import key

Lower = Callable[[Context, Call], int]


def floor_of(here: Context, x: int) -> int:
    """The largest whole number that is not above x."""
    cut = here.add("trunc", x)
    return here.add("sub", cut, _one_if(here, here.add("gt", cut, x)))


def _one_if(here: Context, condition: int) -> int:
    return here.add("select", condition, here.number(1.0), here.number(0.0))


def _int(here: Context, call: Call) -> int:
    """INT(x): the next lower whole number."""
    return floor_of(here, here.value(call.arguments[0]))


def _round(here: Context, call: Call) -> int:
    """ROUND(x): the nearest whole number, of two as near the even one (IEEE 754; Stella does not say)."""
    x = here.value(call.arguments[0])
    half = here.number(0.5)
    up = floor_of(here, here.add("add", x, half))
    tie = here.add("eq", here.add("sub", up, x), half)
    halved = here.add("mul", up, half)
    odd = here.add("ne", floor_of(here, halved), halved)
    return here.add("sub", up, _one_if(here, here.add("and", tie, odd)))


def _modulo(here: Context, call: Call) -> int:
    """The floored modulus (Knuth): its sign is that of the base."""
    x, base = (here.value(a) for a in call.arguments)
    return here.add("sub", x, here.add("mul", base, floor_of(here, here.add("div", x, base))))


def _safe_divide(here: Context, call: Call) -> int:
    """SAFEDIV(a, b, c): a / b, or c where b is 0; the division never sees that 0, so that its derivative is finite."""
    a, b, otherwise = (here.value(item) for item in call.arguments)
    zero = here.add("eq", b, here.number(0.0))
    safe = here.add("select", zero, here.number(1.0), b)
    return here.add("select", zero, otherwise, here.add("div", a, safe))


def _pulse(here: Context, call: Call) -> int:
    """PULSE(magnitude, first, interval): magnitude / DT for one step, at first and then at every interval.

    Times are compared with half a step, so that rounding never moves a pulse by a step. The rate holds for the whole of
    the step, so that with Runge-Kutta too the magnitude comes through.
    """
    magnitude, first, interval = (here.value(a) for a in call.arguments)
    step, zero = time_step(here), here.number(0.0)
    middle = here.add("add", step_start(here), here.add("mul", here.number(0.5), step))
    since = here.add("sub", middle, first)
    once = here.add("le", interval, zero)
    every = here.add("select", once, here.number(1.0), interval)
    gone = here.add("mul", every, floor_of(here, here.add("div", since, every)))
    phase = here.add("select", once, since, here.add("sub", since, gone))
    on = here.add("and", here.add("ge", since, zero), here.add("lt", phase, step))
    return here.add("select", on, here.add("div", magnitude, step), zero)


def _previous(here: Context, call: Call) -> int:
    """PREVIOUS(x, initial): x one step ago; initial in the first step."""
    x, initial = call.arguments
    if not here.step:
        return here.value(initial)
    return here.remember(Update.ASSIGN, here.at_start().value(initial), lambda later, _: later.value(x))


def step_number(here: Context, time: int) -> int:
    """The number of the step that a time lies in, from 0."""
    begin = here.held(here.lowering.out.control["initial time"])
    since = here.add("div", here.add("sub", time, begin), time_step(here))
    return floor_of(here, here.add("add", since, here.number(1e-6)))  # rounding of Time


def _history(here: Context, call: Call) -> int:
    """HISTORY(x, time): what x was in the step that a time lies in; 0 before the run, and of times to come.

    Each step of the run has a state that keeps it.
    """
    x, time = call.arguments
    zero = here.number(0.0)
    asked = step_number(here, here.value(time))
    if not here.step:
        return here.add("select", here.add("eq", asked, zero), here.value(x), zero)
    count, found = run_steps(here, call), zero
    for k in range(count):

        def following(later: Context, me: int, k: int = k) -> int:
            present = later.add("eq", step_number(later, later.lowering.time(True)), later.number(float(k)))
            return later.add("select", present, later.value(x), me)

        kept = here.remember(Update.ASSIGN, here.at_start().number(0.0), following)
        found = here.add("select", here.add("eq", asked, here.number(float(k))), kept, found)
    now = step_number(here, here.lowering.time(True))
    found = here.add("select", here.add("eq", asked, now), here.value(x), found)
    return within_steps(here, count, found)


def _normal_share(here: Context, call: Call) -> int:
    """NORMALCDF(left, right, mean, deviation): the chance of a normal number from left to right."""
    left, right, mean, deviation = (here.value(a) for a in call.arguments)
    low, high = (
        normal_cdf(here, here.add("div", here.add("sub", end, mean), deviation)) for end in (left, right)
    )
    return here.add("sub", high, low)


def _non_negative_stock(here: Context, call: Call) -> int:
    """A stock that stops at zero: what would take it below in one step is not taken."""
    flow, initial = call.arguments
    if not here.step:
        return here.value(initial)

    def following(later: Context, me: int) -> int:
        least = later.add("neg", later.add("div", me, time_step(later)))
        return later.add("max", later.value(flow), least)

    state = here.remember(Update.FLOW, here.at_start().value(initial), following)
    return here.add("max", state, here.number(0.0))  # the last bit of state - state / step * step


def _marked(expression: Expression) -> list[str]:
    """Keys of the dimensions marked ``!``."""
    named = (node.subscripts for node in walk(expression) if isinstance(node, Reference | Call))
    return list(dict.fromkeys(key(item.name) for items in named for item in items if item.reduced))


def _rank(here: Context, call: Call) -> int:
    """RANK(array, n, second): the index of the n-th smallest.

    Equal ones stand in the order of the second array, then of their index.
    """
    array, number, *second = call.arguments
    bindings = list(here.lowering.subscripts.reductions(_marked(array), here.binding))
    values = [here.bound(binding).value(array) for binding in bindings]
    ties = [here.bound(binding).value(second[0]) for binding in bindings] if second else []
    wanted, found = here.value(number), here.number(0.0)
    for i in range(len(values)):
        place = here.number(1.0)
        for j in range(len(values)):
            if i != j:
                place = here.add("add", place, _one_if(here, _before(here, values, ties, j, i)))
        index = here.add("select", here.add("eq", place, wanted), here.number(i + 1.0), here.number(0.0))
        found = here.add("add", found, index)
    return found


def _before(here: Context, values: list[int], ties: list[int], j: int, i: int) -> int:
    """Whether element j stands before element i when they are sorted."""
    less, same = here.add("lt", values[j], values[i]), here.add("eq", values[j], values[i])
    if ties:
        tie_less = here.add("lt", ties[j], ties[i])
        if j < i:
            tie_less = here.add("or", tie_less, here.add("eq", ties[j], ties[i]))
        return here.add("or", less, here.add("and", same, tie_less))
    return here.add("or", less, same) if j < i else less


FUNCTIONS: dict[str, Lower] = {
    "xmile int": _int,
    "xmile round": _round,
    "xmile modulo": _modulo,
    "xmile safediv": _safe_divide,
    "xmile pulse": _pulse,
    "xmile previous": _previous,
    "xmile history": _history,
    "xmile normal share": _normal_share,
    "xmile normal quantile": lambda here, call: normal_quantile(here, here.value(call.arguments[0])),
    "xmile rank": _rank,
    "integ non negative": _non_negative_stock,
}
