"""Distances between distributions of given data, for all factors at once, so that they can be resampled.

In go factors and one quantity; out come distances by slice of a factor (PAWN) or region of the quantity (regional
sensitivity analysis). Both are those of SALib, which takes one pair of samples at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Floats = NDArray[np.float64]


def within_slices(x: Floats, y: Floats, slices: int = 10) -> Floats:
    """Kolmogorov–Smirnov distance between the quantity and the quantity within a slice of a factor (Pianosi 2018).

    Parameters
    ----------
    x : ndarray, shape (row, factor)
    y : ndarray, shape (row,)
    slices : int
        Of equal probability; the row with the largest value of a factor is in none, as in SALib.

    Returns
    -------
    ndarray, shape (slice, factor)
        NaN for a slice without rows.
    """
    order = np.argsort(y, kind="stable")
    x, y = x[order], y[order]
    last = np.append(y[1:] != y[:-1], True)  # of equal values, where both distributions have taken their step
    whole = (np.arange(1, len(y) + 1) / len(y))[last, None]
    edges = np.quantile(x, np.arange(0, 1 + 1 / slices, 1 / slices), axis=0)
    found = np.full((slices, x.shape[1]), np.nan)
    for part in range(slices):
        inside = np.cumsum((x >= edges[part]) & (x < edges[part + 1]), axis=0)
        some = inside[-1] > 0
        below = inside[last][:, some] / inside[-1, some]
        found[part, some] = np.abs(below - whole).max(axis=0)
    return found


def between_regions(x: Floats, y: Floats, regions: int) -> Floats:
    """Cramér–von Mises distance of a factor between a region of the quantity and the rest (Hornberger 1981).

    Parameters
    ----------
    x : ndarray, shape (row, factor)
    y : ndarray, shape (row,)
    regions : int
        Of equal probability, from the lowest values to the highest.

    Returns
    -------
    ndarray, shape (region, factor)
        NaN for a region of one value, as in SALib, and for one with fewer than two rows, or all but one.
    """
    ranks = np.asarray(rankdata(x, axis=0), dtype=np.float64)
    edges = np.quantile(y, np.append(np.arange(0, 1, 1 / regions), 1.0))
    found = np.full((regions, x.shape[1]), np.nan)
    for part in range(regions):
        inside = (y <= edges[part + 1]) & ((y > edges[part]) if part else (y >= edges[part]))
        some, rest = int(inside.sum()), int((~inside).sum())
        if min(some, rest) < 2 or np.ptp(y[inside]) == 0:
            continue
        # Anderson (1962), equations 9 and 10, with midranks for ties.
        spread = some * _off(ranks[inside]) + rest * _off(ranks[~inside])
        pairs, rows = some * rest, some + rest
        found[part] = spread / (pairs * rows) - (4 * pairs - 1) / (6 * rows)
    return found


def _off(ranks: Floats) -> Floats:
    """Squares of how far the ranks of a sample among all are from those in itself, added; shape (factor,)."""
    own = np.arange(1, len(ranks) + 1)[:, None]
    return np.asarray(((np.sort(ranks, axis=0) - own) ** 2).sum(axis=0), dtype=np.float64)


def half_widths(
    measured: Callable[[Floats, Floats], dict[str, Floats]],
    x: Floats,
    y: Floats,
    *,
    resamples: int,
    coverage: float,
    seed: int,
) -> dict[str, Floats]:
    """Half widths of normal intervals of some measures, by bootstrap over rows.

    Parameters
    ----------
    measured : callable
        Factors and quantity -> by measure, its value for each factor, shape (factor,).
    x : ndarray, shape (row, factor)
    y : ndarray, shape (row,)
    resamples : int
        Two or more.
    coverage : float
        Of the interval.
    seed : int
    """
    rng = np.random.default_rng(seed)
    told: list[dict[str, Floats]] = []
    for _ in range(resamples):
        rows = rng.integers(0, len(y), size=len(y))
        told.append(measured(x[rows], y[rows]))
    width = float(norm.ppf(0.5 + coverage / 2))
    return {name: width * np.std([item[name] for item in told], axis=0, ddof=1) for name in told[0]}
