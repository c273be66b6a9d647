"""Subscripts to elements: which equation holds for which element of a variable, and what a reference there means.

Arrays are lowered element by element: an element of a variable is a ``Cell``, its name with the keys of its elements.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Place, Subscript
from sd_covid.model.mappings import Mappings
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Model, Variable

Binding = dict[str, str]  # dimension key -> element key


class Cell(NamedTuple):
    """One element of a variable: its key, and the keys of its elements (none for a scalar)."""

    variable: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """The equation of a cell, the binding of its left-side dimensions, and its rank within the equation's cells."""

    equation: Equation
    binding: Binding
    rank: int


class Subscripts:
    """The subscript structure of a model.

    Parameters
    ----------
    model : Model

    Raises
    ------
    ModelError
        When a cell is defined twice or not at all, or a left side names no dimension or element.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.elements = {
            name: tuple(key(element) for element in dimension.elements)
            for name, dimension in model.dimensions.items()
        }
        self.spelling: dict[str, str] = {}
        for dimension in model.dimensions.values():
            for element in dimension.elements:
                self.spelling.setdefault(key(element), element.strip())
        self.mappings = Mappings(model.dimensions)
        self._definitions: dict[str, dict[tuple[str, ...], Definition]] = {}  # by the variable's name
        self._numbers: dict[str, int] = {}  # of elements, as `number` counts them

    def definitions(self, variable: Variable) -> dict[tuple[str, ...], Definition]:
        """The definition of each cell of a variable, in the order of its dimensions."""
        found = self._definitions.get(variable.name)
        if found is None:
            found = self._definitions[variable.name] = self._define(variable)
        return found

    def dimensions(self, variable: Variable) -> tuple[str, ...]:
        """The dimension (its key) of each subscript of a variable: the smallest that holds all its elements there."""
        cells = list(self.definitions(variable))
        width = len(cells[0])
        named = [{key(e.subscripts[i]) for e in variable.equations} for i in range(width)]
        found: list[str] = []
        for i in range(width):
            found.append(self._smallest({cell[i] for cell in cells}, named[i], variable, found))
        return tuple(found)

    def expand(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """All combinations of elements that a list of dimensions and elements stands for, last fastest."""
        return list(itertools.product(*(self.elements.get(key(n), (key(n),)) for n in names)))

    def resolve(
        self, subscripts: Sequence[Subscript], binding: Mapping[str, str], place: Place
    ) -> tuple[str, ...]:
        """The elements that a reference's subscripts mean under a binding.

        Raises
        ------
        ModelError
            For a dimension that is neither bound on the left side, nor mapped to one that is, nor reduced over.
        """
        if not subscripts:
            return ()
        return tuple(
            binding[key(item.name) + "!"]
            if item.reduced and key(item.name) + "!" in binding
            else self._resolve_one(key(item.name), item.name, binding, place)
            for item in subscripts
        )

    def position(self, dimension: str, element: str) -> int:
        """The number of an element in a dimension, from 1."""
        return self.elements[dimension].index(element) + 1

    def number(self, name: str, binding: Mapping[str, str]) -> int | None:
        """The number that an element, or a dimension under a binding, stands for; None when it is neither.

        It counts from 1 in the largest dimension that holds the element (the first, of equal ones), so that
        `subrange = element` compares like with like, whichever subrange is on the left side.
        """
        element = binding.get(name)
        if element is None and name in self.elements:
            element = self.mappings.element(binding, name)
        elif element is None and name in self.spelling:
            element = name
        if element is None:
            return None
        if element not in self._numbers:
            holding = [members for members in self.elements.values() if element in members]
            self._numbers[element] = max(holding, key=len).index(element) + 1
        return self._numbers[element]

    def reductions(self, names: Sequence[str], binding: Binding) -> Iterator[Binding]:
        """The bindings that a reduction over dimensions runs through, last fastest.

        A dimension that is reduced over is bound apart (as ``name!``) from the same one on the left side.
        """
        reduced = [name + "!" for name in names]
        for combination in itertools.product(*(self.elements[name] for name in names)):
            yield {**binding, **dict(zip(reduced, combination, strict=True))}

    def _resolve_one(self, name: str, spelled: str, binding: Mapping[str, str], place: Place) -> str:
        if name in binding:
            return binding[name]
        if name not in self.elements:
            if name in self.spelling:
                return name
            known = [d.name for d in self.model.dimensions.values()] + list(self.spelling.values())
            raise ModelError(
                f"'{spelled}' is neither a dimension nor an element",
                advice=suggest(spelled, known),
                file=place.file,
                line=place.line,
                variable=spelled,
            )
        mapped = self.mappings.element(binding, name)
        if mapped is None:
            raise ModelError(
                f"subscript '{spelled}' is not on the left side, nor mapped to one that is, nor reduced over",
                advice=f"sum over it with '{spelled}!', or name one of its elements",
                file=place.file,
                line=place.line,
                variable=spelled,
            )
        return mapped

    def _define(self, variable: Variable) -> dict[tuple[str, ...], Definition]:
        found: dict[tuple[str, ...], Definition] = {}
        if len(variable.equations) == 1 and not variable.equations[0].subscripts:
            return {(): Definition(variable.equations[0], {}, 0)}
        for equation in variable.equations:
            excluded = {cell for clause in equation.excluded for cell in self.expand(clause)}
            for rank, cell in enumerate(self.expand(equation.subscripts)):
                if cell in excluded:
                    continue
                if cell in found:
                    where = ", ".join(self.spelling.get(e, e) for e in cell)
                    raise ModelError(
                        f"defined twice{f' for [{where}]' if cell else ''}, first on line "
                        f"{found[cell].equation.place.line}",
                        file=equation.place.file,
                        line=equation.place.line,
                        variable=variable.name,
                    )
                binding = {
                    key(n): e
                    for n, e in zip(equation.subscripts, cell, strict=True)
                    if key(n) in self.elements
                }
                found[cell] = Definition(equation, binding, rank)
        if not found or len({len(cell) for cell in found}) > 1:
            raise ModelError(
                "its equations do not have the same number of subscripts" if found else "has no equation",
                file=variable.place.file,
                line=variable.place.line,
                variable=variable.name,
            )
        return found

    def _smallest(self, elements: set[str], named: set[str], variable: Variable, taken: list[str]) -> str:
        """Of equal ones, one that the model names there, and none that stands for another subscript already."""
        place = variable.place
        holding = [
            name
            for name, members in self.elements.items()
            if elements <= set(members) and len(set(members)) == len(members)
        ]
        if not holding:
            raise ModelError(
                "no single dimension holds the elements on its left sides",
                file=place.file,
                line=place.line,
                variable=variable.name,
            )
        return min(holding, key=lambda name: (len(self.elements[name]), name in taken, name not in named))
