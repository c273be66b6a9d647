"""One symbol table for a model: what each name is, and which elements a subscript stands for.

In goes a model as read; out come lookups by key. Faults in what is defined are for `sd_covid.model.left_sides`, faults
in what is used for `sd_covid.model.right_sides`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sd_covid.model.mappings import Mappings
from sd_covid.model.names import key
from sd_covid.model.structure import Model, Variable

TIME = "time"


class Symbols:
    """The names of a model.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    model : Model
    elements : dict of str to tuple of str
        Keys of the elements of each dimension, by its key.
    spelling : dict of str to str
        How the file writes each element, by key.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.elements = {
            name: tuple(key(element) for element in dimension.elements)
            for name, dimension in model.dimensions.items()
        }
        self.spelling = {
            key(element): element for item in model.dimensions.values() for element in item.elements
        }
        self.mappings = Mappings(model.dimensions)
        self._axes: dict[str, tuple[frozenset[str], ...]] = {}

    def members(self, name: str) -> tuple[str, ...] | None:
        """Keys of the elements that a dimension or element stands for; None when it is neither."""
        found = self.elements.get(key(name))
        if found is None and key(name) in self.spelling:
            return (key(name),)
        return found

    def is_dimension(self, name: str) -> bool:
        """Whether a name is a dimension or subrange."""
        return key(name) in self.elements

    def is_on_the_left(self, name: str, left: Iterable[str]) -> bool:
        """Whether a dimension is one of a left side, or goes with elements of one of those."""
        if key(name) in map(key, left):
            return True
        return any(
            self.mappings.element({key(item): element}, key(name)) is not None
            for item in left
            for element in self.elements.get(key(item), ())
        )

    def axes(self, variable: Variable) -> tuple[frozenset[str], ...]:
        """The elements that each subscript of a variable runs over, all its equations together."""
        found = self._axes.get(variable.key)
        if found is None:
            width = len(variable.equations[0].subscripts)
            found = tuple(
                frozenset(
                    element
                    for equation in variable.equations
                    for element in self.members(equation.subscripts[axis]) or ()
                )
                for axis in range(width)
            )
            self._axes[variable.key] = found
        return found

    def box(self, subscripts: tuple[str, ...]) -> tuple[frozenset[str], ...]:
        """The elements of each subscript of a left side."""
        return tuple(frozenset(self.members(name) or ()) for name in subscripts)

    @cached_property
    def names(self) -> list[str]:
        """Every name that an expression may use, for advice."""
        return [variable.name for variable in self.model.variables.values()] + ["Time"]

    @cached_property
    def subscript_names(self) -> list[str]:
        """Every dimension and element, for advice."""
        return [item.name for item in self.model.dimensions.values()] + list(self.spelling.values())
