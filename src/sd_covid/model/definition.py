"""What one entry of a model file declares, before entries are brought together into a model."""

from __future__ import annotations

from dataclasses import dataclass, field

from sd_covid.model.expression import NOWHERE, Place
from sd_covid.model.structure import Equation


@dataclass(frozen=True, slots=True)
class VariableDefinition:
    """One equation, and the variable that it belongs to."""

    name: str
    equation: Equation


@dataclass(frozen=True, slots=True)
class MappingDefinition:
    """``-> name`` (no `members`: element by element), or ``-> (name: member, ...)``."""

    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RangeDefinition:
    """A subscript range as written.

    Attributes
    ----------
    name : str
    items : tuple of str
        Elements and names of other ranges; numeric ranges such as ``(A1-A5)`` are written out. With `copied`, the one
        range that this is the equal of (``name <-> other``).
    mappings : tuple of MappingDefinition
    copied : bool
    place : Place
    """

    name: str
    items: tuple[str, ...]
    mappings: tuple[MappingDefinition, ...] = ()
    copied: bool = False
    place: Place = field(default=NOWHERE, compare=False)
