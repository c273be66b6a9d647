"""Whether more of a cause gives more or less of its effect, read from the equation.

In go an expression and the range that each variable has in a run; out comes whether it rises with a variable (``+``),
falls (``-``), does not depend on it (``0``), or neither can be read from it (``?``). Ranges go through the expression
by interval arithmetic (Moore 1966), so that ``1 - share`` is known to be positive where the share stays below one.
What is zero all along, as a lever that is off, counts as positive. A choice that depends on the cause is read from its
branches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary, chain, walk
from sd_covid.model.names import key

Sign = Literal["+", "-", "0", "?"]
Range = tuple[float, float]
#: Lowest and highest value of variables by key, and of differences of two by both keys: what moves together is told
#: apart better than the range of each could.
Ranges = Mapping[str | tuple[str, str], Range]

_ANY: Range = (-math.inf, math.inf)
_MINUS: Mapping[Sign, Sign] = {"+": "-", "-": "+", "0": "0", "?": "?"}
#: Functions that rise with their first argument and, as they are used, do not depend on time constants for their sign.
_RISING = frozenset(
    {
        "exp", "ln", "sqrt", "sum", "integer", "quantum", "vmin", "vmax",
        "smooth", "smoothi", "smooth3", "smooth3i", "delay1", "delay1i", "delay3", "delay3i", "delay fixed",
    }
)  # fmt: skip
_ENVELOPES = frozenset({"min", "max"})
_QUOTIENTS = frozenset({"zidz", "xidz"})
_CONDITIONS = frozenset({"=", "<>", "<", "<=", ">", ">=", ":AND:", ":OR:"})


def sign_of(node: Expression, cause: str, ranges: Ranges) -> Sign:
    """Whether an expression rises or falls with a variable.

    Parameters
    ----------
    node : Expression
    cause : str
        Key of the variable.
    ranges : mapping
        Key of a variable, or of two whose difference it is -> lowest and highest value; any where it says nothing.
    """
    if not _uses(node, cause):
        return "0"
    match node:
        case Reference():
            return "+"
        case Unary(operator=operator, operand=operand):
            inner = sign_of(operand, cause, ranges)
            return _MINUS[inner] if operator == "-" else "?" if operator == ":NOT:" else inner
        case Binary():
            return _of_row(node, cause, ranges)
        case Call():
            return _of_call(node, cause, ranges)
        case _:
            return "?"


def _uses(node: Expression, cause: str) -> bool:
    return any(isinstance(below, Reference) and key(below.name) == cause for below in walk(node))


def _of_row(node: Binary, cause: str, ranges: Ranges) -> Sign:
    """Of a row of operations, in a loop: it may be long."""
    first, links = chain(node)
    sign, before = sign_of(first, cause, ranges), range_of(first, ranges)
    for link in links:
        other, right = sign_of(link.right, cause, ranges), range_of(link.right, ranges)
        match link.operator:
            case "+":
                sign = both(sign, other)
            case "-":
                sign = both(sign, _MINUS[other])
            case "*":
                sign = both(_times(sign, right), _times(other, before))
            case "/":
                sign = both(_times(sign, right), _by_divisor(other, before, right))
            case "^" if before[0] >= 0:
                by_exponent = _times(other, _outer(math.log, before))
                sign = both(_times(sign, right), by_exponent)
            case _:
                sign = "?"
        short = isinstance(link.left, Reference)
        before = range_of(link, ranges) if short else _row(link.operator, before, right)
    return sign


def _of_call(node: Call, cause: str, ranges: Ranges) -> Sign:
    function, arguments = key(node.function), node.arguments
    signs = [sign_of(argument, cause, ranges) for argument in arguments]
    match function:
        case "initial":
            return "0"
        case "abs":
            return _times(signs[0], range_of(arguments[0], ranges))
        case "if then else" if signs[0] == "0" or "0" not in signs[1:]:
            return both(signs[1], signs[2])
        case _ if function in _ENVELOPES:
            return both(*signs)
        case _ if function in _QUOTIENTS:
            top, bottom = range_of(arguments[0], ranges), range_of(arguments[1], ranges)
            return both(_times(signs[0], bottom), _by_divisor(signs[1], top, bottom), *signs[2:])
        case _ if function in _RISING and all(sign == "0" for sign in signs[1:]):
            return signs[0]
    return "?"


def both(*signs: Sign) -> Sign:
    """The sign of a sum of which these are the signs of the terms."""
    found = {sign for sign in signs if sign != "0"}
    if not found:
        return "0"
    return found.pop() if len(found) == 1 else "?"


def _times(sign: Sign, factor: Range) -> Sign:
    """A sign times what lies in a range."""
    if sign == "0" or factor[0] >= 0:
        return sign
    return _MINUS[sign] if factor[1] <= 0 else "?"


def _by_divisor(sign: Sign, top: Range, bottom: Range) -> Sign:
    """How a quotient goes with its divisor; from one side of zero to the other it jumps the other way."""
    spans_zero = sign != "0" and bottom[0] < 0 < bottom[1]
    return "?" if spans_zero else _MINUS[_times(sign, top)]


def range_of(node: Expression, ranges: Ranges) -> Range:
    """Bounds of what an expression can be, given those of its variables."""
    match node:
        case Number(value=value):
            return value, value
        case Reference(name=name):
            return ranges.get(key(name), _ANY)
        case Unary(operator="-", operand=operand):
            low, high = range_of(operand, ranges)
            return -high, -low
        case Unary(operator="+", operand=operand):
            return range_of(operand, ranges)
        case Binary(left=Reference(), operator="-", right=Reference()) if _pair(node) in ranges:
            return ranges[_pair(node)]
        case Binary():
            first, links = chain(node)
            if len(links) > 1 and isinstance(first, Reference):
                first, links = links[0], links[1:]
            found = range_of(first, ranges)
            for link in links:
                found = _row(link.operator, found, range_of(link.right, ranges))
            return found
        case Call():
            return _range_of_call(node, [range_of(argument, ranges) for argument in node.arguments])
    return _ANY


def _pair(node: Binary) -> tuple[str, str]:
    """The keys of the two variables that a node is the difference of."""
    assert isinstance(node.left, Reference)
    assert isinstance(node.right, Reference)
    return pair_of(node.left, node.right)


def pair_of(left: Reference, right: Reference) -> tuple[str, str]:
    """The keys of two variables of the same elements; otherwise of nothing."""
    return (key(left.name), key(right.name)) if left.subscripts == right.subscripts else ("", "")


def _range_of_call(node: Call, arguments: Sequence[Range]) -> Range:
    match key(node.function), arguments:
        case "exp", [(low, high)]:
            return _exp(low), _exp(high)
        case "ln", [inner]:
            return _outer(math.log, inner)
        case "sqrt", [inner]:
            return _outer(math.sqrt, inner)
        case "min", [(a, b), (c, d)]:
            return min(a, c), min(b, d)
        case "max", [(a, b), (c, d)]:
            return max(a, c), max(b, d)
        case "abs", [(low, high)]:
            return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        case "if then else", [_, (a, b), (c, d)]:
            return min(a, c), max(b, d)
        case "sum", [(low, high)]:  # of one term or more, each on the same side of zero
            return (low if low >= 0 else -math.inf), (high if high <= 0 else math.inf)
        case (("smooth" | "smoothi" | "smooth3" | "smooth3i" | "initial"), [inner, *_]):
            return inner
    return _ANY


def _exp(value: float) -> float:
    return math.inf if value > 700 else math.exp(value)


def _outer(function: Callable[[float], float], inner: Range) -> Range:
    """A rising function of a range of what is not negative."""
    low, high = inner
    if high <= 0 or low < 0:
        return _ANY
    return (function(low) if low > 0 else -math.inf), (math.inf if math.isinf(high) else function(high))


def _row(operator: str, left: Range, right: Range) -> Range:
    if operator in _CONDITIONS:
        return 0.0, 1.0
    match operator:
        case "+":
            return left[0] + right[0], left[1] + right[1]
        case "-":
            return left[0] - right[1], left[1] - right[0]
        case "*":
            return _product(left, right)
        case "/" if right[0] > 0 or right[1] < 0:
            return _product(left, (1 / right[1], 1 / right[0]))
        case "/" if left[0] >= 0 and right[0] >= 0:
            return 0.0, math.inf
        case "^" if left[0] >= 0:
            return 0.0, math.inf
    return _ANY


def _product(left: Range, right: Range) -> Range:
    ends = [_end(a, b) for a in left for b in right]
    return min(ends), max(ends)


def _end(first: float, second: float) -> float:
    return 0.0 if first == 0 or second == 0 else first * second
