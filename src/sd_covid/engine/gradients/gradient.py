"""Exact gradients of any function of a model's outputs: run forward, then walk back through the same equations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.gradients.sweep import GradientCode, Sweep
from sd_covid.engine.run.kernel import TRAJECTORY, Members, thread_count
from sd_covid.engine.run.threads import share
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.errors import RunError


class _Function:
    """What a function of one point and one of many points have in common; see `Differentiable`."""

    def __init__(
        self,
        code: GradientCode,
        constants: NDArray[np.float64],
        parameters: list[list[int]],
        grid: TimeGrid,
        memory: int = TRAJECTORY,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._code, self._grid, self._memory = code, grid, memory
        self._constants = np.array(constants, dtype=float)
        self._parameters = parameters
        self._flat = np.array([number for numbers in parameters for number in numbers], dtype=np.int64)
        self._owner = np.repeat(np.arange(len(parameters)), [len(numbers) for numbers in parameters])
        self.time = grid.saved[grid.kept]
        self._written = len(grid.saved)  # instants that the code writes

    def _spread(self, seed: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
        """A seed, checked, at all instants that the code writes: zero where the model saves nothing."""
        found = np.asarray(seed, dtype=float)
        if found.shape != shape:
            raise RunError(
                f"a seed of shape {found.shape}", advice=f"give one of shape {shape}, as values() does"
            )
        if not self._grid.instants:
            return found
        full = np.zeros((*shape[:-1], self._written))
        full[..., self._grid.kept] = found
        return full


class Differentiable(_Function):
    """Some outputs of a model as a differentiable function of some of its constants.

    Made by `Simulation.differentiable`. Not for use by several threads at once: give each its own `copy`.

    Parameters
    ----------
    code : GradientCode
    constants : ndarray, shape (constant,)
    parameters : list of list of int
        For each parameter, the numbers of the constants that it sets.
    grid : TimeGrid
    memory : int
        Bytes that the states of a run may take.
    seed : int
        Of the random numbers.

    Attributes
    ----------
    time : ndarray, shape (time,)
        The saved instants, in the model's unit of time.
    """

    def __init__(
        self,
        code: GradientCode,
        constants: NDArray[np.float64],
        parameters: list[list[int]],
        grid: TimeGrid,
        memory: int = TRAJECTORY,
        seed: int = 0,
    ) -> None:
        super().__init__(code, constants, parameters, grid, memory, seed)
        self._members = Members(self._constants, {}, 1, 1, seed)
        self._sweep = Sweep(code, grid, 1, memory)
        self._ran = False

    def copy(self) -> Differentiable:
        """Another one with memory of its own, sharing the compiled code."""
        shared = (self._constants, self._parameters, self._grid, self._memory, self._seed)
        return Differentiable(self._code, *shared)

    def batch(self, threads: int | None = None) -> DifferentiableBatch:
        """The same function of many points at once.

        Parameters
        ----------
        threads : int, optional
            By default all processors this process may use.
        """
        shared = (self._constants, self._parameters, self._grid, self._memory)
        return DifferentiableBatch(self._code.wide(), *shared, threads or thread_count(), self._seed)

    def values(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run the model.

        Parameters
        ----------
        theta : ndarray, shape (parameter,)
            Values of the parameters this object was made for, in that order.

        Returns
        -------
        ndarray, shape (output, time)
            A fresh array. Not finite where the run failed; never an exception for that.

        Raises
        ------
        RunError
            When ``theta`` has another length.
        """
        point = np.asarray(theta, dtype=float)
        if point.shape != (len(self._parameters),):
            raise RunError(
                f"{len(self._parameters)} parameters are needed, not an array of shape {point.shape}"
            )
        self._members.uniform[self._flat] = point[self._owner]
        found = np.empty((len(self._code.outputs), 1, self._written))
        self._sweep.values(self._members, found)
        self._ran = True
        return found[:, 0, self._grid.kept]

    def gradient(self, seed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pull a derivative back from the outputs to the parameters, at the last `values`.

        Parameters
        ----------
        seed : ndarray, shape (output, time)
            Derivative of a number with respect to each value that `values` gave.

        Returns
        -------
        ndarray, shape (parameter,)
            Derivative of that number with respect to each parameter. Derivatives through switch times are zero.

        Raises
        ------
        RunError
            When nothing has been run yet, or the seed has another shape.
        """
        if not self._ran:
            raise RunError("a gradient was asked before the model was run", advice="call values() first")
        seeds = self._spread(seed, (len(self._code.outputs), len(self.time)))
        bars = self._sweep.pull(seeds[:, None])[:, 0]
        return np.asarray(np.bincount(self._owner, bars[self._flat], len(self._parameters)))


class DifferentiableBatch(_Function):
    """Some outputs of a model as a differentiable function of some of its constants, at many points at once.

    Made by `Differentiable.batch`. A member's results do not depend on the others, nor on the threads. The states of
    the runs are kept between `values` and `gradient` where they fit in memory; else the members are run once more.

    Parameters
    ----------
    code : GradientCode
    constants, parameters, grid, memory
        As for `Differentiable`; memory for all threads together.
    threads : int
    seed : int

    Attributes
    ----------
    time : ndarray, shape (time,)
        The saved instants, in the model's unit of time.
    """

    def __init__(
        self,
        code: GradientCode,
        constants: NDArray[np.float64],
        parameters: list[list[int]],
        grid: TimeGrid,
        memory: int,
        threads: int,
        seed: int = 0,
    ) -> None:
        super().__init__(code, constants, parameters, grid, memory, seed)
        self._threads = threads
        self._members: Members | None = None
        self._sweeps: list[Sweep] = []
        self._parts: list[tuple[int, int]] = []  # of the members, each as large as a sweep takes
        self._size = 0  # blocks of a sweep

    def portion(self, most: int) -> int:
        """Members that are run at a time without running any twice; not more than ``most``, but whole blocks."""
        width = self._code.width
        fit = self._memory // (self._threads * width * self._member_bytes) * self._threads
        return max(self._threads, min(fit, most // width)) * width

    @property
    def _member_bytes(self) -> int:
        """Bytes that the states of one member's run take."""
        return 8 * (self._grid.steps + 1) * max(1, len(self._code.program.states))

    def values(self, theta: NDArray[np.float64], first_member: int = 0) -> NDArray[np.float64]:
        """Run the model at all points.

        Parameters
        ----------
        theta : ndarray, shape (member, parameter)
            Values of the parameters, in their order.
        first_member : int
            Number of the first member: random numbers depend on it.

        Returns
        -------
        ndarray, shape (output, member, time)
            Not finite where a run failed.

        Raises
        ------
        RunError
            When ``theta`` has another shape.
        """
        points = np.asarray(theta, dtype=float)
        if points.ndim != 2 or points.shape[1] != len(self._parameters):
            raise RunError(
                f"an array of shape (member, {len(self._parameters)}) is needed, not {points.shape}"
            )
        if not len(points):
            raise RunError("a batch without rows", advice="give at least one member")
        varying = {int(k): points[:, owner] for k, owner in zip(self._flat, self._owner, strict=True)}
        width = self._code.width
        members = Members(self._constants, varying, len(points), width, self._seed, first_member)
        self._divide(members.blocks)
        found = np.empty((len(self._code.outputs), members.count, self._written))

        def run(sweep: Sweep, first: int, last: int) -> None:
            sweep.values(members.part(first, last), found[:, first:last])

        self._members = members
        self._share(run)
        return found[..., self._grid.kept]

    def gradient(self, seed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pull derivatives back from the outputs to the parameters, at the last `values`.

        Parameters
        ----------
        seed : ndarray, shape (output, member, time)
            For each member, the derivative of a number with respect to each of its values.

        Returns
        -------
        ndarray, shape (member, parameter)
            Derivatives of each member's number. Derivatives through switch times are zero.

        Raises
        ------
        RunError
            When nothing has been run yet, or the seed has another shape.
        """
        members = self._members
        if members is None:
            raise RunError("a gradient was asked before the model was run", advice="call values() first")
        outputs = len(self._code.outputs)
        seeds = self._spread(seed, (outputs, members.count, len(self.time)))
        found = np.zeros((members.count, len(self._parameters)))
        kept = len(self._parts) == len(self._sweeps)

        def pull(sweep: Sweep, first: int, last: int) -> None:
            if not kept:
                part = members.part(first, last)
                sweep.values(part, np.empty((outputs, part.count, self._written)))
            bars = sweep.pull(seeds[:, first:last])
            np.add.at(found[first:last].T, self._owner, bars[self._flat])

        self._share(pull)
        return found

    def _divide(self, blocks: int) -> None:
        """Parts of the members: one for each thread where all states fit in memory, else as many as it takes."""
        width, threads = self._code.width, min(self._threads, blocks)
        fit = self._memory // (threads * width * self._member_bytes)
        size = max(1, min(fit, -(-blocks // threads)))
        self._parts = [(n * width, (n + size) * width) for n in range(0, blocks, size)]
        threads = min(threads, len(self._parts))
        if size != self._size or threads != len(self._sweeps):
            budget = self._memory // threads
            self._sweeps = [Sweep(self._code, self._grid, size, budget) for _ in range(threads)]
            self._size = size

    def _share(self, work: Callable[[Sweep, int, int], None]) -> None:
        """Give every thread its sweep and, in turn, its parts of the members."""
        members = self._members
        assert members is not None, "the members are there before they are shared out"
        threads = len(self._sweeps)

        def some(thread: int) -> None:
            for first, last in self._parts[thread::threads]:
                work(self._sweeps[thread], first, min(last, members.count))

        share(threads, some)
