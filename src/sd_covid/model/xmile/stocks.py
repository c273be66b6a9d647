"""Variables as equations: stocks with their flows, flows and auxiliaries, arrays of them, and graphical functions.

In goes a definition; out comes a `Variable` whose equations the engine knows. What stays above zero follows section 4.2
of the standard: of a stock that may not be negative the outflows are cut to what it holds, the first listed first. A
flow out of several stocks cannot be cut for each, so such stocks are cut themselves.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError
from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference, Text, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable
from sd_covid.model.xmile.belts import belt_equation, belt_of, check_belt
from sd_covid.model.xmile.constant import decided
from sd_covid.model.xmile.definition import Definition, ElementDefinition, Graph, Series
from sd_covid.model.xmile.graphs import graphs_of, stands_alone, table_of, with_graph
from sd_covid.model.xmile.parse import INDEXED, RANGE
from sd_covid.model.xmile.site import Site, World

if TYPE_CHECKING:
    from sd_covid.model.xmile.flows import Flows

MAX_CELLS = 2_000_000


class Translator:
    """Turns definitions into variables.

    Parameters
    ----------
    world : World
    flows : Flows
        Which stocks each flow leaves and enters.
    """

    def __init__(self, world: World, flows: Flows) -> None:
        self.world = world
        self.flows = flows

    def variable(self, definition: Definition) -> Variable:
        """The variable that a definition says.

        Raises
        ------
        ModelError
            For anything in it that means nothing; names line and variable.
        """
        if definition.conveyor is not None or definition.queue:
            check_belt(self.flows, definition)
        found = Variable(
            definition.name,
            units=definition.units,
            limits=definition.limits,
            documentation=definition.documentation,
            group=definition.group,
            place=definition.place,
            local=definition.local,
        )
        data = self.data(definition)
        if data:
            others = tuple(item for item in definition.elements if item.series is None)
            found.equations = data + (self.equations(replace(definition, elements=others)) if others else [])
        elif stands_alone(definition) and graphs_of(definition):
            found.equations = self.lookups(definition)
        else:
            found.equations = self.equations(definition)
        return found

    def data(self, definition: Definition) -> list[Equation]:
        """The equations of a variable that holds a series, or one for each element; the points go to the world."""
        rows: list[tuple[tuple[str, ...], Series | None, Place]] = [
            (self._spelled(definition, item.subscripts), item.series, item.place)
            for item in definition.elements
        ]
        found = []
        for elements, series, place in [((), definition.series, definition.place), *rows]:
            if series is not None:
                if series.times:  # else they come from elsewhere, and were not there
                    at = (key(definition.name), *map(key, elements))
                    self.world.series[at] = (series.times, series.values)
                found.append(Equation(Kind.DATA, elements, mode=series.mode, place=place))
        return found

    def lookup(self, definition: Definition) -> Variable:
        """The lookup variable for the graphical function inside another variable."""
        return Variable(
            f"{definition.name} graph", self.lookups(definition), place=definition.place, local=True
        )

    def lookups(self, definition: Definition) -> list[Equation]:
        """A graphical function, or an array of them, as lookups."""
        per_element = [(item.subscripts, item.graph) for item in definition.elements if item.graph]
        if per_element:
            return [
                self._lookup(definition, self._spelled(definition, names), graph)
                for names, graph in per_element
            ]
        graph = definition.graph
        return [] if graph is None else [self._lookup(definition, definition.dimensions, graph)]

    def _lookup(self, definition: Definition, subscripts: tuple[str, ...], graph: Graph) -> Equation:
        return Equation(Kind.LOOKUP, subscripts, expression=table_of(graph), place=definition.place)

    # --- equations --------------------

    def equations(self, definition: Definition) -> list[Equation]:
        """The equations of a variable that is not a lookup alone."""
        whole = self._has_whole(definition)
        if not self._parts(definition) and not self._needs_elements(definition):
            if not whole:
                raise self._unwritten(definition, definition.place)
            site = Site(self.world, definition, definition.dimensions)
            return [self.equation(site, definition.dimensions, None)]
        parts = {self._spelled(definition, item.subscripts): item for item in self._parts(definition)}
        found = []
        for elements in self._cells(definition):
            part = parts.pop(elements, None)
            if part is None and not whole:
                continue
            site = Site(self.world, definition, definition.dimensions, elements)
            found.append(self.equation(site, elements, part))
        if not found:
            raise self._unwritten(definition, definition.place)
        return found

    def equation(self, site: Site, subscripts: tuple[str, ...], part: ElementDefinition | None) -> Equation:
        """One equation: of all elements, or of one."""
        place = site.definition.place if part is None else part.place
        return Equation(Kind.EQUATION, subscripts, expression=self.right(site, part), place=place)

    def right(self, site: Site, part: ElementDefinition | None) -> Expression:
        """The right side."""
        definition = site.definition
        belt = belt_equation(site, self.flows, part)
        if belt is not None:
            return belt
        written = definition.equation
        if part is not None and part.equation is not None:
            written = part.equation
        if written is None:
            raise self._unwritten(definition, definition.place if part is None else part.place)
        value = site.whole(written)
        if site.elements is not None:
            value = decided(value)
        if definition.kind == "stock":
            return self.stock(site, value)
        graph = part.graph if part is not None and part.graph is not None else definition.graph
        if graph is not None:
            value = with_graph(graph, value, written.place)
        initial = part.initial if part is not None and part.initial else definition.initial
        if initial:
            value = Call("ACTIVE INITIAL", (value, site.value(initial[0])), place=written.place)
        return self.flow(site, value) if definition.kind == "flow" else value

    def stock(self, site: Site, initial: Expression) -> Expression:
        """A stock: its inflows less its outflows, from its initial value."""
        definition = site.definition
        place = definition.place
        rate: Expression | None = None
        for name in definition.inflows:
            flow = self.of_flow(site, name, place)
            multiplier = self.world.definitions[key(name)].multiplier
            if multiplier is not None:
                flow = Binary("*", flow, site.value(multiplier), place)
            rate = flow if rate is None else Binary("+", rate, flow, place)
        for name in definition.outflows:
            flow = self.of_flow(site, name, place)
            rate = Binary("-", Number(0.0, place) if rate is None else rate, flow, place)
        function = "INTEG NON NEGATIVE" if self.flows.is_non_negative(definition) else "INTEG"
        return Call(function, (rate or Number(0.0, place), initial), place=place)

    def of_flow(self, site: Site, name: str, place: Place) -> Expression:
        """A flow of a stock, for the element that the equation is for."""
        found = self.world.definitions.get(key(name))
        if found is None:
            from sd_covid.errors import suggest

            flows = [item.name for item in self.world.definitions.values() if item.kind == "flow"]
            reason = f"flow '{name}' is not defined"
            raise site.error(place, reason, suggest(name, flows) or "define it, or take it out of the stock")
        more = [name for name in found.dimensions if site.index_of(self.world.dimensions[key(name)]) is None]
        if not more:
            return site.value(Reference(found.name, place=place))
        # A flow with more dimensions than its stock brings all that flows along them.
        subscripts = tuple(
            Text("*", place) if name in more else Reference(name, place=place) for name in found.dimensions
        )
        inside = Call(INDEXED, (Reference(found.name, place=place), *subscripts), place=place)
        return Call("SUM", (site.over_all().value(inside),), place=place)

    def flow(self, site: Site, value: Expression) -> Expression:
        """A flow, cut to what its stock holds, and to zero."""
        definition, place = site.definition, site.definition.place
        limit = self.flows.limit(site)
        if limit is not None:
            value = Call("MIN", (value, limit), place=place)
        constant = isinstance(value, Number) and value.value >= 0  # left as it is, so that it can be set
        if self.flows.is_non_negative(definition) and not constant:
            value = Call("MAX", (value, Number(0.0, place)), place=place)
        return value

    # --- arrays --------------------

    def check_dimensions(self, definition: Definition) -> None:
        """Refuse dimensions that are not there, too large together, or not those of the elements."""
        cells = 1
        for name in definition.dimensions:
            dimension = self.world.dimensions.get(key(name))
            if dimension is None:
                from sd_covid.errors import suggest

                near = suggest(name, [item.name for item in self.world.dimensions.values()])
                raise _error(definition, f"dimension '{name}' is not defined", near)
            cells *= len(dimension.elements)
        if cells > MAX_CELLS:
            raise _error(definition, f"has {cells} elements, more than the {MAX_CELLS} that can be run")
        for item in definition.elements:
            if len(item.subscripts) != len(definition.dimensions):
                reason = (
                    f"has {len(definition.dimensions)} dimensions, and an element with {len(item.subscripts)}"
                )
                raise _error(replace(definition, place=item.place), reason)

    def _spelled(self, definition: Definition, subscripts: tuple[str, ...]) -> tuple[str, ...]:
        """The subscripts of an element as the dimensions spell them; numbers count from 1."""
        found = []
        for name, written in zip(definition.dimensions, subscripts, strict=True):
            dimension = self.world.dimensions[key(name)]
            at = self.world.index(dimension, written)
            spelled = None if at is None else dimension.elements[at - 1]
            number = int(written) if written.isdecimal() and len(written) < 10 else 0
            if spelled is None and 1 <= number <= len(dimension.elements):
                spelled = dimension.elements[number - 1]
            if spelled is None and key(written) == dimension.key:
                spelled = written
            if spelled is None:
                from sd_covid.errors import suggest

                reason = f"'{written}' is no element of dimension '{dimension.name}'"
                raise _error(definition, reason, suggest(written, dimension.elements))
            found.append(spelled)
        return tuple(found)

    def _cells(self, definition: Definition) -> list[tuple[str, ...]]:
        names = [self.world.dimensions[key(name)].elements for name in definition.dimensions]
        return list(product(*names))

    def _parts(self, definition: Definition) -> tuple[ElementDefinition, ...]:
        """What is defined for single elements: by name, or in a row."""
        if len(definition.row) < 2 or definition.conveyor is not None:
            return definition.elements
        cells = self._cells(definition)
        if len(cells) != len(definition.row):
            reason = f"{len(definition.row)} equations are given for {len(cells)} elements"
            raise _error(definition, reason, "give one for each, or one for all")
        pairs = zip(cells, definition.row, strict=True)
        return tuple(
            ElementDefinition(cell, equation, (equation,), place=definition.place) for cell, equation in pairs
        )

    def _has_whole(self, definition: Definition) -> bool:
        written = definition.equation is not None or bool(definition.row)
        return written or belt_of(self.flows, definition)

    def _needs_elements(self, definition: Definition) -> bool:
        """Whether an equation for all elements is only clear for each: it calculates with their numbers."""
        left = [key(name) for name in definition.dimensions]
        if len(set(left)) < len(left):
            return True
        if definition.equation is None or not left:
            return False
        for node in walk(definition.equation):
            if not (isinstance(node, Call) and node.function in (INDEXED, RANGE)):
                continue
            for item in node.arguments[1 if node.function == INDEXED else 0 :]:
                whole = isinstance(item, Reference) and node.function == INDEXED
                if not whole and any(
                    isinstance(part, Reference) and key(part.name) in left for part in walk(item)
                ):
                    return True
        return False

    def _unwritten(self, definition: Definition, place: Place) -> ModelError:
        return _error(replace(definition, place=place), "has no equation", "write one, or connect it")


def _error(definition: Definition, reason: str, advice: str | None = None) -> ModelError:
    place = definition.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=definition.name)
