"""Why an intervention does what it does: the strongest paths to a performance, and the loops of the diagram.

A path passes on the product of sign times strength along it, once its delays are through; loops add to that or take
from it, which the whole effect (I - G)^-1 has and a path has not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sd_covid.analysis.loops.inventory import CAP, loops_in
from sd_covid.marvel.diagram import Diagram, Link
from sd_covid.marvel.stability import central, gains
from sd_covid.model.names import key


@dataclass(frozen=True, slots=True)
class Way:
    """A path, or a loop.

    Attributes
    ----------
    variables : tuple of str
        Ids, in order of effect; a loop closes from the last to the first.
    gain : float
        What a change of the first variable becomes at the end, or once round.
    delay : float
        Years: the mean delays together.
    """

    variables: tuple[str, ...]
    gain: float
    delay: float


@dataclass(frozen=True, slots=True)
class Loops:
    """The loops of a diagram.

    Attributes
    ----------
    loops : tuple of Way
        The one with the largest gain first.
    complete : bool
        Whether these are all; else some sets of variables have only a shortest independent set of loops.
    """

    loops: tuple[Way, ...]
    complete: bool


def loops_of(diagram: Diagram, cap: int = CAP) -> Loops:
    """Find the loops, with gain and delay.

    Parameters
    ----------
    diagram : Diagram
    cap : int
        How many of one set of variables that act on one another are listed at most.
    """
    import networkx as nx

    ends = diagram.ends()
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(diagram.variables)))
    graph.add_edges_from(ends)
    by_ends = dict(zip(ends, diagram.links, strict=True))
    found, complete = [], True
    for members in nx.strongly_connected_components(graph):
        part = graph.subgraph(sorted(members))
        if part.number_of_edges():
            loops, whole = loops_in(part, cap)
            complete &= whole
            found += [_way(diagram, by_ends, [*loop, loop[0]]) for loop in loops]
    found = [Way(way.variables[:-1], way.gain, way.delay) for way in found]
    return Loops(tuple(sorted(found, key=lambda way: -abs(way.gain))), complete)


def strongest_paths(
    diagram: Diagram, source: str, target: str, longest: int = 6, most: int = 5
) -> tuple[Way, ...]:
    """The simple paths from one variable to another that pass on most.

    Parameters
    ----------
    diagram : Diagram
    source, target : str
        Ids.
    longest : int
        Links of a path.
    most : int
        Paths to give.
    """
    ends = diagram.ends()
    by_ends = dict(zip(ends, diagram.links, strict=True))
    further: dict[int, list[tuple[int, float]]] = {}
    for (cause, effect), link in by_ends.items():
        further.setdefault(cause, []).append((effect, link.strength.value))
    goal, first = diagram.position[key(target)], diagram.position[key(source)]
    found: list[tuple[float, tuple[int, ...]]] = []
    work: list[tuple[float, tuple[int, ...]]] = [(1.0, (first,))]
    while work:
        size, path = work.pop()
        if path[-1] == goal and len(path) > 1:
            found.append((size, path))
        elif len(path) <= longest:
            work += [
                (size * strength, (*path, effect))
                for effect, strength in further.get(path[-1], ())
                if effect not in path and strength > 0
            ]
    found.sort(key=lambda item: (-item[0], len(item[1]), item[1]))
    return tuple(_way(diagram, by_ends, path) for _, path in found[:most])


def whole_effect(diagram: Diagram, source: str, target: str) -> float:
    """What a lasting change of one by a push becomes in another when all has come through, all loops included."""
    strength, _ = central(diagram)
    size = len(diagram.variables)
    push = np.zeros(size)
    push[diagram.position[key(source)]] = 1.0
    settled = np.linalg.solve(np.eye(size) - gains(diagram, strength).toarray(), push)
    return float(settled[diagram.position[key(target)]])


def _way(diagram: Diagram, by_ends: dict[tuple[int, int], Link], path: Sequence[int]) -> Way:
    links = [by_ends[pair] for pair in pairwise(path)]
    return Way(
        tuple(diagram.variables[place].id for place in path),
        math.prod(link.sign * link.strength.value for link in links),
        sum(link.delay.value for link in links),
    )
