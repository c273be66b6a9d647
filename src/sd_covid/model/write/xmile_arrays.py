"""Arrays as XMILE has them: each variable over whole dimensions, with one equation for all elements or one for each.

In goes a model; out come the dimension of each subscript of its variables, and the equation of each element. Vensim's
subranges on left sides, ``:EXCEPT:`` and mappings come apart here.
"""

from __future__ import annotations

from itertools import product

from sd_covid.errors import ModelError
from sd_covid.model.names import key
from sd_covid.model.structure import Dimension, Equation, Model, Variable

Cell = tuple[str, ...]  # keys of elements


class Arrays:
    """The arrays of a model.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    axes : dict of str to tuple of str
        For each variable, by key, the name of the dimension of each subscript.
    added : list of Dimension
        Those that no dimension of the model is: a variable is defined for some elements only.

    Raises
    ------
    ModelError
        When a variable lacks some elements that whole dimensions have.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.added: list[Dimension] = []
        self.elements = {name: tuple(map(key, item.elements)) for name, item in model.dimensions.items()}
        self.spelling = {key(name): name for item in model.dimensions.values() for name in item.elements}
        self.axes = {name: self._axes(variable) for name, variable in model.variables.items()}

    def cells(self, variable: Variable) -> dict[Cell, tuple[Equation, dict[str, str], int]]:
        """For each element its equation, what the left side's dimensions stand for, and its rank in the equation."""
        found: dict[Cell, tuple[Equation, dict[str, str], int]] = {}
        for equation in variable.equations:
            excluded = {cell for clause in equation.excluded for cell in self._expand(clause)}
            for rank, cell in enumerate(self._expand(equation.subscripts)):
                if cell not in excluded:
                    pairs = zip(map(key, equation.subscripts), cell, strict=True)
                    binding = {name: element for name, element in pairs if name in self.elements}
                    found[cell] = (equation, binding, rank)
        order = [self._members(name) for name in self.axes.get(variable.key, self._axes(variable))]
        return {cell: found[cell] for cell in product(*order)}

    def spelled(self, cell: Cell) -> str:
        """The ``subscript`` of an ``<element>``."""
        return ", ".join(self.spelling[element] for element in cell)

    def _members(self, name: str) -> tuple[str, ...]:
        for item in self.added:
            if item.key == key(name):
                return tuple(map(key, item.elements))
        return self.elements[key(name)]

    def _expand(self, names: tuple[str, ...]) -> list[Cell]:
        return list(product(*(self.elements.get(key(name), (key(name),)) for name in names)))

    def _axes(self, variable: Variable) -> tuple[str, ...]:
        """The dimension of each subscript."""
        width = len(variable.equations[0].subscripts)
        if not width:
            return ()
        cells = set()
        for equation in variable.equations:
            excluded = {cell for clause in equation.excluded for cell in self._expand(clause)}
            cells |= {cell for cell in self._expand(equation.subscripts) if cell not in excluded}
        held = [{cell[at] for cell in cells} for at in range(width)]
        size = 1
        for elements in held:
            size *= len(elements)
        if size != len(cells):
            raise ModelError(
                f"'{variable.name}' is defined for some combinations of its subscripts only, which XMILE cannot say",
                advice="define the others too",
                file=variable.place.file,
                line=variable.place.line,
                variable=variable.name,
            )
        named = [{key(equation.subscripts[at]) for equation in variable.equations} for at in range(width)]
        return tuple(self._axis(elements, names) for elements, names in zip(held, named, strict=True))

    def _axis(self, elements: set[str], named: set[str]) -> str:
        """The dimension of exactly these elements: one on the left sides where there are several."""
        dimensions = [*self.model.dimensions.values(), *self.added]
        equal = [item for item in dimensions if {key(name) for name in item.elements} == elements]
        if equal:
            return min(equal, key=lambda item: item.key not in named).name
        within = [item for item in self.model.dimensions.values() if elements <= set(self.elements[item.key])]
        order = min(within, key=lambda item: len(item.elements)) if within else None
        members = self.elements[order.key] if order is not None else tuple(sorted(elements))
        taken = {item.key for item in dimensions} | set(self.model.variables)
        base = f"part of {order.name}" if order is not None else "elements"
        name, count = base, 1
        while key(name) in taken:
            count += 1
            name = f"{base} {count}"
        spelled = tuple(self.spelling[element] for element in members if element in elements)
        self.added.append(Dimension(name, spelled))
        return name
