"""The order of operations, for any dialect: a loop and a stack, steered by a table of how tightly operators bind.

In go tokens; out comes what they say. An operator waits on the stack until one that binds no tighter follows it; so
does a bracket until it is closed. Nothing recurses: neither long rows of operations nor deep brackets are a danger.
Operands and brackets are for the parser of each dialect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from sd_covid.model.scanner import Scanner

Node = TypeVar("Node")


class Infix(NamedTuple):
    """How an operator between two operands binds.

    Attributes
    ----------
    power : int
        The higher, the tighter.
    completes : int
        Operators before it that bind at least so tightly are done first: its own power where rows of it are done from
        left to right, one more where from right to left.
    chained : bool
        Whether it may stand in a row with its like.
    """

    power: int
    completes: int
    chained: bool = True


def leftward(power: int) -> Infix:
    """``a - b - c`` is ``(a - b) - c``."""
    return Infix(power, power)


def rightward(power: int) -> Infix:
    """``a ^ b ^ c`` is ``a ^ (b ^ c)``."""
    return Infix(power, power + 1)


def unchained(power: int) -> Infix:
    """``a < b < c`` is refused."""
    return Infix(power, power + 1, chained=False)


class Prefix(NamedTuple):
    """How an operator before its operand binds.

    Attributes
    ----------
    power : int
    behind : int
        The tightest operator that it may stand behind: a sign may stand behind ``^``.
    """

    power: int
    behind: int


class Operators(NamedTuple):
    """The operators of a dialect, by kind of token."""

    infix: Mapping[str, Infix]
    prefix: Mapping[str, Prefix]


@dataclass(slots=True)
class _Pending(Generic[Node]):
    """An operator whose right operand is being read; `left` is None for a prefix."""

    power: int
    sign: str
    position: int
    left: Node | None


#: Under the operators of each bracket: nothing reaches below it.
FLOOR: _Pending[Any] = _Pending(0, "", 0, None)


class Bracket(Generic[Node], ABC):
    """Something that was opened and holds expressions."""

    @abstractmethod
    def behind(self, value: Node) -> Node | None:
        """What to do behind an expression in it.

        Returns
        -------
        Node or None
            The whole, when the token at hand closes it; None when another expression is due.
        """


class OperatorParser(Scanner, Generic[Node], ABC):
    """Parses expressions; see `Scanner` for the parameters.

    Attributes
    ----------
    operators : Operators
    """

    operators: ClassVar[Operators]
    _pending: list[_Pending[Node]]
    _brackets: list[Bracket[Node]]

    def expression(self) -> Node:
        """The expression that begins with the token at hand; afterwards, that is what follows it."""
        self._pending, self._brackets = [FLOOR], []
        operators = self.operators.infix
        while True:
            value = self._operand()
            while value is not None:
                infix = operators.get(self.kind)
                if infix is not None:
                    self._push(value, infix)
                    break
                value = self._completed(value, 1)
                if not self._brackets:
                    return value
                value = self._brackets[-1].behind(value)

    def whole(self) -> Node:
        """The expression that is the rest of the text."""
        found = self.expression()
        if self.kind:
            raise self.unexpected(operand=True)
        return found

    def _operand(self) -> Node | None:
        """An operand, or None when something was read that goes before one."""
        prefix = self.operators.prefix.get(self.kind)
        if prefix is None:
            return self.atom()
        if self._pending[-1].power > prefix.behind:
            raise self.unexpected()
        self._pending.append(_Pending(prefix.power, self.kind, self.position, None))
        self.advance()
        return None

    def _push(self, left: Node, infix: Infix) -> None:
        left = self._completed(left, infix.completes)
        if not infix.chained and self._pending[-1].power == infix.power:
            raise self.unexpected()
        self._pending.append(_Pending(infix.power, self.kind, self.position, left))
        self.advance()

    def _completed(self, value: Node, power: int) -> Node:
        """A value with the operators that wait for it and bind at least so tightly."""
        pending = self._pending
        while pending[-1].power >= power:
            last = pending.pop()
            if last.left is None:
                value = self.unary(last.sign, value, last.position)
            else:
                value = self.binary(last.sign, last.left, value, last.position)
        return value

    def open(self, bracket: Bracket[Node]) -> None:
        """Begin something that holds expressions; one is due."""
        self._brackets.append(bracket)
        self._pending.append(FLOOR)

    def close(self) -> None:
        """End the innermost bracket."""
        self._brackets.pop()
        self._pending.pop()

    def starting(self) -> Bracket[Node] | None:
        """The innermost bracket, where an expression begins in it with the token at hand."""
        return self._brackets[-1] if self._brackets and self._pending[-1] is FLOOR else None

    @abstractmethod
    def atom(self) -> Node | None:
        """An operand without a sign, or None when a bracket was opened."""

    @abstractmethod
    def unary(self, sign: str, operand: Node, position: int) -> Node:
        """A prefix and its operand."""

    @abstractmethod
    def binary(self, sign: str, left: Node, right: Node, position: int) -> Node:
        """Two operands and what joins them."""


class Parentheses(Bracket[Node]):
    """``( expression )``."""

    def __init__(self, parser: OperatorParser[Node]) -> None:
        self.parser = parser

    def behind(self, value: Node) -> Node | None:
        """The value of what stands in them."""
        if self.parser.kind != ")":
            raise self.parser.unexpected(operand=True)
        self.parser.close()
        self.parser.advance()
        return value
