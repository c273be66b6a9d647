"""Functions over subscripts and whole vectors: reductions, selection, sorting, mapping, and tables made of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable

from sd_covid.engine.functions.elementary import Lower, fold, one_if
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import (
    along,
    array_of,
    at_cell,
    axis_of,
    from_element,
    pick,
    rank,
    rounded,
    sort_order,
    storage,
)
from sd_covid.errors import suggest
from sd_covid.model.expression import Call, Expression, Reference, children
from sd_covid.model.functions import FUNCTIONS as TABLE
from sd_covid.model.names import key

# --- reductions --------------------


def _reduces(name: str) -> bool:
    return name in TABLE and TABLE[name].reduces


def _reduced_dimensions(*expressions: Expression) -> list[str]:
    """The dimensions marked ``!`` in expressions, those of a reduction inside them left out."""
    found: list[str] = []
    stack: list[Expression] = list(expressions)
    while stack:
        node = stack.pop(0)
        if isinstance(node, Reference | Call):
            found += [key(s.name) for s in node.subscripts if s.reduced and key(s.name) not in found]
        if not (isinstance(node, Call) and _reduces(key(node.function))):
            stack = [*children(node), *stack]
    return found


def _marked(here: Context, call: Call, *expressions: Expression) -> list[str]:
    """The dimensions that a call reduces over."""
    names = _reduced_dimensions(*expressions)
    unknown = [name for name in names if name not in here.lowering.subscripts.elements]
    if unknown:
        raise here.error(
            f"{call.function} reduces over '{unknown[0]}!', which is no dimension",
            call.place,
            suggest(unknown[0], here.lowering.subscripts.elements),
        )
    if not names:
        raise here.error(f"{call.function} needs a subscript marked '!' to reduce over", call.place)
    return names


def _reduction(operation: str) -> Lower:
    def lower(here: Context, call: Call) -> int:
        inside = call.arguments[0]
        bindings = here.lowering.subscripts.reductions(_marked(here, call, inside), here.binding)
        return fold(here, operation, [here.bound(binding).value(inside) for binding in bindings])

    return lower


def _element_count(here: Context, call: Call) -> int:
    argument = call.arguments[0]
    name = key(argument.name) if isinstance(argument, Reference) else ""
    elements = here.lowering.subscripts.elements.get(name)
    if elements is None:
        raise here.error("ELMCOUNT needs the name of a dimension", call.place)
    return here.number(float(len(elements)))


# --- VECTOR SELECT --------------------


def _vector_select(here: Context, call: Call) -> int:
    """VECTOR SELECT(selection, x, if none, what, check).

    Vensim's manual has 5 as the product of selection ^ x; Vensim itself takes x ^ selection, and so do we. Where the
    check fails (1: none selected, 2: more than one, 3: either) Vensim stops; here the value is NaN.
    """
    chosen, x, if_none, what, check = call.arguments
    names = _marked(here, call, chosen, x)
    places = [here.bound(b) for b in here.lowering.subscripts.reductions(names, here.binding)]
    weights = [place.value(chosen) for place in places]
    values = [place.value(x) for place in places]
    selected = [here.add("ne", weight, here.number(0.0)) for weight in weights]
    count = fold(here, "add", [one_if(here, each) for each in selected])
    found = _choose(
        here, here.value(what), 11, lambda k: _selection(here, k, weights, values, selected, count)
    )
    none = here.add("eq", count, here.number(0.0))
    found = here.add("select", none, here.value(if_none), found)
    several = here.add("gt", count, here.number(1.0))
    checked = here.value(check)
    odd = _among(here, checked, (1.0, 3.0)), _among(here, checked, (2.0, 3.0))
    wrong = here.add("or", here.add("and", odd[0], none), here.add("and", odd[1], several))
    return here.add("select", wrong, here.number(math.nan), found)


def _among(here: Context, x: int, values: tuple[float, ...]) -> int:
    return fold(here, "or", [here.add("eq", x, here.number(value)) for value in values])


def _choose(here: Context, which: int, count: int, make: Callable[[int], int]) -> int:
    """One of several things by number: only that one where the number is written out; NaN outside."""
    kind, *value = here.lowering.graph(here.step).nodes[which]
    if kind == "number":
        number = float(value[0])
        return make(int(number + 0.5)) if -0.5 <= number < count - 0.5 else here.number(math.nan)
    nearest = rounded(here, which)
    found = here.number(math.nan)
    for k in range(count):
        found = here.add("select", here.add("eq", nearest, here.number(float(k))), make(k), found)
    return found


def _selection(
    here: Context, what: int, weights: list[int], values: list[int], selected: list[int], count: int
) -> int:
    pairs = list(zip(weights, values, strict=True))
    if what < 5:
        terms = [here.add("mul", weight, value) for weight, value in pairs]
    elif what == 5:
        terms = [here.add("pow", value, weight) for weight, value in pairs]
    else:
        terms = values
    operation = {0: "add", 1: "mul", 2: "min", 3: "max", 4: "add", 5: "mul"}.get(what) or (
        {6: "add", 7: "mul", 8: "min", 9: "max", 10: "add"}[what]
    )
    left_out = {"add": 0.0, "mul": 1.0, "min": math.inf, "max": -math.inf}[operation]
    kept = [
        here.add("select", chosen, term, here.number(left_out))
        for chosen, term in zip(selected, terms, strict=True)
    ]
    total = fold(here, operation, kept)
    if what in (4, 10):
        return here.add("div", total, here.add("max", count, here.number(1.0)))
    return total


# --- order and place --------------------


def _vector_sort_order(here: Context, call: Call) -> int:
    axis = axis_of(here, call, call.arguments[0])
    order = sort_order(here, along(here, call.arguments[0], axis), here.value(call.arguments[1]))
    return order[axis.position]


def _vector_rank(here: Context, call: Call) -> int:
    axis = axis_of(here, call, call.arguments[0])
    return rank(here, along(here, call.arguments[0], axis), here.value(call.arguments[1]))[axis.position]


def _vector_reorder(here: Context, call: Call) -> int:
    """The second argument is read for the element on the left side."""
    axis = axis_of(here, call, call.arguments[0])
    values = along(here, call.arguments[0], axis)
    order = call.arguments[1]
    named = axis_of(here, call, order)
    index = along(here, order, named)[named.position]
    return _within(here, values, rounded(here, index))


def _within(here: Context, values: list[int], index: int) -> int:
    """One of some values, :NA: outside them."""
    outside = here.add(
        "or",
        here.add("lt", index, here.number(0.0)),
        here.add("gt", index, here.number(float(len(values) - 1))),
    )
    return here.add("select", outside, here.number(NOT_AVAILABLE), pick(here, values, index))


def _vector_elm_map(here: Context, call: Call) -> int:
    """The element named, and as far on as the offset says, through all subscripts; :NA: outside the variable."""
    variable, reference = array_of(here, call, call.arguments[0])
    cells = storage(here, variable)
    elements = here.lowering.subscripts.resolve(reference.subscripts, here.binding, reference.place)
    base = [cell.elements for cell in cells].index(elements)
    offset = here.value(call.arguments[1])
    kind, *value = here.lowering.graph(here.step).nodes[offset]
    defined = here.lowering.subscripts.definitions(variable)

    def at(k: int) -> int:
        inside = 0 <= k < len(cells) and cells[k].elements in defined
        return at_cell(here, cells[k], call) if inside else here.number(NOT_AVAILABLE)

    if kind == "number":  # only that element, so that no others need be known
        return at(base + math.floor(float(value[0]) + 0.5))
    index = here.add("add", rounded(here, offset), here.number(float(base)))
    return _within(here, [at(k) for k in range(len(cells))], index)


# --- a table made of an array --------------------


def _vector_lookup(here: Context, call: Call) -> int:
    """VECTOR LOOKUP(first y, x, lowest x, highest x, mode); modes as in Vensim's manual."""
    values = [at_cell(here, cell, call) for cell in from_element(here, call, call.arguments[0])]
    if len(values) < 2:
        raise here.error("VECTOR LOOKUP needs an array of at least two elements", call.place)
    x, low, high, mode = (here.value(a) for a in call.arguments[1:])
    table = _EvenTable(here, values, low, high)
    modes: list[Callable[[], int]] = [
        lambda: table.value(x, held=True),
        lambda: table.area(x, held=True),
        lambda: table.step(x, ahead=False),
        lambda: table.value(x, held=False),
        lambda: table.step(x, ahead=True),
        lambda: table.inverse(x, held=True),
        lambda: table.slope(x, held=True),
        lambda: table.area(x, held=False),
        lambda: table.inverse(x, held=False),
        lambda: table.slope(x, held=False),
    ]
    return _choose(here, mode, len(modes), lambda k: modes[k]())


class _EvenTable:
    """A table with points at even distances, whose values are nodes."""

    def __init__(self, here: Context, values: list[int], low: int, high: int) -> None:
        self.here, self.values, self.last = here, values, len(values) - 1
        self.low, self.high = low, high
        self.width = here.add("div", here.add("sub", high, low), here.number(float(self.last)))

    def place(self, x: int) -> tuple[int, int]:
        """The number of the segment of x, and how far x is along it; outside below 0 or above 1."""
        along_ = self.here.add("div", self.here.add("sub", x, self.low), self.width)
        cut = self.here.add("max", self.here.number(0.0), self.here.add("trunc", along_))
        segment = self.here.add("min", self.here.number(float(self.last - 1)), cut)
        return segment, self.here.add("sub", along_, segment)

    def ends(self, segment: int) -> tuple[int, int]:
        """The values at both ends of a segment."""
        return pick(self.here, self.values[:-1], segment), pick(self.here, self.values[1:], segment)

    def hold(self, part: int) -> int:
        return self.here.add("max", self.here.number(0.0), self.here.add("min", self.here.number(1.0), part))

    def value(self, x: int, held: bool) -> int:
        segment, part = self.place(x)
        start, end = self.ends(segment)
        part = self.hold(part) if held else part
        return self.here.add("add", start, self.here.add("mul", self.here.add("sub", end, start), part))

    def slope(self, x: int, held: bool) -> int:
        """At a point the mean of both sides; outside 0, or that of the last segment."""
        add, number = self.here.add, self.here.number
        segment, part = self.place(x)
        start, end = self.ends(segment)
        after = add("div", add("sub", end, start), self.width)
        earlier = add("max", number(0.0), add("sub", segment, number(1.0)))
        before = add("sub", *reversed(self.ends(earlier)))
        mean = add("mul", number(0.5), add("add", after, add("div", before, self.width)))
        at_point = add("and", add("eq", part, number(0.0)), add("gt", segment, number(0.0)))
        found = add("select", at_point, mean, after)
        if not held:
            return found
        outside = add("or", add("lt", part, number(0.0)), add("gt", part, number(1.0)))
        return add("select", outside, number(0.0), found)

    def step(self, x: int, ahead: bool) -> int:
        """The value of the point before x, or of the next one."""
        add, number = self.here.add, self.here.number
        segment, part = self.place(x)
        start, end = self.ends(segment)
        later = add("gt", part, number(0.0)) if ahead else add("ge", part, number(1.0))
        return add("select", later, end, start)

    def area(self, x: int, held: bool) -> int:
        """Area from the lowest x; beyond the points that of what is held, or carried on."""
        add, number = self.here.add, self.here.number
        sums = [number(0.0)]
        for a, b in zip(self.values[:-2], self.values[1:-1], strict=True):
            sums.append(add("add", sums[-1], add("mul", number(0.5), add("add", a, b))))
        segment, part = self.place(x)
        start, end = self.ends(segment)
        inside = self.hold(part) if held else part
        rise = add("mul", number(0.5), add("mul", add("sub", end, start), inside))
        total = add("add", pick(self.here, sums, segment), add("mul", inside, add("add", start, rise)))
        if held:
            edge = add("select", add("lt", part, number(0.0)), start, end)
            total = add("add", total, add("mul", edge, add("sub", part, inside)))
        return add("mul", self.width, total)

    def inverse(self, y: int, held: bool) -> int:
        """The smallest x of a value; :NA: where there is none, or from the outer lines."""
        add, number = self.here.add, self.here.number
        found = number(NOT_AVAILABLE)
        for k in reversed(range(self.last)):
            a, b = self.values[k], self.values[k + 1]
            flat = add("eq", a, b)
            part = add("div", add("sub", y, a), add("select", flat, number(1.0), add("sub", b, a)))
            below, above = add("lt", part, number(0.0)), add("gt", part, number(1.0))
            out = add("or", below, above)
            if not held and k == 0:
                out = above if self.last > 1 else add("and", below, above)
            elif not held and k == self.last - 1:
                out = below
            out = add("or", out, add("and", flat, add("ne", y, a)))
            at = add("add", self.low, add("mul", self.width, add("add", number(float(k)), part)))
            found = add("select", out, found, at)
        return found


FUNCTIONS: dict[str, Lower] = {
    "sum": _reduction("add"),
    "prod": _reduction("mul"),
    "vmin": _reduction("min"),
    "vmax": _reduction("max"),
    "elmcount": _element_count,
    "vector select": _vector_select,
    "vector elm map": _vector_elm_map,
    "vector sort order": _vector_sort_order,
    "vector rank": _vector_rank,
    "vector reorder": _vector_reorder,
    "vector lookup": _vector_lookup,
}
