"""Whole vectors as arguments: which axis a function runs along, its elements, and picking and sorting among them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sd_covid.engine.context import Context
from sd_covid.engine.subscripts import Cell
from sd_covid.model.expression import Call, Expression, Reference, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Variable


@dataclass(frozen=True, slots=True)
class Axis:
    """The dimension that a vector function runs along, its elements, and where the left side's element stands in it."""

    dimension: str
    elements: tuple[str, ...]
    position: int


def _references(here: Context, expression: Expression) -> list[Reference]:
    found = [node for node in walk(expression) if isinstance(node, Reference) and node.subscripts]
    return [node for node in found if key(node.name) in here.lowering.model.variables]


def axis_of(here: Context, call: Call, expression: Expression) -> Axis:
    """The axis of a vector: the dimension that is not on the left side, else that of the last subscript.

    Vensim's manual speaks of the last subscript only; its models also sort along one that is not on the left side.
    """
    dimensions = here.lowering.subscripts.elements
    references = _references(here, expression)
    named = [key(s.name) for node in references for s in node.subscripts if key(s.name) in dimensions]
    free = [name for name in named if name not in here.binding]
    if not named:
        raise here.error(
            f"{call.function} needs an array with a dimension", call.place, "write it as x[Dimension]"
        )
    last = key(references[0].subscripts[-1].name)
    name = free[0] if free else last if last in dimensions else named[-1]
    return Axis(name, dimensions[name], _position(here, call, name, named))


def _position(here: Context, call: Call, name: str, used: list[str]) -> int:
    """Where the element of the left side stands on an axis: of the same dimension, or of one of its size."""
    dimensions = here.lowering.subscripts.elements
    if name in here.binding:
        return dimensions[name].index(here.binding[name])
    size = len(dimensions[name])
    for bound, element in here.binding.items():
        if bound not in used and bound in dimensions and len(dimensions[bound]) == size:
            return dimensions[bound].index(element)
    raise here.error(
        f"the left side has no subscript for the {size} results of {call.function}",
        call.place,
        f"give the left side the dimension '{name}', or one of its size",
    )


def along(here: Context, expression: Expression, axis: Axis) -> list[int]:
    """An expression at every element of an axis."""
    return [
        here.bound({**here.binding, axis.dimension: element}).value(expression) for element in axis.elements
    ]


def array_of(here: Context, call: Call, argument: Expression) -> tuple[Variable, Reference]:
    """The variable that an argument names with subscripts."""
    variable = (
        here.lowering.model.variables.get(key(argument.name)) if isinstance(argument, Reference) else None
    )
    if not isinstance(argument, Reference) or variable is None or not argument.subscripts:
        raise here.error(f"{call.function} needs a variable with subscripts", call.place)
    return variable, argument


def from_element(here: Context, call: Call, argument: Expression, count: int | None = None) -> list[Cell]:
    """The cells from the one named on, along the last subscript; all of them where that is a free dimension."""
    variable, reference = array_of(here, call, argument)
    subscripts, name = here.lowering.subscripts, key(reference.subscripts[-1].name)
    family = subscripts.elements[subscripts.dimensions(variable)[-1]]
    free = name in subscripts.elements and name not in here.binding
    first = family[0] if free else None
    bound = here.bound({**here.binding, name: first}) if first is not None else here
    cell = subscripts.resolve(reference.subscripts, bound.binding, reference.place)
    rest = family[family.index(cell[-1]) :][:count]
    defined = subscripts.definitions(variable)
    cells = [Cell(variable.key, (*cell[:-1], element)) for element in rest]
    if any(item.elements not in defined for item in cells) or (count is not None and len(cells) < count):
        raise here.error(
            f"'{variable.name}' has too few elements for {call.function}",
            call.place,
            "check its last subscript",
        )
    return cells


def storage(here: Context, variable: Variable) -> list[Cell]:
    """All cells of a variable as Vensim stores them: the last subscript fastest."""
    subscripts = here.lowering.subscripts
    axes = [subscripts.elements[name] for name in subscripts.dimensions(variable)]
    return [Cell(variable.key, elements) for elements in itertools.product(*axes)]


def at_cell(here: Context, cell: Cell, call: Call) -> int:
    """The node of a cell, as a number."""
    node = here.lowering.cell(cell, here.step, call.place, here.variable)
    if here.lowering.graph(here.step).is_truth(node):
        return here.add("select", node, here.number(1.0), here.number(0.0))
    return node


def rounded(here: Context, x: int) -> int:
    """The nearest whole number; a half goes away from 0."""
    half = here.add("select", here.add("lt", x, here.number(0.0)), here.number(-0.5), here.number(0.5))
    return here.add("trunc", here.add("add", x, half))


def pick(here: Context, nodes: list[int], index: int) -> int:
    """``nodes[index]`` for a whole index within range; a tree of choices, so that it is no deeper than need be."""

    def between(low: int, high: int) -> int:
        if high - low == 1:
            return nodes[low]
        middle = (low + high) // 2
        lower = here.add("lt", index, here.number(middle - 0.5))
        return here.add("select", lower, between(low, middle), between(middle, high))

    return between(0, len(nodes))


def _exchanges(size: int) -> list[tuple[int, int]]:
    """Batcher's merge exchange: pairs to compare, in order (Knuth, The Art of Computer Programming 3, 5.2.2 M)."""
    found, t = [], max(1, (size - 1).bit_length())
    p = 1 << (t - 1)
    while p > 0:
        q, r, d = 1 << (t - 1), 0, p
        while d > 0:
            found += [(i, i + d) for i in range(size - d) if i & p == r]
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return found


def sort_order(here: Context, values: list[int], direction: int) -> list[int]:
    """Positions, from 0, of the values in rising order where direction > 0, else falling; equal ones as they stand."""

    def compute() -> list[int]:
        rising = here.add("gt", direction, here.number(0.0))
        keys = [here.add("select", rising, value, here.add("neg", value)) for value in values]
        order = [here.number(float(k)) for k in range(len(values))]
        return _network(here, keys, order)

    return here.once("sort order", [*values, direction], compute)


def _network(here: Context, keys: list[int], order: list[int]) -> list[int]:
    for a, b in _exchanges(len(keys)):
        larger = here.add("gt", keys[a], keys[b])
        tie = here.add("and", here.add("eq", keys[a], keys[b]), here.add("gt", order[a], order[b]))
        swap = here.add("or", larger, tie)
        for row in (keys, order):
            row[a], row[b] = (
                here.add("select", swap, row[b], row[a]),
                here.add("select", swap, row[a], row[b]),
            )
    return order


def rank(here: Context, values: list[int], direction: int) -> list[int]:
    """The rank of each value, from 1: where its position stands in the order."""

    def compute() -> list[int]:
        order = sort_order(here, values, direction)
        places = [here.number(float(k + 1)) for k in range(len(values))]
        return _network(here, list(order), places)

    return here.once("rank", [*values, direction], compute)
