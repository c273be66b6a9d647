"""Expressions as data: what an equation says, whatever file format it came from.

Every node keeps its place in the file. Places do not count when expressions are compared, so equal equations from
different lines are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, dataclass_transform

_Made = TypeVar("_Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _node(*, eq: bool = True) -> Callable[[type[_Made]], type[_Made]]:
    """A dataclass that the type checker keeps from being changed; doing that at run time would make reading slower."""
    return dataclass(slots=True, eq=eq, unsafe_hash=eq)


@_node()
class Place:
    """Where something stands: file, line and column, both from 1."""

    file: Path | None = None
    line: int | None = None
    column: int | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled in short: there are more places than anything else."""
        return Place, (self.file, self.line, self.column)


NOWHERE = Place()


@_node()
class Number:
    """A literal number. Always non-negative as read: a sign is a `Unary`."""

    value: float
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node()
class NotAvailable:
    """Vensim's ``:NA:``."""

    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node()
class Text:
    """A quoted string argument, as in ``GET DIRECT DATA('file.csv', ...)``."""

    value: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node()
class Subscript:
    """One subscript of a reference: a dimension, a subrange or an element; ``!`` marks one that is reduced over."""

    name: str
    reduced: bool = False


@_node()
class Reference:
    """A use of a variable (or ``Time``), by the spelling found, with its subscripts in order."""

    name: str
    subscripts: tuple[Subscript, ...] = ()
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node()
class Unary:
    """``operator`` is one of ``-``, ``+``, ``:NOT:``."""

    operator: str
    operand: Expression
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node(eq=False)
class Binary:
    """``operator`` is one of ``+ - * / ^ = <> < <= > >= :AND: :OR:``.

    A sum of a thousand terms is a thousand of these, one in the `left` of the next: `chain` walks them in a loop.
    """

    operator: str
    left: Expression
    right: Expression
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        """Whether they say the same, wherever they stand."""
        if not isinstance(other, Binary):
            return NotImplemented
        (first, mine), (also, theirs) = chain(self), chain(other)
        return (
            first == also
            and len(mine) == len(theirs)
            and all(
                a.operator == b.operator and a.right == b.right for a, b in zip(mine, theirs, strict=True)
            )
        )

    def __hash__(self) -> int:
        """Equal for equal expressions."""
        first, links = chain(self)
        return hash((first, *((link.operator, link.right) for link in links)))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as a list, because pickling recurses."""
        first, links = chain(self)
        return _linked, (first, [(link.operator, link.right, link.place) for link in links])


@_node()
class Table:
    """The points of a lookup, in order of x, and its drawing limits (which have no effect on values)."""

    points: tuple[tuple[float, float], ...]
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@_node()
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
        case Binary():
            return (node.left, node.right)
        case Call():
            return node.arguments
        case Unary():
            return (node.operand,)
        case _:
            return ()


def chain(node: Expression) -> tuple[Expression, list[Binary]]:
    """The leftmost operand of a row of operations, and the operations in the order in which they are done."""
    links: list[Binary] = []
    while isinstance(node, Binary):
        links.append(node)
        node = node.left
    return node, links[::-1]


def along(node: Binary, change: Callable[[Expression], Expression]) -> Expression:
    """A row of operations with its operands changed, without recursion along it."""
    first, links = chain(node)
    made = change(first)
    for link in links:
        made = Binary(link.operator, made, change(link.right), link.place)
    return made


def _linked(first: Expression, links: list[tuple[str, Expression, Place]]) -> Expression:
    """A row of operations from its parts."""
    for operator, right, place in links:
        first = Binary(operator, first, right, place)
    return first


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, parents first."""
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(reversed(children(item)))


def rebuilt(
    node: Expression,
    change: Callable[[Reference | Call], Expression],
    leave: Callable[[Call], bool] = lambda call: False,
) -> Expression:
    """An expression with each reference and call in it replaced, innermost first.

    Parameters
    ----------
    node : Expression
    change : callable
        Gets each `Reference`, and each `Call` with its arguments already changed.
    leave : callable
        Whether a `Call` stays as it is.
    """
    match node:
        case Reference():
            return change(node)
        case Call(arguments=arguments):
            if leave(node):
                return node
            made = [rebuilt(item, change, leave) for item in arguments]
            return change(replace(node, arguments=tuple(made)))
        case Unary(operand=operand):
            return replace(node, operand=rebuilt(operand, change, leave))
        case Binary():
            first, links = chain(node)
            done = rebuilt(first, change, leave)
            for link in links:
                done = Binary(link.operator, done, rebuilt(link.right, change, leave), link.place)
            return done
        case _:
            return node
