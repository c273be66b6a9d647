"""A Vensim file, cut into its entries.

In goes the text of an ``.mdl``; out come its entries (equation, units, documentation, flag), the first and last lines
of its macros, each with its position, and the lines of settings at its end. The sketch is left out. What an equation
says is for the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sd_covid.model.source import Source

_SKETCH = re.compile(r"^\\{1,3}---///", re.MULTILINE)
_SETTINGS = re.compile(r"^///---\\\\\\", re.MULTILINE)
_SPECIAL = re.compile(r"[\"'{\\~|]")
_QUOTED = re.compile(r'"(?:\\(?:.|\n)|[^"\\\n])*"')
_CONTINUED = re.compile(r"\\[ \t]*\n")
_GROUP = re.compile(r"(?:\s|\{[^{}]*\})*(\*{3}[^~|]*)")
_COMMENT = re.compile(r"\{[^}]*\}")
_BRACE = re.compile(r"[{}]")
_MACRO = re.compile(r"(?:\s|\{[^{}]*\})*:\s*(?:MACRO|(END\s+OF\s+MACRO))\s*:", re.IGNORECASE)
_PARAMETERS = re.compile(r'(?:"(?:\\.|[^"\\\n])*"|[^"(~|])*\([^()~|]*\)')
_LEFT = re.compile(r'\s*("(?:\\.|[^"\\\n])*"|[^=:(\[<~|]*)')


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes
    ----------
    start : int
        Position of `equation` in the file.
    equation : str
        The part up to the first ``~``; comments and continuation marks are blanks, so that positions stay.
    units, documentation : str
        As written, `units` without comments.
    units_start : int
        Position of the units.
    supplementary : bool
    """

    start: int
    equation: str
    units: str = ""
    documentation: str = ""
    units_start: int = 0
    supplementary: bool = False

    @property
    def name(self) -> str:
        """The name on the left side, as well as it can be told before parsing."""
        found = _LEFT.match(self.equation)
        return " ".join(found[1].strip('"').split()) if found else ""


@dataclass(frozen=True, slots=True)
class MacroStart:
    """The first line of a macro: what follows ``:MACRO:``, up to its closing parenthesis."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class MacroEnd:
    """The last line of a macro."""

    start: int


def entries(source: Source) -> Iterator[Entry | MacroStart | MacroEnd]:
    """Cut a file into its entries, group headers among them, and the first and last lines of macros.

    Raises
    ------
    ModelError
        When a quote, comment or entry is not closed, or an entry has too many parts.
    """
    sketch = _SKETCH.search(source.text) or _SETTINGS.search(source.text)
    end = sketch.start() if sketch else len(source.text)
    position = 0
    while position < end:
        macro = _MACRO.match(source.text, position, end)
        if macro is not None:
            line, position = _macro(source, macro, end)
            yield line
            continue
        header = _GROUP.match(source.text, position, end)
        if header is not None:
            entry, position = _rest(source, Entry(header.start(1), header[1]), header.end(), end)
            yield entry
            continue
        start, equation, position = _equation(source, position, end)
        if position == end:
            if equation.strip():
                raise _unclosed(source, Entry(start, equation))
            return
        entry, position = _rest(source, Entry(start, equation), position, end)
        yield entry


def settings(source: Source) -> Iterator[tuple[int, str]]:
    """The lines after the sketch, each with its position."""
    marker = _SETTINGS.search(source.text)
    if marker is None:
        return
    for line in re.finditer(r".+", source.text[marker.end() :]):
        yield marker.end() + line.start(), line.group()


def _macro(source: Source, found: re.Match[str], end: int) -> tuple[MacroStart | MacroEnd, int]:
    """The first or last line of a macro, and the position behind it."""
    if found[1]:
        return MacroEnd(found.start(1)), found.end()
    parameters = _PARAMETERS.match(source.text, found.end(), end)
    if parameters is None:
        advice = "write :MACRO: NAME(input, ...), or :MACRO: NAME(input, ... : output, ...)"
        raise source.error(found.end() - 1, "the macro has no list of arguments", advice=advice)
    text = _CONTINUED.sub(lambda mark: " " * len(mark[0]), parameters[0])
    return MacroStart(found.end(), text), parameters.end()


def _equation(source: Source, begin: int, end: int) -> tuple[int, str, int]:
    """The equation part from a position: where it starts, its text, and the position of the ``~`` after it."""
    text, pieces, position = source.text, [], begin
    while True:
        special = _SPECIAL.search(text, position, end)
        if special is None:
            pieces.append(text[position:end])
            position = end
            break
        at = special.start()
        pieces.append(text[position:at])
        if special[0] == "~":
            position = at
            break
        if special[0] == "|":
            reason = "the entry ends before its units and documentation"
            raise source.error(at, reason, advice="write: equation ~ units ~ documentation |")
        position = _skip(source, special[0], at, end, "".join(pieces[-2:]))
        piece = text[at:position]
        blank = special[0] == "{" or (special[0] == "\\" and len(piece) > 1)
        pieces.append(" " * len(piece) if blank else _CONTINUED.sub(lambda m: " " * len(m[0]), piece))
    equation = "".join(pieces)
    lead = len(equation) - len(equation.lstrip())
    return begin + lead, equation[lead:], position


def _skip(source: Source, special: str, at: int, end: int, before: str) -> int:
    """Position behind a quote, comment or continuation mark that begins at a position."""
    text = source.text
    if special == '"':
        quoted = _QUOTED.match(text, at, end)
        if quoted is None:
            raise source.error(at, f"a double quote is not closed on its line: {source.quote(at)}")
        return quoted.end()
    if special == "{":
        return _behind_comment(source, at, end)
    if special == "'" and before.rstrip().endswith(("(", ",")):  # elsewhere it is part of a name
        close = text.find("'", at + 1, end)
        if close < 0 or "\n" in text[at:close]:
            raise source.error(at, f"a single quote is not closed on its line: {source.quote(at)}")
        return close + 1
    continued = _CONTINUED.match(text, at, end)
    return continued.end() if continued else at + 1


def _behind_comment(source: Source, at: int, end: int) -> int:
    """Position behind a comment; comments may hold comments."""
    depth = 0
    for brace in _BRACE.finditer(source.text, at, end):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.end()
    raise source.error(at, "a comment is not closed", advice="close it with '}'")


def _rest(source: Source, entry: Entry, tilde: int, end: int) -> tuple[Entry, int]:
    """The parts of an entry behind its equation, and the position behind its ``|``."""
    close = source.text.find("|", tilde, end)
    if close < 0:
        raise _unclosed(source, entry)
    parts = source.text[tilde + 1 : close].split("~")
    if entry.equation.startswith("*"):
        return Entry(entry.start, entry.equation), close + 1
    flag = " ".join(parts[2].split()).upper() if len(parts) > 2 else ""
    supplementary = bool(flag) and ":SUPPLEMENTARY".startswith(flag[:4])
    swallowed = len(parts) == 3 and "***" in parts[1]  # a group's header, with one '~' of its own
    if len(parts) > 3 or swallowed:
        reason = f"the entry has {len(parts)} '~', so the '|' of this or the entry before it is missing"
        raise source.error(entry.start, reason, advice="close every entry with '|'", variable=entry.name)
    units = _COMMENT.sub(" ", parts[0])
    documentation = "\n".join(parts[1:] if flag and not supplementary else parts[1:2])
    return Entry(entry.start, entry.equation, units, documentation, tilde + 1, supplementary), close + 1


def _unclosed(source: Source, entry: Entry) -> Exception:
    advice = "close it with: ~ units ~ documentation |"
    return source.error(entry.start, "the entry is not closed", advice=advice, variable=entry.name)
