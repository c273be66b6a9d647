"""What is read off a path: its level in a year, its mean, peak or total over years.

In come paths saved at some points; out comes one number a path. Both a comparison and a search among packages read
outcomes so, and therefore alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.policy.catalogue.costs import Prices
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.saved_points import index_of, means_between, new_year
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
        return self.of_means(self.year_means(path, range(first, last + 1)), measure, first)

    def of_means(self, means: Floats, measure: Measure, first: int) -> Floats:
        """A mean or total of means of whole years, shape (member, year), of which the first is `first`."""
        total = np.zeros(means.shape[0])
        for place in range(means.shape[1]):
            weight = self.prices.discount_factor(first + place) if measure == "discounted total" else 1.0
            total += weight * means[:, place]
        return total / means.shape[1] if measure == "mean" else total

    def year_means(self, path: Floats, years: range) -> Floats:
        """Means over years in a row of paths (member, time), by the trapezium rule; shape (member, year)."""
        edges = [self._index(year) for year in range(years.start, years.stop + 1)]
        return means_between(self.time, path, edges)

    def _index(self, year: int) -> int:
        """Position of the first of January of a year among the saved points."""
        return index_of(self.date, new_year(year))
