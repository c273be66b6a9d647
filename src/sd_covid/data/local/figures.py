"""Figures of regions, each with the definition behind it; figures of two methods are never one series.

In come ``definitions.csv``, ``figures.csv`` and what was added in ``monitors.csv``; out come `Figure` objects with
their `Definition`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.local.faults import fault
from sd_covid.data.local.regions import Region, Regions
from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import DataError, UnknownNameError, suggest
from sd_covid.study_folder import is_there

QUALITIES = ("measured", "estimated")
PERIOD = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")
_DEFINITION = ("definition", "series", "unit", "method", "licence", "source", "address", "note")
_FIGURE = ("definition", "region", "period", "value", "quality")


@dataclass(frozen=True, slots=True)
class Definition:
    """What figures count, and where they were read.

    Attributes
    ----------
    id : str
    series, unit : str
    method : str
        Figures of one series are comparable over time where it is the same.
    licence : str
        As in the registry of series.
    source, address, note : str
    own : bool
        Whether it was added to the study by its user.
    """

    id: str
    series: str
    unit: str
    method: str
    licence: str
    source: str
    address: str
    note: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a region.

    Attributes
    ----------
    definition : Definition
    region : Region
    period : str
        ``2022``, ``2022-Q2`` or ``2022-10``.
    value : float
    quality : {'measured', 'estimated'}
    """

    definition: Definition
    region: Region
    period: str
    value: float
    quality: str

    @property
    def year(self) -> int:
        """The calendar year in which its period lies."""
        return int(self.period[:4])

    @property
    def begins(self) -> tuple[int, int]:
        """The year and month with which its period begins."""
        _, quarter, month = PERIOD.fullmatch(self.period).groups()  # type: ignore[union-attr]
        return self.year, 3 * int(quarter) - 2 if quarter else int(month or 1)

    @property
    def when(self) -> float:
        """The middle of its period in calendar years."""
        _, quarter, month = PERIOD.fullmatch(self.period).groups()  # type: ignore[union-attr]
        if quarter:
            return self.year + (int(quarter) - 0.5) / 4
        return self.year + ((int(month) - 0.5) / 12 if month else 0.5)


@dataclass(frozen=True)
class Figures:
    """All figures of a study's regions."""

    all: tuple[Figure, ...]

    @property
    def series(self) -> tuple[str, ...]:
        """The series that there are."""
        return tuple(dict.fromkeys(item.definition.series for item in self.all))

    def of(self, series: str, *, method: str | None = None, level: str | None = None) -> list[Figure]:
        """The figures of a series, of one method and level where these are given; added ones are left out.

        Raises
        ------
        UnknownNameError
            When there is no such series.
        """
        if series not in self.series:
            raise UnknownNameError(
                f"there is no local series '{series}'", advice=suggest(series, self.series)
            )
        return [
            item
            for item in self.all
            if item.definition.series == series
            and not item.definition.own
            and method in (None, item.definition.method)
            and level in (None, item.region.level)
        ]


def read_figures(folder: Path, regions: Regions) -> Figures:
    """Read the figures of a study's regions, those added to it included.

    Parameters
    ----------
    folder : Path
        Such as ``calibration/local``.
    regions : Regions

    Raises
    ------
    DataError
        A definition, region, period or quality that there is not, a value that is no finite number, a figure that
        comes twice; with file and line.
    """
    definitions = {}
    for line in read_lines(folder / "definitions.csv", _DEFINITION):
        if line["definition"] in definitions:
            raise line.error("definition", f"'{line['definition']}' comes twice", "keep one of the two")
        for column in ("series", "unit", "method", "source", "note"):
            needed(line, column)
        definitions[line["definition"]] = _definition(line)
    found = [_figure(line, definitions, regions) for line in read_lines(folder / "figures.csv", _FIGURE)]
    from sd_covid.data.local.monitor import FILE, read_monitor

    if is_there(folder / FILE):
        found += read_monitor(folder / FILE, regions)
    _refuse_twice(found, folder / "figures.csv")
    return Figures(tuple(found))


def _definition(line: Line) -> Definition:
    name, series, unit, method, licence, source, address, note = (line[column] for column in _DEFINITION)
    return Definition(name, series, unit, method, licence, source, address, note)


def needed(line: Line, column: str) -> str:
    """The text of a column in which something must stand."""
    if not line[column]:
        raise fault(line, column, "empty", column=column)
    return line[column]


def region_of(line: Line, regions: Regions) -> Region:
    """The region that a row names, by code or name."""
    try:
        return regions.find(line["region"], line.language)
    except UnknownNameError as error:
        raise line.error("region", error.reason, error.advice or "") from error


def period_of(line: Line) -> str:
    """The period of a row."""
    if PERIOD.fullmatch(line["period"]) is None:
        raise fault(line, "period", "period", found=line["period"])
    return line["period"]


def _figure(line: Line, definitions: dict[str, Definition], regions: Regions) -> Figure:
    name = line["definition"]
    if name not in definitions:
        near = suggest(name, definitions) or "describe it in definitions.csv"
        raise line.error("definition", f"there is no definition '{name}'", near)
    return Figure(
        definitions[name],
        region_of(line, regions),
        period_of(line),
        line.number_in("value"),
        line.choice("quality", QUALITIES),
    )


def _refuse_twice(found: Iterable[Figure], file: Path) -> None:
    seen: set[tuple[str, str, str]] = set()
    for item in found:
        place = (item.definition.id, item.region.code, item.period)
        if place in seen:
            reason = f"'{item.definition.id}' of {item.region.name} in {item.period} comes twice"
            raise DataError(reason, advice="keep one of the two", file=file)
        seen.add(place)
