"""Exact gradients of any function of a model's outputs: run forward, then walk back through the same equations."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.compile import Code, target
from sd_covid.engine.kernel import ATTRIBUTES, Members, aligned, ring_size
from sd_covid.engine.llvm import Module
from sd_covid.engine.program import Program, Update
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
from sd_covid.engine.write_run import POINTERS as RUN_POINTERS
from sd_covid.engine.write_run import Layout, write_flush, write_run, write_slopes, write_start
from sd_covid.errors import RunError


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
        numbers = [ctypes.c_int64] * len(COUNTS) + [ctypes.c_double] * 2
        forward = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(RUN_POINTERS), *numbers)
        backward = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(POINTERS), *numbers)
        self.run = forward(self._code.address("run"))
        self.reverse = backward(self._code.address("reverse"))


class Differentiable:
    """Some outputs of a model as a differentiable function of some of its constants.

    Made by `Simulation.differentiable`. Not for use by several threads at once: give each its own `copy`.

    Attributes
    ----------
    time : ndarray, shape (time,)
        The saved instants, in the model's unit of time.
    """

    def __init__(
        self, code: GradientCode, constants: NDArray[np.float64], parameters: list[list[int]], grid: TimeGrid
    ) -> None:
        self._code, self._grid = code, grid
        self._parameters = parameters
        self._flat = np.array([number for numbers in parameters for number in numbers], dtype=np.int64)
        self._owner = np.repeat(np.arange(len(parameters)), [len(numbers) for numbers in parameters])
        self._constants = np.array(constants, dtype=float)
        self.time = grid.saved
        self._drivers = np.ascontiguousarray(sample_drivers(code.program, grid).T)
        states = len(code.program.states)
        self._trajectory = aligned((grid.steps + 1) * states, 1)
        self._scratch = aligned(code.scratch, 1)
        self._out = aligned(len(code.outputs) * len(self.time), 1)[: len(code.outputs) * len(self.time)]
        self._row = np.full(len(constants), -1, dtype=np.int64)
        self._none = aligned(1, 1)
        self._ring = self._none
        self._mask = 0
        self._ran = False

    def copy(self) -> Differentiable:
        """Another one with memory of its own, sharing the compiled code."""
        return Differentiable(self._code, self._constants, self._parameters, self._grid)

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
        arrays = (
            self._constants,
            self._row,
            self._none,
            self._drivers,
            self._out,
            self._scratch,
            self._ring,
            self._trajectory,
        )
        grid, saves = self._grid, len(self.time)
        counts = (1, 0, 1, grid.steps, grid.every, saves, 1, self._mask, 0, 0, 0)
        failed = self._none
        self._code.run(
            *(a.ctypes.data for a in arrays), failed.ctypes.data, None, None, *counts, grid.start, grid.step
        )
        self._ran = True
        return self._out.reshape(-1, saves).copy()

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
        seeds = aligned(seed.size, 1)[: seed.size]
        seeds[:] = np.asarray(seed, dtype=float).ravel()
        bars = np.zeros(len(self._constants))
        shared = (self._constants, self._row, self._none, self._drivers)
        arrays = (*shared, seeds, bars, self._scratch, self._ring, self._trajectory)
        grid = self._grid
        counts = (1, 0, 1, grid.steps, grid.every, len(self.time), 1, self._mask, 0, 0, 0)
        self._code.reverse(*(a.ctypes.data for a in arrays), *counts, grid.start, grid.step)
        return np.asarray(np.bincount(self._owner, bars[self._flat], len(self._parameters)))

    def _size_rings(self) -> None:
        rings = sum(s.update is Update.RING for s in self._code.program.states)
        if rings:
            size = ring_size(self._code.program, Members(self._constants, {}, 1, 1))
            if size > self._mask + 1:
                self._ring, self._mask = aligned(rings * size, 1), size - 1
