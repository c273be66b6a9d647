"""The causal diagram between sectors: who gives what to whom, as one picture.

In go sectors and what they give each other; out comes an SVG with the sectors on a ring and an arrow for each pair,
which bears the names of what is given. Each stands where it covers no sector and as few other names as can be.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from sd_covid.document.strokes import Box, Point, arrow_head, document, px, rectangle, text_at
from sd_covid.model.layout.diagram import CHARACTER, LINE, wrapped
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, tint

_RADIUS = (455.0, 330.0)  # of the ring, across and down
_SECTOR = (200.0, 60.0)
_BOW = 0.13  # how far an arrow bends aside, as a share of its length
_PLACES = 41
_WRAP = 31  # characters in a line of what is given
_COLOURS = (REFERENCE, *PACKAGES)


def sector_colours(sectors: Iterable[str]) -> dict[str, str]:
    """A colour for each sector, by its id."""
    return {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(sectors)}


def draw_couplings(
    title: str, sectors: Mapping[str, str], given: Mapping[tuple[str, str], Sequence[str]]
) -> str:
    """The picture.

    Parameters
    ----------
    title : str
    sectors : mapping
        Id -> title, in the order of the ring.
    given : mapping
        (from, to) -> names of what is given.

    Returns
    -------
    str
        A whole SVG document.
    """
    middles = _ring(list(sectors))
    boxes = {name: _box(middle, *_SECTOR) for name, middle in middles.items()}
    colours = sector_colours(sectors)
    parts: list[str] = []
    labels: list[str] = []
    taken: list[Box] = []
    curves = {
        pair: _curve(middles[pair[0]], middles[pair[1]], boxes[pair[0]], boxes[pair[1]]) for pair in given
    }
    for pair, curve in curves.items():
        parts.append(_arrow(curve, colours[pair[0]]))
    for pair in sorted(given, key=lambda item: (-len(_lines(given[item])), item)):
        lines = _lines(given[pair])
        wide, high = max(map(len, lines)) * CHARACTER + 8, len(lines) * LINE + 4
        others = [point for other, curve in curves.items() if other != pair for point in curve]
        place = _free(curves[pair], wide, high, [*boxes.values()], taken, others)
        box = _box(place, wide, high)
        taken.append(box)
        labels.append(
            rectangle(box, "#ffffff", colours[pair[0]], width=0.8, more=' rx="3" fill-opacity="0.93"')
        )
        labels.append(text_at(*place, lines, colours[pair[0]]))
    for name, box in boxes.items():
        labels.append(rectangle(box, tint(colours[name], 0.12), colours[name], width=2.0, more=' rx="8"'))
        labels.append(
            text_at(*middles[name], wrapped(sectors[name]), INK, font_weight="bold", font_size="13")
        )
    every = [*boxes.values(), *taken, *(_box(point, 4, 4) for curve in curves.values() for point in curve)]
    frame = (
        min(box[0] for box in every) - 12,
        min(box[1] for box in every) - 12,
        max(box[2] for box in every) + 12,
        max(box[3] for box in every) + 12,
    )
    return document([*parts, *labels], frame, title)


def _lines(names: Sequence[str]) -> list[str]:
    """Names below each other, a long one in several lines."""
    return [line for name in names for line in textwrap.wrap(name, _WRAP)]


def _ring(names: Sequence[str]) -> dict[str, Point]:
    """Places on an ellipse, the first on top; two beside each other."""
    if len(names) == 2:
        return {names[0]: (-_RADIUS[0] / 2, 0.0), names[1]: (_RADIUS[0] / 2, 0.0)}
    step = 2 * math.pi / max(1, len(names))
    return {
        name: (_RADIUS[0] * math.sin(step * at), -_RADIUS[1] * math.cos(step * at))
        for at, name in enumerate(names)
    }


def _box(middle: Point, wide: float, high: float) -> Box:
    return middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2


def _curve(start: Point, end: Point, source: Box, target: Box) -> list[Point]:
    """Points of an arrow that bends to its right, outside both boxes."""
    across, down = end[0] - start[0], end[1] - start[1]
    control = (
        (start[0] + end[0]) / 2 - 2 * _BOW * down,
        (start[1] + end[1]) / 2 + 2 * _BOW * across,
    )
    points = []
    for at in range(201):
        share = at / 200
        rest = 1 - share
        x = rest * rest * start[0] + 2 * rest * share * control[0] + share * share * end[0]
        y = rest * rest * start[1] + 2 * rest * share * control[1] + share * share * end[1]
        if not (_holds(source, (x, y), 2) or _holds(target, (x, y), 5)):
            points.append((x, y))
    return points


def _holds(box: Box, point: Point, gap: float) -> bool:
    return box[0] - gap <= point[0] <= box[2] + gap and box[1] - gap <= point[1] <= box[3] + gap


def _arrow(curve: Sequence[Point], colour: str) -> str:
    path = " ".join(f"{px(x)},{px(y)}" for x, y in [*curve[::4], curve[-1]])
    tip, before = curve[-1], curve[-8]
    head = arrow_head(tip, (tip[0] - before[0], tip[1] - before[1]), colour, 11.0)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{head}'


def _free(
    curve: Sequence[Point],
    wide: float,
    high: float,
    boxes: Sequence[Box],
    taken: Sequence[Box],
    others: Sequence[Point],
) -> Point:
    """Where a name stands along its arrow: clear of sectors, of other names, and of other arrows, in that order."""

    def cost(at: int) -> tuple[float, float, float]:
        place = curve[at]
        box = _box(place, wide + 6, high + 6)
        hidden = sum(_shared(box, other) for other in (*boxes, *taken))
        crossed = sum(_holds(box, point, 0) for point in others)
        return hidden, crossed, abs(at / len(curve) - 0.45)

    step = max(1, len(curve) // _PLACES)
    return curve[min(range(0, len(curve), step), key=cost)]


def _shared(first: Box, second: Box) -> float:
    """The area that two boxes share."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, across) * max(0.0, down)
