"""Drawings in Mermaid, which a forge draws with a script, as SVG in the page.

Of that language only ``graph LR`` with lines ``one --> other`` is known: what the pages use.
"""

from __future__ import annotations

import re
from html import escape

import networkx as nx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)
WIDTH, HEIGHT, ACROSS, DOWN = 108, 34, 40, 30
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker></defs>'
)
EDGE = re.compile(r"^(\w+) --> (\w+)$")


def drawn(text: str) -> str:
    """A directed graph from top to bottom, as an SVG element.

    Parameters
    ----------
    text : str
        Mermaid: ``graph LR`` and edges.

    Returns
    -------
    str
        The element, with the edges told in words for who does not see it.

    Raises
    ------
    ValueError
        A line is no edge, or edges go round.
    """
    first, *lines = (line.strip() for line in text.strip().splitlines())
    edges = [EDGE.match(line) for line in lines]
    if first != "graph LR" or None in edges:
        raise ValueError("only 'graph LR' and lines 'one --> other' can be drawn")
    graph = nx.DiGraph([match.groups() for match in edges if match])
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError("edges that go round cannot be drawn")
    layers = [list(layer) for layer in nx.topological_generations(graph)]
    widest = max(map(len, layers)) * (WIDTH + ACROSS) - ACROSS
    place = {
        name: (
            widest / 2 + (column - (len(layer) - 1) / 2) * (WIDTH + ACROSS),
            row * (HEIGHT + DOWN) + HEIGHT / 2,
        )
        for row, layer in enumerate(layers)
        for column, name in enumerate(layer)
    }
    shapes = [_arrow(*place[one], *place[other]) for one, other in graph.edges]
    shapes += [_box(name, *at) for name, at in place.items()]
    told = escape("; ".join(f"{one} → {other}" for one, other in graph.edges))
    tall = len(layers) * (HEIGHT + DOWN) - DOWN
    return (
        f'<svg class="graph" role="img" aria-label="{told}" viewBox="-2 -2 {widest + 4} {tall + 4}" '
        f'width="{widest + 4}" xmlns="http://www.w3.org/2000/svg">{TIP}{"".join(shapes)}</svg>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path class="edge" marker-end="url(#tip)" d="M{x:g} {y + HEIGHT / 2:g}L{to_x:g} {to_y - HEIGHT / 2:g}"/>'


def _box(name: str, x: float, y: float) -> str:
    box = f'<rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
    return f'{box}<text x="{x:g}" y="{y + 5:g}">{escape(name)}</text>'


def _replace(app: Sphinx, tree: nodes.document) -> None:
    """Draw the blocks of a page."""
    for block in tree.findall(
        lambda node: isinstance(node, nodes.literal_block) and node.get("language") == "mermaid"
    ):
        try:
            block.replace_self(nodes.raw("", drawn(block.astext()), format="html"))
        except ValueError as fault:
            LOG.warning("%s", fault, location=block)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx draw with it."""
    app.connect("doctree-read", _replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
