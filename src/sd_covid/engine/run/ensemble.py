"""Some outputs for some members, ready to run: at once, or part by part for statistics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine import interpret
from sd_covid.engine.graph.program import Program
from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.time.over_time import finish
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.engine.run.adaptive import AdaptiveKernel
    from sd_covid.engine.run.snapshot import Snapshot

PART = 2**25  # bytes of results that a part of a batch may take


@dataclass(slots=True)
class Ensemble:
    """A batch, or a single run.

    Attributes
    ----------
    program : Program
    nodes : list of int
        Outputs: nodes of its step graph.
    kernel : Kernel or None
        None for the reference interpreter.
    members : Members
    grid : TimeGrid
    over_time : tuple of str
        What each output is summed up in.
    by_time : bool
        Whether it is summed up by each saved instant, and not by the end alone.
    start : Snapshot or None
        Where the run carries on.
    """

    program: Program
    nodes: list[int]
    kernel: Kernel | AdaptiveKernel | None
    members: Members
    grid: TimeGrid
    over_time: tuple[str, ...] = ()
    start: Snapshot | None = None
    by_time: bool = False

    @property
    def size(self) -> int:
        """Bytes of all results."""
        lanes = self.members.lanes
        return 8 * len(self.nodes) * lanes * len(self.grid.saved)

    def run(self, threads: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """All members at once.

        Parameters
        ----------
        threads : int

        Returns
        -------
        values : ndarray, shape (output, member, time)
            With ``over_time`` in place of time where that is asked for; after time, where it is asked for by time.
        failed : ndarray of bool, shape (member,)
            Members with a value that is not finite.
        """
        return self._run(self.members, threads)

    def statistics(
        self, statistics: Sequence[float | str], threads: int, limit: float
    ) -> tuple[NDArray[np.float64], int]:
        """Statistics over members; see `sd_covid.engine.run.over_members.over_members`.

        Parameters
        ----------
        statistics : sequence
        threads : int
        limit : float
            Bytes that may be used.

        Returns
        -------
        values : ndarray, shape (output, statistic, time)
        failed : int

        Raises
        ------
        RunError
            When the statistics need more than the limit.
        """
        if self.start is not None and self.start.states.shape[1] > 1:
            raise RunError(
                "statistics over members cannot be carried on from a snapshot of several members",
                advice="run without over_members",
            )
        from sd_covid.engine.run.over_members import BINS, over_members

        cells = len(self.nodes) * (1 if self.over_time else len(self.grid.saved))
        quantiles = any(not isinstance(item, str) for item in statistics)
        counts = cells * (4 * BINS * threads + 8 * 2 * BINS) if quantiles else 0
        member = 16 * len(self.nodes) * (len(self.grid.saved) + 8)
        if counts + 64 * threads * member > limit:
            raise RunError(
                f"statistics of {cells} values need {(counts + 64 * threads * member) / 2**30:.3g} GiB, more than the "
                f"limit of {limit / 2**30:.3g} GiB",
                advice="keep fewer outputs, or save less often",
            )
        room = min(PART, (limit - counts) / threads)
        size = max(64, int(room / member) // 64 * 64)
        return over_members(self._part, self.members.count, size, statistics, threads)

    def _part(self, first: int, last: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return self._run(self.members.part(first, last), 1)

    def _run(self, members: Members, threads: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        if self.kernel is None:
            if self.start is not None:
                raise RunError(
                    "the reference engine cannot carry on from a snapshot", advice="set SD_COVID_ENGINE=llvm"
                )
            values = interpret.run(self.program, members, self.nodes, self.grid)
            failed = np.logical_not(np.isfinite(values).all(axis=(0, 2)))
        else:
            enter = None
            if self.start is not None:
                if not isinstance(self.kernel, Kernel):
                    raise RunError("a snapshot needs a fixed step", advice="choose euler, rk2 or rk4")
                from sd_covid.engine.run.snapshot import states_to_enter

                enter = states_to_enter(self.kernel, self.start, members)
            values, failed = self.kernel.run(members, self.grid, threads, enter)
        if self.over_time:
            values = finish(values, self.over_time, self.grid)
            values = values if self.by_time else values[:, :, -1].copy()
        return values, failed


def chosen_engine() -> str:
    """The back end: ``llvm``, or ``numpy`` where ``SD_COVID_ENGINE`` says so.

    Raises
    ------
    RunError
        When it says anything else.
    """
    chosen = os.environ.get("SD_COVID_ENGINE", "llvm")
    if chosen not in ("llvm", "numpy"):
        raise RunError(f"SD_COVID_ENGINE is '{chosen}'", advice="set it to llvm or numpy")
    return chosen


def memory_limit(limit: float | None) -> float:
    """The bytes that may be used: as asked, or three quarters of the machine's."""
    if limit is not None:
        return limit
    if not hasattr(os, "sysconf"):
        return 2.0**33
    return 0.75 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def refuse_too_large(size: float, limit: float) -> None:
    """Refuse a result larger than the limit.

    Raises
    ------
    RunError
    """
    if size > limit:
        raise RunError(
            f"the result would take {size / 2**30:.3g} GiB, more than the limit of {limit / 2**30:.3g} GiB",
            advice="keep fewer outputs, save less often, or keep statistics only (over_time, over_members)",
        )
