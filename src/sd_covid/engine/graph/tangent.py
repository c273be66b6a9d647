"""Forward mode, program to program: beside every quantity its derivatives along directions in the constants.

The tangent of an operation is the sum of its arguments' tangents, each times a partial derivative. The partial
derivatives come from the rules of the reverse mode, which are linear in the bar: a bar of one gives them. They are
computed once and serve all directions. A lane of a kernel follows directions of its own, so a vector of lanes gives
several columns of a Jacobian for each direction of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sd_covid.engine.graph.derivative import STEEP, active_nodes, shares_of
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import LEAVES
from sd_covid.engine.graph.program import Parameter, Program, State
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.graph.trim import copy_nodes

_PICKS = {"min": "lt", "max": "gt"}  # comparison that holds where the first argument is taken

Leaf = tuple[str, int]


def with_tangents(
    program: Program, outputs: list[int], directions: Sequence[Sequence[int]]
) -> tuple[Program, list[int]]:
    """A program that also computes the derivatives of some outputs.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    directions : sequence of sequence of int
        For each direction, the numbers of the constants that it may lead along; each constant in one direction only.

    Returns
    -------
    Program, list of int
        Its constants are those of the program and then, for each of those of the directions, how far its direction
        goes along it; the nodes are the outputs' values, and then each output's derivatives along all directions.
    """
    init, step = Graph(tables=program.step.tables), Graph(tables=program.step.tables)
    moved = [number for numbers in directions for number in numbers]
    seed = {number: len(program.parameters) + k for k, number in enumerate(moved)}
    starts = [*program.constants, *(s.initial for s in program.states)]
    rings = [s.steps for s in program.states if s.steps >= 0]
    began = _Tangents(
        program.init,
        init,
        [{("parameter", k): ("parameter", seed[k]) for k in numbers} for numbers in directions],
    )
    began.follow(program.init.order([*starts, *rings, *program.control.values()]))
    larger = replace(
        program,
        parameters=[*program.parameters, *(_direction(program.parameters[k].cell) for k in moved)],
        init=init,
        step=step,
        constants=[began.at[node] for node in program.constants],
        cells={},
        control={name: began.at[node] for name, node in program.control.items()},
    )
    twins: list[tuple[int, int]] = []  # direction and state
    leaves: list[dict[Leaf, Leaf]] = []
    for direction, tangent in enumerate(began.tangents):
        held: dict[Leaf, Leaf] = {}
        for k, node in enumerate(program.constants):
            if node in tangent:
                held["constant", k] = ("constant", len(larger.constants))
                larger.constants.append(tangent[node])
        for k in _moving(program, held, tangent):
            held["state", k] = ("state", len(program.states) + len(twins))
            twins.append((direction, k))
        leaves.append(held)
    onward = _Tangents(program.step, step, leaves)
    onward.follow(program.step.order([*outputs, *(s.next for s in program.states)]))
    larger.states = [
        *(_state(s, began, onward) for s in program.states),
        *(_twin(program.states[k], began, onward, direction) for direction, k in twins),
    ]
    nothing = step.number(0.0)
    return larger, [
        *(onward.at[node] for node in outputs),
        *(tangent.get(node, nothing) for node in outputs for tangent in onward.tangents),
    ]


def reached(program: Program) -> set[int]:
    """The numbers of the constants that a program reads."""
    starts = [*program.constants, *(s.initial for s in program.states)]
    nodes = (program.init.nodes[node] for node in program.init.order(starts))
    return {int(node[1]) for node in nodes if node[0] == "parameter"}


def _direction(cell: Cell) -> Parameter:
    return Parameter(Cell(f"direction {cell.variable}", cell.elements), 0.0)


def _moving(program: Program, held: dict[Leaf, Leaf], start_tangent: dict[int, int]) -> list[int]:
    """The states that have a tangent, where some constants have."""
    moving = {k for k, s in enumerate(program.states) if s.initial in start_tangent}
    order = program.step.order([s.next for s in program.states])

    def wanted(kind: str, k: int) -> bool:
        return k in moving if kind == "state" else (kind, k) in held

    while True:
        active = active_nodes(program.step, order, wanted)
        further = {k for k, s in enumerate(program.states) if active[s.next]} - moving
        if not further:
            return sorted(moving)
        moving |= further


def _state(state: State, began: _Tangents, onward: _Tangents) -> State:
    steps = began.at[state.steps] if state.steps >= 0 else state.steps
    return replace(state, initial=began.at[state.initial], next=onward.at[state.next], steps=steps)


def _twin(state: State, began: _Tangents, onward: _Tangents, direction: int) -> State:
    """The state that holds the tangent of another."""
    own = _state(state, began, onward)
    initial = began.tangents[direction].get(state.initial)
    following = onward.tangents[direction].get(state.next)
    return replace(
        own,
        initial=began.target.number(0.0) if initial is None else initial,
        next=onward.target.number(0.0) if following is None else following,
        name=f"tangent of {state.name}",
    )


@dataclass(slots=True)
class _Tangents:
    """Copies of a graph's nodes in another, with their tangents along each direction beside them.

    Attributes
    ----------
    source, target : Graph
    leaves : list of dict
        For each direction, the leaf that holds the tangent of a leaf.
    at : dict
        Copy of each node.
    tangents : list of dict
        For each direction, the tangents of the nodes that have one.
    """

    source: Graph
    target: Graph
    leaves: list[dict[Leaf, Leaf]]
    at: dict[int, int] = field(default_factory=dict)
    tangents: list[dict[int, int]] = field(default_factory=list)

    def follow(self, order: list[int]) -> None:
        """Copy and differentiate nodes, each next to its copy: what they share stays near."""
        self.tangents = [{} for _ in self.leaves]
        for node in order:
            copy_nodes(self.source, [node], self.target, at=self.at)
            kind, *rest = self.source.nodes[node]
            if kind in LEAVES:
                self._begin((str(kind), rest[0]), node)
            elif not self.source.is_truth(node):
                moving = [t for t in self.tangents if any(a in t for a in self.source.arguments(node))]
                if moving:
                    rule = self._choice(node) if kind == "select" or kind in _PICKS else self._sum(node)
                    for tangent in moving:
                        found = rule(tangent)
                        if found is not None and self.target.nodes[found] != ("number", 0.0):
                            tangent[node] = found

    def _begin(self, leaf: Leaf, node: int) -> None:
        for leaves, tangent in zip(self.leaves, self.tangents, strict=True):
            if leaf in leaves:
                tangent[node] = self.target.leaf(*leaves[leaf])

    def _choice(self, node: int) -> Callable[[dict[int, int]], int | None]:
        """The tangent of what is taken; that of what is not may be anything."""
        kind, *arguments = self.source.nodes[node]
        target, zero = self.target, self.target.number(0.0)
        if kind == "select":
            first, *arguments = arguments
            holds = self.at[int(first)]
        else:
            holds = target.add(_PICKS[kind], *(self.at[int(a)] for a in arguments))
        yes, no = (int(a) for a in arguments)
        return lambda tangent: target.add("select", holds, tangent.get(yes, zero), tangent.get(no, zero))

    def _sum(self, node: int) -> Callable[[dict[int, int]], int | None]:
        """The sum over the arguments of partial derivative times tangent."""
        target = self.target
        partials: dict[int, int] = {}
        for argument, partial in shares_of(self.source, target, self.at, node, target.number(1.0)):
            if partial is not None:
                known = partials.get(argument)
                partials[argument] = partial if known is None else target.add("add", known, partial)
        steep = self.source.nodes[node][0] in STEEP

        def rule(tangent: dict[int, int]) -> int | None:
            total: int | None = None
            for argument, partial in partials.items():
                if argument in tangent:
                    total = self._with_share(total, tangent[argument], partial, steep)
            return total

        return rule

    def _with_share(self, total: int | None, tangent: int, partial: int, steep: bool) -> int:
        """A sum with another term; what does not move has no share, however steep the slope."""
        target = self.target
        if target.nodes[partial] == ("number", -1.0):
            return target.add("neg", tangent) if total is None else target.add("sub", total, tangent)
        share = target.add("mul", tangent, partial)
        if steep:
            zero = target.number(0.0)
            share = target.add("select", target.add("eq", tangent, zero), zero, share)
        return share if total is None else target.add("add", total, share)
