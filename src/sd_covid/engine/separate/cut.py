"""A model with some links cut: what an equation reads there is held at its first value, or is that of another run.

For the second the model stands twice in one program, with constants of its own each time: the first is the run as it
is, and the second reads from the first what is cut. So both have the same random numbers, and every member its own
path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.program import Program, State, Update
from sd_covid.engine.graph.trim import copy_nodes
from sd_covid.engine.separate.equations import Equations

Link = tuple[int, int]  # cause and effect, by number of the quantity


def held_at_start(equations: Equations, cut: Iterable[Link]) -> tuple[Program, list[int]]:
    """A model in which effects read the first value of a cause.

    Parameters
    ----------
    equations : Equations
    cut : iterable of (int, int)

    Returns
    -------
    Program
    list of int
        Node of each quantity.
    """
    program, target = equations.program, Graph(tables=equations.program.step.tables)
    further: list[State] = []
    held: dict[Link, int] = {}
    for cause, effect in cut:
        kept = target.leaf("state", len(program.states) + len(further))
        held[cause, effect] = kept
        further.append(State(Update.ASSIGN, equations.starts[cause], kept, name="held"))
    values, following, _ = equations.put_together(target, held=held)
    states = [replace(state, next=following[k]) for k, state in enumerate(program.states)]
    return replace(program, step=target, states=[*states, *further], cells={}), values


def held_on_path(equations: Equations, cut: Iterable[Link]) -> tuple[Program, list[int], list[int]]:
    """A model beside itself, where effects in the second read a cause in the first.

    Parameters
    ----------
    equations : Equations
    cut : iterable of (int, int)

    Returns
    -------
    Program
        Its constants are those of the first and then those of the second.
    list of int, list of int
        Node of each quantity in the first, and in the second.
    """
    program, target = equations.program, Graph(tables=equations.program.step.tables)
    count, size = len(program.states), len(program.parameters)
    first, following, _ = equations.put_together(target)
    held = {link: first[link[0]] for link in cut}
    second, again, _ = equations.put_together(
        target, states_from=count, constants_from=len(program.constants), held=held
    )
    init = Graph(tables=program.init.tables)
    order = list(range(len(program.init.nodes)))
    at = copy_nodes(program.init, order, init)
    other = copy_nodes(
        program.init, order, init, lambda kind, number: number + size if kind == "parameter" else number
    )
    states = [
        replace(
            state,
            initial=where[state.initial],
            steps=where[state.steps] if state.steps >= 0 else state.steps,
            next=nexts[k],
        )
        for where, nexts in ((at, following), (other, again))
        for k, state in enumerate(program.states)
    ]
    larger = replace(
        program,
        parameters=[*program.parameters, *program.parameters],
        init=init,
        step=target,
        constants=[where[node] for where in (at, other) for node in program.constants],
        states=states,
        cells={},
        control={name: at[node] for name, node in program.control.items()},
    )
    return larger, first, second
