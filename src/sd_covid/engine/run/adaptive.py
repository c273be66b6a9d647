"""Integration with steps as a tolerance asks, for stiff models and for checking a fixed step.

scipy's LSODA, which changes between Adams methods and implicit ones as stiffness comes and goes, moves the stocks; the
compiled model gives their net flows. A step is never longer than TIME STEP, so that no pulse is passed over. What is
assigned or delayed by a fixed time, and random numbers, change at multiples of TIME STEP as under the other methods.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Driver, Program
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.scratch import Layout, step_leaves
from sd_covid.engine.llvm.text import CALL_ARGUMENTS, CALL_NAMES, Body, Module
from sd_covid.engine.llvm.write_graph import Evaluation
from sd_covid.engine.llvm.write_run import START, START_CALL, write_start
from sd_covid.engine.run.compile import Code, target
from sd_covid.engine.run.kernel import ATTRIBUTES, Members, aligned, share_blocks
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.errors import RunError

Array = NDArray[np.float64]
MOST = 2000  # evaluations that a TIME STEP may take
SMALL = 1e-3  # a stock this small beside the largest is held to the tolerance of one that large


class AdaptiveKernel:
    """A compiled program that runs member by member, with steps of its own choice.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    tolerance : float
        Relative error of a step.
    """

    width = 1

    def __init__(self, program: Program, outputs: list[int], tolerance: float) -> None:
        self.program, self.outputs = trim(program, outputs)
        self.tolerance = tolerance
        module = Module(1, target().permute, target().fused)
        self.layout = layout = Layout.of(module, self.program, len(outputs))
        write_start(module, self.program, layout)
        start = Body(module)
        start.act(f"call void @start({START_CALL})")
        start.act("ret void")
        module.functions.append(start.function(f"void @begin({START})", "#0"))
        body = Body(module)
        states = [(s.next, layout.slopes + k) for k, s in enumerate(self.program.states)]
        results = [(node, layout.outputs + k) for k, node in enumerate(self.outputs)]
        values = Evaluation(body, self.program.step, step_leaves(layout, layout.states, self.program))
        values.compute(put=[*states, *results])
        body.act("ret void")
        formal = ", ".join(f"{kind} {n}" for kind, n in zip(CALL_ARGUMENTS, CALL_NAMES, strict=True))
        module.functions.append(body.function(f"void @point({formal})", "#0"))
        self._code = Code(module.text(ATTRIBUTES), optimise=1)
        self.scratch, self.random = module.scratch, module.random
        pointer, number, whole = ctypes.c_void_p, ctypes.c_double, ctypes.c_int64
        begin = ctypes.CFUNCTYPE(None, *[pointer] * 5, number, whole, whole, number)
        point = ctypes.CFUNCTYPE(None, pointer, pointer, number, whole, number)
        self.begin, self.point = begin(self._code.address("begin")), point(self._code.address("point"))

    def run(
        self,
        members: Members,
        grid: TimeGrid,
        threads: int = 1,
        enter: Array | None = None,
        leave: Array | None = None,
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Run all members; as `sd_covid.engine.run.kernel.Kernel.run`.

        Raises
        ------
        RunError
            When asked to carry on, or to leave off, in the middle of a run.
        """
        if enter is not None or leave is not None:
            raise RunError("a snapshot needs a fixed step", advice="choose euler, rk2 or rk4")
        out = np.full((len(self.outputs), members.count, len(grid.saved)), np.nan)
        members = members.for_width(1)

        def work(_: int, first: int, last: int) -> None:
            for member in range(first, last):
                _Member(self, members, member, grid).run(out[:, member])

        share_blocks(members.count, threads, work)
        return out, ~np.isfinite(out).all(axis=(0, 2))


class _TooStiffError(Exception):
    """The tolerance would take too many steps: a stock runs off to infinity."""


class _Member:
    """One run."""

    def __init__(self, kernel: AdaptiveKernel, members: Members, member: int, grid: TimeGrid) -> None:
        self.kernel, self.grid = kernel, grid
        program, layout = kernel.program, kernel.layout
        self.memory = aligned(kernel.scratch, 1)
        self.row = np.zeros(len(program.drivers))
        self.whole = self.memory.view(np.int64)
        self.states = self.memory[layout.states :][: len(program.states)]
        self.following = self.memory[layout.slopes :][: len(program.states)]
        self.results = self.memory[layout.outputs :][: len(kernel.outputs)]
        self.flows, self.first_ring = program.flows, program.first_ring
        self.whole[kernel.random] = members.first + member
        self.whole[kernel.random + 2] = np.uint64(members.seed).astype(np.int64)
        self._sample(grid.start)
        arrays = (members.uniform, members.row, members.rows, self.memory, self.row)
        kernel.begin(*(a.ctypes.data for a in arrays), grid.start, members.lanes, member, grid.step)
        rings = len(program.states) - self.first_ring
        self.lengths = self.memory[layout.lengths + self.first_ring :][:rings].astype(int)
        self.before = self.memory[layout.ring_initial + self.first_ring :][:rings].copy()
        self.rings = np.zeros((rings, grid.steps + 1))

    def run(self, out: Array) -> None:
        """Fill the results, shape (output, time); what a run that fails does not reach stays NaN."""
        grid, held = self.grid, self.flows < len(self.states) or self.kernel.program.random
        begin = self.states.copy()
        if not held and self._in_one_go(out):
            return
        self.states[:] = begin
        for n in range(grid.steps + 1):
            self.whole[self.kernel.random + 1] = n
            self._at(n)
            if n % grid.every == 0:
                out[:, n // grid.every] = self.results
            if n == grid.steps:
                return
            following = self.following[self.flows :].copy()
            course = self._integrate(n, [n + 1])
            if course is None:
                return
            self.states[: self.flows] = course[:, 0]
            self._hold(n, following)

    def _in_one_go(self, out: Array) -> bool:
        """All of a run in which nothing but stocks changes; false where a jump within it is too hard."""
        saved = range(0, self.grid.steps + 1, self.grid.every)
        course = self._integrate(0, saved[1:]) if len(saved) > 1 else np.empty((self.flows, 0))
        if course is None:
            return False
        self._at(0)
        out[:, 0] = self.results
        for k, n in enumerate(saved[1:]):
            self.states[:] = course[:, k]
            self._at(n)
            out[:, k + 1] = self.results
        return True

    def _at(self, n: int) -> None:
        time = self.grid.start + n * self.grid.step
        self._sample(time)
        self.kernel.point(self.memory.ctypes.data, self.row.ctypes.data, time, 0, self.grid.step)

    def _sample(self, time: float) -> None:
        for k, driver in enumerate(self.kernel.program.drivers):
            if isinstance(driver, Driver):  # time bounds that move are refused
                self.row[k] = driver.sample(np.array([time]))[0]

    def _flow(self, time: float, stocks: Array) -> Array:
        self.left -= 1
        if not self.left:
            raise _TooStiffError
        self.states[: self.flows] = stocks
        self._sample(time)
        self.kernel.point(self.memory.ctypes.data, self.row.ctypes.data, time, 0, self.grid.step)
        return self.following[: self.flows].copy()

    def _integrate(self, n: int, until: Sequence[int]) -> Array | None:
        """The stocks at later steps, shape (stock, step); None when the tolerance cannot be met."""
        from scipy.integrate import solve_ivp

        grid, begin = self.grid, self.states[: self.flows].copy()
        if not self.flows:
            return np.empty((0, len(until)))
        times = grid.start + np.asarray(until) * grid.step
        if not np.isfinite(begin).all():
            return None
        scale = max(float(np.abs(begin).max()), SMALL)
        self.left = MOST * (until[-1] - n)
        try:
            solution = solve_ivp(
                self._flow,
                (grid.start + n * grid.step, float(times[-1])),
                begin,
                method="LSODA",
                t_eval=times,
                rtol=self.kernel.tolerance,
                atol=self.kernel.tolerance * SMALL * scale,
                max_step=grid.step,
            )
        except _TooStiffError:
            return None
        finally:
            self.states[: self.flows] = begin
        return np.asarray(solution.y) if solution.success else None

    def _hold(self, n: int, following: Array) -> None:
        """What is assigned, and what leaves a fixed delay, at the next step."""
        assigned = self.first_ring - self.flows
        self.states[self.flows : self.first_ring] = following[:assigned]
        self.rings[:, n] = following[assigned:]
        for ring, length in enumerate(self.lengths):
            source = n + 1 - length
            self.states[self.first_ring + ring] = (
                self.rings[ring, source] if source >= 0 else self.before[ring]
            )
