"""How far the published series reach: the table behind ``sd-covid data status``.

In goes the folder of series and a day; out comes a row for each series with its first and last period, the periods that
are missing in between, its age and the day on which the next figure is to be expected, and the sum of it by heading of
the dashboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from sd_covid.data.description import Tier
from sd_covid.data.periods import Frequency, format_period, last_month
from sd_covid.data.registry import Registry, Series, read_registry
from sd_covid.data.text import Text

Use = Literal["calibrated", "driver", "comparable", "shown"]
USES: tuple[Use, ...] = get_args(Use)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A series as the status table shows it.

    Attributes
    ----------
    id : str
    title : Text
    theme : str
    heading : str
        Of the dashboard; empty when the registry has none.
    tier : {'A', 'B', 'C', 'D'}
        A calibrate, B check or weak fit with an offset, C forcing or cost, D prior or anecdote.
    use : {'calibrated', 'driver', 'comparable', 'shown'}
        The model is fitted to it, it drives the model, the registry names a model output for it, or none of these.
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
    release_estimated : bool
        Whether the lag is an estimate: its publisher states no rhythm.
    overdue : bool
        Whether that day has passed.
    publisher, licence : str
    revision : {'final', 'provisional', 'open'}
    equivalent_to : tuple of str
    """

    id: str
    title: Text
    theme: str
    heading: str
    tier: Tier
    use: Use
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
    release_estimated: bool
    overdue: bool
    publisher: str
    licence: str
    revision: str
    equivalent_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The series of one heading of the dashboard together.

    Attributes
    ----------
    heading : str
    series, figures : int
    uses : dict
        Use -> number of series.
    age : int
        Months since the end of the last period of its youngest series that is no forecast.
    overdue : int
    """

    heading: str
    series: int
    figures: int
    uses: Mapping[Use, int]
    age: int
    overdue: int


def status(folder: str | Path, today: date, uses: Mapping[str, Use] | None = None) -> list[StatusRow]:
    """Coverage of every series, in the order of the registry.

    Parameters
    ----------
    folder : path
        Holds ``registry.yaml`` and its CSV files, such as ``calibration/series``.
    today : date
        The day as of which age and releases are reckoned.
    uses : dict, optional
        Series id -> what the study does with it, where it is more than the registry tells.

    Returns
    -------
    list of StatusRow

    Raises
    ------
    DataError
        When the folder cannot be read (see `sd_covid.data.read_registry`).
    """
    registry = read_registry(folder)
    return [_status(registry, series, today, uses or {}) for series in registry]


def coverage(rows: Iterable[StatusRow]) -> list[Coverage]:
    """The rows summed by heading, in the order in which headings occur; a theme without one is its own.

    Examples
    --------
    >>> coverage([])
    []
    """
    groups: dict[str, list[StatusRow]] = {}
    for row in rows:
        groups.setdefault(row.heading or row.theme, []).append(row)
    return [
        Coverage(
            heading=heading,
            series=len(members),
            figures=sum(row.count for row in members),
            uses={use: sum(row.use == use for row in members) for use in USES},
            age=min((row.age for row in members if row.age >= 0), default=0),
            overdue=sum(row.overdue for row in members),
        )
        for heading, members in groups.items()
    ]


def _status(registry: Registry, series: Series, today: date, uses: Mapping[str, Use]) -> StatusRow:
    """The row of one series."""
    end = last_month(series.last, series.frequency)
    expected = release_day(series, following(series, series.last))
    publisher = registry.publishers.get(series.publisher)
    return StatusRow(
        id=series.id,
        title=series.title,
        theme=series.theme,
        heading=registry.heading_of.get(series.theme, ""),
        tier=series.tier,
        use=uses.get(series.id, "shown" if series.comparison is None else "comparable"),
        frequency=series.frequency,
        unit=registry.units[series.unit],
        first=format_period(series.first, series.frequency),
        last=format_period(series.last, series.frequency),
        count=len(series.rows),
        gaps=tuple(format_period(gap, series.frequency) for gap in series.gaps),
        estimated=int((series.rows["quality"] == "estimated").sum()),
        breaks=tuple(format_period(change.period, series.frequency) for change in series.breaks),
        age=pd.Period(today, freq="M").ordinal - end.ordinal - 1,
        next_release=expected,
        release_estimated=expected is not None and (publisher is None or not publisher.lag_source),
        overdue=expected is not None and expected < today,
        publisher="" if publisher is None else publisher.name,
        licence=series.licence,
        revision=series.revision,
        equivalent_to=series.equivalent_to,
    )


def following(series: Series, period: pd.Period) -> pd.Period:
    """The period of a series after another one."""
    later: pd.Period = period + (6 if series.frequency == "half-year" else 1)
    return later


def release_day(series: Series, period: pd.Period) -> date | None:
    """Day on which the figure of a period is expected; a stock of the first day is known at the start.

    None for a series that is closed or has no rhythm.
    """
    if series.release_lag is None or series.frequency == "instant":
        return None
    known: date = last_month(period, series.frequency).end_time.date()
    if series.kind == "start":
        known = period.start_time.date()
    return known + timedelta(days=series.release_lag)
