"""Functions of their arguments alone: arithmetic, choice, and what Vensim does where a value is zero or missing."""

from __future__ import annotations

from collections.abc import Callable

from sd_covid.engine.functions.special import log_gamma
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call

Lower = Callable[[Context, Call], int]

SMALL = 1e-6  # what Vensim takes for zero in ZIDZ, XIDZ, MODULO and QUANTUM, according to its manual


def elementwise(operation: str) -> Lower:
    """One operation on the arguments."""

    def lower(here: Context, call: Call) -> int:
        return here.add(operation, *(here.value(a) for a in call.arguments))

    return lower


def fold(here: Context, operation: str, terms: list[int]) -> int:
    """An operation on any number of terms, from the left."""
    total = terms[0]
    for term in terms[1:]:
        total = here.add(operation, total, term)
    return total


def one_if(here: Context, condition: int) -> int:
    """A truth value as 1 or 0."""
    return here.add("select", condition, here.number(1.0), here.number(0.0))


def divide_or(here: Context, a: int, b: int, otherwise: int) -> int:
    """A / b, or ``otherwise`` where b is zero; the division never sees that zero, so that its derivative is finite."""
    zero = here.add("lt", here.add("abs", b), here.number(SMALL))
    return here.add(
        "select", zero, otherwise, here.add("div", a, here.add("select", zero, here.number(1.0), b))
    )


def _fold(operation: str) -> Lower:
    def lower(here: Context, call: Call) -> int:
        return fold(here, operation, [here.value(a) for a in call.arguments])

    return lower


def _log(here: Context, call: Call) -> int:
    """LOG(x, base)."""
    x, base = (here.value(a) for a in call.arguments)
    return here.add("div", here.add("ln", x), here.add("ln", base))


def _if_then_else(here: Context, call: Call) -> int:
    condition, yes, no = call.arguments
    return here.add("select", here.truth(condition), here.value(yes), here.value(no))


def _zidz(here: Context, call: Call) -> int:
    a, b = (here.value(x) for x in call.arguments)
    return divide_or(here, a, b, here.number(0.0))


def _xidz(here: Context, call: Call) -> int:
    a, b, x = (here.value(item) for item in call.arguments)
    return divide_or(here, a, b, x)


def _quantum_of(here: Context, x: int, unit: int) -> int:
    tiny = here.add("lt", unit, here.number(SMALL))
    safe = here.add("select", tiny, here.number(1.0), unit)
    return here.add("select", tiny, x, here.add("mul", unit, here.add("trunc", here.add("div", x, safe))))


def _quantum(here: Context, call: Call) -> int:
    """QUANTUM(x, unit) = unit * INTEGER(x / unit); x itself when the unit is zero or negative."""
    x, unit = (here.value(a) for a in call.arguments)
    return _quantum_of(here, x, unit)


def _modulo(here: Context, call: Call) -> int:
    """MODULO(x, unit) = x - QUANTUM(x, unit): negative for a negative x."""
    x, unit = (here.value(a) for a in call.arguments)
    return here.add("sub", x, _quantum_of(here, x, unit))


def _if_missing(here: Context, call: Call) -> int:
    x, otherwise = (here.value(a) for a in call.arguments)
    return here.add("select", here.add("eq", x, here.number(NOT_AVAILABLE)), otherwise, x)


FUNCTIONS: dict[str, Lower] = {
    **{
        name: elementwise(operation)
        for name, operation in {
            "abs": "abs",
            "exp": "exp",
            "ln": "ln",
            "sqrt": "sqrt",
            "sin": "sin",
            "cos": "cos",
            "tan": "tan",
            "arcsin": "asin",
            "arccos": "acos",
            "arctan": "atan",
            "sinh": "sinh",
            "cosh": "cosh",
            "tanh": "tanh",
            "integer": "trunc",
            "power": "pow",
        }.items()
    },
    "min": _fold("min"),
    "max": _fold("max"),
    "log": _log,
    "gamma ln": lambda here, call: log_gamma(here, here.value(call.arguments[0])),
    "if then else": _if_then_else,
    "zidz": _zidz,
    "xidz": _xidz,
    "quantum": _quantum,
    "modulo": _modulo,
    "if missing": _if_missing,
    "x if missing": _if_missing,
    "game": lambda here, call: here.value(call.arguments[0]),
}
