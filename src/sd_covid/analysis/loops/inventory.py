"""Which feedback loops a model has: all of them where they can be listed, else a shortest independent set.

Loops are those of single elements; a family is all of them that lead through the same variables in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sd_covid.engine.separate.equations import Equations

Loop = tuple[int, ...]

#: Of more loops than this none are listed one by one: a reader has no use for them, and there may be millions.
CAP = 1000


@dataclass(frozen=True, slots=True)
class Partition:
    """Quantities that all act on one another: loops are compared within it.

    Attributes
    ----------
    quantities : frozenset of int
    loops : tuple of tuple of int
        Quantities of each, in order of effect. All of them when `complete`, else a shortest independent set, or none.
    complete : bool
    links : int
        Between its quantities.
    """

    quantities: frozenset[int]
    loops: tuple[Loop, ...]
    complete: bool
    links: int

    @property
    def independent(self) -> int:
        """How many loops can be independent of one another: links less quantities plus one."""
        return self.links - len(self.quantities) + 1


def partitions(equations: Equations, cap: int = CAP, *, independent: bool = True) -> list[Partition]:
    """The sets of quantities that feedback joins, the one with most quantities first.

    Parameters
    ----------
    equations : Equations
    cap : int
        How many loops of a partition are listed at most; one with more gets a shortest independent set.
    independent : bool
        Without, one with more has no loops here: whoever looks for the strongest has no use for the set.

    Returns
    -------
    list of Partition
        A stage of a delay that only drains itself makes none.

    Notes
    -----
    Loops are listed by Johnson's algorithm (1975) as networkx has it.
    """
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(equations.quantities)))
    graph.add_edges_from((cause, k) for k, item in enumerate(equations.quantities) for cause in item.inputs)
    found = []
    for members in nx.strongly_connected_components(graph):
        part = graph.subgraph(sorted(members))
        if not part.number_of_edges():
            continue
        loops, complete = loops_in(part, cap, independent=independent)
        kept = tuple(loop for loop in loops if not _inner(equations, loop))
        if kept or not (complete or independent):
            found.append(Partition(frozenset(members), kept, complete, part.number_of_edges()))
    return sorted(found, key=lambda part: (-len(part.quantities), min(part.quantities)))


def loops_in(part: object, cap: int = CAP, *, independent: bool = True) -> tuple[list[Loop], bool]:
    """The loops of a strongly connected networkx graph of numbers, and whether these are all of them.

    Parameters
    ----------
    part : networkx.DiGraph
    cap : int
    independent : bool
        As in `partitions`.
    """
    import networkx as nx

    assert isinstance(part, nx.DiGraph)
    # One loop more than allowed tells that there are more.
    listed = list(islice(nx.simple_cycles(part), cap + 1))
    complete = len(listed) <= cap
    loops = listed if complete else _independent(part) if independent else []
    return [turned(loop) for loop in loops], complete


def _independent(graph: object) -> list[list[int]]:
    """A shortest independent loop set (Oliva 2004, System Dynamics Review 20(4)).

    Of the loops that bring a new link the shortest is taken, until no link is left. The shortest loop that brings a new
    link is always a shortest loop through that link, so one loop a link is enough to choose from.
    """
    import networkx as nx

    assert isinstance(graph, nx.DiGraph)
    backwards = graph.reverse()
    before = {node: nx.predecessor(backwards, node) for node in graph}
    candidates = []
    for cause, effect in graph.edges:
        loop, way = [cause], effect
        while way != cause:  # the shortest way back to the cause
            loop.append(way)
            way = before[cause][way][0]
        candidates.append(loop)
    candidates.sort(key=len)
    covered: set[tuple[int, int]] = set()
    chosen = []
    for loop in candidates:
        links = set(zip(loop, [*loop[1:], loop[0]], strict=True))
        if not links <= covered:
            covered |= links
            chosen.append(loop)
    return chosen


def turned(loop: Sequence[int]) -> Loop:
    """A loop from its lowest number on, so that it is the same wherever it was entered."""
    start = min(range(len(loop)), key=loop.__getitem__)
    return (*loop[start:], *loop[:start])


def _inner(equations: Equations, loop: Sequence[int]) -> bool:
    """Whether a loop lies within one smooth or delay: how that is made, and no feedback of the model."""
    items = [equations.quantities[k] for k in loop]
    one = len({item.cell for item in items}) == 1
    return one and not any(item.stock for item in items) and any(item.state is not None for item in items)


def family(equations: Equations, loop: Sequence[int]) -> tuple[str, ...]:
    """The variables that a loop leads through, by key; stages of one variable, and its elements in turn, count once."""
    keys = [equations.quantities[k].cell.variable for k in loop]
    kept = [name for at, name in enumerate(keys) if name != keys[at - 1]] or keys[:1]
    start = min(range(len(kept)), key=lambda at: (kept[at], kept[at:] + kept[:at]))
    return (*kept[start:], *kept[:start])
