"""The graph: a list of operations in single assignment, an equal one stored once, literals folded as they are added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.operations import LEAVES, NUMBERED_OPERATIONS, OPERATIONS

Node = tuple[Any, ...]  # (operation, *arguments), or (kind of leaf, payload)


@dataclass(frozen=True, slots=True)
class LookupTable:
    """Points of a lookup as segments: ``y = intercept[k] + slope[k] * x`` with x held within the first and last point.

    A repeated x is a jump: at the jump itself the later value holds.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    def segments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Inner borders, intercepts and slopes of the segments that have a width."""
        x, y = np.asarray(self.x, float), np.asarray(self.y, float)
        if len(x) == 1:
            return np.empty(0), y.copy(), np.zeros(1)
        wide = np.flatnonzero(np.diff(x) > 0)
        if len(wide) == 0:
            return np.empty(0), y[-1:].copy(), np.zeros(1)
        slope = np.diff(y)[wide] / np.diff(x)[wide]
        return x[wide[1:]], y[wide] - slope * x[wide], slope

    def value(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The reference meaning of a lookup."""
        border, intercept, slope = self.segments()
        held = np.where(np.isnan(x), x, np.clip(x, self.x[0], self.x[-1]))
        k = np.searchsorted(border, held, side="right").clip(max=len(slope) - 1)
        return np.asarray(intercept[k] + slope[k] * held)

    def slope(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Its derivative: zero outside the points."""
        border, _, slope = self.segments()
        k = np.searchsorted(border, x, side="right").clip(max=len(slope) - 1)
        return np.asarray(np.where((x > self.x[0]) & (x < self.x[-1]), slope[k], 0.0))


@dataclass(slots=True)
class Graph:
    """Operations on doubles and truth values.

    ``nodes[i]`` is ``(operation, *arguments)``; the arguments of an operation are numbers of earlier nodes,
    those of a leaf
    are its payload. Folding uses the same numpy functions as the reference interpreter, so it never changes a result.

    Attributes
    ----------
    contract : bool
        Whether a product that is added becomes one operation with the sum, ``fma``, as processors have it. The graph
        then says what is rounded, and code means the same at every level of optimisation.
    """

    tables: list[LookupTable] = field(default_factory=list)
    contract: bool = False
    nodes: list[Node] = field(default_factory=list)
    _index: dict[object, int] = field(default_factory=dict)
    _operands: list[tuple[int, ...]] = field(default_factory=list)  # nodes that each node reads
    _tables: dict[LookupTable, int] = field(default_factory=dict)

    def number(self, value: float) -> int:
        """The node of a literal."""
        return self._intern(("number", float(value)), ("number", float(value).hex()))

    def leaf(self, kind: str, payload: int = 0) -> int:
        """The node of a leaf."""
        return self._intern((kind, payload), (kind, payload))

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
        return self._intern((operation, table, x), (operation, table, x))

    def uniform(self, number: int, argument: int) -> int:
        """A random number between 0 and 1; see `sd_covid.engine.philox.uniform`."""
        return self._intern(("uniform", number, argument), ("uniform", number, argument))

    def add(self, operation: str, *arguments: int) -> int:
        """The node of an operation on nodes."""
        nodes = self.nodes
        if all(nodes[a][0] == "number" for a in arguments):
            with np.errstate(all="ignore"):
                value = OPERATIONS[operation].meaning(*(np.float64(nodes[a][1]) for a in arguments))
            if not OPERATIONS[operation].truth:
                return self.number(float(value))
        simpler = self._simplify(operation, arguments)
        if simpler is not None:
            return simpler
        if self.contract and operation in ("add", "sub"):
            a, b = arguments
            if nodes[b][0] == "mul":
                first = int(nodes[b][1])
                return self.add(
                    "fma", first if operation == "add" else self.add("neg", first), nodes[b][2], a
                )
            if nodes[a][0] == "mul":
                return self.add("fma", *nodes[a][1:], b if operation == "add" else self.add("neg", b))
        return self._intern((operation, *arguments), (operation, *arguments))

    def is_truth(self, node: int) -> bool:
        """Whether a node is a truth value."""
        operation = OPERATIONS.get(self.nodes[node][0])
        return operation is not None and operation.truth

    def arguments(self, node: int) -> tuple[int, ...]:
        """The nodes that a node reads."""
        return self._operands[node]

    def order(self, sinks: Iterable[int]) -> list[int]:
        """The nodes that the sinks need, each after what it reads."""
        needed = bytearray(len(self.nodes))
        for sink in sinks:
            needed[sink] = 1
        for node in range(len(self.nodes) - 1, -1, -1):
            if needed[node]:
                for argument in self._operands[node]:
                    needed[argument] = 1
        return [node for node in range(len(self.nodes)) if needed[node]]

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

    def _intern(self, node: Node, identity: object) -> int:
        found = self._index.get(identity)
        if found is None:
            found = self._index[identity] = len(self.nodes)
            self.nodes.append(node)
            kind = node[0]
            self._operands.append(
                () if kind in LEAVES else node[2:] if kind in NUMBERED_OPERATIONS else node[1:]
            )
        return found
