"""The graph: a list of operations in single assignment, an equal one stored once, literals folded as they are added."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.operations import NUMBERED_OPERATIONS, OPERATIONS, TRUTHS

Node = tuple[Any, ...]  # (operation, *arguments), or (kind of leaf, payload)
# Operations that may come to an argument of theirs, or to a simpler operation.
SIMPLER = frozenset({"mul", "div", "sub", "neg", "select", "pow"})


@dataclass(frozen=True, slots=True)
class LookupTable:
    """Points of a lookup as segments: ``y = intercept[k] + slope[k] * x`` with x held within the first and last point.

    A repeated x is a jump: at the jump itself the later value holds, below one at the first point the first value.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    @property
    def least(self) -> float:
        """To what a lower x is held: the first point, or just below a jump there."""
        x, y = self.x, self.y
        jump = len(x) > 1 and x[1] == x[0] and y[0] != y[bisect_right(x, x[0]) - 1]
        return math.nextafter(x[0], -math.inf) if jump else x[0]

    def segments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Borders, intercepts and slopes of segments that have a width, and of the values before and past a jump."""
        x, y = self.x, self.y  # a few numbers: lists are quicker than arrays
        wide = [k for k in range(len(x) - 1) if x[k + 1] > x[k]]
        slope = [(y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in wide]
        intercept = [y[k] - s * x[k] for k, s in zip(wide, slope, strict=True)]
        border = [x[k] for k in wide[1:]]
        if wide and y[-1] != y[wide[-1] + 1]:
            border, intercept, slope = [*border, x[-1]], [*intercept, y[-1]], [*slope, 0.0]
        if not wide:
            intercept, slope = [y[-1]], [0.0]
        if self.least < x[0]:
            border, intercept, slope = [x[0], *border], [y[0], *intercept], [0.0, *slope]
        return np.array(border, float), np.array(intercept, float), np.array(slope, float)

    def value(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The reference meaning of a lookup."""
        border, intercept, slope = self.segments()
        held = np.where(np.isnan(x), x, np.clip(x, self.least, self.x[-1]))
        k = np.searchsorted(border, held, side="right")
        return np.asarray(intercept[k] + slope[k] * held)

    def slope(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Its derivative: zero outside the points, at a jump that behind it."""
        border, _, slope = self.segments()
        k = np.searchsorted(border, x, side="right")
        return np.asarray(np.where((x > self.least) & (x < self.x[-1]), slope[k], 0.0))


@dataclass(slots=True)
class Graph:
    """Operations on doubles and truth values.

    ``nodes[i]`` is ``(operation, *arguments)``; the arguments of an operation are numbers of earlier nodes,
    those of a leaf are its payload; ``operands[i]`` are the nodes that it reads. Folding uses the same numpy functions
    as the reference interpreter, so it never changes a result.

    Attributes
    ----------
    contract : bool
        Whether every product that is added becomes one operation with the sum, ``fma``, as processors have it. The
        graph says what is rounded, so that code means the same at every level of optimisation.
    """

    tables: list[LookupTable] = field(default_factory=list)
    contract: bool = False
    nodes: list[Node] = field(default_factory=list)
    operands: list[tuple[int, ...]] = field(default_factory=list)
    _index: dict[Node, int] = field(default_factory=dict)  # what was added, and the node it came to
    _numbers: dict[float | str, int] = field(default_factory=dict)
    _tables: dict[LookupTable, int] = field(default_factory=dict)

    def number(self, value: float) -> int:
        """The node of a literal."""
        value = float(value)
        identity = _literal(value)
        found = self._numbers.get(identity)
        if found is None:
            found = self._numbers[identity] = len(self.nodes)
            self.nodes.append(("number", value))
            self.operands.append(())
        return found

    def leaf(self, kind: str, payload: int = 0) -> int:
        """The node of a leaf."""
        return self._intern((kind, payload))

    def table(self, table: LookupTable) -> int:
        """The number of a lookup table."""
        for number in range(len(self._tables), len(self.tables)):  # another graph shares the list
            self._tables.setdefault(self.tables[number], number)
        if table not in self._tables:
            self._tables[table] = len(self.tables)
            self.tables.append(table)
        return self._tables[table]

    def lookup(self, operation: str, table: int, x: int) -> int:
        """A lookup, or its slope, at x."""
        if self.nodes[x][0] == "number":
            points = self.tables[table]
            at = np.array(self.nodes[x][1])
            return self.number(float(points.value(at) if operation == "lookup" else points.slope(at)))
        return self._intern((operation, table, x))

    def uniform(self, number: int, argument: int) -> int:
        """A random number between 0 and 1; see `sd_covid.engine.llvm.philox.uniform`."""
        return self._intern(("uniform", number, argument))

    def add(self, operation: str, *arguments: int) -> int:
        """The node of an operation on nodes."""
        node = (operation, *arguments)
        found = self._index.get(node)
        if found is not None:
            return found
        found = self._folded(operation, arguments)
        if found is None and operation in SIMPLER:
            found = self._simplify(operation, arguments)
        if found is None and self.contract and operation in ("add", "sub"):
            found = self.contracted(operation, arguments[0], arguments[1])
        if found is None:
            return self._append(node, arguments)
        self._index[node] = found
        return found

    def is_truth(self, node: int) -> bool:
        """Whether a node is a truth value."""
        return self.nodes[node][0] in TRUTHS

    def arguments(self, node: int) -> tuple[int, ...]:
        """The nodes that a node reads."""
        return self.operands[node]

    def order(self, sinks: Iterable[int]) -> list[int]:
        """The nodes that the sinks need, each after what it reads."""
        needed, operands = bytearray(len(self.nodes)), self.operands
        for sink in sinks:
            needed[sink] = 1
        for node in range(len(needed) - 1, -1, -1):
            if needed[node]:
                for argument in operands[node]:
                    needed[argument] = 1
        return list(compress(range(len(needed)), needed))

    def below(self, sink: int) -> list[int]:
        """As `order`, of one sink: in time by the number of its own nodes, and not of those of the graph."""
        needed, stack, operands = {sink}, [sink], self.operands
        while stack:
            for argument in operands[stack.pop()]:
                if argument not in needed:
                    needed.add(argument)
                    stack.append(argument)
        return sorted(needed)

    def closure(self, sinks: Iterable[int], further: Callable[[int], Iterable[int]]) -> list[int]:
        """As `order`, where a leaf that is needed makes further nodes needed."""
        needed, operands, stack = bytearray(len(self.nodes)), self.operands, list(sinks)
        while stack:
            node = stack.pop()
            if not needed[node]:
                needed[node] = 1
                stack.extend(operands[node] or further(node))
        return list(compress(range(len(needed)), needed))

    def _folded(self, operation: str, arguments: tuple[int, ...]) -> int | None:
        """The literal that an operation on literals comes to; truth values have none."""
        nodes = self.nodes
        for argument in arguments:
            if nodes[argument][0] != "number":
                return None
        if operation in TRUTHS:
            return None
        with np.errstate(all="ignore"):
            value = OPERATIONS[operation].meaning(*(np.float64(nodes[a][1]) for a in arguments))
        return self.number(float(value))

    def _simplify(self, operation: str, a: tuple[int, ...]) -> int | None:
        """Only what is exact for every IEEE value."""
        nodes = self.nodes
        if operation == "mul":
            for one, other in (a, a[::-1]):
                if nodes[one] == ("number", 1.0):
                    return other
        elif (operation == "div" and nodes[a[1]] == ("number", 1.0)) or (
            operation == "sub"
            and nodes[a[1]] == ("number", 0.0)
            and float(nodes[a[1]][1]).hex() == "0x0.0p+0"
        ):
            return a[0]
        elif operation == "neg" and nodes[a[0]][0] == "neg":
            return int(nodes[a[0]][1])
        elif operation == "select":
            if a[1] == a[2]:
                return a[1]
            if all(nodes[x][0] == "number" for x in self.arguments(a[0])) and nodes[a[0]][0] in OPERATIONS:
                holds = OPERATIONS[nodes[a[0]][0]].meaning(*(nodes[x][1] for x in self.arguments(a[0])))
                return a[1] if holds else a[2]
        elif operation == "pow" and nodes[a[1]] == ("number", 2.0):
            return self.add("mul", a[0], a[0])
        return None

    def contracted(
        self, operation: str, a: int, b: int, from_a: bool = True, from_b: bool = True
    ) -> int | None:
        """A sum or difference that a product enters, as one operation; None where there is no product to take in.

        Parameters
        ----------
        operation : str
            ``add`` or ``sub``.
        a, b : int
        from_a, from_b : bool
            Whether it may be taken from there.
        """
        nodes = self.nodes
        if from_b and nodes[b][0] == "mul":
            _, first, second = nodes[b]
            return self.add("fma", first if operation == "add" else self.add("neg", first), second, a)
        if from_a and nodes[a][0] == "mul":
            return self.add("fma", *nodes[a][1:], b if operation == "add" else self.add("neg", b))
        return None

    def _intern(self, node: Node) -> int:
        """The node of a leaf, or of an operation with a number of its own."""
        found = self._index.get(node)
        if found is None:
            found = self._append(node, node[2:] if node[0] in NUMBERED_OPERATIONS else ())
        return found

    def _append(self, node: Node, operands: tuple[int, ...]) -> int:
        number = self._index[node] = len(self.nodes)
        self.nodes.append(node)
        self.operands.append(operands)
        return number


def _literal(value: float) -> float | str:
    """What literals are told apart by: 0 is not -0, and NaN is NaN."""
    return value if value and value == value else value.hex()
