"""What depends on what in a model, as it runs: the graph in which feedback loops are found.

In goes a model; out come the causes of every variable. What only sets an initial value is no cause, nor are data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from sd_covid.model.expression import Call, Expression, Reference, children
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model

Graph = Mapping[str, tuple[str, ...]]
#: Arguments that are read at the start of a run only, by function and position.
_AT_START = {
    "integ": (1,),
    "integ non negative": (1,),
    "smoothi": (2,),
    "smooth3i": (2,),
    "delay1i": (2,),
    "delay3i": (2,),
    "smooth n": (2,),
    "delay n": (2,),
    "delay fixed": (2,),
}
_ALL_AT_START = frozenset({"initial", "active initial", "reinitial"})


def causes(model: Model) -> dict[str, tuple[str, ...]]:
    """The causes of each variable, by key, in the order of its equations.

    Returns
    -------
    dict
        A variable that computes nothing, as a constant, has none.
    """
    found = {}
    for variable in model.variables.values():
        names: dict[str, None] = {}
        for equation in variable.equations:
            if equation.kind is Kind.EQUATION and equation.expression is not None:
                names.update(
                    dict.fromkeys(name for name in running(equation.expression) if name in model.variables)
                )
        found[variable.key] = tuple(names)
    return found


def running(expression: Expression) -> Iterator[str]:
    """Keys of what an expression uses while a model runs, repeats included."""
    if isinstance(expression, Reference):
        yield key(expression.name)
        return
    skipped: Collection[int] = ()
    if isinstance(expression, Call):
        function = key(expression.function)
        if function == "active initial":
            skipped = (1,)
        elif function in _ALL_AT_START:
            return
        skipped = skipped or _AT_START.get(function, ())
        yield function  # a lookup variable is called by its name
    for position, child in enumerate(children(expression)):
        if position not in skipped:
            yield from running(child)


def effects(graph: Graph) -> dict[str, list[str]]:
    """The effects of each variable: the graph turned round."""
    found: dict[str, list[str]] = {name: [] for name in graph}
    for name, before in graph.items():
        for cause in before:
            found[cause].append(name)
    return found


def shortest_path(
    after: Mapping[str, list[str]], start: str, end: str, avoid: Collection[str] = ()
) -> list[str] | None:
    """The shortest way from a cause to an effect, both included; of equal ones the first in the order of the model.

    Parameters
    ----------
    after : mapping
        The effects of each variable.
    start, end : str
        They may be the same: then it is the shortest loop through that variable.
    avoid : collection of str
        Variables that it may not lead through.
    """
    came: dict[str, str] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for effect in after[name]:
            if effect == end:
                path = [end, name]
                while path[-1] != start:
                    path.append(came[path[-1]])
                return path[::-1]
            if effect not in came and effect != start and effect not in avoid:
                came[effect] = name
                queue.append(effect)
    return None


def way_round(
    after: Mapping[str, list[str]], through: Sequence[str]
) -> tuple[list[str], tuple[str, str] | None]:
    """The shortest way through some variables in order and back to the first, none of them twice.

    Parameters
    ----------
    after : mapping
        The effects of each variable.
    through : sequence of str
        Keys of the variables.

    Returns
    -------
    path : list of str
        Empty where there is none.
    missing : tuple of str or None
        The two between which there is no way.
    """
    path: list[str] = []
    for start, end in pairwise([*through, through[0]]):
        found = shortest_path(after, start, end, {*through, *path} - {start, end})
        if found is None:
            return [], (start, end)
        path += found[:-1]
    return path, None


def strong_components(graph: Graph) -> list[list[str]]:
    """Sets of variables that all depend on one another, larger than one or with a variable that depends on itself."""
    import networkx as nx

    whole = nx.DiGraph((cause, name) for name, before in graph.items() for cause in before)
    return [
        sorted(members)
        for members in nx.strongly_connected_components(whole)
        if len(members) > 1 or any(name in graph[name] for name in members)
    ]
