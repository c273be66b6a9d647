"""Whole vectors as arguments: which axis a function runs along, its elements, and picking and sorting among them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sd_covid.engine.graph.subscripts import Binding, Cell
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression, Reference, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Variable


@dataclass(frozen=True, slots=True)
class Axis:
    """The dimension that a vector function runs along, its elements, and where the left side's element stands in it.

    ``binding`` holds the left side's elements, and those of other dimensions that stand for them on the right.
    """

    dimension: str
    elements: tuple[str, ...]
    position: int
    binding: Binding


def _references(here: Context, expression: Expression) -> list[Reference]:
    found = [node for node in walk(expression) if isinstance(node, Reference) and node.subscripts]
    return [node for node in found if key(node.name) in here.lowering.model.variables]


def axis_of(here: Context, call: Call, expression: Expression) -> Axis:
    """The axis of a vector: the dimension of its last subscript, as Vensim's manual says.

    Dimensions of the vector that are not on the left side stand, in order, for those there that the vector does not
    name and that have as many elements.
    """
    dimensions = here.lowering.subscripts.elements
    named = [
        key(item.name)
        for node in _references(here, expression)
        for item in node.subscripts
        if key(item.name) in dimensions
    ]
    if not named:
        raise here.error(
            f"{call.function} needs an array with a dimension", call.place, "write it as x[Dimension]"
        )
    binding = dict(here.binding)
    spare = [name for name in here.binding if name in dimensions and name not in named]
    for name in dict.fromkeys(named):
        match = next((n for n in spare if len(dimensions[n]) == len(dimensions[name])), None)
        if name not in binding and match is not None:
            spare.remove(match)
            binding[name] = dimensions[name][dimensions[match].index(here.binding[match])]
    axis = named[-1]
    if axis not in binding:
        raise here.error(
            f"the left side has no subscript for the {len(dimensions[axis])} results of {call.function}",
            call.place,
            f"give the left side the dimension '{axis}', or one of its size",
        )
    return Axis(axis, dimensions[axis], dimensions[axis].index(binding[axis]), binding)


def along(here: Context, expression: Expression, axis: Axis) -> list[int]:
    """An expression at every element of an axis."""
    places = [here.bound({**axis.binding, axis.dimension: element}) for element in axis.elements]
    return [place.value(expression) for place in places]


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
    node = here.lowering.cell(cell, here.step)
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
    """Positions, from 0, of the values in rising order where direction > 0, else in the reverse of it.

    Vensim leaves open how equal ones stand: here as they are in the vector, when rising.
    """

    def compute() -> list[int]:
        rising = here.add("gt", direction, here.number(0.0))
        order = _network(here, list(values), [here.number(float(k)) for k in range(len(values))])
        pairs = list(zip(order, reversed(order), strict=True))
        return [here.add("select", rising, a, b) for a, b in pairs]

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
