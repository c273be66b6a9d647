"""Periods as CBS and Eurostat spell them; CBS's own titles say what its codes mean (2019SJ00 is 2019/'20)."""

from __future__ import annotations

import pytest

from sd_covid.data.connectors.spelling import read_period
from sd_covid.data.periods import format_period
from sd_covid.errors import DataError


@pytest.mark.parametrize(
    ("code", "spelling", "frequency", "expected"),
    [
        ("2020MM01", "cbs", "month", "2020-01"),
        ("2020MM01", "cbs", "instant", "2020-01"),
        ("2020KW04", "cbs", "quarter", "2020-Q4"),
        ("2020HJ01", "cbs", "half-year", "2020-06"),
        ("2020HJ02", "cbs", "half-year", "2020-12"),
        ("2020JJ00", "cbs", "year", "2020"),
        ("2019SJ00", "cbs", "school year", "2020"),
        ("2020-01", "eurostat", "month", "2020-01"),
        ("2020-Q1", "eurostat", "quarter", "2020-Q1"),
        ("2020-S1", "eurostat", "half-year", "2020-06"),
        ("2020", "eurostat", "year", "2020"),
        ("2020-12", "series", "half-year", "2020-12"),
        ("2020JJ00", "cbs", "month", None),
        ("2012VJ00", "cbs", "month", None),
        ("2012X000", "cbs", "year", None),
        ("2020-W53", "eurostat", "month", None),
        ("2020", "eurostat", "school year", None),
    ],
)
def test_a_code_is_its_period_or_one_of_another_frequency(code, spelling, frequency, expected):
    period = read_period(code, spelling, frequency)
    assert expected == (None if period is None else format_period(period, frequency))


@pytest.mark.parametrize(
    ("code", "spelling"),
    [
        ("2020-01", "cbs"),
        ("2020MM13", "cbs"),
        ("20201MM1", "cbs"),
        ("2020MM01", "eurostat"),
        ("2020-1", "series"),
    ],
)
def test_what_is_no_period_is_refused(code, spelling):
    with pytest.raises(DataError):
        read_period(code, spelling, "month")
