"""The diagram of a model as XMILE's ``<views>``.

In go the views of `sd_covid.model.layout.diagram`; out comes the element. Stella shows one view of stocks and flows for
a model, so several are put below each other on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement

from sd_covid.model.layout.diagram import Node, View
from sd_covid.model.structure import Model

_GAP = 60.0
_TITLE = 30.0


def views(
    pages: Sequence[View], model: Model, tag: Callable[[str], str], spell: Callable[[str], str]
) -> Element:
    """The ``<views>`` of a model.

    Parameters
    ----------
    pages : sequence of View
    model : Model
    tag : callable
        A tag with its namespace.
    spell : callable
        A name as an attribute.
    """
    holder = Element(tag("views"))
    view = SubElement(holder, tag("view"), type="stock_flow", page_width="1600", page_height="1200")
    top, number = 0.0, 0
    for page in pages:
        if len(pages) > 1:
            box = {"x": "20", "y": _at(top + 10), "width": _at(page.size[0]), "height": _at(20)}
            title = SubElement(view, tag("text_box"), {"uid": str(number), **box})
            title.text = page.title
            top, number = top + _TITLE, number + 1
        number = _Page(view, page, model, tag, spell, top, number).last
        top += page.size[1] + _GAP
    return holder


class _Page:
    """One view, moved down."""

    def __init__(
        self,
        holder: Element,
        page: View,
        model: Model,
        tag: Callable[[str], str],
        spell: Callable[[str], str],
        top: float,
        first: int,
    ) -> None:
        self.holder, self.page, self.model = holder, page, model
        self.tag, self.spell, self.top = tag, spell, top
        self.last = first
        self.ghosts: dict[int, str] = {}
        pipes = {pipe.valve: pipe for pipe in page.pipes}
        for place, node in enumerate(page.nodes):
            if node.role == "cloud":
                continue
            element = self._node(place, node)
            if place in pipes:
                points = SubElement(element, tag("pts"))
                ends = pipes[place]
                for x, y in (*reversed(ends.to_source), *ends.to_target):
                    SubElement(points, tag("pt"), x=_at(x), y=_at(y + top))
        for connector in page.connectors:
            self._connector(connector.cause, connector.effect, connector.middle)

    def _next(self) -> str:
        self.last += 1
        return str(self.last - 1)

    def _node(self, place: int, node: Node) -> Element:
        at = {"x": _at(node.x), "y": _at(node.y + self.top)}
        name = self.model.variables[node.name].name
        if node.role == "shadow":
            self.ghosts[place] = self._next()
            element = SubElement(self.holder, self.tag("alias"), {"uid": self.ghosts[place], **at})
            SubElement(element, self.tag("of")).text = "_".join(name.split())
            return element
        kind = "aux" if node.role == "auxiliary" else node.role
        element = SubElement(self.holder, self.tag(kind), {"name": self.spell(name), **at})
        if node.role == "stock":
            element.set("width", _at(node.width))
            element.set("height", _at(node.height))
            element.set("label_side", "center")
        else:
            element.set("label_side", "bottom" if node.role == "flow" else "center")
        return element

    def _connector(self, cause: int, effect: int, middle: tuple[float, float] | None) -> None:
        start, end = self.page.nodes[cause], self.page.nodes[effect]
        aim = (end.x, end.y) if middle is None else middle
        angle = math.degrees(math.atan2(start.y - aim[1], aim[0] - start.x))
        if middle is not None:  # the arc leaves at twice the angle between its chord and its middle
            straight = math.degrees(math.atan2(start.y - end.y, end.x - start.x))
            angle = straight + 2 * ((angle - straight + 180) % 360 - 180)
        element = SubElement(self.holder, self.tag("connector"), uid=self._next(), angle=f"{angle % 360:.4g}")
        source = SubElement(element, self.tag("from"))
        if cause in self.ghosts:
            SubElement(source, self.tag("alias"), uid=self.ghosts[cause])
        else:
            source.text = self._called(start)
        SubElement(element, self.tag("to")).text = self._called(end)

    def _called(self, node: Node) -> str:
        return "_".join(self.model.variables[node.name].name.split())


def _at(value: float) -> str:
    return f"{value:.6g}"
