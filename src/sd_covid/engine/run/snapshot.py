"""What members remember at an instant, so that a run can stop there and be carried on, as it was or otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.errors import RunError, suggest


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The states of some members at an instant.

    Made by `Simulation.snapshot`, taken by `Simulation.run` as ``start``.

    Attributes
    ----------
    time : float
        Model time.
    step : int
        Steps since the initial time.
    names : tuple of str
        Variable that each state belongs to; a delay has several.
    states : ndarray, shape (state, member)
        May be changed before the run is carried on, as data assimilation does.
    rings : ndarray, shape (ring, slot, member)
        Fixed delays: what went in at each of the last steps.
    ring_states : tuple of int
        The state of each ring.
    """

    time: float
    step: int
    names: tuple[str, ...]
    states: NDArray[np.float64]
    rings: NDArray[np.float64]
    ring_states: tuple[int, ...]

    def stock(self, name: str) -> NDArray[np.float64]:
        """The states of a variable, or of an element of it. Shape (state, member); may be written to.

        Raises
        ------
        RunError
            When no state has that name.
        """
        rows = [k for k, known in enumerate(self.names) if known.casefold() == name.casefold()]
        if not rows:
            raise RunError(f"'{name}' has no state", advice=suggest(name, list(self.names)), variable=name)
        return self.states[rows[0] : rows[-1] + 1]


def take_snapshot(
    kernel: Kernel,
    names: tuple[str, ...],
    members: Members,
    grid: TimeGrid,
    threads: int,
    start: Snapshot | None,
) -> Snapshot:
    """Run to the end of a grid and keep the states there.

    Parameters
    ----------
    kernel : Kernel
        One that keeps all states.
    names : tuple of str
        Of all states of the program.
    members : Members
    grid : TimeGrid
    threads : int
    start : Snapshot or None
    """
    part = kernel.program
    enter = None if start is None else states_to_enter(kernel, start, members)
    size = kernel.ring_slots(members) if start is None else start.rings.shape[1]
    count, rings = len(part.states), len(part.states) - part.first_ring
    memory = np.zeros((count + rings * size, members.lanes))
    kernel.run(members, grid, threads, enter, memory)
    states = np.empty((count, members.count))
    states[part.origin] = memory[:count, : members.count]
    return Snapshot(
        time=grid.start + grid.length,
        step=grid.steps,
        names=names,
        states=states,
        rings=memory[count:].reshape(rings, size, members.lanes)[:, :, : members.count].copy(),
        ring_states=tuple(part.origin[part.first_ring :]),
    )


def states_to_enter(kernel: Kernel, start: Snapshot, members: Members) -> NDArray[np.float64]:
    """A snapshot as a kernel reads it: the states it keeps, then their rings. Shape (slot, lane).

    Raises
    ------
    RunError
        When the snapshot is of another number of members or of another model, or a delay has become too long.
    """
    part = kernel.program
    if max(part.origin, default=0) >= len(start.names):
        raise RunError("the snapshot is of another model", advice="take it from this one")
    if start.states.shape[1] not in (1, members.count):
        raise RunError(
            f"the snapshot holds {start.states.shape[1]} members, the run has {members.count}",
            advice="carry on with the same rows",
        )
    rings = [start.ring_states.index(k) for k in part.origin[part.first_ring :]]
    if rings and kernel.ring_slots(members) > start.rings.shape[1]:
        raise RunError(
            "a DELAY FIXED is longer than when the snapshot was taken",
            advice="take the snapshot with the longest delay",
        )
    rows = np.vstack([start.states[part.origin], start.rings[rings].reshape(-1, start.states.shape[1])])
    found = np.empty((len(rows), members.lanes))
    found[:, : members.count] = rows
    found[:, members.count :] = found[:, members.count - 1 : members.count]
    return found
