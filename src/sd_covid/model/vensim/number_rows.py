"""Rows of numbers and tables of points, taken from a text whole: they hold most of the numbers of a large model."""

from __future__ import annotations

import math
import re

from sd_covid.model.expression import Table
from sd_covid.model.scanner import SIGNED, Scanner

Point = tuple[float, float]

_POINT = rf"\(\s*+{SIGNED}\s*+,\s*+{SIGNED}\s*+\)"
_POINTS = re.compile(rf"{_POINT}(?:\s*+,\s*+{_POINT})*\s*+")
_NUMBERS = re.compile(rf"{SIGNED}\s*+(?:(?:[,;]\s*+{SIGNED}\s*+)++;?|;)(?![\w.])\s*+")
_ROW = re.compile(rf"{SIGNED}\s*+(?:[,;]\s*+{SIGNED}(?![\w.])\s*+)*+(?:[,;]\s*+)?+")
_TABBED = re.compile(r"TABBED[\s_]+ARRAY\s*+\(([\s\d.eE+-]*+)\)\s*+", re.IGNORECASE)
_PARENTHESES = str.maketrans("", "", "()")


def array(scanner: Scanner) -> tuple[float, ...] | None:
    """The row of numbers at hand, last subscript fastest; None where something else stands.

    ``1, 2; 3, 4``, with a semicolon between rows (and perhaps behind the last), or ``TABBED ARRAY(1 2 3 4)``.
    """
    start = scanner.position
    found = scanner.take(_NUMBERS)
    if found is None or scanner.kind:
        _refuse_broken_row(scanner, start)
    if found is None:
        tabbed = scanner.take(_TABBED)
        return None if tabbed is None else tuple(_floats(scanner, start, ",".join(tabbed[1].split())))
    rows = [_floats(scanner, start, row) for row in found[0].rstrip().removesuffix(";").split(";")]
    if len({len(row) for row in rows}) > 1:
        raise scanner.error(start, "the rows of the array do not have the same length")
    return tuple(number for row in rows for number in row)


def _refuse_broken_row(scanner: Scanner, start: int) -> None:
    """Say where a row of numbers goes wrong; an expression does not begin as one."""
    row = _ROW.match(scanner.text, start)
    if row is not None and ("," in row[0] or ";" in row[0]):
        ended = row.end() == len(scanner.text)
        reason = "a number is missing behind the comma" if ended else "this is no number of the row"
        raise scanner.quoting(row.end(), reason, "write numbers, with commas between them")


def table(scanner: Scanner) -> Table | None:
    """The table at hand, within parentheses that it does not look at; None where something else stands.

    Pairs, in order of x (in the order written where x is the same), with limits or without; or every x, then every y.
    """
    limits = _limits(scanner) if scanner.kind == "[" else None
    points = _points(scanner)
    if points is None and limits is not None:
        raise _no_point(scanner)
    if points is None:
        points = _columns(scanner)
    if points is None:
        return None
    return Table(tuple(sorted(points, key=lambda point: point[0])), limits)


def _limits(scanner: Scanner) -> tuple[Point, Point]:
    """``[(0,0)-(10,10)],``: corners of the drawing; points that were only drawn for reference are left out."""
    scanner.expect("[")
    low = _points(scanner)
    if low is None:
        raise _no_point(scanner)
    scanner.expect("-")
    high = _points(scanner)
    if high is None:
        raise _no_point(scanner)
    scanner.expect("]")
    scanner.skip(",")
    return low[-1], high[0]


def _no_point(scanner: Scanner) -> Exception:
    """Error about the token at hand, where a point should stand."""
    if not scanner.kind:
        return scanner.unexpected()
    reason = f"did not expect '{scanner.token}' where a table holds points"
    return scanner.quoting(scanner.position, reason, "write numbers in pairs: (x,y),(x,y)")


def _points(scanner: Scanner) -> list[Point] | None:
    start = scanner.position
    found = scanner.take(_POINTS)
    if found is None:
        return None
    if scanner.skip(","):
        raise _no_point(scanner)
    values = _floats(scanner, start, found[0].translate(_PARENTHESES))
    return list(zip(values[::2], values[1::2], strict=True))


def _columns(scanner: Scanner) -> list[Point] | None:
    """The old form: every x, then every y."""
    start = scanner.position
    found = scanner.take(_NUMBERS)
    if found is None:
        return None
    if scanner.skip(","):
        raise _no_point(scanner)
    values = _floats(scanner, start, found[0])
    half = len(values) // 2
    if len(values) % 2:
        reason = f"the table holds {len(values)} numbers, so x and y are not as many"
        raise scanner.error(start, reason, "write it in pairs: (x,y),(x,y)")
    return list(zip(values[:half], values[half:], strict=True))


def _floats(scanner: Scanner, start: int, text: str) -> list[float]:
    """Numbers with a comma between each."""
    try:
        values = [float(item) for item in "".join(text.split()).split(",")]
    except ValueError:
        raise scanner.error(start, "a row of numbers holds something else") from None
    if not all(map(math.isfinite, values)):
        raise scanner.error(start, "a number is too large")
    return values
