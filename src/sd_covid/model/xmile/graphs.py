"""Graphical functions: at an argument, backwards, and as plain numbers.

A graphical function is a lookup of the engine: continuous as it is, discrete as one with jumps, and beyond the ends of
an extrapolating one the last slope goes on.
"""

from __future__ import annotations

from itertools import pairwise

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference, Subscript, Table
from sd_covid.model.names import key
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
    """``LOOKUPINV(graph, y)``: the x at which a graph that only rises, or only falls, has that y."""
    graph = _single(site, named)
    points = sorted((y, x) for x, y in graph.table.points)
    rising = [x for _, x in points]
    if rising not in (sorted(rising), sorted(rising, reverse=True)) or graph.shape is Shape.DISCRETE:
        reason = "LOOKUPINV takes a continuous graph that only rises, or only falls"
        raise site.error(named.place, reason)
    return with_graph(Graph(Table(tuple(points)), graph.shape), site.value(argument), named.place)


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
