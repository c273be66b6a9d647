"""Ranks of regions with their uncertainty: intervals, the chance of being at the top, and who cannot be told apart.

In come draws of a rate in each region; out comes a `Ranking`. A rank is taken within each draw, as a rank of medians
would hide how often two regions change places (Goldstein & Spiegelhalter 1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Share of draws in which one must be above another to be told apart from it.
APART = 0.95
#: Share of regions that counts as the top.
TOP = 0.1


@dataclass(frozen=True)
class Ranking:
    """Ranks of regions, 1 for the highest rate.

    Attributes
    ----------
    order : ndarray of int, shape (region,)
        Positions of the regions, the highest median rank first.
    median, low, high : ndarray, shape (region,)
        Of the rank: median and 90 % interval, by position of the region.
    top : ndarray, shape (region,)
        Share of draws in which it is among the highest tenth.
    group : ndarray of int, shape (region,)
        From 1: regions of a group cannot be told apart from the first of it.
    told_apart : float
        Share of pairs of which one is above the other in 95 of 100 draws.
    """

    order: NDArray[np.int64]
    median: Floats
    low: Floats
    high: Floats
    top: Floats
    group: NDArray[np.int64]
    told_apart: float


def rank(rates: Floats) -> Ranking:
    """Rank regions within each draw.

    Parameters
    ----------
    rates : ndarray, shape (draw, region)

    Returns
    -------
    Ranking
        Ties have the mean of their ranks.
    """
    from scipy.stats import rankdata

    ranks = rankdata(-rates, axis=1)
    median = np.median(ranks, axis=0)
    low, high = np.quantile(ranks, (0.05, 0.95), axis=0)
    order = np.lexsort((ranks.mean(axis=0), median))
    count = rates.shape[1]
    top = (ranks <= max(1.0, np.floor(TOP * count))).mean(axis=0)
    apart = 0
    group = np.zeros(count, dtype=np.int64)
    first, number = None, 0
    for place in order:
        above = (rates[:, [place]] > rates).mean(axis=0)
        apart += int((above >= APART).sum())
        if first is None or (rates[:, first] > rates[:, place]).mean() >= APART:
            first, number = place, number + 1
        group[place] = number
    pairs = count * (count - 1) / 2
    return Ranking(order, median, low, high, top, group, apart / pairs if pairs else 0.0)
