"""Cells for what is neither stock nor flow: where the connectors are short, and do not run through other boxes.

In go cells that are taken and links; out comes a free cell for each name. A few rounds of moving one name at a time, or
exchanging two, each to where it costs least.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sd_covid.model.layout.chains import Cell

_ROUNDS = 8
_CHOICE = 20  # of the places with the shortest connectors, how many are looked at closely
_REACH = 3  # cells from the best place within which a free one is looked for
_THROUGH = 1.0  # what it costs, in cells' widths, that a connector runs through a box


class Grid:
    """A grid of cells.

    Parameters
    ----------
    width, height : float
        Of a cell, in pixels.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.taken: dict[Cell, str] = {}

    def take(self, cell: Cell) -> None:
        """Keep a cell for what is placed already."""
        self.taken[cell] = ""

    def place(
        self, fixed: Mapping[str, tuple[Cell, int]], free: Mapping[str, int], links: Sequence[tuple[str, str]]
    ) -> dict[str, Cell]:
        """Find cells.

        Parameters
        ----------
        fixed : mapping
            Name -> its cell, and how many cells wide it is: what is placed already.
        free : mapping
            Name -> how many cells wide.
        links : sequence of (str, str)

        Returns
        -------
        dict
            Name -> its (leftmost) cell, for all of both.
        """
        self.spans = {name: span for name, (_, span) in fixed.items()} | dict(free)
        self.cells = {name: cell for name, (cell, _) in fixed.items()}
        self.near: dict[str, list[str]] = {name: [] for name in self.spans}
        for cause, effect in links:
            self.near[cause].append(effect)
            self.near[effect].append(cause)
        self.ways: dict[tuple[str, str], set[Cell]] = {}
        self.crowd: Counter[Cell] = Counter()
        for name in fixed:
            self._draw(name)
        for name in self._nearest_first(fixed, free):
            self._move(name)
        for _ in range(_ROUNDS):
            moved = sum(self._move(name) for name in free if self.near[name])
            if not moved:
                break
        for name in free:
            if not self.near[name]:
                self._move(name)
        return self.cells

    def _nearest_first(self, fixed: Iterable[str], free: Iterable[str]) -> list[str]:
        """The order in which to place: what is linked to something placed, the most linked first."""
        placed, left, order = set(fixed), [name for name in free if self.near[name]], []
        while left:
            best = max(
                left,
                key=lambda name: (sum(other in placed for other in self.near[name]), len(self.near[name])),
            )
            order.append(best)
            placed.add(best)
            left.remove(best)
        return order

    def _move(self, name: str) -> bool:
        """Put a name where it costs least; whether that is another place than before."""
        before = self.cells.pop(name, None)
        if before is not None:
            for cell in self._cells(before, self.spans[name]):
                del self.taken[cell]
        self._erase(name)
        middle = self._middle(name)
        candidates = self._free_around(middle, self.spans[name])
        if before is not None and before not in candidates:
            candidates.append(before)
        short = sorted(candidates, key=lambda cell: (self._length(name, cell), cell))[:_CHOICE]
        best = min(short, key=lambda cell: (self._length(name, cell) + self._crossed(name, cell), cell))
        self.cells[name] = best
        for cell in self._cells(best, self.spans[name]):
            self.taken[cell] = name
        self._draw(name)
        return best != before

    def _draw(self, name: str) -> None:
        """Note the cells through which the connectors of a name run."""
        for other in self.near[name]:
            if other in self.cells and (name, other) not in self.ways and (other, name) not in self.ways:
                way = self.ways[name, other] = self._way(name, self.cells[name], other)
                self.crowd.update(way)

    def _erase(self, name: str) -> None:
        for other in self.near[name]:
            for pair in ((name, other), (other, name)):
                self.crowd.subtract(self.ways.pop(pair, ()))

    def _middle(self, name: str) -> Cell:
        """The cell in the middle of what a name is linked to; below everything for one that is not."""
        others = [self._point(other) for other in self.near[name] if other in self.cells]
        if not others:
            bottom = max((row for row, _ in self.taken), default=-1)
            return (bottom + 1 if not self.near[name] else 0, 0)
        row = sum(y for _, y in others) / len(others) / self.height
        column = sum(x for x, _ in others) / len(others) / self.width
        return round(row), round(column)

    def _free_around(self, middle: Cell, span: int) -> list[Cell]:
        """Where a name so many cells wide can stand near a cell; as far off as it takes."""
        reach = _REACH
        while True:
            empty = [
                (row, column)
                for row in range(middle[0] - reach, middle[0] + reach + 1)
                for column in range(middle[1] - reach, middle[1] + reach + 1)
                if (row, column) not in self.taken
            ]
            fitting = [cell for cell in empty if self._is_free(cell, span)]
            if fitting and len(empty) > 2 * reach:
                return fitting
            reach += 2

    def _cells(self, cell: Cell, span: int) -> list[Cell]:
        return [(cell[0], cell[1] + at) for at in range(span)]

    def _is_free(self, cell: Cell, span: int) -> bool:
        return all(one not in self.taken for one in self._cells(cell, span))

    def _point(self, name: str, cell: Cell | None = None) -> tuple[float, float]:
        row, column = self.cells[name] if cell is None else cell
        return (column + (self.spans[name] - 1) / 2) * self.width, row * self.height

    def _length(self, name: str, cell: Cell) -> float:
        """How long the connectors of a name would be, in cells' widths."""
        x, y = self._point(name, cell)
        points = [self._point(other) for other in self.near[name] if other in self.cells]
        return sum(math.hypot(x - one, y - two) for one, two in points) / self.width

    def _crossed(self, name: str, cell: Cell) -> float:
        """What it costs that connectors run through boxes: those of this name, and others through it."""
        through = sum(
            one in self.taken
            for other in self.near[name]
            if other in self.cells
            for one in self._way(name, cell, other)
        )
        return _THROUGH * (through + sum(self.crowd[one] for one in self._cells(cell, self.spans[name])))

    def _way(self, name: str, cell: Cell, other: str) -> set[Cell]:
        """The cells between two names, the first at a cell, without their own."""
        (x, y), (to_x, to_y) = self._point(name, cell), self._point(other)
        steps = max(1, round(3 * math.hypot((to_x - x) / self.width, (to_y - y) / self.height)))
        way = {
            (
                round((y + (to_y - y) * step / steps) / self.height),
                round((x + (to_x - x) * step / steps) / self.width),
            )
            for step in range(1, steps)
        }
        own = self._cells(cell, self.spans[name]) + self._cells(self.cells[other], self.spans[other])
        return way - set(own)
