"""Reverse mode, graph to graph: from the bars of what a graph computes to the bars of what it reads.

The result is again a graph of the same operations, so the same emitters run it. Switches in time have derivative zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import LEAVES, OPERATIONS, TABLE_OPERATIONS
from sd_covid.engine.graph.trim import copy_nodes

_SINGULAR = frozenset({"mul", "fma", "div", "ln", "sqrt", "pow", "asin", "acos"})  # a factor may be infinite
STEEP = frozenset({"sqrt", "pow", "asin", "acos"})  # where the value is finite, the slope may not be


@dataclass(slots=True)
class Pullback:
    """The reverse of a graph.

    Attributes
    ----------
    graph : Graph
        Holds the forward operations and those of the reverse sweep.
    bars : dict
        ``(kind of leaf, payload) -> node`` with the bar of that leaf; a leaf that nothing depends on is absent.
    """

    graph: Graph
    bars: dict[tuple[str, int], int]


def pull_back(
    source: Graph,
    seeds: Mapping[int, tuple[tuple[str, int], ...]],
    wanted: frozenset[str],
    guarded: bool = False,
) -> Pullback:
    """Reverse a graph.

    Parameters
    ----------
    source : Graph
    seeds : mapping
        For each node that the graph computes, the leaves ``(kind, payload)`` that hold its bar; several are added.
    wanted : frozenset of str
        Kinds of leaves whose bars are wanted.
    guarded : bool
        Whether everything counts as a branch that may not be taken: what starts a run may serve such a branch.

    Returns
    -------
    Pullback

    Notes
    -----
    Inside a branch that was not taken, bars are zero but partial derivatives may be infinite (x / 0); there a
    zero bar stays zero, instead of becoming 0 * inf = NaN. So it does anywhere on the steep end of a root.
    """
    graph = Graph(tables=source.tables)
    order = source.order(seeds)
    at = copy_nodes(source, order, graph)
    graph.contract = True  # most products are added to a bar
    risky = risky_nodes(source, order, guarded)
    active = active_nodes(source, order, lambda kind, _: kind in wanted)
    bar: dict[int, int] = {}

    def accumulate(node: int, share: int | None) -> None:
        if share is not None and active[node]:
            bar[node] = graph.add("add", bar[node], share) if node in bar else share

    for node, leaves in seeds.items():
        for kind, payload in leaves:
            accumulate(node, graph.leaf(kind, payload))
    for node in reversed(order):
        if node not in bar or source.nodes[node][0] in LEAVES:
            continue
        for argument, share in shares_of(source, graph, at, node, bar[node]):
            if share is not None and active[argument] and (node in risky or source.nodes[node][0] in STEEP):
                share = graph.add(
                    "select", graph.add("eq", bar[node], graph.number(0.0)), graph.number(0.0), share
                )
            accumulate(argument, share)
    return Pullback(
        graph,
        {
            (str(source.nodes[node][0]), int(source.nodes[node][1])): value
            for node, value in bar.items()
            if source.nodes[node][0] in wanted
        },
    )


def shares_of(
    source: Graph, graph: Graph, at: dict[int, int], node: int, bar: int
) -> list[tuple[int, int | None]]:
    """What each argument of a node receives of its bar: the bar times the partial derivative."""
    kind, *rest = source.nodes[node]
    arguments = source.arguments(node)
    if kind in TABLE_OPERATIONS:
        slope = graph.lookup("lookup slope", int(rest[0]), at[arguments[0]])
        return [(arguments[0], graph.add("mul", bar, slope))]
    partial = None if kind == "uniform" else OPERATIONS[str(kind)].partial
    if partial is None:
        return []
    shares = partial(graph, at[node], tuple(at[a] for a in arguments), bar)
    return list(zip(arguments, shares, strict=True))


def active_nodes(source: Graph, order: list[int], wanted: Callable[[str, int], bool]) -> bytearray:
    """Marks the nodes that depend on a wanted leaf ``(kind, payload)`` through doubles."""
    active = bytearray(len(source.nodes))
    for node in order:
        kind = str(source.nodes[node][0])
        if kind in LEAVES:
            active[node] = wanted(kind, int(source.nodes[node][1])) if kind != "number" else False
        elif kind != "uniform" and not source.is_truth(node):
            active[node] = any(active[a] for a in source.arguments(node))
    return active


def risky_nodes(source: Graph, order: list[int], guarded: bool = False) -> set[int]:
    """Nodes within a branch of a select (or anywhere) whose partial derivatives may not be finite."""
    within: set[int] = set(order) if guarded else set()
    for node in reversed(order):
        kind, *rest = source.nodes[node]
        if kind == "select":
            within.update(int(a) for a in rest[1:])
        if node in within:
            within.update(source.arguments(node))
    singular: set[int] = set()
    for node in order:
        if node in within and (
            source.nodes[node][0] in _SINGULAR or any(a in singular for a in source.arguments(node))
        ):
            singular.add(node)
    return singular
