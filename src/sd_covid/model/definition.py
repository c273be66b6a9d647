"""What one entry of a model file declares, before entries are brought together into a model."""

from __future__ import annotations

from dataclasses import dataclass, field

from sd_covid.model.expression import NOWHERE, Place
from sd_covid.model.structure import Equation, Variable

#: Functions that make the variable they define a data variable, however its equation is written.
SERIES = frozenset({"get direct data", "get xls data"})
#: Functions that give numbers.
CONSTANTS = frozenset({"get direct constants", "get xls constants"})
#: Functions that give the elements of a subscript range.
IMPORTS = frozenset({"get direct subscript", "get xls subscript"})
#: Functions that make it a lookup.
LOOKUPS = frozenset({"get direct lookups", "get xls lookups"})


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
class Import:
    """``GET DIRECT SUBSCRIPT(...)``: elements that stand in another file."""

    function: str
    texts: tuple[str, ...]
    place: Place = field(default=NOWHERE, compare=False)


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
    imported : Import or None
        Where its elements stand, when they are not written out.
    copied : bool
    place : Place
    """

    name: str
    items: tuple[str, ...]
    mappings: tuple[MappingDefinition, ...] = ()
    copied: bool = False
    imported: Import | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class MacroDefinition:
    """A macro as written.

    Attributes
    ----------
    name : str
        Of the macro, and of the variable in it that is its value.
    parameters : tuple of str
    outputs : tuple of str
        The variables in it that a call may give names to, behind the ``:``.
    variables : dict of str to Variable
        By key, the parameters not among them.
    place : Place
    """

    name: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    variables: dict[str, Variable] = field(default_factory=dict)
    place: Place = field(default=NOWHERE, compare=False)
