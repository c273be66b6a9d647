"""Lookups beyond the usual one: held, extrapolated, inverted, their area and slope.

A table becomes other tables, of steps: which segment x lies in, where it begins, how steep it is. What Vensim's manual
leaves open: outside its points a table keeps its first or last value, for the area too; the slope at the first or last
point is that of the segment there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.lower.context import Context, table_of
from sd_covid.model.expression import Call, Reference, Table
from sd_covid.model.names import key

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """The segments of a table that have a width: where each begins, its value there, its slope, the area before it."""

    table: LookupTable
    start: tuple[float, ...]
    value: tuple[float, ...]
    slope: tuple[float, ...]
    area: tuple[float, ...]

    @classmethod
    def of(cls, table: LookupTable) -> Curve:
        """The segments of a table; one of no width where it has a single x."""
        points = list(zip(table.x, table.y, strict=True))
        wide = [(a, b) for a, b in pairwise(points) if b[0] > a[0]]
        wide = wide or [(points[-1], (points[-1][0] + 1.0, points[-1][1]))]
        areas = ((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in wide[:-1])
        return cls(
            table,
            tuple(a[0] for a, _ in wide),
            tuple(a[1] for a, _ in wide),
            tuple((b[1] - a[1]) / (b[0] - a[0]) for a, b in wide),
            tuple(accumulate(areas, initial=0.0)),
        )

    def steps(self, values: tuple[float, ...]) -> LookupTable:
        """A value for each segment, as a table of steps: at a border that of the segment that begins there."""
        points: list[Point] = [(self.start[0], values[0])]
        for border, before, after in zip(self.start[1:], values[:-1], values[1:], strict=True):
            points += [(border, before), (border, after)]
        return _table([*points, (self.start[-1] + 1.0, values[-1])])  # a step needs something behind it


def _table(points: list[Point]) -> LookupTable:
    return LookupTable(tuple(x for x, _ in points), tuple(y for _, y in points))


def named_table(here: Context, call: Call, position: int = 0) -> LookupTable:
    """The table that a call names as an argument, the first one by default."""
    named = call.arguments[position]
    variable = here.lowering.model.variables.get(key(named.name)) if isinstance(named, Reference) else None
    if not isinstance(named, Reference) or variable is None:
        raise here.error(f"{call.function} takes the name of a lookup", call.place)
    if variable.key in here.lowering.free.lookups:
        reason = (
            f"the points of '{variable.name}' cannot be set in a run, for {call.function} is applied to it"
        )
        raise here.error(reason, call.place, "set the points in the model")
    return here.lookup_table(variable, named)


def _with_lookup(here: Context, call: Call) -> int:
    x, table = call.arguments
    if not isinstance(table, Table):
        raise here.error("WITH LOOKUP needs a list of points as its second argument", call.place)
    return here.look_up(table_of(table), here.value(x), here.owner())


def extrapolate(here: Context, table: LookupTable, x: int) -> int:
    """A table at x, beyond its first and last point with the slope of the segment there."""
    curve = Curve.of(table)
    below = here.add("min", here.number(0.0), here.add("sub", x, here.number(table.x[0])))
    above = here.add("max", here.number(0.0), here.add("sub", x, here.number(table.x[-1])))
    outside = here.add(
        "add",
        here.add("mul", here.number(curve.slope[0]), below),
        here.add("mul", here.number(curve.slope[-1]), above),
    )
    return here.add("add", here.look_up(table, x), outside)


def _extrapolate(here: Context, call: Call) -> int:
    return extrapolate(here, named_table(here, call), here.value(call.arguments[1]))


def _steps_of(points: list[Point]) -> LookupTable:
    """Each point's value from its x on."""
    found = points[:1]
    for (_, before), (x, after) in pairwise(points):
        found += [(x, before), (x, after)]
    return _table([*found, (points[-1][0] + 1.0, points[-1][1])])


def _backward(here: Context, call: Call) -> int:
    table = named_table(here, call)
    points = list(zip(table.x, table.y, strict=True))
    return here.look_up(_steps_of(points), here.value(call.arguments[1]))


def _forward(here: Context, call: Call) -> int:
    """The same with the x axis turned round, so that a point's value holds up to its x, and at it."""
    table = named_table(here, call)
    points = [(-x, y) for x, y in zip(reversed(table.x), reversed(table.y), strict=True)]
    return here.look_up(_steps_of(points), here.add("neg", here.value(call.arguments[1])))


def _invert(here: Context, call: Call) -> int:
    """The segments from the last to the first, so that the first that holds y decides."""
    table = named_table(here, call)
    y = here.value(call.arguments[1])
    found = here.number(NOT_AVAILABLE)
    for (x0, y0), (x1, y1) in reversed(list(pairwise(zip(table.x, table.y, strict=True)))):
        low, high = here.number(min(y0, y1)), here.number(max(y0, y1))
        inside = here.add("and", here.add("ge", y, low), here.add("le", y, high))
        share = here.number((x1 - x0) / (y1 - y0) if y1 != y0 else 0.0)
        at = here.add("add", here.number(x0), here.add("mul", here.add("sub", y, here.number(y0)), share))
        found = here.add("select", inside, at, found)
    return found


def area_to(here: Context, table: LookupTable, x: int) -> int:
    """Area below a table from its first point to x."""
    curve, add = Curve.of(table), here.add
    first, last = here.number(table.x[0]), here.number(table.x[-1])
    held = add("max", first, add("min", last, x))
    since = add("sub", held, here.look_up(curve.steps(curve.start), x))
    half = add("mul", here.number(0.5), here.look_up(curve.steps(curve.slope), x))
    height = add("add", here.look_up(curve.steps(curve.value), x), add("mul", half, since))
    inside = add("add", here.look_up(curve.steps(curve.area), x), add("mul", since, height))
    below = add("mul", here.number(table.y[0]), add("min", here.number(0.0), add("sub", x, first)))
    above = add("mul", here.number(table.y[-1]), add("max", here.number(0.0), add("sub", x, last)))
    return add("add", inside, add("add", below, above))


def _area(here: Context, call: Call) -> int:
    table = named_table(here, call)
    start, end = (here.value(a) for a in call.arguments[1:])
    return here.add("sub", area_to(here, table, end), area_to(here, table, start))


def _slope(here: Context, call: Call) -> int:
    """At a point the mean of the slopes on both sides; :NA: at a jump."""
    table, add = named_table(here, call), here.add
    curve = Curve.of(table)
    x, mode = (here.value(a) for a in call.arguments[1:])
    ends = (*curve.start[1:], table.x[-1])
    mirrored = Curve(table, tuple(-e for e in reversed(ends)), (), (), ())
    after = here.look_up(curve.steps(curve.slope), x)
    before = here.look_up(mirrored.steps(tuple(reversed(curve.slope))), add("neg", x))
    inside = add("mul", here.number(0.5), add("add", before, after))
    for a, b in pairwise(table.x):
        if a == b:
            inside = add("select", add("eq", x, here.number(a)), here.number(NOT_AVAILABLE), inside)
    missing = add("lt", mode, here.number(-0.5))
    outside = add("select", missing, here.number(NOT_AVAILABLE), here.number(0.0))
    outside = add("select", add("gt", mode, here.number(0.5)), after, outside)
    beyond = add("or", add("lt", x, here.number(table.x[0])), add("gt", x, here.number(table.x[-1])))
    return add("select", beyond, outside, inside)


FUNCTIONS: dict[str, Lower] = {
    "with lookup": _with_lookup,
    "lookup extrapolate": _extrapolate,
    "lookup forward": _forward,
    "lookup backward": _backward,
    "lookup invert": _invert,
    "lookup area": _area,
    "lookup slope": _slope,
}
