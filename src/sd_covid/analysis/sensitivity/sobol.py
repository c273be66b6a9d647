"""Variance-based sensitivity: the Saltelli design, and Sobol indices from its outcomes.

In goes the number of factors; out comes a design in the unit cube, and from its outcomes first- and total-order indices
with intervals. SALib makes the design and estimates the indices; here failed runs are taken out first, as whole blocks,
because one NaN turns every index of SALib into zero without a word. What a factor means is for the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError

Floats = NDArray[np.float64]

#: Central coverage of the intervals.
COVERAGE = 0.90
#: Keeps quantiles of unbounded distributions finite; below the resolution of the Sobol sequence, 2**-30.
_EDGE = 2.0**-32


@dataclass(frozen=True, slots=True)
class Indices:
    """Sobol indices of one outcome.

    Attributes
    ----------
    first, total : ndarray, shape (factor,)
        Share of the variance that a factor explains alone, and with all its interactions. NaN where the outcome does
        not vary.
    first_half_width, total_half_width : ndarray, shape (factor,)
        Half width of the 90 % interval, by bootstrap over blocks.
    variance : float
        Variance of the outcome, in its unit squared.
    blocks : int
        Blocks that the estimate rests on.
    """

    first: Floats
    total: Floats
    first_half_width: Floats
    total_half_width: Floats
    variance: float
    blocks: int


def design(factors: int, samples: int, seed: int) -> Floats:
    """A Saltelli design for first- and total-order indices.

    Parameters
    ----------
    factors, samples : int
        Number of factors, and of blocks; a power of two, for the balance of the Sobol sequence.
    seed : int
        Of the scrambling.

    Returns
    -------
    ndarray, shape (samples * (factors + 2), factors)
        Points of the open unit cube. Every ``factors + 2`` consecutive rows are a block: a base point, that point with
        one factor at a time taken from a second one, and the second point (Saltelli et al. 2010, table 2).

    Raises
    ------
    RunError
        When `samples` is not a power of two.
    """
    if samples < 2 or samples & (samples - 1):
        raise RunError(
            f"{samples} samples are not a power of two", advice="take for example 512", variable="samples"
        )
    from SALib.sample import sobol

    problem = _problem(factors)
    points: Floats = sobol.sample(problem, samples, calc_second_order=False, seed=np.random.default_rng(seed))
    return np.clip(points, _EDGE, 1 - _EDGE)


def sound_blocks(sound: NDArray[np.bool_], factors: int) -> NDArray[np.bool_]:
    """Which blocks have no failed run: an index compares the rows of a block, so a block stands or falls as a whole.

    Parameters
    ----------
    sound : ndarray of bool, shape (samples * (factors + 2),)
        Which rows of the design ran to a finite outcome.
    factors : int

    Returns
    -------
    ndarray of bool, shape (samples,)
    """
    return np.asarray(sound.reshape(-1, factors + 2).all(axis=1))


def indices(
    outcome: Floats, factors: int, blocks: NDArray[np.bool_], *, seed: int, resamples: int = 200
) -> Indices:
    """Sobol indices of an outcome over the sound blocks of a design.

    Parameters
    ----------
    outcome : ndarray, shape (samples * (factors + 2),)
        One number for each row of `design`; rows of blocks that are not kept may be NaN.
    factors : int
    blocks : ndarray of bool, shape (samples,)
        The blocks to keep (`sound_blocks`).
    seed, resamples : int
        Of the bootstrap.

    Returns
    -------
    Indices

    Raises
    ------
    RunError
        When fewer than two blocks are kept.

    Notes
    -----
    SALib's estimators: Saltelli et al. 2010 (doi 10.1016/j.cpc.2009.09.018), table 2, (b) for the first order and (f),
    Jansen's, for the total order. Taking out blocks leaves the rest a sample of the factors given that nothing fails.
    """
    kept = outcome.reshape(-1, factors + 2)[blocks]
    if len(kept) < 2:
        raise RunError("fewer than two blocks of the design ran without failure", advice="narrow the ranges")
    nothing = np.full(factors, np.nan)
    # Differences at the level of rounding are no variance: estimators would divide noise by noise.
    if np.ptp(kept) <= 1e-12 * max(1.0, float(np.abs(kept).max())):
        return Indices(nothing, nothing, nothing, nothing, 0.0, len(kept))
    from SALib.analyze import sobol

    # SALib takes seed 0 for no seed.
    found: Any = sobol.analyze(
        _problem(factors),
        kept.ravel(),
        calc_second_order=False,
        num_resamples=resamples,
        conf_level=COVERAGE,
        seed=seed + 1,
    )
    base = kept[:, [0, -1]]
    return Indices(
        first=np.asarray(found["S1"], dtype=np.float64),
        total=np.asarray(found["ST"], dtype=np.float64),
        first_half_width=np.asarray(found["S1_conf"], dtype=np.float64),
        total_half_width=np.asarray(found["ST_conf"], dtype=np.float64),
        variance=float(base.var()),
        blocks=len(kept),
    )


def _problem(factors: int) -> dict[str, Any]:
    """SALib's description of a unit cube."""
    return {
        "num_vars": factors,
        "names": [f"x{number}" for number in range(factors)],
        "bounds": [[0.0, 1.0]] * factors,
    }
