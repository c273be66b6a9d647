"""A box in the space of what is uncertain, and how well it holds the failures.

In come limits and the cases; out come coverage, density, and the quasi-p-value of each limit. Terms are those of Bryant
and Lempert (Technological Forecasting and Social Change 77, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

Flags = NDArray[np.bool_]
Side = Literal["low", "high", "kept"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a box.

    Attributes
    ----------
    name : str
        Column of the cases.
    side : {'low', 'high', 'kept'}
        The least or the largest value of a number, both within the box; or which of several names are kept.
    value : float
        Of a number.
    names : frozenset of str
        Kept, of a column of names.
    """

    name: str
    side: Side
    value: float = 0.0
    names: frozenset[str] = frozenset()

    def holds(self, cases: pd.DataFrame) -> Flags:
        """Which cases lie within it, shape (case,)."""
        column = cases[self.name]
        if self.side == "kept":
            return np.asarray(column.isin(list(self.names)), dtype=np.bool_)
        values = column.to_numpy(dtype=np.float64)
        return np.asarray(
            values >= self.value if self.side == "low" else values <= self.value, dtype=np.bool_
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A box, with how well it holds the failures.

    Attributes
    ----------
    limits : tuple of Limit
        A column may have a low and a high one.
    cases, failures : int
        Within it.
    coverage : float
        Share of all failures that lie in it.
    density : float
        Share of its cases that fail.
    quasi_p : tuple of float
        Of each limit: chance of so many failures or more among the box's cases if these failed as often as those of
        the box without that limit. Above 0.05 the limit says nothing.
    """

    limits: tuple[Limit, ...]
    cases: int
    failures: int
    coverage: float
    density: float
    quasi_p: tuple[float, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it restricts, each once."""
        return tuple(dict.fromkeys(limit.name for limit in self.limits))

    @property
    def balance(self) -> float:
        """Harmonic mean of coverage and density; 0 where it holds no failure."""
        both = self.coverage + self.density
        return 2 * self.coverage * self.density / both if both > 0 else 0.0


def inside(cases: pd.DataFrame, limits: tuple[Limit, ...]) -> Flags:
    """Which cases lie within all limits, shape (case,)."""
    held = np.ones(len(cases), dtype=np.bool_)
    for limit in limits:
        held &= limit.holds(cases)
    return held


def box_of(cases: pd.DataFrame, failed: Flags, limits: tuple[Limit, ...]) -> Box:
    """The box with these limits.

    Parameters
    ----------
    cases : DataFrame, shape (case, column)
    failed : ndarray of bool, shape (case,)
    limits : tuple of Limit
    """
    holds = [limit.holds(cases) for limit in limits]
    held = np.logical_and.reduce([np.ones(len(cases), dtype=np.bool_), *holds])
    number, hits, total = int(held.sum()), int(failed[held].sum()), int(failed.sum())
    quasi = []
    for place in range(len(limits)):
        without = np.logical_and.reduce(
            [np.ones(len(cases), dtype=np.bool_), *holds[:place], *holds[place + 1 :]]
        )
        rate = failed[without].mean() if without.any() else 1.0
        quasi.append(float(binom.sf(hits - 1, number, rate)))
    return Box(
        limits,
        number,
        hits,
        hits / total if total else 0.0,
        hits / number if number else 0.0,
        tuple(quasi),
    )


def without_idle(cases: pd.DataFrame, failed: Flags, box: Box, level: float = 0.05) -> Box:
    """The box without limits whose quasi-p-value exceeds a level, the least telling dropped first.

    Each is judged anew when another is dropped.
    """
    while box.quasi_p and max(box.quasi_p) > level:
        worst = int(np.argmax(box.quasi_p))
        box = box_of(cases, failed, box.limits[:worst] + box.limits[worst + 1 :])
    return box
