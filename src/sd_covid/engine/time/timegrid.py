"""The instants of a run: where it starts, how it steps, what it saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Driver, Program, Row
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

NEAR = 1e-6  # a ratio of times this near to a whole number is one, relative to it


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Instants ``start + n * step`` for n = begin … steps; every ``every``-th, counted from 0, is saved.

    All in the model's unit of time. Where only some of these are results, the numbers of their steps stand in
    ``saves``. Where time bounds move that is so, the instants stand in ``instants``, and how long each step is in
    ``lengths``; ``step`` is then 1, because flows are multiplied by TIME STEP already.
    """

    start: float
    step: float
    steps: int
    every: int
    begin: int = 0
    instants: tuple[float, ...] = ()
    lengths: tuple[float, ...] = ()
    saves: tuple[int, ...] = ()

    @property
    def saved(self) -> NDArray[np.float64]:
        """The instants that a kernel writes, shape (instant,)."""
        return self.times(np.arange(self._first, self.steps + 1, self.every))

    @property
    def kept(self) -> slice | NDArray[np.int64]:
        """Which of those that a kernel writes are results."""
        if not (self.instants or self.saves):
            return slice(None)
        saves = np.asarray(self.saves, dtype=np.int64)
        return (saves[(saves >= self._first) & (saves <= self.steps)] - self._first) // self.every

    @property
    def _first(self) -> int:
        return -(-self.begin // self.every) * self.every

    @property
    def length(self) -> float:
        """From the start of the run to its end."""
        return float(self.times(np.array(self.steps)) - self.start)

    def times(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The times of some steps."""
        if self.instants:
            return np.asarray(self.instants)[steps]
        return np.asarray(self.start + steps * self.step, dtype=float)

    def samples(self, method: Method) -> NDArray[np.float64]:
        """The instants at which drivers are read: each step, and halfway where the method looks there."""
        per_step = SCHEMES[method].per_step
        if self.instants:
            at = np.arange(per_step * self.steps + 1) / per_step
            of_steps = np.asarray(self.instants)[: self.steps + 1]
            return np.asarray(np.interp(at, np.arange(self.steps + 1), of_steps))
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
    rows = [
        driver.sample(at) if isinstance(driver, Driver) else _clock_row(driver.row, grid, at)
        for driver in program.drivers
    ]
    return np.array(rows).reshape(len(rows), len(at))


def _clock_row(row: Row, grid: TimeGrid, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time, or how long the step after this one will be; the last is the last."""
    if row is Row.TIME:
        return at
    step = (np.arange(len(at)) * grid.steps) // max(len(at) - 1, 1)
    return np.asarray([*grid.lengths, 0.0])[np.minimum(step + 1, len(grid.lengths) - 1)]


def steps_of(times: NDArray[np.float64], grid: TimeGrid) -> NDArray[np.int64]:
    """The steps at which some times stand.

    Raises
    ------
    RunError
        When one is no instant of the run.
    """
    if grid.instants:
        return _steps_among(times, np.asarray(grid.instants)[: grid.steps + 1])
    steps = (times - grid.start) / grid.step
    whole = np.round(steps).astype(np.int64)
    off = (np.abs(steps - whole) > NEAR * np.maximum(1, np.abs(steps))) | (whole < 0) | (whole > grid.steps)
    if off.any():
        raise RunError(
            f"time {times[off][0]:g} is not an instant of the run",
            advice=f"instants are {grid.start:g} + n * {grid.step:g}, to {replace(grid, every=1).saved[-1]:g}",
        )
    return whole


def _steps_among(times: NDArray[np.float64], instants: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same where time bounds move."""
    found = np.abs(instants[None, :] - times[:, None]).argmin(axis=1)
    off = np.abs(instants[found] - times) > NEAR * np.maximum(1.0, np.abs(times))
    if off.any():
        raise RunError(
            f"time {times[off][0]:g} is not an instant of the run",
            advice=f"the nearest is {instants[found[off][0]]:g}",
        )
    return np.asarray(found, dtype=np.int64)


def at_times(times: Sequence[float], grid: TimeGrid) -> TimeGrid:
    """The same grid with some instants as its only results.

    Raises
    ------
    RunError
        For a time that is no instant of the run, or lies before its beginning.
    """
    whole = np.unique(steps_of(np.asarray(times, dtype=float), grid))
    if whole[0] < grid.begin:
        early, begin = grid.times(np.array([whole[0], grid.begin]))
        raise RunError(
            f"time {early:g} lies before the snapshot's {begin:g}", advice="take an earlier snapshot"
        )
    every = grid.every if grid.instants else int(np.gcd.reduce(whole)) or max(grid.steps, 1)
    return replace(grid, every=every, saves=tuple(whole.tolist()))


def positions(times: NDArray[np.float64], grid: TimeGrid) -> tuple[NDArray[np.int64], int]:
    """Where some times stand on a grid, and the widest save interval (in steps) that holds them all."""
    whole = steps_of(times, grid)
    every = int(np.gcd.reduce(whole)) or max(grid.steps, 1)
    return whole // every, every
