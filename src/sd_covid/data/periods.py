"""Periods of published figures: their spelling, their order, and their place in model time.

In goes the text of a period and the frequency of its series; out come a pandas ``Period``, the text again, and the
first and last moment of the period in months since the origin of the model's calendar. Which periods a series ought to
have is answered here too; what is done about a missing one is for `sd_covid.data.checks` and its callers.
"""

from __future__ import annotations

import functools
import re
from typing import Literal, get_args

import pandas as pd

from sd_covid.errors import DataError

Frequency = Literal["month", "quarter", "half-year", "year", "school year", "instant"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)

ORIGIN = pd.Period("2015-01", freq="M")
"""Month in which model time 0 lies in the Dutch models: 0 is its first day."""

_SHAPES: dict[Frequency, tuple[str, str]] = {
    "month": (r"(\d{4})-(\d{2})", "2024-07"),
    "quarter": (r"(\d{4})-Q([1-4])", "2024-Q3"),
    "half-year": (r"(\d{4})-(06|12)", "2024-06 or 2024-12, its last month"),
    "year": (r"(\d{4})", "2024"),
    "school year": (r"(\d{4})", "2024, the year in which it ends"),
    "instant": (r"(\d{4})-(\d{2})", "2024-07"),
}
_PANDAS: dict[Frequency, str] = {
    "month": "M",
    "quarter": "Q",
    "half-year": "M",
    "year": "Y",
    "school year": "Y",
    "instant": "M",
}
_LENGTH: dict[Frequency, int] = {
    "month": 1,
    "quarter": 3,
    "half-year": 6,
    "year": 12,
    "school year": 12,
    "instant": 1,
}
SCHOOL_YEAR_STARTS = 8
"""First month of a Dutch school year (Wet op het voortgezet onderwijs: it runs from 1 August to 31 July)."""


@functools.lru_cache(maxsize=4096)  # a study has the same periods in hundreds of series
def parse_period(text: str, frequency: Frequency) -> pd.Period:
    """Read the spelling of a period.

    Parameters
    ----------
    text : str
        ``2024-07``, ``2024-Q3`` or ``2024``; a half-year by its last month, a school year by the year in which it ends.
    frequency : str
        The frequency of the series, one of `FREQUENCIES`.

    Returns
    -------
    pandas.Period
        Monthly for ``month``, ``half-year`` and ``instant``, quarterly for ``quarter``, else yearly.

    Raises
    ------
    DataError
        When the text is not a period of that frequency.

    Examples
    --------
    >>> parse_period("2024-Q3", "quarter")
    Period('2024Q3', 'Q-DEC')
    """
    pattern, example = _SHAPES[frequency]
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        raise DataError(f"'{text}' is not a {frequency}", advice=f"write {example}", variable="period")
    year = int(match[1])
    if frequency == "quarter":
        return pd.Period(year=year, quarter=int(match[2]), freq="Q")
    if _PANDAS[frequency] == "Y":
        return pd.Period(year=year, freq="Y")
    month = int(match[2])
    if not 1 <= month <= 12:
        raise DataError(f"'{text}' has no month {month:02d}", advice=f"write {example}", variable="period")
    return pd.Period(year=year, month=month, freq="M")


def format_period(period: pd.Period, frequency: Frequency) -> str:
    """Spell a period as the series files do; the inverse of `parse_period`.

    Parameters
    ----------
    period : pandas.Period
        As `parse_period` returns it.
    frequency : str
        One of `FREQUENCIES`.

    Examples
    --------
    >>> format_period(parse_period("2024-Q3", "quarter"), "quarter")
    '2024-Q3'
    """
    if frequency == "quarter":
        return f"{period.year:04d}-Q{period.quarter}"
    if _PANDAS[frequency] == "Y":
        return f"{period.year:04d}"
    return f"{period.year:04d}-{period.month:02d}"


def last_month(
    period: pd.Period, frequency: Frequency, school_year_starts: int = SCHOOL_YEAR_STARTS
) -> pd.Period:
    """The last month of a period, as a monthly ``Period``."""
    if frequency == "school year":
        return pd.Period(year=period.year, month=(school_year_starts - 2) % 12 + 1, freq="M")
    return period.asfreq("M", how="end")


def model_time(
    period: pd.Period,
    frequency: Frequency,
    origin: pd.Period = ORIGIN,
    school_year_starts: int = SCHOOL_YEAR_STARTS,
) -> tuple[float, float]:
    """First and last moment of a period in model time.

    Parameters
    ----------
    period : pandas.Period
        As `parse_period` returns it.
    frequency : str
        One of `FREQUENCIES`.
    origin : pandas.Period
        The month whose first day is model time 0.
    school_year_starts : int
        First month of a school year, 1 to 12: some series count from October to September.

    Returns
    -------
    start, end : float
        Months since the origin: the flow of the period is integrated over ``[start, end)``, a stock of its last day is
        read at ``end``, one of its first day at ``start``.

    Examples
    --------
    >>> model_time(parse_period("2015-Q2", "quarter"), "quarter")
    (3.0, 6.0)
    >>> model_time(parse_period("2016", "school year"), "school year")
    (7.0, 19.0)
    >>> model_time(parse_period("2016", "school year"), "school year", school_year_starts=10)
    (9.0, 21.0)
    """
    end = last_month(period, frequency, school_year_starts).ordinal - origin.ordinal + 1
    return float(end - _LENGTH[frequency]), float(end)


def periods_between(first: pd.Period, last: pd.Period, frequency: Frequency) -> list[pd.Period]:
    """Every period of a frequency from the first to the last, both included.

    An ``instant`` has no rhythm of its own; it is counted by month.

    Examples
    --------
    >>> span = periods_between(parse_period("2023-06", "half-year"), parse_period("2024-06", "half-year"), "half-year")
    >>> [format_period(period, "half-year") for period in span]
    ['2023-06', '2023-12', '2024-06']
    """
    step = _LENGTH[frequency] if frequency == "half-year" else 1
    return [first + offset for offset in range(0, last.ordinal - first.ordinal + 1, step)]
