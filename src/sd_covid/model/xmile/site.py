"""Where an equation is translated: for which variable, under which subscripts; and what references mean there.

In go expressions as XMILE writes them; out come expressions as the engine knows them, every subscript written out.
What functions become is for `sd_covid.model.xmile.calls`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    Number,
    Place,
    Reference,
    Subscript,
    Text,
    Unary,
    along,
)
from sd_covid.model.names import key
from sd_covid.model.structure import Dimension
from sd_covid.model.xmile.constant import constant, size_of
from sd_covid.model.xmile.definition import Definition, Macro
from sd_covid.model.xmile.parse import INDEXED, ITEM, RANGE

if TYPE_CHECKING:
    from sd_covid.model.structure import Variable

#: A dynamic subscript becomes a choice between all elements; more of them are refused.
MAX_CHOICES = 2_000
MAX_CELL_CHOICES = 1_000_000
#: Pieces of expressions: more than a model of some 100,000 equations has.
MAX_WORK = 3_000_000
#: Nodes of one equation.
MAX_SIZE = 500_000


@dataclass(slots=True)
class World:
    """The whole model while it is translated.

    Attributes
    ----------
    dimensions : dict of str to Dimension
        By key; parts of dimensions that equations name by ``[1:3]`` are added.
    definitions : dict of str to Definition
        By key.
    macros : dict of str to list of Macro
        By key: one for each number of arguments.
    recursive : frozenset of str
        Keys of the macros that call themselves.
    vensim : bool
        Whether the file was made from a model of Vensim's, and so has Vensim's INTEGER, MODULO and ZIDZ.
    ready : list of Variable
        Variables made on the way whose equations are translated already.
    made : list of Definition
        Those still to be translated.
    calls : dict
        How often each variable has called each macro.
    looked_up : dict of str to None
        Keys of the variables whose graphical function is used by itself.
    positions : dict
        By key of a dimension: the position of each element, by key.
    work : int
        Pieces of expressions translated so far.
    expanded : int
        Calls of macros written out so far.
    taken_apart : frozenset of str or None
        Keys of what equations take apart, once they have been looked through for queues.
    """

    dimensions: dict[str, Dimension]
    definitions: dict[str, Definition]
    macros: dict[str, list[Macro]]
    recursive: frozenset[str] = frozenset()
    vensim: bool = False
    ready: list[Variable] = field(default_factory=list)
    made: list[Definition] = field(default_factory=list)
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    looked_up: dict[str, None] = field(default_factory=dict)
    positions: dict[str, dict[str, int]] = field(default_factory=dict)
    work: int = 0
    expanded: int = 0
    taken_apart: frozenset[str] | None = None
    series: dict[tuple[str, ...], tuple[tuple[float, ...], tuple[float, ...]]] = field(default_factory=dict)

    def index(self, dimension: Dimension, element: str) -> int | None:
        """The position of an element in a dimension, from 1; None when it is not there."""
        known = self.positions.get(dimension.key)
        if known is None:
            known = {key(name): position for position, name in enumerate(dimension.elements, 1)}
            self.positions[dimension.key] = known
        return known.get(key(element))

    def count(self, error: Callable[[], ModelError]) -> None:
        """Count a piece of work; too much of it means that macros or arrays grow without end."""
        self.work += 1
        if self.work > MAX_WORK:
            raise error()

    def part(self, dimension: Dimension, name: str, elements: tuple[str, ...], place: Place) -> Dimension:
        """A dimension of some elements of another, made when it is first asked for."""
        found = self.dimensions.get(key(name))
        while found is not None and found.elements != elements:  # a dimension of the model's own
            name += "'"
            found = self.dimensions.get(key(name))
        if found is None:
            found = self.dimensions[key(name)] = Dimension(name, elements, place=place)
        return found


def numbered(cells: list[Expression], number: Expression, place: Place) -> Expression:
    """The one of several that a number says, from 1; 0, as the standard has it, for a number out of range."""
    chosen: Expression = Number(0.0, place)
    whole = Call("XMILE INT", (number,), place=place)
    for at, cell in reversed(list(enumerate(cells, 1))):
        chosen = Call(
            "IF THEN ELSE", (Binary("=", whole, Number(float(at), place), place), cell, chosen), place=place
        )
    return chosen


def is_container(definition: Definition) -> bool:
    """Whether a variable holds things that can be asked for one by one."""
    return definition.conveyor is not None or definition.queue


def occurrence(dimensions: tuple[str, ...], at: int) -> int:
    """How many dimensions before the one at a place have its name."""
    return sum(key(name) == key(dimensions[at]) for name in dimensions[:at])


@dataclass(frozen=True, slots=True)
class Site:
    """Where an expression stands.

    Attributes
    ----------
    world : World
    definition : Definition
        The variable whose equation it is.
    left : tuple of str
        Names of the dimensions on the left side.
    elements : tuple of str or None
        The element of each, when the equation is for one; None when it is for all.
    reducing : bool
        Whether an array stands for all its elements, as in ``SUM(x)``.
    """

    world: World
    definition: Definition
    left: tuple[str, ...] = ()
    elements: tuple[str, ...] | None = None
    reducing: bool = False

    def whole(self, node: Expression) -> Expression:
        """A right side translated, unless it is larger than any equation."""
        found = self.value(node)
        if size_of(found) > MAX_SIZE:
            raise self.error(node.place, "the equation grows too large when it is written out")
        return found

    def value(self, node: Expression) -> Expression:
        """An expression translated."""
        self.world.count(lambda: self.error(node.place, "the model grows too large when it is written out"))
        match node:
            case Unary(operand=operand):
                return replace(node, operand=self.value(operand))
            case Binary():
                return along(node, self.value)
            case Reference():
                return self.reference(node)
            case Call(function=function) if function == INDEXED:
                return self.indexed(node)
            case Call(function=function, arguments=(named, number)) if function == ITEM:
                return self.item(named, number)
            case Call(function=function) if function == RANGE:
                raise self.error(node.place, "a range has a meaning in brackets only")
            case Call():
                from sd_covid.model.xmile.calls import translate

                return translate(self, node)
            case Text(value=value):
                raise self.error(node.place, f"'{value}' has a meaning in brackets only")
            case _:
                return node

    def over_all(self) -> Site:
        """The same place, where an array stands for all its elements."""
        return replace(self, reducing=True)

    def error(self, place: Place, reason: str, advice: str | None = None) -> ModelError:
        """An error in this equation, for the caller to raise."""
        at = place if place.line is not None else self.definition.place
        return ModelError(reason, advice=advice, file=at.file, line=at.line, variable=self.definition.name)

    # --- references --------------------

    def reference(self, node: Reference) -> Expression:
        """A name without subscripts."""
        from sd_covid.model.xmile.calls import NULLARY, REFUSED

        definition = self.world.definitions.get(key(node.name))
        if definition is not None:
            dimensions = definition.dimensions
            subscripts = tuple(
                self.implied(name, node, occurrence(dimensions, at)) for at, name in enumerate(dimensions)
            )
            subscripts = self.apart(definition, subscripts)
            return Reference(definition.name, subscripts, node.place)
        turned = self.world.definitions.get(key(node.name.removesuffix("'")))
        if turned is not None:
            return self.transposed(turned, node)
        builtin = NULLARY.get(key(node.name).replace("std.", ""))
        if builtin is not None:
            return builtin(self, node)
        dimension = self.world.dimensions.get(key(node.name))
        if dimension is not None:
            return self.position(dimension, node)
        if key(node.name) in REFUSED:
            reason, advice = REFUSED[key(node.name)]
            raise self.error(node.place, f"{node.name} {reason}", advice)
        return self.element_number(node) or node

    def transposed(self, definition: Definition, node: Reference) -> Expression:
        """``A'``: an array with its dimensions the other way round."""
        if self.reducing:
            return self.reference(replace(node, name=definition.name))
        count = len(definition.dimensions)
        if count != len(self.left):
            reason = (
                f"'{node.name}' has {count} dimensions turned round, and the equation has {len(self.left)}"
            )
            raise self.error(node.place, reason, "write its subscripts out")
        given: list[Expression] = [Text(f"@{count - at}", node.place) for at in range(count)]
        return self.choose(definition, (), given, node.place)

    def position(self, dimension: Dimension, node: Reference) -> Expression:
        """A dimension as the number of the element that an equation is for."""
        at = self.index_of(dimension)
        if at is None:
            reason = f"dimension '{dimension.name}' is used as a number, but the variable does not have it"
            raise self.error(node.place, reason)
        if self.elements is None:
            return Reference(self.left[at], place=node.place)
        return Number(float(self.world.index(dimension, self.elements[at]) or 0), node.place)

    def index_of(self, dimension: Dimension, which: int = 0) -> int | None:
        """Which of the left side's dimensions it is; of several alike that of a number, or the last."""
        found = [at for at, name in enumerate(self.left) if key(name) == dimension.key]
        return found[min(which, len(found) - 1)] if found else None

    def element_number(self, node: Reference) -> Number | None:
        """``Dimension.element``: its position."""
        head, _, rest = node.name.rpartition(".")
        dimension = self.world.dimensions.get(key(head))
        at = None if dimension is None else self.world.index(dimension, rest)
        return None if at is None else Number(float(at), node.place)

    def implied(self, name: str, node: Reference, which: int = 0) -> Subscript:
        """The subscript that a dimension of an array gets when none is written."""
        dimension = self.world.dimensions[key(name)]
        if self.reducing:
            return Subscript(dimension.name, reduced=True)
        at = self.index_of(dimension, which)
        if at is not None:
            return Subscript(dimension.name if self.elements is None else self.elements[at])
        if self.elements is None and any(
            key(left) in dimension.mappings or dimension.key in self.world.dimensions[key(left)].mappings
            for left in self.left
        ):
            return Subscript(dimension.name)
        reason = f"'{node.name}' is an array over '{dimension.name}', which this equation is not"
        raise self.error(node.place, reason, f"write which element: {node.name}[…], or SUM({node.name}[*])")

    def apart(self, definition: Definition, subscripts: tuple[Subscript, ...]) -> tuple[Subscript, ...]:
        """Subscripts in which two reductions over one dimension run apart from each other."""
        seen: list[str] = []
        found = []
        for item in subscripts:
            if item.reduced and key(item.name) in seen:
                dimension = self.world.dimensions[key(item.name)]
                name = f"{dimension.name} {seen.count(key(item.name)) + 1}"
                item = Subscript(
                    self.world.part(dimension, name, dimension.elements, dimension.place).name, reduced=True
                )
            seen.append(key(item.name))
            found.append(item)
        return tuple(found)

    # --- subscripts --------------------

    def indexed(self, node: Call) -> Expression:
        """A name with subscripts in brackets."""
        named, *given = node.arguments
        assert isinstance(named, Reference), "the parser puts the name first"
        definition = self.world.definitions.get(key(named.name))
        if definition is None and key(named.name) == "self":
            definition = self.definition
        if definition is None:
            near = suggest(named.name, [item.name for item in self.world.definitions.values()])
            raise self.error(node.place, f"'{named.name}' is used but not defined", near)
        if not definition.dimensions and definition.graph is not None and len(given) == 1:
            return self.point_of(definition, given[0])
        if not definition.dimensions and is_container(definition) and len(given) == 1:
            return self.held(definition, Reference(definition.name, place=node.place), given[0])
        if len(given) != len(definition.dimensions):
            reason = f"'{named.name}' has {len(definition.dimensions)} dimensions, not {len(given)}"
            left = ",".join(definition.dimensions)
            raise self.error(node.place, reason, f"it is {definition.name}[{left}]" if left else None)
        return self.choose(definition, (), given, node.place)

    def held(self, definition: Definition, stock: Reference, number: Expression) -> Call:
        """What a conveyor holds on one slat, or a queue in one batch; numbers count from the front."""
        of = "XMILE QUEUE BATCH" if definition.queue else "XMILE CONVEYOR SLAT"
        return Call(of, (stock, self.value(number)), place=stock.place)

    def item(self, named: Expression, number: Expression) -> Expression:
        """``name[element][number]``."""
        stock = self.value(named)
        definition = self.world.definitions.get(key(stock.name)) if isinstance(stock, Reference) else None
        if isinstance(stock, Reference) and definition is not None and is_container(definition):
            return self.held(definition, stock, number)
        raise self.error(named.place, "only an element of a conveyor or queue takes two pairs of brackets")

    def choose(
        self, definition: Definition, done: tuple[Subscript, ...], given: list[Expression], place: Place
    ) -> Expression:
        """A reference with subscripts, each in turn; one that is calculated becomes a choice."""
        self.world.count(lambda: self.error(place, "the model grows too large when it is written out"))
        if not given:
            return Reference(definition.name, self.apart(definition, done), place)
        dimension = self.world.dimensions[key(definition.dimensions[len(done)])]
        found = self.subscript(given[0], dimension, occurrence(definition.dimensions, len(done)))
        if isinstance(found, Subscript):
            return self.choose(definition, (*done, found), given[1:], place)
        at = constant(found)
        if at is not None:
            if not 1 <= int(at) <= len(dimension.elements):
                return Number(0.0, place)
            element = Subscript(dimension.elements[int(at) - 1])
            return self.choose(definition, (*done, element), given[1:], place)
        self.refuse_choices(len(dimension.elements), place)
        cells = [
            self.choose(definition, (*done, Subscript(name)), given[1:], place) for name in dimension.elements
        ]
        return numbered(cells, found, place)

    def flat(self, definition: Definition, node: Expression, place: Place) -> Expression:
        """``array(10)``: the tenth element, counted along the last dimension first: section 3.3.2."""
        axes = [self.world.dimensions[key(name)].elements for name in definition.dimensions]
        self.refuse_choices(prod(len(elements) for elements in axes), place)
        cells: list[Expression] = [
            Reference(definition.name, tuple(Subscript(name) for name in cell), place)
            for cell in product(*axes)
        ]
        found = replace(self, reducing=False).value(node)
        at = constant(found)
        if at is None:
            return numbered(cells, found, place)
        return cells[int(at) - 1] if 1 <= int(at) <= len(cells) else Number(0.0, place)

    def refuse_choices(self, count: int, place: Place) -> None:
        """Refuse a choice between too many elements."""
        cells = prod(len(self.world.dimensions[key(name)].elements) for name in self.left)
        if count > MAX_CHOICES or count * cells > MAX_CELL_CHOICES:
            reason = (
                f"a calculated subscript over {count} elements, for each of {cells}, is more than can be run"
            )
            raise self.error(place, reason, "write it as a sum over a condition, or for fewer elements")

    def subscript(self, node: Expression, dimension: Dimension, which: int = 0) -> Subscript | Expression:
        """What one subscript means for one dimension of an array: a subscript, or the number of an element.

        ``which`` numbers the dimension among those of the array that are alike, from 0.
        """
        match node:
            case Text(value="*"):
                return self.wildcard(dimension, node.place)
            case Text(value=value) if value.startswith("*:"):
                return self.wildcard(self.dimension_named(value[2:], node.place), node.place)
            case Text(value=value):
                return self.in_place(int(value[1:]), node.place)
            case Call(function=function, arguments=(first, last)) if function == RANGE:
                return self.wildcard(self.range_of(dimension, first, last, node.place), node.place)
            case Reference(name=name):
                known = self.named(name, dimension, which)
                if known is not None:
                    return known
        found = replace(self, reducing=False).value(node)
        return Number(folded, node.place) if (folded := constant(found)) is not None else found

    def named(self, name: str, dimension: Dimension, which: int = 0) -> Subscript | None:
        """An element of the dimension, or a dimension of the left side."""
        if self.world.index(dimension, name) is not None:
            return Subscript(dimension.elements[(self.world.index(dimension, name) or 1) - 1])
        head, _, rest = name.rpartition(".")
        if key(head) == dimension.key and self.world.index(dimension, rest) is not None:
            return Subscript(dimension.elements[(self.world.index(dimension, rest) or 1) - 1])
        other = self.world.dimensions.get(key(name))
        if other is None or key(name) in self.world.definitions:
            return None
        at = self.index_of(other, which)
        if at is None:
            if self.reducing:
                return Subscript(other.name, reduced=True)
            return Subscript(other.name)
        return Subscript(other.name if self.elements is None else self.elements[at])

    def wildcard(self, dimension: Dimension, place: Place) -> Subscript:
        """``*``: every element, within a function that takes arrays; elsewhere the element of the left side."""
        if self.reducing:
            return Subscript(dimension.name, reduced=True)
        at = self.index_of(dimension)
        if at is None:
            reason = "'*' stands outside a function that takes an array"
            raise self.error(place, reason, "write SUM, MEAN, MIN, MAX or another around it")
        return Subscript(dimension.name if self.elements is None else self.elements[at])

    def in_place(self, number: int, place: Place) -> Subscript:
        """``@1``: the dimension in that place of the left side."""
        if not 1 <= number <= len(self.left):
            raise self.error(place, f"'@{number}' has no place on the left side")
        return Subscript(self.left[number - 1] if self.elements is None else self.elements[number - 1])

    def range_of(self, dimension: Dimension, first: Expression, last: Expression, place: Place) -> Dimension:
        """The part of a dimension from one element to another."""
        ends = []
        for node in (first, last):
            found = self.subscript(node, dimension)
            at = self.world.index(dimension, found.name) if isinstance(found, Subscript) else constant(found)
            if at is None or not 1 <= at <= len(dimension.elements):
                reason = f"a range of '{dimension.name}' runs from one element to another, both written out"
                raise self.error(place, reason, "write elements or numbers, or SUM over a condition")
            ends.append(int(at))
        low, high = ends
        if low > high:
            raise self.error(place, f"a range of '{dimension.name}' runs upwards")
        name = f"{dimension.name} {dimension.elements[low - 1]} to {dimension.elements[high - 1]}"
        return self.world.part(dimension, name, dimension.elements[low - 1 : high], place)

    def dimension_named(self, name: str, place: Place) -> Dimension:
        """The dimension of a name."""
        found = self.world.dimensions.get(key(name))
        if found is None:
            near = suggest(name, [item.name for item in self.world.dimensions.values()])
            raise self.error(place, f"'{name}' is not a dimension", near)
        return found

    def point_of(self, definition: Definition, node: Expression) -> Expression:
        """``graph[3]``: the third point of a graphical function."""
        at = constant(self.value(node))
        points = () if definition.graph is None else definition.graph.table.points
        if at is None:
            raise self.error(node.place, "which point of a graphical function is meant must be a number")
        return Number(points[int(at) - 1][1] if 1 <= at <= len(points) else 0.0, node.place)
