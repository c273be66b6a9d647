"""Equations of an XMILE file as text with places, and names as they are written there.

An equation is its own small `Source`: positions in it are turned into lines and columns of the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from pathlib import Path
from xml.sax.saxutils import escape

from sd_covid.errors import ModelError
from sd_covid.model.expression import Expression, Number, Place
from sd_covid.model.source import Source
from sd_covid.model.xmile.parse import parse_xmile, spelled

_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\{[^{}]*\}')
_ESCAPED = re.compile("[&<>]")
UNWRITTEN = "???"
#: A longer equation is refused: nobody writes one.
MAX_EQUATION = 100_000
_NUMBER = re.compile(r"\s*+([0-9]{1,200}(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?)\s*+")  # never infinite
_LEFT_OUT = re.compile(r"\s*0\s*\{\s*(GET[_ ]\w+)", re.IGNORECASE)  # as xmutil writes it
_LONG_LINE = 1_000  # characters of a line within which columns are looked for


class EquationText(Source):
    """The text of one equation.

    Parameters
    ----------
    text : str
    file : Path or None
    line : int
        Line of the file on which it begins.
    column : int or None
        Column there, where it could be found.
    """

    def __init__(self, text: str, file: Path | None, line: int, column: int | None) -> None:
        super().__init__(text, file)
        self.first_line = line
        self.first_column = column

    @cached_property
    def _longer(self) -> list[int]:
        """Positions of characters that XML writes as entities, each once for every character more."""
        return [found.start() for found in _ESCAPED.finditer(self.text) for _ in escape(found[0])[1:]]

    def place(self, position: int) -> Place:
        """Line and column in the file of a position in the equation."""
        here = super().place(position)
        line, column = here.line or 1, here.column
        if line == 1:
            first = self.first_column
            column = None if first is None else first + position + bisect_left(self._longer, position)
        return Place(self.file, self.first_line + line - 1, column)


def equation_text(text: str, file: Source, line: int | None) -> EquationText:
    """An equation with its place.

    Parameters
    ----------
    text : str
        As XML has it: entities replaced.
    file : Source
    line : int or None
        Line of the start tag, behind which the text begins.
    """
    start = line or 1
    row = file.line(start)
    first = f">{escape(text.partition(chr(10))[0])}" if len(text) <= _LONG_LINE else ""
    at = row.find(first) if first else -1
    column = at + 2 if at >= 0 and row.find(first, at + 1) < 0 else None
    return EquationText(text, file.file, start, column)


def parse_equation(source: EquationText, variable: str | None) -> Expression | None:
    """The expression that a text says; None when it says nothing, comments aside.

    Raises
    ------
    ModelError
        When it is no expression of XMILE; names line and variable.
    """
    number = _NUMBER.fullmatch(source.text)
    if number is not None:  # most equations of a large model
        return Number(float(number[1]), source.place(number.start(1)))
    text = _prepared(source, variable)
    return parse_xmile(source, text, variable)[0] if text.strip() else None


def parse_list(source: EquationText, variable: str | None) -> list[Expression]:
    """The expressions of a text, separated by commas. See `parse_equation`."""
    if _NUMBER.fullmatch(source.text) is not None:
        found = parse_equation(source, variable)
        return [] if found is None else [found]
    text = _prepared(source, variable)
    return parse_xmile(source, text, variable, several=True) if text.strip() else []


def _prepared(source: EquationText, variable: str | None) -> str:
    """The text with comments as blanks, so that positions stay."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0]) if found[0].startswith("{") else found[0]

    if len(source.text) > MAX_EQUATION:
        reason = f"the equation has more than {MAX_EQUATION} characters"
        raise source.error(0, reason, advice="spread it over several variables", variable=variable)
    text = _COMMENT.sub(blank, source.text)
    if UNWRITTEN in text:
        reason = f"the equation is '{UNWRITTEN}': what made the file could not translate it"
        raise source.error(text.index(UNWRITTEN), reason, advice="write the equation", variable=variable)
    left_out = _LEFT_OUT.match(source.text)
    if left_out is not None:
        reason = f"what made the file wrote 0 in place of {left_out[1]}"
        advice = "write the numbers, or read the model that it was made from"
        raise source.error(0, reason, advice=advice, variable=variable)
    for brace, meaning in (("{", "is not closed"), ("}", "closes nothing")):
        outside = re.sub(r'"(?:\\.|[^"\\])*"', lambda found: " " * len(found[0]), text)
        if brace in outside:
            reason = f"a comment's '{brace}' {meaning}"
            raise source.error(outside.index(brace), reason, variable=variable)
    return text.replace("\u00a0", " ")


def name_of(text: str) -> str:
    """A name as an attribute holds it, in the spelling of results: escapes replaced, blanks made one."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return spelled(text)


def name_in_equation(text: str) -> str:
    """A name as an element such as ``<inflow>`` holds it: perhaps in quotes, perhaps qualified by modules."""
    text = text.strip()
    parts = re.findall(r'"(?:\\.|[^"\\])*"|[^."]+', text) if '"' in text else text.split(".")
    joined = ".".join(name_of(part) for part in parts if part.strip())
    return "." + joined if text.startswith(".") else joined


def numbers(source: EquationText, separator: str, variable: str | None) -> tuple[float, ...]:
    """Numbers in a row, as in ``<ypts>``.

    Raises
    ------
    ModelError
        When something else stands there.
    """
    parts = source.text.split(separator) if separator.strip() else source.text.split()
    found: list[float] = []
    for part in parts:
        if not part.strip() and part is parts[-1] and found:
            continue  # a separator behind the last
        try:
            found.append(float(part))
        except ValueError as error:
            reason = f"'{' '.join(part.split())[:40]}' is no number"
            at = source.text.find(part) if part.strip() else 0
            raise source.error(at, reason, advice="write numbers, with commas", variable=variable) from error
    return tuple(found)


def number(source: EquationText, what: str) -> float:
    """One number, as in ``<start>``.

    Raises
    ------
    ModelError
        When something else stands there.
    """
    try:
        return float(source.text)
    except ValueError as error:
        raise ModelError(
            f"{what} is '{' '.join(source.text.split())[:40]}', which is no number",
            advice="write a number",
            file=source.file,
            line=source.first_line,
            variable=what,
        ) from error
