"""Functions of data series: a figure at another time, and what the figures of a span of time amount to.

A series is known when a model is lowered, so these are tables of time, and sums over its points. A figure counts as
lying at a time when they differ by rounding only; a span of time takes in both its ends.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise

from sd_covid.engine.functions.elementary import Lower, fold, one_if
from sd_covid.engine.functions.memory import missing_unless
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import pick, sort_order
from sd_covid.model.expression import Call, Reference
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode

MAX_POINTS = 10_000


def _series(here: Context, call: Call) -> tuple[tuple[float, ...], tuple[float, ...], DataMode]:
    """Times and values of the series that a call names first, and how it is read between them."""
    named = call.arguments[0]
    variable = here.lowering.model.variables.get(key(named.name)) if isinstance(named, Reference) else None
    if not isinstance(named, Reference) or variable is None:
        raise here.error(f"{call.function} takes the name of a data variable", call.place)
    if variable.key in here.lowering.free.data:
        reason = (
            f"the figures of '{variable.name}' cannot be set in a run, for {call.function} is applied to it"
        )
        raise here.error(reason, call.place, "set the figures in the model")
    subscripts = here.lowering.subscripts
    elements = subscripts.resolve(named.subscripts, here.binding, named.place)
    times, values = here.lowering.series(Cell(variable.key, elements))
    if len(times) > MAX_POINTS:
        raise here.error(f"a series of {len(times)} figures is too long for {call.function}", call.place)
    mode = subscripts.definitions(variable)[elements].equation.mode
    return times, values, mode or DataMode.INTERPOLATE


def _near(times: tuple[float, ...]) -> float:
    return 1e-6 * max(1.0, *map(abs, times))


def _read(here: Context, times: tuple[float, ...], values: tuple[float, ...], mode: DataMode, at: int) -> int:
    """A series at a time, its first and last figure held outside."""
    if len(times) == 1:
        return here.number(values[0])
    if mode is DataMode.INTERPOLATE:
        return here.look_up(LookupTable(times, values), at)
    near = here.number(_near(times))
    points = list(zip(times, values, strict=True))
    if mode is DataMode.LOOK_FORWARD:  # the same with time turned round
        points = [(-t, v) for t, v in reversed(points)]
        at = here.add("neg", at)
    steps = points[:1]
    for (_, before), (time, after) in pairwise(points):
        steps += [(time, before), (time, after)]
    steps.append((points[-1][0] + 1.0, points[-1][1]))
    table = LookupTable(tuple(t for t, _ in steps), tuple(v for _, v in steps))
    return here.look_up(table, here.add("add", at, near))


def _within(here: Context, times: tuple[float, ...], at: int) -> int:
    """Whether a time lies between the first figure and the last."""
    near = _near(times)
    first, last = here.number(times[0] - near), here.number(times[-1] + near)
    return here.add("and", here.add("ge", at, first), here.add("le", at, last))


def _at_point(here: Context, times: tuple[float, ...], values: tuple[float, ...], at: int) -> int:
    """The figure at a time, :NA: between figures."""
    before = _read(here, times, times, DataMode.HOLD_BACKWARD, at)
    gap = here.add("abs", here.add("sub", at, before))
    there = here.add("le", gap, here.number(_near(times)))
    return missing_unless(here, there, _read(here, times, values, DataMode.HOLD_BACKWARD, at))


def _at_time(here: Context, call: Call) -> int:
    """GET DATA AT TIME(series, time)."""
    times, values, _ = _series(here, call)
    return _at_point(here, times, values, here.value(call.arguments[1]))


def _between_times(here: Context, call: Call) -> int:
    """GET DATA BETWEEN TIMES(series, time, mode): :NA: before the first figure and after the last."""
    times, values, _ = _series(here, call)
    at, mode = (here.value(a) for a in call.arguments[1:])
    later = _read(here, times, values, DataMode.LOOK_FORWARD, at)
    earlier = _read(here, times, values, DataMode.HOLD_BACKWARD, at)
    straight = _read(here, times, values, DataMode.INTERPOLATE, at)
    back = here.add("select", here.add("lt", mode, here.number(-0.5)), earlier, straight)
    found = here.add("select", here.add("gt", mode, here.number(0.5)), later, back)
    return missing_unless(here, _within(here, times, at), found)


def _time_shift(here: Context, call: Call) -> int:
    """TIME SHIFT(series, shift): the series at Time + shift, read as it is read itself."""
    times, values, mode = _series(here, call)
    at = here.add("add", here.lowering.time(here.step), here.value(call.arguments[1]))
    if mode is DataMode.RAW:
        return _at_point(here, times, values, at)
    return _read(here, times, values, mode, at)


def _cumulate(here: Context, call: Call) -> int:
    """CUMULATE(series): at each point the sum of the figures so far."""
    times, values, mode = _series(here, call)
    sums = tuple(accumulate(values))
    now = here.lowering.time(here.step)
    return _at_point(here, times, sums, now) if mode is DataMode.RAW else _read(here, times, sums, mode, now)


def _edge(which: int) -> Lower:
    return lambda here, call: here.number(_series(here, call)[0][which])


Statistic = Callable[[Context, tuple[float, ...], list[int], int], int]


def _statistic(compute: Statistic, if_none: float = NOT_AVAILABLE) -> Lower:
    """(series, from, to): something of the figures between two times, :NA: where there are none."""

    def lower(here: Context, call: Call) -> int:
        times, values, _ = _series(here, call)
        near, chosen = _near(times), []
        bounds = [here.value(a) for a in call.arguments[1:]]
        for time in times:
            tests = [
                here.add(compare, bound, here.number(time + sign * near))
                for compare, bound, sign in zip(("le", "ge"), bounds, (1, -1), strict=False)
            ]
            chosen.append(fold(here, "and", tests or [here.add("eq", here.number(0.0), here.number(0.0))]))
        count = fold(here, "add", [one_if(here, each) for each in chosen])
        found = compute(here, values, chosen, count)
        none = here.add("eq", count, here.number(0.0))
        return here.add("select", none, here.number(if_none), found)

    return lower


def _kept(here: Context, values: list[int], chosen: list[int], otherwise: float) -> list[int]:
    other = here.number(otherwise)
    return [here.add("select", c, v, other) for v, c in zip(values, chosen, strict=True)]


def _extreme(operation: str, otherwise: float) -> Statistic:
    def compute(here: Context, values: tuple[float, ...], chosen: list[int], count: int) -> int:
        numbers = [here.number(value) for value in values]
        return fold(here, operation, _kept(here, numbers, chosen, otherwise))

    return compute


def _mean(here: Context, values: tuple[float, ...], chosen: list[int], count: int) -> int:
    numbers = [here.number(value) for value in values]
    total = fold(here, "add", _kept(here, numbers, chosen, 0.0))
    return here.add("div", total, here.add("max", here.number(1.0), count))


def _deviation(here: Context, values: tuple[float, ...], chosen: list[int], count: int) -> int:
    """With n - 1; 0 for a single figure."""
    mean = _mean(here, values, chosen, count)
    gaps = [here.add("sub", here.number(value), mean) for value in values]
    squares = [here.add("mul", gap, gap) for gap in gaps]
    total = fold(here, "add", _kept(here, squares, chosen, 0.0))
    freedom = here.add("max", here.number(1.0), here.add("sub", count, here.number(1.0)))
    return here.add("sqrt", here.add("div", total, freedom))


def _median(here: Context, values: tuple[float, ...], chosen: list[int], count: int) -> int:
    """The middle one, or the mean of the two in the middle; figures outside the span are sorted to the end."""
    far = max(values) + 1.0
    kept = _kept(here, [here.number(value) for value in values], chosen, far)
    order = sort_order(here, kept, here.number(1.0))
    half = here.add("mul", here.number(0.5), here.add("sub", count, here.number(1.0)))
    low = here.add("trunc", here.add("max", here.number(0.0), half))
    high = here.add(
        "min", here.number(len(values) - 1.0), here.add("trunc", here.add("add", half, here.number(0.5)))
    )
    both = [pick(here, kept, pick(here, order, place)) for place in (low, here.add("max", low, high))]
    return here.add("mul", here.number(0.5), here.add("add", *both))


FUNCTIONS: dict[str, Lower] = {
    "get data at time": _at_time,
    "get data between times": _between_times,
    "get data first time": _edge(0),
    "get data last time": _edge(-1),
    "get data min": _statistic(_extreme("min", float("inf"))),
    "get data max": _statistic(_extreme("max", float("-inf"))),
    "get data mean": _statistic(_mean),
    "get data median": _statistic(_median),
    "get data stdv": _statistic(_deviation),
    "get data total points": _statistic(lambda here, values, chosen, count: count, 0.0),
    "time shift": _time_shift,
    "cumulate": _cumulate,
    "cumulatef": lambda here, call: here.number(sum(_series(here, call)[1])),
}
