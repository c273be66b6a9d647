"""Expressions as Vensim writes them: how operators bind, and what operands there are.

In goes a part of a `Source`; out comes an `Expression`, every node with its place in the file. Only form is checked:
what the names mean is for `sd_covid.model.check`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Reference,
    Subscript,
    Text,
    Unary,
)
from sd_covid.model.names import key
from sd_covid.model.precedence import (
    Bracket,
    OperatorParser,
    Operators,
    Parentheses,
    Prefix,
    leftward,
    rightward,
    unchained,
)
from sd_covid.model.scanner import LETTER, NUMBER, QUOTED
from sd_covid.model.source import Source
from sd_covid.model.vensim.number_rows import table

# A name may hold blanks, and may begin with a digit when a letter follows ('1st wave').
_FIRST = rf"(?:[^\W\d]|[$]|[^\x00-\x7f\s]|(?!{NUMBER})\d++[^\W\d])"
_NAME = rf"{_FIRST}(?:{LETTER}++|\s++(?={LETTER}|')|'|\.(?=\w))*+"
# In the order of how often they come: a scanner tries one after the other.
_TOKEN = re.compile(
    rf"""(?:(?P<name>{_NAME})
    |(?P<sign><->|->|:=|==|<>|<=|>=|[-+*/^=<>()\[\],!])
    |(?P<number>{NUMBER})
    |(?P<quoted>{QUOTED})
    |(?P<text>'[^'\n]*+')
    |(?P<mode>:\s*+(?i:INTERPOLATE|LOOK\s++FORWARD|HOLD\s++BACKWARD|RAW)\s*+:)
    |(?P<word>:(?:(?i:AND|OR|NOT|NA|EXCEPT):)?)
    )\s*+""",
    re.VERBOSE,
)


class VensimParser(OperatorParser[Expression]):
    """Parses an expression. See `OperatorParser`.

    Parameters
    ----------
    source : Source
    start : int
        Position of the text in it.
    text : str
        The text, with comments and continuation marks replaced by as many blanks.
    variable : str, optional
        The name to give in an error.
    """

    # By the manual (vensim.com/documentation/22030.html), loosest first. So -a^2 is -(a^2), and :NOT: a = b is
    # :NOT: (a = b).
    operators = Operators(
        infix={
            ":OR:": leftward(1),
            ":AND:": leftward(2),
            # 3 is :NOT:
            **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), unchained(4)),
            "+": leftward(5),
            "-": leftward(5),
            "*": leftward(6),
            "/": leftward(6),
            # 7 is a sign
            "^": rightward(8),
        },
        prefix={":NOT:": Prefix(3, behind=3), "+": Prefix(7, behind=8), "-": Prefix(7, behind=8)},
    )

    def __init__(self, source: Source, start: int, text: str, variable: str | None) -> None:
        super().__init__(_TOKEN, source, start, text, variable)

    def atom(self) -> Expression | None:
        """A number, name, call, text, ``:NA:``, table, or what stands in parentheses."""
        kind, position = self.kind, self.position
        if kind in ("name", "quoted"):
            return self._named()
        if kind == "number":
            return Number(self.number(), self.place(position))
        if kind == "(":
            return self._parenthesis()
        if kind == "text":
            return Text(self.text_at_hand(), self.place(position))
        if kind == ":NA:":
            self.advance()
            return NotAvailable(self.place(position))
        raise self.unexpected()

    def unary(self, sign: str, operand: Expression, position: int) -> Expression:
        """A sign or ``:NOT:``."""
        return Unary(sign, operand, self.place(position))

    def binary(self, sign: str, left: Expression, right: Expression, position: int) -> Expression:
        """Two operands and what joins them."""
        return Binary(sign, left, right, self.place(position))

    def _parenthesis(self) -> Expression | None:
        argument = isinstance(self.starting(), Arguments)
        self.advance()
        found = table(self) if argument else None
        if found is None:
            self.open(Parentheses(self))
            return None
        self.expect(")")
        if self.kind not in {",", ":", ")"}:
            raise self.unexpected(operand=True)
        return found

    def _named(self) -> Expression | None:
        """``name[subscripts]``, or a call of it."""
        position = self.position
        name = self.name()
        subscripts = self.subscripts() if self.kind == "[" else ()
        if self.kind != "(":
            return Reference(name, subscripts, self.place(position))
        self.advance()
        arguments = Arguments(self, name, subscripts, position)
        self.open(arguments)
        return arguments.closed() if self.kind in {")", ":"} else None

    def name(self) -> str:
        """The name at hand without its quotes, each run of blanks made one; the next token is."""
        if self.kind == "name":
            found = _spelled(self.token)
        elif self.kind == "quoted":
            found = _spelled(self.token[1:-1])
        else:
            raise self.unexpected()
        if not found:
            raise self.error(self.position, f"{self.token} is not a name", "a name needs a letter")
        self.advance()
        return found

    def subscripts(self) -> tuple[Subscript, ...]:
        """``[a, b!]``."""
        self.expect("[")
        found = []
        while True:
            name = self.name()
            found.append(Subscript(name, self.skip("!")))
            if not self.skip(","):
                self.expect("]")
                return tuple(found)

    def text_at_hand(self) -> str:
        """What stands in single quotes; the next token is at hand."""
        if self.kind != "text":
            raise self.unexpected()
        found = self.token[1:-1]
        self.advance()
        return found


class Arguments(Bracket[Expression]):
    """``name[subscripts]( argument, ... : output, ... )``; only a call of a macro has outputs."""

    def __init__(
        self, parser: VensimParser, function: str, subscripts: tuple[Subscript, ...], position: int
    ) -> None:
        self.parser = parser
        self.function = function
        self.subscripts = subscripts
        self.position = position
        self.found: list[Expression] = []

    def behind(self, value: Expression) -> Expression | None:
        """Keep an argument; the call where it was the last."""
        self.found.append(value)
        return None if self.parser.skip(",") else self.closed()

    def closed(self) -> Call:
        """The call, whose arguments end with the token at hand."""
        outputs: list[Reference] = []
        while self.parser.skip("," if outputs else ":"):
            place = self.parser.place(self.parser.position)
            name = self.parser.name()
            subscripts = self.parser.subscripts() if self.parser.kind == "[" else ()
            outputs.append(Reference(name, subscripts, place))
        if self.parser.kind != ")":
            raise self.parser.unexpected(operand=True)
        self.parser.close()
        self.parser.advance()
        place = self.parser.place(self.position)
        return Call(self.function, tuple(self.found), self.subscripts, place, tuple(outputs))


@lru_cache(maxsize=1 << 16)
def _spelled(text: str) -> str:
    """A name with each run of blanks made one; nothing where it has no letter."""
    return " ".join(text.split()) if key(text) else ""
