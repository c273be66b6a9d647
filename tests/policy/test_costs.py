"""Costs of levers. Expected values: by hand, from the toy study's figures; each derivation stands beside its number."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.costs import Cost, Prices, Tranche, budget_path, reach_path, unit_path

NONE = Text()
PRICES = Prices(2020, 2020, 0.0225, {2019: 98.0, 2020: 100.0, 2021: 102.0, 2022: 110.0})
YEARS = (2020, 2021)
#: 365 million euro over 1 March 2020 – 1 March 2021: 365 days, one million a day, 306 of them in 2020.
BUDGET = Cost(
    "budget", NONE, "C", NONE, total=365.0, tranches=(Tranche(date(2020, 3, 1), date(2021, 3, 1), 2.0),)
)


@pytest.mark.parametrize(
    ("level", "start", "end", "expected"),
    [
        (1.0, date(2020, 3, 1), date(2021, 3, 1), (306.0, 59.0)),
        (0.5, date(2020, 3, 1), date(2021, 3, 1), (153.0, 29.5)),
        (1.0, date(2020, 3, 1), date(2020, 10, 1), (214.0, 0.0)),  # 31+30+31+30+31+31+30 days
        (1.0, date(2015, 1, 1), date(2030, 1, 1), (306.0, 59.0)),  # no recipients beyond the tranches
        (1.0, date(2021, 2, 1), date(2021, 3, 1), (0.0, 28.0)),
    ],
)
def test_a_budget_is_spent_while_its_lever_is_in_force(
    level: float, start: date, end: date, expected: tuple[float, float]
) -> None:
    # 1e-12: a quotient of 365 by 365 days, times whole days.
    np.testing.assert_allclose(budget_path(BUDGET, level, start, end, YEARS), [expected], rtol=1e-12)


def test_tranches_share_the_total_by_weight() -> None:
    tranches = (
        Tranche(date(2020, 1, 1), date(2021, 1, 1), 3.0),
        Tranche(date(2021, 1, 1), date(2022, 1, 1), 1.0),
    )
    cost = Cost("budget", NONE, "C", NONE, total=800.0, tranches=tranches)
    path = budget_path(cost, 1.0, date(2020, 1, 1), date(2022, 1, 1), YEARS)
    np.testing.assert_allclose(path, [[600.0, 200.0]], rtol=1e-12)


@pytest.mark.parametrize(
    ("share", "level", "part"), [("all", 1.0, 1.0), ("extra", 1.0, 0.5), ("extra", 3.0, 0.75)]
)
def test_a_unit_cost_follows_the_models_count_and_carries_prices(
    share: str, level: float, part: float
) -> None:
    # Counting 4 thousand a month, in force for 2 months of 2020 and 1.5 of 2021, 2,500 euro each in prices of 2020:
    # 20 million in 2020; 15 million in 2021, times 102/100 for its prices.
    cost = Cost("unit", NONE, "D", NONE, unit_cost=2500.0, price_year=2020, quantity="q", share=share)  # type: ignore[arg-type]
    in_force = np.array([0.0, 1.0, 1.0, 1.0, 0.5, 0.0])
    year_of = np.array([2020, 2020, 2020, 2021, 2021, 2021])
    counted = np.array([[0.0, 9, 13, 17, 21, 25, 34], [5.0, 5, 5, 5, 5, 5, 5]])
    path = unit_path(cost, level, in_force, counted, year_of, PRICES, YEARS)
    np.testing.assert_allclose(path, [[20.0 * part, 15.0 * 1.02 * part], [0.0, 0.0]], rtol=1e-12)


@pytest.mark.parametrize(("level", "part"), [(0.1, 1.0), (0.05, 0.5), (0.0, 0.0)])
def test_a_reach_cost_pays_who_is_there_and_who_comes_in_proportion_to_the_level(
    level: float, part: float
) -> None:
    # In force for 2 months of 2020 and half a month of 2021, 5,000 euro each at level 0.1, in prices of 2020.
    # 40 thousand are there at the start; then 10 a month, rising by 2: means of the months 11, 13 and 15 thousand.
    # 2020: (40 + 11 + 13) * 5 = 320 million; 2021: half of 15 * 5 = 37.5 million, times 102/100 for its prices.
    cost = Cost("reach", NONE, "D", NONE, unit_cost=5000.0, price_year=2020, level=0.1)
    months = np.array([0.0, 1.0, 1.0, 0.5, 0.0])
    year_of = np.array([2020, 2020, 2020, 2021, 2021])
    stock = np.array([[10.0, 40, 99, 99, 99, 99]])
    inflow = np.array([[8.0, 10, 12, 14, 16, np.nan]])
    path = reach_path(cost, level, months, stock, inflow, year_of, PRICES, YEARS)
    np.testing.assert_allclose(path, [[320.0 * part, 37.5 * 1.02 * part]], rtol=1e-12)


def test_a_lever_that_is_never_in_force_reaches_nobody() -> None:
    cost = Cost("reach", NONE, "D", NONE, unit_cost=5000.0, price_year=2020, level=0.1)
    path = reach_path(
        cost, 0.1, np.zeros(2), np.ones((1, 3)), np.ones((1, 3)), np.array([2020, 2020]), PRICES, (2020,)
    )
    np.testing.assert_array_equal(path, [[0.0]])


def test_a_count_that_fails_while_the_lever_is_off_costs_nothing() -> None:
    cost = Cost("unit", NONE, "D", NONE, unit_cost=1.0, price_year=2020, quantity="q")
    counted = np.array([[0.0, np.nan, np.inf, np.inf]])
    path = unit_path(cost, 0.0, np.zeros(3), counted, np.array([2020, 2020, 2020]), PRICES, (2020,))
    np.testing.assert_array_equal(path, [[0.0]])


def test_a_present_value_deflates_and_discounts() -> None:
    # 110 in prices of 2022 is 100 in those of 2020, discounted two years; 98 of 2019 is 100, compounded one year.
    value = PRICES.present_value(np.array([[98.0, 110.0]]), (2019, 2022))
    np.testing.assert_allclose(value, [100 * 1.0225 + 100 / 1.0225**2], rtol=1e-12)


def test_prices_after_the_last_index_are_real_already_and_before_the_first_are_refused() -> None:
    assert PRICES.deflator(2022) == PRICES.deflator(2035)
    with pytest.raises(RunError, match="no value for 2015"):
        PRICES.deflator(2015)
    assert Prices().deflator(2015) == 1.0
