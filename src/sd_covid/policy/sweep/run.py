"""Run a sweep: block after block into its store, here or on a cluster, from the beginning or where it was left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.policy.sweep.blocks import Blocks
from sd_covid.policy.sweep.crew import Crew, Progress, Runner, here
from sd_covid.policy.sweep.keep import times_of
from sd_covid.policy.sweep.kept import keep_runs, keep_statistics
from sd_covid.policy.sweep.lock import locked
from sd_covid.policy.sweep.manifest import manifest
from sd_covid.policy.sweep.plan import SweepPlan
from sd_covid.policy.sweep.skeleton import arrays_of, coordinates, refuse_same_names
from sd_covid.policy.sweep.store import Store
from sd_covid.policy.sweep.work import Work

if TYPE_CHECKING:
    import xarray as xr


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
        This process by default; `sd_covid.policy.sweep.cluster.Spread` hands blocks to workers of a cluster.
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
    dtype = plan.dtype if plan.statistics is None else "float64"
    differences = plan.statistics is not None and bool(plan.statistics.differences_from)
    work = Work(tuple(item.name for item in plan.outputs), plan.keep, saved, plan.seed, dtype, differences)
    told = manifest(plan, blocks, saved.tolist(), sample.attrs)
    arrays, coords = arrays_of(plan, blocks, sample), coordinates(plan, sample)
    refuse_same_names(coords, arrays)
    with locked(path):
        if resume and path.exists():
            store = Store.reopen(path, blocks, told)
        else:
            store = Store.create(path, blocks, coords, arrays, told)
        crew = Crew(plan.simulation, work, blocks, runner, str(told["engine"]), path)
        if plan.statistics is None:
            calculated = keep_runs(store, crew, progress)
        else:
            calculated = keep_statistics(store, crew, plan.statistics, arrays, progress)
    failed = sum(
        count * len(blocks.variants[variant].scenarios) for (variant, _), count in store.done.items()
    )
    return Outcome(len(plan.scenarios) * blocks.grid.runs, failed, calculated)


def _sample(plan: SweepPlan, blocks: Blocks) -> xr.Dataset:
    """A single run, saved at the times of a course: what a store looks like, and that the sweep can run."""
    names = [output.name for output in plan.outputs]
    first = {str(name): float(value) for name, value in blocks[0, 0].frame().iloc[0].items()}
    whole = plan.simulation.run(first, names)
    if plan.every is not None:
        whole = plan.simulation.run(first, names, at=_every(whole["time"].to_numpy(), plan.every).tolist())
    plan.simulation.run(first, names, at=times_of(plan.keep, np.asarray(whole["time"])).tolist())
    return whole


def _every(time: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Model times from the first to the last, `step` apart."""
    count = int(np.floor((time[-1] - time[0]) / step * (1 + 1e-9))) + 1
    return np.asarray(time[0] + step * np.arange(count))
