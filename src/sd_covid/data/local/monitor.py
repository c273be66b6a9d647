"""Figures of a local monitor, added to a study with what they count; they are shown and never estimated on.

In comes a CSV file with the columns of `COLUMNS`; out come figures, and the text that ``monitors.csv`` becomes. A
series that is known to break at a moment is refused when one method spans it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sd_covid.data.local.faults import fault, said
from sd_covid.data.local.figures import (
    QUALITIES,
    Definition,
    Figure,
    Figures,
    needed,
    period_of,
    region_of,
)
from sd_covid.data.local.regions import Regions
from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of
from sd_covid.study_folder import is_there

FILE = "monitors.csv"
COLUMNS = ("region", "series", "period", "value", "unit", "method", "quality", "source", "definition_note")
_BREAKS = ("series", "from", "note")


@dataclass(frozen=True, slots=True)
class Break:
    """A year from which figures of a series are by another method, and why."""

    series: str
    year: int
    note: str


def read_breaks(path: Path) -> tuple[Break, ...]:
    """Read the known breaks of series.

    Raises
    ------
    DataError
        A year that is no number, with file and line.
    """
    lines = read_lines(path, _BREAKS)
    return tuple(Break(line["series"], int(line.number_in("from")), needed(line, "note")) for line in lines)


def read_monitor(path: Path, regions: Regions, language: str = "en") -> list[Figure]:
    """Read figures of a monitor; faults are told in a language.

    Raises
    ------
    DataError
        A row without definition, method, source or unit, an unknown region, a period or value that is none, a
        percentage that cannot be, two figures for one place; with file and line.
    """
    found: list[Figure] = []
    first: dict[tuple[str, ...], int] = {}
    for line in read_lines(path, COLUMNS, language=language):
        figure = _figure(line, regions)
        place = (figure.region.code, figure.definition.series, figure.definition.method, figure.period)
        if place in first:
            raise fault(line, "period", "again", line=first[place])
        first[place] = line.number
        found.append(figure)
    if not found:
        reason, advice = said("none", language, columns=",".join(COLUMNS))
        raise DataError(reason, advice=advice, file=path, line=1)
    return found


def _figure(line: Line, regions: Regions) -> Figure:
    for column in ("series", "unit", "method", "source", "definition_note"):
        needed(line, column)
    name = f"{line['series']} ({line['method']}, {line['source']})"
    value = line.number_in("value")
    if line["unit"].startswith("%") and not 0 <= value <= 100:
        raise fault(line, "value", "per cent", found=line["value"])
    return Figure(
        Definition(
            name,
            line["series"],
            line["unit"],
            line["method"],
            "cited",
            line["source"],
            "",
            line["definition_note"],
            own=True,
        ),
        region_of(line, regions),
        period_of(line),
        value,
        line.choice("quality", QUALITIES),
    )


@dataclass(frozen=True, slots=True)
class Addition:
    """Figures ready to be added.

    Attributes
    ----------
    file : Path
        That of the study.
    text : str
        What it becomes.
    figures : tuple of Figure
        The new ones.
    """

    file: Path
    text: str
    figures: tuple[Figure, ...]


def prepare(
    path: Path,
    folder: Path,
    regions: Regions,
    known: Figures,
    shown: Sequence[str],
    language: str = "en",
) -> Addition:
    """Check a monitor against the study and make the study's file of monitors with it.

    Parameters
    ----------
    path : Path
        The new figures.
    folder : Path
        The study's folder of local figures.
    regions : Regions
    known : Figures
        Those of the study.
    shown : sequence of str
        Series beside which a projection is shown.
    language : {'en', 'nl'}
        In which faults of the new figures are told.

    Returns
    -------
    Addition

    Raises
    ------
    DataError
        What `read_monitor` refuses; a series beside which nothing is shown; another unit than its figures have, or, of
        an outcome, none in per cent; a period that has not begun; one method on both sides of a known break; a figure
        that the study has already, with another value or the same.
    """
    if not path.is_file():
        reason, advice = said("file", language)
        raise DataError(reason, advice=advice, file=path)
    new = read_monitor(path, regions, language)
    lines = read_lines(path, COLUMNS, language=language)
    breaks = read_breaks(folder / "breaks.csv")
    for line, figure in zip(lines, new, strict=True):
        _check_series(line, figure, known, shown)
        _check_new(line, figure, known)
    _check_breaks(lines, new, known, breaks)
    old = folder / FILE
    before = text_of(old) if is_there(old) else ",".join(COLUMNS)
    if not before.endswith("\n"):
        before += "\n"  # whoever saved it may have left the last line open
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerows([line[column] for column in COLUMNS] for line in lines)
    return Addition(old, before + rows.getvalue(), tuple(new))


def _check_series(line: Line, figure: Figure, known: Figures, shown: Sequence[str]) -> None:
    series = figure.definition.series
    if series not in shown:
        reason, advice = said("series", line.language, name=series, known=", ".join(shown))
        raise line.error("series", reason, suggest(series, shown, line.language) or advice)
    units = {item.definition.unit for item in known.all if item.definition.series == series}
    if units and figure.definition.unit not in units:
        raise fault(line, "unit", "unit", found=figure.definition.unit, expected=min(units))
    # What has no figures in the study goes by the name of an outcome, and all that are projected are shares.
    if not units and not figure.definition.unit.startswith("%"):
        raise fault(line, "unit", "share", found=figure.definition.unit, series=series)


def _check_new(line: Line, figure: Figure, known: Figures) -> None:
    today = date.today()
    if figure.begins > (today.year, today.month):
        raise fault(line, "period", "to come", period=figure.period)
    for item in known.all:
        same = (item.definition.series, item.definition.method, item.region, item.period)
        if same == (figure.definition.series, figure.definition.method, figure.region, figure.period):
            there = {"value": f"{item.value:g}", "region": item.region.name, "period": item.period}
            raise fault(line, "period", "there", **there, source=item.definition.source)


def _check_breaks(
    lines: Sequence[Line], new: Sequence[Figure], known: Figures, breaks: Sequence[Break]
) -> None:
    """One method on both sides of a known break would be read as one series; those of the study have their side."""
    for item in breaks:
        seen = {
            figure.definition.method: figure.year >= item.year
            for figure in known.all
            if figure.definition.series == item.series
        }
        for line, figure in zip(lines, new, strict=True):
            if figure.definition.series != item.series:
                continue
            method, later = figure.definition.method, figure.year >= item.year
            if seen.setdefault(method, later) != later:
                spanned = {"series": item.series, "year": item.year, "note": item.note}
                raise fault(line, "method", "break", method=method, **spanned)
