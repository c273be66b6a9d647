"""Local numbers that add up to the national run: benchmarking on the log odds, draw by draw.

In come log odds of shares and a national number; out come numbers that sum to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError

Floats = NDArray[np.float64]

#: Relative to the national number.
CLOSE = 1e-12
_STEPS = 60
_LEAST = 0.05


def give_of(moved: Floats) -> Floats:
    """How far each municipality gives way when all are made to add up, shape (year, municipality), at most 1.

    In proportion to the variance of its deviation over draws, so that one with a figure of its own stays near it
    (Pfeffermann & Barnard 1991), but never less than `_LEAST`.
    """
    spread = moved.var(axis=0)
    return np.asarray(np.maximum(spread / spread.max(axis=-1, keepdims=True), _LEAST))


def reconciled(odds: Floats, of: Floats, total: Floats, give: Floats) -> Floats:
    """Numbers whose shares have these log odds, moved by one amount times `give`, so that they add up to a total.

    Parameters
    ----------
    odds, of : ndarray, shape (..., municipality)
    total : ndarray, shape (...)
        Between 0 and the sum of `of`.
    give : ndarray, shape that goes with `odds`
        Above 0.

    Returns
    -------
    ndarray, shape (..., municipality)
        The amount is found by Newton's method to a relative 1e-12.

    Raises
    ------
    RunError
        When a total cannot be met.
    """
    from scipy.special import expit

    by = np.zeros(total.shape)
    possible = bool(np.all((total > 0) & (total < of.sum(axis=-1))))
    for _ in range(_STEPS if possible else 0):
        share = expit(odds + by[..., None] * give)
        number = of * share
        gap = number.sum(axis=-1) - total
        if np.all(np.abs(gap) <= CLOSE * total):
            return np.asarray(number)
        by -= np.clip(gap / (give * number * (1 - share)).sum(axis=-1), -1.0, 1.0)
    raise RunError("local numbers cannot be made to add up to the national run", advice="check the figures")
