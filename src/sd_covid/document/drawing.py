"""Stocks and flows as a picture: an SVG that can be read without the text around it.

In goes a laid-out view; out comes an ``<svg>`` document. Stocks are boxes, flows pipes with a valve, causes arrows.
What a name is shows in its shape as well as in its colour. No text but names stands in it, so that it serves pages in
any language.
"""

from __future__ import annotations

import math

from sd_covid.document.strokes import (
    FILL,
    PIPE,
    Box,
    Names,
    Point,
    Shape,
    arrow_head,
    cause_shape,
    document,
    px,
    rectangle,
    text_at,
)
from sd_covid.model.layout.diagram import NAME_BELOW, VALVE, Connector, Node, PipeLine, View, wrapped
from sd_covid.report.drawing.theme import REFERENCE, SOFT

_GAP = 3.0  # between a box and the arrow at it


def draw(view: View, names: Names) -> str:
    """The picture.

    Parameters
    ----------
    view : View
    names : Names

    Returns
    -------
    str
        A whole SVG document, of its natural size in pixels.
    """
    pen = _Pen(view, names)
    for connector in view.connectors:
        pen.arrow(connector)
    for pipe in view.pipes:
        pen.pipe(pipe)
    for node in view.nodes:
        pen.node(node)
    return document(pen.parts, pen.box(), view.title)


class _Pen:
    """Draws the parts of one view."""

    def __init__(self, view: View, names: Names) -> None:
        self.view, self.names = view, names
        self.parts: list[str] = []
        self.reach: list[Box] = []

    def box(self) -> Box:
        """All that was drawn, with a margin."""
        boxes = self.reach + [box for node in self.view.nodes for box in node.boxes]
        return (
            min(box[0] for box in boxes) - 12,
            min(box[1] for box in boxes) - 12,
            max(box[2] for box in boxes) + 12,
            max(box[3] for box in boxes) + 12,
        )

    def node(self, node: Node) -> None:
        """A stock, a flow's valve and name, a cloud, or a cause."""
        match node.role:
            case "stock":
                self.parts.append(rectangle(node.boxes[0], FILL["stock"], REFERENCE, width=1.6))
                self._stock_text(node)
            case "flow":
                self._valve(node)
            case "cloud":
                self._cloud(node)
            case _:
                self._cause(node)

    def _stock_text(self, node: Node) -> None:
        lines = wrapped(self.names.spelled[node.name])
        self.parts.append(text_at(node.x, node.y, lines, font_weight="bold"))
        times = self.names.times.get(node.name, 1)
        if times > 1:  # in the lower right corner
            _, _, right, bottom = node.boxes[0]
            mark = text_at(right - 4, bottom - 7, [f"× {times}"], SOFT, font_size="9", text_anchor="end")
            self.parts.append(mark)

    def _valve(self, node: Node) -> None:
        """Two triangles tip to tip, and the name below on a ground that keeps lines from running through it."""
        x, y, high = node.x, node.y, VALVE * 0.8
        points = [(x - VALVE, y - high), (x + VALVE, y + high), (x + VALVE, y - high), (x - VALVE, y + high)]
        shape = " ".join(f"{px(a)},{px(b)}" for a, b in points)
        self.parts.append(f'<polygon points="{shape}" fill="#ffffff" stroke="{PIPE}" stroke-width="1.5"/>')
        lines = wrapped(self.names.spelled[node.name])
        self.parts.append(rectangle(node.boxes[1], "#ffffff", "none", more=' fill-opacity="0.8"'))
        self.parts.append(text_at(x, y + NAME_BELOW + node.height / 2, lines))

    def _cloud(self, node: Node) -> None:
        x, y = node.x, node.y
        rings = [(-5.0, 1.5, 5.0), (0.0, -3.0, 6.0), (5.5, 1.5, 4.8)]
        for grow, colour in ((1.2, PIPE), (0.0, "#ffffff")):
            for dx, dy, radius in rings:
                self.parts.append(
                    f'<circle cx="{px(x + dx)}" cy="{px(y + dy)}" r="{px(radius + grow)}" fill="{colour}"/>'
                )

    def _cause(self, node: Node) -> None:
        wide = _around(node)
        self.parts += cause_shape(Shape(node.name, node.x, node.y, wide.width, wide.height), self.names)

    def pipe(self, pipe: PipeLine) -> None:
        """A double line from end to end, with a head at its target."""
        valve = self.view.nodes[pipe.valve]
        way = [*reversed(pipe.to_source), (valve.x, valve.y), *pipe.to_target]
        direction = (way[-1][0] - way[-2][0], way[-1][1] - way[-2][1])
        length = math.hypot(*direction) or 1.0
        tip, cut = way[-1], min(8.0, length)
        way[-1] = (tip[0] - cut * direction[0] / length, tip[1] - cut * direction[1] / length)
        points = " ".join(f"{px(x)},{px(y)}" for x, y in way)
        for width, colour in ((5.0, PIPE), (2.4, "#ffffff")):
            self.parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
            )
        self.parts.append(arrow_head(tip, direction, PIPE, 11.0))
        self.reach += [(x - 4, y - 4, x + 4, y + 4) for x, y in way]

    def arrow(self, connector: Connector) -> None:
        """A thin curve from a cause to an effect, cut where their boxes begin."""
        cause, effect = self.view.nodes[connector.cause], self.view.nodes[connector.effect]
        start, end = (cause.x, cause.y), (effect.x, effect.y)
        middle = connector.middle or _bow(start, end)
        # The curve goes through `middle` half way: that is its control point drawn out to twice the distance.
        control = (2 * middle[0] - (start[0] + end[0]) / 2, 2 * middle[1] - (start[1] + end[1]) / 2)
        curve = [_bezier(start, control, end, at / 60) for at in range(61)]
        first = max((at for at in range(61) if _inside(curve[at], cause)), default=0)
        last = min((at for at in range(61) if _inside(curve[at], effect)), default=60)
        if last - first < 2:
            return
        tip, before = curve[last], curve[max(first, last - 4)]
        control = _part_control(start, control, end, first / 60, last / 60)
        colour, dashes = self.names.stroke(cause.name, effect.name)
        self.parts.append(
            f'<path d="M{px(curve[first][0])} {px(curve[first][1])} Q{px(control[0])} {px(control[1])} '
            f'{px(tip[0])} {px(tip[1])}" fill="none" stroke="{colour}" stroke-width="1.2"{dashes}/>'
        )
        self.parts.append(arrow_head(tip, (tip[0] - before[0], tip[1] - before[1]), colour))
        self.reach += [(x - 2, y - 2, x + 2, y + 2) for x, y in curve]


def _around(node: Node) -> Node:
    """A node with room around its text."""
    return Node(node.role, node.name, node.x, node.y, node.width + 14, node.height + 6)


def _bow(start: Point, end: Point) -> Point:
    """The middle of a line, a little aside, so that arrows are told apart."""
    across, down = end[0] - start[0], end[1] - start[1]
    return (start[0] + end[0]) / 2 + 0.06 * down, (start[1] + end[1]) / 2 - 0.06 * across


def _bezier(start: Point, control: Point, end: Point, at: float) -> Point:
    rest = 1 - at
    return (
        rest * rest * start[0] + 2 * rest * at * control[0] + at * at * end[0],
        rest * rest * start[1] + 2 * rest * at * control[1] + at * at * end[1],
    )


def _part_control(start: Point, control: Point, end: Point, first: float, last: float) -> Point:
    """The control point of a part of a quadratic curve: its polar form at both ends of the part."""
    return (
        (1 - first) * ((1 - last) * start[0] + last * control[0])
        + first * ((1 - last) * control[0] + last * end[0]),
        (1 - first) * ((1 - last) * start[1] + last * control[1])
        + first * ((1 - last) * control[1] + last * end[1]),
    )


def _inside(point: Point, node: Node) -> bool:
    """Whether a point lies in what is drawn of a node, with the gap that arrows keep."""
    wide = node if node.role in ("stock", "flow", "cloud") else _around(node)
    return any(
        left - _GAP <= point[0] <= right + _GAP and top - _GAP <= point[1] <= bottom + _GAP
        for left, top, right, bottom in wide.boxes
    )
