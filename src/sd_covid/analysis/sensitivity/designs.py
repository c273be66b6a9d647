"""Designs: the points of the unit cube at which a method needs the model, in blocks that stand or fall as a whole.

SALib makes the points. A block is what an estimator compares: the rows of one base point for Sobol, a trajectory for
Morris, a search curve for FAST, a single row for what works on any sample. Where one run of a block fails, the block is
taken out before SALib sees it: one NaN turns every Sobol index of SALib into zero without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.indices import Method
from sd_covid.errors import RunError

Floats = NDArray[np.float64]

#: Methods whose designs move groups of factors together.
GROUPED: tuple[Method, ...] = ("sobol", "morris")
#: Levels of a Morris design, and the part of the probability that they span: from the 5th to the 95th percentile.
LEVELS, SPAN = 4, 0.9
#: Harmonics of FAST; a curve needs more than 4 M² points (Saltelli, Tarantola & Chan 1999).
HARMONICS = 4
#: Keeps quantiles of unbounded distributions finite; below the resolution of the Sobol sequence, 2**-30.
_EDGE = 2.0**-32


@dataclass(frozen=True, slots=True)
class Design:
    """Points at which the model runs.

    Attributes
    ----------
    method : Method
    groups : tuple of str
        For each factor the group it moves with; its own name where it moves alone.
    points : ndarray, shape (row, factor)
        In the open unit cube.
    block : int
        Rows of a block.
    second_order : bool
        Whether a Sobol design holds the rows for it.
    """

    method: Method
    groups: tuple[str, ...]
    points: Floats
    block: int
    second_order: bool = False

    @property
    def subjects(self) -> int:
        """How many factors or groups have an index of their own."""
        return len(set(self.groups))

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return len(self.points) // self.block

    @property
    def problem(self) -> dict[str, Any]:
        """SALib's description of the problem."""
        return problem(self.groups)

    def sound(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which blocks have no failed run, shape (block,); `rows` says which rows ran to a finite answer."""
        return np.asarray(rows.reshape(-1, self.block).all(axis=1))

    def rows(self, blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows belong to some blocks, shape (row,)."""
        return np.repeat(blocks, self.block)

    def base(self, blocks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rows that are draws of every factor, of some blocks: the two base points of a Sobol block; else all rows."""
        rows = np.arange(len(self.points)).reshape(-1, self.block)[blocks]
        return rows[:, [0, -1]].ravel() if self.method == "sobol" else rows.ravel()


def problem(groups: Sequence[str]) -> dict[str, Any]:
    """SALib's description of a unit cube, with groups where two factors share one."""
    found: dict[str, Any] = {
        "num_vars": len(groups),
        "names": [f"x{number}" for number in range(len(groups))],
        "bounds": [[0.0, 1.0]] * len(groups),
    }
    return found | {"groups": list(groups)} if len(set(groups)) < len(groups) else found


def design(
    method: Method, groups: Sequence[str], samples: int, seed: int, *, second_order: bool = False
) -> Design:
    """The points that a method needs.

    Parameters
    ----------
    method : Method
    groups : sequence of str
        For each factor the group it moves with (`Design`).
    samples : int
        Base points of Sobol, a power of two for the balance of the sequence; trajectories of Morris; points of each
        curve of FAST; rows of any other.
    seed : int
        Of the scrambling, the trajectories, the phases or the hypercube.
    second_order : bool
        Whether Sobol is to tell pairs apart, which takes twice the runs.

    Raises
    ------
    RunError
        For fewer than two factors or groups, or a number of samples that the method cannot use.
    """
    if len(set(groups)) < 2:
        raise RunError("a sensitivity needs two factors or groups", advice="name another", variable="factors")
    refuse_samples(method, samples)
    make = {"sobol": _sobol, "morris": _morris, "fast": _fast}.get(method, _latin)
    points, block = make(groups, samples, np.random.default_rng(seed), second_order)
    return Design(method, tuple(groups), np.clip(points, _EDGE, 1 - _EDGE), block, second_order)


def refuse_samples(method: Method, samples: int) -> None:
    """Raise a RunError where a method cannot use that number of samples."""
    if method == "sobol" and (samples < 2 or samples & (samples - 1)):
        raise RunError(f"{samples} is not a power of two", advice="take for example 512", variable="samples")
    least = {"sobol": 2, "morris": 2, "fast": 4 * HARMONICS**2 + 1}.get(method, 100)
    if samples < least:
        raise RunError(
            f"{samples} samples are too few for {method}", advice=f"take {least} or more", variable="samples"
        )


def _sobol(
    groups: Sequence[str], samples: int, rng: np.random.Generator, second_order: bool
) -> tuple[Floats, int]:
    from SALib.sample import sobol

    points: Floats = sobol.sample(problem(groups), samples, calc_second_order=second_order, seed=rng)
    return points, len(points) // samples


def _morris(
    groups: Sequence[str], samples: int, rng: np.random.Generator, second_order: bool
) -> tuple[Floats, int]:
    """Trajectories on four levels from the 5th to the 95th percentile, each moved as a whole by up to 5 points.

    Levels at the ends of the cube would put an unbounded distribution at six standard deviations; levels that do not
    move would take the same four draws of a posterior.
    """
    from SALib.sample import morris

    found: Floats = morris.sample(problem(groups), samples, num_levels=LEVELS, seed=rng)
    edge = (1 - SPAN) / 2
    moved = rng.uniform(-edge, edge, (samples, 1, len(groups)))
    points = (edge + SPAN * found).reshape(samples, -1, len(groups)) + moved
    return points.reshape(found.shape), len(found) // samples


def _fast(
    groups: Sequence[str], samples: int, rng: np.random.Generator, second_order: bool
) -> tuple[Floats, int]:
    from SALib.sample import fast_sampler

    points: Floats = fast_sampler.sample(problem(groups), samples, M=HARMONICS, seed=rng)
    return points, samples


def _latin(
    groups: Sequence[str], samples: int, rng: np.random.Generator, second_order: bool
) -> tuple[Floats, int]:
    from SALib.sample import latin

    points: Floats = latin.sample(problem(groups), samples, seed=rng)
    return points, 1
