"""Costs of levers. Expected values: by hand, from the toy study's figures; each derivation stands beside its number."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.catalogue.costs import Cost, Prices, Tranche, budget_path, spent_path

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
        (7.0, date(2020, 3, 1), date(2021, 3, 1), (306.0, 59.0)),  # no more than the scheme
        (-1.0, date(2020, 3, 1), date(2021, 3, 1), (0.0, 0.0)),
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
    ("budget", "part"), [(None, 1.0), (365.0, 1.0), (73.0, 0.2), (0.0, 0.0), (-5.0, 0.0), (1000.0, 1.0)]
)
def test_a_smaller_budget_buys_as_much_less_and_a_larger_one_no_more(
    budget: float | None, part: float
) -> None:
    path = budget_path(BUDGET, 1.0, date(2020, 3, 1), date(2021, 3, 1), YEARS, budget)
    np.testing.assert_allclose(path, [[306.0 * part, 59.0 * part]], rtol=1e-12)


def test_what_a_model_spent_is_counted_in_the_year_in_which_the_interval_starts() -> None:
    # Spent by the end of six months, three of them in 2020: 0 to 12, then 12 to 20 million euro.
    spent = np.array([[0.0, 0, 5, 12, 16, 20, 20], [0.0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan]])
    year_of = np.array([2020, 2020, 2020, 2021, 2021, 2021])
    path = spent_path(spent, year_of, (2019, 2020, 2021))
    np.testing.assert_array_equal(path[0], [0.0, 12.0, 8.0])
    assert np.isnan(path[1, 1:]).all()


def test_a_present_value_deflates_and_discounts() -> None:
    # 110 in prices of 2022 is 100 in those of 2020, discounted two years; 98 of 2019 is 100, compounded one year.
    value = PRICES.present_value(np.array([[98.0, 110.0]]), (2019, 2022))
    np.testing.assert_allclose(value, [100 * 1.0225 + 100 / 1.0225**2], rtol=1e-12)


def test_prices_after_the_last_index_are_real_already_and_before_the_first_are_refused() -> None:
    assert PRICES.deflator(2022) == PRICES.deflator(2035)
    with pytest.raises(RunError, match="no value for 2015"):
        PRICES.deflator(2015)
    assert Prices().deflator(2015) == 1.0
