"""Named feedback loops as pictures: the whole way round, with the sector that each variable is of.

In go the variables of a loop in order of effect; out comes an SVG. Which they are, and how strong a loop is, is not for
here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sd_covid.document.strokes import Names, Point, Shape, arrow_head, document, px, rectangle, text_at
from sd_covid.model.layout.diagram import text_size, wrapped
from sd_covid.report.drawing.theme import INK, SOFT, tint

_CELL = (190.0, 66.0)
_WIDE = 270.0  # between two columns, so that the mark fits between
_COLUMNS = 6  # as many as fit a page
_ASIDE = 9.0  # how far two arrows between the same boxes stand from their middles
_ROOM = 16.0  # around a name in its box


def draw_loop(title: str, mark: str, path: Sequence[str], names: Names, colours: Mapping[str, str]) -> str:
    """The picture of a loop.

    Parameters
    ----------
    title : str
        For screen readers.
    mark : str
        What stands in the middle: the loop's id.
    path : sequence of str
        Keys of its variables, in order of effect.
    names : Names
    colours : mapping
        Key -> colour of the sector that a variable is of.

    Returns
    -------
    str
        A whole SVG document.
    """
    places = _around(len(path))
    shapes = [_shape(name, place, names) for name, place in zip(path, places, strict=True)]
    aside = _ASIDE if len(path) == 2 else 0.0
    parts = [
        _arrow(first, second, names.stroke(first.name, second.name), aside)
        for first, second in zip(shapes, [*shapes[1:], *shapes[:1]], strict=True)
    ]
    for shape in shapes:
        box = (
            shape.x - shape.width / 2,
            shape.y - shape.height / 2,
            shape.x + shape.width / 2,
            shape.y + shape.height / 2,
        )
        colour = colours.get(shape.name, SOFT)
        stock = names.times.get(shape.name) is not None
        parts.append(
            rectangle(box, tint(colour, 0.12), colour, width=2.0 if stock else 1.0, more=_corners(stock))
        )
        bold = {"font_weight": "bold"} if stock else {}
        parts.append(text_at(shape.x, shape.y, wrapped(names.spelled[shape.name]), INK, **bold))
    across, down = ([place[axis] for place in places] for axis in (0, 1))
    middle = ((min(across) + max(across)) / 2, (min(down) + max(down)) / 2 - (34 if len(path) == 2 else 0))
    parts.append(text_at(*middle, [mark], SOFT, font_size="20", font_weight="bold"))
    frame = (
        min(shape.x - shape.width / 2 for shape in shapes) - 14,
        min(middle[1] - 14, *(shape.y - shape.height / 2 for shape in shapes)) - 14,
        max(shape.x + shape.width / 2 for shape in shapes) + 14,
        max(shape.y + shape.height / 2 for shape in shapes) + 14,
    )
    return document(parts, frame, title)


def _corners(stock: bool) -> str:
    return "" if stock else ' rx="12"'


def _around(count: int) -> list[Point]:
    """Places on the rim of a rectangle, clockwise from the upper left corner."""
    if count == 2:
        return [(0.0, 0.0), (_WIDE, 0.0)]
    columns = max(2, min(_COLUMNS, round(count / 3)))
    rows = max(2, math.ceil((count - 2 * columns) / 2) + 2)
    rim = [(float(column), 0.0) for column in range(columns)]
    rim += [(columns - 1.0, float(row)) for row in range(1, rows - 1)]
    rim += [(float(column), rows - 1.0) for column in range(columns - 1, -1, -1)]
    rim += [(0.0, float(row)) for row in range(rows - 2, 0, -1)]
    # A place too many stays free in the bottom row, where it makes an arrow longer.
    spare, last = len(rim) - count, columns + rows - 2
    kept = [place for at, place in enumerate(rim) if not last < at <= last + spare]
    wide = _WIDE if columns == 2 else _CELL[0]
    return [(x * wide, y * _CELL[1]) for x, y in kept]


def _shape(name: str, place: Point, names: Names) -> Shape:
    wide, high = text_size(names.spelled[name])
    return Shape(name, place[0], place[1], min(_CELL[0] - 22, 1.18 * wide + _ROOM), high + 10)


def _arrow(first: Shape, second: Shape, stroke: tuple[str, str], aside: float) -> str:
    """A straight arrow from rim to rim of two boxes, some pixels to its left."""
    start, end = _rim(first, (second.x, second.y)), _rim(second, (first.x, first.y))
    direction = (end[0] - start[0], end[1] - start[1])
    length = math.hypot(*direction) or 1.0
    shift = (aside * direction[1] / length, -aside * direction[0] / length)
    start, end = (start[0] + shift[0], start[1] + shift[1]), (end[0] + shift[0], end[1] + shift[1])
    short = (end[0] - 5 * direction[0] / length, end[1] - 5 * direction[1] / length)
    colour, dashes = stroke
    line = (
        f'<line x1="{px(start[0])}" y1="{px(start[1])}" x2="{px(short[0])}" y2="{px(short[1])}" '
        f'stroke="{colour}" stroke-width="1.5"{dashes}/>'
    )
    return line + arrow_head(end, direction, colour, 8.0)


def _rim(shape: Shape, towards: Point) -> Point:
    """Where a line from the middle of a box leaves it, and a little further."""
    across, down = towards[0] - shape.x, towards[1] - shape.y
    scale = min(
        (shape.width / 2 + 3) / abs(across) if across else math.inf,
        (shape.height / 2 + 3) / abs(down) if down else math.inf,
    )
    return shape.x + across * scale, shape.y + down * scale
