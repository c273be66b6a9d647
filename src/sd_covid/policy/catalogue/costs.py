"""What a lever costs, by year, and how amounts of different years are made comparable.

In comes a lever's cost rule and its setting in a scenario; out goes a nominal path. A cost follows its lever: a
subsidy that stops earlier costs what was spent until then, one at half strength costs half. What has no price stays in
the table, unpriced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats


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
        Year -> consumer price index, any base. A year after the last one has its level: later amounts are real already.
        Empty: amounts are not deflated.
    source : Text
        Where rate and index come from.
    """

    level_year: int = 2020
    base_year: int = 2020
    discount_rate: float = 0.0225
    index: dict[int, float] = field(default_factory=dict)
    source: Text = field(default_factory=Text)

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
        for wanted in (self.level_year, year):
            if min(wanted, last) not in self.index:
                raise RunError(f"the price index has no value for {wanted}", advice="add it under 'prices'")
        return self.index[min(self.level_year, last)] / self.index[min(year, last)]

    def discount_factor(self, year: int) -> float:
        """Weight of something in `year` in a present value at `base_year`."""
        return float((1.0 + self.discount_rate) ** (self.base_year - year))

    def discount_factors(self, years: Sequence[int]) -> Floats:
        """`discount_factor` of each year, shape (year,)."""
        return np.array([self.discount_factor(year) for year in years], dtype=np.float64)

    def present_value(self, nominal: Floats, years: tuple[int, ...]) -> Floats:
        """Present value of nominal paths, shape (member, year), in prices of `level_year`; shape (member,)."""
        weights = np.array([self.deflator(year) for year in years]) * self.discount_factors(years)
        return np.asarray(nominal @ weights, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Tranche:
    """A part of a budget, spent evenly from `start` until the day before `end`; `weight` is its share, any base."""

    start: date
    end: date
    weight: float


@dataclass(frozen=True, slots=True)
class Cost:
    """How the cost of a lever follows from its setting.

    Attributes
    ----------
    rule : {'budget', 'spent', 'unpriced'}
        ``budget``: `total` over `tranches`, at level 1, or the budget of the setting where that is less. ``spent``:
        what the model's stock `spending` grows by, people reached times the price of each. ``unpriced``: no price is
        known.
    source, note : Text
        Where the amount comes from, and how it was derived.
    grade : str
    total : float
        Million euro, nominal.
    tranches : tuple of Tranche
    spending : str
        A stock of the model that only counts what was spent, million euro, nominal.
    """

    rule: Literal["budget", "spent", "unpriced"]
    source: Text
    grade: str
    note: Text
    total: float = 0.0
    tranches: tuple[Tranche, ...] = ()
    spending: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the model from which the cost is counted."""
        return (self.spending,) if self.spending else ()


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
        Million euro in prices of each year; one row when it is the same in every draw. NaN when unpriced.
    priced : bool
        False when no price is known: the table then shows PM.
    grade : str
        Evidence grade A–D of the amount.
    source, note : Text
        Where it comes from, and how it was derived.
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
    source: Text = field(default_factory=Text)
    note: Text = field(default_factory=Text)

    def of_members(self, members: NDArray[np.bool_]) -> Floats:
        """The paths of chosen members, shape (chosen, year); `members` has shape (member,)."""
        if self.nominal.shape[0] == 1:
            return np.repeat(self.nominal, int(members.sum()), axis=0)
        return self.nominal[members]


def budget_path(
    cost: Cost, level: float, start: date, end: date, years: tuple[int, ...], budget: float | None = None
) -> Floats:
    """Spending by year under a budget rule.

    Parameters
    ----------
    cost : Cost
        With rule ``budget``.
    level : float
        1 is the actual scheme; a level above 1 buys no more than it, one below 0 nothing, as in the models.
    start, end : date
        While the lever is in force.
    years : tuple of int
    budget : float, optional
        Million euro that may be spent on the whole scheme: less than its total reaches as much less.

    Returns
    -------
    ndarray, shape (1, year)
        Million euro, nominal.

    Notes
    -----
    A tranche outside the lever's dates is not spent: where a scheme goes on beyond its tranches it has no recipients,
    in the model as in the budget.
    """
    total_weight = sum(tranche.weight for tranche in cost.tranches)
    afforded = min(max(level, 0.0), 1.0)
    if budget is not None:
        afforded *= min(1.0, max(budget, 0.0) / cost.total)
    path = np.zeros((1, len(years)))
    for tranche in cost.tranches:
        per_day = cost.total * tranche.weight / total_weight / (tranche.end - tranche.start).days
        for column, year in enumerate(years):
            first = max(tranche.start, start, date(year, 1, 1))
            last = min(tranche.end, end, date(year + 1, 1, 1))
            path[0, column] += afforded * per_day * max(0, (last - first).days)
    return path


def spent_path(spent: Floats, year_of: NDArray[np.int64], years: tuple[int, ...]) -> Floats:
    """Spending by year under a rule of what was spent.

    Parameters
    ----------
    spent : ndarray, shape (member, time)
        The model's stock of spending at each saved time, million euro.
    year_of : ndarray, shape (time - 1,)
        The calendar year in which each interval between saved times starts.
    years : tuple of int

    Returns
    -------
    ndarray, shape (member, year)
        Million euro, nominal.
    """
    found = np.zeros((len(spent), len(years)))
    for column, year in enumerate(years):
        within = np.flatnonzero(year_of == year)
        if within.size:
            with np.errstate(invalid="ignore"):  # a failed member: located and left out elsewhere
                found[:, column] = spent[:, within[-1] + 1] - spent[:, within[0]]
    return found
