"""Days of a scenario: within the run, and moved by months.

In comes a `Node`; out come dates and shifts. Dates and model time are `sd_covid.policy.calendar`.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from sd_covid.data.keyed_yaml import Node
from sd_covid.policy.files.keys import MONTHS
from sd_covid.policy.reading import read_date
from sd_covid.policy.study import Study


@dataclass(frozen=True, slots=True)
class Shift:
    """A move in time.

    Attributes
    ----------
    months : int
        Negative is earlier.
    after : date
        Earlier days stay where they are.
    """

    months: int
    after: date = date.min

    def __call__(self, day: date) -> date:
        """A day, moved; the last of a month where that month is shorter."""
        if day < self.after:
            return day
        year, month0 = divmod(12 * day.year + day.month - 1 + self.months, 12)
        return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))

    def __str__(self) -> str:
        """``moved by 36 months``."""
        return f"moved by {self.months} months"


def read_months(node: Node) -> int:
    """A length of ``3 months`` or ``2 years``, more than none.

    Raises
    ------
    DataError
        Any other value.
    """
    months = _months(node)
    if months <= 0:
        raise node.error(f"'{node.text()}' is no length of time", "write for example 3 months")
    return months


def read_shift(by: Node, after: Node | None = None) -> Shift:
    """A shift of ``36 months`` or ``-2 years``, of the days from another day on.

    Raises
    ------
    DataError
        Any other value.
    """
    return Shift(_months(by), date.min if after is None else read_date(after))


def _months(node: Node) -> int:
    """A number of months."""
    text = node.text().strip()
    match = re.fullmatch(MONTHS, text)
    if match is None or abs(int(match[1])) > 1200:
        raise node.error(f"'{text}' is no number of months", "write for example 36 months, or -1 year")
    return int(match[1]) * (12 if match[2].startswith("year") else 1)


def read_day(node: Node, study: Study) -> date:
    """A date within the model's run.

    Raises
    ------
    DataError
        A value that is no date, or a day outside the run.
    """
    return within_run(read_date(node), node, study)


def within_run(day: date, node: Node, study: Study, how: str = "") -> date:
    """A day, where it lies in the run; `how` says how it came about.

    Raises
    ------
    DataError
        Where it does not.
    """
    if not study.first <= day <= study.last:
        told = f", {how}," if how else ""
        raise node.error(
            f"{day}{told} lies outside the run, which goes from {study.first} to {study.last}",
            "choose a date within it",
        )
    return day
