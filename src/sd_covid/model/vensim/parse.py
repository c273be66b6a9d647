"""Text of Vensim's equations to what it says; see `sd_covid.model.xmile.parse` for XMILE's.

In goes one entry or expression of a `Source`; out come an `Equation` or `RangeDefinition`, or an `Expression`, every
node with its place in the file. Only form is checked here: what the names mean is for `sd_covid.model.check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sd_covid.model.definition import MacroDefinition, RangeDefinition, VariableDefinition
from sd_covid.model.expression import Binary, Expression, chain, children
from sd_covid.model.scanner import Scanner
from sd_covid.model.source import Source
from sd_covid.model.vensim.entry import DefinitionParser
from sd_covid.model.vensim.expression import VensimParser

#: Deeper expressions are refused: everything that walks one may then use recursion.
MAX_DEPTH = 250
_TWO_SIGNS = re.compile(r"[^=(:]*=\s*[^\s=()<>:][^=()<>:]*=")


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
    parser = DefinitionParser(source, start, text, variable)
    found = parser.definition()
    expression = found.equation.expression if isinstance(found, VariableDefinition) else None
    if expression is not None:
        if isinstance(expression, Binary) and expression.operator == "=":
            two = _TWO_SIGNS.match(text)
            if two is not None:
                reason, advice = "did not expect '=' a second time", "put a comparison in parentheses"
                raise parser.quoting(two.end() - 1, reason, advice)
        refuse_depth(parser, expression)
    return found


def parse_macro(source: Source, start: int, text: str) -> MacroDefinition:
    """Parse the first line of a macro, from behind ``:MACRO:``; its variables are not in it yet.

    Raises
    ------
    ModelError
        When the text is no macro's name and arguments.
    """
    return DefinitionParser(source, start, text, None).macro()


def parse_expression(text: str, file: Path | None = None) -> Expression:
    """Parse an expression that stands alone, such as one typed by a user.

    Raises
    ------
    ModelError
        When it is not an expression.
    """
    parser = VensimParser(Source(text, file), 0, text, None)
    found = parser.whole()
    refuse_depth(parser, found)
    return found


def refuse_depth(scanner: Scanner, expression: Expression) -> None:
    """Refuse deep nesting; a row of operations, however long, is one level.

    Raises
    ------
    ModelError
        When what the scanner has read is nested too deep.
    """
    if len(scanner.text) <= MAX_DEPTH:  # each level takes a character
        return
    level, depth = [expression], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            reason = f"the expression is nested more than {MAX_DEPTH} deep"
            raise scanner.quoting(0, reason, "spread it over several variables")
        level = [below for node in level for below in _level_below(node)]


def _level_below(node: Expression) -> Iterator[Expression]:
    if isinstance(node, Binary):
        first, links = chain(node)
        yield first
        yield from (link.right for link in links)
    else:
        yield from children(node)
