"""What has been gathered of a scenario, as named arrays: what goes to disk between interruptions, and comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.run.over_members import Bins, Gathered
from sd_covid.errors import DataError
from sd_covid.policy.sweep.blocks import Grid
from sd_covid.policy.sweep.plan import Statistics
from sd_covid.policy.sweep.statistics import Collected

_SUMS = ("mean", "squares", "low", "high")


def as_arrays(collected: Collected) -> dict[str, NDArray[Any]]:
    """All that has been gathered, as named arrays of numbers."""
    failed = [(block, run) for block, runs in collected.failed.items() for run in runs]
    found: dict[str, NDArray[Any]] = {
        "done": np.array(sorted(collected.done), dtype=np.int64),
        "failed": np.array(failed, dtype=np.int64),
        "nodes": np.array(list(collected.sums), dtype=np.int64).reshape(-1, 3),
    }
    for k, bins in enumerate(collected.bins):
        found[f"bins {k}"] = np.stack([bins.low, bins.high, bins.middle])
    for k, counts in enumerate(collected.counts):
        found[f"counts {k}"] = counts
    for k, row in enumerate(collected.sums.values()):
        found[f"members {k}"] = np.array([(item.members, item.failed) for item in row])
        found[f"sums {k}"] = np.stack([[getattr(item, name) for name in _SUMS] for item in row])
    return found


def of_arrays(found: Mapping[str, NDArray[Any]], statistics: Statistics, grid: Grid) -> Collected:
    """The inverse of `as_arrays`.

    Raises
    ------
    KeyError, ValueError
        When an array is missing or has another shape.
    """
    whole = Collected(statistics, grid, done=set(found["done"].tolist()))
    for block, run in found["failed"].reshape(-1, 2).tolist():
        whole.failed.setdefault(block, []).append(run)
    whole.bins = [Bins(*item) for item in _numbered(found, "bins")]
    whole.counts = list(_numbered(found, "counts"))
    rows = zip(found["nodes"].tolist(), _numbered(found, "members"), _numbered(found, "sums"), strict=True)
    for (part, level, place), members, sums in rows:
        whole.sums[part, level, place] = [
            Gathered(int(count[0]), int(count[1]), *item) for count, item in zip(members, sums, strict=True)
        ]
    return whole


def _numbered(found: Mapping[str, NDArray[Any]], name: str) -> Iterator[NDArray[Any]]:
    """Arrays ``name 0``, ``name 1`` and so on."""
    k = 0
    while f"{name} {k}" in found:
        yield found[f"{name} {k}"]
        k += 1


def read_collected(file: Path, statistics: Statistics, grid: Grid) -> Collected:
    """What was gathered before an interruption; nothing where there is no file.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    if not file.exists():
        return Collected(statistics, grid)
    try:
        with np.load(file, allow_pickle=False) as found:
            return of_arrays(dict(found), statistics, grid)
    except (OSError, ValueError, KeyError) as error:
        advice = f"remove {file.name}: the scenario is then run from its beginning"
        raise DataError(f"cannot be read: {error}", advice=advice, file=file) from error
