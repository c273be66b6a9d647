"""The causal part of a model: its variables, and what acts on what with which sign; constants are left out.

Signs are read from the equations, every variable taken as not negative; where that does not tell, the sign is left
empty. A causal-loop diagram that Vensim saved has its links in ``A FUNCTION OF``, with a minus before a cause of
negative polarity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from sd_covid.analysis.passport.dependencies import causes
from sd_covid.analysis.signs import Ranges, Sign, both, sign_of
from sd_covid.model import read
from sd_covid.model.expression import Call, Expression, Reference, Unary
from sd_covid.model.names import key
from sd_covid.model.structure import Model, Variable

Rows = list[dict[str, object]]

_CONTROL = frozenset({"initial time", "final time", "time step", "saveper", "time"})
_UNWRITTEN = "a function of"


def causal_part(path: Path) -> tuple[Rows, Rows]:
    """Elements and connections of a ``.mdl`` or ``.xmile``, in the form of `sd_covid.marvel.exchange`.

    Raises
    ------
    ModelError
        A file that cannot be read.
    """
    model = _read(path)
    found = causes(model)
    acting = {name for item in found.values() for name in item}
    kept = {
        name: item
        for name, item in model.variables.items()
        if name not in _CONTROL and (found[name] or (name in acting and not _constant(item)))
    }
    ranges: Mapping[str | tuple[str, str], tuple[float, float]] = dict.fromkeys(
        model.variables, (0.0, math.inf)
    )
    elements: Rows = [
        {"id": item.name, "label": item.name, "theme": item.group, "label_en": item.name}
        for item in kept.values()
    ]
    connections: Rows = [
        {"from": kept[cause].name, "to": item.name, "sign": _sign(item, cause, ranges)}
        for name, item in kept.items()
        for cause in found[name]
        if cause in kept and cause != name
    ]
    return elements, connections


def _read(path: Path) -> Model:
    """A model; a diagram with equations still to be written is only read as far as its names."""
    if path.suffix.lower() == ".mdl":
        from sd_covid.model.vensim.reader import read_mdl

        raw = read_mdl(path)
        if any(
            _unwritten(equation.expression) for item in raw.variables.values() for equation in item.equations
        ):
            return raw
    return read(path)


def _unwritten(expression: Expression | None) -> bool:
    return isinstance(expression, Call) and key(expression.function) == _UNWRITTEN


def _constant(item: Variable) -> bool:
    """Whether it is a number that somebody wrote, and no variable that is still without an equation."""
    return not any(_unwritten(equation.expression) for equation in item.equations)


def _sign(item: Variable, cause: str, ranges: Ranges) -> str:
    signs: list[Sign] = [
        _of_equation(equation.expression, cause, ranges)
        for equation in item.equations
        if equation.expression is not None
    ]
    found = both(*signs)
    return found if found in ("+", "-") else ""


def _of_equation(expression: Expression, cause: str, ranges: Ranges) -> Sign:
    if isinstance(expression, Call) and key(expression.function) == _UNWRITTEN:
        terms = [_of_term(term, cause) for term in expression.arguments]
        return both(*terms)
    if isinstance(expression, Call) and key(expression.function) == "integ":
        return sign_of(expression.arguments[0], cause, ranges)
    return sign_of(expression, cause, ranges)


def _of_term(term: Expression, cause: str) -> Sign:
    if isinstance(term, Unary) and isinstance(term.operand, Reference):
        return ("-" if term.operator == "-" else "+") if key(term.operand.name) == cause else "0"
    return "+" if isinstance(term, Reference) and key(term.name) == cause else "0"
