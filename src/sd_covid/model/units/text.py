"""Unit texts as modellers write them, ``people/(Month*household)``, and the algebra behind them.

In goes a text; out comes a product of powers of unit words (pint's ``UnitsContainer``), and back to text. A word is a
unit because a model uses it: no list of known units, no prefixes and no conversion, as in Vensim, so that ``Month``
and ``Year`` are two units. Which equations agree is for `sd_covid.model.units.check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import cast

from pint.util import UnitsContainer

from sd_covid.errors import ModelError
from sd_covid.model.names import key

Exponent = int | Fraction

#: Words for "no dimension".
DIMENSIONLESS_WORDS = ("Dmnl", "dimensionless", "unitless", "fraction", "no units", "radian", "radians")
#: What Vensim writes into the settings of every new model (vensim.com/documentation/ref_units_equiv.html), with the
#: abbreviations of time units in XMILE 1.0, section 3.3.6, that mean nothing else, and euros.
DEFAULT_EQUIVALENCES: tuple[tuple[str, ...], ...] = (
    ("$", "Dollar", "Dollars", "$s"),
    ("€", "Euro", "Euros", "EUR"),
    ("Second", "Seconds"),
    ("Minute", "Minutes"),
    ("Hour", "Hours", "hr", "hrs"),
    ("Day", "Days"),
    ("Week", "Weeks", "wk", "wks"),
    ("Month", "Months", "mo", "mos"),
    ("Quarter", "Quarters", "qtr", "qtrs"),
    ("Year", "Years", "yr", "yrs"),
    ("Person", "People", "Persons"),
    ("Unit", "Units"),
    ("percent", "%", "per cent"),
)
_COMMENT = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]\s*$")
_TOKEN = re.compile(r"\s*(\*\*|[*/^()·×²³]|[^*/^()·×²³]+)")
_OPERATORS = frozenset("*/^()")
_SPELLED = {"**": "^", "·": "*", "×": "*"}
_NUMBER = re.compile(r"[-+]?(\d+(?:\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_PER = re.compile(r"(?<![^\s_])per(?![^\s_])", re.IGNORECASE)
_MAX_EXPONENT = 100
_MAX_DEPTH = 50
_MAX_TOKENS = 1000
_SHOWN = 60  # characters of a text in a message
_SHOWN_EXPONENT = 10**9


def power(units: UnitsContainer, exponent: Exponent) -> UnitsContainer:
    """Units to a power; to the power 0, dimensionless."""
    if exponent == 1:
        return units
    return units**exponent if exponent else ONE


def product(words: dict[str, Exponent]) -> UnitsContainer:
    """Units from words and their exponents, all exact."""
    return UnitsContainer({word: n for word, n in words.items() if n}, non_int_type=Fraction)


def factors(units: UnitsContainer) -> dict[str, Exponent]:
    """The words of units with their exponents."""
    return cast("dict[str, Exponent]", dict(units))


def exponent_of(units: UnitsContainer, word: str) -> Exponent:
    """The exponent of a word that units hold."""
    return cast("Exponent", units[word])


#: Dimensionless.
ONE = product({})


class Vocabulary:
    """The unit words of a model: which are one unit under several names, and how each is spelled.

    Parameters
    ----------
    equivalences : iterable of sequence of str
        Groups of words for one unit, as in Vensim's settings: ``("$", "Dollar", "Dollars")``. A group that holds
        ``Dmnl`` makes its words dimensionless; the first of a group may be a product: ``("Hz", "1/Second")`` makes Hz
        that. Vensim's groups for a new model hold beside them.
    """

    def __init__(self, equivalences: Iterable[Sequence[str]] = ()) -> None:
        self._meaning: dict[str, UnitsContainer] = {key(word): ONE for word in DIMENSIONLESS_WORDS}
        self._spelling: dict[str, str] = {}
        for group in (*equivalences, *DEFAULT_EQUIVALENCES):
            self.declare(group)

    def declare(self, group: Sequence[str]) -> None:
        """Take the words of a group as one unit.

        Raises
        ------
        ModelError
            When one of them is no unit text.
        """
        words = [key(text) for text in group if text.strip()]
        meanings = [self.parse(text, note=False) for text in group if text.strip()]
        if not words:
            return
        known = [meaning for word, meaning in zip(words, meanings, strict=True) if word in self._meaning]
        compound = [meaning for meaning in meanings if not _is_word(meaning)]
        into = (compound or known or meanings)[0]
        for word, meaning in zip(words, meanings, strict=True):
            if meaning != into and _is_word(meaning):
                self._replace(next(iter(meaning)), into)
            if not _OPERATORS & set(word):
                self._meaning[word] = into

    def _replace(self, word: str, into: UnitsContainer) -> None:
        """Let a word mean something, everywhere."""
        if word in into:
            return
        self._meaning[word] = into
        for other, meaning in self._meaning.items():
            if word in meaning:
                self._meaning[other] = meaning.remove([word]) * power(into, exponent_of(meaning, word))

    def parse(self, text: str, *, note: bool = True) -> UnitsContainer:
        """The units that a text means.

        Parameters
        ----------
        text : str
            ``a*b/c/d`` from the left; ``^``, ``**``, ``²`` and ``·``; ``per`` for ``/``; comments in braces and a range
            ``[0,10]`` at the end do not count. Case, blanks and underscores in a word do not count.
        note : bool
            Remember how words are spelled, for `format`.

        Raises
        ------
        ModelError
            When it is no product of words; says where.
        """
        return _Parser(self, text, note).whole()

    def word(self, text: str, *, note: bool) -> UnitsContainer:
        """The units that one word means."""
        folded = key(text)
        found = self._meaning.get(folded)
        if found is None:
            found = product({folded: 1})
        if note and _is_word(found):
            self._spelling.setdefault(next(iter(found)), " ".join(text.split()))
        return found

    def format(self, units: UnitsContainer) -> str:
        """A text for units, with words as the model spells them, such as ``person/(Month*household)``."""
        above = [self._factor(word, n) for word, n in sorted(factors(units).items()) if n > 0]
        below = [self._factor(word, -n) for word, n in sorted(factors(units).items()) if n < 0]
        if not below:
            return "*".join(above) or "Dmnl"
        divisor = below[0] if len(below) == 1 else f"({'*'.join(below)})"
        return f"{'*'.join(above) or '1'}/{divisor}"

    def spelled(self, word: str) -> str:
        """A word as the model spells it."""
        return self._spelling.get(word, word)

    def _factor(self, word: str, exponent: Exponent) -> str:
        if exponent == 1:
            return self.spelled(word)
        if max(abs(exponent.numerator), exponent.denominator) > _SHOWN_EXPONENT:
            return f"{self.spelled(word)}^(…)"
        whole = exponent.denominator == 1
        return f"{self.spelled(word)}^{exponent.numerator if whole else f'({exponent})'}"


def _is_word(units: UnitsContainer) -> bool:
    """Whether units are one word, to the power 1."""
    return len(units) == 1 and next(iter(units.values())) == 1


class _Parser:
    """Recursive descent through one text."""

    def __init__(self, vocabulary: Vocabulary, text: str, note: bool) -> None:
        self.vocabulary = vocabulary
        self.text = text
        self.note = note
        self.tokens = list(_tokens(without_comments(text)))
        self.at = 0
        self.depth = 0

    def whole(self) -> UnitsContainer:
        """The whole text."""
        if not self.tokens:
            return ONE
        if len(self.tokens) > _MAX_TOKENS:
            raise self.error("it is too long")
        found = self.terms()
        if self.at < len(self.tokens):
            raise self.error(f"'{self.tokens[self.at]}' has no place here")
        return found

    def terms(self) -> UnitsContainer:
        """Factors multiplied and divided, from the left; ``/Year`` is ``1/Year``."""
        found = ONE if self.peek() == "/" else self.factor()
        while self.peek() in ("*", "/"):
            divided = self.take() == "/"
            right = self.factor()
            found = found / right if divided else found * right
        return found

    def factor(self) -> UnitsContainer:
        """A word or parentheses, to a power."""
        found = self.atom()
        while self.peek() == "^":
            self.take()
            found = power(found, self.exponent())
        return found

    def atom(self) -> UnitsContainer:
        """A word, or what parentheses hold."""
        token = self.take()
        if token == "(":
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise self.error("its parentheses are too deep")
            found = self.terms()
            if self.take() != ")":
                raise self.error("a closing parenthesis is missing")
            self.depth -= 1
            return found
        if set("{}[]") & set(token):
            raise self.error("a bracket is not closed, or not opened")
        if not token or token in _OPERATORS:
            raise self.error(f"a unit is missing before '{token}'" if token else "it ends too soon")
        if _NUMBER.fullmatch(token):
            return self.number(token)
        return self.vocabulary.word(token, note=self.note)

    def number(self, token: str) -> UnitsContainer:
        """1 is dimensionless; another number is a unit of its own, such as the 1000 of ``1000*person``."""
        if float(token) <= 0:
            raise self.error(f"{token} is no unit")
        return ONE if float(token) == 1 else self.vocabulary.word(token, note=self.note)

    def exponent(self) -> Exponent:
        """``2``, ``-1``, ``0.5``, ``(1/2)``."""
        bracketed = self.peek() == "("
        if bracketed:
            self.take()
        found = self.ratio()
        if bracketed and self.peek() == "/":
            self.take()
            below = self.ratio()
            if not below:
                raise self.error("an exponent is divided by 0")
            found /= below
        if bracketed and self.take() != ")":
            raise self.error("a closing parenthesis is missing")
        if abs(found) > _MAX_EXPONENT or found.denominator > _MAX_EXPONENT:
            raise self.error("an exponent is absurd")
        return int(found) if found.denominator == 1 else found

    def ratio(self) -> Fraction:
        """One number of an exponent, exact."""
        token = self.take()
        if not re.fullmatch(r"[-+]?(\d{1,9}\.?\d{0,9}|\.\d{1,9})", token):
            raise self.error(f"'{token}' is no exponent")
        return Fraction(token)

    def peek(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """Go past the next token."""
        token = self.peek()
        self.at += 1
        return token

    def error(self, reason: str) -> ModelError:
        """An error about this text, for the caller to raise."""
        advice = "write a product of words such as person/(Month*household)"
        text = " ".join(self.text[: 2 * _SHOWN].split())
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        return ModelError(f"units '{shown}' cannot be read: {reason}", advice=advice)


def without_comments(text: str) -> str:
    """A unit text without comments in braces and the range behind it."""
    return " ".join(_COMMENT.sub(" ", text).split())


def _tokens(text: str) -> Iterable[str]:
    """Words and operators; ``²`` is ``^2`` and the word ``per`` is ``/``."""
    for found in _TOKEN.finditer(text.rstrip()):
        token = _SPELLED.get(found[1], found[1])
        if token in ("²", "³"):
            yield from ("^", "2" if token == "²" else "3")
        elif token in _OPERATORS or key(token) in ("per cent", ""):
            yield from (part for part in [token.strip()] if part)
        else:
            first, *rest = _PER.split(token)
            yield from (part for part in [first.strip(" _\t\n")] if part)
            for part in rest:
                yield "/"
                yield from (word for word in [part.strip(" _\t\n")] if word)


def singular(word: str) -> str:
    """A word without the ending of an English plural: one form for both, not always a word."""
    head, blank, last = word.rpartition(" ")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if last.endswith(ending) and len(last) > len(ending) + 1:
            return head + blank + last.removesuffix(ending) + instead
    if last.endswith("s") and not last.endswith("ss") and len(last) > 2:
        last = last[:-1]
    return head + blank + last
