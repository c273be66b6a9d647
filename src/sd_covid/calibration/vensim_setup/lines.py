"""The lines of a set-up file, each with its place.

Capitals, blanks and underscores do not count, ``{comments}`` may run over several lines, and a name between double
quotes may hold any sign.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sd_covid.errors import ProblemError, SdCovidError, suggest
from sd_covid.files import text_of

_COMMENT = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text without comments, and where it stands."""

    text: str
    file: Path
    number: int

    def error(self, reason: str, advice: str | None = None, variable: str | None = None) -> ProblemError:
        """A fault in this line."""
        return ProblemError(reason, advice=advice, file=self.file, line=self.number, variable=variable)

    def placed(self, error: SdCovidError) -> ProblemError:
        """A fault found elsewhere in what this line says, with its place."""
        return self.error(error.reason, error.advice, error.variable)

    def number_of(self, text: str, what: str) -> float:
        """A number.

        Raises
        ------
        ProblemError
            When it is none, or not finite; ``what`` names it.
        """
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            advice = "write it with a point, such as 0.5"
            raise self.error(f"{what}: '{text.strip()}' is not a number", advice)
        return value

    def choice(self, text: str, known: Iterable[str], what: str) -> str:
        """One of a closed set.

        Raises
        ------
        ProblemError
        """
        names = list(known)
        if text not in names:
            advice = suggest(text, names) or "use one of " + ", ".join(names)
            raise self.error(f"'{text}' is not a known {what}", advice)
        return text


def read_lines(path: Path | str, blanks: str | None = None) -> list[Line]:
    """The lines of a file that hold more than blanks and comments.

    Parameters
    ----------
    path : path
    blanks : str, optional
        What is cut off at both ends of a line: by default every blank.

    Raises
    ------
    ProblemError
        A missing file, text that is not UTF-8, a brace that is not closed.
    """
    file = Path(path)
    try:
        text = text_of(file, "utf-8-sig")
    except FileNotFoundError as error:
        raise ProblemError("the file does not exist", advice="check the path", file=file) from error
    except (UnicodeDecodeError, OSError) as error:
        reason = "the file is not readable UTF-8 text"
        raise ProblemError(reason, advice="save it as UTF-8", file=file) from error
    bare = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
    lines = [Line(line.strip(blanks), file, number) for number, line in enumerate(bare.splitlines(), 1)]
    for line in lines:
        if "{" in line.text or "}" in line.text:
            raise line.error("a brace has no partner", "comments stand between { and }")
    return [line for line in lines if line.text]


def parts(text: str, separator: str) -> list[str]:
    """Split at a separator outside double quotes, brackets and parentheses; surrounding blanks removed.

    Examples
    --------
    >>> parts('a[x,y] = "b=c"', "=")
    ['a[x,y]', '"b=c"']
    """
    found, depth, quoted, at = [""], 0, False, 0
    while at < len(text):
        sign = text[at]
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "[(") - (sign in "])")
        if not quoted and depth == 0 and text.startswith(separator, at):
            found.append("")
            at += len(separator)
            continue
        found[-1] += sign
        at += 1
    return [part.strip() for part in found]
