"""The reference: the graph run by plain numpy, one array operation after another, all members at once.

Slow and readable. Every other back end is tested against it, and it runs models where LLVM cannot be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import OPERATIONS
from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.llvm.philox import uniform
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.engine.time.timegrid import TimeGrid, sample_drivers

Values = dict[int, NDArray[np.float64]]
Leaf = Callable[[str, int], NDArray[np.float64]]
Uniform = Callable[[int, NDArray[np.float64]], NDArray[np.float64]]


def evaluate(graph: Graph, order: list[int], leaf: Leaf, uniform: Uniform | None = None) -> Values:
    """The values of some nodes.

    Parameters
    ----------
    graph : Graph
    order : list of int
        Each after what it reads.
    leaf : callable
        ``(kind, payload) -> array``, broadcastable over members.
    uniform : callable, optional
        ``(number, seed argument) -> array``, where the graph draws random numbers.
    """
    values: Values = {}
    for node in order:
        kind, *rest = graph.nodes[node]
        if kind == "number":
            values[node] = np.float64(rest[0])  # type: ignore[assignment]
        elif kind == "lookup":
            values[node] = graph.tables[int(rest[0])].value(np.asarray(values[int(rest[1])]))
        elif kind == "lookup slope":
            values[node] = graph.tables[int(rest[0])].slope(np.asarray(values[int(rest[1])]))
        elif kind == "uniform" and uniform is not None:
            values[node] = uniform(int(rest[0]), np.asarray(values[int(rest[1])]))
        elif kind in OPERATIONS:
            values[node] = OPERATIONS[kind].meaning(*(values[int(a)] for a in rest))
        else:
            values[node] = leaf(kind, int(rest[0]))
    return values


class Parameters(Protocol):
    """The parameters of a batch."""

    count: int
    seed: int
    first: int

    def __getitem__(self, parameter: int) -> NDArray[np.float64]:
        """The values of a parameter, shape (member,) or a scalar."""


def at_start(program: Program, parameters: Parameters, nodes: list[int]) -> NDArray[np.float64]:
    """Nodes of the init graph for each member.

    Parameters
    ----------
    parameters : Parameters
    nodes : list of int

    Returns
    -------
    ndarray, shape (node, member)
    """
    with np.errstate(all="ignore"):
        draw = _draws(parameters, 0)
        values = evaluate(program.init, program.init.order(nodes), lambda _, k: parameters[k], draw)
    return np.array([np.broadcast_to(values[n], parameters.count) for n in nodes], dtype=float).reshape(
        len(nodes), parameters.count
    )


def _draws(parameters: Parameters, step: int) -> Uniform:
    """The random numbers of a step."""
    members = parameters.first + np.arange(parameters.count)
    return lambda number, argument: uniform(parameters.seed, members, step, number, argument)


def run(program: Program, parameters: Parameters, outputs: list[int], grid: TimeGrid) -> NDArray[np.float64]:
    """Run all members.

    Parameters
    ----------
    program : Program
    parameters : Parameters
    outputs : list of int
        Nodes of the step graph.
    grid : TimeGrid

    Returns
    -------
    ndarray, shape (output, member, time)
    """
    return Interpreter(program, parameters, outputs, grid).run()


class Interpreter:
    """One run; see `run`."""

    def __init__(self, program: Program, parameters: Parameters, outputs: list[int], grid: TimeGrid) -> None:
        self.program, self.outputs, self.grid = program, outputs, grid
        self.members, self.parameters = parameters.count, parameters
        states = program.states
        self.constants = at_start(program, parameters, program.constants)
        self.state = at_start(program, parameters, [s.initial for s in states])
        self.drivers = sample_drivers(program, grid)
        lengths = at_start(
            program, parameters, [s.steps if s.update is Update.RING else s.initial for s in states]
        )
        self.rings = {
            k: (lengths[k], np.empty((grid.steps + 1, self.members)), self.state[k].copy())
            for k, s in enumerate(states)
            if s.update is Update.RING
        }
        self.flows = [k for k, s in enumerate(states) if s.update is Update.FLOW]
        self.order = program.step.order([*(s.next for s in states), *outputs])
        self.flow_order = program.step.order(states[k].next for k in self.flows)

    def run(self) -> NDArray[np.float64]:
        """All of it; shape (output, member, time)."""
        grid = self.grid
        result = np.empty((len(self.outputs), self.members, len(grid.saved)))
        with np.errstate(all="ignore"):
            for n in range(grid.steps + 1):
                values = self.step_values(self.order, self.state, n, Fraction(0))
                if n % grid.every == 0:
                    for k, node in enumerate(self.outputs):
                        result[k, :, n // grid.every] = values[node]
                if n < grid.steps:
                    self.advance(n, values)
        return result

    def driver(self, number: int, n: int, part: Fraction) -> NDArray[np.float64]:
        """A series, ``part`` of a step after step n."""
        return np.asarray(self.drivers[number, int(SCHEMES[self.program.method].per_step * (n + part))])

    def step_values(self, order: list[int], state: NDArray[np.float64], n: int, part: Fraction) -> Values:
        """The values of the step graph, ``part`` of a step after step n."""
        time = np.float64(self.grid.start + (n + float(part)) * self.grid.step)
        leaves: Mapping[str, Callable[[int], NDArray[np.float64]]] = {
            "state": lambda k: state[k],
            "constant": lambda k: self.constants[k],
            "time": lambda k: time,  # type: ignore[return-value,dict-item]
            "driver": lambda k: self.driver(k, n, part),
        }
        draw = _draws(self.parameters, n)  # drawn once a step: held within it, whatever the method
        return evaluate(self.program.step, order, lambda kind, k: leaves[kind](k), draw)

    def advance(self, n: int, values: Values) -> None:
        """Move the states one step on."""
        states, step = self.program.states, self.grid.step
        scheme, new = SCHEMES[self.program.method], self.state.copy()
        slopes = [np.broadcast_to(values[states[k].next], self.members) for k in self.flows]
        total = [scheme.weights[0] * slope for slope in slopes]
        for part, weight in zip(scheme.reaches, scheme.weights[1:], strict=True):
            stage = self.state.copy()
            for k, slope in zip(self.flows, slopes, strict=True):
                stage[k] = self.state[k] + (float(part) * step) * slope
            inner = self.step_values(self.flow_order, stage, n, part)
            slopes = [inner[states[k].next] for k in self.flows]
            total = [sum_ + weight * slope for sum_, slope in zip(total, slopes, strict=True)]
        for k, sum_ in zip(self.flows, total, strict=True):
            new[k] = self.state[k] + (step / sum(scheme.weights)) * sum_
        for k, state in enumerate(states):
            if state.update is Update.ASSIGN:
                new[k] = values[state.next]
            elif state.update is Update.RING:
                length, history, initial = self.rings[k]
                history[n] = values[state.next]
                source = n + 1 - length.astype(int)
                kept = history[np.maximum(source, 0), np.arange(self.members)]
                new[k] = np.where(source >= 0, kept, initial)
        self.state = new
