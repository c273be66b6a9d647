"""LLVM text for nodes of a graph: straight code, or pieces with loops where something repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sd_covid.collection import uncollected
from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.operations import TABLE_OPERATIONS, TRUTHS
from sd_covid.engine.graph.roll import PIECE, Loop, Roller, Straight
from sd_covid.engine.llvm.philox import write_uniform
from sd_covid.engine.llvm.text import CALL_ARGUMENTS, CALL_NAMES, Body, call
from sd_covid.engine.llvm.write_lookup import write_lookup
from sd_covid.engine.llvm.write_lookup_shared import write_shared_lookup
from sd_covid.engine.llvm.write_loops import write_loop
from sd_covid.engine.llvm.write_operation import write_operation


@dataclass(frozen=True, slots=True)
class Leaves:
    """Where a graph's leaves are read.

    Attributes
    ----------
    areas : mapping
        First vector in scratch memory of each kind of leaf that stands there.
    drivers : int
        Number of data series in a row of them.
    """

    areas: Mapping[str, int]
    drivers: int = 0

    def read(self, body: Body, kind: str, payload: int) -> str:
        """The register of a leaf."""
        if kind in self.areas:
            return body.load(self.areas[kind] + payload)
        if kind == "time":
            return body.splat(body.time)
        row = body.do(f"mul i64 {body.instant}, {self.drivers}")
        return body.splat(body.scalar("%drivers", body.do(f"add i64 {row}, {payload}")))


class Evaluation:
    """Graph nodes written into a function body, or, when they are many, into functions that it calls.

    Parameters
    ----------
    body : Body
        Where the values are wanted.
    graph : Graph
    leaves : Leaves
    """

    def __init__(self, body: Body, graph: Graph, leaves: Leaves) -> None:
        self.body, self.graph, self.leaves = body, graph, leaves
        self._registers: dict[int, str] = {}
        self._slots: dict[int, int] = {}

    @uncollected()
    def compute(
        self,
        sinks: Sequence[int] = (),
        put: Sequence[tuple[int, int]] = (),
        later: Sequence[int] = (),
        states: Mapping[int, int] | None = None,
    ) -> set[int]:
        """Write what is not there yet.

        Parameters
        ----------
        sinks : sequence of int
            Nodes that `get` will be asked for.
        put : sequence of (int, int)
            Nodes, and the vector of scratch memory in which each is to be stored.
        later : sequence of int
            Nodes that will be computed from here on by another call.
        states : mapping, optional
            State that may change as soon as its slope is known: its vector, by that of the slope in `put`.

        Returns
        -------
        set of int
            Vectors of the slopes that went into their states, and were not stored.
        """
        goals = [*sinks, *(node for node, _ in put)]
        known = self._registers.keys() | self._slots.keys()
        order = [n for n in self.graph.order(goals) if n not in known and self.graph.operands[n]]
        if len(order) + len(put) <= PIECE and not self._slots:
            for node in order:
                self._registers[node] = self._emit(self.body, node, self.get)
            for node, slot in put:
                truth = self.graph.is_truth(node)
                self.body.store(self.body.as_number(self.get(node)) if truth else self.get(node), slot)
        else:
            inside = set(order)
            read = set(later)  # what a later computation will read
            for node in self.graph.order(later):
                if node not in inside:
                    read.update(self.graph.operands[node])
            kept = (read | set(sinks)) & inside
            return self._in_pieces(order, kept, list(put), self._free(states or {}, read))
        return set()

    def large(self, sinks: Sequence[int]) -> bool:
        """Whether computing some nodes takes functions of their own."""
        return sum(bool(self.graph.operands[n]) for n in self.graph.order(sinks)) > PIECE

    def get(self, node: int) -> str:
        """The register of a node."""
        found = self._registers.get(node)
        if found is None:
            found = self._registers[node] = self._fetch(self.body, node)
        return found

    @contextmanager
    def block(self) -> Iterator[None]:
        """What is fetched or computed within is forgotten afterwards: later blocks cannot see its registers."""
        registers, slots = dict(self._registers), dict(self._slots)
        yield
        self._registers, self._slots = registers, slots

    def _fetch(self, body: Body, node: int) -> str:
        """A node that this function did not compute."""
        kind, payload = self.graph.nodes[node][:2]
        if node in self._slots:
            value = body.load(self._slots[node])
            return body.as_truth(value) if kind in TRUTHS else value
        if kind == "number":
            return body.number(payload)
        return self.leaves.read(body, kind, payload)

    def _free(self, states: Mapping[int, int], read: set[int]) -> Mapping[int, int]:
        """The states that no later computation reads."""
        first = self.leaves.areas.get("state", 0)
        held = {
            first + int(self.graph.nodes[node][1]) for node in read if self.graph.nodes[node][0] == "state"
        }
        return {slope: state for slope, state in states.items() if state not in held}

    def _in_pieces(
        self, order: list[int], kept: set[int], put: list[tuple[int, int]], states: Mapping[int, int]
    ) -> set[int]:
        """As functions: loops where something repeats, straight code elsewhere."""
        module = self.body.module
        for node in self._registers:  # computed here, wanted in a piece
            if node not in self._slots and self.graph.operands[node]:
                self._slots[node] = module.area(1)
                value = self._registers[node]
                truth = self.graph.is_truth(node)
                self.body.store(self.body.as_number(value) if truth else value, self._slots[node])
        roller = Roller(self.graph, order, kept, self._slots, self.leaves.areas, put, module.area, states)
        pieces, home = roller.roll(), dict(self._slots)
        self._slots = roller.slot
        for piece in pieces:
            if isinstance(piece, Loop):
                inner = write_loop(module, self.graph, piece, self.leaves.drivers)
            else:
                inner = self._straight(piece)
            name = f"@piece{len(module.functions)}"
            formal = ", ".join(f"{kind} {n}" for kind, n in zip(CALL_ARGUMENTS, CALL_NAMES, strict=True))
            module.functions.append(inner.function(f"internal void {name}({formal})", "#1"))
            call(self.body, name)
        self._slots = {**home, **{node: roller.slot[node] for node in roller.kept}}
        return roller.risen

    def _straight(self, piece: Straight) -> Body:
        inner = Body(self.body.module, brief=self.body.module.width == 1)
        local: dict[int, str] = {}

        def get(node: int) -> str:
            if node not in local:
                local[node] = self._fetch(inner, node)
            return local[node]

        for node in piece.nodes:
            assert node not in local, "a piece computes before it reads"
            local[node] = self._emit(inner, node, get)
        for node, slot in piece.stores:
            truth = self.graph.is_truth(node)
            inner.store(inner.as_number(local[node]) if truth else local[node], slot)
        for node, slot in piece.rises:
            inner.store(inner.multiply_add(local[node], inner.splat("%dt"), inner.load(slot)), slot)
        inner.act("ret void")
        return inner

    def _emit(self, body: Body, node: int, get: Callable[[int], str]) -> str:
        kind, first = self.graph.nodes[node][:2]
        arguments = [get(a) for a in self.graph.operands[node]]
        if kind in TABLE_OPERATIONS:
            return self._look_up(body, kind, self.graph.tables[first], arguments[0])
        if kind == "uniform":
            return write_uniform(body, first, arguments[0])
        return write_operation(body, kind, arguments)

    def _look_up(self, body: Body, kind: str, table: LookupTable, x: str) -> str:
        found = write_shared_lookup(body, kind, table, x) if body.brief else None
        return write_lookup(body, kind, table, x) if found is None else found
