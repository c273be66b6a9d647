"""A reference mode as a picture: what the model does as a line, published figures as dots.

In go courses and figures; out comes an SVG. A figure that stands for a period is as wide as that; its tolerance is the
bar through it. No words stand in it but the name and unit of the variable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.document.strokes import document, px
from sd_covid.document.texts import plain_number
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, RULE, SOFT

Floats = NDArray[np.float64]

_WIDE, _HIGH = 560.0, 250.0
_AROUND = 2  # years shown before the first figure and after the last
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 40.0, 26.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A published figure: its period as years with fractions, its value and how far off the model may be."""

    start: float
    end: float
    value: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Course:
    """A line: years with fractions, values, and whether it is the dashed one."""

    year: Floats
    value: Floats
    dashed: bool = False


def draw_chart(title: str, unit: str, dots: Sequence[Dot], courses: Sequence[Course]) -> str:
    """The picture.

    Parameters
    ----------
    title, unit : str
    dots : sequence of Dot
    courses : sequence of Course

    Returns
    -------
    str
        A whole SVG document.
    """
    first = math.floor(min(dot.start for dot in dots)) - _AROUND
    last = math.ceil(max(dot.end for dot in dots)) + _AROUND
    first = max(first, math.floor(min(course.year[0] for course in courses)))
    last = min(last, math.ceil(max(course.year[-1] for course in courses)))
    seen = [course.value[(course.year >= first) & (course.year <= last)] for course in courses]
    values = np.concatenate(
        [*seen, *([dot.value - dot.tolerance, dot.value + dot.tolerance] for dot in dots)]
    )
    ticks = _ticks(float(values.min()), float(values.max()))
    frame = _Frame(first, last, min(ticks[0], float(values.min())), max(ticks[-1], float(values.max())))
    parts = [
        f'<text x="12" y="18" fill="{INK}" font-weight="bold">{_escaped(title)}</text>',
        f'<text x="12" y="32" fill="{SOFT}" font-size="10">{_escaped(unit)}</text>',
    ]
    for tick in ticks:
        y = px(frame.y(tick))
        parts.append(
            f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDE - _RIGHT}" y2="{y}" stroke="{RULE}" stroke-width="0.7"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 6}" y="{px(frame.y(tick) + 3.5)}" text-anchor="end" fill="{SOFT}" '
            f'font-size="10">{plain_number(tick)}</text>'
        )
    step = 1 if last - first <= 12 else 2
    for year in range(first, last, step):
        x = px(frame.x(year))
        parts.append(
            f'<line x1="{x}" y1="{_HIGH - _BOTTOM}" x2="{x}" y2="{_HIGH - _BOTTOM + 4}" stroke="{SOFT}" '
            'stroke-width="0.8"/>'
        )
        parts.append(
            f'<text x="{px(frame.x(year + 0.5))}" y="{_HIGH - 9}" text-anchor="middle" fill="{SOFT}" '
            f'font-size="10">{year}</text>'
        )
    parts += [frame.line(course) for course in sorted(courses, key=lambda item: item.dashed)]
    parts += [frame.dot(dot) for dot in dots]
    return document(parts, (0.0, 0.0, _WIDE, _HIGH), title)


class _Frame:
    """Where years and values stand."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        room = 0.03 * (high - low) or 1.0
        self.first, self.last, self.low, self.high = first, last, low - room, high + room

    def x(self, year: float) -> float:
        """Pixels of a year."""
        return _LEFT + (year - self.first) / (self.last - self.first) * (_WIDE - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Pixels of a value."""
        return _TOP + (self.high - value) / (self.high - self.low) * (_HIGH - _TOP - _BOTTOM)

    def line(self, course: Course) -> str:
        """A course, as far as the years reach."""
        inside = (course.year >= self.first) & (course.year <= self.last)
        points = " ".join(
            f"{px(self.x(year))},{px(self.y(value))}"
            for year, value in zip(course.year[inside], course.value[inside], strict=True)
        )
        colour = PACKAGES[0] if course.dashed else REFERENCE
        dashes = ' stroke-dasharray="5 3"' if course.dashed else ""
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>'

    def dot(self, dot: Dot) -> str:
        """A figure with its period and tolerance."""
        x, y = self.x((dot.start + dot.end) / 2), self.y(dot.value)
        low, high = self.y(dot.value - dot.tolerance), self.y(dot.value + dot.tolerance)
        left, right = self.x(dot.start), self.x(dot.end)
        return (
            f'<path d="M{px(x)} {px(low)}V{px(high)}M{px(left)} {px(y)}'
            f'H{px(right)}" stroke="{INK}" stroke-width="1" fill="none"/>'
            f'<circle cx="{px(x)}" cy="{px(y)}" r="3" fill="{INK}"/>'
        )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _ticks(low: float, high: float) -> list[float]:
    """About four round values in a range."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [step * at for at in range(first, math.floor(high / step + 1e-9) + 1)]
