"""Equations as a person writes them: HTML that every viewer of Markdown keeps, without the syntax of a model file.

In goes an expression; out comes a line of text with ``<sup>`` and ``<sub>``. A stock is ``d/dt name``, a sum is Σ over
what it sums, a quotient of short terms a fraction, a choice is braces with *if*. Subscripts that are those of the left
side are left out. Nothing is simplified: read back, the text has the value of the expression.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape, unescape

from sd_covid.model.definition import CONSTANTS, SERIES
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
    walk,
)
from sd_covid.model.layout.parts import INTEGRALS
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable

#: How tightly what was written binds; an operand that binds less stands in parentheses.
_OR, _AND, _NOT, _COMPARISON, _SUM, _OVER, _PRODUCT, _POWER, _ATOM = range(1, 10)
_BINARY = {
    ":OR:": (_OR, "or"),
    ":AND:": (_AND, "and"),
    "=": (_COMPARISON, "="),
    "<>": (_COMPARISON, "≠"),
    "<": (_COMPARISON, "&lt;"),
    "<=": (_COMPARISON, "≤"),
    ">": (_COMPARISON, "&gt;"),
    ">=": (_COMPARISON, "≥"),
    "+": (_SUM, "+"),
    "-": (_SUM, "−"),
    "*": (_PRODUCT, "×"),
    "/": (_PRODUCT, "/"),
}
_NAMES = {
    "smooth": "smooth",
    "smoothi": "smooth",
    "smooth3": "smooth₃",
    "smooth3i": "smooth₃",
    "integer": "integer",
}
_REDUCING = {"sum": "Σ", "prod": "Π", "vmin": "min", "vmax": "max"}
#: Characters in either part of a fraction, beyond which it is a quotient on the line.
_SHORT = 44
#: What Markdown would take for its own.
_MARKDOWN = str.maketrans({sign: f"&#{ord(sign)};" for sign in "*_`[]|~#$\\"})
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an equation, in one language."""

    if_: str = "if"
    otherwise: str = "otherwise"
    and_: str = "and"
    or_: str = "or"
    not_: str = "not"
    start: str = "start"
    own: str = "own {name}"
    column: str = "column {column} of {file}"
    missing: str = "not available"
    others: str = "other"


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of an equation and how tightly it binds; a product that begins with a sign binds as a sum does."""

    html: str
    binding: int = _ATOM
    signed: bool = False

    def within(self, binding: int) -> str:
        """The text as an operand: in parentheses when it binds less."""
        return self.html if self.binding >= binding else f"({self.html})"

    @property
    def length(self) -> int:
        """How long it is to the eye."""
        return len(plain(self.html))


def plain(html: str) -> str:
    """The characters that a reader sees."""
    return unescape(_TAG.sub("", html))


def number(value: float) -> str:
    """A number, exactly, without a point that it does not need."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    digits, _, power = repr(value).partition("e")
    return f"{digits}×10<sup>{int(power)}</sup>".replace("-", "−") if power else digits


def name_html(name: str) -> str:
    """A name as text of a page."""
    plain_name = name.strip().strip('"')
    return escape(" ".join(plain_name.replace("_", " ").split()), quote=False).translate(_MARKDOWN)


class Notation:
    """Writes equations.

    Parameters
    ----------
    words : Words
    lookups : collection of str
        Keys of variables that are lookups: a call of one is a function of the model.
    """

    def __init__(self, words: Words, lookups: Collection[str] = ()) -> None:
        self.words = words
        self.lookups = set(lookups)

    def equations(self, variable: Variable) -> list[str]:
        """The lines of a variable: one for each equation, and for a stock its start."""
        lines = []
        for equation in variable.equations:
            lines += self._equation(variable, equation)
        return lines

    def _equation(self, variable: Variable, equation: Equation) -> list[str]:
        left = tuple(key(name) for name in equation.subscripts)
        whole = variable.equations[0] is equation and len(variable.equations) == 1
        subscripts = "" if whole else self._below(equation.subscripts)
        name = f"{name_html(variable.name)}{subscripts}"
        node = equation.expression
        if equation.kind is Kind.ARRAY or node is None:
            return [f"{name} = {', '.join(map(number, equation.values))}"] if equation.values else []
        if isinstance(node, Table):
            return [f"{name}(x): {self._points(node)}"]
        if isinstance(node, Call) and key(node.function) in INTEGRALS:
            rate, start = (self.written(argument, left) for argument in node.arguments[:2])
            first = f"<sup>d</sup>⁄<sub>dt</sub> {name} = {rate.html}"
            return [first, f"{name}({self.words.start}) = {start.html}"]
        return [f"{name} = {self.written(node, left).html}"]

    def expression(self, node: Expression, left: Sequence[str] = ()) -> str:
        """An expression as HTML; `left` are keys of the subscripts on the left side."""
        return self.written(node, tuple(left)).html

    def written(
        self, node: Expression, left: tuple[str, ...], summed: frozenset[str] = frozenset()
    ) -> Written:
        """An expression with its binding; `summed` are the subscripts of the sums that it stands in."""
        match node:
            case Number(value=value):
                text = number(value)
                return Written(text, _PRODUCT if "×" in text else _ATOM)
            case NotAvailable():
                return Written(self.words.missing)
            case Text(value=value):
                return Written(f"‘{name_html(value)}’")
            case Reference(name=name, subscripts=subscripts):
                return Written(name_html(name) + self._subscripts(subscripts, left, summed))
            case Table():
                return Written(f"({self._points(node)})")
            case Unary():
                return self._unary(node, left, summed)
            case Binary():
                return self._binary(node, left, summed)
            case Call():
                return self._call(node, left, summed)

    def _unary(self, node: Unary, left: tuple[str, ...], summed: frozenset[str]) -> Written:
        operand = self.written(node.operand, left, summed)
        if node.operator == ":NOT:":
            return Written(f"{self.words.not_} {operand.within(_NOT)}", _NOT)
        sign = "−" if node.operator == "-" else "+"
        return Written(sign + operand.within(_PRODUCT), _SUM, signed=True)

    def _binary(self, node: Binary, left: tuple[str, ...], summed: frozenset[str]) -> Written:
        """A row of operations, in a loop: it may be long."""
        first, links = chain(node)
        made = self.written(first, left, summed)
        for link in links:
            right = self.written(link.right, left, summed)
            made = self._joined(link.operator, made, right)
        return made

    def _joined(self, operator: str, first: Written, second: Written) -> Written:
        if operator == "^":
            return Written(f"{first.within(_ATOM)}<sup>{second.html}</sup>", _POWER)
        if operator == "/" and self._fits(first) and self._fits(second):
            return Written(f"<sup>{first.html}</sup>⁄<sub>{second.html}</sub>", _POWER)
        binding, sign = _BINARY[operator]
        sign = {"or": self.words.or_, "and": self.words.and_}.get(sign, sign)
        if binding == _PRODUCT and first.signed:
            return Written(f"{first.html} {sign} {second.within(binding + 1)}", _SUM, signed=True)
        before = binding + 1 if binding == _COMPARISON else binding
        return Written(f"{first.within(before)} {sign} {second.within(binding + 1)}", binding)

    @staticmethod
    def _fits(part: Written) -> bool:
        """Whether a part can stand above or below a stroke: short, and nothing in it is raised."""
        return "<sup>" not in part.html and part.length <= _SHORT and part.binding >= _SUM

    def _call(self, node: Call, left: tuple[str, ...], summed: frozenset[str]) -> Written:
        function = key(node.function)
        if function in SERIES | CONSTANTS and len(node.arguments) >= 4:
            return Written(self._data(node))
        if function in _REDUCING and len(node.arguments) == 1:
            return self._reduced(node, left, summed)
        arguments = [self.written(argument, left, summed) for argument in node.arguments]
        match function, arguments:
            case "if then else", [condition, then, other]:
                return self._choice(condition, then, other)
            case "initial", [value]:
                return Written(f"{value.within(_ATOM)}<sub>{self.words.start}</sub>")
            case "abs", [value]:
                return Written(f"|{value.html}|".replace("|", "&#124;"))
            case "sqrt", [value]:
                return Written(f"√{value.within(_ATOM)}", _POWER)
            case "modulo", [first, second]:
                return Written(f"{first.within(_POWER)} mod {second.within(_POWER)}", _PRODUCT)
        name = name_html(node.function)
        if function not in self.lookups:
            name = _NAMES.get(function, name.lower())
        inside = "; ".join(argument.html for argument in arguments)
        return Written(f"{name}{self._subscripts(node.subscripts, left, summed)}({inside})")

    def _choice(self, condition: Written, then: Written, other: Written) -> Written:
        words = self.words
        return Written(f"{{ {then.html} {words.if_} {condition.html}; {words.otherwise} {other.html} }}")

    def _reduced(self, node: Call, left: tuple[str, ...], summed: frozenset[str]) -> Written:
        """A sum, product or extreme over the subscripts marked in it, each named once below its sign."""
        names: dict[str, str] = {}
        for below in _in_reach(node.arguments[0]):
            subscripts = below.subscripts if isinstance(below, Reference | Call) else ()
            names |= {key(item.name): item.name for item in subscripts if item.reduced}
        inner = self.written(node.arguments[0], left, frozenset(names))
        sign = _REDUCING[key(node.function)]
        over = f"<sub>{', '.join(map(name_html, names.values()))}</sub>" if names else ""
        if sign in ("Σ", "Π"):
            return Written(f"{sign}{over} {inner.within(_PRODUCT)}", _OVER)
        return Written(f"{sign}{over}({inner.html})")

    def _subscripts(
        self, subscripts: tuple[Subscript, ...], left: tuple[str, ...], summed: frozenset[str]
    ) -> str:
        """Subscripts below the line; those that go without saying are left out, if all of them do."""
        shown, silent = [], True
        for item in subscripts:
            own = not item.reduced and key(item.name) in left
            if own and key(item.name) in summed:  # beside a sum over the same dimension
                shown.append(self.words.own.format(name=item.name))
                silent = False
            else:
                shown.append(item.name)
                silent = silent and (own or item.reduced)
        return "" if silent else self._below(shown)

    @staticmethod
    def _below(names: Sequence[str]) -> str:
        return f"<sub>{', '.join(map(name_html, names))}</sub>" if names else ""

    @staticmethod
    def _points(node: Table) -> str:
        return ", ".join(f"({number(x)}, {number(y)})" for x, y in node.points)

    def _data(self, node: Call) -> str:
        """Where a series stands."""
        texts = [argument.value for argument in node.arguments if isinstance(argument, Text)]
        column = re.sub(r"\d+\*?$", "", texts[-1])
        return self.words.column.format(column=name_html(column), file=name_html(texts[0]))


def _in_reach(node: Expression) -> list[Expression]:
    """What is below a node but not within another sum."""
    inner: set[int] = set()
    found = []
    for below in walk(node):
        if isinstance(below, Call) and key(below.function) in _REDUCING:
            inner |= {id(item) for item in walk(below) if item is not below}
        if id(below) not in inner:
            found.append(below)
    return found
