"""The kernel: a program as machine code that runs members in blocks, one in each lane of a vector, on all threads."""

from __future__ import annotations

import copy
import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine import interpret
from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_run import COUNTS, POINTERS, write_kernel
from sd_covid.engine.run.compile import Code, Tiered, target
from sd_covid.engine.run.threads import share
from sd_covid.engine.time.timegrid import TimeGrid, sample_drivers
from sd_covid.errors import RunError

ATTRIBUTES = (
    'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
    'attributes #1 = { nounwind noinline alignstack=64 "prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
    'attributes #2 = { nounwind willreturn memory(none) "prefer-vector-width"="512" "min-legal-vector-width"="512" }'
)


TRAJECTORY = 2**26  # bytes of states of runs that a gradient keeps whole


def thread_count() -> int:
    """Threads to use: the processors this process may use, lowered by ``SD_COVID_THREADS``.

    Raises
    ------
    RunError
        When that variable is not a positive whole number.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    asked = os.environ.get("SD_COVID_THREADS")
    if not asked:
        return available
    if not asked.isdecimal() or int(asked) < 1:
        raise RunError(f"SD_COVID_THREADS is '{asked}', not a positive whole number")
    return min(available, int(asked))


def aligned(vectors: int, width: int) -> NDArray[np.float64]:
    """Zeroed memory for some vectors, aligned to 64 bytes."""
    raw = np.zeros(vectors * width + 8)
    return raw[(-raw.ctypes.data // 8) % 8 :]


def share_blocks(blocks: int, threads: int, work: Callable[[int, int, int], None]) -> None:
    """Give each thread a contiguous range of blocks: ``work(thread, first, last)``."""
    threads = max(1, min(threads, blocks))
    borders = np.linspace(0, blocks, threads + 1).astype(int)
    share(threads, lambda thread: work(thread, int(borders[thread]), int(borders[thread + 1])))


class Members:
    """The constants of a batch, as a kernel reads them: a value for all, or a row with one for each member.

    Parameters
    ----------
    values : ndarray, shape (parameter,)
        One value for all members.
    varying : dict
        Row of values, shape (member,), for each parameter (by number) that differs between members.
    count : int
        Number of members.
    width : int
        Lanes of the kernel; rows are padded to whole blocks by repeating the last member.
    seed : int
        Of the random numbers; 64 bits count.
    first : int
        Number of the first member: random numbers depend on it.
    """

    def __init__(
        self,
        values: NDArray[np.float64],
        varying: dict[int, NDArray[np.float64]],
        count: int,
        width: int,
        seed: int = 0,
        first: int = 0,
    ) -> None:
        self.count, self.seed, self.first = count, seed & (2**64 - 1), first
        self.blocks = -(-count // width)
        self.lanes = self.blocks * width
        self.uniform = np.ascontiguousarray(values, dtype=float)
        self.row = np.full(len(values), -1, dtype=np.int64)
        self.rows = np.empty((len(varying), self.lanes))
        for k, (parameter, row) in enumerate(varying.items()):
            self.row[parameter] = k
            self.rows[k, :count] = row
            self.rows[k, count:] = row[-1]

    def for_width(self, width: int) -> Members:
        """The same members in blocks of another width."""
        if width * self.blocks == self.lanes:
            return self
        if self.lanes % width == 0:  # the rows of a million members are not copied for nothing
            other = copy.copy(self)
            other.blocks = self.lanes // width
            return other
        varying = {int(k): self.rows[self.row[k], : self.count] for k in np.flatnonzero(self.row >= 0)}
        return Members(self.uniform, varying, self.count, width, self.seed, self.first)

    def part(self, first: int, last: int) -> Members:
        """Some of the members, with the numbers they have here."""
        varying = {int(k): self.rows[self.row[k], first:last] for k in np.flatnonzero(self.row >= 0)}
        width = self.lanes // self.blocks
        return Members(self.uniform, varying, last - first, width, self.seed, self.first + first)

    def __getitem__(self, parameter: int) -> NDArray[np.float64]:
        """The values of a parameter, shape (member,) or a scalar."""
        row = self.row[parameter]
        return self.uniform[parameter] if row < 0 else self.rows[row, : self.count]


def side_by_side(several: list[Members]) -> Members:
    """The members of a program in which a model stands several times: the constants of each, one after another."""
    first = several[0]
    size, varying = len(first.uniform), dict[int, NDArray[np.float64]]()
    for place, members in enumerate(several):
        for k in np.flatnonzero(members.row >= 0):
            varying[int(k) + place * size] = members.rows[members.row[k], : members.count]
    count = max(members.count for members in several)
    spread = {k: np.broadcast_to(row, (count,)) for k, row in varying.items()}
    uniform = np.concatenate([members.uniform for members in several])
    return Members(uniform, spread, count, 1, first.seed, first.first)


def ring_size(program: Program, members: Members) -> int:
    """Slots of each ring: a power of two that holds the longest fixed delay of any member.

    Raises
    ------
    RunError
        For a delay that is not a number, or absurdly long.
    """
    lengths = [s.steps for s in program.states if s.update is Update.RING]
    if not lengths:
        return 1
    longest = interpret.at_start(program, members, lengths).max()
    if not np.isfinite(longest) or longest > 1e7:
        raise RunError(
            f"a DELAY FIXED of {longest:g} steps cannot be run",
            advice="give a shorter delay or a longer step",
        )
    return 1 << int(longest).bit_length()


def _run_function(address: int) -> Callable[..., None]:
    """The machine code of ``run``, callable."""
    pointers, counts = [ctypes.c_void_p] * len(POINTERS), [ctypes.c_int64] * len(COUNTS)
    return ctypes.CFUNCTYPE(None, *pointers, *counts, ctypes.c_double, ctypes.c_double)(address)


class Kernel:
    """A compiled program with chosen outputs.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    width : int, optional
        Members in a vector; by default what the processor holds. 1 is the quickest for a single run.
    all_states : bool
        Keep every state, needed for the outputs or not, so that a run can be carried on from what it leaves.
    alike : int
        Rows of members that draw the same random numbers: the first so many, the next, and so on.
    """

    def __init__(
        self,
        program: Program,
        outputs: list[int],
        width: int | None = None,
        all_states: bool = False,
        alike: int = 1,
    ) -> None:
        self.program, self.outputs = trim(program, outputs, all_states)
        self.width = width or target().width
        module = Module(self.width, target().permute, target().fused, alike=alike)
        write_kernel(module, self.program, self.outputs, rising=not all_states)
        self._scratch = module.scratch
        # one run of one member is over before LLVM's passes would have paid: ten times the compile time, the same speed
        text = module.text(ATTRIBUTES)
        self._code = Code(text, optimise=0) if self.width == 1 else Tiered(text)
        self._run = _run_function(self._code.address("run"))
        self._renewing = threading.Lock()

    def run(
        self,
        members: Members,
        grid: TimeGrid,
        threads: int = 1,
        enter: NDArray[np.float64] | None = None,
        leave: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Run all members.

        Parameters
        ----------
        members : Members
            For this kernel's width.
        grid : TimeGrid
        threads : int
        enter : ndarray, shape (slot, lane), optional
            States and rings to begin from, as another run of the same members left them; slots as in `slots`.
        leave : ndarray, shape (slot, lane), optional
            Where to leave them.

        Returns
        -------
        values : ndarray, shape (output, member, time)
            A view of memory padded to whole blocks of members and instants.
        failed : ndarray of bool, shape (member,)
            Members with a value that is not finite.
        """
        saves = len(grid.saved)
        padded = -(-saves // self.width) * self.width
        raw = np.empty(len(self.outputs) * members.lanes * padded + 8)
        out = raw[(-raw.ctypes.data // 8) % 8 :][: len(self.outputs) * members.lanes * padded]
        drivers = np.ascontiguousarray(sample_drivers(self.program, grid).T)
        size = self.ring_slots(members) if enter is None else self._ring_slots_of(enter)
        rings = len(self.program.states) - self.program.first_ring
        failed = np.zeros(members.lanes)
        states = tuple(None if memory is None else memory.ctypes.data for memory in (enter, leave))

        def work(_: int, first: int, last: int) -> None:
            scratch = aligned(self._scratch, self.width)
            ring = aligned(rings * size, self.width)
            arrays = (members.uniform, members.row, members.rows, drivers, out, scratch, ring, ring, failed)
            pointers = (*(a.ctypes.data for a in arrays), *states)
            counts = (grid.steps, grid.every, padded, members.lanes, size - 1)
            whose = (members.seed, members.first, grid.begin)
            for begin, end in self._stretches(first, last):
                self._run(*pointers, members.lanes, begin, end, *counts, *whose, grid.start, grid.step)

        share_blocks(members.blocks, threads, work)
        cube = out.reshape(len(self.outputs), members.lanes, padded)
        return cube[:, : members.count, :saves], np.isnan(failed[: members.count])

    def wait(self) -> None:
        """Wait for the optimised code: for those who measure its speed."""
        self._renew(wait=True)

    def _renew(self, wait: bool = False) -> bool:
        """Take up the optimised code if it is there; whether none is to come any more."""
        if isinstance(self._code, Code) or self._code.final:
            return True
        with self._renewing:
            if self._code.renew(wait):
                self._run = _run_function(self._code.address("run"))
            return self._code.final

    def _stretches(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Blocks to run at a time: all, or, as long as quicker code may come, what takes a tenth of a second or so."""
        size = 1
        while first < last:
            final = self._renew()
            end = last if final else min(last, first + size)
            begun = time.perf_counter()
            yield first, end
            first = end
            size = 2 * size if time.perf_counter() - begun < 0.1 else size

    def ring_slots(self, members: Members) -> int:
        """Slots of each ring for these members."""
        return ring_size(self.program, members)

    def _ring_slots_of(self, memory: NDArray[np.float64]) -> int:
        rings = len(self.program.states) - self.program.first_ring
        return (len(memory) - len(self.program.states)) // rings if rings else 1
