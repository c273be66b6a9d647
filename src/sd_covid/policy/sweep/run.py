"""Run a sweep: block after block into its store, here or on a cluster, from the beginning or where it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.sweep.blocks import Block, Blocks
from sd_covid.policy.sweep.lock import locked
from sd_covid.policy.sweep.manifest import manifest
from sd_covid.policy.sweep.plan import SweepPlan
from sd_covid.policy.sweep.skeleton import arrays_of, coordinates
from sd_covid.policy.sweep.store import Store
from sd_covid.policy.sweep.work import Done, Work

if TYPE_CHECKING:
    import xarray as xr

Progress = Callable[[int, int], None]
Place = tuple[int, int]


class Runner(Protocol):
    """Whatever runs blocks, in whatever order: this process, or a cluster."""

    def __call__(self, simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        """What each block comes to, as it is done."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sweep came to.

    Attributes
    ----------
    runs : int
        Runs in the store: of every scenario, also of one that comes to the same as another.
    failed : int
        Those of them that did not stay finite.
    calculated : int
        Runs that this call made.
    """

    runs: int
    failed: int
    calculated: int


def here(simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
    """Run blocks one after another in this process, each on all its processors."""
    for block in blocks:
        yield work.run(simulation, block)


def run_sweep(
    plan: SweepPlan,
    path: str | Path,
    *,
    resume: bool = False,
    runner: Runner = here,
    progress: Progress | None = None,
) -> Outcome:
    """Run a sweep into a Zarr store.

    Parameters
    ----------
    plan : SweepPlan
    path : path
        The store.
    resume : bool
        Carry on the store that is there; what is in it already is not run again. Without a store, begin one.
    runner : Runner
        This process by default; `sd_covid.policy.sweep.cluster.Cluster.run` spreads blocks over workers.
    progress : callable, optional
        Called with the number of runs done and the number of all.

    Returns
    -------
    Outcome

    Raises
    ------
    RunError, DataError
        When the store is there already, belongs to another sweep, is being written to, cannot be read or written, or a
        worker has another class of processor.
    """
    path, blocks = Path(path), Blocks(plan)
    sample = _sample(plan, blocks)
    saved = np.asarray(sample["time"])
    work = Work(tuple(item.name for item in plan.outputs), plan.keep, saved, plan.seed, plan.dtype)
    told = manifest(plan, blocks, saved.tolist(), sample.attrs)
    with locked(path):
        if resume and path.exists():
            store = Store.reopen(path, blocks, told)
        else:
            store = Store.create(
                path, blocks, coordinates(plan, sample), arrays_of(plan, blocks, sample), told
            )
        begun = _runs(blocks, store.done)
        places = [place for place in _places(blocks) if place not in store.done]
        found = runner(plan.simulation, work, (blocks[place] for place in places))
        _keep(store, found, str(told["engine"]), progress)
    failed = sum(
        count * len(blocks.variants[variant].scenarios) for (variant, _), count in store.done.items()
    )
    runs = _runs(blocks, store.done)
    return Outcome(runs, failed, runs - begun)


def _sample(plan: SweepPlan, blocks: Blocks) -> xr.Dataset:
    """A single run, saved at the times of a course: what a store looks like, and that the sweep can run."""
    names = [output.name for output in plan.outputs]
    first = {str(name): float(value) for name, value in blocks[0, 0].frame().iloc[0].items()}
    whole = plan.simulation.run(first, names)
    if plan.every is None:
        return whole
    return plan.simulation.run(first, names, at=_every(whole["time"].to_numpy(), plan.every).tolist())


def _every(time: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Model times from the first to the last, `step` apart."""
    count = int(np.floor((time[-1] - time[0]) / step * (1 + 1e-9))) + 1
    return np.asarray(time[0] + step * np.arange(count))


def _places(blocks: Blocks) -> list[Place]:
    """All blocks, scenario after scenario."""
    return [(k, number) for k in range(len(blocks.variants)) for number in range(len(blocks.grid))]


def _runs(blocks: Blocks, places: Sequence[Place] | dict[Place, int]) -> int:
    """Runs in some blocks, of every scenario."""
    total = 0
    for variant, number in places:
        draws, sets = blocks.grid.ranges(number)
        runs = (draws.stop - draws.start) * (sets.stop - sets.start)
        total += runs * len(blocks.variants[variant].scenarios)
    return total


def _keep(store: Store, found: Iterator[Done], engine: str, progress: Progress | None) -> None:
    """Write blocks as they come, each while the next is run."""
    total = _runs(store.blocks, _places(store.blocks))
    pending: Future[None] | None = None

    def settle() -> None:
        if pending is not None:
            pending.result()
        if progress is not None:
            progress(_runs(store.blocks, store.done), total)

    with ThreadPoolExecutor(1) as writer:
        for done in found:
            if done.engine != engine:
                raise RunError(
                    f"a worker has another class of processor: '{done.engine}', where this sweep has '{engine}'",
                    advice="take that worker out: its results may differ in the last digits",
                    file=store.path,
                )
            settle()
            pending = writer.submit(store.write, done)
        settle()
