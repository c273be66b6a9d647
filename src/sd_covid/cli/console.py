"""What a person reads: tables on standard output, notes on standard error."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130  # exit code: 128 + SIGINT, as a shell reports it
#: Control characters of ASCII and Latin-1 but for tab and line feed, and those that set the direction of a text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
PIPED_WIDTH = 180  # a file or a pipe has no width of its own


def printable(text: str) -> str:
    """A text without characters that would move the cursor, colour what follows or turn the direction of reading.

    Names and titles come from files of others. Line breaks and tabs stay.
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def console() -> Console:
    """Standard output, as wide as the terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False, soft_wrap=False)


def table(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()
) -> None:
    """Print a table.

    Parameters
    ----------
    title : str
    headers : sequence of str
    rows : iterable of sequence of str
        Shown as they are: square brackets in them are not markup. The first column is not wrapped.
    numbers : sequence of int
        Columns that hold numbers, aligned to the right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    screen = console()
    screen.print(Text(printable(title)), soft_wrap=True)
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, header in enumerate(headers):
        shown.add_column(
            printable(header),
            justify="right" if position in numbers else "left",
            overflow="fold",
            no_wrap=position == 0,
        )
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    screen.print(shown)


def say(line: str) -> None:
    """Print one line, not wrapped, so that a script can read it."""
    sys.stdout.write(printable(line) + "\n")


def note(line: str) -> None:
    """Print one line on standard error: how the work goes, not what came of it."""
    sys.stderr.write(printable(line) + "\n")


def warn(line: str) -> None:
    """Print a warning on standard error."""
    note(f"warning: {line}")


def as_typed() -> str:
    """The command as it was typed, for the foot of what it writes."""
    return shlex.join(["sd-covid", *sys.argv[1:]])
