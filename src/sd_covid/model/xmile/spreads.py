"""Inflows that are spread over a conveyor: isee's ``spreadflow``, as functions of the engine.

In go the inflows of a conveyor; out comes, for each way of laying them that occurs, a function with the flow as its
argument; nothing when all enter at the beginning.
"""

from __future__ import annotations

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Expression, Number, Reference
from sd_covid.model.names import key
from sd_covid.model.xmile.definition import Definition
from sd_covid.model.xmile.flows import Flows, driver_of, leaks, total_of
from sd_covid.model.xmile.graphs import connected_graph, graphs_of, table_of
from sd_covid.model.xmile.site import Site

_WAYS = ("", "beginning", "even", "dest", "dist", "source")


def spreads(site: Site, flows: Flows) -> list[Expression]:
    """Where the inflows of a conveyor are laid.

    Raises
    ------
    ModelError
        For a way that is not known, a profile that is no graph from 0 to 1, or a source that is no leak.
    """
    inflows = [flows.definitions.get(key(name)) for name in site.definition.inflows]
    found = [flow for flow in inflows if flow is not None]
    for flow in found:
        if flow.spread not in _WAYS:
            raise _error(flow, f"is spread over a conveyor in a way that is not known: '{flow.spread}'")
    if all(flow.spread in _WAYS[:2] for flow in found):
        return []
    place = site.definition.place
    values = {flow.name: site.value(Reference(flow.name, place=place)) for flow in found}
    first = [values[flow.name] for flow in found if flow.spread in _WAYS[:2]]
    laid: list[Expression] = [Call("XMILE CONVEYOR AT BEGINNING", (total_of(first, place),), place=place)]
    spread = [flow for flow in found if flow.spread not in _WAYS[:2]]
    return laid + [_of_flow(site, flows, flow, values[flow.name]) for flow in spread]


def _of_flow(site: Site, flows: Flows, flow: Definition, value: Expression) -> Expression:
    place = flow.place
    match flow.spread:
        case "even":
            return Call("XMILE CONVEYOR EVENLY", (value,), place=place)
        case "dest":
            return Call("XMILE CONVEYOR AS CONTENT", (value,), place=place)
        case "dist":
            return _by_profile(site, flow, value)
    driver = driver_of(flows, flow)
    if driver is None or not leaks(flows, flow.name):
        raise _error(flow, "is spread as in its source, and is no leak of a conveyor", "let it enter evenly")
    source = site.value(Reference(driver.stock.name, place=place))
    number = float(sum(leaks(flows, name) for name in driver.stock.outflows[: driver.position]))
    return Call("XMILE CONVEYOR BY SOURCE", (value, source, Number(number, place)), place=place)


def _by_profile(site: Site, flow: Definition, value: Expression) -> Expression:
    named = None if flow.profile is None else connected_graph(site, flow.profile)
    profile = site.world.definitions.get(key(named.name)) if isinstance(named, Reference) else None
    if profile is None or profile.graph is None or len(graphs_of(profile)) != 1:
        raise _error(flow, "is spread by a profile that is no graphical function", "name one in distrib_eq")
    points = profile.graph.table.points
    if abs(points[0][0]) > 1e-9 or abs(points[-1][0] - 1) > 1e-9:
        reason = f"is spread by '{profile.name}', which runs from {points[0][0]:g} to {points[-1][0]:g}"
        raise _error(flow, reason, "give it an x axis from 0 to 1")
    return Call("XMILE CONVEYOR BY PROFILE", (value, table_of(profile.graph)), place=flow.place)


def _error(flow: Definition, reason: str, advice: str | None = None) -> ModelError:
    place = flow.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=flow.name)
