"""Keep what a sweep comes to: every run, or statistics over runs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sd_covid.engine.run.ensemble import memory_limit
from sd_covid.policy.sweep.crew import Crew, Progress
from sd_covid.policy.sweep.gathered import as_arrays, read_collected
from sd_covid.policy.sweep.plan import Statistics
from sd_covid.policy.sweep.skeleton import Array
from sd_covid.policy.sweep.statistics import Collected, gather
from sd_covid.policy.sweep.store import FOLDER, Store, save_arrays
from sd_covid.policy.sweep.work import Done

SAVED_EVERY = 30.0  # seconds between what is saved of statistics: what a kill costs at most


def keep_runs(store: Store, crew: Crew, progress: Progress | None) -> int:
    """Write blocks as they come, each while the next is run; the number of runs that were made."""
    begun = sum(map(crew.runs, store.done))
    made = 0
    pending: Future[None] | None = None

    def settle() -> None:
        if pending is not None:
            pending.result()
        if progress is not None:
            progress(begun + made, crew.all_runs)

    settle()
    with ThreadPoolExecutor(1) as writer:
        for done in crew.run([place for place in crew.places if place not in store.done]):
            settle()
            pending = writer.submit(store.write, done)
            made += crew.runs((done.variant, done.number))
        settle()
    return made


def keep_statistics(
    store: Store, crew: Crew, statistics: Statistics, arrays: Sequence[Array], progress: Progress | None
) -> int:
    """Gather the runs of one variant after another and write what they come to; the number of runs that were made."""
    lead = 3 if statistics.over == "draws" else 2
    shapes = {item.name: item.shape[lead:] for item in arrays if "statistic" in item.dims}
    made = 0
    for variant in range(len(crew.blocks.variants)):
        file = store.path / FOLDER / f"gathered-{variant}.npz"
        if (variant, 0) not in store.done:
            collected = read_collected(file, statistics, crew.blocks.grid)
            collected.refuse_too_large(sum(map(math.prod, shapes.values())), memory_limit(None) / 2)
            keeper = _Gathering(store, crew, variant, file, collected, progress)
            collected = keeper.gathered()
            made += keeper.made
            values, failed = _result(collected, shapes)
            store.write_statistics(variant, values, failed)
        file.unlink(missing_ok=True)
    return made


class _Gathering:
    """The gathering of one variant, saved from time to time and when it is interrupted."""

    def __init__(
        self,
        store: Store,
        crew: Crew,
        variant: int,
        file: Path,
        collected: Collected,
        progress: Progress | None,
    ) -> None:
        self._store, self._crew, self._variant, self._file = store, crew, variant, file
        self._collected, self._progress = collected, progress
        self._saved = time.monotonic()
        self.made = 0

    def gathered(self) -> Collected:
        """All runs of the variant together."""
        try:
            return gather(self._collected, self._run, self._settled)
        except BaseException:
            self._save()
            raise

    def _run(self, numbers: Iterable[int]) -> Iterator[Done]:
        return self._crew.run((self._variant, number) for number in numbers)

    def _settled(self, collected: Collected, number: int) -> None:
        """One more block is in."""
        self._collected = collected
        self.made += self._crew.runs((self._variant, number))
        if time.monotonic() - self._saved > SAVED_EVERY:
            self._save()
        if self._progress is not None:
            before = [(v, n) for v, _ in self._store.done for n in range(len(self._crew.blocks.grid))]
            here = [(self._variant, n) for n in collected.done]
            self._progress(sum(map(self._crew.runs, [*before, *here])), self._crew.all_runs)

    def _save(self) -> None:
        save_arrays(self._store.path, self._file, as_arrays(self._collected))
        self._saved = time.monotonic()


def _result(
    collected: Collected, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, NDArray[Any]], int]:
    """The statistics of each variable in the store, and how many runs are in none."""
    found, first = collected.result(), 0
    by_set = collected.statistics.over == "draws"
    values: dict[str, NDArray[Any]] = {}
    for name, shape in shapes.items():
        cells = found[..., first : first + math.prod(shape)]
        first += math.prod(shape)
        values[name] = cells.reshape(*(cells.shape[:2] if by_set else cells.shape[:1]), *shape)
    count, number = collected.failures()
    values |= {
        "failed_runs": count if by_set else count[0],
        "first_failed_run": number if by_set else number[0],
    }
    return values, int(count.sum())
