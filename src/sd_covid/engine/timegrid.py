"""The instants of a run: where it starts, how it steps, what it saves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.program import Program
from sd_covid.engine.scheme import SCHEMES
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

NEAR = 1e-6  # a ratio of times this near to a whole number is one, relative to it


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Instants ``start + n * step`` for n = 0 … steps; every ``every``-th is saved.

    All in the model's unit of time.
    """

    start: float
    step: float
    steps: int
    every: int

    @property
    def saved(self) -> NDArray[np.float64]:
        """The saved instants, shape (time,)."""
        return np.asarray(self.start + np.arange(0, self.steps + 1, self.every) * self.step, dtype=float)

    def samples(self, method: Method) -> NDArray[np.float64]:
        """The instants at which drivers are read: each step, and halfway where the method looks there."""
        per_step = SCHEMES[method].per_step
        return np.asarray(
            self.start + np.arange(per_step * self.steps + 1) * (self.step / per_step), dtype=float
        )


def time_grid(initial: float, final: float, step: float, saveper: float, max_steps: float = 1e8) -> TimeGrid:
    """The grid of a run.

    Parameters
    ----------
    initial, final, step, saveper : float
        The control variables, in the model's unit of time. The last step is the last not past ``final``.
    max_steps : float
        More steps than this are refused.

    Raises
    ------
    RunError
        When the times make no grid: a step that is not positive, an end before the start, a save interval that is not a
        whole number of steps, too many steps.
    """
    if not (np.isfinite([initial, final, step, saveper]).all() and step > 0 and final >= initial):
        raise RunError(
            f"INITIAL TIME {initial:g}, FINAL TIME {final:g} and TIME STEP {step:g} make no run",
            advice="the end must not come before the start, and the step must be positive",
        )
    steps = (final - initial) / step
    if steps > max_steps:
        raise RunError(
            f"a run of {steps:.3g} steps exceeds the limit of {max_steps:.3g}", advice="raise --max-steps"
        )
    every = saveper / step
    if round(every) < 1 or abs(every - round(every)) > NEAR * max(1.0, every):
        raise RunError(
            f"SAVEPER {saveper:g} is not a whole number of steps of {step:g}",
            advice="set SAVEPER to a multiple of TIME STEP",
        )
    return TimeGrid(initial, step, int(np.floor(steps * (1 + NEAR) + NEAR)), round(every))


def sample_drivers(program: Program, grid: TimeGrid) -> NDArray[np.float64]:
    """The data series on the grid, shape (driver, instant)."""
    at = grid.samples(program.method)
    return np.array([driver.sample(at) for driver in program.drivers]).reshape(len(program.drivers), len(at))
