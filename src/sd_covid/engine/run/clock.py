"""Time bounds that move: TIME STEP, SAVEPER and FINAL TIME that depend on Time or on what the model computes.

The instants of a run are worked out first, from the part of the model that the bounds depend on. The run then reads
Time as a series, holds TIME STEP as a state, and integrates with a step of 1, each flow times TIME STEP: so every
method, back end and derivative knows such a model as any other. As Vensim does, the bounds are looked at on every
step: how long it is, whether it would pass FINAL TIME, and, when something is saved, when the next is due.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import ClockDriver, Program, Row
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.interpret import Interpreter, Parameters, at_start
from sd_covid.engine.time.timegrid import NEAR, TimeGrid
from sd_covid.errors import RunError

CHUNK = 1024  # steps by which memory for fixed delays grows


def moving_grid(program: Program, members: Parameters, max_steps: float) -> TimeGrid:
    """The instants of a run whose time bounds move.

    Parameters
    ----------
    program : Program
        With a clock.
    members : Parameters
        Of the run; all must have the same instants.
    max_steps : float
        More steps than this are refused.

    Raises
    ------
    RunError
        When the bounds make no run, or differ between members.
    """
    assert program.clock is not None, "the bounds of this program do not move"
    bounds = program.clock.bounds
    names = list(bounds)
    held = program.step.leaf("state", program.clock.state)
    part, found = trim(program, [*bounds.values(), held])
    start = float(_same("INITIAL TIME", at_start(program, members, [program.control["initial time"]])[0]))
    nodes = dict(zip(names, found, strict=False))
    with np.errstate(all="ignore"):
        course = _Course(part, members, nodes, part.origin.index(program.clock.state), start)
        return course.instants(max_steps)


def _same(name: str, values: NDArray[np.float64]) -> float:
    """The value of a bound, the same for all members."""
    row = np.ravel(values)
    if (row != row[0]).any():
        raise RunError(f"{name} differs between members", advice="run these members as separate batches")
    return float(row[0])


class _Course(Interpreter):
    """A run of what the bounds depend on, which finds its instants as it goes."""

    def __init__(
        self, part: Program, members: Parameters, bounds: dict[str, int], clock: int, start: float
    ) -> None:
        empty = TimeGrid(start, 1.0, CHUNK, 1, instants=(start,) * (CHUNK + 1), lengths=(0.0,))
        super().__init__(part, members, list(bounds.values()), empty)
        self.bounds, self.clock = bounds, clock
        self.start = self.now = self.due = start
        self.length = _same("TIME STEP", self.state[clock])
        self.orders = {name: part.step.order([node]) for name, node in bounds.items()}

    def driver(self, number: int, n: int, part: Fraction) -> NDArray[np.float64]:
        """A series at an instant that is known only now."""
        found = self.program.drivers[number]
        time = self.now + float(part) * self.length
        if isinstance(found, ClockDriver):
            return np.asarray(time if found.row is Row.TIME else self.length)
        return np.asarray(found.sample(np.array([time]))[0])

    def instants(self, max_steps: float) -> TimeGrid:
        """All instants of the run."""
        found, lengths, saves = [self.now], [self.length], list[int]()
        base, since = (
            self.now,
            0,
        )  # where TIME STEP last changed: from there times are multiples, without drift
        while True:
            n = len(found) - 1
            if self._is_due(n):
                saves.append(n)
            if self._ends(n, max_steps):
                return TimeGrid(self.start, 1.0, n, 1, 0, tuple(found), tuple(lengths), tuple(saves))
            self._make_room(n)
            self.advance(n, self.step_values(self.order, self.state, n, Fraction(0)))
            self.now = base + (n + 1 - since) * self.length
            found.append(self.now)
            self.length = self._bound("time step", n + 1)
            self.state[self.clock] = self.length
            if self.length != lengths[-1]:
                base, since = self.now, n + 1
            lengths.append(self.length)

    def _bound(self, name: str, n: int) -> float:
        """A bound now."""
        values = self.step_values(self.orders[name], self.state, n, Fraction(0))
        return _same(name.upper(), np.asarray(values[self.bounds[name]], dtype=float))

    def _is_due(self, n: int) -> bool:
        """Whether this instant is saved; the next is due SAVEPER later, as it is now."""
        tiny = NEAR * max(self.length, abs(self.now - self.start))
        if self.now < self.due - tiny:
            return False
        if self.now > self.due + tiny:
            raise RunError(
                f"time {self.due:g} is to be saved, and the steps go past it, to {self.now:g}",
                advice="let SAVEPER be a multiple of TIME STEP throughout",
            )
        saveper = self._bound("saveper", n)
        if not saveper > 0:
            raise RunError(f"SAVEPER is {saveper:g} at time {self.now:g}", advice="it must be positive")
        self.due += saveper
        return True

    def _ends(self, n: int, max_steps: float) -> bool:
        """Whether the next step would pass FINAL TIME, as it is now."""
        final = self._bound("final time", n)
        if not (np.isfinite([self.now, final, self.length]).all() and self.length > 0):
            raise RunError(
                f"at time {self.now:g}, FINAL TIME {final:g} and TIME STEP {self.length:g} make no run",
                advice="they must be numbers, and the step positive",
            )
        if n >= max_steps:
            raise RunError(
                f"the run exceeds the limit of {max_steps:.3g} steps at time {self.now:g}",
                advice="raise --max-steps, or see that FINAL TIME is reached",
            )
        return bool(self.now + self.length > final + NEAR * (self.length + abs(final - self.start)))

    def _make_room(self, n: int) -> None:
        """Let the histories of fixed delays grow with the run."""
        for number, (length, history, initial) in self.rings.items():
            if n >= len(history):
                self.rings[number] = (length, np.vstack([history, np.empty_like(history)]), initial)
