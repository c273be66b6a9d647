"""The work of a sweep: run a block, and bring what is kept of it in the form in which it is stored.

What stands here runs in this process or in those of a cluster, on the same input to the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.sweep.blocks import Block
from sd_covid.policy.sweep.keep import Kept, arrays, sums_of, times_of
from sd_covid.policy.sweep.plan import Dtype
from sd_covid.policy.sweep.processor import processor

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that did not stay finite.

    Attributes
    ----------
    member : int
        Its place in the block.
    output : int
        Which output failed first.
    time : float
        Model time from which it is not finite, of the times that are looked at.
    """

    member: int
    output: int
    time: float


@dataclass(frozen=True, slots=True)
class Done:
    """What a block came to.

    Attributes
    ----------
    variant, number : int
    engine : str
        The class of processor that ran it.
    values : dict
        Name in the store -> ndarray, shape (run, time, subscripts…) or (run, subscripts…).
    failures : tuple of Failure
    """

    variant: int
    number: int
    engine: str
    values: dict[str, NDArray[np.floating]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What all blocks of a sweep have in common.

    Attributes
    ----------
    outputs : tuple of str
    keep : tuple of Kept
    saved : ndarray, shape (time,)
        Model times of a course.
    seed : int
    dtype : {'float32', 'float64'}
    differences : bool
        Whether paired differences from a reference are kept beside levels, over the pairs of which both are finite.
    """

    outputs: tuple[str, ...]
    keep: tuple[Kept, ...]
    saved: NDArray[np.float64]
    seed: int
    dtype: Dtype
    differences: bool = False

    def run(self, simulation: Simulation, block: Block, threads: int | None = None) -> Done:
        """Run a block.

        Parameters
        ----------
        simulation : Simulation
        block : Block
        threads : int, optional
            By default all processors that the process may use.

        Returns
        -------
        Done

        Raises
        ------
        RunError
            When a value is too large for float32.
        """
        values, failures = self._values(simulation, block, block.frame(), threads)
        if self.differences:
            base = values
            if block.reference is not None:
                base, failed = self._values(simulation, block, block.frame(block.reference), threads)
                failures = _either(failures, failed)
            values = values | self._differences(values, base)
        stored = {name: _as(self.dtype, name, item) for name, item in values.items()}
        return Done(block.variant, block.number, processor(), stored, failures)

    def _values(
        self, simulation: Simulation, block: Block, frame: pd.DataFrame, threads: int | None
    ) -> tuple[dict[str, NDArray[np.float64]], tuple[Failure, ...]]:
        """What is kept of the runs of a block with these constants, and those of them that failed."""
        run = simulation.run(
            frame,
            list(self.outputs),
            over_time=sums_of(self.keep),
            at=times_of(self.keep, self.saved).tolist(),
            seed=self.seed,
            first_member=block.first_member,
            threads=threads,
        )
        values = arrays(run, self.outputs, self.keep, self.saved)
        return values, self._failures(run) if run.attrs["failed_members"] else ()

    def _differences(
        self, values: dict[str, NDArray[np.float64]], base: dict[str, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        """Run by run, in the order of the values."""
        names = [
            (item.name(output), item.difference(output)) for output in self.outputs for item in self.keep
        ]
        with np.errstate(invalid="ignore"):  # of runs that failed, which are in no statistic
            return {difference: values[name] - base[name] for name, difference in names}

    def _failures(self, run: xr.Dataset) -> tuple[Failure, ...]:
        """The runs of a block that are not finite, each with where and when it began."""
        time = np.asarray(run["time"])
        first = np.full((len(self.outputs), run.sizes["member"]), len(time))
        for position, output in enumerate(self.outputs):
            values = np.asarray(run[output])
            bad = ~np.isfinite(values).all(axis=tuple(range(2, values.ndim)))
            first[position] = np.where(bad.any(axis=1), bad.argmax(axis=1), len(time))
        output, when = first.argmin(axis=0), first.min(axis=0)
        return tuple(
            Failure(int(member), int(output[member]), float(time[when[member]]))
            for member in np.flatnonzero(when < len(time))
        )


def _either(failures: tuple[Failure, ...], others: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """The runs of a block that failed in the one or in the other, in order."""
    found = {item.member: item for item in (*others, *failures)}
    return tuple(found[member] for member in sorted(found))


def _as(dtype: Dtype, name: str, values: NDArray[np.float64]) -> NDArray[np.floating]:
    """Values in the type in which they are stored."""
    if dtype == "float64":
        return values
    try:
        with np.errstate(over="raise"):
            return values.astype(np.float32)
    except FloatingPointError:
        raise RunError(
            f"'{name}' has values beyond those of float32", advice="write 'dtype: float64' in the sweep"
        ) from None
