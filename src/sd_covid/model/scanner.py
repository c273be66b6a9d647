"""Text of an equation to tokens, one at a time, and what is wrong with one in a modeller's words.

In goes a part of a `Source` and the pattern of a dialect's tokens; out comes the token at hand, with its position.
What tokens mean together is for the parsers.
"""

from __future__ import annotations

import math
import re

from sd_covid.errors import ModelError
from sd_covid.model.expression import Place
from sd_covid.model.source import Source

#: A digit or letter, ``_``, ``$``, or anything beyond ASCII but a blank.
LETTER = r"[^\s\x00-#%-/:-@\[-^`{-\x7f]"
# Possessive (`*+`): where a blank may belong to either of two patterns, a row of them takes the square of its length.
#: A number without a sign.
UNSIGNED = r"(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
#: A number, unless a name goes on behind it, as in ``1st wave``.
NUMBER = UNSIGNED + r"(?![\w.])"
#: A number with or without a sign, in a row of them.
SIGNED = rf"(?:[+-]\s*+)?{UNSIGNED}"
QUOTED = r'"(?:\\.|[^"\\\n])*+"'

#: Kinds of tokens that an operand begins with.
_OPERANDS = frozenset({"number", "name", "quoted", "text", "(", ":NA:", ":NOT:", "IF", "NOT"})
_IN_QUOTES = re.compile(r'"(?:\\.|[^"\\])*+"')


class Scanner:
    """The tokens of a text. One is at hand; `advance` goes to the next.

    Parameters
    ----------
    pattern : re.Pattern
        Matches one token and the blanks behind it; the name of the group tells its kind. Each ``sign`` is a kind of its
        own, and so is each ``word``, in upper case.
    source : Source
    start : int
        Position of the text in the source.
    text : str
        What is scanned: of the source, with comments replaced by as many blanks.
    variable : str or None
        The name to give in an error.

    Attributes
    ----------
    kind : str
        Of the token at hand; empty behind the last.
    token : str
        Its text.
    position : int
        Where it begins in `text`.
    end : int
        Where the next begins.
    """

    def __init__(
        self, pattern: re.Pattern[str], source: Source, start: int, text: str, variable: str | None
    ) -> None:
        self.source = source
        self.start = start
        self.text = text
        self.variable = variable
        self._match = pattern.match
        self.end = len(text) - len(text.lstrip())
        self.advance()

    def advance(self) -> None:
        """Go to the next token."""
        self.position = self.end
        found = self._match(self.text, self.end)
        if found is None:
            self._at_no_token()
            return
        self.end = found.end()
        kind = found.lastgroup or ""
        token = self.token = found[kind]
        if kind == "sign":
            kind = token
        elif kind == "word":
            kind = token.upper()
        self.kind = kind

    def _at_no_token(self) -> None:
        if self.position < len(self.text):
            raise self.no_token(self.position)
        self.kind = self.token = ""

    def expect(self, kind: str) -> None:
        """Go beyond a token that must be there."""
        if self.kind != kind:
            raise self.unexpected()
        self.advance()

    def skip(self, kind: str) -> bool:
        """Go beyond a token if it is there."""
        found = self.kind == kind
        if found:
            self.advance()
        return found

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go beyond what a pattern matches from the token at hand on, if it does.

        For rows of numbers, which would be many tokens.
        """
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.end = found.end()
            self.advance()
        return found

    def number(self) -> float:
        """The value of the number at hand; the next token is."""
        value = float(self.token)
        if not math.isfinite(value):
            raise self.error(self.position, f"{self.token} is too large for a number")
        self.advance()
        return value

    def place(self, position: int) -> Place:
        """Place in the file of a position in the text."""
        return self.source.place(self.start + position)

    def error(self, position: int, reason: str, advice: str | None = None) -> ModelError:
        """Error at a position in the text, for the caller to raise."""
        at = self.start + min(position, max(len(self.text.rstrip()) - 1, 0))
        return self.source.error(at, reason, advice=advice, variable=self.variable)

    def quoting(self, position: int, reason: str, advice: str | None = None) -> ModelError:
        """Error that quotes the line up to its position."""
        at = self.start + min(position, max(len(self.text.rstrip()) - 1, 0))
        return self.error(position, f"{reason}: {self.source.quote(at)}", advice)

    def unexpected(self, *, operand: bool = False) -> Exception:
        """Error about the token at hand; `operand`: whether it stands behind an operand."""
        token, kind = self.token, self.kind
        before = self.text[: self.position]
        if not kind:
            return self.quoting(len(self.text), self._why_ended())
        if kind == ")" and _open(before, "(", ")") <= 0:
            return self.quoting(self.position, "a ')' closes nothing")
        if operand and kind in _OPERANDS:
            return self.quoting(self.position, f"an operator or a comma is missing before '{token}'")
        if kind in {",", ")"} and before.rstrip().endswith((",", "(")):
            return self.quoting(self.position, f"an argument is missing before '{token}'")
        return self.quoting(self.position, f"did not expect '{token}'")

    def _why_ended(self) -> str:
        for opening, closing in ("()", "[]"):
            if _open(self.text, opening, closing) > 0:
                return f"a '{opening}' is not closed"
        return "the equation ends where something should follow"

    def no_token(self, position: int) -> Exception:
        """Error about a character that begins no token."""
        found = self.text[position]
        if found == '"':
            return self.quoting(position, "a double quote is not closed on its line")
        if found == "'":
            return self.quoting(position, "a single quote is not closed on its line")
        shown = found if found.isprintable() else f"U+{ord(found):04X}"
        advice = 'a name with special characters stands in double quotes: "a & b"'
        return self.quoting(position, f"'{shown}' has no meaning here", advice)


def _open(text: str, opening: str, closing: str) -> int:
    """How many more brackets are opened than closed, those in quoted names aside."""
    plain = _IN_QUOTES.sub("", text)
    return plain.count(opening) - plain.count(closing)
