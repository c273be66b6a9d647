"""A model as data: variables, their equations, dimensions, units, documentation and settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.expression import NOWHERE, Expression, Place, Table
from sd_covid.model.names import key
from sd_covid.model.packing import Packed, pack, unpack


class Kind(StrEnum):
    """What an equation's left side declares."""

    EQUATION = "equation"  # name = expression (a stock when the expression is INTEG)
    UNCHANGEABLE = "unchangeable"  # name == number
    ARRAY = "array"  # name[Dim] = 1, 2, 3
    LOOKUP = "lookup"  # name( points )
    DATA = "data"  # name := expression, or a bare data variable


class DataMode(StrEnum):
    """How a data variable is read between its points."""

    INTERPOLATE = "interpolate"
    LOOK_FORWARD = "look forward"
    HOLD_BACKWARD = "hold backward"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation of a variable: for all of it, or for the subscripts on its left side.

    Attributes
    ----------
    kind : Kind
    subscripts : tuple of str
        Left-side subscripts as spelled: dimensions, subranges or elements. Empty for a scalar.
    excluded : tuple of tuple of str
        Left-side subscripts of each ``:EXCEPT:`` clause.
    expression : Expression or None
        The right side; a `Table` for a lookup; None for an array of numbers and for a bare data variable.
    values : tuple of float
        The numbers of an ``ARRAY`` equation, last subscript fastest.
    mode : DataMode or None
        Only for ``DATA``; None when the file says nothing (Vensim then interpolates).
    place : Place
    """

    kind: Kind
    subscripts: tuple[str, ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()
    expression: Expression | None = None
    values: tuple[float, ...] = ()
    mode: DataMode | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def table(self) -> Table:
        """The points of a ``LOOKUP`` equation."""
        assert isinstance(self.expression, Table), "only a lookup equation has a table"
        return self.expression

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled with its expression packed: expressions are most of a model."""
        place = self.place
        packed = None if self.expression is None else pack(self.expression, place.file)
        rest = (self.subscripts, self.excluded, self.values, self.mode)
        told = rest if any(rest) else None  # of most equations there is nothing to tell
        return _unpickled, (self.kind, packed, place.file, place.line, place.column, told)


def _unpickled(
    kind: Kind,
    packed: Packed | None,
    file: Path | None,
    line: int | None,
    column: int | None,
    told: tuple[Any, ...] | None,
) -> Equation:
    """An equation from what was pickled of it."""
    subscripts, excluded, values, mode = told or ((), (), (), None)
    expression = None if packed is None else unpack(packed, file)
    return Equation(kind, subscripts, excluded, expression, values, mode, Place(file, line, column))


@dataclass(slots=True)
class Variable:
    """A variable of the model, with all its equations."""

    name: str
    equations: list[Equation] = field(default_factory=list)
    units: str = ""
    limits: tuple[float | None, float | None, float | None] = (
        None,
        None,
        None,
    )  # low, high, step; for sliders
    documentation: str = ""
    group: str = ""
    supplementary: bool = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    local: bool = False  # made by the reader for one call of a macro: among the outputs only when named

    @property
    def key(self) -> str:
        """Canonical name."""
        return key(self.name)


@dataclass(slots=True)
class Dimension:
    """A subscript range: its elements in order, and how they map to other dimensions.

    ``mappings`` maps the key of the other dimension to the names there, one for each element here.
    """

    name: str
    elements: tuple[str, ...]
    mappings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documentation: str = ""
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def key(self) -> str:
        """Canonical name."""
        return key(self.name)


class Method(StrEnum):
    """Integration methods."""

    EULER = "euler"
    MIDPOINT = "midpoint"
    RK2 = "rk2"
    RK4 = "rk4"
    ADAPTIVE = "adaptive"


@dataclass(slots=True)
class Settings:
    """What a model file says about how it is to be run.

    Attributes
    ----------
    method : Method
    unit_equivalences : list of tuple of str
        Units that mean the same.
    files : dict of str to str
        File for each ``?name`` that stands for one in ``GET ... DATA('?name', ...)``, by the name in lower case.
    dates : tuple of str or None
        Date of time 0 and unit of time, such as ``("2000-01-01", "month")``, for functions that ask for a date. Vensim
        writes them into every file, so they give results no dates: that is for `Model.calendar`.
    """

    method: Method = Method.EULER
    unit_equivalences: list[tuple[str, ...]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    dates: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a model file that has no part in a run, such as a reality check."""

    text: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(slots=True)
class Model:
    """A model: variables and dimensions by canonical name, in the order of the file.

    Attributes
    ----------
    name : str
        The file's stem, or the study's name for it.
    path : Path or None
        The file it was read from.
    variables, dimensions : dict
        By `key`. Time bounds are variables: ``initial time``, ``final time``, ``time step``, ``saveper``.
    settings : Settings
    calendar : tuple of str or None
        ``(origin, unit)`` such as ``("2015-01", "month")``, when the study gives model time a date.
    series : dict
        Times and values of data variables given with the model, by the key of the variable and of its elements.
    notes : list of Note
        What was read and left out.
    """

    name: str
    path: Path | None = None
    variables: dict[str, Variable] = field(default_factory=dict)
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    calendar: tuple[str, str] | None = None
    series: dict[tuple[str, ...], tuple[tuple[float, ...], tuple[float, ...]]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def variable(self, name: str) -> Variable:
        """The variable of that name.

        Raises
        ------
        UnknownNameError
            When there is none; the message names the nearest ones.
        """
        found = self.variables.get(key(name))
        if found is None:
            known = [item.name for item in self.variables.values()]
            raise UnknownNameError(
                f"'{name}' is not a variable of {self.name}",
                advice=suggest(name, known),
                file=self.path,
                variable=name,
            )
        return found
