"""Expressions that are numbers as they stand, and choices that are made as they stand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from sd_covid.model.expression import Binary, Call, Expression, Number, Unary, along, chain, children

_BINARY: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "=": lambda a, b: float(a == b),
    "<>": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    ":AND:": lambda a, b: float(a != 0 and b != 0),
    ":OR:": lambda a, b: float(a != 0 or b != 0),
}


def constant(node: Expression) -> float | None:
    """The number that an expression of numbers alone is; None when it is not one, or not finite."""
    value: float | None = None
    match node:
        case Number(value=found):
            value = found
        case Unary(operator=operator, operand=operand):
            inner = constant(operand)
            if inner is not None:
                value = {"-": -inner, "+": inner}.get(operator, float(inner == 0))
        case Binary():
            value = _of_row(node)
        case Call(function="IF THEN ELSE", arguments=(condition, yes, no)):
            holds = constant(condition)
            value = None if holds is None else constant(yes if holds else no)
        case Call(function="XMILE INT", arguments=(x,)):
            inner = constant(x)
            value = None if inner is None else float(math.floor(inner))
        case Call(function="XMILE MODULO", arguments=(x, y)):
            a, b = constant(x), constant(y)
            value = None if a is None or not b else a - b * math.floor(a / b)
        case _:
            pass
    return value if value is not None and math.isfinite(value) else None


def _of_row(node: Binary) -> float | None:
    """The number that a row of operations is."""
    first, links = chain(node)
    value = constant(first)
    for link in links:
        right = constant(link.right) if value is not None else None
        if value is None or right is None or (link.operator == "/" and not right):
            return None
        if link.operator == "/":
            value /= right
        elif link.operator in _BINARY:
            value = _BINARY[link.operator](value, right)
        else:
            return None
        if not math.isfinite(value):
            return None
    return value


def size_of(expression: Expression) -> int:
    """The number of nodes of an expression when each part is written out everywhere that it stands."""
    sizes: dict[int, int] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        below = [item for item in children(node) if id(item) not in sizes]
        if below:
            stack += below
            continue
        stack.pop()
        sizes[id(node)] = 1 + sum(sizes[id(item)] for item in children(node))
    return sizes[id(expression)]


def decided(node: Expression) -> Expression:
    """An expression without the branches that cannot be taken."""
    match node:
        case Call(function="IF THEN ELSE", arguments=(condition, yes, no)):
            holds = constant(condition)
            if holds is not None:
                return decided(yes if holds else no)
            return replace(node, arguments=(condition, decided(yes), decided(no)))
        case Unary(operand=operand):
            return replace(node, operand=decided(operand))
        case Binary():
            return along(node, decided)
        case Call(arguments=arguments):
            return replace(node, arguments=tuple(decided(item) for item in arguments))
        case _:
            return node
