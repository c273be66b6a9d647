"""Checks of what a model defines: subscripts of left sides, numbers of arrays, nothing defined twice.

In goes a symbol table; nothing comes out but errors. Definitions are compared as boxes (a set of elements for each
subscript), so that the check does not depend on how many elements there are.
"""

from __future__ import annotations

from itertools import combinations
from math import prod

from sd_covid.errors import ModelError, suggest
from sd_covid.model.definition import CONSTANTS
from sd_covid.model.expression import Call, Expression, Number, Unary
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable
from sd_covid.model.symbols import TIME, Symbols

Box = tuple[frozenset[str], ...]


def check_left_sides(symbols: Symbols, elements_apart: bool = False) -> None:
    """Check every definition of a model.

    Raises
    ------
    ModelError
        At the first fault; names file, line and variable.
    """
    _check_names(symbols, elements_apart)
    for variable in symbols.model.variables.values():
        for equation in variable.equations:
            _check_subscripts(symbols, variable, equation)
            _check_kind(symbols, variable, equation)
        _check_overlap(symbols, variable)


def _check_names(symbols: Symbols, elements_apart: bool) -> None:
    for name, variable in symbols.model.variables.items():
        if name == TIME:
            raise _error(variable, variable.equations[0], "'Time' cannot be defined", "choose another name")
        if name in FUNCTIONS and variable.equations[0].kind is Kind.LOOKUP:
            reason = f"'{variable.name}' is the name of a function, so the lookup could not be called"
            raise _error(variable, variable.equations[0], reason, "choose another name")
        if name in symbols.spelling and not elements_apart:
            reason = f"'{variable.name}' is both a variable and an element of a subscript range"
            raise _error(variable, variable.equations[0], reason, "rename one of the two")


def _check_subscripts(symbols: Symbols, variable: Variable, equation: Equation) -> None:
    width = len(variable.equations[0].subscripts)
    if len(equation.subscripts) != width:
        reason = (
            f"has {len(equation.subscripts)} subscripts here and {width} on line "
            f"{variable.equations[0].place.line}"
        )
        raise _error(variable, equation, reason, "give every equation of a variable the same subscripts")
    for clause in equation.excluded:
        if len(clause) != width:
            reason = f":EXCEPT: has {len(clause)} subscripts where the left side has {width}"
            raise _error(variable, equation, reason)
    for name in [*equation.subscripts, *(name for clause in equation.excluded for name in clause)]:
        if symbols.members(name) is None:
            advice = suggest(name, symbols.subscript_names) or "define it as a subscript range"
            raise _error(variable, equation, f"'{name}' is neither a dimension nor an element", advice)
    dimensions = [key(name) for name in equation.subscripts if symbols.is_dimension(name)]
    for name in equation.subscripts:
        if dimensions.count(key(name)) > 1:
            reason = f"dimension '{name}' stands twice on the left side"
            raise _error(variable, equation, reason, "define a second range for it with <->")


def _check_kind(symbols: Symbols, variable: Variable, equation: Equation) -> None:
    lookup = equation.kind is Kind.LOOKUP
    if lookup is not (variable.equations[0].kind is Kind.LOOKUP):
        raise _error(variable, equation, "is a lookup in one place and not in another", "use two names")
    if equation.kind is Kind.UNCHANGEABLE:
        value = equation.expression
        value = value.operand if isinstance(value, Unary) else value
        if not isinstance(value, Number) and not equation.values and not _is_external(value):
            raise _error(variable, equation, "'==' defines a constant, so a number follows", "write '='")
    if equation.values:
        expected = prod(len(symbols.members(name) or ()) for name in equation.subscripts)
        if not equation.subscripts or expected != len(equation.values):
            reason = f"{len(equation.values)} numbers are given for {expected} elements"
            raise _error(variable, equation, reason, "give one number for each element")


def _is_external(expression: Expression | None) -> bool:
    return isinstance(expression, Call) and key(expression.function) in CONSTANTS


def _check_overlap(symbols: Symbols, variable: Variable) -> None:
    single = {name for equation in variable.equations for name in equation.subscripts}
    if single and not any(map(symbols.is_dimension, single)):
        return  # one element each: the reader has seen that no left side is there twice
    for first, second in combinations(variable.equations, 2):
        left = [
            a & b for a, b in zip(symbols.box(first.subscripts), symbols.box(second.subscripts), strict=True)
        ]
        boxes = [tuple(left)] if all(left) else []
        for clause in (*first.excluded, *second.excluded):
            boxes = [rest for box in boxes for rest in _subtract(box, symbols.box(clause))]
        if boxes:
            where = ", ".join(symbols.spelling[min(elements)] for elements in boxes[0])
            subject = f"'{variable.name}[{where}]'" if where else f"'{variable.name}'"
            other = f"line {first.place.line}"
            if first.place.file != second.place.file:
                other = f"{first.place.file}:{first.place.line}"
            advice = "take one of the two out, or leave these elements out with :EXCEPT:"
            raise _error(variable, second, f"{subject} is defined twice, first on {other}", advice)


def _subtract(box: Box, hole: Box) -> list[Box]:
    """What is left of a box without another, as boxes that do not overlap."""
    pieces: list[Box] = []
    kept: tuple[frozenset[str], ...] = ()
    for axis, (elements, removed) in enumerate(zip(box, hole, strict=True)):
        outside = elements - removed
        if outside:
            pieces.append((*kept, outside, *box[axis + 1 :]))
        inside = elements & removed
        if not inside:
            return [box]
        kept = (*kept, inside)
    return pieces


def _error(variable: Variable, equation: Equation, reason: str, advice: str | None = None) -> ModelError:
    place = equation.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=variable.name)
