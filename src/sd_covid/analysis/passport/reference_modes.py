"""Whether a model behaves as the world did: published figures of ``reference_modes.csv`` beside a run.

In go the figures and runs; out come for each figure the model's value, and for each mode a verdict and, where a
series has four points or more, its errors: RMSE, mean absolute error as a share of the mean, and Theil's shares of
the mean squared error (Sterman 1984): bias, unequal variation, unequal covariation.

A period is a year (2021), a quarter (2021-Q1), a month (2021-03) or a school year (2021/22, August to July).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.data import references
from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import UnknownNameError
from sd_covid.policy.calendar import Calendar

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Floats = NDArray[np.float64]
FILE = "reference_modes.csv"
COLUMNS = (
    "mode",
    "sector",
    "variable",
    "aggregation",
    "period",
    "value",
    "unit",
    "tolerance",
    "reason",
    "source",
    references.COLUMN,
)
AGGREGATIONS = ("mean", "end", "start", "change")
#: Fewer points say nothing of variation.
FEWEST = 4
#: Digits that the number of a mode stays below.
_DIGITS = 5
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])|/(?P<end>\d{2}))?")


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure that a variable must come near to.

    Attributes
    ----------
    mode : int
        Number of the reference mode.
    sector, variable, aggregation, period, unit : str
    value, tolerance : float
        In the variable's unit.
    line : Line
    """

    mode: int
    sector: str
    variable: str
    aggregation: str
    period: str
    value: float
    unit: str
    tolerance: float
    line: Line


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure and what a run makes of it."""

    figure: Figure
    run: str
    model: float

    @property
    def error(self) -> float:
        """Model less figure."""
        return self.model - self.figure.value

    @property
    def within(self) -> bool:
        """Whether it lies within the tolerance."""
        return abs(self.error) <= self.figure.tolerance


@dataclass(frozen=True, slots=True)
class Errors:
    """How far a series of figures and a model are apart: Theil's shares add up to one."""

    points: int
    rmse: float
    mae_over_mean: float
    bias: float
    variation: float
    covariation: float


def read_figures(path: Path) -> list[Figure]:
    """The figures of a table.

    Raises
    ------
    DataError
        For a mode, aggregation, period, number or reference that cannot be read, with file and line.
    """
    found, known = [], references.references_beside(path)
    for line in read_lines(path, COLUMNS, (references.COLUMN,)):
        references.named_in(line, known)
        if not (line["mode"].isdecimal() and len(line["mode"]) < _DIGITS):
            raise line.error("mode", f"'{line['mode']}' is no number of a mode", "write a whole number")
        days(line["period"], line)
        if line.number_in("tolerance") < 0:
            raise line.error("tolerance", "a tolerance is not negative", "write it as a distance")
        for column in ("reason", "source"):
            if not line[column]:
                raise line.error(column, "is empty", "say why this tolerance, or where the figure stands")
        found.append(
            Figure(
                int(line["mode"]),
                line["sector"],
                line["variable"],
                line.choice("aggregation", AGGREGATIONS),
                line["period"],
                line.number_in("value"),
                line["unit"],
                line.number_in("tolerance"),
                line,
            )
        )
    return found


def days(period: str, line: Line) -> tuple[date, date]:
    """First day of a period, and of what follows it.

    Parameters
    ----------
    period : str
    line : Line
        Where it stands.

    Raises
    ------
    DataError
        When it is no period.
    """
    match = _PERIOD.fullmatch(period)
    advice = "write 2021, 2021-Q1, 2021-03 or, for a school year, 2021/22"
    if match is None:
        raise line.error("period", f"'{period}' is no period", advice)
    year = int(match["year"])
    if match["quarter"]:
        return _span(year, 3 * int(match["quarter"]) - 2, 3)
    if match["month"]:
        return _span(year, int(match["month"]), 1)
    if match["end"]:
        if int(match["end"]) != (year + 1) % 100:
            raise line.error("period", f"'{period}' is no school year", advice)
        return _span(year, 8, 12)
    return _span(year, 1, 12)


def _span(year: int, month: int, length: int) -> tuple[date, date]:
    end = 12 * year + month - 1 + length
    return date(year, month, 1), date(end // 12, end % 12 + 1, 1)


def months(figure: Figure, calendar: Calendar) -> tuple[float, float]:
    """Begin and end of the period of a figure, in model time."""
    start, end = days(figure.period, figure.line)
    return calendar.time(start), calendar.time(end)


def compare(
    simulation: Simulation, figures: Sequence[Figure], calendar: Calendar, run: str
) -> list[Compared]:
    """What a run makes of figures.

    Parameters
    ----------
    simulation : Simulation
    figures : sequence of Figure
    calendar : Calendar
    run : str
        What to call it: ``alone`` or ``coupled``.

    Raises
    ------
    DataError
        For a variable that the model does not have, or that is an array; another unit; a period outside the run.
    """
    for figure in figures:
        fits(simulation, figure)
    if not figures:
        return []
    course = simulation.run(outputs=list(dict.fromkeys(figure.variable for figure in figures)))
    times = np.asarray(course["time"], dtype=np.float64)
    found = []
    for figure in figures:
        start, end = months(figure, calendar)
        if start < times[0] or end > times[-1]:
            raise figure.line.error("period", f"{figure.period} lies outside the run", "choose another")
        values = np.asarray(course[figure.variable], dtype=np.float64).reshape(-1)
        found.append(Compared(figure, run, value_in(figure.aggregation, times, values, start, end)))
    return found


def fits(simulation: Simulation, figure: Figure) -> None:
    """Refuse a figure that a model cannot be compared with.

    Raises
    ------
    DataError
        For a variable that the model does not have, or that is an array, and for another unit.
    """
    try:
        cells = simulation.names.cells(figure.variable)
    except UnknownNameError as error:
        raise figure.line.error("variable", error.reason, error.advice or "name a variable") from error
    if len(cells) > 1:
        raise figure.line.error("variable", f"'{figure.variable}' has {len(cells)} elements", "name one")
    unit = simulation.model.variable(figure.variable.partition("[")[0]).units
    if unit.casefold() != figure.unit.casefold():
        raise figure.line.error(
            "unit", f"'{figure.unit}' is not '{unit}'", "give the figure in the model's unit"
        )


def value_in(aggregation: str, times: Floats, values: Floats, start: float, end: float) -> float:
    """The value of a course that stands for a period.

    Parameters
    ----------
    aggregation : {'mean', 'end', 'start', 'change'}
        The mean is by the trapezoidal rule between saved times; a change is the end less the start.
    times, values : array
        The course.
    start, end : float
        The period, in model time.
    """
    if aggregation == "mean":
        inside = times[(times > start) & (times < end)]
        at = np.concatenate([[start], inside, [end]])
        return float(np.trapezoid(np.interp(at, times, values), at) / (end - start))
    first, last = (float(np.interp(at, times, values)) for at in (start, end))
    return {"start": first, "end": last, "change": last - first}[aggregation]


def errors(compared: Sequence[Compared]) -> Errors | None:
    """The errors of a series; None for fewer than four points."""
    if len(compared) < FEWEST:
        return None
    model = np.array([item.model for item in compared])
    data = np.array([item.figure.value for item in compared])
    squared = float(np.mean((model - data) ** 2))
    mean = float(np.abs(data).mean())
    mae = float(np.abs(model - data).mean()) / mean if mean else float("nan")
    if squared == 0:
        return Errors(len(data), 0.0, mae, 0.0, 0.0, 0.0)
    spread = (float(model.std()), float(data.std()))
    correlation = float(np.corrcoef(model, data)[0, 1]) if all(spread) else 0.0
    shares = (
        float(model.mean() - data.mean()) ** 2 / squared,
        (spread[0] - spread[1]) ** 2 / squared,
        2 * (1 - correlation) * spread[0] * spread[1] / squared,
    )
    return Errors(len(data), squared**0.5, mae, *shares)


def by_series(compared: Sequence[Compared]) -> Mapping[tuple[int, str, str, str, str], list[Compared]]:
    """Figures of one mode, variable, aggregation and length of period together, run by run."""
    found: dict[tuple[int, str, str, str, str], list[Compared]] = {}
    for item in compared:
        figure = item.figure
        length = re.sub(r"\d", "0", figure.period)
        found.setdefault((figure.mode, figure.variable, figure.aggregation, length, item.run), []).append(
            item
        )
    return found
