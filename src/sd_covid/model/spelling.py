"""Names, numbers and expressions as an ``.mdl`` spells them.

In goes a part of a model; out comes text with as few parentheses as read back alike, and a few more where people
differ. The entries around them are for `sd_covid.model.write.mdl`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from sd_covid.errors import ModelError
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
    chain,
)
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.structure import Model

_PLAIN = re.compile(r"[^\W\d_](?:[\w$' ]*[\w$'])?")
_QUOTABLE = re.compile(r"(?:\\.|[^\"\\\n])*")
_BINDING = {":OR:": 1, ":AND:": 2, "+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
_COMPARISON = 4
_ORDERED = frozenset({"smooth n", "delay n"})  # PySD repeats a list as often as their last argument says
_ATOM = 9
#: Vensim's :NA: is this finite number; PySD's is NaN, which equals nothing.
NOT_AVAILABLE = -(2.0**109)


class Spelling:
    """How parts of a model are spelled.

    Parameters
    ----------
    model : Model
    for_pysd : bool
        Spell every name as it was defined; put every operation in parentheses; write every number with a decimal
        point and ``:NA:`` as the number that it is; and keep signs out of the bases of powers, where PySD drops them.
    """

    def __init__(self, model: Model, for_pysd: bool) -> None:
        self.for_pysd = for_pysd
        self._defined: dict[str, str] = {}
        for dimension in model.dimensions.values():
            for name in (dimension.name, *dimension.elements):
                self._defined.setdefault(key(name), name)
        self._defined |= {variable.key: variable.name for variable in model.variables.values()}
        self._defined["time"] = "Time"

    def name(self, name: str) -> str:
        """A name, in double quotes where it needs them."""
        if self.for_pysd:
            name = self._defined.get(key(name), name)
        if _PLAIN.fullmatch(name):
            return name
        if not _QUOTABLE.fullmatch(name) or not key(name):
            raise ModelError(f"'{name}' cannot be written as a name", advice="rename it", variable=name)
        return f'"{name}"'

    def number(self, value: float) -> str:
        """A number, exactly."""
        if not math.isfinite(value):
            raise ModelError(f"{value} cannot be written as a number")
        if not self.for_pysd and value == int(value) and abs(value) < 1e15 and math.copysign(1, value) > 0:
            return str(int(value))
        return repr(float(value))

    def subscripts(self, items: Sequence[str | Subscript]) -> str:
        """``[a,b!]``, or nothing."""
        names = [
            self.name(item) if isinstance(item, str) else self.name(item.name) + "!" * item.reduced
            for item in items
        ]
        return f"[{','.join(names)}]" if names else ""

    def table(self, table: Table) -> str:
        """The points of a table, with its limits."""
        pairs = [f"({self.number(x)},{self.number(y)})" for x, y in table.points]
        if table.limits is None:
            return ",".join(pairs)
        low, high = (f"({self.number(x)},{self.number(y)})" for x, y in table.limits)
        return f"[{low}-{high}]," + ",".join(pairs)

    def expression(self, node: Expression) -> str:
        """An expression that stands alone, or is an argument."""
        match node:
            case Number(value=value):
                return self.number(value)
            case NotAvailable():
                return repr(NOT_AVAILABLE) if self.for_pysd else ":NA:"
            case Text(value=value):
                return self._text(value)
            case Reference(name=name, subscripts=subscripts):
                return self.name(name) + self.subscripts(subscripts)
            case Table():
                return f"({self.table(node)})"
            case Call():
                return self._call(node)
            case Unary(operator=operator, operand=operand):
                blank = " " if operator == ":NOT:" else ""
                return f"{operator}{blank}{self._operand(operand, _ATOM)}"
            case Binary():
                return self._binary(node)

    def _text(self, value: str) -> str:
        if "'" in value or "\n" in value:
            raise ModelError(f"an .mdl cannot hold the text '{value}'", advice="take the quote out")
        return f"'{value}'"

    def _call(self, node: Call) -> str:
        built_in = FUNCTIONS.get(key(node.function))
        name = self.name(built_in.name if built_in is not None and self.for_pysd else node.function)
        arguments = [self.expression(argument) for argument in node.arguments]
        if self.for_pysd and key(node.function) in _ORDERED:
            arguments[-1] = arguments[-1].removesuffix(".0")
        return f"{name}{self.subscripts(node.subscripts)}({', '.join(arguments)})"

    def _binary(self, node: Binary) -> str:
        """A row of operations, in a loop: it may be thousands long."""
        left, links = chain(node)
        text = self.expression(left)
        for link in links:
            binding = _BINDING.get(link.operator, _COMPARISON)
            if link.operator == "^":
                base = self._enclosed(left, text, _ATOM) if isinstance(left, Binary) else self._base(left)
                text = f"{base}^{self._operand(link.right, _ATOM)}"
            else:
                needed = binding if link.operator in _BINDING else binding + 1  # comparisons are not chained
                right = self._operand(link.right, binding + 1)
                text = f"{self._enclosed(left, text, needed)} {link.operator} {right}"
            left = link
        return text

    def _base(self, node: Expression) -> str:
        """The base of a power. PySD writes -3 for (-3), and then takes its power before its sign."""
        if self.for_pysd and isinstance(node, NotAvailable):
            return f"(-1.0*{-NOT_AVAILABLE!r})"
        if self.for_pysd and isinstance(node, Unary):
            sign = "-1.0" if node.operator == "-" else "1.0"
            return f"({sign}*{self._operand(node.operand, _ATOM)})"
        return self._operand(node, _ATOM)

    def _operand(self, node: Expression, binding: int) -> str:
        """An operand, in parentheses when it binds less, or would puzzle a reader."""
        return self._enclosed(node, self.expression(node), binding)

    def _enclosed(self, node: Expression, text: str, binding: int) -> str:
        """The text of an operand, in parentheses when it needs them."""
        bare = not isinstance(node, Binary | Unary | NotAvailable) or (
            isinstance(node, Binary)
            and not self.for_pysd
            and _BINDING.get(node.operator, _COMPARISON) >= binding
            and node.operator not in {":AND:", ":OR:"}
        )
        if isinstance(node, NotAvailable) and not self.for_pysd:
            bare = True
        return text if bare else f"({text})"
