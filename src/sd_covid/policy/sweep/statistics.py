"""Statistics over the runs of a scenario, gathered block by block, so that no run is stored.

Quantiles come from counts in bins whose bounds a few blocks give, moments from sums that are added in a fixed order
of blocks (`sd_covid.engine.run.over_members` says how either is done). Both are the same whatever the order in which
blocks come. What has been gathered goes to disk from time to time, whole or not at all, and is taken up from there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.run.over_members import (
    BINS,
    Bins,
    Gathered,
    add_up,
    bins_of,
    shares_of,
    statistics_of,
    together,
    wider_bins,
)
from sd_covid.errors import RunError
from sd_covid.policy.sweep.blocks import Grid
from sd_covid.policy.sweep.plan import Statistics
from sd_covid.policy.sweep.work import Done

Array = NDArray[np.float64]
Node = tuple[int, int, int]  # part of the sets, level, and place in the level
PILOTS = 4  # blocks, spread evenly, that the bounds of bins come from


@dataclass(slots=True)
class Collected:
    """What the runs of one variant have come to so far.

    Attributes
    ----------
    statistics : Statistics
    grid : Grid
    done : set of int
        Blocks that are in it.
    failed : dict
        Block -> the numbers of its runs that failed.
    bins : list of Bins
        Of each group of runs: of each set of assumptions, or of all runs.
    counts : list of ndarray of uint32, shape (1, cell, bin)
        Of each group; empty where no quantile is asked for.
    sums : dict
        Complete halves of halves of the blocks, each with the sums of its groups: whatever order blocks come in, the
        same ones are added to one another.
    """

    statistics: Statistics
    grid: Grid
    done: set[int] = field(default_factory=set)
    failed: dict[int, list[int]] = field(default_factory=dict)
    bins: list[Bins] = field(default_factory=list)
    counts: list[NDArray[np.uint32]] = field(default_factory=list)
    sums: dict[Node, list[Gathered]] = field(default_factory=dict)

    @property
    def groups(self) -> int:
        """Groups of runs over which statistics are taken."""
        return self.grid.sets if self.statistics.over == "draws" else 1

    @property
    def pilots(self) -> list[int]:
        """The blocks that give the bounds of bins: a few of each part of the sets, from its first to its last."""
        along = -(-self.grid.sets // self.grid.of_sets)
        blocks = np.arange(len(self.grid)).reshape(-1, along)
        parts = blocks.T if self.statistics.over == "draws" else blocks.reshape(1, -1)
        picked = np.unique(np.linspace(0, parts.shape[1] - 1, PILOTS).round().astype(int))
        return sorted(parts[:, picked].ravel().tolist())

    def refuse_too_large(self, cells: int, limit: float) -> None:
        """Refuse what would not fit in memory.

        Raises
        ------
        RunError
        """
        each = 4 * BINS if shares_of(self.statistics.names) else 64
        size = float(self.groups) * cells * each
        if size > limit:
            raise RunError(
                f"statistics of {self.groups * cells} values need {size / 2**30:.3g} GiB, more than the limit of "
                f"{limit / 2**30:.3g} GiB",
                advice="keep fewer outputs, or what runs come to in place of their course, or take them 'over: runs'",
            )

    def begin(self, pilots: Iterable[Done]) -> None:
        """Choose the bins, from the runs of the pilots together."""
        groups: dict[int, list[tuple[Array, NDArray[np.bool_]]]] = {}
        for block in pilots:
            for group, values, failed in self._grouped(block):
                groups.setdefault(group, []).append((values, failed))
        shares = shares_of(self.statistics.names)
        for group in range(self.groups):
            values = np.concatenate([item for item, _ in groups[group]], axis=1)
            self.bins.append(bins_of(values, np.concatenate([item for _, item in groups[group]]), shares))
            if shares:
                self.counts.append(np.zeros((1, values.shape[2], BINS), dtype=np.uint32))

    def add(self, block: Done) -> None:
        """Take a block in.

        Parameters
        ----------
        block : Done
            With values in double precision.
        """
        sums = [
            add_up(values, failed, self.bins[group], self.counts[group] if self.counts else None)
            for group, values, failed in self._grouped(block)
        ]
        part, place = self._place(block.number)
        self._add_sums((part, 0, place), sums)
        self.done.add(block.number)
        draws, sets = self.grid.ranges(block.number)
        start = draws.start * self.grid.sets + sets.start
        if block.failures:
            self.failed[block.number] = [start + item.member for item in block.failures]

    def _grouped(self, block: Done) -> Iterator[tuple[int, Array, NDArray[np.bool_]]]:
        """The groups that a block has runs of: number, values of shape (1, run, cell), and which runs failed."""
        _, sets = self.grid.ranges(block.number)
        runs = self.grid.size(block.number)
        by_set = self.statistics.over == "draws"
        groups, first = (sets.stop - sets.start, sets.start) if by_set else (1, 0)
        matrix = np.concatenate([item.reshape(runs, -1) for item in block.values.values()], axis=1)
        cube = matrix.astype(np.float64, copy=False).reshape(runs // groups, groups, -1)
        failed = np.zeros(runs, dtype=bool)
        failed[[item.member for item in block.failures]] = True
        for group in range(groups):
            values = np.ascontiguousarray(cube[None, :, group])
            yield first + group, values, failed.reshape(-1, groups)[:, group]

    def _place(self, number: int) -> tuple[int, int]:
        """To which part of the sets a block belongs, and its place among the blocks of that part."""
        draw, assumption = self.grid.place(number)
        return (assumption, draw) if self.statistics.over == "draws" else (0, number)

    def _add_sums(self, node: Node, sums: list[Gathered]) -> None:
        """Put sums in their place, and add up what is complete."""
        part, level, place = node
        beside = self.sums.pop((part, level, place ^ 1), None)
        if beside is None:
            self.sums[node] = sums
            return
        left, right = (sums, beside) if place % 2 == 0 else (beside, sums)
        whole = [together(a, b) for a, b in zip(left, right, strict=True)]
        self._add_sums((part, level + 1, place // 2), whole)

    def total(self) -> list[Gathered]:
        """The sums of each group over all its blocks, with counts."""
        found: list[Gathered] = []
        parts = sorted({part for part, _, _ in self.sums})
        for part in parts:
            nodes = sorted((node for node in self.sums if node[0] == part), key=lambda n: n[2] << n[1])
            rows = [self.sums[node] for node in nodes]
            found += [functools.reduce(together, group) for group in zip(*rows, strict=True)]
        for item, counts in zip(found, self.counts, strict=False):
            item.counts = counts
        return found

    def wider(self) -> Collected | None:
        """Empty, with wider bins, where a quantile lies beyond the bounds; None where none does."""
        shares, total = shares_of(self.statistics.names), self.total()
        found = [
            wider_bins(item, bins, shares) if shares else None
            for item, bins in zip(total, self.bins, strict=True)
        ]
        if all(bins is None for bins in found):
            return None
        bins = [old if new is None else new for old, new in zip(self.bins, found, strict=True)]
        empty = [np.zeros_like(counts) for counts in self.counts]
        return Collected(self.statistics, self.grid, bins=bins, counts=empty)

    def result(self) -> Array:
        """The statistics, shape (statistic, group, cell); NaN for a group whose runs all failed."""
        rows = [
            statistics_of(item, bins, self.statistics.names)[0]
            if item.members
            else np.full((len(self.statistics.names), item.mean.shape[1]), np.nan)
            for item, bins in zip(self.total(), self.bins, strict=True)
        ]
        return np.stack(rows, axis=1)

    def failures(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each group how many runs failed, and the number of the first that did; -1 where none."""
        count, first = np.zeros(self.groups, dtype=np.int64), np.full(self.groups, -1, dtype=np.int64)
        for run in sorted(run for runs in self.failed.values() for run in runs):
            group = run % self.grid.sets if self.statistics.over == "draws" else 0
            count[group] += 1
            first[group] = run if first[group] < 0 else first[group]
        return count, first


def gather(
    collected: Collected,
    run: Callable[[Iterable[int]], Iterator[Done]],
    settled: Callable[[Collected, int], None],
) -> Collected:
    """Run what is missing of a variant, twice where a quantile lies beyond the bounds that the pilots gave.

    Parameters
    ----------
    collected : Collected
    run : callable
        Runs blocks by their numbers.
    settled : callable
        Called after each block, with its number.

    Returns
    -------
    Collected
        Complete.
    """
    for last in (False, True):
        if not collected.bins:
            pilots = sorted(run(collected.pilots), key=lambda item: item.number)
            collected.begin(pilots)
            for done in pilots:
                collected.add(done)
                settled(collected, done.number)
        rest = [number for number in range(len(collected.grid)) if number not in collected.done]
        for done in run(rest) if rest else ():
            collected.add(done)
            settled(collected, done.number)
        wider = None if last else collected.wider()
        if wider is None:
            break
        collected = wider
    return collected
