"""Periods of reference modes in model time, and what a run makes of them.

A period is a year (2021), a quarter (2021-Q1), a month (2021-03) or a school year (2021/22, August to July).
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from sd_covid.document.companions import Row

Floats = NDArray[np.float64]

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])|/(?P<end>\d{2}))?")


def months(row: Row, origin: tuple[int, int]) -> tuple[float, float]:
    """Begin and end of the period of a reference mode, in months since the year and month of model time 0.

    Raises
    ------
    DataError
        When it is no period.
    """
    match = _PERIOD.fullmatch(row["period"])
    if match is None or (match["end"] and int(match["end"]) != (int(match["year"]) + 1) % 100):
        advice = "write 2021, 2021-Q1, 2021-03 or, for a school year, 2021/22"
        raise row.error(f"'{row['period']}' is no period", advice, "period")
    month, length = 1, 12
    if match["quarter"]:
        month, length = 3 * int(match["quarter"]) - 2, 3
    elif match["month"]:
        month, length = int(match["month"]), 1
    elif match["end"]:
        month = 8
    start = 12 * (int(match["year"]) - origin[0]) + month - origin[1]
    return float(start), float(start + length)


def value_in(aggregation: str, time: Floats, values: Floats, start: float, end: float) -> float:
    """What a course comes to in a period: its mean, its value at either end, or how far it moved."""
    first, last = np.interp([start, end], time, values)
    match aggregation:
        case "start":
            return float(first)
        case "end":
            return float(last)
        case "change":
            return float(last - first)
    inside = time[(time > start) & (time < end)]
    at = np.concatenate([[start], inside, [end]])
    return float(np.trapezoid(np.interp(at, time, values), at) / (end - start))
