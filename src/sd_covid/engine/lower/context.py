"""Where an expression is lowered: in which graph, for which variable, under which binding of its subscripts.

Takes expressions, gives nodes. The functions of `sd_covid.engine.functions.table` work through this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sd_covid.engine.functions.table import lowering_of
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.graph.program import Update
from sd_covid.engine.graph.subscripts import Binding, Cell
from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Place,
    Reference,
    Table,
    Text,
    Unary,
    chain,
    walk,
)
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Variable

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

_BINARY = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "^": "pow",
    "=": "eq",
    "<>": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    ":AND:": "and",
    ":OR:": "or",
}


@dataclass(slots=True)
class Context:
    """Where an expression is being lowered: which graph, for which variable, under which binding."""

    lowering: Lowering
    step: bool
    variable: Variable
    binding: Binding = field(default_factory=dict)
    itself: tuple[Cell, int] | None = None  # a cell whose equation may speak of itself, and what that means

    # --- building nodes --------------------

    def add(self, operation: str, *arguments: int) -> int:
        """An operation, moved to the init graph when it depends on constants alone."""
        return self.lowering.add(self.step, operation, *arguments)

    def number(self, value: float) -> int:
        """A literal."""
        return self.lowering.graph(self.step).number(value)

    def value(self, expression: Expression) -> int:
        """An expression as a double: a truth value counts 1 or 0."""
        return self.as_value(self.lower(expression))

    def truth(self, expression: Expression) -> int:
        """An expression as a truth value: a number other than 0 is true."""
        return self.as_truth(self.lower(expression))

    def as_value(self, node: int) -> int:
        """A node as a double."""
        if self.lowering.graph(self.step).is_truth(node):
            return self.add("select", node, self.number(1.0), self.number(0.0))
        return node

    def as_truth(self, node: int) -> int:
        """A node as a truth value."""
        if self.lowering.graph(self.step).is_truth(node):
            return node
        return self.add("ne", node, self.number(0.0))

    def once(self, name: str, inputs: Sequence[int], compute: Callable[[], list[int]]) -> list[int]:
        """What several elements take from one computation on the same nodes, such as the order of a vector."""
        place = (name, self.step, *inputs)
        if place not in self.lowering.shared:
            self.lowering.shared[place] = compute()
        return self.lowering.shared[place]

    def at_start(self) -> Context:
        """The same place, in the init graph."""
        return Context(self.lowering, False, self.variable, self.binding)

    def held(self, init_node: int) -> int:
        """A node of the init graph, as read here."""
        return self.lowering.held(init_node) if self.step else init_node

    def bound(self, binding: Binding) -> Context:
        """The same place under another binding."""
        return Context(self.lowering, self.step, self.variable, binding, self.itself)

    def remembering(self, node: int) -> Context:
        """The same place, where the variable that is being lowered means a node: what it was before."""
        opened = self.lowering.opened
        itself = self.itself if opened is None else (opened, node)
        return Context(self.lowering, self.step, self.variable, self.binding, itself)

    def error(self, reason: str, place: Place, advice: str | None = None) -> ModelError:
        """An error at a place in this variable's equation."""
        at = place if place.line is not None else self.variable.place
        return ModelError(reason, advice=advice, file=at.file, line=at.line, variable=self.variable.name)

    # --- expressions --------------------

    def lower(self, expression: Expression) -> int:
        """An expression as a node, double or truth value."""
        match expression:  # the most frequent first
            case Reference():
                return self.reference(expression)
            case Binary():
                return self.row(expression)
            case Number(value=value):
                return self.number(value)
            case Call():
                return self.call(expression)
            case Unary(operator="-", operand=operand):
                return self.add("neg", self.value(operand))
            case Unary(operator="+", operand=operand):
                return self.value(operand)
            case Unary(operand=operand):
                return self.add("not", self.truth(operand))
            case NotAvailable():
                return self.number(NOT_AVAILABLE)
            case Table() | Text():
                raise self.error("a table or text stands where a number is expected", expression.place)

    def row(self, expression: Binary) -> int:
        """A row of operations, from the left: without recursion, because it may be thousands long."""
        first, links = chain(expression)
        node = self.lower(first)
        for link in links:
            operation = _BINARY[link.operator]
            if operation in {"and", "or"}:
                node = self.add(operation, self.as_truth(node), self.truth(link.right))
            else:
                node = self.add(operation, self.as_value(node), self.value(link.right))
        return node

    def reference(self, reference: Reference) -> int:
        """A use of a variable, of Time, or of a dimension as the number of its element."""
        name = key(reference.name)
        if name == "time":
            return self.lowering.time(self.step)
        variable = self.lowering.model.variables.get(name)
        if variable is None:
            return self.position(reference, name)
        elements = self.lowering.subscripts.resolve(reference.subscripts, self.binding, reference.place)
        cell = Cell(name, elements)
        if self.itself is not None and self.itself[0] == cell:
            return self.itself[1]
        known = self.lowering.found.get((cell, self.step))
        if known is not None:
            return known
        cells = self.lowering.subscripts.definitions(variable)
        if elements not in cells:
            spelled = ", ".join(item.name for item in reference.subscripts) or "no subscripts"
            raise self.error(
                f"'{variable.name}' has no element for {spelled}",
                reference.place,
                f"it has {len(next(iter(cells)))} subscripts"
                if len(next(iter(cells))) != len(elements)
                else None,
            )
        return self.lowering.cell(cell, self.step)

    def position(self, reference: Reference, name: str) -> int:
        """A dimension used as a number, or an error for a name that is nothing."""
        number = self.lowering.subscripts.number(name, self.binding)
        if number is not None:
            return self.number(float(number))
        known = [item.name for item in self.lowering.model.variables.values()]
        raise self.error(
            f"'{reference.name}' is used but not defined", reference.place, suggest(reference.name, known)
        )

    def call(self, call: Call) -> int:
        """A built-in function, or a lookup variable applied to its argument."""
        name = key(call.function)
        variable = self.lowering.model.variables.get(name)
        if variable is not None and name not in FUNCTIONS:
            table = self.lookup_table(variable, call)
            elements = self.lowering.subscripts.resolve(call.subscripts, self.binding, call.place)
            return self.look_up(table, self.value(call.arguments[0]), Cell(variable.key, elements))
        function = lowering_of(name)
        if function is None:
            raise self.error(f"function '{call.function}' is not supported", call.place)
        return function(self, call)

    def lookup_table(self, variable: Variable, call: Call | Reference) -> LookupTable:
        """The table of a lookup variable, for the subscripts given."""
        elements = self.lowering.subscripts.resolve(call.subscripts, self.binding, call.place)
        definition = self.lowering.subscripts.definitions(variable).get(elements)
        if definition is None or definition.equation.kind is not Kind.LOOKUP:
            raise self.error(
                f"'{variable.name}' is not a lookup, so it cannot be applied to an argument", call.place
            )
        return table_of(definition.equation.table)

    def look_up(self, table: LookupTable, x: int, owner: Cell | None = None) -> int:
        """A table at x; ``owner`` is the cell in whose equation it stands, where a user may set its points."""
        return self.lowering.look_up(self.step, table, x, owner)

    def owner(self) -> Cell | None:
        """The cell being lowered, when a user may set the points of the table in its equation."""
        if self.variable.key not in self.lowering.free.lookups:
            return None
        bound = {name: element for name, element in self.binding.items() if not name.endswith("!")}
        definitions = self.lowering.subscripts.definitions(self.variable)
        return next(
            Cell(self.variable.key, elements)
            for elements, found in definitions.items()
            if found.binding == bound
        )

    def uniform(self, call: Call, draw: int, argument: int) -> int:
        """A random number between 0 and 1, one for each member and step.

        Parameters
        ----------
        call : Call
            The call of this equation that draws it; what it is called is part of what the number depends on.
        draw : int
            Which of its numbers.
        argument : int
            Node of the call's own seed argument.
        """
        from sd_covid.engine.llvm.philox import DRAWS, call_number

        place = next(
            f"{','.join(map(key, equation.subscripts))}|{index}"
            for equation in self.variable.equations
            if equation.expression is not None
            for index, node in enumerate(walk(equation.expression))
            if node is call
        )
        number = call_number(f"{self.variable.key}|{place}|{sorted(self.binding.items())}")
        return self.lowering.graph(self.step).uniform(DRAWS * number + draw, argument)

    def remember(
        self,
        update: Update,
        initial: int,
        following: Callable[[Context, int], int],
        steps: int = -1,
        name: str = "",
    ) -> int:
        """A new state; only in the step context.

        Parameters
        ----------
        update : Update
        initial : int
            Node of the init graph.
        following : callable
            ``(context, state node) -> node``: its flow, or its next value; called later, so that feedback is possible.
        steps : int
            For a ring: node of the init graph with its length in steps.
        """
        return self.lowering.remember(self, update, initial, following, steps, name or self.variable.name)


def table_of(table: Table) -> LookupTable:
    """The points of a table."""
    return LookupTable(tuple(x for x, _ in table.points), tuple(y for _, y in table.points))
