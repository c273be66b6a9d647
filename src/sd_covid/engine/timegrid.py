"""The instants of a run: where it starts, how it steps, what it saves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.program import Program
from sd_covid.engine.scheme import SCHEMES
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

NEAR = 1e-6  # a ratio of times this near to a whole number is one, relative to it


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Instants ``start + n * step`` for n = begin … steps; every ``every``-th, counted from 0, is saved.

    All in the model's unit of time.
    """

    start: float
    step: float
    steps: int
    every: int
    begin: int = 0

    @property
    def saved(self) -> NDArray[np.float64]:
        """The saved instants, shape (time,)."""
        first = -(-self.begin // self.every) * self.every
        return np.asarray(self.start + np.arange(first, self.steps + 1, self.every) * self.step, dtype=float)

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


def steps_of(times: NDArray[np.float64], grid: TimeGrid) -> NDArray[np.int64]:
    """The steps at which some times stand.

    Raises
    ------
    RunError
        When one is no instant of the run.
    """
    steps = (times - grid.start) / grid.step
    whole = np.round(steps).astype(np.int64)
    off = (np.abs(steps - whole) > NEAR * np.maximum(1, np.abs(steps))) | (whole < 0) | (whole > grid.steps)
    if off.any():
        raise RunError(
            f"time {times[off][0]:g} is not an instant of the run",
            advice=f"instants are {grid.start:g} + n * {grid.step:g}, to {replace(grid, every=1).saved[-1]:g}",
        )
    return whole


def positions(times: NDArray[np.float64], grid: TimeGrid) -> tuple[NDArray[np.int64], int]:
    """Where some times stand on a grid, and the widest save interval (in steps) that holds them all."""
    whole = steps_of(times, grid)
    every = int(np.gcd.reduce(whole)) or max(grid.steps, 1)
    return whole // every, every
