"""Expressions as data: what an equation says, whatever file format it came from.

Every node keeps its place in the file. Places do not count when expressions are compared, so equal equations from
different lines are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, line and column, both from 1."""

    file: Path | None = None
    line: int | None = None
    column: int | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number. Always non-negative as read: a sign is a `Unary`."""

    value: float
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NotAvailable:
    """Vensim's ``:NA:``."""

    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string argument, as in ``GET DIRECT DATA('file.csv', ...)``."""

    value: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Subscript:
    """One subscript of a reference: a dimension, a subrange or an element; ``!`` marks one that is reduced over."""

    name: str
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a variable (or ``Time``), by the spelling found, with its subscripts in order."""

    name: str
    subscripts: tuple[Subscript, ...] = ()
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """``operator`` is one of ``-``, ``+``, ``:NOT:``."""

    operator: str
    operand: Expression
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``operator`` is one of ``+ - * / ^ = <> < <= > >= :AND: :OR:``."""

    operator: str
    left: Expression
    right: Expression
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """The points of a lookup, in order of x, and its drawing limits (which have no effect on values)."""

    points: tuple[tuple[float, float], ...]
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call: a built-in function, or a lookup variable (with subscripts) applied to its argument.

    ``function`` is the spelling found; resolve it by `sd_covid.model.names.key`. ``outputs`` names the variables that a
    call of a Vensim macro makes beside its value; the reader expands macros, so a `Model` has none.
    """

    function: str
    arguments: tuple[Expression, ...]
    subscripts: tuple[Subscript, ...] = ()
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    outputs: tuple[Reference, ...] = ()


Expression = Number | NotAvailable | Text | Reference | Unary | Binary | Table | Call


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly below a node, in order."""
    match node:
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Call(arguments=arguments):
            return arguments
        case _:
            return ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, parents first."""
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(reversed(children(item)))
