"""Exact gradients of any function of a model's outputs: run forward, then walk back through the same equations.

The way back reads the states of every step. Where they would take too much memory, only those at the borders of parts
of the run are kept, and each part is run once more before it is walked back through.
"""

from __future__ import annotations

import ctypes
import math

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.compile import Code, target
from sd_covid.engine.kernel import ATTRIBUTES, Members, aligned, ring_size
from sd_covid.engine.llvm import Module
from sd_covid.engine.program import Program
from sd_covid.engine.scheme import SCHEMES
from sd_covid.engine.timegrid import TimeGrid, sample_drivers
from sd_covid.engine.trim import trim
from sd_covid.engine.write_reverse import (
    COUNTS,
    POINTERS,
    ReverseLayout,
    write_pullback,
    write_reverse,
    write_start_pullback,
)
from sd_covid.engine.write_run import COUNTS as RUN_COUNTS
from sd_covid.engine.write_run import POINTERS as RUN_POINTERS
from sd_covid.engine.write_run import Layout, write_flush, write_run, write_slopes, write_start
from sd_covid.errors import RunError

TRAJECTORY = 2**26  # bytes of states of a run that are kept whole


class GradientCode:
    """A compiled program that also runs backwards, one member at a time.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    """

    def __init__(self, program: Program, outputs: list[int]) -> None:
        self.program, self.outputs = trim(program, outputs)
        module = Module(1, target().permute, target().fused)
        layout = Layout.of(module, self.program, len(outputs))
        reverse = ReverseLayout.of(module, self.program, len(outputs))
        write_start(module, self.program, layout)
        if SCHEMES[self.program.method].reaches:
            write_slopes(module, self.program, layout)
        write_flush(module, layout, len(outputs))
        write_run(module, self.program, layout, self.outputs, trajectory=True)
        write_pullback(module, self.program, layout, reverse, self.outputs)
        write_start_pullback(module, self.program, layout, reverse)
        write_reverse(module, self.program, layout, reverse, len(outputs))
        self._code = Code(module.text(ATTRIBUTES), optimise=1)
        self.scratch = module.scratch
        pointer, whole, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        forward = ctypes.CFUNCTYPE(
            None, *[pointer] * len(RUN_POINTERS), *[whole] * len(RUN_COUNTS), number, number
        )
        backward = ctypes.CFUNCTYPE(None, *[pointer] * len(POINTERS), *[whole] * len(COUNTS), number, number)
        self.run = forward(self._code.address("run"))
        self.reverse = backward(self._code.address("reverse"))


class Differentiable:
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
    ) -> None:
        self._code, self._grid, self._memory = code, grid, memory
        self._parameters = parameters
        self._flat = np.array([number for numbers in parameters for number in numbers], dtype=np.int64)
        self._owner = np.repeat(np.arange(len(parameters)), [len(numbers) for numbers in parameters])
        self._constants = np.array(constants, dtype=float)
        self.time = grid.saved[grid.kept]
        self._written = len(grid.saved)
        self._drivers = np.ascontiguousarray(sample_drivers(code.program, grid).T)
        self._states = len(code.program.states)
        length = _part_length(grid.steps + 1, self._states, memory)
        self._parts = [(n, min(n + length, grid.steps + 1)) for n in range(0, grid.steps + 1, length)]
        self._trajectory = aligned((length + 1) * self._states, 1)
        self._scratch = aligned(code.scratch, 1)
        self._out = aligned(len(code.outputs) * self._written, 1)[: len(code.outputs) * self._written]
        self._row = np.full(len(constants), -1, dtype=np.int64)
        self._none = aligned(1, 1)
        self._slots = 1
        self._ring = self._bar_ring = self._none
        self._borders: NDArray[np.float64] = np.empty((len(self._parts), self._states))
        self._held = -1  # part whose trajectory is in memory
        self._ran = False

    def copy(self) -> Differentiable:
        """Another one with memory of its own, sharing the compiled code."""
        return Differentiable(self._code, self._constants, self._parameters, self._grid, self._memory)

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
        self._constants[self._flat] = point[self._owner]
        self._size_rings()
        for part in range(len(self._parts)):
            self._forward(part, self._out)
        self._ran = True
        return self._out.reshape(-1, self._written)[:, self._grid.kept].copy()

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
            When nothing has been run yet.
        """
        if not self._ran:
            raise RunError("a gradient was asked before the model was run", advice="call values() first")
        seeds = aligned(self._out.size, 1)[: self._out.size]
        seeds[:] = 0.0
        seeds.reshape(-1, self._written)[:, self._grid.kept] = np.asarray(seed, dtype=float)
        bars = np.zeros(len(self._constants))
        shared = (self._constants, self._row, self._none, self._drivers)
        arrays = (*shared, seeds, bars, self._scratch, self._bar_ring, self._trajectory)
        grid, last = self._grid, len(self._parts) - 1
        for part in range(last, -1, -1):
            if part != self._held:
                self._forward(part, np.empty_like(self._out))
            begin, until = self._parts[part]
            counts = (1, 0, 1, grid.steps, grid.every, self._written, 1, self._slots - 1, 0, 0, begin, until)
            self._code.reverse(*(a.ctypes.data for a in arrays), *counts, grid.start, grid.step)
        return np.asarray(np.bincount(self._owner, bars[self._flat], len(self._parameters)))

    def _forward(self, part: int, out: NDArray[np.float64]) -> None:
        """Run a part, from the states at its border to those at the next; its trajectory is then held."""
        self._held = part
        grid, (begin, until) = self._grid, self._parts[part]
        arrays = (self._constants, self._row, self._none, self._drivers)
        own = (self._scratch, self._ring, self._trajectory, self._none)
        enter = self._borders[part].ctypes.data if part else None
        further = part + 1 < len(self._parts)
        leave = self._borders[part + 1].ctypes.data if further else None
        first = -(-begin // grid.every)  # of the saved instants
        to = out.ctypes.data + 8 * first
        saves = self._written
        last = until if further else grid.steps
        counts = (1, 0, 1, last, grid.every, saves, 1, self._slots - 1, 0, 0, begin)
        pointers = (*(a.ctypes.data for a in arrays), to, *(a.ctypes.data for a in own), enter, leave)
        self._code.run(*pointers, *counts, grid.start, grid.step)

    def _size_rings(self) -> None:
        rings = self._states - self._code.program.first_ring
        if not rings:
            return
        size = ring_size(self._code.program, Members(self._constants, {}, 1, 1))
        if size > self._slots:
            self._ring, self._bar_ring = aligned(rings * size, 1), aligned(rings * size, 1)
            self._slots = size
            self._borders = np.empty((len(self._parts), self._states + rings * size))


def _part_length(instants: int, states: int, memory: int) -> int:
    """Instants of a part: all where they fit, else as many as there are parts, which takes the least memory."""
    if 8 * instants * states <= memory:
        return instants
    return max(1, math.isqrt(instants))
