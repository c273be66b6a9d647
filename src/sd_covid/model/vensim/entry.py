"""What an entry of a Vensim file defines: a variable, a subscript range, or the head of a macro.

In goes a part of a `Source`; out comes what it declares. How entries become a model is for
`sd_covid.model.vensim.reader`.
"""

from __future__ import annotations

import re
from typing import Any

from sd_covid.errors import ModelError
from sd_covid.model.definition import (
    IMPORTS,
    LOOKUPS,
    SERIES,
    Import,
    MacroDefinition,
    MappingDefinition,
    RangeDefinition,
    VariableDefinition,
)
from sd_covid.model.expression import Call, Expression, Place, Subscript
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode, Equation, Kind
from sd_covid.model.vensim.expression import VensimParser
from sd_covid.model.vensim.number_rows import array, table

_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)
_MAX_NUMBERED = 100_000


class DefinitionParser(VensimParser):
    """Parses the equation part of an entry. See `VensimParser`."""

    def definition(self) -> VariableDefinition | RangeDefinition:
        """The whole text as an equation, data variable, lookup or subscript range."""
        place = self.place(self.position)
        position, name = self.position, self.name()
        if self.skip(":"):
            found: VariableDefinition | RangeDefinition = self._dimension(name, place)
        elif self.skip("<->"):
            found = RangeDefinition(name, (self.name(),), copied=True, place=place)
        else:
            found = VariableDefinition(name, self._equation(position, place))
        if self.kind:
            raise self.unexpected(operand=True)
        return found

    def macro(self) -> MacroDefinition:
        """The whole text as ``NAME(arguments : outputs)``."""
        place, name = self.place(self.position), self.name()
        self.expect("(")
        parameters = self._names()
        outputs = self._names() if self.skip(":") else ()
        self.expect(")")
        if self.kind:
            raise self.unexpected()
        return MacroDefinition(name, parameters, outputs, place=place)

    def _names(self) -> tuple[str, ...]:
        found = [self.name()]
        while self.skip(","):
            found.append(self.name())
        return tuple(found)

    # Equations

    def _equation(self, position: int, place: Place) -> Equation:
        """What follows the name: the rest of the left side, and the right side."""
        subscripts = self.subscripts() if self.kind == "[" else ()
        excluded: list[tuple[Subscript, ...]] = []
        while self.skip("," if excluded else ":EXCEPT:"):
            excluded.append(self.subscripts())
        for clause in (subscripts, *excluded):
            for item in clause:
                if item.reduced:
                    reason = f"'{item.name}!' cannot stand on a left side"
                    raise self.error(position, reason, "leave out the '!'")
        kind, rest = self._right_side(position)
        left = tuple([item.name for item in subscripts])
        without = tuple([tuple([item.name for item in clause]) for clause in excluded])
        return Equation(kind, left, without, place=place, **rest)

    def _right_side(self, position: int) -> tuple[Kind, dict[str, Any]]:
        """What the sign behind the left side says, and what follows it: kind and fields of the `Equation`."""
        if self.skip("="):
            values = array(self)
            if values is not None:
                return Kind.ARRAY, {"values": values}
            expression = self.expression()
            function = key(expression.function) if isinstance(expression, Call) else ""
            kind = Kind.DATA if function in SERIES else Kind.LOOKUP if function in LOOKUPS else Kind.EQUATION
            return kind, {"expression": expression}
        if self.skip("=="):
            values = array(self)
            return Kind.UNCHANGEABLE, {"expression": self.expression()} if values is None else {
                "values": values
            }
        if self.skip("("):
            return Kind.LOOKUP, {"expression": self._lookup(position)}
        mode = DataMode(" ".join(self.token.strip(":").split()).lower()) if self.kind == "mode" else None
        self.skip("mode")
        if not self.kind:
            return Kind.DATA, {"mode": mode}
        self.expect(":=")
        return Kind.DATA, {"expression": self.expression(), "mode": mode}

    def _lookup(self, position: int) -> Expression:
        """``points )``, or ``GET DIRECT LOOKUPS(...) )``."""
        found: Expression | None = table(self)
        if found is None:
            found = self.expression()
            if not isinstance(found, Call) or key(found.function) not in LOOKUPS:
                what = (
                    f"{found.function} gives" if isinstance(found, Call) else "what stands in parentheses is"
                )
                advice = "write the points, or GET DIRECT LOOKUPS(...)"
                raise self.error(position, f"{what} no lookup", advice)
        self.expect(")")
        return found

    # Subscript ranges

    def _dimension(self, name: str, place: Place) -> RangeDefinition:
        """What follows ``name:``: elements, perhaps with mappings."""
        elements: list[str] = []
        imports: list[Import] = []
        while True:
            found = self._element()
            if isinstance(found, Import):
                imports.append(found)
            else:
                elements += found
            if not self.skip(","):
                break
        if imports and (elements or len(imports) > 1):
            where = imports[0].place
            reason = f"{imports[0].function} cannot stand among other elements"
            advice = "give it a range of its own, and name that here"
            raise ModelError(reason, advice=advice, file=where.file, line=where.line, variable=self.variable)
        mappings: list[MappingDefinition] = []
        while self.skip("," if mappings else "->"):
            mappings.append(self._mapping())
        imported = imports[0] if imports else None
        return RangeDefinition(name, tuple(elements), tuple(mappings), imported=imported, place=place)

    def _element(self) -> list[str] | Import:
        """``name``, ``(A1-A5)`` or ``GET DIRECT SUBSCRIPT(...)``."""
        position = self.position
        if self.skip("("):
            first = self.name()
            self.expect("-")
            last = self.name()
            self.expect(")")
            return self._numbered(position + 1, first, last)
        name = self.name()
        if not self.skip("("):
            return [name]
        texts = [self.text_at_hand()]
        while self.skip(","):
            texts.append(self.text_at_hand())
        self.expect(")")
        if key(name) not in IMPORTS:
            raise self.error(position, f"'{name}' gives no elements", "write the elements out")
        return Import(name, tuple(texts), self.place(position))

    def _numbered(self, position: int, first: str, last: str) -> list[str]:
        """The names of a numeric range: the same word with each number."""
        low, high = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
        if low is None or high is None or key(low[1]) != key(high[1]) or not key(low[1]):
            reason = f"({first}-{last}) is no numeric range"
            raise self.error(position, reason, "write the same word with two numbers, as in (A1-A5)")
        start, end = int(low[2][:9]), int(high[2][:9])
        if not start < end < start + _MAX_NUMBERED:
            reason = f"({first}-{last}) does not run upwards, or is too long"
            raise self.error(position, reason, "begin with the lower number")
        return [f"{low[1]}{number}" for number in range(start, end + 1)]

    def _mapping(self) -> MappingDefinition:
        """``name`` or ``(name: member, ...)``."""
        if not self.skip("("):
            return MappingDefinition(self.name())
        name = self.name()
        self.expect(":")
        members = self._names()
        self.expect(")")
        return MappingDefinition(name, members)
