"""Text of equations to expressions, by the grammar in ``expression.lark``.

In goes one entry or expression of a `Source`; out come an `Equation` or `RangeDefinition`, or an `Expression`, every
node with its place in the file. Only form is checked here: what the names mean is for `sd_covid.model.check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from sd_covid.errors import ModelError
from sd_covid.model.build import Builder
from sd_covid.model.definition import MacroDefinition, RangeDefinition, VariableDefinition
from sd_covid.model.expression import Binary, Expression, Number, Unary, chain, children
from sd_covid.model.source import Source
from sd_covid.model.structure import Equation, Kind

#: Deeper expressions are refused: everything that walks one may then use recursion.
MAX_DEPTH = 250
# Possessive (`*+`): where a blank may belong to either of two patterns, a row of them takes the square of its length.
_WORDS = r"[A-Za-z][\w$]*+(?:\s++[A-Za-z_$][\w$]*+)*"
_CONSTANT = re.compile(
    rf"\s*+(?P<name>{_WORDS})\s*+(?:\[\s*+(?P<subscripts>{_WORDS}(?:\s*+,\s*+{_WORDS})*+)\s*+\])?\s*+=\s*+"
    r"(?P<sign>-?)\s*+(?P<number>(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,2})?)\s*+"
)
_TWO_SIGNS = re.compile(r"[^=(:]*=\s*[^\s=()<>:][^=()<>:]*=")
_OPERANDS = frozenset({"NAME", "X_NAME", "QUOTED", "NUMBER", "STRING", "LPAR", "NOT_AVAILABLE"})
_VENSIM = ("definition", "expression", "macro")
_XMILE = ("xmile_expression", "xmile_list")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a source to be parsed; `text` may have comments blanked, so that positions stay."""

    source: Source
    start: int
    text: str
    variable: str | None

    def error(self, position: int, reason: str, advice: str | None = None) -> ModelError:
        at = self.start + min(position, max(len(self.text.rstrip()) - 1, 0))
        return self.source.error(
            at, f"{reason}: {self.source.quote(at)}", advice=advice, variable=self.variable
        )


def parse_definition(
    source: Source, start: int, text: str, variable: str | None = None
) -> VariableDefinition | RangeDefinition:
    """Parse the equation part of one Vensim entry.

    Parameters
    ----------
    source : Source
        The file.
    start : int
        Position of the text in it.
    text : str
        The text, with comments and continuation marks replaced by as many blanks.
    variable : str, optional
        The name to give in an error.

    Raises
    ------
    ModelError
        When the text is no equation, data variable, lookup or subscript range; names line and variable.
    """
    constant = _CONSTANT.fullmatch(text)
    if constant is not None:
        return _constant(source, start, constant)
    found = _parse(_Part(source, start, text, variable), "definition")
    assert isinstance(found, VariableDefinition | RangeDefinition), (
        "the grammar's start decides what comes back"
    )
    return found


def _constant(source: Source, start: int, found: re.Match[str]) -> VariableDefinition:
    """``name = number``, as the grammar reads it, without its cost: a third of a model's equations are of this form."""
    place = source.place(start + found.start("name"))
    value: Expression = Number(float(found["number"]), source.place(start + found.start("number")))
    if found["sign"]:
        value = Unary("-", value, source.place(start + found.start("sign")))
    subscripts = (found["subscripts"] or "").split(",") if found["subscripts"] else ()
    left = tuple(" ".join(item.split()) for item in subscripts)
    equation = Equation(Kind.EQUATION, left, expression=value, place=place)
    return VariableDefinition(" ".join(found["name"].split()), equation)


def parse_macro(source: Source, start: int, text: str) -> MacroDefinition:
    """Parse the first line of a macro, from behind ``:MACRO:``; its variables are not in it yet.

    Raises
    ------
    ModelError
        When the text is no macro's name and arguments.
    """
    found = _parse(_Part(source, start, text, None), "macro")
    assert isinstance(found, MacroDefinition), "the grammar's start decides what comes back"
    return found


def parse_expression(text: str, file: Path | None = None) -> Expression:
    """Parse an expression that stands alone, such as one typed by a user.

    Raises
    ------
    ModelError
        When it is not an expression.
    """
    found = _parse(_Part(Source(text, file), 0, text, None), "expression")
    assert not isinstance(found, VariableDefinition | RangeDefinition | MacroDefinition), (
        "the grammar's start decides what comes back"
    )
    return found


def parse_xmile(
    source: Source, text: str, variable: str | None, *, several: bool = False
) -> list[Expression]:
    """Parse an equation of an XMILE file; see `sd_covid.model.xmile.build` for what its subscripts become.

    Parameters
    ----------
    source : Source
        The equation.
    text : str
        Its text, with comments replaced by as many blanks.
    variable : str or None
        The name to give in an error.
    several : bool
        Whether it may be several expressions, separated by commas.

    Raises
    ------
    ModelError
        When it is not an expression.
    """
    from sd_covid.model.xmile.build import XmileBuilder

    part = _Part(source, 0, text, variable)
    start = "xmile_list" if several else "xmile_expression"
    try:
        found = XmileBuilder(source, 0, variable).transform(_parser(_XMILE).parse(text, start=start))
    except UnexpectedInput as error:
        raise _explain(part, error) from None
    except VisitError as error:
        raise error.orig_exc from None
    expressions: list[Expression] = found if several else [found]
    for expression in expressions:
        _refuse_depth(part, expression)
    return expressions


@cache
def _parser(starts: tuple[str, ...]) -> Lark:
    """The parser of one file format: building it takes longer than reading a small model."""
    grammar = files("sd_covid.model").joinpath("expression.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", start=list(starts), maybe_placeholders=False)


def _parse(
    part: _Part, start: Literal["definition", "expression", "macro"]
) -> VariableDefinition | RangeDefinition | MacroDefinition | Expression:
    try:
        tree = _parser(_VENSIM).parse(part.text, start=start)
        builder = Builder(part.source, part.start, part.variable)
        found: VariableDefinition | RangeDefinition | MacroDefinition | Expression = builder.transform(tree)
    except UnexpectedInput as error:
        raise _explain(part, error) from None
    except VisitError as error:
        raise error.orig_exc from None
    expression = found.equation.expression if isinstance(found, VariableDefinition) else found
    two = _TWO_SIGNS.match(part.text) if start == "definition" else None
    if two is not None and isinstance(expression, Binary) and expression.operator == "=":
        advice = "put a comparison in parentheses"
        raise part.error(two.end() - 1, "did not expect '=' a second time", advice)
    if expression is not None and not isinstance(expression, RangeDefinition | MacroDefinition):
        _refuse_depth(part, expression)
    return found


def _refuse_depth(part: _Part, expression: Expression) -> None:
    """Refuse deep nesting; a row of operations, however long, is one level."""
    level, depth = [expression], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            reason = f"the expression is nested more than {MAX_DEPTH} deep"
            raise part.error(0, reason, "spread it over several variables")
        level = [below for node in level for below in _level_below(node)]


def _level_below(node: Expression) -> Iterator[Expression]:
    if isinstance(node, Binary):
        first, links = chain(node)
        yield first
        yield from (link.right for link in links)
    else:
        yield from children(node)


def _explain(part: _Part, error: UnexpectedInput) -> ModelError:
    """What is wrong, in a modeller's words."""
    if isinstance(error, UnexpectedCharacters):
        return _explain_character(part, error.pos_in_stream or 0)
    if isinstance(error, UnexpectedEOF) or not isinstance(error, UnexpectedToken):
        return part.error(len(part.text), "the equation is not complete")
    token, position = error.token, error.token.start_pos
    if token.type == "$END" or position is None:
        unclosed = part.text.count("(") > part.text.count(")")
        reason = "a '(' is not closed" if unclosed else "the equation ends where something should follow"
        return part.error(len(part.text), reason)
    before = part.text[:position]
    if token.type == "RPAR" and before.count("(") <= before.count(")"):
        return part.error(position, "a ')' closes nothing")
    if token.type in _OPERANDS and "PLUS" in error.expected and "NUMBER" not in error.expected:
        return part.error(position, f"an operator or a comma is missing before '{token}'")
    if before.rstrip().endswith((",", "(")) and token.type in {"COMMA", "RPAR"}:
        return part.error(position, f"an argument is missing before '{token}'")
    return part.error(position, f"did not expect '{token}'")


def _explain_character(part: _Part, position: int) -> ModelError:
    found = part.text[position]
    if found == '"':
        return part.error(position, "a double quote is not closed on its line")
    if found == "'":
        return part.error(position, "a single quote is not closed on its line")
    shown = found if found.isprintable() else f"U+{ord(found):04X}"
    advice = 'a name with special characters stands in double quotes: "a & b"'
    return part.error(position, f"'{shown}' has no meaning here", advice)
