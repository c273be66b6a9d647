"""Stocks and the flows between them on a grid of cells: stocks in columns along their flows, each flow with a valve.

In go the stocks and flows that hang together; out comes a `Chain`. Where chains stand beside each other, and everything
else, is for `sd_covid.model.layout.diagram`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sd_covid.model.layout.parts import Flow

Cell = tuple[int, int]  # row, column
Point = tuple[float, float]  # row, column; whole numbers are the middles of cells

LEFT, RIGHT = -0.5, 0.5  # borders of a cell, along which pipes go up and down
_SIDE_BY_SIDE = (0.0, 0.04, -0.04, 0.08, -0.08)  # where along a border, so that they do not lie on each other
_CLOUD = 0.38  # from the valve, in the same cell


@dataclass(slots=True)
class Pipe:
    """The cells of a flow: its valve, its cloud, and the corners from the valve to either end (the end included)."""

    flow: Flow
    valve: Cell
    to_source: list[Point] = field(default_factory=list)
    to_target: list[Point] = field(default_factory=list)
    cloud: Point | None = None


@dataclass(slots=True)
class Chain:
    """Stocks that flows join: the cells of each stock from the top, the pipes, and all cells in use."""

    stocks: dict[str, list[Cell]] = field(default_factory=dict)
    pipes: list[Pipe] = field(default_factory=list)
    used: set[Cell] = field(default_factory=set)

    def box(self) -> tuple[int, int, int, int]:
        """First row, first column, rows and columns."""
        rows, columns = [row for row, _ in self.used], [column for _, column in self.used]
        return min(rows), min(columns), max(rows) - min(rows) + 1, max(columns) - min(columns) + 1


def chains(stocks: Sequence[str], flows: Sequence[Flow]) -> list[Chain]:
    """The chains of a view, each placed from its own origin.

    Parameters
    ----------
    stocks : sequence of str
    flows : sequence of Flow
        An end that is not among the stocks is outside.

    Returns
    -------
    list of Chain
        In the order of their first stock.
    """
    known = set(stocks)
    flows = [
        Flow(
            flow.name,
            flow.source if flow.source in known else None,
            flow.target if flow.target in known else None,
        )
        for flow in flows
    ]
    left, found = list(stocks), []
    while left:
        members, grown = {left[0]}, True
        while grown:
            ends = [{flow.source, flow.target} - {None} for flow in flows]
            joined = {end for pair in ends if pair & members for end in pair if end is not None}
            grown = not joined <= members
            members |= joined
        inside = [flow for flow in flows if {flow.source, flow.target} & members]
        found.append(_Placing([name for name in stocks if name in members], inside).chain)
        left = [name for name in left if name not in members]
    return found


def _levels(stocks: Sequence[str], flows: Iterable[Flow]) -> dict[str, int]:
    """The column of each stock: one more than that of the stocks before it, flows that lead back left out."""
    after: dict[str, list[str]] = {name: [] for name in stocks}
    entered: set[str] = set()
    for flow in flows:
        if flow.source is not None and flow.target is not None and flow.source != flow.target:
            after[flow.source].append(flow.target)
            entered.add(flow.target)
    order: list[str] = []
    state: dict[str, str] = {}
    forward: list[tuple[str, str]] = []
    for start in [*(name for name in stocks if name not in entered), *stocks]:
        stack = [start] if start not in state else []
        while stack:
            name = stack[-1]
            if name not in state:
                state[name] = "open"
                for other in reversed(after[name]):
                    if state.get(other) != "open":
                        forward.append((name, other))
                        if other not in state:
                            stack.append(other)
            else:
                stack.pop()
                if state[name] == "open":
                    state[name] = "done"
                    order.append(name)
    level = dict.fromkeys(stocks, 0)
    position = {name: place for place, name in enumerate(reversed(order))}
    for name, other in sorted(forward, key=lambda pair: position[pair[0]]):
        if position[name] < position[other]:
            level[other] = max(level[other], level[name] + 1)
    return level


class _Placing:
    """Placing one chain, stock by stock from the left."""

    def __init__(self, stocks: Sequence[str], flows: Sequence[Flow]) -> None:
        self.flows = flows
        self.chain = Chain()
        self.column = {name: 2 * level for name, level in _levels(stocks, flows).items()}
        self.out_rows: dict[str, int] = {}  # flow -> the row in which it leaves its source
        self.in_rows: dict[str, int] = {}
        self.borders: dict[float, int] = {}
        for name in sorted(stocks, key=lambda name: self.column[name]):
            self._stock(name)
        for flow in flows:
            if self._is_straight(flow):
                self._along(flow)
        lanes = [flow for flow in flows if not self._is_straight(flow)]
        for flow in lanes:
            self._by_lane(flow)

    def _is_straight(self, flow: Flow) -> bool:
        """Whether a flow runs to the right, to the next column or the outside."""
        if flow.source is None or flow.target is None:
            return True
        return self.column[flow.target] == self.column[flow.source] + 2

    def _stock(self, name: str) -> None:
        column = self.column[name]
        coming = [flow for flow in self.flows if flow.target == name]
        coming.sort(key=lambda flow: (flow.source is None, self.out_rows.get(flow.name, 0)))
        going = [flow for flow in self.flows if flow.source == name]
        going.sort(key=lambda flow: (flow.target is None, not self._is_straight(flow)))
        height = max(1, len(coming), len(going))
        known = [
            self.out_rows[flow.name]
            for flow in coming
            if self._is_straight(flow) and flow.name in self.out_rows
        ]
        row = min(known, default=0)
        while not self._fits(row, column, height, coming, going):
            row += 1
        cells = [(row + at, column) for at in range(height)]
        self.chain.stocks[name] = cells
        self.chain.used |= set(cells)
        for at, flow in enumerate(coming):
            self.in_rows[flow.name] = row + at
            if flow.source is None:
                self.chain.used.add((row + at, column - 1))
        for at, flow in enumerate(going):
            self.out_rows[flow.name] = row + at
            if self._is_straight(flow):
                self.chain.used.add((row + at, column + 1))

    def _fits(
        self, row: int, column: int, height: int, coming: Sequence[Flow], going: Sequence[Flow]
    ) -> bool:
        wanted = {(row + at, column) for at in range(height)}
        wanted |= {(row + at, column - 1) for at, flow in enumerate(coming) if flow.source is None}
        wanted |= {(row + at, column + 1) for at in range(len(going))}
        return not wanted & self.chain.used

    def _along(self, flow: Flow) -> None:
        """A flow from left to right."""
        if flow.source is None:
            row, column = self.in_rows[flow.name], self.column[str(flow.target)]
            cloud = (row, column - 1 - _CLOUD)
            pipe = Pipe(flow, (row, column - 1), [cloud], [(row, column)], cloud)
        else:
            row, column = self.out_rows[flow.name], self.column[flow.source]
            pipe = Pipe(flow, (row, column + 1), [(row, column)])
            if flow.target is None:
                pipe.cloud = (row, column + 1 + _CLOUD)
                pipe.to_target = [pipe.cloud]
            else:
                end = self.in_rows[flow.name]
                border = self._border(column + 2 + LEFT)
                bend: list[Point] = [] if end == row else [(row, border), (end, border)]
                pipe.to_target = [*bend, (end, column + 2)]
        self.chain.pipes.append(pipe)

    def _border(self, column: float) -> float:
        """A border along which a pipe goes up or down, a little aside where another does."""
        count = self.borders[column] = self.borders.get(column, -1) + 1
        return column + _SIDE_BY_SIDE[count % len(_SIDE_BY_SIDE)]

    def _by_lane(self, flow: Flow) -> None:
        """A flow that leads back, or past a column: in a row of its own below the others."""
        start, end = self.column[str(flow.source)], self.column[str(flow.target)]
        lane = max(row for row, _ in self.chain.used) + 1
        out_border, in_border = self._border(start + RIGHT), self._border(end + LEFT)
        valve = (lane, round((start + end) / 2))
        out_row, in_row = self.out_rows[flow.name], self.in_rows[flow.name]
        pipe = Pipe(flow, valve)
        pipe.to_source = [(lane, out_border), (out_row, out_border), (out_row, start)]
        pipe.to_target = [(lane, in_border), (in_row, in_border), (in_row, end)]
        first, last = sorted((start, end))
        self.chain.used |= {(lane, column) for column in range(first, last + 1)}
        self.chain.used.add(valve)
        self.chain.pipes.append(pipe)
