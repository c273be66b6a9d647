"""A chart as small as a word, for a row of a table: recent figures as dots on the band in which they were expected.

In go points; out comes an ``<svg>`` element of about a kilobyte without any text: the row beside it has the numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from sd_covid.calibration.validity.report import Point
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, tint

WIDTH, HEIGHT = 120, 34
_ROOM = 4  # kept free on all sides, for the dots


def sparkline(points: Sequence[Point]) -> str:
    """Bands of 90 % as bars, medians as strokes, figures as dots; the newest dot is large, and hollow outside its band.

    Parameters
    ----------
    points : sequence of Point
        In order of time; a figure that is NaN is still to come.

    Returns
    -------
    str
        Hidden from screen readers.
    """
    ends = [point.end for point in points]
    values = [value for point in points for value in (point.low_90, point.high_90, point.figure)]
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known), max(known)
    span = (max(ends) - min(ends)) or 1.0
    # A bar is as wide as the smallest step between figures, but no wider than a sixth of the chart.
    steps = [later - earlier for earlier, later in itertools.pairwise(ends)]
    inner = WIDTH - 2 * _ROOM
    wide = min(inner / 6, max(2.0, inner * min(steps, default=span) / span * 0.9))

    def across(end: float) -> float:
        left = 0.5 if len(points) == 1 else (end - min(ends)) / span
        return _ROOM + wide / 2 + left * (inner - wide)

    def down(value: float) -> float:
        share = 0.5 if high == low else (value - low) / (high - low)
        return HEIGHT - _ROOM - share * (HEIGHT - 2 * _ROOM)

    drawn = []
    for point in points:
        x, top, bottom = across(point.end), down(point.high_90), down(point.low_90)
        drawn.append(_box(x - wide / 2, top, wide, max(bottom - top, 1.0), tint(REFERENCE, 0.2)))
        drawn.append(_box(x - wide / 2, down(point.median) - 0.5, wide, 1.0, REFERENCE))
    figures = [point for point in points if math.isfinite(point.figure)]
    drawn += [_dot(across(point.end), down(point.figure), 1.4, INK, INK) for point in figures[:-1]]
    for point in figures[-1:]:
        outside = not point.low_90 <= point.figure <= point.high_90
        fill, line = ("#ffffff", PACKAGES[0]) if outside else (INK, INK)
        drawn.append(_dot(across(point.end), down(point.figure), 3.0, fill, line))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="spark" aria-hidden="true" {size}>{"".join(drawn)}</svg>'


def _box(x: float, y: float, wide: float, tall: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"/>'


def _dot(x: float, y: float, radius: float, fill: str, line: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{line}" stroke-width="1.2"/>'
    )
