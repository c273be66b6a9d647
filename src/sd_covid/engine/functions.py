"""Vensim's built-in functions, as operations and states.

Each row of `FUNCTIONS` lowers one function. Where Vensim's manual is silent the choice is written beside it;
PySD 3.14.3 serves as the second opinion.
"""

from __future__ import annotations

from collections.abc import Callable

from sd_covid.engine import functions_xmile
from sd_covid.engine.context import Context, table_of
from sd_covid.engine.program import Update
from sd_covid.errors import suggest
from sd_covid.model.expression import Call, Expression, Number, Reference, Table, children
from sd_covid.model.names import key
from sd_covid.model.structure import Method

Lowering = Callable[[Context, Call], int]

SMALL = 1e-6  # what Vensim takes for zero in ZIDZ, XIDZ, MODULO and QUANTUM, according to its manual


# --- elementwise --------------------


def _elementwise(operation: str) -> Lowering:
    def lower(here: Context, call: Call) -> int:
        return here.add(operation, *(here.value(a) for a in call.arguments))

    return lower


def _log(here: Context, call: Call) -> int:
    """LOG(x, base)."""
    x, base = (here.value(a) for a in call.arguments)
    return here.add("div", here.add("ln", x), here.add("ln", base))


def _if_then_else(here: Context, call: Call) -> int:
    condition, yes, no = call.arguments
    return here.add("select", here.truth(condition), here.value(yes), here.value(no))


def _is_zero(here: Context, x: int) -> int:
    return here.add("lt", here.add("abs", x), here.number(SMALL))


def _divide_or(here: Context, a: int, b: int, otherwise: int) -> int:
    """A / b, or ``otherwise`` where b is zero; the division never sees that zero, so that its derivative is finite."""
    zero = _is_zero(here, b)
    return here.add(
        "select", zero, otherwise, here.add("div", a, here.add("select", zero, here.number(1.0), b))
    )


def _zidz(here: Context, call: Call) -> int:
    a, b = (here.value(x) for x in call.arguments)
    return _divide_or(here, a, b, here.number(0.0))


def _xidz(here: Context, call: Call) -> int:
    a, b, x = (here.value(item) for item in call.arguments)
    return _divide_or(here, a, b, x)


def _quantum_of(here: Context, x: int, unit: int) -> int:
    tiny = here.add("lt", unit, here.number(SMALL))
    safe = here.add("select", tiny, here.number(1.0), unit)
    return here.add("select", tiny, x, here.add("mul", unit, here.add("trunc", here.add("div", x, safe))))


def _quantum(here: Context, call: Call) -> int:
    """QUANTUM(x, unit) = unit * INTEGER(x / unit); x itself when the unit is zero or negative."""
    x, unit = (here.value(a) for a in call.arguments)
    return _quantum_of(here, x, unit)


def _modulo(here: Context, call: Call) -> int:
    """MODULO(x, unit) = x - QUANTUM(x, unit): negative for a negative x."""
    x, unit = (here.value(a) for a in call.arguments)
    return here.add("sub", x, _quantum_of(here, x, unit))


# --- time --------------------


def _now(here: Context) -> int:
    """Time moved by half the spacing of the instants computed, so that rounding never moves a switch by a step.

    Vensim compares with half a step; with RK4 the instants lie half a step apart.
    """
    euler = here.lowering.out.method is Method.EULER
    shift = here.add("mul", here.number(0.5 if euler else 0.25), _time_step(here))
    return here.add("add", here.lowering.time(here.step), shift)


def _time_step(here: Context) -> int:
    return here.held(here.lowering.out.control["time step"])


def _step(here: Context, call: Call) -> int:
    height, start = (here.value(a) for a in call.arguments)
    return here.add("select", here.add("gt", _now(here), start), height, here.number(0.0))


def _pulse_width(here: Context, width: int) -> int:
    """A pulse lasts at least one step."""
    return here.add("max", width, _time_step(here))


def _one_if(here: Context, condition: int) -> int:
    return here.add("select", condition, here.number(1.0), here.number(0.0))


def _pulse(here: Context, call: Call) -> int:
    start, width = (here.value(a) for a in call.arguments)
    begun = here.add("gt", _now(here), start)
    over = here.add("lt", _now(here), here.add("add", start, _pulse_width(here, width)))
    return _one_if(here, here.add("and", begun, over))


def _pulse_train(here: Context, call: Call) -> int:
    start, width, repeat, end = (here.value(a) for a in call.arguments)
    since = here.add("sub", _now(here), start)
    phase = here.add("sub", since, here.add("mul", repeat, here.add("trunc", here.add("div", since, repeat))))
    inside = here.add("lt", phase, _pulse_width(here, width))
    running = here.add("and", here.add("gt", since, here.number(0.0)), here.add("lt", _now(here), end))
    return _one_if(here, here.add("and", running, inside))


def _ramp(here: Context, call: Call) -> int:
    slope, start, end = (here.value(a) for a in call.arguments)
    until = here.add("min", here.lowering.time(here.step), end)
    return here.add("mul", slope, here.add("max", here.number(0.0), here.add("sub", until, start)))


# --- lookups --------------------


def _with_lookup(here: Context, call: Call) -> int:
    x, table = call.arguments
    if not isinstance(table, Table):
        raise here.error("WITH LOOKUP needs a list of points as its second argument", call.place)
    return here.look_up(table_of(table), here.value(x))


# --- reductions over subscripts --------------------


def _reduced_dimensions(expression: Expression) -> list[str]:
    """The dimensions marked ``!`` in an expression, those of a reduction inside it left out."""
    found: list[str] = []
    stack: list[Expression] = [expression]
    while stack:
        node = stack.pop(0)
        if isinstance(node, Reference | Call):
            found += [key(s.name) for s in node.subscripts if s.reduced and key(s.name) not in found]
        if not (isinstance(node, Call) and key(node.function) in _REDUCING):
            stack = [*children(node), *stack]
    return found


def _reduction(operation: str) -> Lowering:
    def lower(here: Context, call: Call) -> int:
        inside = call.arguments[0]
        names = _reduced_dimensions(inside)
        unknown = [name for name in names if name not in here.lowering.subscripts.elements]
        if not names or unknown:
            raise here.error(
                f"{call.function} reduces over '{unknown[0]}!', which is no dimension"
                if unknown
                else f"{call.function} needs a subscript marked '!' to reduce over",
                call.place,
                suggest(unknown[0], here.lowering.subscripts.elements) if unknown else None,
            )
        terms = [
            here.bound(b).value(inside) for b in here.lowering.subscripts.reductions(names, here.binding)
        ]
        total = terms[0]
        for term in terms[1:]:
            total = here.add(operation, total, term)
        return total

    return lower


def _element_count(here: Context, call: Call) -> int:
    argument = call.arguments[0]
    name = key(argument.name) if isinstance(argument, Reference) else ""
    elements = here.lowering.subscripts.elements.get(name)
    if elements is None:
        raise here.error("ELMCOUNT needs the name of a dimension", call.place)
    return here.number(float(len(elements)))


# --- what remembers --------------------


def _integ(here: Context, call: Call) -> int:
    flow, initial = call.arguments
    if not here.step:
        return here.value(initial)
    return here.remember(Update.FLOW, here.at_start().value(initial), lambda later, _: later.value(flow))


def _initial(here: Context, call: Call) -> int:
    return here.held(here.at_start().value(call.arguments[0]))


def _active_initial(here: Context, call: Call) -> int:
    return here.value(call.arguments[0 if here.step else 1])


def _sample_if_true(here: Context, call: Call) -> int:
    condition, x, initial = call.arguments
    if not here.step:
        return here.add("select", here.truth(condition), here.value(x), here.value(initial))
    sampled: list[int] = []
    kept = here.remember(Update.ASSIGN, here.at_start().value(initial), lambda later, _: sampled[0])
    sampled.append(here.add("select", here.truth(condition), here.value(x), kept))
    return sampled[0]


def _order(here: Context, expression: Expression, call: Call) -> int:
    """The order of a SMOOTH N or DELAY N: part of the structure, so a number written in the model."""
    match expression:
        case Number(value=value) if value == int(value) and value >= 1:
            return int(value)
        case _:
            raise here.error(
                f"the order of {call.function} must be a whole number written out, from 1", call.place
            )


def _smooth(here: Context, call: Call, order: int, initial: Expression) -> int:
    """A cascade of first-order smooths, each of time T / order."""
    x, time = call.arguments[:2]
    if not here.step:
        return here.value(initial)
    start = here.at_start().value(initial)
    previous: int | None = None
    for _ in range(order):

        def flow(later: Context, me: int, before: int | None = previous) -> int:
            gap = later.add("sub", later.value(x) if before is None else before, me)
            return later.add("div", later.add("mul", gap, later.number(float(order))), later.value(time))

        previous = here.remember(Update.FLOW, start, flow)
    return int(previous if previous is not None else -1)


def _delay(here: Context, call: Call, order: int, initial: Expression) -> int:
    """A cascade of material delays: each holds what flows through it for T / order."""
    x, time = call.arguments[:2]
    if not here.step:
        return here.value(initial)
    share = here.number(float(order))
    start = here.at_start()
    stock = start.add(
        "mul", start.value(initial), start.add("div", start.value(time), start.number(float(order)))
    )
    stage_time = here.add("div", here.value(time), share)
    outflow: int | None = None
    for _ in range(order):

        def flow(later: Context, me: int, inflow: int | None = outflow) -> int:
            entering = later.value(x) if inflow is None else inflow
            return later.add("sub", entering, later.add("div", me, stage_time))

        outflow = here.add("div", here.remember(Update.FLOW, stock, flow), stage_time)
    return int(outflow if outflow is not None else -1)


def _cascade(
    shape: Callable[[Context, Call, int, Expression], int], order: int, with_initial: bool
) -> Lowering:
    def lower(here: Context, call: Call) -> int:
        return shape(here, call, order, call.arguments[2 if with_initial else 0])

    return lower


def _cascade_n(shape: Callable[[Context, Call, int, Expression], int]) -> Lowering:
    """SMOOTH N and DELAY N: (input, time, initial, order)."""

    def lower(here: Context, call: Call) -> int:
        return shape(here, call, _order(here, call.arguments[3], call), call.arguments[2])

    return lower


def _delay_fixed(here: Context, call: Call) -> int:
    """The input of ``round(T / TIME STEP)`` steps ago, at least one; the length is set at the start."""
    x, time, initial = call.arguments
    if not here.step:
        return here.value(initial)
    start = here.at_start()
    steps = start.add("div", start.value(time), _time_step(start))
    rounded = start.add("trunc", start.add("add", steps, start.number(0.5 + SMALL)))
    length = start.add("max", start.number(1.0), rounded)
    return here.remember(Update.RING, start.value(initial), lambda later, _: later.value(x), steps=length)


def _average(here: Context, x: int, time: int, initial: Callable[[Context], int]) -> int:
    """The running average of TREND and FORECAST."""

    def flow(later: Context, me: int) -> int:
        return later.add("div", later.add("sub", x, me), time)

    return here.remember(Update.FLOW, initial(here.at_start()), flow)


def _trend(here: Context, call: Call) -> int:
    """TREND(input, average time, initial trend): the fractional rate of change of the input."""
    x, time, trend = call.arguments
    if not here.step:
        return here.value(trend)

    def at_start(start: Context) -> int:
        growth = start.add("mul", start.value(trend), start.value(time))
        return start.add("div", start.value(x), start.add("add", start.number(1.0), growth))

    now, over = here.value(x), here.value(time)
    average = _average(here, now, over, at_start)
    return _divide_or(
        here, here.add("sub", now, average), here.add("mul", over, here.add("abs", average)), here.number(0.0)
    )


def _forecast(here: Context, call: Call) -> int:
    """FORECAST(input, average time, horizon): the input, extrapolated by its own trend; no trend at the start."""
    x, time, horizon = call.arguments
    if not here.step:
        return here.value(x)
    now, over = here.value(x), here.value(time)
    average = _average(here, now, over, lambda start: start.value(x))
    trend = _divide_or(here, here.add("sub", now, average), here.add("mul", over, average), here.number(0.0))
    return here.add(
        "mul", now, here.add("add", here.number(1.0), here.add("mul", trend, here.value(horizon)))
    )


FUNCTIONS: dict[str, Lowering] = {
    **{
        name: _elementwise(operation)
        for name, operation in {
            "abs": "abs",
            "exp": "exp",
            "ln": "ln",
            "sqrt": "sqrt",
            "sin": "sin",
            "cos": "cos",
            "tan": "tan",
            "arcsin": "asin",
            "arccos": "acos",
            "arctan": "atan",
            "sinh": "sinh",
            "cosh": "cosh",
            "tanh": "tanh",
            "integer": "trunc",
            "min": "min",
            "max": "max",
            "power": "pow",
        }.items()
    },
    "log": _log,
    "if then else": _if_then_else,
    "zidz": _zidz,
    "xidz": _xidz,
    "quantum": _quantum,
    "modulo": _modulo,
    "step": _step,
    "pulse": _pulse,
    "pulse train": _pulse_train,
    "ramp": _ramp,
    "with lookup": _with_lookup,
    "sum": _reduction("add"),
    "prod": _reduction("mul"),
    "vmin": _reduction("min"),
    "vmax": _reduction("max"),
    "elmcount": _element_count,
    "game": lambda here, call: here.value(call.arguments[0]),
    "integ": _integ,
    "initial": _initial,
    "active initial": _active_initial,
    "sample if true": _sample_if_true,
    "smooth": _cascade(_smooth, 1, False),
    "smoothi": _cascade(_smooth, 1, True),
    "smooth3": _cascade(_smooth, 3, False),
    "smooth3i": _cascade(_smooth, 3, True),
    "smooth n": _cascade_n(_smooth),
    "delay1": _cascade(_delay, 1, False),
    "delay1i": _cascade(_delay, 1, True),
    "delay3": _cascade(_delay, 3, False),
    "delay3i": _cascade(_delay, 3, True),
    "delay n": _cascade_n(_delay),
    "delay fixed": _delay_fixed,
    "trend": _trend,
    "forecast": _forecast,
    **functions_xmile.FUNCTIONS,
}
_REDUCING = frozenset({"sum", "prod", "vmin", "vmax"})
