"""What a lever costs, by year and payer, and how amounts of different years are made comparable.

In comes a lever's cost rule and its setting in a scenario; out goes a nominal path. A cost follows its lever:
a subsidy that stops earlier costs what was spent until then, one at half strength costs half. What has no
price stays in the table, unpriced.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError
from sd_covid.policy.text import Text

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prices:
    """Price level and discounting.

    Attributes
    ----------
    level_year : int
        Amounts are expressed in the prices of this year.
    base_year : int
        Present values are taken at this year: its discount factor is 1.
    discount_rate : float
        Real rate, per year. 0.0225 is the Dutch standard since 1 January 2021 (Werkgroep discontovoet 2020).
    index : dict
        Year -> consumer price index, any base. Years after the last one keep its level: amounts are then real
        already.
    source : str
        Where rate and index come from.
    """

    level_year: int
    base_year: int
    discount_rate: float
    index: dict[int, float] = field(default_factory=dict)
    source: str = ""

    def deflator(self, year: int) -> float:
        """What one euro of `year` is worth in euros of `level_year`.

        Raises
        ------
        RunError
            When the index does not reach back to the year.
        """
        if not self.index:
            return 1.0
        last = max(self.index)
        wanted = [self.index.get(min(item, last)) for item in (self.level_year, year)]
        if wanted[0] is None or wanted[1] is None:
            raise RunError(
                f"the price index has no value for {year} or {self.level_year}",
                advice="add it under 'prices'",
            )
        return wanted[0] / wanted[1]

    def discount_factor(self, year: int) -> float:
        """Weight of something in `year` in a present value at `base_year`."""
        return float((1.0 + self.discount_rate) ** (self.base_year - year))

    def present_value(self, nominal: Floats, years: tuple[int, ...]) -> Floats:
        """Present value of nominal paths, shape (member, year), in prices of `level_year`; shape (member,)."""
        weights = np.array([self.deflator(year) * self.discount_factor(year) for year in years])
        return np.asarray(nominal @ weights, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class CostLine:
    """The cost of one lever in one scenario.

    Attributes
    ----------
    scenario, lever : str
        Ids.
    title : Text
        The lever's title.
    payer : Text
        On whose budget it is: a ministry, the municipalities.
    delivery : {'national', 'municipal'}
    years : tuple of int
    nominal : ndarray, shape (member, year)
        Million euro in prices of each year; one row when it is the same in every draw.
    priced : bool
        False when no price is known: the amounts are NaN and the table shows PM.
    grade, source, note : str
        Evidence grade A–D of the amount, where it comes from, and how it was derived.
    """

    scenario: str
    lever: str
    title: Text
    payer: Text
    delivery: str
    years: tuple[int, ...]
    nominal: Floats
    priced: bool = True
    grade: str = ""
    source: str = ""
    note: str = ""
