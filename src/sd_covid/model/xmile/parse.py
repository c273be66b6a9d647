"""Expressions as XMILE writes them: how operators bind, and what operands there are.

Out come the same nodes as from Vensim's. Subscripts in XMILE are expressions, whose meaning depends on the array: they
are kept as a call of ``[]`` with the name and the subscripts, for `sd_covid.model.xmile.site`. Functions keep the name
that they are called by.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Text, Unary
from sd_covid.model.precedence import (
    Bracket,
    OperatorParser,
    Operators,
    Parentheses,
    Prefix,
    leftward,
    rightward,
)
from sd_covid.model.scanner import LETTER, NUMBER
from sd_covid.model.source import Source
from sd_covid.model.vensim.parse import refuse_depth

#: The function of a reference with subscripts: ``[]``(name, subscripts…).
INDEXED = "[]"
#: The function of a subscript range: ``:``(first, last).
RANGE = ":"
#: The function of ``name[subscripts][number]``, one thing that an element of an array of containers holds.
ITEM = "[][]"

# A name has parts joined by periods, each a quoted name, or words none of which is an operator. The first part may be
# empty: `.name`. The first word may begin with a digit when a letter follows. Stella's names may hold apostrophes;
# behind the name of an array one turns its dimensions round.
_OPERATOR = r"(?i:if|then|else|and|or|not|mod)"
_NO_OPERATOR = rf'(?!{_OPERATOR}(?![\w$]|\.["a-zA-Z_]))'
_QUOTED = r'"(?:\\.|[^"\\])*+"'
_FIRST = rf"{_NO_OPERATOR}(?:\d++[^\W\d]|[^\W\d]|[^\x00-\x7f\s])(?:{LETTER}|')*+"
_WORD = rf"{_NO_OPERATOR}{LETTER}(?:{LETTER}|')*+"
_PART = rf"(?:{_QUOTED}|{_FIRST}(?:\s++{_WORD})*)"
# In the order of how often they come: a scanner tries one after the other.
_TOKEN = re.compile(
    rf"""(?:(?P<name>(?!{NUMBER})\.?{_PART}(?:\.{_PART})*)
    |(?P<sign><>|<=|>=|//|[-+*/%^=<>()\[\],;:@])
    |(?P<number>{NUMBER})
    |(?P<word>{_OPERATOR}(?![\w$]))
    )\s*+""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|[^."]+')
_LOGIC = {"AND": ":AND:", "OR": ":OR:", "NOT": ":NOT:"}
_FUNCTIONS = {"MOD": "MOD", "%": "MOD", "//": "SAFEDIV"}


def parse_xmile(
    source: Source, text: str, variable: str | None, *, several: bool = False
) -> list[Expression]:
    """Parse an equation of an XMILE file.

    Parameters
    ----------
    source : Source
        The equation.
    text : str
        Its text, with comments replaced by as many blanks.
    variable : str or None
        The name to give in an error.
    several : bool
        Whether it may be several expressions, separated by commas, and by semicolons between rows.

    Raises
    ------
    ModelError
        When it is not an expression.
    """
    parser = XmileParser(source, text, variable)
    found = parser.expressions() if several else [parser.whole()]
    for expression in found:
        refuse_depth(parser, expression)
    return found


def spelled(text: str) -> str:
    """Part of a name without quotes: escapes replaced, each run of blanks made one."""
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: " " if found[1] == "n" else found[1], text)
    return " ".join(text.split())


class XmileParser(OperatorParser[Expression]):
    """Parses an equation. See `OperatorParser`.

    Parameters
    ----------
    source : Source
    text : str
        The text, with comments replaced by as many blanks.
    variable : str or None
        The name to give in an error.
    """

    # As section 3.3.1 of the standard says, loosest first. So NOT a = b is (NOT a) = b, and comparisons may be chained.
    operators = Operators(
        infix={
            "OR": leftward(1),
            "AND": leftward(2),
            **dict.fromkeys(("=", "<>"), leftward(3)),
            **dict.fromkeys(("<", "<=", ">", ">="), leftward(4)),
            **dict.fromkeys(("+", "-"), leftward(5)),
            **dict.fromkeys(("*", "/", "//", "MOD", "%"), leftward(6)),
            # 7 is a sign or NOT
            "^": rightward(8),
        },
        prefix={"NOT": Prefix(7, behind=7), "+": Prefix(7, behind=8), "-": Prefix(7, behind=8)},
    )

    def __init__(self, source: Source, text: str, variable: str | None) -> None:
        super().__init__(_TOKEN, source, 0, text, variable)

    def expressions(self) -> list[Expression]:
        """The whole text as expressions with separators between them, perhaps with a semicolon behind the last."""
        found = [self.expression()]
        while self.kind:
            last = self.kind == ";"
            if not (self.skip(",") or self.skip(";")):
                raise self.unexpected(operand=True)
            if last and not self.kind:
                break
            found.append(self.expression())
        return found

    def atom(self) -> Expression | None:
        """A number, name, call, choice, subscript, or what stands in parentheses."""
        kind, position = self.kind, self.position
        if kind == "name":
            return self._named()
        if kind == "number":
            return Number(self.number(), self.place(position))
        if kind == "(":
            self.advance()
            self.open(Parentheses(self))
            return None
        if kind == "IF":
            self.advance()
            self.open(Choice(self, position))
            return None
        bracket = self.starting()
        if kind in {"*", "@"} and isinstance(bracket, Subscripts) and bracket.first is None:
            return self._subscript()
        raise self.unexpected()

    def unary(self, sign: str, operand: Expression, position: int) -> Expression:
        """A sign, or NOT."""
        return Unary(_LOGIC.get(sign, sign), operand, self.place(position))

    def binary(self, sign: str, left: Expression, right: Expression, position: int) -> Expression:
        """Two operands and what joins them; some operators are functions."""
        place = self.place(position)
        if sign in _FUNCTIONS:
            return Call(_FUNCTIONS[sign], (left, right), place=place)
        return Binary(_LOGIC.get(sign, sign), left, right, place)

    def name(self) -> str:
        """The name at hand without its quotes; the next token is."""
        if self.kind != "name":
            raise self.unexpected()
        found = _joined(self.token)
        if not found:
            raise self.error(self.position, f"{self.token} is not a name", "a name needs a letter")
        self.advance()
        return found

    def _named(self) -> Expression | None:
        """A name, perhaps with subscripts, or a call of it."""
        position, name = self.position, self.name()
        if self.kind == "(":
            return self.arguments(name, (), position)
        place = self.place(position)
        if self.kind != "[":
            return Reference(name, (), place)
        self.advance()
        self.open(Subscripts(self, Reference(name, (), place), position))
        return None

    def arguments(self, function: str, first: tuple[Expression, ...], position: int) -> Expression | None:
        """The call, when the parentheses at hand hold nothing; else None, and its arguments are due."""
        self.advance()
        arguments = Arguments(self, function, first, position)
        self.open(arguments)
        return arguments.closed() if self.kind == ")" else None

    def _subscript(self) -> Expression:
        """``*``, ``*:part`` for the part of a dimension that is one itself, or ``@1`` for a place on the left side."""
        place = self.place(self.position)
        if self.skip("*"):
            text = f"*:{self.name()}" if self.skip(":") else "*"
        else:
            self.expect("@")
            text = self._left_place()
        if self.kind not in {",", "]"}:
            raise self.unexpected(operand=True)
        return Text(text, place)

    def _left_place(self) -> str:
        token, position = self.token, self.position
        if self.kind != "number":
            raise self.unexpected()
        number = self.number()
        if number != int(number):
            raise self.error(position, f"@{token} is no place on a left side", "write @1, @2 …")
        return f"@{int(number)}"


class Arguments(Bracket[Expression]):
    """``name(argument, ...)``."""

    def __init__(
        self, parser: XmileParser, function: str, first: tuple[Expression, ...], position: int
    ) -> None:
        self.parser = parser
        self.function = function
        self.found = list(first)
        self.position = position

    def behind(self, value: Expression) -> Expression | None:
        """Keep an argument; the call where it was the last."""
        self.found.append(value)
        return None if self.parser.skip(",") else self.closed()

    def closed(self) -> Call:
        """The call, whose arguments end with the token at hand."""
        if self.parser.kind != ")":
            raise self.parser.unexpected(operand=True)
        self.parser.close()
        self.parser.advance()
        return Call(self.function, tuple(self.found), place=self.parser.place(self.position))


class Subscripts(Bracket[Expression]):
    """``name[subscript, first:last, ...]``, and with arguments behind it: a graphical function out of an array."""

    def __init__(self, parser: XmileParser, name: Reference, position: int) -> None:
        self.parser = parser
        self.name = name
        self.position = position
        self.found: list[Expression] = []
        self.first: Expression | None = None  # of the range that is being read

    def behind(self, value: Expression) -> Expression | None:
        """Keep a subscript, or the first of a range; the whole where it was the last."""
        parser = self.parser
        if self.first is None and parser.skip(":"):
            self.first = value
            return None
        if self.first is not None:
            value = Call(RANGE, (self.first, value), place=self.first.place)
            self.first = None
        self.found.append(value)
        if parser.skip(","):
            return None
        if parser.kind != "]":
            raise parser.unexpected(operand=True)
        parser.close()
        parser.advance()
        whole = Call(INDEXED, (self.name, *self.found), place=self.name.place)
        if parser.skip("["):
            parser.open(Item(parser, whole))
            return None
        return whole if parser.kind != "(" else parser.arguments("LOOKUP", (whole,), self.position)


class Item(Bracket[Expression]):
    """``name[subscript, ...][number]``: what a container holds that is an element of an array."""

    def __init__(self, parser: XmileParser, container: Call) -> None:
        self.parser = parser
        self.container = container

    def behind(self, value: Expression) -> Expression:
        """The whole, with the number."""
        if self.parser.kind != "]":
            raise self.parser.unexpected(operand=True)
        self.parser.close()
        self.parser.advance()
        return Call(ITEM, (self.container, value), place=self.container.place)


class Choice(Bracket[Expression]):
    """``IF condition THEN value ELSE value``: the last value goes on as far as it can."""

    def __init__(self, parser: XmileParser, position: int) -> None:
        self.parser = parser
        self.position = position
        self.found: list[Expression] = []

    def behind(self, value: Expression) -> Expression | None:
        """Keep a part; the whole where it was the last."""
        self.found.append(value)
        parts = len(self.found)
        if parts == 3:
            self.parser.close()
            return Call("IF THEN ELSE", tuple(self.found), place=self.parser.place(self.position))
        if not self.parser.skip("THEN" if parts == 1 else "ELSE"):
            raise self.parser.unexpected(operand=True)
        return None


@lru_cache(maxsize=1 << 16)
def _joined(text: str) -> str:
    """A name, its parts without quotes; nothing where a part has no letter."""
    parts = [spelled(part[1:-1] if part.startswith('"') else part) for part in _PARTS.findall(text)]
    if not all(parts):
        return ""
    return ("." if text.startswith(".") else "") + ".".join(parts)
