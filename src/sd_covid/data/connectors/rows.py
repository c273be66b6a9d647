"""Rows of any source as figures of one series.

In go rows, each a mapping of columns, and the settings of the series; out come its figures by period. Filters are
applied here whatever the source did with them, and two rows for one period are refused: a filter is missing then.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import NamedTuple

import pandas as pd

from sd_covid.data.connectors.settings import Refresh
from sd_covid.data.connectors.spelling import read_period
from sd_covid.data.periods import Frequency
from sd_covid.errors import DataError, SourceError, suggest

PROVISIONAL, ESTIMATED, BREAK = "provisional", "estimated", "break in time series"

# CBS prints a point or an x where there is no figure, Eurostat a colon; spreadsheets and pandas have their own.
# A dash is not among them: at CBS it is a zero, elsewhere a gap.
_MISSING = ("", ".", "x", ":", "nan", "na", "n/a", "#n/a", "null")
# CBS marks provisional figures with one or two asterisks, Eurostat with a letter after a blank.
_MARKS = {"*": PROVISIONAL, "**": PROVISIONAL, "p": PROVISIONAL, "e": ESTIMATED, "b": BREAK}
_FIGURE = re.compile(r"([-+−]?[\d.,]*\d(?:[eE][-+]?\d+)?)\s*\(?(\*\*|\*|[peb])?\)?", re.ASCII)
# Figures beyond these are none, and would be written with as many digits.
_LARGEST = Decimal(10) ** 18
_MOST_DECIMALS = 30
_NAMED = 8  # codes that a fault lists


class Row(NamedTuple):
    """A row of a source: its columns, and what the source remarks on its figure."""

    columns: Mapping[str, object]
    marks: frozenset[str] = frozenset()


class Observation(NamedTuple):
    """A figure in the unit of the series; None where the source says that it has none."""

    period: pd.Period
    value: Decimal | None
    marks: frozenset[str]


def observations(
    rows: Iterable[Row], settings: Refresh, frequency: Frequency, place: str
) -> list[Observation]:
    """Figures of a series, in order of time.

    Parameters
    ----------
    rows : iterable of Row
    settings : Refresh
    frequency : str
        Periods of another frequency are left out.
    place : str
        The address, for a fault.

    Raises
    ------
    SourceError
        A column that is not there, a filter that no row or more than one row of a period satisfies, a figure or
        period that is none, or no figure at all.
    """
    every = list(rows)
    if not every:
        raise SourceError(
            f"{place}: has no figures", advice="compare the filters with the codes of the table"
        )
    for name in (*settings.filters, settings.period, settings.value):
        _refuse_missing_column(name, every[0], place)
    kept = _filtered(every, settings, place)
    found: dict[pd.Period, tuple[Observation, Row]] = {}
    for row in kept:
        period = _period(row, settings, frequency, place)
        if period is None or (settings.since is not None and period < settings.since):
            continue
        if period in found:
            raise _double(row, found[period][1], settings, place)
        value, marks = read_figure(row.columns[settings.value], place, decimal_comma=settings.decimal_comma)
        found[period] = Observation(period, scaled(value, settings), row.marks | marks), row
    if not any(observation.value is not None for observation, _ in found.values()):
        raise SourceError(f"{place}: has no figure by {frequency} for these filters")
    return [found[period][0] for period in sorted(found)]


def scaled(value: Decimal | None, settings: Refresh) -> Decimal | None:
    """A figure of the source in the unit of the series, rounded as the settings say."""
    if value is None:
        return None
    value *= settings.scale
    if settings.decimals is not None:
        value = value.quantize(Decimal(1).scaleb(-settings.decimals), ROUND_HALF_EVEN)
    return value


def read_figure(
    raw: object, place: str, *, decimal_comma: bool = False
) -> tuple[Decimal | None, frozenset[str]]:
    """A figure as a source prints it, with what it remarks on it.

    Parameters
    ----------
    raw : object
        A number, a text, or None.
    place : str
        For a fault.
    decimal_comma : bool
        Whether a text has a comma before its decimals.

    Raises
    ------
    SourceError
        When it is neither a figure nor one of the signs for "no figure".

    Examples
    --------
    >>> read_figure("3.7*", "a table")
    (Decimal('3.7'), frozenset({'provisional'}))
    >>> read_figure("       .", "a table")
    (None, frozenset())
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None, frozenset()
    if isinstance(raw, (int, float, Decimal)) and not isinstance(raw, bool) and math.isfinite(raw):
        return _published(Decimal(str(raw)), place), frozenset()
    text = str(raw).strip()
    if isinstance(raw, str) and text.casefold() in _MISSING:
        return None, frozenset()
    match = _FIGURE.fullmatch(text) if isinstance(raw, str) else None
    try:
        if match is None:
            raise InvalidOperation
        number = match[1].replace("−", "-")
        value = Decimal(number.replace(",", ".") if decimal_comma and "." not in number else number)
    except InvalidOperation as error:
        advice = "set decimal_comma, or name another column" if "," in text else "name another column"
        raise SourceError(f"{place}: '{text}' is not a figure", advice=advice) from error
    return _published(value, place), frozenset({_MARKS[match[2]]} if match[2] else ())


def _published(value: Decimal, place: str) -> Decimal:
    """A figure, unless it has more digits than any publisher prints."""
    decimals = -int(value.as_tuple().exponent)
    if abs(value) >= _LARGEST or decimals > _MOST_DECIMALS:
        raise SourceError(f"{place}: {value:.3E} is not a figure", advice="name another column")
    return value


def _refuse_missing_column(name: str, row: Row, place: str) -> None:
    if name not in row.columns:
        known = [str(column) for column in row.columns]
        advice = suggest(name, known) or f"it has {', '.join(known[:_NAMED])}"
        raise SourceError(f"{place}: has no column or dimension '{name}'", advice=advice)


def _filtered(rows: list[Row], settings: Refresh, place: str) -> list[Row]:
    """The rows with the codes asked for; codes of CBS are padded with blanks."""
    for name, code in settings.filters.items():
        kept = [row for row in rows if str(row.columns.get(name, "")).strip() == code.strip()]
        if not kept:
            known = list(dict.fromkeys(str(row.columns.get(name, "")).strip() for row in rows))
            advice = suggest(code, known) or f"it has {', '.join(known[:_NAMED])}"
            raise SourceError(f"{place}: no row has {name} '{code}'", advice=advice)
        rows = kept
    return rows


def _period(row: Row, settings: Refresh, frequency: Frequency, place: str) -> pd.Period | None:
    code = str(row.columns.get(settings.period, "")).strip()
    if settings.periods:
        # A mapping names the periods that count; others are not of the series.
        return settings.periods.get(code)
    try:
        return read_period(code, settings.spelling, frequency)
    except DataError as error:
        raise SourceError(f"{place}: {error.reason}", advice=error.advice) from error


def _double(row: Row, other: Row, settings: Refresh, place: str) -> SourceError:
    """Two rows for one period: name what they differ in."""
    differing = [
        str(name)
        for name, value in row.columns.items()
        if name not in (settings.value, settings.period, "Id", "ID") and other.columns.get(name) != value
    ]
    reason = f"{place}: more than one figure for {str(row.columns[settings.period]).strip()}"
    return SourceError(reason, advice=f"add a filter for {' or '.join(differing)}" if differing else None)
