"""Time bounds as numbers, which is all that XMILE takes for them.

In goes a model; out comes the number that INITIAL TIME, FINAL TIME, TIME STEP or SAVEPER is, also where it is written
with others, as in ``SAVEPER = TIME STEP``.
"""

from __future__ import annotations

from sd_covid.errors import ModelError
from sd_covid.model.expression import Binary, Expression, Number, Reference, Unary
from sd_covid.model.names import key
from sd_covid.model.structure import Model


def time_bound(model: Model, name: str) -> float:
    """A time bound as the number that XMILE wants.

    Parameters
    ----------
    model : Model
    name : str
        Its key.

    Raises
    ------
    ModelError
        When it is calculated from anything but numbers and constants.
    """
    variable = model.variables[name]
    expression = variable.equations[0].expression
    found = None if expression is None else _folded(model, expression, {name})
    if found is None:
        raise ModelError(
            f"'{variable.name}' is calculated, and XMILE takes a number",
            advice="give it a number",
            file=variable.place.file,
            line=variable.place.line,
            variable=variable.name,
        )
    return found


def _folded(model: Model, node: Expression, seen: set[str]) -> float | None:
    """The number that an expression of numbers and other constants is."""
    match node:
        case Number(value=value):
            return value
        case Unary(operator="-" | "+", operand=operand):
            found = _folded(model, operand, seen)
            return None if found is None else -found if node.operator == "-" else found
        case Reference(name=name, subscripts=()) if key(name) in model.variables and key(name) not in seen:
            other = model.variables[key(name)].equations
            inner = other[0].expression if len(other) == 1 else None
            return None if inner is None else _folded(model, inner, {*seen, key(name)})
        case Binary(operator="+" | "-" | "*" | "/", left=left, right=right):
            one, two = _folded(model, left, seen), _folded(model, right, seen)
            if one is None or two is None or (node.operator == "/" and two == 0):
                return None
            return {"+": one + two, "-": one - two, "*": one * two, "/": one / (two or 1)}[node.operator]
        case _:
            return None
