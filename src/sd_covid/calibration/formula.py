"""Formulas of the problem tables: parsed, evaluated and differentiated, never executed as code.

In: the text of an observable, noise or condition formula (PEtab v2 mathematics: ``+ - * / ^``, functions, names).
Out: a small tree that numpy evaluates for a whole vector of observations and that knows its own derivatives. Which
names exist is for the tables' lint to check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sd_covid.calibration.types import Array
from sd_covid.model.precedence import (
    Bracket,
    OperatorParser,
    Operators,
    Parentheses,
    Prefix,
    leftward,
    rightward,
)
from sd_covid.model.scanner import UNSIGNED
from sd_covid.model.source import Source

_TOKEN = re.compile(
    rf"""(?:(?P<number>{UNSIGNED})
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*+)
    |(?P<sign>[-+*/^(),])
    )\s*+""",
    re.VERBOSE,
)


class FormulaSyntaxError(Exception):
    """A formula that cannot be read; the caller adds file, line and column."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name: an output, a parameter, a placeholder, or ``time``."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation of `OPERATIONS` on its operands."""

    operation: str
    operands: tuple[Formula, ...]


Formula = Constant | Symbol | Apply
Values = Mapping[str, Array | float]
ZERO, ONE = Constant(0.0), Constant(1.0)


def _negative(x: Formula) -> Formula:
    return _make("multiply", Constant(-1.0), x)


def _make(operation: str, *operands: Formula) -> Formula:
    """An operation with the zeros and ones of differentiation folded away."""
    if operation == "add" and ZERO in operands:
        return operands[1] if operands[0] == ZERO else operands[0]
    if operation == "subtract" and operands[1] == ZERO:
        return operands[0]
    if operation == "multiply" and ZERO in operands:
        return ZERO
    if operation == "multiply" and ONE in operands:
        return operands[1] if operands[0] == ONE else operands[0]
    if operation == "divide" and operands[0] == ZERO:
        return ZERO
    return Apply(operation, operands)


def _square(x: Formula) -> Formula:
    return _make("multiply", x, x)


def _inverse_root(x: Formula) -> Formula:
    return _make("divide", ONE, Apply("sqrt", (x,)))


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation computes, and its partial derivative with respect to each operand."""

    arity: int
    value: Callable[..., Array]
    partials: tuple[Callable[..., Formula], ...]


OPERATIONS: dict[str, Operation] = {
    "add": Operation(2, np.add, (lambda a, b: ONE, lambda a, b: ONE)),
    "subtract": Operation(2, np.subtract, (lambda a, b: ONE, lambda a, b: Constant(-1.0))),
    "multiply": Operation(2, np.multiply, (lambda a, b: b, lambda a, b: a)),
    "divide": Operation(
        2,
        np.divide,
        (
            lambda a, b: _make("divide", ONE, b),
            lambda a, b: _negative(_make("divide", a, _make("multiply", b, b))),
        ),
    ),
    "power": Operation(
        2,
        np.power,
        (
            lambda a, b: _make("multiply", b, _make("power", a, _make("subtract", b, ONE))),
            lambda a, b: _make("multiply", _make("power", a, b), Apply("log", (a,))),
        ),
    ),
    "exp": Operation(1, np.exp, (lambda a: Apply("exp", (a,)),)),
    "log": Operation(1, np.log, (lambda a: _make("divide", ONE, a),)),
    "log10": Operation(1, np.log10, (lambda a: _make("divide", Constant(1 / math.log(10)), a),)),
    "log2": Operation(1, np.log2, (lambda a: _make("divide", Constant(1 / math.log(2)), a),)),
    "sqrt": Operation(1, np.sqrt, (lambda a: _make("divide", Constant(0.5), Apply("sqrt", (a,))),)),
    "sin": Operation(1, np.sin, (lambda a: Apply("cos", (a,)),)),
    "cos": Operation(1, np.cos, (lambda a: _negative(Apply("sin", (a,))),)),
    "tan": Operation(1, np.tan, (lambda a: _make("add", ONE, _square(Apply("tan", (a,)))),)),
    "sinh": Operation(1, np.sinh, (lambda a: Apply("cosh", (a,)),)),
    "cosh": Operation(1, np.cosh, (lambda a: Apply("sinh", (a,)),)),
    "tanh": Operation(1, np.tanh, (lambda a: _make("subtract", ONE, _square(Apply("tanh", (a,)))),)),
    "arcsin": Operation(1, np.arcsin, (lambda a: _inverse_root(_make("subtract", ONE, _square(a))),)),
    "arccos": Operation(
        1, np.arccos, (lambda a: _negative(_inverse_root(_make("subtract", ONE, _square(a)))),)
    ),
    "arctan": Operation(1, np.arctan, (lambda a: _make("divide", ONE, _make("add", ONE, _square(a))),)),
    "arcsinh": Operation(1, np.arcsinh, (lambda a: _inverse_root(_make("add", ONE, _square(a))),)),
    "arccosh": Operation(1, np.arccosh, (lambda a: _inverse_root(_make("subtract", _square(a), ONE)),)),
    "arctanh": Operation(
        1, np.arctanh, (lambda a: _make("divide", ONE, _make("subtract", ONE, _square(a))),)
    ),
    "abs": Operation(1, np.abs, (lambda a: Apply("sign", (a,)),)),
    "sign": Operation(1, np.sign, (lambda a: ZERO,)),
    # 1 where the first operand is the larger (or the smaller) one; the derivative at a tie is that of the second.
    "heaviside": Operation(1, lambda a: np.heaviside(a, 0.0), (lambda a: ZERO,)),
    "max": Operation(
        2,
        np.maximum,
        (
            lambda a, b: Apply("heaviside", (_make("subtract", a, b),)),
            lambda a, b: _make("subtract", ONE, Apply("heaviside", (_make("subtract", a, b),))),
        ),
    ),
    "min": Operation(
        2,
        np.minimum,
        (
            lambda a, b: Apply("heaviside", (_make("subtract", b, a),)),
            lambda a, b: _make("subtract", ONE, Apply("heaviside", (_make("subtract", b, a),))),
        ),
    ),
}
_SYNONYMS = {"ln": "log", "pow": "power"}
#: One divided by another function.
_RECIPROCALS = {"cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "sech": "cosh", "csch": "sinh"}
#: Another function of one divided by the operand; arccot so lies between -pi/2 and pi/2.
_OF_RECIPROCAL = {f"arc{name}": f"arc{other}" for name, other in _RECIPROCALS.items()}
FUNCTIONS = (
    OPERATIONS.keys() - {"add", "subtract", "multiply", "divide", "power", "heaviside"}
    | _SYNONYMS.keys()
    | _RECIPROCALS.keys()
    | _OF_RECIPROCAL.keys()
)
#: Operations within operations; of a sum each term is one deeper.
MAX_DEPTH = 200
_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power"}


def parse(text: str) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
        For example ``"ww_stock + 7.1*cos(2*pi*time/12)"``. ``-a^2`` is ``-(a^2)``, as PEtab says.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaSyntaxError
        When the text is not a formula, or calls an unknown function; the message says where.
    """
    found = _Parser(text).whole()
    _refuse_depth(found, text)
    return found


def _refuse_depth(formula: Formula, text: str) -> None:
    """Refuse what is nested deeper than what walks a formula, or differentiates it, can follow by recursion."""
    level = [formula]
    for _ in range(MAX_DEPTH):
        level = [operand for item in level if isinstance(item, Apply) for operand in item.operands]
        if not level:
            return
    raise FormulaSyntaxError(
        f"formula '{text[:40]}…' holds operations {MAX_DEPTH} deep; name parts of it in a model, or shorten it"
    )


class _Parser(OperatorParser[Formula]):
    """Parses a formula. See `OperatorParser`."""

    operators = Operators(
        infix={
            "+": leftward(1),
            "-": leftward(1),
            "*": leftward(2),
            "/": leftward(2),
            # 3 is a sign
            "^": rightward(4),
        },
        prefix={"+": Prefix(3, behind=4), "-": Prefix(3, behind=4)},
    )

    def __init__(self, text: str) -> None:
        super().__init__(_TOKEN, Source(text), 0, text, None)

    def atom(self) -> Formula | None:
        token = self.token
        if self.kind == "number":
            self.advance()
            return Constant(float(token))
        if self.kind == "name":
            self.advance()
            if self.kind != "(":
                return Constant(math.pi) if token == "pi" else Symbol(token)
            self.open(_Arguments(self, token))
        elif self.kind == "(":
            self.open(Parentheses(self))
        else:
            raise self.unexpected()
        self.advance()
        return None

    def unary(self, sign: str, operand: Formula, position: int) -> Formula:
        return operand if sign == "+" else _negative(operand)

    def binary(self, sign: str, left: Formula, right: Formula, position: int) -> Formula:
        return Apply(_OPERATORS[sign], (left, right))

    def unexpected(self, *, operand: bool = False) -> FormulaSyntaxError:
        where = f"column {self.position + 1}" if self.kind else "its end"
        return FormulaSyntaxError(f"formula '{self.text}' cannot be read at {where}")

    def no_token(self, position: int) -> FormulaSyntaxError:
        return FormulaSyntaxError(f"formula '{self.text}' cannot be read at column {position + 1}")


class _Arguments(Bracket[Formula]):
    """``function(operand, ...)``."""

    def __init__(self, parser: _Parser, function: str) -> None:
        self.parser = parser
        self.function = function
        self.found: list[Formula] = []

    def behind(self, value: Formula) -> Formula | None:
        self.found.append(value)
        if self.parser.skip(","):
            return None
        if self.parser.kind != ")":
            raise self.parser.unexpected(operand=True)
        self.parser.close()
        self.parser.advance()
        return _call(self.function, tuple(self.found), self.parser.text)


def _call(function: str, operands: tuple[Formula, ...], text: str) -> Formula:
    if function not in FUNCTIONS:
        raise FormulaSyntaxError(
            f"'{function}' in formula '{text}' is not one of {', '.join(sorted(FUNCTIONS))}"
        )
    operation = _SYNONYMS.get(function, function)
    if operation in _RECIPROCALS:
        return Apply("divide", (ONE, _call(_RECIPROCALS[operation], operands, text)))
    if operation in _OF_RECIPROCAL:
        return _call(_OF_RECIPROCAL[operation], tuple(Apply("divide", (ONE, x)) for x in operands), text)
    if function == "log" and len(operands) == 2:  # the second is its base
        return Apply("divide", (Apply("log", operands[:1]), Apply("log", operands[1:])))
    if len(operands) != OPERATIONS[operation].arity:
        expected = OPERATIONS[operation].arity
        raise FormulaSyntaxError(
            f"'{function}' in formula '{text}' takes {expected} argument(s), not {len(operands)}"
        )
    return Apply(operation, operands)


def symbols(formula: Formula) -> Iterator[str]:
    """Every name used, in order, repeats included."""
    match formula:
        case Symbol(name=name):
            yield name
        case Apply(operands=operands):
            for operand in operands:
                yield from symbols(operand)


def compiled(formula: Formula) -> Callable[[Values], Array]:
    """A formula as a function of the values of its names, for one that is evaluated often.

    The function may warn of divisions by zero and the like; `evaluate` does not.
    """
    match formula:
        case Constant(value=value):
            constant = np.asarray(value)
            return lambda values: constant
        case Symbol(name=name):
            return lambda values: values[name]  # type: ignore[return-value]  # numpy takes a float as well
        case Apply(operation=operation, operands=operands):
            function, parts = OPERATIONS[operation].value, [compiled(operand) for operand in operands]
            if len(parts) == 1:
                only = parts[0]
                return lambda values: function(only(values))
            left, right = parts
            return lambda values: function(left(values), right(values))


def evaluate(formula: Formula, values: Values) -> Array:
    """Value of a formula.

    Parameters
    ----------
    formula : Formula
    values : mapping of str to float or ndarray
        Value of every name; arrays broadcast against one another.

    Returns
    -------
    ndarray
        NaN or infinite where the mathematics is, without a warning.
    """
    with np.errstate(all="ignore"):
        return np.asarray(compiled(formula)(values), dtype=np.float64)


@lru_cache(maxsize=4096)
def derivative(formula: Formula, name: str) -> Formula:
    """Exact partial derivative of a formula with respect to one name, itself a formula."""
    match formula:
        case Symbol(name=own):
            return ONE if own == name else ZERO
        case Apply(operation=operation, operands=operands):
            total: Formula = ZERO
            for operand, partial in zip(operands, OPERATIONS[operation].partials, strict=True):
                inner = derivative(operand, name)
                if inner != ZERO:
                    total = _make("add", total, _make("multiply", partial(*operands), inner))
            return total
        case _:
            return ZERO


def substitute(formula: Formula, replacements: Mapping[str, Formula]) -> Formula:
    """The formula with names replaced, as a measurement's overrides replace placeholders."""
    match formula:
        case Symbol(name=name):
            return replacements.get(name, formula)
        case Apply(operation=operation, operands=operands):
            return Apply(operation, tuple(substitute(operand, replacements) for operand in operands))
        case _:
            return formula
