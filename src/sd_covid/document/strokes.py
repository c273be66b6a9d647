"""The strokes that pictures are made of: boxes, texts, arrow heads, and a cause in the shape that says what it is.

Out come pieces of SVG, without words but names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from sd_covid.analysis.signs import Sign
from sd_covid.model.layout.diagram import LINE, wrapped
from sd_covid.report.drawing.theme import INK, REFERENCE

#: What a name is to the sector: one of its own, given by another sector, read from data, or a stock.
Origin = Literal["own", "input", "driver", "stock"]

FILL: Mapping[str, str] = {"stock": "#e8eff6", "input": "#fbeee6", "driver": "#e5f1ef"}
PIPE = "#5c7a99"
_STROKES: Mapping[Sign, tuple[str, str]] = {
    "+": ("#6b7784", ""),
    "-": ("#b3261e", ' stroke-dasharray="6 3"'),
    "?": ("#6b7784", ' stroke-dasharray="1.5 3"'),
    "0": ("#6b7784", ' stroke-dasharray="1.5 3"'),
}
_FONT = "Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif"
_SIZE = 11.0
_INPUT, _DRIVER = "#a8480f", "#00695c"

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Names:
    """What is written and how it is drawn.

    Attributes
    ----------
    spelled : mapping
        Key -> name as spelled.
    origins : mapping
        Key -> `Origin`; "own" where it says nothing.
    times : mapping
        Key of a stock -> how many elements it has.
    signs : mapping
        (cause, effect) -> the sign of the link; "+" where it says nothing.
    """

    spelled: Mapping[str, str]
    origins: Mapping[str, Origin]
    times: Mapping[str, int]
    signs: Mapping[tuple[str, str], Sign] = field(default_factory=dict)

    def stroke(self, cause: str, effect: str) -> tuple[str, str]:
        """Colour of an arrow, and what makes it dashed or dotted, so that it is told apart without colour."""
        return _STROKES[self.signs.get((cause, effect), "+")]


def document(parts: Sequence[str], box: Box, title: str) -> str:
    """Drawn parts as a document that shows the box (left, top, right, bottom)."""
    left, top, right, bottom = box
    wide, high = px(right - left), px(bottom - top)
    place = f"{px(left)} {px(top)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{place} {wide} {high}" width="{wide}" height="{high}" '
        f'role="img" font-family="{_FONT}" font-size="{_SIZE:g}">'
    )
    ground = f'<rect x="{px(left)}" y="{px(top)}" width="{wide}" height="{high}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, *parts, "</svg>"]) + "\n"


def text_at(x: float, y: float, lines: Sequence[str], colour: str = INK, **more: str) -> str:
    """Lines of text around a middle."""
    top = y - LINE * (len(lines) - 1) / 2 + 0.35 * _SIZE
    style = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    rows = "".join(
        f'<tspan x="{px(x)}" y="{px(top + LINE * at)}">{escape(line)}</tspan>'
        for at, line in enumerate(lines)
    )
    anchor = "" if "text_anchor" in more else ' text-anchor="middle"'
    return f'<text fill="{colour}"{anchor}{style}>{rows}</text>'


def arrow_head(tip: Point, direction: Point, colour: str, size: float = 6.0) -> str:
    """A filled head whose tip is there, pointing along a direction."""
    length = math.hypot(*direction) or 1.0
    along, across = (
        (direction[0] / length, direction[1] / length),
        (-direction[1] / length, direction[0] / length),
    )
    base = (tip[0] - size * along[0], tip[1] - size * along[1])
    corners = [
        tip,
        (base[0] + 0.45 * size * across[0], base[1] + 0.45 * size * across[1]),
        (base[0] - 0.45 * size * across[0], base[1] - 0.45 * size * across[1]),
    ]
    return f'<polygon points="{" ".join(f"{px(x)},{px(y)}" for x, y in corners)}" fill="{colour}"/>'


def px(value: float) -> str:
    """A coordinate without needless digits."""
    return f"{round(value, 1) + 0.0:g}"


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a cause stands: its key, its middle, and the size of its box."""

    name: str
    x: float
    y: float
    width: float
    height: float


def rectangle(box: Box, fill: str, line: str, *, width: float = 1.0, more: str = "") -> str:
    """A box (left, top, right, bottom)."""
    left, top, right, bottom = box
    return (
        f'<rect x="{px(left)}" y="{px(top)}" width="{px(right - left)}" '
        f'height="{px(bottom - top)}" fill="{fill}" stroke="{line}" stroke-width="{width:g}"{more}/>'
    )


def cause_shape(shape: Shape, names: Names) -> Sequence[str]:
    """A cause: its name, in a box that says what it is to the sector."""
    origin = names.origins.get(shape.name, "own")
    half, high = shape.width / 2, shape.height / 2
    box = (shape.x - half, shape.y - high, shape.x + half, shape.y + high)
    match origin:
        case "input":
            ground = rectangle(box, FILL["input"], _INPUT, more=' rx="10"')
        case "driver":
            ground = rectangle(box, FILL["driver"], _DRIVER, more=' stroke-dasharray="5 3"')
        case "stock":
            ground = rectangle(box, FILL["stock"], REFERENCE)
        case _:
            ground = rectangle(box, "#ffffff", "none", more=' fill-opacity="0.8"')
    return [ground, text_at(shape.x, shape.y, wrapped(names.spelled[shape.name]))]
