"""Some members run forward and then back: the memory of one thread, and the calls of compiled code.

The way back reads the states of every step. Where they would take too much memory, only those at the borders of parts
of the run are kept, and each part is run once more before it is walked back through.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.scratch import Layout
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_reverse import (
    COUNTS,
    POINTERS,
    ReverseLayout,
    write_pullback,
    write_reverse,
    write_start_pullback,
)
from sd_covid.engine.llvm.write_run import COUNTS as RUN_COUNTS
from sd_covid.engine.llvm.write_run import POINTERS as RUN_POINTERS
from sd_covid.engine.llvm.write_run import write_flush, write_run, write_slopes, write_start
from sd_covid.engine.run.compile import Code, target
from sd_covid.engine.run.kernel import ATTRIBUTES, Members, aligned, ring_size
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.engine.time.timegrid import TimeGrid, sample_drivers


class Reverse:
    """The compiled way back of a program.

    Parameters
    ----------
    program : Program
        Trimmed to the outputs.
    outputs : list of int
    width : int
        Members in a vector.
    """

    def __init__(self, program: Program, outputs: list[int], width: int) -> None:
        module, layout = _begun(program, outputs, width)
        reverse = ReverseLayout.of(module, program, len(outputs))
        write_pullback(module, program, layout, reverse, outputs)
        write_start_pullback(module, program, layout, reverse)
        write_reverse(module, program, layout, reverse, len(outputs))
        self._code = Code(module.text(ATTRIBUTES), optimise=1)
        self.scratch = module.scratch
        self.run = _function(self._code.address("reverse"), POINTERS, COUNTS)


class GradientCode:
    """A compiled program that also runs backwards.

    The way back takes longer to compile than the way there, so it is compiled when a gradient is first asked for.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    width : int
        Members in a vector. 1 is the quickest for a single run.
    """

    def __init__(self, program: Program, outputs: list[int], width: int = 1) -> None:
        self.program, self.outputs = trim(program, outputs)
        self.width = width
        self._whole = program, outputs
        self._wide: GradientCode | None = None
        self._reverse: Reverse | None = None
        self._reversing = threading.Lock()  # several threads may ask for their first gradient at once
        module, layout = _begun(self.program, self.outputs, width)
        write_flush(module, layout, len(outputs))
        write_run(module, self.program, layout, self.outputs, trajectory=True)
        self._code = Code(module.text(ATTRIBUTES), optimise=1)
        self.scratch = module.scratch
        self.run = _function(self._code.address("run"), RUN_POINTERS, RUN_COUNTS)

    def reverse(self) -> Reverse:
        """The way back."""
        with self._reversing:
            if self._reverse is None:
                self._reverse = Reverse(self.program, self.outputs, self.width)
            return self._reverse

    def wide(self) -> GradientCode:
        """The same for batches: a member in each lane of a vector."""
        if self._wide is None:
            self._wide = GradientCode(*self._whole, target().width)
        return self._wide


def _begun(program: Program, outputs: list[int], width: int) -> tuple[Module, Layout]:
    """A module with what both ways need: where scratch memory is what, the start, and the slopes of Runge-Kutta."""
    module = Module(width, target().permute, target().fused)
    layout = Layout.of(module, program, len(outputs))
    write_start(module, program, layout)
    if SCHEMES[program.method].reaches:
        write_slopes(module, program, layout)
    return module, layout


def _function(address: int, pointers: Sequence[str], counts: Sequence[str]) -> Callable[..., None]:
    """Machine code, callable with pointers, counts, start and step."""
    arguments = [ctypes.c_void_p] * len(pointers) + [ctypes.c_int64] * len(counts)
    return ctypes.CFUNCTYPE(None, *arguments, ctypes.c_double, ctypes.c_double)(address)


class Sweep:
    """Some members at a time, forward and back.

    Parameters
    ----------
    code : GradientCode
    grid : TimeGrid
    blocks : int
        How many blocks of ``code.width`` members at most.
    memory : int
        Bytes that the states of the runs may take.
    """

    def __init__(self, code: GradientCode, grid: TimeGrid, blocks: int, memory: int) -> None:
        self._code, self._grid = code, grid
        self._states = len(code.program.states)
        length = part_length(grid.steps + 1, self._states * blocks * code.width, memory)
        if length <= grid.steps and blocks > 1:
            raise ValueError("only single blocks are run in parts")
        self._parts = [(n, min(n + length, grid.steps + 1)) for n in range(0, grid.steps + 1, length)]
        self._drivers = np.ascontiguousarray(sample_drivers(code.program, grid).T)
        self._trajectory = aligned((length + 1) * self._states * blocks, code.width)
        self._scratch = aligned(code.scratch, code.width)
        saves = length // grid.every + 2
        self._saves = -(-saves // code.width) * code.width
        self._out = aligned(len(code.outputs) * self._saves * blocks, code.width)
        self._failed = aligned(blocks, code.width)
        self._slots = 0  # of each ring; the memory of rings and borders comes with the first members
        self._ring = self._bar_ring = self._borders = np.empty(0)
        self._back_scratch = np.empty(0)  # comes with the first gradient
        self._members: Members | None = None
        self._held = -1  # part whose trajectory is in memory

    def values(self, members: Members, into: NDArray[np.float64]) -> None:
        """Run members forward.

        Parameters
        ----------
        members : Members
            In no more blocks than there is memory for; unchanged until the last `pull`.
        into : ndarray, shape (output, member, time)
            Where the outputs go.
        """
        self._members = members
        self._size_rings(members)
        outputs, every = len(self._code.outputs), self._grid.every
        cube = self._out[: outputs * members.lanes * self._saves].reshape(outputs, members.lanes, self._saves)
        for part, (begin, until) in enumerate(self._parts):
            self._forward(part, members)
            first, last = -(-begin // every), -(-until // every)  # of the saved instants
            into[:, :, first:last] = cube[:, : members.count, : last - first]

    def pull(self, seed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run the members of the last `values` backward.

        Parameters
        ----------
        seed : ndarray, shape (output, member, time)
            Derivatives of a number of each member with respect to its outputs.

        Returns
        -------
        ndarray, shape (constant, member)
        """
        members = self._members
        assert members is not None, "values come before their gradient"
        grid, saves = self._grid, seed.shape[2]
        seeds, bars = self._by_block(seed, members), np.zeros((len(members.uniform), members.lanes))
        shared = (members.uniform, members.row, members.rows, self._drivers)
        reverse = self._code.reverse()
        if not self._back_scratch.size:
            self._back_scratch = aligned(reverse.scratch, self._code.width)
        arrays = (*shared, seeds, bars, self._back_scratch, self._bar_ring, self._trajectory)
        for part in range(len(self._parts) - 1, -1, -1):
            if part != self._held:
                self._forward(part, members)
            begin, until = self._parts[part]
            block = (members.lanes, 0, members.blocks, grid.steps, grid.every, saves, members.lanes)
            counts = (*block, self._slots - 1, members.seed, members.first, begin, until)
            reverse.run(*(a.ctypes.data for a in arrays), *counts, grid.start, grid.step)
        return bars[:, : members.count]

    def _by_block(self, seed: NDArray[np.float64], members: Members) -> NDArray[np.float64]:
        """Seeds as the code reads them: ``[block][output][time][lane]``."""
        outputs, count, saves = seed.shape
        width = self._code.width
        seeds = aligned(outputs * saves * members.blocks, width)[: outputs * saves * members.lanes]
        if count < members.lanes:
            full = np.zeros((outputs, members.lanes, saves))
            full[:, :count] = seed
            seed = full
        rows = seeds.reshape(members.blocks, outputs, saves, width)
        rows[:] = seed.reshape(outputs, members.blocks, width, saves).transpose(1, 0, 3, 2)
        return seeds

    def _forward(self, part: int, members: Members) -> None:
        """Run a part, from the states at its border to those at the next; its trajectory is then held."""
        self._held = part
        grid, (begin, until) = self._grid, self._parts[part]
        arrays = (members.uniform, members.row, members.rows, self._drivers, self._out)
        own = (self._scratch, self._ring, self._trajectory, self._failed)
        enter = self._borders[part].ctypes.data if part else None
        further = part + 1 < len(self._parts)
        leave = self._borders[part + 1].ctypes.data if further else None
        last = until if further else grid.steps
        block = (members.lanes, 0, members.blocks, last, grid.every, self._saves, members.lanes)
        counts = (*block, self._slots - 1, members.seed, members.first, begin)
        pointers = (*(a.ctypes.data for a in (*arrays, *own)), enter, leave)
        self._code.run(*pointers, *counts, grid.start, grid.step)

    def _size_rings(self, members: Members) -> None:
        rings, width = self._states - self._code.program.first_ring, self._code.width
        size = ring_size(self._code.program, members)
        if size > self._slots:
            self._ring, self._bar_ring = (aligned(rings * size, width) for _ in range(2))
            self._borders = np.empty((len(self._parts), (self._states + rings * size) * width))
            self._slots = size


def part_length(instants: int, states: int, memory: int) -> int:
    """Instants of a part: all where they fit, else as many as there are parts, which takes the least memory."""
    if 8 * instants * states <= memory:
        return instants
    return max(1, math.isqrt(instants))
