"""Conveyors: the stocks, and the flows that they drive.

A conveyor is one function of the engine, with its inflows as arguments; the flows out of it ask it what leaves. An
inflow that may be kept out has a variable of its own for what is requested. Queues have a file of their own.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Expression, Number, Reference
from sd_covid.model.names import key
from sd_covid.model.xmile.definition import Conveyor, Definition, ElementDefinition
from sd_covid.model.xmile.flows import Driver, Flows, driver_of, leaks, total_of
from sd_covid.model.xmile.queues import queue_of_batches, queue_outflow
from sd_covid.model.xmile.site import Site
from sd_covid.model.xmile.spreads import spreads


def belt_of(flows: Flows, definition: Definition) -> bool:
    """Whether a flow needs no equation, because a conveyor or queue drives it."""
    return driver_of(flows, definition) is not None


def belt_equation(site: Site, flows: Flows, part: ElementDefinition | None) -> Expression | None:
    """The right side of a conveyor, or of a flow into or out of one or a queue; None for any other variable."""
    definition = site.definition
    if definition.conveyor is not None:
        return _conveyor(site, flows, definition.conveyor, part)
    if definition.queue:
        return queue_of_batches(site, flows, part)
    driver = driver_of(flows, definition)
    if driver is None:
        return _inflow(site, flows)
    if driver.stock.conveyor is not None:
        return _driven(site, flows, driver)
    return queue_outflow(site, flows, driver)


def check_belt(flows: Flows, definition: Definition) -> None:
    """Refuse a conveyor or queue that cannot be run.

    Raises
    ------
    ModelError
        Names the variable, its line and what to do.
    """
    belt = definition.conveyor
    plain = [name for name in definition.outflows if not leaks(flows, name)]
    if belt is not None and len(plain) != 1:
        reason = f"a conveyor has one outflow off its end, and this has {len(plain)}"
        raise _error(definition, reason, "mark the others with <leak/>")
    for name in definition.outflows:
        leak = flows.definitions.get(key(name))
        if leak is not None and leak.leak is not None and leak.leak.end < leak.leak.start:
            raise _error(
                leak, "leaks in a zone that ends before it starts", "exchange leak_start and leak_end"
            )
    for name in definition.inflows:
        flow = flows.definitions.get(key(name))
        if flow is not None and flow.multiplier is not None:
            reason = f"inflow '{flow.name}' is multiplied on its way in, which only a stock can take"
            raise _error(definition, reason, "let it go through a stock, or take <multiplier> out")
        source = None if flow is None else driver_of(flows, flow)
        if belt is None or source is None:
            continue
        if belt.arrest is not None and source.stock.conveyor is not None:
            reason = f"a conveyor that can be arrested takes no flow of a conveyor ('{source.stock.name}')"
            raise _error(definition, reason, "put a queue or a stock between them")


# --- conveyors --------------------


def _conveyor(site: Site, flows: Flows, belt: Conveyor, part: ElementDefinition | None) -> Expression:
    definition, place = site.definition, site.definition.place
    row = part.row if part is not None and part.row else definition.row
    if not row:
        raise _error(definition, "has no initial value", "write one in <eqn>")
    initial = site.value(row[0])
    if len(row) > 1:
        initial = Call("XMILE ROW", tuple(site.value(item) for item in row), place=place)
    driven, fed, requested = _inflows(site, flows)

    def option(expression: Expression | None, otherwise: float) -> Expression:
        return Number(otherwise, place) if expression is None else site.value(expression)

    own = None if part is None else part.transit_time
    arguments: list[Expression] = [
        site.value(belt.transit_time if own is None else own),
        initial,
        option(belt.capacity, math.inf),
        option(belt.inflow_limit, math.inf),
        option(belt.sample, 1.0),
        option(belt.arrest, 0.0),
        *(
            total_of([site.value(Reference(name, place=place)) for name in names], place)
            for names in (driven, fed)
        ),
        total_of([site.value(Reference(name, place=place)) for name in requested], place),
        Number(float(belt.discrete), place),
        Number(float(belt.exponential), place),
    ]
    for name in definition.outflows:
        flow = flows.definitions.get(key(name))
        if flow is not None and flow.leak is not None:
            arguments.append(_fraction(site, flow))
            arguments += [Number(flow.leak.start, place), Number(flow.leak.end, place)]
            arguments.append(Number(float(flow.leak.integers), place))
    arguments += spreads(site, flows)
    return Call("XMILE CONVEYOR", tuple(arguments), place=place)


def _fraction(site: Site, leak: Definition) -> Expression:
    """The fraction of a leak; one that differs by element has a variable of its own."""
    if not any(item.equation is not None for item in leak.elements):
        assert leak.leak is not None, "a leak"
        return Number(0.0, leak.place) if leak.leak.fraction is None else site.value(leak.leak.fraction)
    name = f"{leak.name} fraction"
    if key(name) not in site.world.definitions:
        made = replace(leak, kind="aux", name=name, leak=None, units="", local=True, non_negative=False)
        site.world.definitions[key(name)] = made
        site.world.made.append(made)
    return site.value(Reference(name, place=leak.place))


def _inflows(site: Site, flows: Flows) -> tuple[list[str], list[str], list[str]]:
    """Names of the inflows: those that conveyors drive, those that queues drive, those with equations."""
    driven: list[str] = []
    fed: list[str] = []
    requested: list[str] = []
    limited = is_limited(site.definition)
    for name in site.definition.inflows:
        flow = flows.definitions.get(key(name))
        if flow is None:
            raise _error(site.definition, f"flow '{name}' is not defined", "define it")
        driver = driver_of(flows, flow)
        if driver is None:
            requested.append(_requested(site, flows, flow).name if limited else flow.name)
        else:
            (fed if driver.stock.queue else driven).append(flow.name)
    return driven, fed, requested


def is_limited(stock: Definition) -> bool:
    """Whether a conveyor may keep an inflow out."""
    belt = stock.conveyor
    return belt is not None and (
        belt.discrete or any(item is not None for item in (belt.capacity, belt.inflow_limit, belt.arrest))
    )


def _requested(site: Site, flows: Flows, flow: Definition) -> Definition:
    """The variable for what an inflow asks for."""
    name = f"{flow.name} requested"
    found = site.world.definitions.get(key(name))
    if found is None:
        found = flow.copy()
        found.name, found.local, found.requested_of = name, True, flow.name
        site.world.definitions[key(name)] = found
        site.world.made.append(found)
        flows.leaves[key(name)] = flows.leaves.get(key(flow.name), [])
    return found


def _inflow(site: Site, flows: Flows) -> Expression | None:
    """A flow with an equation into a conveyor that may keep it out."""
    flow, place = site.definition, site.definition.place
    stock = next((item for item in flows.enters.get(key(flow.name), []) if is_limited(item)), None)
    if stock is None or flow.requested_of:
        return None
    belt = site.value(Reference(stock.name, place=place))
    others = [flows.definitions.get(key(name)) for name in stock.inflows]
    asking = [item for item in others if item is not None and driver_of(flows, item) is None]
    if len(asking) == 1:
        return Call("XMILE CONVEYOR WHOLE INFLOW", (belt,), place=place)
    if stock.conveyor is not None and stock.conveyor.discrete:
        raise _error(stock, "a discrete conveyor takes one inflow with an equation", "bring them together")
    before: list[Expression] = []
    for item in asking:
        wanted = site.value(Reference(_requested(site, flows, item).name, place=place))
        if key(item.name) == key(flow.name):
            return Call("XMILE CONVEYOR INFLOW", (belt, total_of(before, place), wanted), place=place)
        before.append(Call("MAX", (wanted, Number(0.0, place)), place=place))
    return None


def _driven(site: Site, flows: Flows, driver: Driver) -> Expression:
    """A flow out of a conveyor: off its end, or a leak."""
    place = site.definition.place
    belt = site.value(Reference(driver.stock.name, place=place))
    if site.definition.leak is None:
        return Call("XMILE CONVEYOR OUTFLOW", (belt,), place=place)
    earlier = driver.stock.outflows[: driver.position]
    number = float(sum(1 for name in earlier if leaks(flows, name)))
    return Call("XMILE CONVEYOR LEAK", (belt, Number(number, place)), place=place)


def _error(definition: Definition, reason: str, advice: str | None = None) -> ModelError:
    place = definition.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=definition.name)
