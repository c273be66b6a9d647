"""A monitor of one's own, made ready for a study: the figures of a municipality or region beside the national ones.

In goes a CSV file with a description beside it, in the words of ``registry.yaml``; out come the texts that the study's
registry and figures are to become, and warnings about figures that stand out. Nothing is written until everything has
been read back: `Addition.write` puts the texts in place.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sd_covid.data.checks import COLUMNS, Row, check_figures
from sd_covid.data.csv_rows import read_csv
from sd_covid.data.description import MEASURES
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.periods import format_period, parse_period
from sd_covid.data.registry import Series, read_registry
from sd_covid.data.registry_file import OPTIONAL_SECTIONS, SECTIONS, Entries, add_entries, read_entries
from sd_covid.data.registry_text import with_sections
from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of
from sd_covid.whole_files import restored

NEEDED = ("series", "period", "value", "unit")
FEWEST = 7
"""Figures below which no figure can be said to stand out."""
BOUND = 8.0
"""Robust standard deviations beyond which a figure stands out."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Series that are ready to be added to a study.

    Attributes
    ----------
    files : dict of Path to str
        File of the study -> its whole new text.
    series : tuple of Series
        The new series.
    warnings : tuple of str
        One line each.
    """

    files: Mapping[Path, str]
    series: tuple[Series, ...]
    warnings: tuple[str, ...]

    def write(self) -> None:
        """Put the new texts in place, all or none: what is there already comes back when one of them fails.

        Everything that takes room on the disk is done before anything is replaced. A process that is killed in between
        leaves whole files, the registry the last to be replaced; the same addition then finishes them.
        """
        files = {file.resolve(): text for file, text in self.files.items()}  # a link stays one
        with restored(files), ExitStack() as tidy:
            for file, text in files.items():
                tidy.callback(_new(file).unlink, missing_ok=True)
                _new(file).write_text(text, encoding="utf-8")
            for file in files:
                _new(file).replace(file)


def _new(file: Path) -> Path:
    """Where the new text of a file waits: under a hidden name, so that no reader takes it for figures."""
    return file.with_name(f".{file.name}.new")


def prepare(file: str | Path, folder: str | Path, description: str | Path | None = None) -> Addition:
    """Check a file of figures with its description, and make what the study is to become.

    Parameters
    ----------
    file : path
        CSV with the columns `NEEDED`, and any of the others of `sd_covid.data.checks.COLUMNS`. Where a column is left
        out, a quality is ``measured``, and definition and source are those of the series' description.
    folder : path
        The study's series.
    description : path, optional
        Sections of ``registry.yaml`` for the new series; the file with the suffix ``.yaml`` by default.

    Returns
    -------
    Addition

    Raises
    ------
    DataError
        At the first thing that is wrong, with file, line and column or key: a column that is missing or not known, a
        series that is not described or is in the study already, a figure that `read_registry` would refuse.
    """
    file, folder = Path(file), Path(folder)
    described = Path(description) if description is not None else file.with_suffix(".yaml")
    sections = read_yaml(described).fields(("series",), (*SECTIONS[:-1], *OPTIONAL_SECTIONS))
    entries = read_entries(folder / "registry.yaml")
    known = set(entries.series)
    add_entries(entries, sections)
    fresh = {name: one for name, one in entries.series.items() if name not in known}
    _need_measures(described, sections["series"], fresh, entries)
    rows = list(_rows(file, fresh, known))
    series = check_figures(file, rows, fresh, entries)
    files = {}
    for theme in dict.fromkeys(one.theme for one in fresh.values()):
        target = folder / f"{theme}.csv"
        old = text_of(target) if target.exists() else ",".join(COLUMNS) + "\n"
        added = _lines(row for row in rows if fresh[row.series].theme == theme)
        # Of series that the registry does not have, they are what an addition left that was broken off.
        files[target] = old.removesuffix(added) + added
    files[folder / "registry.yaml"] = with_sections(text_of(folder / "registry.yaml"), sections)
    _read_back(folder, files)
    return Addition(files, tuple(series.values()), tuple(_outliers(file, series)))


def _need_measures(file: Path, described: Node, fresh: Mapping[str, Series], entries: Entries) -> None:
    """Refuse a unit of which nobody says what figures in it can be: bounds could not be checked."""
    for name, node in described.entries():
        unit = fresh[name].unit
        if unit not in entries.measures:
            reason = f"the unit '{unit}' has no measure"
            advice = f"add 'measure:' to it, one of {', '.join(MEASURES)}"
            raise DataError(reason, advice=advice, file=file, line=node.line, variable=f"series.{name}.unit")


def _rows(file: Path, fresh: Mapping[str, Series], known: set[str]) -> Iterator[Row]:
    """Rows of the file with what it left out, from the description of their series."""
    for line, row in read_csv(file, _check_header, "check its name and folder"):
        name = row["series"]
        if name not in fresh:
            reason = f"'{name}' is not described"
            advice = suggest(name, fresh) or "add it to 'series' in the description"
            if name in known:
                reason, advice = f"the study has the series '{name}' already", "give yours another name"
            raise _fault(file, line, "series", reason, advice)
        one = fresh[name]
        try:
            period = parse_period(row["period"], one.frequency)
        except DataError as error:
            raise _fault(file, line, "period", error.reason, error.advice or "") from error
        whole = dict.fromkeys(COLUMNS, "") | {
            "quality": "measured",
            "definition": one.definition_at(period),
            "source_title": one.source,
        }
        yield Row(**(whole | row), line=line)


def _fault(file: Path, line: int, column: str, reason: str, advice: str) -> DataError:
    return DataError(f"column {column}: {reason}", advice=advice, file=file, line=line, variable=column)


def _check_header(file: Path, header: list[str]) -> None:
    """Refuse a column that is not known, there twice, or missing."""
    for name in header:
        if name not in COLUMNS:
            advice = suggest(name, COLUMNS) or f"the columns are {','.join(COLUMNS)}"
            raise _fault(file, 1, name, f"'{name}' is not a column here", advice)
        if header.count(name) > 1:
            raise _fault(file, 1, name, f"'{name}' is there twice", "keep one of the two")
    for name in NEEDED:
        if name not in header:
            raise _fault(file, 1, name, f"'{name}' is missing", f"needed are {','.join(NEEDED)}")


def _lines(rows: Iterator[Row]) -> str:
    """Rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row[: len(COLUMNS)] for row in rows)
    return text.getvalue()


def _read_back(folder: Path, files: Mapping[Path, str]) -> None:
    """Read a copy of the study with the new texts; raises what a reader would find in it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for file in (folder / "registry.yaml", *folder.glob("*.csv")):
            shutil.copy(file, copy)
        for file, text in files.items():
            (copy / file.name).write_text(text, encoding="utf-8")
        read_registry(copy)


def _outliers(file: Path, series: Mapping[str, Series]) -> Iterator[str]:
    """A line for each figure that stands out above both its neighbours, or below both.

    It does when both steps are over `BOUND` robust standard deviations of a step (1.4826 times the median, which for
    Gaussian steps is the standard deviation), and more than that many hundredths of the size of the series, for one
    that hardly moves. A trend, or a change of level such as a crisis makes, does not stand out.
    """
    for one in series.values():
        values = one.values.to_numpy()
        if len(values) < FEWEST:
            continue
        steps = np.diff(values)
        spread = max(1.4826 * float(np.median(np.abs(steps))), 0.01 * float(np.median(np.abs(values))))
        away = np.where(steps[:-1] * steps[1:] < 0, np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])), 0.0)
        for place in (np.flatnonzero(away > BOUND * spread) + 1).tolist():
            row = one.rows.iloc[place]
            period = format_period(one.rows.index[place], one.frequency)
            yield f"{file}:{row['line']}: '{one.id}' has {row['value']:g} in {period}, far from its neighbours"
