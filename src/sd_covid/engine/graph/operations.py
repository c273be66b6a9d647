"""What each operation of the graph means: one row per operation, from which every emitter takes its own form.

A row gives the numpy meaning (the reference), the derivative as a graph-to-graph rule, and the LLVM form (an
instruction, an intrinsic, or the name of a small recipe that the emitter knows), from which processors and browsers
both get their code. Values are IEEE doubles or truth values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sd_covid.engine.graph.graph import Graph

# Vensim's :NA: is this finite number, so that `x = :NA:` can be true and the mark survives assignment.
NOT_AVAILABLE = -(2.0**109)

Partial = Callable[["Graph", int, tuple[int, ...], int], tuple[int | None, ...]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes
    ----------
    meaning : callable
        Elementwise numpy function of the arguments.
    partial : callable or None
        ``(graph, node, arguments, bar) -> bars of the arguments``; None where the derivative is zero.
    llvm : str
        ``"instruction fadd"``, ``"compare olt"``, ``"intrinsic exp"`` or ``"recipe NAME"``.
    truth : bool
        Whether the result is a truth value.
    smooth : bool
        False where a change in the last bit of an argument can change the result altogether.
    """

    meaning: Callable[..., Any]
    llvm: str
    partial: Partial | None = None
    truth: bool = False
    smooth: bool = True


def _minimum(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a), a, np.where(a < b, a, b))


def _maximum(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a), a, np.where(a > b, a, b))


def _d_divide(g: Graph, node: int, a: tuple[int, ...], bar: int) -> tuple[int | None, ...]:
    quotient = g.add("div", bar, a[1])
    return quotient, g.add("neg", g.add("mul", quotient, node))


def _d_power(g: Graph, node: int, a: tuple[int, ...], bar: int) -> tuple[int | None, ...]:
    """The rule d(x^p) = p x^(p-1) dx + ln(x) x^p dp.

    For x <= 0 the second term is taken as 0: p is then whole in any real result.
    """
    x, p = a
    one, zero = g.number(1.0), g.number(0.0)
    is_zero = g.add("eq", x, zero)
    at_zero = g.add("select", g.add("gt", p, one), zero, g.number(np.inf))
    at_zero = g.add("select", g.add("eq", p, one), one, at_zero)
    quotient = g.add("div", node, g.add("select", is_zero, one, x))  # x^(p-1), without another power
    d_x = g.add("mul", bar, g.add("mul", p, g.add("select", is_zero, at_zero, quotient)))
    log = g.add("ln", g.add("select", g.add("gt", x, zero), x, one))
    return d_x, g.add("mul", bar, g.add("mul", node, log))


def _d_pick(compare: str) -> Partial:
    def partial(g: Graph, node: int, a: tuple[int, ...], bar: int) -> tuple[int | None, ...]:
        first, zero = g.add(compare, a[0], a[1]), g.number(0.0)
        return g.add("select", first, bar, zero), g.add("select", first, zero, bar)

    return partial


def _d_select(g: Graph, node: int, a: tuple[int, ...], bar: int) -> tuple[int | None, ...]:
    zero = g.number(0.0)
    return None, g.add("select", a[0], bar, zero), g.add("select", a[0], zero, bar)


def _chain(slope: Callable[[Graph, int, int], int]) -> Partial:
    """The rule of a function of one argument, from its slope as a graph of (argument, result)."""

    def partial(g: Graph, node: int, a: tuple[int, ...], bar: int) -> tuple[int | None, ...]:
        return (g.add("mul", bar, slope(g, a[0], node)),)

    return partial


def _one_minus_square(g: Graph, x: int) -> int:
    return g.add("sub", g.number(1.0), g.add("mul", x, x))


def _one_plus_square(g: Graph, x: int) -> int:
    return g.add("add", g.number(1.0), g.add("mul", x, x))


def _inverse(g: Graph, x: int) -> int:
    return g.add("div", g.number(1.0), x)


def _compare(function: Callable[..., Any], predicate: str) -> Operation:
    return Operation(function, f"compare {predicate}", truth=True, smooth=False)


OPERATIONS: dict[str, Operation] = {
    "add": Operation(np.add, "instruction fadd", lambda g, n, a, b: (b, b)),
    "sub": Operation(np.subtract, "instruction fsub", lambda g, n, a, b: (b, g.add("neg", b))),
    "mul": Operation(
        np.multiply,
        "instruction fmul",
        lambda g, n, a, b: (g.add("mul", b, a[1]), g.add("mul", b, a[0])),
    ),
    "fma": Operation(
        lambda a, b, c: a * b + c,
        "recipe fma",
        lambda g, n, a, b: (g.add("mul", b, a[1]), g.add("mul", b, a[0]), b),
    ),
    "div": Operation(np.divide, "instruction fdiv", _d_divide),
    "neg": Operation(np.negative, "instruction fneg", lambda g, n, a, b: (g.add("neg", b),)),
    "pow": Operation(np.power, "intrinsic pow", _d_power),
    "exp": Operation(np.exp, "intrinsic exp", _chain(lambda g, x, y: y)),
    "ln": Operation(np.log, "intrinsic log", _chain(lambda g, x, y: _inverse(g, x))),
    "sqrt": Operation(np.sqrt, "intrinsic sqrt", _chain(lambda g, x, y: g.add("div", g.number(0.5), y))),
    "abs": Operation(
        np.abs,
        "intrinsic fabs",
        _chain(lambda g, x, y: g.add("select", g.add("lt", x, g.number(0.0)), g.number(-1.0), g.number(1.0))),
    ),
    "sin": Operation(np.sin, "intrinsic sin", _chain(lambda g, x, y: g.add("cos", x))),
    "cos": Operation(np.cos, "intrinsic cos", _chain(lambda g, x, y: g.add("neg", g.add("sin", x)))),
    "tan": Operation(np.tan, "intrinsic tan", _chain(lambda g, x, y: _one_plus_square(g, y))),
    "asin": Operation(
        np.arcsin,
        "intrinsic asin",
        _chain(lambda g, x, y: _inverse(g, g.add("sqrt", _one_minus_square(g, x)))),
    ),
    "acos": Operation(
        np.arccos,
        "intrinsic acos",
        _chain(lambda g, x, y: g.add("neg", _inverse(g, g.add("sqrt", _one_minus_square(g, x))))),
    ),
    "atan": Operation(
        np.arctan, "intrinsic atan", _chain(lambda g, x, y: _inverse(g, _one_plus_square(g, x)))
    ),
    "sinh": Operation(np.sinh, "intrinsic sinh", _chain(lambda g, x, y: g.add("cosh", x))),
    "cosh": Operation(np.cosh, "intrinsic cosh", _chain(lambda g, x, y: g.add("sinh", x))),
    "tanh": Operation(np.tanh, "intrinsic tanh", _chain(lambda g, x, y: _one_minus_square(g, y))),
    "trunc": Operation(np.trunc, "intrinsic trunc", smooth=False),
    "min": Operation(_minimum, "recipe olt", _d_pick("lt")),
    "max": Operation(_maximum, "recipe ogt", _d_pick("gt")),
    "lt": _compare(np.less, "olt"),
    "le": _compare(np.less_equal, "ole"),
    "gt": _compare(np.greater, "ogt"),
    "ge": _compare(np.greater_equal, "oge"),
    "eq": _compare(np.equal, "oeq"),
    "ne": _compare(np.not_equal, "une"),
    "and": Operation(np.logical_and, "logic and", truth=True, smooth=False),
    "or": Operation(np.logical_or, "logic or", truth=True, smooth=False),
    "not": Operation(np.logical_not, "recipe not", truth=True, smooth=False),
    "select": Operation(np.where, "recipe select", _d_select),
}

TRUTHS = frozenset(name for name, operation in OPERATIONS.items() if operation.truth)

# Leaves: what a node can read. `table` operations carry the number of their table as first argument.
LEAVES = frozenset(
    {
        "number",  # a literal
        "parameter",  # a settable constant of the member
        "state",  # a state variable
        "constant",  # a value computed once per member, by the init graph
        "time",  # model time, the same for all members
        "driver",  # a data series at this time, the same for all members
        "state bar",  # adjoint of the state after this step
        "output bar",  # adjoint of an output at this time
        "constant bar",  # adjoint of a member constant
        "unknown",  # what is being solved for, while a model is lowered; none is left in a program
        "quantity",  # another equation's value, where equations are kept apart; none is left in a program
    }
)
TABLE_OPERATIONS = frozenset({"lookup", "lookup slope"})
# Operations whose first argument is a number of theirs, not a node: of a table, or of a random number.
NUMBERED_OPERATIONS = TABLE_OPERATIONS | {"uniform"}
