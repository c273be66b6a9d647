"""How far the published series reach: the table behind ``sd-covid data status``.

In go the folder of series and a day; out comes a row for each series with its first and last period, the periods that
are missing in between, its age and the day on which the next figure is to be expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from sd_covid.data.description import Tier
from sd_covid.data.periods import Frequency, format_period, last_month
from sd_covid.data.registry import Series, read_registry
from sd_covid.data.text import Text


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A series as the status table shows it.

    Attributes
    ----------
    id : str
    title : Text
    theme : str
    tier : {'A', 'B', 'C', 'D'}
        A calibrate, B check or weak fit with an offset, C forcing or cost, D prior or anecdote.
    frequency : str
    unit : Text
    first, last : str
        First and last period with a figure, spelled as in the file.
    count : int
        Number of figures.
    gaps : tuple of str
        Periods without a figure between the first and the last.
    estimated : int
        Figures that were derived, rounded or are partial.
    breaks : tuple of str
        First periods of another method or vintage.
    age : int
        Months from the end of the last period to the day asked for; negative for a forecast.
    next_release : date or None
        Day on which the figure after the last is expected, from the lag of past releases; None when the series is
        closed or irregular.
    overdue : bool
        Whether that day has passed.
    """

    id: str
    title: Text
    theme: str
    tier: Tier
    frequency: Frequency
    unit: Text
    first: str
    last: str
    count: int
    gaps: tuple[str, ...]
    estimated: int
    breaks: tuple[str, ...]
    age: int
    next_release: date | None
    overdue: bool


def status(folder: str | Path, today: date) -> list[StatusRow]:
    """Coverage of every series, in the order of the registry.

    Parameters
    ----------
    folder : path
        Holds ``registry.yaml`` and its CSV files, such as ``calibration/series``.
    today : date
        The day as of which age and releases are reckoned.

    Returns
    -------
    list of StatusRow

    Raises
    ------
    DataError
        When the folder cannot be read (see `sd_covid.data.read_registry`).
    """
    registry = read_registry(folder)
    return [_status(series, registry.units[series.unit], today) for series in registry]


def _status(series: Series, unit: Text, today: date) -> StatusRow:
    """The row of one series."""
    end = last_month(series.last, series.frequency)
    expected = _next_release(series)
    return StatusRow(
        id=series.id,
        title=series.title,
        theme=series.theme,
        tier=series.tier,
        frequency=series.frequency,
        unit=unit,
        first=format_period(series.first, series.frequency),
        last=format_period(series.last, series.frequency),
        count=len(series.rows),
        gaps=tuple(format_period(gap, series.frequency) for gap in series.gaps),
        estimated=int((series.rows["quality"] == "estimated").sum()),
        breaks=tuple(format_period(change.period, series.frequency) for change in series.breaks),
        age=pd.Period(today, freq="M").ordinal - end.ordinal - 1,
        next_release=expected,
        overdue=expected is not None and expected < today,
    )


def _next_release(series: Series) -> date | None:
    """Day on which the figure after the last one is expected; a stock of the first day is known at the start."""
    if series.release_lag is None or series.frequency == "instant":
        return None
    step = 6 if series.frequency == "half-year" else 1
    following = series.last + step
    end = last_month(following, series.frequency)
    known: date = end.end_time.date()
    if series.kind == "start":
        known = following.start_time.date()
    return known + timedelta(days=series.release_lag)
