"""Checks of what a model uses: every name resolved, every subscript and argument in its place.

In goes a symbol table; nothing comes out but errors. Whether equations can be put in an order is for the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import (
    Call,
    Expression,
    Place,
    Reference,
    Subscript,
    Table,
    Text,
    children,
    walk,
)
from sd_covid.model.functions import FUNCTIONS, UNSUPPORTED, Function, Role
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable
from sd_covid.model.symbols import TIME, Symbols


def check_right_sides(symbols: Symbols) -> None:
    """Check every expression of a model.

    Raises
    ------
    ModelError
        At the first fault; names file, line and variable, and the nearest names where one is unknown.
    """
    for variable in symbols.model.variables.values():
        for equation in variable.equations:
            if equation.expression is not None and not isinstance(equation.expression, Table):
                _RightSide(symbols, variable, equation).check(equation.expression)


@dataclass(frozen=True, slots=True)
class _RightSide:
    """The right side of one equation, with the left side that it belongs to."""

    symbols: Symbols
    variable: Variable
    equation: Equation

    def check(
        self, expression: Expression, reduced: frozenset[str] = frozenset(), whole: bool = True
    ) -> None:
        """Check an expression and all that is in it; ``reduced``: keys of the dimensions reduced over around it."""
        stack: list[tuple[Expression, frozenset[str], bool]] = [(expression, reduced, whole)]
        while stack:
            node, reduced, whole = stack.pop()
            match node:
                case Reference():
                    self.reference(node, reduced)
                case Call():
                    function = self.call(node, reduced, whole)
                    if function is not None and function.reduces:
                        reduced = reduced | self.reduced_in(node)
                    if function is not None and self.takes_names(node, function, reduced):
                        continue
                case Text():
                    raise self.error(node.place, f"the text '{node.value}' has no meaning here")
                case Table():
                    raise self.error(
                        node.place, "a table has no meaning here", "use WITH LOOKUP(x, (points))"
                    )
                case _:
                    pass
            stack.extend([(below, reduced, False) for below in reversed(children(node))])

    def takes_names(self, call: Call, function: Function, reduced: frozenset[str]) -> bool:
        """Check arguments that are no plain expressions; True when nothing more of the call is to be checked."""
        roles = function.roles
        if all(role in (Role.VALUE, Role.REDUCED) for role in roles):
            return False
        for role, argument in zip(roles, call.arguments, strict=False):
            match role:
                case Role.VALUE | Role.REDUCED:
                    self.check(argument, reduced, whole=False)
                case Role.TEXT if not isinstance(argument, Text):
                    reason = f"{function.name} takes texts in single quotes"
                    raise self.error(call.place, reason, f"write {function.form}")
                case Role.POINTS if not isinstance(argument, Table):
                    advice = "write WITH LOOKUP(x, ((x1,y1),(x2,y2)))"
                    raise self.error(
                        call.place, f"{function.name} takes a table as its second argument", advice
                    )
                case Role.DIMENSION:
                    if not isinstance(argument, Reference) or not self.symbols.is_dimension(argument.name):
                        reason = f"{function.name} counts the elements of a dimension: name one"
                        raise self.error(call.place, reason)
                case Role.LOOKUP | Role.SERIES:
                    self.named(call, function, argument, reduced)
                case Role.VECTOR:
                    self.vector(argument, reduced)
                case _:
                    pass
        return True

    def named(self, call: Call, function: Function, argument: Expression, reduced: frozenset[str]) -> None:
        """Check an argument that names a lookup, or a data variable."""
        lookup = Role.LOOKUP in function.roles
        what = "lookup" if lookup else "data variable"
        target = (
            self.symbols.model.variables.get(key(argument.name)) if isinstance(argument, Reference) else None
        )
        if not isinstance(argument, Reference) or target is None:
            raise self.error(
                call.place, f"{function.name} takes the name of a {what}", f"write {function.form}"
            )
        wanted = Kind.LOOKUP if lookup else Kind.DATA
        if any(equation.kind is not wanted for equation in target.equations):
            raise self.error(call.place, f"'{argument.name}' is no {what}", f"write {function.form}")
        self.subscripts(argument.name, argument.subscripts, target, reduced, argument.place)

    def vector(self, argument: Expression, reduced: frozenset[str]) -> None:
        """Check an array: its dimensions need not be on the left side."""
        given = argument.subscripts if isinstance(argument, Reference) else ()
        free = tuple(item.name for item in given if self.symbols.is_dimension(item.name))
        equation = replace(self.equation, subscripts=(*self.equation.subscripts, *free))
        _RightSide(self.symbols, self.variable, equation).check(argument, reduced, whole=False)

    def reduced_in(self, call: Call) -> frozenset[str]:
        """Keys of the dimensions marked ``!`` in the argument of a reduction."""
        found = frozenset(
            key(item.name)
            for role, argument in zip(FUNCTIONS[key(call.function)].roles, call.arguments, strict=False)
            if role is Role.REDUCED
            for node in walk(argument)
            if isinstance(node, Reference | Call)
            for item in node.subscripts
            if item.reduced
        )
        if not found:
            name = call.function
            raise self.error(
                call.place, f"{name} has no subscript to reduce over", f"mark one: {name}(x[D!])"
            )
        return found

    def reference(self, node: Reference, reduced: frozenset[str]) -> None:
        """Check a use of a name."""
        name = key(node.name)
        target = self.symbols.model.variables.get(name)
        if target is not None:
            if target.equations[0].kind is Kind.LOOKUP:
                advice = f"write {target.name}(x)"
                raise self.error(node.place, f"lookup '{node.name}' is used without an argument", advice)
            self.subscripts(node.name, node.subscripts, target, reduced, node.place)
        elif name == TIME or self.symbols.members(node.name) is not None:
            if node.subscripts:
                raise self.error(node.place, f"'{node.name}' takes no subscripts")
            if name in self.symbols.elements and not self.symbols.is_on_the_left(
                name, self.equation.subscripts
            ):
                reason = f"dimension '{node.name}' is used as a number, but is not on the left side"
                raise self.error(node.place, reason)
        else:
            near = suggest(node.name, self.symbols.names)
            raise self.error(node.place, f"'{node.name}' is used but not defined", near)

    def call(self, node: Call, reduced: frozenset[str], whole: bool) -> Function | None:
        """Check a call; gives the built-in function, or None when a lookup is called."""
        name = key(node.function)
        target = self.symbols.model.variables.get(name)
        function = FUNCTIONS.get(name)
        if function is None and target is not None:
            if target.equations[0].kind is not Kind.LOOKUP:
                reason = f"'{node.function}' is not a lookup, so it cannot be applied to an argument"
                raise self.error(node.place, reason, "an operator may be missing before '('")
            if len(node.arguments) != 1:
                reason = f"lookup '{node.function}' takes 1 argument, not {len(node.arguments)}"
                raise self.error(node.place, reason)
            self.subscripts(node.function, node.subscripts, target, reduced, node.place)
            return None
        if function is None:
            raise self.unknown_function(node)
        if node.outputs:
            reason = f"{function.name} is no macro, so it has no outputs behind a ':'"
            raise self.error(node.place, reason, "take them out")
        if node.subscripts:
            raise self.error(node.place, f"function {function.name} takes no subscripts")
        if not function.least <= len(node.arguments) <= function.most:
            given = f"takes {function.takes()}, not {len(node.arguments)}"
            raise self.error(node.place, f"{function.name} {given}", f"write {function.form}")
        if function.whole and not whole:
            advice = f"give {function.name} a variable of its own"
            raise self.error(node.place, f"{function.name} must be the whole right side", advice)
        return function

    def unknown_function(self, node: Call) -> ModelError:
        """An error for a function that cannot be run."""
        name = key(node.function)
        if name in UNSUPPORTED:
            return self.error(node.place, f"function '{node.function}' is not supported", UNSUPPORTED[name])
        lookups = [
            item.name
            for item in self.symbols.model.variables.values()
            if item.equations[0].kind is Kind.LOOKUP
        ]
        near = suggest(node.function, [function.name for function in FUNCTIONS.values()] + lookups)
        return self.error(node.place, f"'{node.function}' is no known function or lookup", near)

    def subscripts(
        self, name: str, given: tuple[Subscript, ...], target: Variable, reduced: frozenset[str], place: Place
    ) -> None:
        """Check the subscripts of a use against what its variable is defined for."""
        if not given and not target.equations[0].subscripts:
            return
        axes = self.symbols.axes(target)
        if len(given) != len(axes):
            left = f"{target.name}[{','.join(target.equations[0].subscripts)}]" if axes else target.name
            reason = f"'{name}' takes {len(axes)} subscripts, not {len(given)}"
            raise self.error(place, reason, f"it is defined as {left}")
        for item, axis in zip(given, axes, strict=True):
            members = self.symbols.members(item.name)
            if members is None:
                near = suggest(item.name, self.symbols.subscript_names)
                reason = f"'{item.name}' in '{name}' is neither a dimension nor an element"
                raise self.error(place, reason, near)
            if item.reduced and (len(members) < 2 and not self.symbols.is_dimension(item.name)):
                raise self.error(place, f"'{item.name}!' is an element, so it cannot be reduced over")
            if item.reduced and key(item.name) not in reduced:
                advice = "use SUM, PROD, VMIN or VMAX around it"
                raise self.error(place, f"'{item.name}!' stands outside a reduction", advice)
            if self.symbols.is_dimension(item.name) and not item.reduced:
                self.free_dimension(item.name, place)
                members = self.left_elements(item.name)
            outside = [self.symbols.spelling[element] for element in members if element not in axis]
            if outside:
                reason = f"'{name}' is not defined for '{outside[0]}'"
                raise self.error(place, reason, f"use a subscript of '{target.name}'")

    def left_elements(self, name: str) -> tuple[str, ...]:
        """Keys of the elements that a dimension on the left side stands for; none for one that is mapped to it."""
        left = [key(item) for item in self.equation.subscripts]
        if key(name) not in left:
            return ()
        axis = left.index(key(name))
        box = self.symbols.box(self.equation.subscripts)
        gone = set[str]()
        for clause in map(self.symbols.box, self.equation.excluded):
            if all(box[at] <= clause[at] for at in range(len(box)) if at != axis):
                gone |= clause[axis]
        return tuple(element for element in self.symbols.members(name) or () if element not in gone)

    def free_dimension(self, name: str, place: Place) -> None:
        """Check that a dimension on the right is on the left, or mapped to one that is."""
        if not self.symbols.is_on_the_left(name, self.equation.subscripts):
            reason = f"dimension '{name}' is not on the left side, nor mapped to one that is"
            raise self.error(place, reason, f"reduce over it with '{name}!', or name one of its elements")

    def error(self, place: Place, reason: str, advice: str | None = None) -> ModelError:
        """Error at a place of this right side."""
        line = place.line or self.equation.place.line
        file = place.file or self.equation.place.file
        return ModelError(reason, advice=advice, file=file, line=line, variable=self.variable.name)
