"""What a run comes to: integral, mean, least, largest and final value of an output, worked out as the run goes.

Each becomes a state of the program, so no value has to be stored, and every back end and the derivative know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.program import Program, State, Update
from sd_covid.engine.graph.trim import copy_nodes
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.errors import UnknownNameError, suggest

OVER_TIME = ("final", "integral", "mean", "min", "max")


def with_states(program: Program, nodes: list[int], names: Sequence[str]) -> tuple[Program, list[int]]:
    """A program with states that follow some outputs.

    Parameters
    ----------
    program : Program
    nodes : list of int
        Outputs: nodes of the step graph.
    names : sequence of str
        Of `OVER_TIME`. ``integral`` is integrated as a stock is; ``min`` and ``max`` look at every step.

    Returns
    -------
    Program, list of int
        The larger program, and a node for each output and name (names of an output together) whose value at the end of
        the run is the result; for a mean, the integral.

    Raises
    ------
    UnknownNameError
    """
    for name in names:
        if name not in OVER_TIME:
            raise UnknownNameError(
                f"'{name}' is nothing that a run can be summed up in",
                advice=suggest(name, list(OVER_TIME)),
                variable=name,
            )
    step, init = Graph(tables=program.step.tables), Graph(tables=program.step.tables)
    at = copy_nodes(program.step, list(range(len(program.step.nodes))), step)
    begin = copy_nodes(program.init, list(range(len(program.init.nodes))), init)
    states = [
        replace(
            s, initial=begin[s.initial], next=at[s.next], steps=begin[s.steps] if s.steps >= 0 else s.steps
        )
        for s in program.states
    ]
    found = []
    for node in nodes:
        value = at[node]
        for name in names:
            if name == "final":
                found.append(value)
                continue
            leaf = step.leaf("state", len(states))
            if name in ("min", "max"):
                kept = step.add(name, leaf, value)
                limit = np.inf if name == "min" else -np.inf
                states.append(State(Update.ASSIGN, init.number(limit), kept, name=name))
                found.append(kept)
            else:
                states.append(State(Update.FLOW, init.number(0.0), _rise(program, step, value), name=name))
                found.append(leaf)
    larger = replace(
        program,
        init=init,
        step=step,
        constants=[begin[node] for node in program.constants],
        states=states,
        cells={},
        control={name: begin[node] for name, node in program.control.items()},
    )
    return larger, found


def _rise(program: Program, step: Graph, value: int) -> int:
    """What an integral takes in by a unit of the kernel's step: where time bounds move that is a whole TIME STEP."""
    return value if program.clock is None else step.add("mul", value, step.leaf("state", program.clock.state))


def at_the_end(grid: TimeGrid) -> TimeGrid:
    """A grid that saves nothing but the first and the last instant."""
    return replace(grid, every=max(grid.steps, 1))


def finish(values: NDArray[np.float64], names: Sequence[str], grid: TimeGrid) -> NDArray[np.float64]:
    """What runs have come to by the instants that were saved.

    Parameters
    ----------
    values : ndarray, shape (output * name, member, time)
    names : sequence of str
    grid : TimeGrid

    Returns
    -------
    ndarray, shape (output, member, time, name)
        A mean over no time is NaN.
    """
    found = values.reshape(-1, len(names), *values.shape[1:])
    if "mean" in names:
        elapsed = grid.saved - grid.start
        found = found.copy()
        with np.errstate(invalid="ignore"):
            found[:, names.index("mean")] /= np.where(elapsed > 0, elapsed, np.nan)
    return np.moveaxis(found, 1, 3)
