"""A matplotlib chart as SVG that may stand in a page with others.

In goes a figure; out comes one ``<svg>`` element with a title and description for screen readers, ids that no other
chart in the page has, no style rules that reach beyond it, and coordinates without needless digits.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_DIGITS = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as one element for a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str
        Prefix of every id; no two charts of a page have the same.
    title, description : str
        What a screen reader says.

    Returns
    -------
    str
        An ``<svg>`` element without XML declaration.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    # The text is matplotlib's own; titles of scenarios in it were escaped by matplotlib.
    root = ElementTree.fromstring(buffer.getvalue())
    for unwanted in ("metadata", "style"):
        _drop(root, f"{{{_SVG}}}{unwanted}")
    _rename(root, name)
    for element in root.iter():
        for key, value in element.attrib.items():
            if key in ("d", "points", "transform", "x", "y", "style"):
                element.set(key, _DIGITS.sub(lambda found: f"{float(found[0]):.2f}", value))
    for key in ("width", "height"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-description")
    # The style sheet bounds how far a chart is stretched and shrunk, for its letters to be as those of the page.
    natural = 96.0 * float(figure.get_figwidth())
    root.set("style", f"stroke-linejoin:round;stroke-linecap:butt;--natural:{natural:.0f}px")
    for position, (part, text) in enumerate((("title", title), ("desc", description))):
        label = ElementTree.Element(f"{{{_SVG}}}{part}")
        label.text = text
        label.set("id", f"{name}-{'title' if part == 'title' else 'description'}")
        root.insert(position, label)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(root, encoding="unicode")


def _drop(root: ElementTree.Element, tag: str) -> None:
    """Remove every element with a tag."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == tag:
                parent.remove(child)


def _rename(root: ElementTree.Element, name: str) -> None:
    """Give ids that something refers to a prefix, and remove the others."""
    used: set[str] = set()
    for element in root.iter():
        link = element.get(_LINK, "")
        used |= {link[1:]} if link.startswith("#") else set()
        for value in element.attrib.values():
            used |= set(_REFERENCE.findall(value))
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in used:
            element.set("id", f"{name}-{identity}")
        if element.get(_LINK, "").startswith("#"):
            element.set(_LINK, f"#{name}-{element.get(_LINK, '')[1:]}")
        for key, value in element.attrib.items():
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
