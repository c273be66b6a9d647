"""Dates against model time. Expected values: counting months on a calendar; 2020 is a leap year."""

from __future__ import annotations

from datetime import date

import pytest

from sd_covid.errors import ScenarioError
from sd_covid.model.structure import Model
from sd_covid.policy.calendar import Calendar

ORIGIN = Calendar(date(2015, 1, 1))


@pytest.mark.parametrize(
    ("day", "time"),
    [
        (date(2015, 1, 1), 0.0),
        (date(2014, 12, 1), -1.0),
        (date(2020, 3, 1), 62.0),
        (date(2036, 1, 1), 252.0),
        (date(2020, 2, 15), 61 + 14 / 29),
    ],
)
def test_a_date_is_the_months_since_the_origin(day: date, time: float) -> None:
    assert time == ORIGIN.time(day)


def test_every_day_of_four_years_comes_back_from_model_time() -> None:
    days = [
        date.fromordinal(number)
        for number in range(date(2019, 1, 1).toordinal(), date(2023, 1, 1).toordinal())
    ]
    assert days == [ORIGIN.date(ORIGIN.time(day)) for day in days]


def test_the_day_before_the_next_month_begins_is_its_last() -> None:
    assert date(2020, 2, 29) == ORIGIN.date(61.99)


@pytest.mark.parametrize("calendar", [None, ("2015", "month"), ("2015-01", "year")])
def test_a_model_without_months_has_no_dates(calendar: tuple[str, str] | None) -> None:
    with pytest.raises(ScenarioError) as caught:
        Calendar.of(Model("plain", calendar=calendar))
    assert "origin: 2015-01" in str(caught.value.advice)
