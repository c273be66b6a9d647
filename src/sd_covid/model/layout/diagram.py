"""A diagram of a model: where its stocks, flows, auxiliaries and connectors stand.

In goes a model; out come views, for the writers of ``.mdl`` and XMILE. Everything stands in a cell of a grid, so that
no two boxes overlap: stocks and flows in chains, and every other variable in the free cell that keeps its connectors
short and clear of boxes.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from sd_covid.model.layout.chains import Cell, Chain, Point, chains
from sd_covid.model.layout.grid import Grid
from sd_covid.model.layout.parts import Parts, split
from sd_covid.model.structure import Model

Role = Literal["stock", "flow", "cloud", "auxiliary", "shadow"]

#: Pixels, for ten-point letters.
CHARACTER, LINE = 6.4, 15.0
VALVE = 10.0
NAME_BELOW = 13.0  # from the middle of a valve to its name
CLOUD = 12.0
_WRAP = 22  # characters in a line of a name
_CELL = (150.0, 76.0)
_STOCK = (120.0, 46.0)
_MARGIN = 40.0
_ASPECT = 0.8  # columns for each row, which makes a view about as wide as a screen


@dataclass(frozen=True, slots=True)
class Node:
    """Something that stands in a view.

    Attributes
    ----------
    role : str
    name : str
        Key of the variable; of the flow, for a cloud.
    x, y : float
        Its middle; that of its valve, for a flow, whose name stands below.
    width, height : float
        Of the box, or of the text.
    """

    role: Role
    name: str
    x: float
    y: float
    width: float
    height: float

    @property
    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Left, top, right and bottom of what is drawn: a valve and its name are two."""
        half, high = self.width / 2, self.height / 2
        if self.role == "flow":
            top = self.y + NAME_BELOW
            return [
                (self.x - VALVE, self.y - VALVE, self.x + VALVE, self.y + VALVE),
                (self.x - half, top, self.x + half, top + self.height),
            ]
        return [(self.x - half, self.y - high, self.x + half, self.y + high)]


@dataclass(frozen=True, slots=True)
class PipeLine:
    """A flow's pipe: from the valve to either end, corners included; the nodes it joins, by their place in the view."""

    valve: int
    source: int
    target: int
    to_source: tuple[tuple[float, float], ...]
    to_target: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Connector:
    """An arrow from a cause to an effect, by their places in the view; through ``middle`` when it is bent."""

    cause: int
    effect: int
    middle: tuple[float, float] | None = None


@dataclass(slots=True)
class View:
    """One page of a diagram. Coordinates are pixels from its upper left corner."""

    title: str
    nodes: list[Node] = field(default_factory=list)
    pipes: list[PipeLine] = field(default_factory=list)
    connectors: list[Connector] = field(default_factory=list)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return (
            max((box[2] for node in self.nodes for box in node.boxes), default=0.0) + _MARGIN,
            max((box[3] for node in self.nodes for box in node.boxes), default=0.0) + _MARGIN,
        )


def lay_out(model: Model) -> list[View]:
    """The diagram of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    list of View
        One, or for a large model one for each group or for stocks that belong together. The same model always gives
        the same views.
    """
    return [arranged(model, parts, title) for title, parts in split(model)]


def arranged(model: Model, parts: Parts, title: str) -> View:
    """One view, of parts that were chosen; the same parts always give the same view."""
    return _Arranging(model, parts).view(title)


def wrapped(name: str) -> list[str]:
    """A name in lines of a readable length."""
    return textwrap.wrap(name, _WRAP, break_long_words=False, break_on_hyphens=False) or [name]


def text_size(name: str) -> tuple[float, float]:
    """Width and height of a wrapped name."""
    lines = wrapped(name)
    wide = [
        sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line) for line in lines
    ]
    return max(wide) * CHARACTER, len(lines) * LINE


class _Arranging:
    """Arranging one view."""

    def __init__(self, model: Model, parts: Parts) -> None:
        self.parts = parts
        names = [*parts.stocks, *(flow.name for flow in parts.flows), *parts.auxiliaries, *parts.shadows]
        self.text = {name: text_size(model.variables[name].name) for name in names}
        for name in parts.shadows:  # written <name>
            self.text[name] = (self.text[name][0] + 2 * CHARACTER, self.text[name][1])
        inner = [self.text[name] for name in (*parts.stocks, *(flow.name for flow in parts.flows))]
        tallest = max((height for _, height in self.text.values()), default=LINE)
        self.width = max([_CELL[0], *(width + 24 for width, _ in inner)])
        self.height = max(_CELL[1], NAME_BELOW + 1.5 * tallest + 12)
        self.grid = Grid(self.width, self.height)

    def view(self, title: str) -> View:
        """Place everything."""
        blocks = chains(self.parts.stocks, self.parts.flows)
        origins = self._shelves(blocks)
        fixed: dict[str, tuple[Cell, int]] = {}
        for block, (row, column) in zip(blocks, origins, strict=True):
            for cell in block.used:
                self.grid.take((cell[0] + row, cell[1] + column))
            for name, stock in block.stocks.items():
                fixed[name] = ((stock[0][0] + row, stock[0][1] + column), 1)
            for pipe in block.pipes:
                fixed[pipe.flow.name] = ((pipe.valve[0] + row, pipe.valve[1] + column), 1)
        free = {
            name: max(1, math.ceil((self.text[name][0] + 14) / self.width))
            for name in (*self.parts.auxiliaries, *self.parts.shadows)
        }
        cells = self.grid.place(fixed, free, self.parts.links)
        return self._drawn(title, blocks, origins, cells, free)

    def _shelves(self, blocks: list[Chain]) -> list[Cell]:
        """An origin for each chain: in shelves, with free rows between for what is neither stock nor flow."""
        others = len(self.parts.auxiliaries) + len(self.parts.shadows)
        boxes = [block.box() for block in blocks]
        area = sum((rows + 1) * (columns + 1) for _, _, rows, columns in boxes) + 1.7 * others
        widest = max([1, math.ceil(math.sqrt(_ASPECT * area)), *(columns for *_, columns in boxes)])
        shelves: list[list[int]] = []
        for place, (_, _, _, columns) in enumerate(boxes):
            used = sum(boxes[other][3] + 1 for other in shelves[-1]) if shelves else 0
            if shelves and used + columns <= widest:
                shelves[-1].append(place)
            else:
                shelves.append([place])
        gap = min(5, max(1, round(1.7 * others / (widest * (len(shelves) + 1)))))
        origins: dict[int, Cell] = {}
        top = 0
        for shelf in shelves:
            left = 0
            for place in shelf:
                first_row, first_column, _, columns = boxes[place]
                origins[place] = (top - first_row, left - first_column)
                left += columns + 1
            top += max(boxes[place][2] for place in shelf) + gap
        return [origins[place] for place in range(len(blocks))]

    def _drawn(
        self,
        title: str,
        blocks: list[Chain],
        origins: list[Cell],
        cells: dict[str, Cell],
        spans: dict[str, int],
    ) -> View:
        """The view in pixels."""
        view = View(title)
        self.top = min((row for row, _ in self.grid.taken), default=0)
        self.left = min((column for _, column in self.grid.taken), default=0)
        for block, origin in zip(blocks, origins, strict=True):
            self._draw_chain(view, block, origin)
        for name in (*self.parts.auxiliaries, *self.parts.shadows):
            row, column = cells[name]
            x, y = self._at((row, column + (spans[name] - 1) / 2))
            role: Role = "shadow" if name in self.parts.shadows else "auxiliary"
            view.nodes.append(Node(role, name, x, y, *self.text[name]))
        self._connect(view)
        return view

    def _at(self, point: Point, origin: Cell = (0, 0)) -> tuple[float, float]:
        """The pixels of a point of the grid."""
        row, column = point[0] + origin[0] - self.top, point[1] + origin[1] - self.left
        return _MARGIN + (column + 0.5) * self.width, _MARGIN + (row + 0.5) * self.height

    def _draw_chain(self, view: View, block: Chain, origin: Cell) -> None:
        """Stocks, valves, clouds and pipes."""
        places: dict[str | None, int] = {}
        for name, stock in block.stocks.items():
            x, y = self._at((stock[0][0] + (len(stock) - 1) / 2, stock[0][1]), origin)
            width = max(_STOCK[0], self.text[name][0] + 10)
            height = max(_STOCK[1], self.text[name][1] + 10) + (len(stock) - 1) * self.height
            places[name] = len(view.nodes)
            view.nodes.append(Node("stock", name, x, y, width, height))
        for pipe in block.pipes:
            flow, valve = pipe.flow, self._at(pipe.valve, origin)
            if pipe.cloud is not None:
                places[None] = len(view.nodes)
                view.nodes.append(
                    Node("cloud", flow.name, *self._at(pipe.cloud, origin), 2 * CLOUD, 2 * CLOUD)
                )
            source, target = places[flow.source], places[flow.target]
            view.nodes.append(Node("flow", flow.name, *valve, *self.text[flow.name]))
            ways = []
            for way, end in ((pipe.to_source, source), (pipe.to_target, target)):
                corners = [self._at(point, origin) for point in way]
                corners[-1] = _edge(view.nodes[end], corners[-2] if len(corners) > 1 else valve)
                ways.append(tuple(corners))
            view.pipes.append(PipeLine(len(view.nodes) - 1, source, target, ways[0], ways[1]))

    def _connect(self, view: View) -> None:
        """Connectors; those of two that are causes of each other bend away from each other."""
        places = {node.name: place for place, node in enumerate(view.nodes) if node.role != "cloud"}
        piped = {frozenset((pipe.valve, end)) for pipe in view.pipes for end in (pipe.source, pipe.target)}
        pairs = [(places[cause], places[effect]) for cause, effect in self.parts.links]
        for cause, effect in pairs:
            start, end = view.nodes[cause], view.nodes[effect]
            middle = None
            if (effect, cause) in pairs:
                middle = _beside((start.x, start.y), (end.x, end.y))
            elif frozenset((cause, effect)) in piped:  # above the pipe: the name of a flow stands below
                ends = sorted([(start.x, start.y), (end.x, end.y)])
                middle = _beside(*ends)
            view.connectors.append(Connector(cause, effect, middle))


def _edge(node: Node, towards: tuple[float, float]) -> tuple[float, float]:
    """Where a pipe that comes from the left or right meets a node."""
    side = node.x - node.width / 2 if towards[0] < node.x else node.x + node.width / 2
    return side, towards[1]


def _beside(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """A point to the left of the middle of a line, as seen along it."""
    across, down = end[0] - start[0], end[1] - start[1]
    return (start[0] + end[0]) / 2 + 0.25 * down, (start[1] + end[1]) / 2 - 0.25 * across
