"""Graphical functions: at an argument, backwards, and as plain numbers.

A graphical function is a lookup of the engine: continuous as it is, discrete as one with jumps, and beyond the ends of
an extrapolating one the last slope goes on.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference, Subscript, Table
from sd_covid.model.names import key
from sd_covid.model.xmile.constant import constant
from sd_covid.model.xmile.definition import Definition, Graph, Shape
from sd_covid.model.xmile.parse import INDEXED
from sd_covid.model.xmile.site import Site


def table_of(graph: Graph) -> Table:
    """The points as the engine takes them: a discrete function as steps."""
    points = graph.table.points
    if graph.shape is not Shape.DISCRETE:
        return graph.table
    steps = [points[0]]
    for (_, before), (x, y) in pairwise(points):
        steps += [(x, before), (x, y)]
    return Table(tuple(steps), place=graph.table.place)


def with_graph(graph: Graph, x: Expression, place: Place) -> Expression:
    """A graphical function at an argument, its points written out."""
    return _beyond(graph, x, Call("WITH LOOKUP", (x, table_of(graph)), place=place), place)


def _beyond(graph: Graph, x: Expression, inside: Expression, place: Place) -> Expression:
    """What holds beyond the ends too: with the last slope on either side, when it extrapolates."""
    points = graph.table.points
    if graph.shape is not Shape.EXTRAPOLATE or len(points) < 2:
        return inside
    total = inside
    zero = Number(0.0, place)
    ends = (("MIN", points[0], points[1]), ("MAX", points[-1], points[-2]))
    for limit, (at, y), (near, other) in ends:
        if near == at:
            continue
        slope = (y - other) / (at - near)
        over = Call(limit, (Binary("-", x, _signed(at, place), place), zero), place=place)
        total = Binary("+", total, Binary("*", _signed(slope, place), over, place), place)
    return total


def _signed(value: float, place: Place) -> Expression:
    if value >= 0:
        return Number(value, place)
    return Binary("-", Number(0.0, place), Number(-value, place), place)


def graph_at(site: Site, named: Expression, argument: Expression) -> Expression:
    """``graph(x)``, ``LOOKUP(graph, x)`` and ``graph[element](x)``."""
    definition, subscripts = _found(site, named)
    x = site.value(argument)
    shapes = {graph.shape for graph in graphs_of(definition)}
    lookup = Call(lookup_name(site, definition), (x,), subscripts, place=named.place)
    if Shape.EXTRAPOLATE not in shapes:
        return lookup
    if definition.graph is None:
        reason = f"'{definition.name}' is an array of extrapolating graphs, which cannot be called"
        raise site.error(named.place, reason, "make it continuous, or write its elements as variables")
    return _beyond(definition.graph, x, lookup, named.place)


def named_graph(site: Site, named: Expression) -> Expression:
    """The lookup of a graphical function, as an argument."""
    definition, subscripts = _found(site, named)
    return Reference(lookup_name(site, definition), subscripts, named.place)


def graphs_of(definition: Definition) -> list[Graph]:
    """Every graphical function of a variable."""
    own = [] if definition.graph is None else [definition.graph]
    return own + [item.graph for item in definition.elements if item.graph is not None]


def lookup_name(site: Site, definition: Definition) -> str:
    """The name of the lookup variable for a graphical function."""
    if stands_alone(definition):
        return definition.name
    site.world.looked_up[key(definition.name)] = None
    return f"{definition.name} graph"


def stands_alone(definition: Definition) -> bool:
    """Whether a variable is nothing but its graphical function."""
    if definition.kind == "gf":
        return True
    written = definition.equation is not None or any(
        item.equation is not None for item in definition.elements
    )
    return not written and bool(graphs_of(definition))


def _found(site: Site, named: Expression) -> tuple[Definition, tuple[Subscript, ...]]:
    named = connected_graph(site, named)
    reference = named
    if isinstance(named, Call) and named.function == INDEXED:
        reference = named.arguments[0]
    definition = site.world.definitions.get(key(reference.name)) if isinstance(reference, Reference) else None
    if definition is None or not graphs_of(definition):
        spelled = f"'{reference.name}'" if isinstance(reference, Reference) else "this"
        raise site.error(named.place, f"{spelled} is no graphical function", "name a variable with a graph")
    found = site.value(named)
    if not isinstance(found, Reference):
        raise site.error(named.place, "which graphical function is meant cannot be calculated")
    return definition, found.subscripts


def connected_graph(site: Site, named: Expression) -> Expression:
    """The name of a graphical function; of a module's input, that of the graph that is connected to it."""
    for _ in range(len(site.world.definitions)):
        definition = site.world.definitions.get(key(named.name)) if isinstance(named, Reference) else None
        if definition is None or graphs_of(definition) or not isinstance(definition.equation, Reference):
            break
        named = replace(definition.equation, place=named.place)
    return named


def _single(site: Site, named: Expression) -> Graph:
    definition, subscripts = _found(site, named)
    if definition.graph is not None:
        return definition.graph
    wanted = [key(item.name) for item in subscripts]
    for item in definition.elements:
        if item.graph is not None and [key(name) for name in item.subscripts] == wanted:
            return item.graph
    raise site.error(named.place, "which graphical function is meant must be one element")


def inverse_graph(site: Site, named: Expression, argument: Expression) -> Expression:
    """``LOOKUPINV(graph, y)``: the x at which a graph has that y, the first where there are several.

    A y that it never has is taken for the nearest that it has, unless the graph rises or falls all the way and
    extrapolates.
    """
    graph = _single(site, named)
    if graph.shape is Shape.DISCRETE:
        raise site.error(named.place, "LOOKUPINV takes a graph that is continuous, and this has steps")
    points = sorted((y, x) for x, y in graph.table.points)
    order = [x for _, x in points]
    if order in (sorted(order), sorted(order, reverse=True)) and len({y for y, _ in points}) == len(points):
        return with_graph(Graph(Table(tuple(points)), graph.shape), site.value(argument), named.place)
    place, y = named.place, site.value(argument)
    low, high = (_signed(points[end][0], place) for end in (0, -1))
    held = Call("MAX", (low, Call("MIN", (high, y), place=place)), place=place)
    return Call("LOOKUP INVERT", (named_graph(site, named), held), place=place)


def area_of_graph(site: Site, named: Expression, ends: tuple[Expression, ...]) -> Expression:
    """``LOOKUPAREA(graph, to, from)``: beyond its points a graph counts for nothing, unless it extrapolates."""
    graph, place = _single(site, named), named.place
    points = graph.table.points
    first, last = (_signed(points[end][0], place) for end in (0, -1))
    to, start = [*(site.value(end) for end in ends), *(last, first)[len(ends) :]]
    low, high = Call("MIN", (start, to), place=place), Call("MAX", (start, to), place=place)
    held = [Call("MAX", (first, Call("MIN", (last, end), place=place)), place=place) for end in (low, high)]
    total: Expression = Call("LOOKUP AREA", (named_graph(site, named), *held), place=place)
    if graph.shape is Shape.EXTRAPOLATE and len(points) > 1:
        for end, sign in ((high, "+"), (low, "-")):
            for tail in _tails(points, end, place):
                total = Binary(sign, total, tail, place)
    return total


def _tails(points: tuple[tuple[float, float], ...], x: Expression, place: Place) -> list[Expression]:
    """The area below the outer lines of an extrapolating graph, from its ends to x; negative to the left."""
    found: list[Expression] = []
    for limit, (at, y), (near, other) in (("MIN", points[0], points[1]), ("MAX", points[-1], points[-2])):
        slope = 0.0 if near == at else (y - other) / (at - near)
        over = Call(limit, (Binary("-", x, _signed(at, place), place), Number(0.0, place)), place=place)
        middle = Binary("*", _signed(slope / 2, place), over, place)
        height = Binary("+", _signed(y, place), middle, place)
        found.append(Binary("*", over, height, place))
    return found


def mean_place_of_graph(site: Site, named: Expression, ends: tuple[Expression, ...]) -> Expression:
    """``LOOKUPMEAN(graph, to, from)``: the mean x, where the graph says how often each x occurs."""
    points, place = table_of(_single(site, named)).points, named.place
    found = [constant(site.value(end)) for end in ends]
    if any(end is None for end in found):
        reason = "the ends of LOOKUPMEAN are to be numbers"
        raise site.error(place, reason, "write them out, or take the whole graph")
    to, start = [*(end for end in found if end is not None), *(points[-1][0], points[0][0])[len(ends) :]]
    low, high = min(to, start), max(to, start)
    weight = moment = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        a, b = max(x0, low), min(x1, high)
        if b <= a:
            continue
        slope = (y1 - y0) / (x1 - x0)
        at_a, at_b = y0 + slope * (a - x0), y0 + slope * (b - x0)
        middle, between = (a + b) / 2, (at_a + at_b) / 2
        weight += (b - a) * between
        moment += (b - a) * (a * at_a + 4 * middle * between + b * at_b) / 6  # Simpson: exact for a parabola
    if not weight:
        raise site.error(place, "LOOKUPMEAN takes a graph with some area below it")
    return _signed(moment / weight, place)


def number_of_graph(site: Site, named: Expression, of: str) -> Expression:
    """The mean, sum, smallest, largest or number of the y values of a graphical function."""
    values = [y for _, y in _single(site, named).table.points]
    numbers = {
        "mean": sum(values) / len(values),
        "sum": sum(values),
        "min": min(values),
        "max": max(values),
        "size": float(len(values)),
    }
    return _signed(numbers[of], named.place)
