"""Queues: what they hold, and the flows out of them.

A queue gives all it holds to the first of its outflows that can take it, and to a conveyor as much as there is room
for; an overflow takes what another outflow could not. That needs no more than what the queue holds in all. Where its
batches matter, because a conveyor takes them one at a time or whole, or because an equation asks for them, the queue is
one function of the engine, which knows them one by one.
"""

from __future__ import annotations

from sd_covid.errors import ModelError
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, walk
from sd_covid.model.names import key
from sd_covid.model.xmile.definition import Definition, ElementDefinition
from sd_covid.model.xmile.flows import Driver, Flows, driver_of, total_of
from sd_covid.model.xmile.parse import INDEXED, ITEM
from sd_covid.model.xmile.site import Site, World

#: Functions that take what stands in a queue one by one.
_CONTAINER = ("mean", "min", "max", "stddev", "size")


def queue_of_batches(site: Site, flows: Flows, part: ElementDefinition | None) -> Expression | None:
    """A queue that knows its batches; None for one that need not."""
    queue, place = site.definition, site.definition.place
    if not knows_batches(site.world, flows, queue):
        return None
    written = queue.equation if part is None or part.equation is None else part.equation
    if written is None:
        raise _error(queue, "has no initial value", "write one in <eqn>")
    inflows = [site.value(Reference(name, place=place)) for name in queue.inflows]
    outflows = [_way_out(site, flows, name) for name in queue.outflows]
    return Call("XMILE QUEUE", (site.value(written), *inflows, *outflows), place=place)


def knows_batches(world: World, flows: Flows, queue: Definition) -> bool:
    """Whether the batches of a queue matter."""
    for name in queue.outflows:
        for stock in flows.enters.get(key(name), []):
            belt = stock.conveyor
            if belt is not None and (belt.one_at_a_time or belt.batch_integrity):
                return True
    return key(queue.name) in _asked_for(world)


def _asked_for(world: World) -> frozenset[str]:
    """Keys of what equations take apart: by a number in brackets, or in a function over arrays."""
    if world.taken_apart is None:
        found = set()
        for definition in world.definitions.values():
            parts: list[Definition | ElementDefinition] = [definition, *definition.elements]
            rows = (row for part in parts for row in (*part.row, *part.initial))
            found |= {name for row in rows for node in walk(row) for name in _taken_apart(node)}
        world.taken_apart = frozenset(found)
    return world.taken_apart


def _taken_apart(node: Expression) -> list[str]:
    """The key of what a call takes apart."""
    if not isinstance(node, Call) or not node.arguments:
        return []
    first, subscripts = node.arguments[0], node.arguments[1:]
    if isinstance(first, Call) and first.function == INDEXED:
        first = first.arguments[0]
    elif node.function == INDEXED and len(subscripts) != 1:
        return []
    taking = node.function in (INDEXED, ITEM) or key(node.function) in _CONTAINER
    return [key(first.name)] if taking and isinstance(first, Reference) else []


def _way_out(site: Site, flows: Flows, name: str) -> Expression:
    """How an outflow takes from the queue."""
    place = site.definition.place
    flow = flows.definitions.get(key(name))
    if flow is None:
        raise _error(site.definition, f"flow '{name}' is not defined", "define it")
    overflow = Number(float(flow.overflow), place)
    for stock in flows.enters.get(key(name), []):
        if stock.conveyor is not None:
            one, whole = (
                Number(float(mark), place)
                for mark in (stock.conveyor.one_at_a_time, stock.conveyor.batch_integrity)
            )
            belt = site.value(Reference(stock.name, place=place))
            before = _before(site, flows, stock, name)
            return Call("XMILE QUEUE TO CONVEYOR", (overflow, belt, before, one, whole), place=place)
    return Call("XMILE QUEUE TO ALL", (overflow,), place=place)


def _before(site: Site, flows: Flows, stock: Definition, name: str) -> Expression:
    """What queues bring to a conveyor by the inflows that are listed before one."""
    place = site.definition.place
    earlier: list[Expression] = []
    for other in stock.inflows:
        if key(other) == key(name):
            break
        flow = flows.definitions.get(key(other))
        driver = None if flow is None else driver_of(flows, flow)
        if driver is not None and driver.stock.queue:
            earlier.append(site.value(Reference(other, place=place)))
    return total_of(earlier, place)


def queue_outflow(site: Site, flows: Flows, driver: Driver) -> Expression:
    """What a queue holds and gets in a step, less what went before; into a conveyor no more than has room."""
    queue, place = driver.stock, site.definition.place
    if knows_batches(site.world, flows, queue):
        number = Number(float(driver.position), place)
        held = site.value(Reference(queue.name, place=place))
        return Call("XMILE QUEUE OUTFLOW", (held, number), place=place)
    step = Reference("TIME STEP", place=place)
    left: Expression = Binary("/", site.value(Reference(queue.name, place=place)), step, place)
    for name in queue.inflows:
        entering = site.value(Reference(name, place=place))
        left = Binary("+", left, Call("MAX", (entering, Number(0.0, place)), place=place), place)
    for name in queue.outflows[: driver.position]:
        left = Binary("-", left, site.value(Reference(name, place=place)), place)
    left = Call("MAX", (left, Number(0.0, place)), place=place)
    for stock in flows.enters.get(key(site.definition.name), []):
        if stock.conveyor is not None:
            belt = site.value(Reference(stock.name, place=place))
            room: Expression = Call("XMILE CONVEYOR ROOM", (belt,), place=place)
            before = _before(site, flows, stock, site.definition.name)
            if before != Number(0.0, place):
                room = Call("MAX", (Number(0.0, place), Binary("-", room, before, place)), place=place)
            left = Call("MIN", (left, room), place=place)
    return left


def _error(definition: Definition, reason: str, advice: str | None = None) -> ModelError:
    place = definition.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=definition.name)
