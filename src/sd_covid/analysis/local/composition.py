"""Which part of each national cell of age and group lives in each municipality, so that parts add up both ways.

In come counts by age, shares of groups and the national cells; out comes an allotment: the share of each cell that a
municipality has. What the model says of a cell then goes to municipalities by composition alone (a synthetic estimate,
Gonzalez 1973), and adds up to the country because the shares of every cell do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError

Floats = NDArray[np.float64]

_ROUNDS, _CLOSE = 500, 1e-12


def allotment(seed: Floats, municipal: Floats, national: Floats) -> Floats:
    """Shares of national cells by municipality, by iterative proportional fitting (Deming & Stephan 1940).

    Parameters
    ----------
    seed : ndarray, shape (municipality, cell)
        A first guess of how many live where; only ratios count.
    municipal : ndarray, shape (municipality,)
        How many live in each municipality; scaled to the sum of `national`.
    national : ndarray, shape (cell,)
        How many the country has of each cell.

    Returns
    -------
    ndarray, shape (municipality, cell)
        Sums over municipalities are 1.

    Raises
    ------
    RunError
        When the two margins cannot be met.
    """
    table = np.array(seed, dtype=np.float64)
    rows = municipal * (national.sum() / municipal.sum())
    possible = bool((table.sum(axis=0) > 0).all() and (table.sum(axis=1) > 0).all())
    for _ in range(_ROUNDS if possible else 0):
        table *= (rows / table.sum(axis=1))[:, None]
        table *= national / table.sum(axis=0)
        if np.abs(table.sum(axis=1) / rows - 1).max() < _CLOSE:
            return np.asarray(table / table.sum(axis=0), dtype=np.float64)
    raise RunError("the profiles cannot be made to add up", advice="check calibration/local/figures.csv")
