"""What is read off a path: its level in a year, its mean, peak or total over years.

In come paths saved at some points; out comes one number a path. Both a comparison and a search among packages read
outcomes so, and therefore alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.policy.costs import Prices
from sd_covid.policy.outputs import Output
from sd_covid.policy.saved_points import index_of, mean_between, new_year
from sd_covid.policy.types import Floats

Measure = Literal["year", "mean", "peak", "total", "discounted total"]


@dataclass(frozen=True, slots=True)
class Points:
    """The points at which paths were saved, and how their years are weighed.

    Attributes
    ----------
    time : ndarray, shape (time,)
        Model time.
    date : ndarray of datetime64[D], shape (time,)
        The same as dates.
    prices : Prices
        Of whose discounting a discounted total makes use.
    """

    time: Floats
    date: NDArray[np.datetime64]
    prices: Prices

    def measure(self, output: Output, path: Floats, measure: Measure, years: tuple[int, int]) -> Floats:
        """One number for each path.

        Parameters
        ----------
        output : Output
            Whose `reading` says what a level "in a year" is.
        path : ndarray, shape (member, time)
        measure : Measure
        years : tuple of int
            First and last.

        Returns
        -------
        ndarray, shape (member,)
            In the output's unit; of a total in that unit times years.

        Raises
        ------
        RunError
            When the points do not cover the years.
        """
        first, last = years
        if measure == "peak":
            highest: Floats = path[:, self._index(first) : self._index(last + 1) + 1].max(axis=1)
            return highest
        if measure == "year" and output.reading == "end":
            end: Floats = path[:, self._index(last + 1)]
            return end
        if measure == "mean":
            return self.measure(output, path, "total", years) / (last - first + 1)
        total = np.zeros(path.shape[0])
        for year in range(first, last + 1):
            weight = self.prices.discount_factor(year) if measure == "discounted total" else 1.0
            total += weight * self.year_mean(path, year)
        return total

    def year_mean(self, path: Floats, year: int) -> Floats:
        """Mean over a year of paths (member, time), by the trapezium rule over the saved points; shape (member,)."""
        return mean_between(self.time, path, self._index(year), self._index(year + 1))

    def _index(self, year: int) -> int:
        """Position of the first of January of a year among the saved points."""
        return index_of(self.date, new_year(year))
