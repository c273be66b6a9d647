"""Functions over arrays: an array stands for all its elements, ``*`` for those along one dimension.

A reduction becomes one of Vensim's, over dimensions marked ``!``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod

from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    Number,
    Place,
    Reference,
    Subscript,
    Text,
    walk,
)
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.xmile.graphs import graphs_of, number_of_graph
from sd_covid.model.xmile.parse import INDEXED, RANGE
from sd_covid.model.xmile.site import MAX_CHOICES, Site, is_container

Rewrite = Callable[[Site, Call], Expression]


def _over(expression: Expression) -> list[str]:
    """Keys of the dimensions that an expression is still to be reduced over."""
    found: list[str] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Reference | Call):
            found += [key(item.name) for item in node.subscripts if item.reduced]
        if isinstance(node, Call):
            function = FUNCTIONS.get(key(node.function))
            if function is None or not function.reduces:
                stack += node.arguments
        elif isinstance(node, Binary):
            stack += [node.left, node.right]
        elif not isinstance(node, Reference) and hasattr(node, "operand"):
            stack.append(node.operand)
    return list(dict.fromkeys(found))


def _count(site: Site, expression: Expression) -> int:
    return prod(len(site.world.dimensions[name].elements) for name in _over(expression))


def _graph(site: Site, node: Expression) -> bool:
    """Whether an argument is a graphical function by itself."""
    definition = site.world.definitions.get(key(node.name)) if isinstance(node, Reference) else None
    return definition is not None and definition.kind == "gf" and bool(graphs_of(definition))


def _contents(site: Site, node: Expression, of: str) -> Expression | None:
    """What a conveyor or a queue is as a container; None for anything else, and for an array of them."""
    named = node.arguments[0] if isinstance(node, Call) and node.function == INDEXED else node
    definition = site.world.definitions.get(key(named.name)) if isinstance(named, Reference) else None
    if definition is None or not is_container(definition):
        return None
    stock = site.over_all().value(node)
    if not isinstance(stock, Reference) or _over(stock):
        return None
    kind = "QUEUE" if definition.queue else "CONVEYOR"
    return Call(f"XMILE {kind} {of}", (stock,), place=node.place)


def reduced(name: str) -> Rewrite:
    """SUM and PROD."""

    def rewrite(site: Site, call: Call) -> Expression:
        if _graph(site, call.arguments[0]) and name == "SUM":
            return number_of_graph(site, call.arguments[0], "sum")
        inside = site.over_all().value(call.arguments[0])
        return Call(name, (inside,), place=call.place) if _over(inside) else inside

    return rewrite


def mean(site: Site, call: Call) -> Expression:
    """MEAN of an array, or of several numbers."""
    place = call.place
    if len(call.arguments) == 1:
        if _graph(site, call.arguments[0]):
            return number_of_graph(site, call.arguments[0], "mean")
        slats = _contents(site, call.arguments[0], "SIZE")
        if slats is not None:
            return Binary("/", site.value(call.arguments[0]), slats, place)
        inside = site.over_all().value(call.arguments[0])
        if not _over(inside):
            return inside
        count = Number(float(_count(site, inside)), place)
        return Binary("/", Call("SUM", (inside,), place=place), count, place)
    values = [site.value(argument) for argument in call.arguments]
    total = values[0]
    for value in values[1:]:
        total = Binary("+", total, value, place)
    return Binary("/", total, Number(float(len(values)), place), place)


def spread(site: Site, call: Call) -> Expression:
    """STDDEV: of the elements as a whole population, as simlin has it; the standard does not say."""
    place = call.place
    belt = _contents(site, call.arguments[0], "STDDEV")
    if belt is not None:
        return belt
    inside = site.over_all().value(call.arguments[0])
    if not _over(inside):
        return Number(0.0, place)
    count = Number(float(_count(site, inside)), place)
    average = Binary("/", Call("SUM", (inside,), place=place), count, place)
    gap = Binary("-", inside, average, place)
    squares = Call("SUM", (Binary("*", gap, gap, place),), place=place)
    return Call("SQRT", (Binary("/", squares, count, place),), place=place)


def rank(site: Site, call: Call) -> Expression:
    """RANK(array, n): the index of the n-th smallest, equal ones in the order of a second array, or of the first."""
    array, number, *second = call.arguments
    inside = [site.over_all().value(item) for item in (array, *second)]
    if not _over(inside[0]):
        raise site.error(call.place, "RANK takes an array", "write RANK(array, n)")
    return Call("XMILE RANK", (inside[0], site.value(number), *inside[1:]), place=call.place)


def size(site: Site, call: Call) -> Expression:
    """SIZE of an array, of part of one, of a dimension, or of a graphical function."""
    argument = call.arguments[0]
    place = call.place
    belt = _contents(site, argument, "SIZE")
    if belt is not None:
        return belt
    if isinstance(argument, Reference):
        dimension = site.world.dimensions.get(key(argument.name))
        if dimension is not None and key(argument.name) not in site.world.definitions:
            return Number(float(len(dimension.elements)), place)
        if _graph(site, argument):
            return number_of_graph(site, argument, "size")
    return Number(float(_count(site, site.over_all().value(argument))), place)


def interpolate(site: Site, call: Call) -> Expression:
    """INTERPOLATE(array, place along each dimension): between elements; the first is at 0, the last at 1."""
    array, *places = call.arguments
    inside = site.over_all().value(array)
    marked = [item for item in inside.subscripts if item.reduced] if isinstance(inside, Reference) else []
    if not isinstance(inside, Reference) or len(marked) != len(places):
        reason = f"INTERPOLATE takes an array with {len(places)} dimensions left open, and a place along each"
        raise site.error(call.place, reason, "write INTERPOLATE(array[*], place)")
    lengths = [site.world.dimensions[key(item.name)].elements for item in marked]
    if prod(len(elements) for elements in lengths) > MAX_CHOICES:
        raise site.error(call.place, f"INTERPOLATE takes an array of up to {MAX_CHOICES} elements")
    along = [
        Binary("*", _held(site.value(item), call.place), Number(len(elements) - 1.0, call.place), call.place)
        for item, elements in zip(places, lengths, strict=True)
    ]
    total: Expression | None = None
    for cell in product(*(range(len(elements)) for elements in lengths)):
        names = iter(elements[at] for elements, at in zip(lengths, cell, strict=True))
        subscripts = tuple(Subscript(next(names)) if item.reduced else item for item in inside.subscripts)
        term: Expression = Reference(inside.name, subscripts, call.place)
        for at, position in zip(cell, along, strict=True):
            term = Binary("*", term, _nearness(position, at, call.place), call.place)
        total = term if total is None else Binary("+", total, term, call.place)
    assert total is not None, "a dimension has an element"
    return total


def _held(place: Expression, at: Place) -> Expression:
    return Call("MAX", (Number(0.0, at), Call("MIN", (Number(1.0, at), place), place=at)), place=at)


def _nearness(position: Expression, number: int, at: Place) -> Expression:
    """1 at an element, and less with the distance, 0 at the next."""
    gap = Call("ABS", (Binary("-", position, Number(float(number), at), at),), place=at)
    return Call("MAX", (Number(0.0, at), Binary("-", Number(1.0, at), gap, at)), place=at)


def extreme(pair: str, array: str) -> Rewrite:
    """MIN and MAX: of any mix of numbers and arrays."""

    def rewrite(site: Site, call: Call) -> Expression:
        alone = len(call.arguments) == 1
        belt = _contents(site, call.arguments[0], pair) if alone else None
        if belt is not None:
            return belt
        if alone and _graph(site, call.arguments[0]):
            return number_of_graph(site, call.arguments[0], pair.lower())
        values = [_extreme_of(site, item, array, alone) for item in call.arguments]
        found = values[0]
        for value in values[1:]:
            found = Call(pair, (found, value), place=call.place)
        return found

    return rewrite


def _extreme_of(site: Site, argument: Expression, array: str, alone: bool) -> Expression:
    """One argument: an array as the extreme of its elements, unless the equation runs over them itself."""
    if not (alone or _is_array(site, argument)):
        return site.value(argument)
    inside = site.over_all().value(argument)
    return Call(array, (inside,), place=argument.place) if _over(inside) else inside


def _is_array(site: Site, argument: Expression) -> bool:
    """Whether an argument stands for several numbers, seen from the left side."""
    left = {key(name) for name in site.left}
    indexed = set()
    for node in walk(argument):
        if isinstance(node, Call) and node.function == INDEXED:
            indexed.add(id(node.arguments[0]))
            for item in node.arguments[1:]:
                if isinstance(item, Text) and item.value.startswith("*"):
                    return True
                if isinstance(item, Call) and item.function == RANGE:
                    return True
        elif isinstance(node, Reference) and id(node) not in indexed:
            definition = site.world.definitions.get(key(node.name))
            if definition is not None and not {key(name) for name in definition.dimensions} <= left:
                return True
    return False
