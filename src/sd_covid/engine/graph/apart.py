"""Takes a program apart by what its operations depend on, for runs of many members side by side.

What follows from time, data series and constants in which members do not differ is the same for all of them: it becomes
a program of its own, whose results the rest reads as series. Of the rest, what follows from constants and from
conditions of those series changes only where one of these does: it is held until then. Every operation is still done as
before, on the same numbers, so no bit changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.trim import copy_nodes, trim
from sd_covid.model.structure import Method


@dataclass(frozen=True, slots=True)
class Apart:
    """A program in two: what is the same for all members, and what each member computes.

    Attributes
    ----------
    common : Program
        Without states.
    series : list of int
        Nodes of its step graph: what ``own`` is given, in this order.
    watched : int
        How many of them, the first ones, what is held depends on.
    own : Program
    outputs : list of int
        Nodes of its step graph.
    """

    common: Program
    series: list[int]
    watched: int
    own: Program
    outputs: list[int]


class _Kind(IntEnum):
    """How often a node is to be computed, from seldom to often."""

    COMMON = 0  # once for all members
    HELD = 1  # of a member where a condition changes
    OWN = 2  # of a member at every step


def take_apart(program: Program, outputs: list[int], varying: Collection[int]) -> Apart:
    """Take a program apart.

    Parameters
    ----------
    program : Program
        Trimmed, so that it holds nothing that is not needed.
    outputs : list of int
        Nodes of its step graph.
    varying : collection of int
        Parameters in which members may differ.
    """
    graph, kinds = program.step, _kinds(program, varying)
    goals = [*(state.next for state in program.states), *outputs]
    order = [node for node in graph.order(goals) if graph.operands[node]]
    series, watched = _series(graph, order, goals, kinds)
    # without states there is nothing to integrate: each instant at which the program reads series is a step
    alone = replace(program, states=[], method=Method.EULER)
    common, chosen = trim(alone, [_as_number(graph, node) for node in series])
    return Apart(common, chosen, watched, *_own(program, outputs, order, series, kinds))


def parameters_of(program: Program) -> list[int]:
    """The parameters that a program's member constants follow from."""
    nodes = (program.init.nodes[node] for node in program.init.order(program.constants))
    return sorted(int(node[1]) for node in nodes if node[0] == "parameter")


def _kinds(program: Program, varying: Collection[int]) -> list[_Kind]:
    """How often each node of the step graph is to be computed; a leaf as what is read of it changes."""
    graph, differs, kinds = program.step, _differing(program.init, varying), list[_Kind]()
    even = bytearray(
        len(graph.nodes)
    )  # of what is common: whether it stays the same between changes of conditions
    for node, (kind, *payload) in enumerate(graph.nodes):
        operands = graph.operands[node]
        even[node] = kind in ("number", "constant") or graph.is_truth(node) or all_of(even, operands)
        if kind == "constant":
            found = _Kind.HELD if differs[program.constants[int(payload[0])]] else _Kind.COMMON
        elif kind in ("state", "uniform"):
            found = _Kind.OWN
        else:
            found = max((kinds[a] for a in operands), default=_Kind.COMMON)
        if found is _Kind.HELD and any(kinds[a] is _Kind.COMMON and not even[a] for a in operands):
            found = _Kind.OWN
        kinds.append(found)
    return kinds


def all_of(marks: bytearray, nodes: tuple[int, ...]) -> bool:
    """Whether nodes, of which there are some, are all marked."""
    return bool(nodes) and all(marks[node] for node in nodes)


def _differing(init: Graph, varying: Collection[int]) -> bytearray:
    """Marks the nodes of an init graph in which members can differ."""
    found = bytearray(len(init.nodes))
    for node, (kind, *payload) in enumerate(init.nodes):
        own = kind == "uniform" or (kind == "parameter" and payload[0] in varying)
        found[node] = own or any(found[a] for a in init.operands[node])
    return found


def _series(graph: Graph, order: list[int], goals: list[int], kinds: list[_Kind]) -> tuple[list[int], int]:
    """What is common and read by the rest, what is held reads first; and how many it reads."""

    def read_by(kind: _Kind) -> dict[int, None]:
        read = (a for node in order if kinds[node] is kind for a in graph.operands[node])
        return dict.fromkeys(a for a in read if kinds[a] is _Kind.COMMON and graph.operands[a])

    watched = read_by(_Kind.HELD)
    asked = {node: None for node in goals if kinds[node] is _Kind.COMMON and graph.operands[node]}
    return list(watched | read_by(_Kind.OWN) | asked), len(watched)


def _own(
    program: Program, outputs: list[int], order: list[int], series: list[int], kinds: list[_Kind]
) -> tuple[Program, list[int]]:
    """What each member computes, and the nodes of its outputs."""
    graph = program.step
    part = _Part(program, Graph(tables=graph.tables))
    held, own = ([node for node in order if kinds[node] is kind] for kind in (_Kind.HELD, _Kind.OWN))
    goals = [*(state.next for state in program.states), *outputs]
    part.read([*(a for node in (*held, *own) for a in graph.operands[node]), *goals])
    for k, node in enumerate(series):
        part.give(node, "driver", len(part.drivers) + k)
    part.copy(held)
    wanted = {a for node in own for a in graph.operands[node]} | set(goals)
    left = [node for node in held if node in wanted]
    values = [_as_number(part.graph, part.at[node]) for node in left]
    for k, node in enumerate(left):
        part.give(node, "held", k)
    part.copy(own)
    made = replace(
        program,
        step=part.graph,
        constants=[program.constants[k] for k in part.constants],
        drivers=[program.drivers[k] for k in part.drivers],
        states=[replace(state, next=part.at[state.next]) for state in program.states],
        given=len(series) + bool(values),
        held=values,
    )
    return made, [part.at[node] for node in outputs]


@dataclass(slots=True)
class _Part:
    """A step graph that nodes of a program are copied into."""

    program: Program
    graph: Graph
    at: dict[int, int] = field(default_factory=dict)
    constants: list[int] = field(default_factory=list)
    drivers: list[int] = field(default_factory=list)

    def read(self, nodes: Iterable[int]) -> None:
        """Copy the leaves among some nodes; constants and data series are numbered anew."""
        source = self.program.step
        leaves = sorted({node for node in nodes if not source.operands[node]})
        number: dict[str, dict[int, int]] = {}
        for kind in ("constant", "driver"):
            kept = sorted(int(source.nodes[node][1]) for node in leaves if source.nodes[node][0] == kind)
            number[kind] = {old: new for new, old in enumerate(kept)}
        self.constants, self.drivers = list(number["constant"]), list(number["driver"])
        copy_nodes(source, leaves, self.graph, lambda kind, k: number.get(kind, {}).get(k, k), at=self.at)

    def give(self, node: int, kind: str, number: int) -> None:
        """Let a leaf stand for a node; of a truth value it is 1 or 0."""
        leaf = self.graph.leaf(kind, number)
        truth = self.program.step.is_truth(node)
        self.at[node] = self.graph.add("ne", leaf, self.graph.number(0.0)) if truth else leaf

    def copy(self, nodes: list[int]) -> None:
        """Copy operations, each after what it reads."""
        copy_nodes(self.program.step, nodes, self.graph, at=self.at)


def _as_number(graph: Graph, node: int) -> int:
    """A truth value as 1 or 0."""
    return graph.add("select", node, graph.number(1.0), graph.number(0.0)) if graph.is_truth(node) else node
