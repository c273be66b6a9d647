"""The separate equations of a model along one run: their values, and each of them computed again with inputs changed.

In go `Equations` and the constants of a run; out come arrays over its steps. All steps are computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine import interpret
from sd_covid.engine.graph.derivative import pull_back
from sd_covid.engine.separate.equations import Equations
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.engine.time.timegrid import sample_drivers
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """What a run was, step by step.

    Attributes
    ----------
    equations : Equations
    times : ndarray, shape (step,)
    step : float
        TIME STEP.
    every : int
        Steps from one SAVEPER to the next.
    values : ndarray, shape (quantity, step)
    drivers : ndarray, shape (driver, step)
    draws : dict
        Number of a random number -> its values, shape (step,).
    constants : ndarray, shape (constant,)
    settings : ndarray, shape (parameter,)
        The settable constants, in the order of the program.
    """

    equations: Equations
    times: Floats
    step: float
    every: int
    values: Floats
    drivers: Floats
    draws: Mapping[int, Floats]
    constants: Floats
    settings: Floats

    def leaf(self, kind: str, number: int, at: NDArray[np.int64]) -> Floats:
        """What a leaf of an equation is at some steps."""
        match kind:
            case "quantity" | "state":
                if kind == "state":
                    number = self.equations.holding[number]
                return np.asarray(self.values[number, at])
            case "driver":
                return np.asarray(self.drivers[number, at])
            case "time":
                return np.asarray(self.times[at])
        return np.asarray(self.constants[number])

    def computed(self, number: int, at: NDArray[np.int64]) -> Floats:
        """The equation of a quantity at some steps: of a state its net flow, or its next value. Shape (step,)."""
        found = self.evaluated(number, at, lambda kind, k: self.leaf(kind, k, at))
        return np.array(np.broadcast_to(found, at.shape), dtype=float)

    def evaluated(self, number: int, at: NDArray[np.int64], leaf: Callable[[str, int], Floats]) -> Floats:
        """An equation with any values of its leaves; random numbers are those of the run."""
        graph, item = self.equations.graph, self.equations.quantities[number]
        with np.errstate(all="ignore"):
            values = interpret.evaluate(
                graph, self.equations.order(number), leaf, lambda draw, _: np.asarray(self.draws[draw][at])
            )
        return np.asarray(values[item.node], dtype=float)

    def changed_alone(self, number: int, now: NDArray[np.int64], before: NDArray[np.int64]) -> Floats:
        """An equation with one input as it is now and everything else as it was before.

        Parameters
        ----------
        number : int
            Of the quantity.
        now, before : ndarray of int, shape (step,)

        Returns
        -------
        ndarray, shape (input, step)
        """
        inputs = self.equations.quantities[number].inputs
        row = {cause: place for place, cause in enumerate(inputs)}

        def leaf(kind: str, k: int) -> Floats:
            then = self.leaf(kind, k, before)
            cause = self.equations.holding[k] if kind == "state" else k
            if kind not in ("quantity", "state"):
                return then
            rows = np.repeat(then[None], len(inputs), axis=0)
            rows[row[cause]] = self.values[cause, now]
            return rows

        return np.broadcast_to(self.evaluated(number, before, leaf), (len(inputs), len(now)))

    def slopes(self, number: int, at: NDArray[np.int64]) -> Floats:
        """Partial derivatives of an equation by its inputs, exact. Shape (input, step)."""
        item = self.equations.quantities[number]
        found = np.zeros((len(item.inputs), len(at)))
        pulled = pull_back(
            self.equations.graph,
            {item.node: (("output bar", 0),)},
            frozenset({"quantity", "state"}),
            guarded=True,
        )
        nodes = pulled.bars
        one = np.ones(())
        with np.errstate(all="ignore"):
            values = interpret.evaluate(
                pulled.graph,
                pulled.graph.order(nodes.values()),
                lambda kind, k: one if kind == "output bar" else self.leaf(kind, k, at),
                lambda draw, _: np.asarray(self.draws[draw][at]),
            )
        for (kind, k), node in nodes.items():
            cause = self.equations.holding[k] if kind == "state" else k
            found[item.inputs.index(cause)] += values[node]
        return found


def record(
    simulation: Simulation, equations: Equations, parameters: Mapping[str, float] | None = None, seed: int = 0
) -> Course:
    """Run a model once and keep what each of its equations comes to.

    Parameters
    ----------
    simulation : Simulation
        The one whose equations they are.
    equations : Equations
    parameters : mapping, optional
        Constants that differ from the file.
    seed : int

    Returns
    -------
    Course

    Raises
    ------
    RunError
        When a quantity is not finite at some step, which leaves nothing to compare; names the first.
    """
    program = equations.program
    nodes = [*equations.values, *equations.draws.values()]
    members, grid, every, found = simulation.every_step(program, nodes, parameters, seed=seed)
    values = found[:, 0]
    count = len(equations.values)
    constants = interpret.at_start(program, members, program.constants)[:, 0]
    per_step = SCHEMES[program.method].per_step
    times = grid.times(np.arange(grid.steps + 1))
    drivers = sample_drivers(program, grid)[:, ::per_step].reshape(len(program.drivers), len(times))
    _refuse_failed(simulation, equations, values[:count], times)
    draws = dict(zip(equations.draws, values[count:], strict=True))
    return Course(
        equations, times, grid.step, every, values[:count], drivers, draws, constants, members.uniform
    )


def _refuse_failed(simulation: Simulation, equations: Equations, values: Floats, times: Floats) -> None:
    failed = ~np.isfinite(values)
    if failed.any():
        first = int(failed.any(axis=0).argmax())
        name = simulation.names.spell(equations.quantities[int(failed[:, first].argmax())].cell)
        raise RunError(
            f"'{name}' is not finite at Time {times[first]:g}",
            advice="loops are told of runs without NaN or infinity; 'sd-covid run' shows this one",
            variable=name,
        )
