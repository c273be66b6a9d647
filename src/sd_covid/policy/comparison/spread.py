"""A distribution over members in seven numbers, and the words it carries.

In comes a sample of one number a member; out go mean, quantiles and what may be said of them in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Levels of every band: the median and the central 30, 60 and 90 %, as CPB draws its fan charts (MEV 2016).
QUANTILES = (0.05, 0.20, 0.35, 0.50, 0.65, 0.80, 0.95)

Verdict = Literal[
    "lowers", "raises", "probably lowers", "probably raises", "cannot tell", "no difference that matters"
]


def quantiles(sample: Floats, levels: Sequence[float] = QUANTILES) -> Floats:
    """Quantiles over members by linear interpolation, the same numbers as ``numpy.quantile``.

    Seven selections, as numpy makes them, take five times as long as one sort, which works in vectors.

    Parameters
    ----------
    sample : ndarray, shape (member, …)
        Finite or NaN; not empty.
    levels : sequence of float
        From 0 to 1.

    Returns
    -------
    ndarray, shape (level, …)
        NaN where a member is.
    """
    # A copy, along contiguous memory.
    ordered = np.array(np.moveaxis(sample, 0, -1), dtype=np.float64, order="C")
    ordered.sort(axis=-1)
    last = ordered.shape[-1] - 1
    place = last * np.asarray(levels, dtype=np.float64)
    before = np.floor(place).astype(np.int64)
    part = place - before
    low, high = ordered[..., before], ordered[..., np.minimum(before + 1, last)]
    # From the nearer end, as numpy does.
    found = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
    found[np.isnan(ordered[..., -1])] = np.nan  # NaN is sorted last
    return np.moveaxis(found, -1, 0)


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution over members, summarised.

    Attributes
    ----------
    mean : float
    quantiles : tuple of float
        At `QUANTILES`.
    members : int
        How many members it rests on.
    """

    mean: float
    quantiles: tuple[float, ...]
    members: int

    @classmethod
    def of(cls, sample: Floats) -> Spread:
        """Summarise a sample of shape (member,); NaN throughout when it is empty."""
        if sample.size == 0:
            return cls(float("nan"), (float("nan"),) * len(QUANTILES), 0)
        return cls(float(sample.mean()), tuple(quantiles(sample).tolist()), int(sample.size))

    def quantile(self, level: float) -> float:
        """The quantile at one of `QUANTILES`."""
        return self.quantiles[QUANTILES.index(level)]

    @property
    def median(self) -> float:
        """The central path's value."""
        return self.quantile(0.50)

    @property
    def interval(self) -> tuple[float, float]:
        """The central 90 %: (5th, 95th percentile)."""
        return self.quantiles[0], self.quantiles[-1]

    def verdict(self, relevance: float = 0.0) -> Verdict:
        """What may be said of a difference with this spread.

        Parameters
        ----------
        relevance : float
            Smallest difference that matters, in the output's unit.

        Returns
        -------
        Verdict
            ``lowers`` / ``raises`` when the 90 % interval excludes zero, ``probably …`` when only the central
            60 % does.
        """
        low, high = self.interval
        if -relevance < low and high < relevance:
            return "no difference that matters"
        inner = self.quantile(0.20), self.quantile(0.80)
        if low > 0 or high < 0:
            return "raises" if low > 0 else "lowers"
        if inner[0] > 0 or inner[1] < 0:
            return "probably raises" if inner[0] > 0 else "probably lowers"
        return "no difference that matters" if low == high == 0 else "cannot tell"
