"""The figures of a theme, refused unless every one of them can be trusted.

In go a CSV file and what the registry says of its series; out come the series with their figures. A figure is refused,
with file, line and column, when its unit or definition is not the one of its series, its period is double, out of order
or of another frequency, or its value is no number. Gaps are not faults: `Series.gaps` reports them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sd_covid.data.csv_rows import read_csv
from sd_covid.data.description import BOUNDS, Measure
from sd_covid.data.periods import parse_period
from sd_covid.data.registry import Series
from sd_covid.data.registry_file import Entries
from sd_covid.errors import DataError, suggest

COLUMNS = (
    "series",
    "period",
    "value",
    "unit",
    "quality",
    "definition",
    "vintage",
    "source_title",
    "source",
    "note",
)
QUALITIES = ("measured", "revised", "estimated")


class Row(NamedTuple):
    """A line of the file that is not yet trusted; the fields are `COLUMNS`, and the line."""

    series: str
    period: str
    value: str
    unit: str
    quality: str
    definition: str
    vintage: str
    source_title: str
    source: str
    note: str
    line: int


class _Figure(NamedTuple):
    """A figure that passed."""

    period: pd.Period
    value: float
    row: Row


def read_theme(file: Path, entries: Entries) -> dict[str, Series]:
    """Read the figures of the series of one theme, the stem of the file.

    Parameters
    ----------
    file : Path
        CSV with the columns `COLUMNS`, in that order; the rows of a series in order of time.
    entries : Entries
        What the registry says.

    Returns
    -------
    dict
        Series id -> `Series`, for every series of the theme.

    Raises
    ------
    DataError
        At the first figure that cannot be trusted; for a series without figures, at its line in the registry.
    """
    members = {name: series for name, series in entries.series.items() if series.theme == file.stem}
    advice = "add the file, or correct 'theme' in registry.yaml"
    rows = (Row(**row, line=line) for line, row in read_csv(file, _check_header, advice))
    return check_figures(file, rows, members, entries)


def check_figures(
    file: Path, rows: Iterable[Row], members: Mapping[str, Series], entries: Entries
) -> dict[str, Series]:
    """Series with the figures of these rows, refused unless every one of them can be trusted.

    Parameters
    ----------
    file : Path
        Where the rows stand.
    rows : iterable of Row
    members : mapping of str to Series
        The series to which they may belong, all of one theme.
    entries : Entries
        What the registry says.

    Raises
    ------
    DataError
        As `read_theme`.
    """
    found: dict[str, list[_Figure]] = {name: [] for name in members}
    for row in rows:
        if row.series not in members:
            advice = suggest(row.series, members) or "describe it in registry.yaml"
            reason = f"the registry has no series '{row.series}' of theme '{file.stem}'"
            raise _fault(file, row, "series", reason, advice)
        series = members[row.series]
        found[row.series].append(_figure(file, row, series, found[row.series]))
        _refuse_impossible(file, row, found[row.series][-1].value, entries.measures.get(series.unit))
    for name, figures in found.items():
        if not figures:
            raise DataError(
                f"the series '{name}' has no figures in {file.name}",
                advice="add them, or remove it from the registry",
                file=members[name].file,
                line=entries.lines[name],
                variable=name,
            )
    tables = _tables(found)
    return {name: replace(members[name], file=file, rows=tables[name]) for name in found}


def _check_header(file: Path, header: list[str]) -> None:
    """Refuse a header that is not `COLUMNS`."""
    if tuple(header) != COLUMNS:
        missing = [name for name in COLUMNS if name not in header]
        reason = f"column {missing[0]} is missing" if missing else "the columns are in another order"
        raise DataError(reason, advice=f"write the header {','.join(COLUMNS)}", file=file, line=1)


def _figure(file: Path, row: Row, series: Series, before: list[_Figure]) -> _Figure:
    """One figure, or a fault."""
    try:
        period = parse_period(row.period, series.frequency)
    except DataError as error:
        raise _fault(file, row, "period", error.reason, error.advice or "") from error
    if before and period == before[-1].period:
        reason = f"'{row.series}' has a figure for {row.period} on line {before[-1].row.line} already"
        raise _fault(file, row, "period", reason, "keep one of the two")
    if before and period < before[-1].period:
        reason = f"{row.period} comes after {before[-1].row.period} of line {before[-1].row.line}"
        raise _fault(
            file, row, "period", reason, "put the rows of a series in order of time, each period once"
        )
    if row.unit != series.unit:
        reason = f"'{row.series}' is in '{series.unit}' in the registry, here in '{row.unit}'"
        raise _fault(file, row, "unit", reason, "convert the figure, or give it a series of its own")
    if row.quality not in QUALITIES:
        advice = suggest(row.quality, QUALITIES) or f"write {', '.join(QUALITIES)}"
        raise _fault(file, row, "quality", f"'{row.quality}' is not a quality", advice)
    expected = series.definition_at(period)
    if row.definition != expected:
        reason = (
            f"'{row.series}' is of definition '{expected}' in {row.period}, this figure of '{row.definition}'"
        )
        advice = (
            "two definitions are never joined: give it its own series, or state the break in registry.yaml"
        )
        raise _fault(file, row, "definition", reason, advice)
    if not row.source.strip() and not row.source_title.strip():
        raise _fault(file, row, "source", "the figure has no source", "name where it was published")
    return _Figure(period, _number(file, row), row)


def _number(file: Path, row: Row) -> float:
    """The value of a row."""
    try:
        value = float(row.value)
    except ValueError:
        value = math.nan
    # float() also takes 'nan', 'inf', '1_000' and the digits of other scripts, which no statistical office prints.
    if not math.isfinite(value) or "_" in row.value or not row.value.isascii():
        advice = "write a decimal point and no thousands separator; leave the row out when there is no figure"
        raise _fault(file, row, "value", f"'{row.value}' is not a number", advice)
    return value


def _refuse_impossible(file: Path, row: Row, value: float, measure: Measure | None) -> None:
    """Raise when a figure is none that its measure can have, such as a share above 100 %."""
    low, high = BOUNDS[measure] if measure is not None else (-math.inf, math.inf)
    if not low <= value <= high:
        expected = f"{low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
        reason = f"{row.value} cannot be: a {measure} in '{row.unit}' is {expected}"
        raise _fault(file, row, "value", reason, "correct the figure, or its unit")


def _fault(file: Path, row: Row, column: str, reason: str, advice: str) -> DataError:
    return DataError(f"column {column}: {reason}", advice=advice, file=file, line=row.line, variable=column)


def _tables(found: Mapping[str, list[_Figure]]) -> dict[str, pd.DataFrame]:
    """Figures as the `rows` of each series: cut from one table, since a table of a few rows takes as long to make."""
    columns = ("quality", "definition", "vintage", "source_title", "source", "note", "line")
    every = [figure for figures in found.values() for figure in figures]
    content: dict[str, list[object]] = {"value": [figure.value for figure in every]}
    for column in columns:
        content[column] = [getattr(figure.row, column) for figure in every]
    whole, tables, first = pd.DataFrame(content), dict[str, pd.DataFrame](), 0
    for name, figures in found.items():
        index = pd.PeriodIndex([figure.period for figure in figures], name="period")
        tables[name] = whole.iloc[first : first + len(figures)].set_axis(index)
        first += len(figures)
    return tables
