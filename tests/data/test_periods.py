"""Periods: spelling and time are inverse to one another, and periods of a frequency tile the calendar."""

from __future__ import annotations

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_covid.data import (
    FREQUENCIES,
    format_period,
    last_month,
    model_time,
    parse_period,
    periods_between,
)
from sd_covid.errors import DataError

YEARS = st.integers(1900, 2199)


def spelled(frequency: str) -> st.SearchStrategy[str]:
    """Texts of periods of a frequency."""
    if frequency == "quarter":
        return st.builds("{}-Q{}".format, YEARS, st.integers(1, 4))
    if frequency == "half-year":
        return st.builds("{}-{}".format, YEARS, st.sampled_from(["06", "12"]))
    if frequency in ("year", "school year"):
        return YEARS.map(str)
    return st.builds("{}-{:02d}".format, YEARS, st.integers(1, 12))


PERIODS = st.sampled_from(FREQUENCIES).flatmap(lambda f: st.tuples(st.just(f), spelled(f)))


@given(PERIODS)
def test_reading_and_spelling_are_inverse(item):
    frequency, text = item
    assert format_period(parse_period(text, frequency), frequency) == text


@given(PERIODS, st.integers(1, 60))
def test_periods_follow_one_another_without_hole_or_overlap(item, count):
    frequency, text = item
    first = parse_period(text, frequency)
    step = 6 if frequency == "half-year" else 1
    run = periods_between(first, first + step * count, frequency)
    assert len(run) == count + 1
    for one, following in itertools.pairwise(run):
        assert model_time(one, frequency)[1] == model_time(following, frequency)[0]


@given(PERIODS)
def test_model_time_counts_calendar_months(item):
    frequency, text = item
    period = parse_period(text, frequency)
    end = last_month(period, frequency)
    after = datetime.date(end.year + end.month // 12, end.month % 12 + 1, 1)
    assert model_time(period, frequency)[1] == (after.year - 2015) * 12 + after.month - 1


@pytest.mark.parametrize(
    ("text", "frequency", "span"),
    [
        ("2015-01", "month", (0.0, 1.0)),
        ("2020-Q2", "quarter", (63.0, 66.0)),
        ("2020-06", "half-year", (60.0, 66.0)),
        ("2020", "year", (60.0, 72.0)),
        ("2020", "school year", (55.0, 67.0)),
        ("2014-12", "instant", (-1.0, 0.0)),
    ],
)
def test_model_time_of_known_periods(text, frequency, span):
    assert model_time(parse_period(text, frequency), frequency) == span


@pytest.mark.parametrize(
    ("text", "frequency"),
    [
        ("2024-7", "month"),
        ("2024-13", "month"),
        ("2024-00", "month"),
        ("2024", "month"),
        ("2024-07-01", "month"),
        ("2024-Q5", "quarter"),
        ("2024Q1", "quarter"),
        ("2024-03", "half-year"),
        ("24", "year"),
        ("2023/24", "school year"),
        (" 2024", "year"),
        ("२०२४", "year"),
        ("", "year"),
    ],
)
def test_another_spelling_is_refused_with_an_example(text, frequency):
    with pytest.raises(DataError) as caught:
        parse_period(text, frequency)
    assert "write 2024" in caught.value.advice
