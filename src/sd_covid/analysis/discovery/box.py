"""A box in the space of what is uncertain, and how well it holds the failures.

In come limits and the cases; out come coverage, density, and the quasi-p-value of each limit. Terms are those of Bryant
and Lempert (Technological Forecasting and Social Change 77, 2010).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import or_
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtrc

Flags = NDArray[np.bool_]
#: Places in an order, a column of numbers a row.
Places = NDArray[np.int64]
Side = Literal["low", "high", "kept"]
#: Column -> its values, one a case: numbers as floats, names as text.
Columns = Mapping[str, NDArray[Any]]


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

    def holds(self, cases: pd.DataFrame | Columns) -> Flags:
        """Which cases lie within it, shape (case,)."""
        if self.side == "kept":
            return np.isin(np.asarray(cases[self.name], dtype=np.str_), list(self.names))
        values = np.asarray(cases[self.name], dtype=np.float64)
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


class Cases:
    """Cases, and which of them failed, of which boxes are counted.

    A set of cases is a whole number with a bit a case: of the hundreds of limits and boxes that a search goes through,
    sets so small are joined and counted in less time than an array is made in.

    Parameters
    ----------
    columns : DataFrame, shape (case, column), or its columns
    failed : ndarray of bool, shape (case,)
    places : ndarray of int, shape (number column, case), optional
        What `places` tells, where it is known.
    """

    def __init__(self, columns: pd.DataFrame | Columns, failed: Flags, places: Places | None = None) -> None:
        self._table, self._places = columns, places
        self.failed: Flags = np.asarray(failed, dtype=np.bool_)
        self._failures, self._all = _bits(self.failed), (1 << len(failed)) - 1
        self._beyond: dict[Limit, int] = {}

    @cached_property
    def columns(self) -> Columns:
        """Each column as an array, in the order of the table."""
        table = self._table
        if not isinstance(table, pd.DataFrame):
            return table
        return {
            str(name): table[name].to_numpy(dtype=np.float64)
            if table[name].dtype.kind in "fiu"
            else np.asarray(table[name].astype(str), dtype=np.str_)
            for name in table
        }

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return tuple(name for name, column in self.columns.items() if column.dtype.kind == "f")

    @property
    def places(self) -> Places:
        """Places of cases in the order of each column of `numbers`, the same for equal values: ranks with gaps."""
        if self._places is None:
            self._places = np.array(
                [np.unique(self.columns[name], return_inverse=True)[1] for name in self.numbers]
            )
        return self._places

    def taken(self, rows: NDArray[np.int64]) -> Cases:
        """The cases in some rows, which may be there more than once. Nothing is put in order again."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Cases(columns, self.failed[rows], self.places[:, rows] if self.numbers else None)

    def of(self, names: Collection[str]) -> Cases:
        """The cases with some of their columns."""
        return Cases({name: column for name, column in self.columns.items() if name in names}, self.failed)

    def box(self, limits: tuple[Limit, ...]) -> Box:
        """The box with these limits."""
        beyond = [self._beyond_of(limit) for limit in limits]
        # Beyond any of the limits before each one, and beyond any of those after it.
        before, after = (
            list(accumulate(beyond, or_, initial=0)),
            list(accumulate(beyond[::-1], or_, initial=0)),
        )
        held = self._all & ~before[-1]
        number, hits, total = (cases.bit_count() for cases in (held, held & self._failures, self._failures))
        if not hits:
            return Box(limits, number, 0, 0.0, 0.0, (1.0,) * len(limits))
        # What the box would hold besides, were it without one of its limits.
        besides = [
            lone & ~(earlier | later)
            for lone, earlier, later in zip(beyond, before, after[-2::-1], strict=False)
        ]
        rates = [
            (hits + (cases & self._failures).bit_count()) / (number + cases.bit_count()) for cases in besides
        ]
        chances = bdtrc(float(hits - 1), number, np.array(rates)) if limits else np.empty(0)
        return Box(limits, number, hits, hits / total, hits / number, tuple(chances.tolist()))

    def without_idle(self, box: Box, level: float = 0.05) -> Box:
        """The box without limits whose quasi-p-value exceeds a level, the least telling dropped first.

        Each is judged anew when another is dropped.
        """
        while box.quasi_p and max(box.quasi_p) > level:
            idle = box.quasi_p.index(max(box.quasi_p))
            box = self.box(box.limits[:idle] + box.limits[idle + 1 :])
        return box

    def _beyond_of(self, limit: Limit) -> int:
        """The cases that lie beyond a limit, told once."""
        if limit not in self._beyond:
            self._beyond[limit] = self._all & ~_bits(limit.holds(self._table))
        return self._beyond[limit]


def _bits(flags: Flags) -> int:
    """The cases that are flagged, as a number with a bit a case."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def inside(cases: pd.DataFrame, limits: tuple[Limit, ...]) -> Flags:
    """Which cases lie within all limits, shape (case,)."""
    held = np.ones(len(cases), dtype=np.bool_)
    for limit in limits:
        held &= limit.holds(cases)
    return held


def box_of(cases: pd.DataFrame | Columns, failed: Flags, limits: tuple[Limit, ...]) -> Box:
    """The box with these limits, of cases of which no other is asked."""
    return Cases(cases, failed).box(limits)
