"""A model without dimensions of one element, for programs that cannot have them: PySD takes their arrays for numbers.

In goes a model; out comes one in which such subscripts are left out, and the names that its variables had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sd_covid.model.expression import Call, Expression, Number, Reference, Subscript, Unary, rebuilt, walk
from sd_covid.model.functions import FUNCTIONS, Role
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model
from sd_covid.model.symbols import Symbols


class Flattened:
    """A model without dimensions of one element.

    Parameters
    ----------
    model : Model
        As read; it is not changed.

    Attributes
    ----------
    model : Model
        The same object when no dimension has one element only.
    """

    def __init__(self, model: Model) -> None:
        self._symbols = Symbols(model)
        sizes: dict[str, int] = {}
        for elements in self._symbols.elements.values():
            for element in elements:
                sizes[element] = max(sizes.get(element, 0), len(elements))
        #: Keys of elements that are alone in every range that has them, and of those ranges.
        self._alone = {element for element, size in sizes.items() if size == 1}
        self._alone |= {
            name for name, elements in self._symbols.elements.items() if set(elements) <= self._alone
        }
        self._old = model
        self.model = self._flat() if self._alone else model

    def spelled(self, name: str) -> str:
        """What the original model calls ``name`` or ``name[Element]`` of the flat one."""
        base, bracket, inside = name.partition("[")
        variable = self._old.variables.get(key(base))
        if variable is None:
            return name
        left = iter(inside.removesuffix("]").split(",") if bracket else ())
        elements = []
        for axis in self._symbols.axes(variable):
            alone = axis <= self._alone
            elements.append(self._symbols.spelling[next(iter(axis))] if alone else next(left, ""))
        return f"{base}[{','.join(elements)}]" if elements else name

    def _flat(self) -> Model:
        old = self._old
        dimensions = {
            name: replace(
                item,
                mappings={other: names for other, names in item.mappings.items() if other not in self._alone},
            )
            for name, item in old.dimensions.items()
            if name not in self._alone
        }
        variables = {
            name: replace(item, equations=[self._equation(equation) for equation in item.equations])
            for name, item in old.variables.items()
        }
        series = {
            (cell[0], *(item for item in cell[1:] if item not in self._alone)): points
            for cell, points in old.series.items()
        }
        return replace(old, variables=variables, dimensions=dimensions, series=series)

    def _equation(self, equation: Equation) -> Equation:
        kept = [at for at, name in enumerate(equation.subscripts) if key(name) not in self._alone]
        expression = equation.expression
        if expression is not None:
            expression = rebuilt(expression, self._use)
        made = replace(
            equation,
            subscripts=tuple(equation.subscripts[at] for at in kept),
            excluded=tuple(tuple(clause[at] for at in kept) for clause in equation.excluded),
            expression=expression,
        )
        if made.kind is not Kind.ARRAY or made.subscripts:
            return made
        number = Number(abs(made.values[0]), made.place)
        signed = Unary("-", number, made.place) if made.values[0] < 0 else number
        return replace(made, kind=Kind.EQUATION, expression=signed, values=())

    def _use(self, node: Reference | Call) -> Expression:
        """A use without subscripts that are alone."""
        if isinstance(node, Reference):
            if not node.subscripts and key(node.name) in self._alone - self._old.variables.keys():
                return Number(1.0, node.place)  # the number of the element
            return replace(node, subscripts=self._kept(node.subscripts))
        made = replace(node, subscripts=self._kept(node.subscripts))
        function = FUNCTIONS.get(key(node.function))
        if function is None or Role.DIMENSION in function.roles:
            counted = function is not None and isinstance(made.arguments[0], Number)
            return Number(1.0, node.place) if counted else made
        if function.reduces and set(function.roles) == {Role.REDUCED} and not reduces(made.arguments):
            return made.arguments[0]
        return made

    def _kept(self, subscripts: Iterable[Subscript]) -> tuple[Subscript, ...]:
        return tuple(item for item in subscripts if key(item.name) not in self._alone)


def reduces(arguments: Iterable[Expression]) -> bool:
    """Whether a subscript in some expressions is marked as one to reduce over."""
    return any(
        item.reduced
        for argument in arguments
        for node in walk(argument)
        if isinstance(node, Reference | Call)
        for item in node.subscripts
    )
