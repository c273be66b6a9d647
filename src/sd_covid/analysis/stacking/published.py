"""A published table of combinations of problems, such as one of the CBS stapelingsmonitor, beside the computed one.

In goes a CSV file that the user has, with columns ``unit``, ``year``, ``problems``, ``share`` or ``number`` and
``source``; out come its rows, what the model has for each, and, where the table holds every combination, its odds
ratios.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.stacking.count import Given, Stacking
from sd_covid.analysis.stacking.definition import Association, Definition
from sd_covid.analysis.stacking.present import Band, year_mean
from sd_covid.analysis.stacking.rows import Row, read_rows
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.policy.calendar import Calendar

Floats = NDArray[np.float64]

_NUMBER = re.compile(r"(\d+)(\+?)")
_WHOLE = 0.5  # percentage points by which shares of all combinations may miss 100, as they are rounded


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One figure of the table.

    Attributes
    ----------
    unit : str
    year : int
    present : frozenset of str or None
        Exactly these problems; None for a number of them.
    least, most : int
        How many problems, when `present` is None.
    share : float or None
        Share of all, between 0 and 1.
    number : float or None
        How many persons or households.
    source : str
    row : Row
    """

    unit: str
    year: int
    present: frozenset[str] | None
    least: int
    most: int
    share: float | None
    number: float | None
    source: str
    row: Row

    @property
    def spelled(self) -> str:
        """As the table has it."""
        return self.row.text("problems")


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """The rows of a file, and by unit the problems that its combinations are of."""

    file: Path
    rows: tuple[PublishedRow, ...]
    problems: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Beside:
    """A published figure and the computed one: shares of all, and numbers where the table has numbers."""

    row: PublishedRow
    published: float
    computed: Band
    is_share: bool


def read_published(file: Path, definition: Definition) -> PublishedTable:
    """Read a table.

    Raises
    ------
    DataError
        With file, line and column: an unknown unit or problem, a row that is there twice, no share or number or both,
        or shares of all combinations that do not add up to 100.
    """
    needed, optional = ("unit", "year", "problems", "source"), ("share", "number")
    rows = [_row(row, definition) for row in read_rows(file, needed, optional)]
    seen: dict[tuple[object, ...], PublishedRow] = {}
    for item in rows:
        same = (item.unit, item.year, item.present, item.least, item.most)
        if same in seen:
            reason = f"'{item.spelled}' is there twice, first on line {seen[same].row.line}"
            raise item.row.error("problems", reason, "keep one of the two")
        seen[same] = item
    problems = {}
    for unit in definition.units:
        of = {name for item in rows if item.unit == unit for name in item.present or ()}
        counted = [item.name for item in definition.problems.values() if unit in item.units]
        problems[unit] = tuple(name for name in counted if name in of or not of)
    found = PublishedTable(file, tuple(rows), problems)
    for (unit, year), whole in _complete(found).items():
        shares = [item.share for item in whole.values() if item.share is not None]
        if len(shares) == len(whole) and abs(sum(shares) - 1) * 100 > _WHOLE:
            reason = (
                f"shares of all combinations of {unit} in {year} add up to {100 * sum(shares):.1f}, not 100"
            )
            raise next(iter(whole.values())).row.error("share", reason, "check them")
    return found


def beside(table: PublishedTable, stacking: Stacking, calendar: Calendar) -> list[Beside]:
    """Each published figure with the computed one, a mean over its year.

    Raises
    ------
    DataError
        When a year is not in the run, or a problem was not counted.
    """
    found = []
    for item in table.rows:
        unit = stacking.units[item.unit]
        names = table.problems[item.unit]
        for name in names:
            if name not in unit.problems:
                raise item.row.error("problems", f"'{name}' is not counted in this model", "take it out")
        cells = _cells(item, names, unit.problems)
        chosen = [unit.whole(part)[..., cells].sum(axis=-1) for part in (unit.table, unit.drawn)]
        factor = np.ones(len(unit.time)) if item.number is None else 1000 * unit.thousands.sum(axis=-1)
        band = year_mean(chosen[0] * factor, chosen[1] * factor, unit.time, calendar, item.year)
        if band is None:
            raise item.row.error("year", f"{item.year} is not in the run", "take the row out")
        value = item.share if item.number is None else item.number
        assert value is not None, "a row has a share or a number"
        found.append(Beside(item, value, band, item.number is None))
    return found


def ratios_of(table: PublishedTable, definition: Definition, calendar: Calendar) -> dict[str, Given]:
    """Odds ratios of pairs, by unit, from the first year of which the table holds every combination.

    Raises
    ------
    DataError
        When there is no such year for any unit, or a pair leaves an odds ratio undetermined.
    """
    given: dict[str, Given] = {}
    for (unit, year), whole in sorted(_complete(table).items()):
        if unit in given:
            continue
        names, where = table.problems[unit], f"{table.file.name}, {year}"
        found = [
            Association(first, second, ratio, ratio, ratio, Text(where, where), "B")
            for first, second in combinations(names, 2)
            for ratio in [_ratio(whole, first, second)]
        ]
        middle = calendar.time(calendar.origin.replace(year=year, month=7))
        given[unit] = Given(tuple(found), middle)
    if not given:
        reason = "no year has every combination of two or more problems, from 'none' to all of them"
        raise DataError(reason, advice="odds ratios need all of them", file=table.file, line=1)
    return given


def _ratio(whole: Mapping[frozenset[str], PublishedRow], first: str, second: str) -> float:
    sums = {(a, b): 0.0 for a in (False, True) for b in (False, True)}
    for present, item in whole.items():
        value = item.share if item.share is not None else item.number
        sums[first in present, second in present] += value or 0.0
    if min(sums.values()) <= 0:
        item = next(iter(whole.values()))
        reason = f"nobody has {first} with or without {second}, or the other way round: no odds ratio"
        raise item.row.error("problems", reason, "leave one of the two problems out of the table")
    return sums[True, True] * sums[False, False] / (sums[True, False] * sums[False, True])


def _complete(table: PublishedTable) -> dict[tuple[str, int], dict[frozenset[str], PublishedRow]]:
    """By unit and year, the rows of all combinations, where all are there and of one kind."""
    found: dict[tuple[str, int], dict[frozenset[str], PublishedRow]] = {}
    for item in table.rows:
        if item.present is not None:
            found.setdefault((item.unit, item.year), {})[item.present] = item
    return {
        (unit, year): rows
        for (unit, year), rows in found.items()
        if len(table.problems[unit]) > 1
        and len(rows) == 2 ** len(table.problems[unit])
        and len({item.share is None for item in rows.values()}) == 1
    }


def _cells(item: PublishedRow, names: Sequence[str], problems: Sequence[str]) -> NDArray[np.bool_]:
    """The cells of the computed table that a row is about; problems that the table does not tell of may be there."""
    cells = np.arange(2 ** len(problems))
    present = {name: (cells >> at & 1).astype(bool) for at, name in enumerate(problems)}
    if item.present is None:
        number = np.sum([present[name] for name in names], axis=0)
        found: NDArray[np.bool_] = (number >= item.least) & (number <= item.most)
        return found
    found = np.ones(len(cells), dtype=bool)
    for name in names:
        found &= present[name] == (name in item.present)
    return found


def _row(row: Row, definition: Definition) -> PublishedRow:
    unit = row.choice("unit", definition.units)
    year = row.number("year", least=1900, most=2200)
    if year != int(year):
        raise row.error("year", f"{year:g} is no year", "write for example 2021")
    has = [column for column in ("share", "number") if row.optional(column)]
    if len(has) != 1:
        reason = "a row has a share or a number" + (", not both" if has else "")
        raise row.error("share", reason, "fill in one of the two")
    value = row.number(has[0], least=0.0, most=100.0 if has[0] == "share" else 1e9)
    present, least, most = _spelled(row, unit, definition)
    return PublishedRow(
        unit=unit,
        year=int(year),
        present=present,
        least=least,
        most=most,
        share=value / 100 if has[0] == "share" else None,
        number=value if has[0] == "number" else None,
        source=row.text("source"),
        row=row,
    )


def _spelled(row: Row, unit: str, definition: Definition) -> tuple[frozenset[str] | None, int, int]:
    """What ``problems`` says: ``none``, names joined by ``+``, a number, or a number and more."""
    text = row.text("problems")
    counted = [item.name for item in definition.problems.values() if unit in item.units]
    number = _NUMBER.fullmatch(text)
    if number is not None:
        least = int(number[1])
        if least > len(counted):
            raise row.error("problems", f"there are {len(counted)} problems", "write fewer")
        return None, least, len(counted) if number[2] else least
    if text == "none":
        return frozenset(), 0, 0
    names = [name.strip() for name in text.split("+")]
    for name in names:
        if name not in counted:
            advice = suggest(name, counted) or f"join with +: {', '.join(counted)}; or none, 2, 3+"
            raise row.error("problems", f"'{name}' is not a problem here", advice)
    if len(set(names)) < len(names):
        raise row.error("problems", f"'{text}' names a problem twice", "name each once")
    return frozenset(names), 0, 0
