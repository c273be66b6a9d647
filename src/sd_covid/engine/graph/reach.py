"""What some leaves of a program reach: the nodes that depend on them, directly or through states."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sd_covid.engine.graph.graph import Graph, Node
from sd_covid.engine.graph.program import Program, State
from sd_covid.engine.graph.subscripts import Cell


def reached(
    graph: Graph, states: list[State], begins: Callable[[Node], bool], at_start: Iterable[int] = ()
) -> tuple[bytearray, set[int]]:
    """The nodes of a step graph, and the states, that depend on some nodes.

    Parameters
    ----------
    graph : Graph
    states : list of State
    begins : callable
        Whether a node is one of those.
    at_start : iterable of int
        States that depend on them by their initial value.

    Returns
    -------
    bytearray, set of int
        1 for each such node; the numbers of such states.
    """
    found = set(at_start)
    while True:
        marked = bytearray(len(graph.nodes))
        for number, node in enumerate(graph.nodes):
            marked[number] = (
                begins(node)
                or (node[0] == "state" and node[1] in found)
                or any(marked[argument] for argument in graph.arguments(number))
            )
        more = {k for k, state in enumerate(states) if marked[state.next]}
        if more <= found:
            return marked, found
        found |= more


def random_cells(program: Program) -> set[Cell]:
    """The cells that depend on random numbers."""
    drawn, _ = reached(program.init, [], lambda node: node[0] == "uniform")
    states = [k for k, state in enumerate(program.states) if drawn[state.initial]]
    constants = {k for k, node in enumerate(program.constants) if drawn[node]}
    marked, _ = reached(
        program.step,
        program.states,
        lambda node: node[0] == "uniform" or (node[0] == "constant" and node[1] in constants),
        states,
    )
    return {cell for cell, node in program.cells.items() if marked[node]}
