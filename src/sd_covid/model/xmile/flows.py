"""Which stocks a flow leaves and enters, and how far that limits it."""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference
from sd_covid.model.names import key
from sd_covid.model.xmile.definition import Definition
from sd_covid.model.xmile.site import Site


class Flows:
    """The flows of a model and their stocks.

    Parameters
    ----------
    definitions : dict of str to Definition
        By key.
    non_negative : frozenset of str
        The kinds that are non-negative unless they say otherwise.

    Attributes
    ----------
    leaves, enters : dict of str to list of Definition
        The stocks of each flow, by the flow's key.
    """

    def __init__(self, definitions: dict[str, Definition], non_negative: frozenset[str]) -> None:
        self.definitions = definitions
        self.default = non_negative
        self.leaves: dict[str, list[Definition]] = {}
        self.enters: dict[str, list[Definition]] = {}
        for item in definitions.values():
            self.add(item)

    def add(self, definition: Definition) -> None:
        """Take a stock into account."""
        for names, table in ((definition.outflows, self.leaves), (definition.inflows, self.enters)):
            for name in names:
                table.setdefault(key(name), []).append(definition)

    def is_non_negative(self, definition: Definition) -> bool:
        """Whether a stock or flow may not fall below zero; what enters a conveyor or queue never does."""
        entered = self.enters.get(key(definition.requested_of or definition.name), [])
        if definition.kind == "flow" and any(stock.conveyor or stock.queue for stock in entered):
            return True
        if definition.non_negative is None:
            return definition.kind in self.default
        return definition.non_negative

    def limit(self, site: Site) -> Expression | None:
        """What is left for a flow of the stock that it leaves, per unit of time; None where nothing limits it."""
        flow = site.definition
        own = key(flow.requested_of or flow.name)
        stocks = self.leaves.get(own, [])
        if len(stocks) != 1 or not self.is_non_negative(stocks[0]):
            return None
        stock, place = stocks[0], flow.place
        if stock.conveyor is not None or stock.queue or stock.dimensions != flow.dimensions:
            return None
        step = Reference("TIME STEP", place=place)
        left: Expression = Binary("/", site.value(Reference(stock.name, place=place)), step, place)
        for name in stock.outflows:
            if key(name) == own:
                break
            other = self.definitions.get(key(name))
            if other is None:
                return None
            taken = site.value(Reference(other.name, place=place))
            left = Binary("-", left, taken, place)
        return Call("MAX", (left, Number(0.0, place)), place=place)


@dataclass(frozen=True, slots=True)
class Driver:
    """The conveyor or queue that a flow leaves, and the flow's place among its outflows."""

    stock: Definition
    position: int


def driver_of(flows: Flows, definition: Definition) -> Driver | None:
    """What drives a flow: the conveyor or queue that it leaves; None for any other variable."""
    if definition.kind == "stock":
        return None
    for stock in flows.leaves.get(key(definition.name), []):
        if stock.conveyor is not None or stock.queue:
            names = [key(name) for name in stock.outflows]
            return Driver(stock, names.index(key(definition.name)))
    return None


def leaks(flows: Flows, name: str) -> bool:
    """Whether a flow is a leak of a conveyor."""
    flow = flows.definitions.get(key(name))
    return flow is not None and flow.leak is not None


def total_of(terms: list[Expression], place: Place) -> Expression:
    """A sum; 0 of nothing."""
    if not terms:
        return Number(0.0, place)
    total = terms[0]
    for term in terms[1:]:
        total = Binary("+", total, term, place)
    return total
