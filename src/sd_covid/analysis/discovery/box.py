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
from scipy.special import bdtrc

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
    return _boxed(_holds(cases, limits), np.asarray(failed, dtype=np.bool_), limits)


def _holds(cases: pd.DataFrame, limits: tuple[Limit, ...]) -> Flags:
    """Which cases lie within each limit, shape (limit, case)."""
    return np.array([limit.holds(cases) for limit in limits], dtype=np.bool_).reshape(len(limits), len(cases))


def _boxed(holds: Flags, failed: Flags, limits: tuple[Limit, ...]) -> Box:
    """The box of limits of which it is known which cases lie within them."""
    broken = (~holds).sum(axis=0)
    held = broken == 0
    number, hits, total = int(held.sum()), int(failed[held].sum()), int(failed.sum())
    without = broken == ~holds  # within all others: breaks no limit but that one
    failing = (without & failed).sum(axis=1) / np.maximum(without.sum(axis=1), 1)
    rates = np.where(without.any(axis=1), failing, 1.0)
    return Box(
        limits,
        number,
        hits,
        hits / total if total else 0.0,
        hits / number if number else 0.0,
        tuple(np.asarray(bdtrc(float(hits - 1), number, rates)).tolist()) if hits else (1.0,) * len(limits),
    )


def without_idle(cases: pd.DataFrame, failed: Flags, box: Box, level: float = 0.05) -> Box:
    """The box without limits whose quasi-p-value exceeds a level, the least telling dropped first.

    Each is judged anew when another is dropped.
    """
    holds = _holds(cases, box.limits)
    while box.quasi_p and max(box.quasi_p) > level:
        kept = np.arange(len(box.limits)) != int(np.argmax(box.quasi_p))
        limits = tuple(limit for limit, stays in zip(box.limits, kept.tolist(), strict=True) if stays)
        holds = holds[kept]
        box = _boxed(holds, failed, limits)
    return box
