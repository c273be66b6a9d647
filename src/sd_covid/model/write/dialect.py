"""Functions of XMILE in the words of Vensim, so that a model read from XMILE opens there.

In goes an expression; out comes one with the same value, as the engine computes both. A function stays as it is, under
a name that Vensim does not know and our own reader does, where its arguments would have to be written twice though they
remember or draw, or are long; and where Vensim has no words for it. Conveyors and queues are an error.
"""

from __future__ import annotations

from sd_covid.errors import ModelError
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    Number,
    Reference,
    Subscript,
    Unary,
    rebuilt,
    walk,
)
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Method, Model, Variable

_LONGEST = 24  # parts of an argument that is written several times
#: Functions without memory or chance, which may be written twice; all others may not.
_PURE_TEXT = """abs, exp, ln, log, power, sqrt, sin, cos, tan, arcsin, arccos, arctan, sinh, cosh, tanh, integer,
    modulo, min, max, if then else, zidz, xidz, with lookup, sum, vmin, vmax, prod, step, ramp, pulse, xmile int,
    xmile modulo, xmile safediv"""
_PURE = frozenset(" ".join(name.split()) for name in _PURE_TEXT.split(","))
_REFUSED = ("xmile conveyor", "xmile queue")
_HALF, _ONE, _ZERO = Number(0.5), Number(1.0), Number(0.0)


def in_vensim(model: Model, variable: Variable, equation: Equation, expression: Expression) -> Expression:
    """An expression without functions of XMILE, as far as Vensim has words for them.

    Parameters
    ----------
    model : Model
    variable : Variable
    equation : Equation
        Its equation.
    expression : Expression
        The right side of that.

    Raises
    ------
    ModelError
        For a conveyor or a queue.
    """

    def change(node: Reference | Call) -> Expression:
        if isinstance(node, Call) and key(node.function).startswith(_REFUSED):
            raise ModelError(
                f"an .mdl has no function '{node.function}'", advice="write the stock with INTEG"
            )
        if isinstance(node, Reference) or not all(_may_repeat(model, item) for item in node.arguments):
            return node
        match key(node.function), node.arguments:
            case "xmile int", (x,):
                return _floor(x)
            case "xmile modulo", (x, base):
                return Binary("-", x, Binary("*", base, _floor(Binary("/", x, base))))
            case "xmile safediv", (a, b, otherwise):
                return _if(Binary("=", b, _ZERO), otherwise, Binary("/", a, b))
            case "xmile round", (x,):
                return _round(x)
            case "xmile pulse", (magnitude, first, interval) if model.settings.method is Method.EULER:
                return _pulse(magnitude, first, interval)
            case _:
                return node

    match expression:
        case Call(function=function, arguments=(rate, initial)) if key(function) == "integ non negative":
            if model.settings.method is Method.EULER:
                return _non_negative(variable, equation, rebuilt(rate, change), rebuilt(initial, change))
    return rebuilt(expression, change)


def _may_repeat(model: Model, node: Expression) -> bool:
    parts = list(walk(node))
    return len(parts) <= _LONGEST and all(
        not isinstance(part, Call) or key(part.function) in _PURE or key(part.function) in model.variables
        for part in parts
    )


def _if(condition: Expression, yes: Expression, no: Expression) -> Call:
    return Call("IF THEN ELSE", (condition, yes, no))


def _floor(x: Expression) -> Expression:
    """The next lower whole number: without its fraction, and one less where that is above."""
    cut = Call("INTEGER", (x,))
    return Binary("-", cut, _if(Binary(">", cut, x), _ONE, _ZERO))


def _round(x: Expression) -> Expression:
    """The nearest whole number, of two as near the even one."""
    up = _floor(Binary("+", x, _HALF))
    tie = Binary("=", Binary("-", up, x), _HALF)
    halved = Binary("*", up, _HALF)
    odd = Binary("<>", _floor(halved), halved)
    return Binary("-", up, _if(Binary(":AND:", tie, odd), _ONE, _ZERO))


def _pulse(magnitude: Expression, first: Expression, interval: Expression) -> Expression:
    """``magnitude`` in one step at ``first``, and every interval after it where there is one."""
    step = Reference("TIME STEP")
    middle = Binary("+", Reference("Time"), Binary("*", _HALF, step))
    since = Binary("-", middle, first)
    repeated = Binary("-", since, Binary("*", interval, _floor(Binary("/", since, interval))))
    if interval == _ZERO:
        phase: Expression = since
    elif isinstance(interval, Number):
        phase = repeated
    else:
        phase = _if(Binary("<=", interval, _ZERO), since, repeated)
    on = Binary(":AND:", Binary(">=", since, _ZERO), Binary("<", phase, step))
    return _if(on, Binary("/", magnitude, step), _ZERO)


def _non_negative(
    variable: Variable, equation: Equation, rate: Expression, initial: Expression
) -> Expression:
    """A stock that stops at zero: no more is taken in a step than it holds."""
    subscripts = tuple(Subscript(name) for name in equation.subscripts)
    held = Binary("/", Reference(variable.name, subscripts), Reference("TIME STEP"))
    return Call("INTEG", (Call("MAX", (rate, Unary("-", held))), initial))
