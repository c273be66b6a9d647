"""Syntax trees of ``expression.lark`` to expressions and definitions; one method for each rule of the grammar.

Left to others: parsing itself, and every question of what a name means.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from lark import Token
from lark.visitors import Transformer_NonRecursive

from sd_covid.errors import ModelError
from sd_covid.model.definition import (
    Import,
    MacroDefinition,
    MappingDefinition,
    RangeDefinition,
    VariableDefinition,
)
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Place,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
)
from sd_covid.model.names import key
from sd_covid.model.source import Source
from sd_covid.model.structure import DataMode, Equation, Kind

#: Functions that make the variable they define a data variable, however its equation is written.
SERIES = frozenset({"get direct data", "get xls data"})
#: Functions that give numbers.
CONSTANTS = frozenset({"get direct constants", "get xls constants"})
#: Functions that give the elements of a subscript range.
IMPORTS = frozenset({"get direct subscript", "get xls subscript"})
#: Functions that make it a lookup.
LOOKUPS = frozenset({"get direct lookups", "get xls lookups"})
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)
_MAX_NUMBERED = 100_000

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Name:
    """A name and its position in the parsed text."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Left:
    """The left side of an equation."""

    name: Name
    subscripts: tuple[str, ...]
    excluded: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Array:
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Outputs:
    references: tuple[Reference, ...]


class Builder(Transformer_NonRecursive[Token, Any]):
    """Builds what a tree says.

    Parameters
    ----------
    source : Source
    start : int
        Position of the parsed text in the source.
    variable : str or None
        The name to give in an error.
    """

    def __init__(self, source: Source, start: int, variable: str | None) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.variable = variable

    def place(self, position: int | None) -> Place:
        """Place in the file of a position in the parsed text."""
        return self.source.place(self.start + (position or 0))

    def error(self, position: int | None, reason: str, advice: str | None = None) -> ModelError:
        """Error at a position in the parsed text."""
        at = self.start + (position or 0)
        return self.source.error(at, reason, advice=advice, variable=self.variable)

    # Names and subscripts

    def name(self, items: list[Token]) -> Name:
        """A name without its quotes, each run of blanks made one."""
        token = items[0]
        text = str(token)[1:-1] if token.type == "QUOTED" else str(token)
        if not key(text):
            raise self.error(token.start_pos, f"{token} is not a name", "a name needs a letter")
        return Name(" ".join(text.split()), token.start_pos or 0)

    def subscript(self, items: list[Any]) -> Subscript:
        """``name`` or ``name!``."""
        return Subscript(items[0].text, reduced=len(items) > 1)

    def subscripts(self, items: list[Subscript]) -> tuple[Subscript, ...]:
        """What stands between brackets."""
        return tuple(items)

    # Left sides

    def exceptions(self, items: list[Any]) -> tuple[tuple[Subscript, ...], ...]:
        """The clauses of ``:EXCEPT:``."""
        return tuple(items[1:])

    def left(self, items: list[Any]) -> _Left:
        """A left side."""
        name: Name = items[0]
        subscripts: tuple[Subscript, ...] = ()
        excluded: tuple[tuple[Subscript, ...], ...] = ()
        for item in items[1:]:
            if isinstance(item[0], Subscript):
                subscripts = item
            else:
                excluded = item
        for subscript in [*subscripts, *(one for clause in excluded for one in clause)]:
            if subscript.reduced:
                reason = f"'{subscript.name}!' cannot stand on a left side"
                raise self.error(name.position, reason, "leave out the '!'")
        plain = tuple(item.name for item in subscripts)
        return _Left(name, plain, tuple(tuple(item.name for item in clause) for clause in excluded))

    def _define(self, left: _Left, kind: Kind, **rest: Any) -> VariableDefinition:
        place = self.place(left.name.position)
        equation = Equation(kind, left.subscripts, left.excluded, place=place, **rest)
        return VariableDefinition(left.name.text, equation)

    def equation(self, items: list[Any]) -> VariableDefinition:
        """``name = expression``, or an array of numbers."""
        left, right = items
        if isinstance(right, _Array):
            return self._define(left, Kind.ARRAY, values=right.values)
        function = key(right.function) if isinstance(right, Call) else ""
        kind = Kind.DATA if function in SERIES else Kind.LOOKUP if function in LOOKUPS else Kind.EQUATION
        return self._define(left, kind, expression=right)

    def unchangeable(self, items: list[Any]) -> VariableDefinition:
        """``name == number``, or an array of numbers."""
        left, right = items
        if isinstance(right, _Array):
            return self._define(left, Kind.UNCHANGEABLE, values=right.values)
        return self._define(left, Kind.UNCHANGEABLE, expression=right)

    def data(self, items: list[Any]) -> VariableDefinition:
        """``name := expression``, with or without a mode."""
        return self._define(items[0], Kind.DATA, expression=items[-1], mode=self._mode(items[1:-1]))

    def bare_data(self, items: list[Any]) -> VariableDefinition:
        """``name``: data that come from elsewhere."""
        return self._define(items[0], Kind.DATA, mode=self._mode(items[1:]))

    def _mode(self, tokens: list[Token]) -> DataMode | None:
        return DataMode(" ".join(tokens[0].strip(":").split()).lower()) if tokens else None

    def lookup(self, items: list[Any]) -> VariableDefinition:
        """``name( points )``."""
        return self._define(items[0], Kind.LOOKUP, expression=items[1])

    def imported_lookup(self, items: list[Any]) -> VariableDefinition:
        """``name( GET DIRECT LOOKUPS(...) )``."""
        left, call = items
        if key(call.function) not in LOOKUPS:
            reason = f"{call.function} gives no lookup"
            raise self.error(left.name.position, reason, "write the points, or GET DIRECT LOOKUPS(...)")
        return self._define(left, Kind.LOOKUP, expression=call)

    # Subscript ranges

    def elements(self, items: list[Any]) -> list[Name] | Import:
        """The items of a range, numeric ranges written out."""
        imported = next((item for item in items if isinstance(item, Import)), None)
        if imported is not None and len(items) > 1:
            place = imported.place
            reason = f"{imported.function} cannot stand among other elements"
            advice = "give it a range of its own, and name that here"
            raise ModelError(reason, advice=advice, file=place.file, line=place.line, variable=self.variable)
        return imported or [name for item in items for name in (item if isinstance(item, list) else [item])]

    def numbered(self, items: list[Name]) -> list[Name]:
        """``(A1-A5)``: the same word with two numbers."""
        first, last = items
        low, high = _NUMBERED.fullmatch(first.text), _NUMBERED.fullmatch(last.text)
        if low is None or high is None or key(low[1]) != key(high[1]) or not key(low[1]):
            reason = f"({first.text}-{last.text}) is no numeric range"
            raise self.error(first.position, reason, "write the same word with two numbers, as in (A1-A5)")
        start, end = int(low[2][:9]), int(high[2][:9])
        if not start < end < start + _MAX_NUMBERED:
            reason = f"({first.text}-{last.text}) does not run upwards, or is too long"
            raise self.error(first.position, reason, "begin with the lower number")
        return [Name(f"{low[1]}{number}", first.position) for number in range(start, end + 1)]

    def imported_elements(self, items: list[Any]) -> Import:
        """``GET DIRECT SUBSCRIPT(...)``."""
        name: Name = items[0]
        if key(name.text) not in IMPORTS:
            raise self.error(name.position, f"'{name.text}' gives no elements", "write the elements out")
        texts = tuple(str(text)[1:-1] for text in items[1:])
        return Import(name.text, texts, self.place(name.position))

    def mapping(self, items: list[Name]) -> MappingDefinition:
        """``name`` or ``(name: member, ...)``."""
        return MappingDefinition(items[0].text, tuple(item.text for item in items[1:]))

    def mappings(self, items: list[MappingDefinition]) -> tuple[MappingDefinition, ...]:
        """What follows the arrow."""
        return tuple(items)

    def dimension(self, items: list[Any]) -> RangeDefinition:
        """``name: elements -> mappings``."""
        place, elements = self.place(items[0].position), items[1]
        mappings = items[2] if len(items) > 2 else ()
        if isinstance(elements, Import):
            return RangeDefinition(items[0].text, (), mappings, imported=elements, place=place)
        names = tuple(item.text for item in elements)
        return RangeDefinition(items[0].text, names, mappings, place=place)

    def equivalence(self, items: list[Name]) -> RangeDefinition:
        """``name <-> name``."""
        place = self.place(items[0].position)
        return RangeDefinition(items[0].text, (items[1].text,), copied=True, place=place)

    # Numbers and tables

    def _float(self, token: Token) -> float:
        value = float(token)
        if not math.isfinite(value):
            raise self.error(token.start_pos, f"{token} is too large for a number")
        return value

    def _floats(self, token: Token, text: str) -> list[float]:
        """Numbers with a comma between each."""
        try:
            values = [float(item) for item in "".join(text.split()).split(",")]
        except ValueError:
            raise self.error(token.start_pos, "a row of numbers holds something else") from None
        if not all(map(math.isfinite, values)):
            raise self.error(token.start_pos, "a number is too large")
        return values

    def array(self, items: list[Token]) -> _Array:
        """Numbers, row by row: ``,`` within a row, ``;`` between rows."""
        (token,) = items
        rows = [self._floats(token, row) for row in str(token).rstrip().removesuffix(";").split(";")]
        if len({len(row) for row in rows}) > 1:
            raise self.error(token.start_pos, "the rows of the array do not have the same length")
        return _Array(tuple(number for row in rows for number in row))

    def tabbed_array(self, items: list[Token]) -> _Array:
        """``TABBED ARRAY(...)``: numbers apart by blanks, a row on each line."""
        (token,) = items
        numbers = str(token).partition("(")[2].removesuffix(")").split()
        return _Array(tuple(self._floats(token, ",".join(numbers))))

    def _points(self, token: Token) -> list[Point]:
        values = self._floats(token, str(token).replace("(", "").replace(")", ""))
        return list(zip(values[::2], values[1::2], strict=True))

    def points(self, items: list[Token]) -> list[Point]:
        """Points as pairs."""
        return self._points(items[0])

    def limits(self, items: list[Token]) -> tuple[Point, Point]:
        """The corners of the drawing; points that were only drawn for reference are left out."""
        return self._points(items[0])[-1], self._points(items[2])[0]

    def table_body(self, items: list[Any]) -> Table:
        """Pairs, in order of x (in the order written where x is the same), with limits or without."""
        points = tuple(sorted(items[-1], key=lambda point: point[0]))
        return Table(points, items[0] if len(items) > 1 else None)

    def columns(self, items: list[Token]) -> Table:
        """The old form: every x, then every y."""
        (token,) = items
        values = self._floats(token, str(token))
        half = len(values) // 2
        if len(values) % 2:
            reason = f"the table holds {len(values)} numbers, so x and y are not as many"
            raise self.error(token.start_pos, reason, "write it in pairs: (x,y),(x,y)")
        pairs = zip(values[:half], values[half:], strict=True)
        return Table(tuple(sorted(pairs, key=lambda point: point[0])))

    def table(self, items: list[Table]) -> Table:
        """A table as an argument."""
        return items[0]

    # Expressions

    def number(self, items: list[Token]) -> Number:
        """A literal."""
        return Number(self._float(items[0]), self.place(items[0].start_pos))

    def not_available(self, items: list[Token]) -> NotAvailable:
        """``:NA:``."""
        return NotAvailable(self.place(items[0].start_pos))

    def text(self, items: list[Token]) -> Text:
        """``'text'``."""
        return Text(str(items[0])[1:-1], self.place(items[0].start_pos))

    def compare(self, items: list[Token]) -> Token:
        """A comparison's sign."""
        return items[0]

    def reference(self, items: list[Any]) -> Reference:
        """A name used."""
        return Reference(items[0].text, items[1] if len(items) > 1 else (), self.place(items[0].position))

    def arguments(self, items: list[Expression]) -> list[Expression]:
        """The arguments of a call."""
        return items

    def outputs(self, items: list[Reference]) -> _Outputs:
        """What a call of a macro makes beside its value."""
        return _Outputs(tuple(items))

    def call(self, items: list[Any]) -> Call:
        """``name[subscripts](arguments : outputs)``."""
        name: Name = items[0]
        arguments: tuple[Expression, ...] = ()
        subscripts: tuple[Subscript, ...] = ()
        outputs: tuple[Reference, ...] = ()
        for item in items[1:]:
            match item:
                case list():
                    arguments = tuple(item)
                case _Outputs(references=references):
                    outputs = references
                case _:
                    subscripts = item
        return Call(name.text, arguments, subscripts, self.place(name.position), outputs)

    def macro_names(self, items: list[Name]) -> tuple[str, ...]:
        """Arguments, or outputs, of a macro."""
        return tuple(item.text for item in items)

    def macro(self, items: list[Any]) -> MacroDefinition:
        """``NAME(arguments : outputs)``."""
        name, parameters, *rest = items
        outputs = rest[0] if rest else ()
        return MacroDefinition(name.text, parameters, outputs, place=self.place(name.position))

    def unary(self, items: list[Any]) -> Unary:
        """A sign or ``:NOT:``."""
        sign, operand = items
        return Unary(sign.upper(), operand, self.place(sign.start_pos))

    def binary(self, items: list[Any]) -> Binary:
        """Two operands and what joins them."""
        left, sign, right = items
        return Binary(sign.upper(), left, right, self.place(sign.start_pos))
