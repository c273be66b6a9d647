"""Who runs the blocks of a sweep: this process, or whatever `Runner` spreads them over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.sweep.blocks import Block, Blocks
from sd_covid.policy.sweep.work import Done, Work

Progress = Callable[[int, int], None]
Place = tuple[int, int]


class Runner(Protocol):
    """Whatever runs blocks, in whatever order: this process, or a cluster."""

    def __call__(self, simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        """What each block comes to, as it is done."""
        ...


def here(simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
    """Run blocks one after another in this process, each on all its processors."""
    for block in blocks:
        yield work.run(simulation, block)


@dataclass(frozen=True, slots=True)
class Crew:
    """A runner with the sweep that it runs.

    Attributes
    ----------
    simulation : Simulation
    work : Work
    blocks : Blocks
    runner : Runner
    engine : str
        The class of processor on which the sweep was begun.
    path : Path
        The store.
    """

    simulation: Simulation
    work: Work
    blocks: Blocks
    runner: Runner
    engine: str
    path: Path

    def run(self, places: Iterable[Place]) -> Iterator[Done]:
        """What blocks come to, as they are done.

        Raises
        ------
        RunError
            When a worker has another class of processor.
        """
        for done in self.runner(self.simulation, self.work, (self.blocks[place] for place in places)):
            if done.engine != self.engine:
                raise RunError(
                    f"a worker has another class of processor: '{done.engine}', where this sweep has '{self.engine}'",
                    advice="take that worker out: its results may differ in the last digits",
                    file=self.path,
                )
            yield done

    @property
    def places(self) -> list[Place]:
        """All blocks, scenario after scenario."""
        numbers = range(len(self.blocks.grid))
        return [(variant, number) for variant in range(len(self.blocks.variants)) for number in numbers]

    def runs(self, place: Place) -> int:
        """Runs of a block, of every scenario that comes to it."""
        return self.blocks.grid.size(place[1]) * len(self.blocks.variants[place[0]].scenarios)

    @property
    def all_runs(self) -> int:
        """Runs of the whole sweep."""
        return self.blocks.grid.runs * sum(len(item.scenarios) for item in self.blocks.variants)
