"""Dates and model time: months since the first day of the calendar's origin.

In goes a date or a model time; out comes the other. Within a month time runs evenly over its days. Periods of published
figures are `sd_covid.data.periods`.
"""

from __future__ import annotations

import calendar as days
import math
import re
from dataclasses import dataclass
from datetime import date

from sd_covid.errors import ScenarioError
from sd_covid.model.structure import Model


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where model time 0 lies; one unit of model time is a month.

    Attributes
    ----------
    origin : date
        The first day of a month.

    Examples
    --------
    >>> Calendar(date(2015, 1, 1)).time(date(2020, 3, 1))
    62.0
    >>> Calendar(date(2015, 1, 1)).date(62.0)
    datetime.date(2020, 3, 1)
    """

    origin: date

    @classmethod
    def of(cls, model: Model) -> Calendar:
        """The calendar of a model.

        Raises
        ------
        ScenarioError
            When the model has none, or one that does not count months.
        """
        if model.calendar is None:
            raise ScenarioError(
                f"the model '{model.name}' has no calendar, so a date means nothing in it",
                advice="add 'calendar: {origin: 2015-01, unit: month}' to the study's YAML",
                file=model.path,
            )
        origin, unit = model.calendar
        match = re.fullmatch(r"(\d{4})-(\d{2})", str(origin))
        if unit != "month" or match is None:
            raise ScenarioError(
                f"the calendar {origin}, {unit} does not count months from a month",
                advice="write 'origin: 2015-01' and 'unit: month'",
                file=model.path,
            )
        return cls(date(int(match[1]), int(match[2]), 1))

    def time(self, day: date) -> float:
        """Model time of the start of a day, in months since the origin."""
        months = 12 * (day.year - self.origin.year) + day.month - self.origin.month
        return months + (day.day - 1) / days.monthrange(day.year, day.month)[1]

    def date(self, time: float) -> date:
        """The day in which a model time falls."""
        month = math.floor(time)
        year, month0 = divmod(12 * self.origin.year + self.origin.month - 1 + month, 12)
        length = days.monthrange(year, month0 + 1)[1]
        # Half a second of slack: (day - 1) / length * length need not come back as the whole number it was.
        return date(year, month0 + 1, min(length, 1 + math.floor((time - math.floor(time)) * length + 1e-6)))
