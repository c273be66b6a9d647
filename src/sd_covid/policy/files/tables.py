"""Tables that were filled in: the sheets of a workbook, or a folder of CSV files.

In comes a file; out come cells that know where they stand. What the columns mean is for
`sd_covid.policy.files.filled_in`; what a workbook may hold is `sd_covid.policy.files.workbook`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sd_covid.errors import ScenarioError, suggest
from sd_covid.files import stream_of
from sd_covid.policy.files.table_faults import file_fault, nearest, told
from sd_covid.policy.files.workbook import Raw, read_workbook
from sd_covid.policy.reading import as_date, as_number, between

#: As a spreadsheet in Dutch writes them in a CSV file: 0,5 and 1-10-2020. What may be 1500 or 1.5 is neither.
_DUTCH_NUMBER = re.compile(r"([-+]?\d+),(\d+)", re.ASCII)
_DUTCH_DATE = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, and where it stands.

    Attributes
    ----------
    value : str, float, date or None
    file : Path
    sheet, column : str
    row : int
        From 1, the header included.
    dutch : bool
        Whether numbers and dates may be as a spreadsheet in Dutch writes them: in a CSV file with semicolons.
    """

    value: Raw
    file: Path
    sheet: str
    column: str
    row: int
    dutch: bool = False

    def error(self, reason: str, advice: str) -> ScenarioError:
        """A fault at this place."""
        place = f"{self.sheet}, {self.column}"
        return ScenarioError(reason, advice=advice, file=self.file, line=self.row, variable=place)

    @property
    def text(self) -> str:
        """What stands there, as text."""
        if isinstance(self.value, float):
            return spelled(self.value)
        return "" if self.value is None else str(self.value).strip()

    @property
    def empty(self) -> bool:
        """Whether nothing stands there."""
        return not self.text

    def choice(self, known: Sequence[str], what: str) -> str:
        """The text, which must be one of these.

        Raises
        ------
        ScenarioError
            Another, with the nearest one.
        """
        if self.text not in known:
            few = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
            raise self.error(f"there is no {what} '{self.text}'", suggest(self.text, known) or f"use {few}")
        return self.text

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """The number.

        Raises
        ------
        ScenarioError
            No number, or one outside the bounds.
        """
        text = self.text
        if self.dutch:
            if _THOUSANDS.fullmatch(text):
                whole, comma = text.replace(".", ""), text.replace(".", ",", 1)
                raise self.error(f"'{text}' may be {whole} or {comma}", "write one of the two")
            text = _DUTCH_NUMBER.sub(r"\1.\2", text) if _DUTCH_NUMBER.fullmatch(text) else text
        value = as_number(text)
        if value is None:
            raise self.error(f"'{self.text}' is not a number", "write a number, with a point for decimals")
        if not low <= value <= high:
            raise self.error(f"{value:g} is not {between(low, high)}", "choose a value in that range")
        return value

    def day(self) -> date:
        """The date; a month, ``2020-10``, is its first day.

        Raises
        ------
        ScenarioError
            No date.
        """
        if isinstance(self.value, date):
            return self.value
        text = self.text
        if self.dutch and _DUTCH_DATE.fullmatch(text):
            text = "-".join(reversed(text.split("-")))
        day = as_date(text)
        if day is not None:
            return day
        advice = "give the cell the form of a date, or write" if isinstance(self.value, float) else "write"
        raise self.error(f"'{self.text}' is not a date", f"{advice} for example 2020-10-01")


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables as they were read.

    Attributes
    ----------
    path : Path
        The workbook, or the folder of CSV files.
    found : dict
        Name of a sheet, without case -> the file in which it stands, and its rows.
    dutch : frozenset of str
        The sheets whose numbers and dates may be as a spreadsheet in Dutch writes them.
    language : {'nl', 'en'}
        Of what is said when something is wrong with a sheet.
    """

    path: Path
    found: dict[str, tuple[Path, list[list[Raw]]]]
    dutch: frozenset[str] = frozenset()
    language: str = "en"

    def header(self, name: str) -> list[str]:
        """The columns of a sheet as they stand; none where there is no such sheet."""
        _, table = self.found.get(name.casefold(), (self.path, []))
        return [str(value or "").strip() for value in next(iter(table), [])]

    def rows(self, name: str, columns: Sequence[str]) -> Iterator[dict[str, Cell]]:
        """The rows of a sheet in which something stands; none where there is no such sheet.

        Parameters
        ----------
        name : str
        columns : sequence of str
            Those that it may have; the first must be there.

        Yields
        ------
        dict
            Column -> `Cell`, for every column asked for.

        Raises
        ------
        ScenarioError
            An unknown column, with the nearest one.
        """
        file, table = self.found.get(name.casefold(), (self.path, []))
        lines, dutch = iter(table), name.casefold() in self.dutch
        header = self.header(name)
        next(lines, None)
        _check_header(header, columns, file, name, self.language)
        for line, values in enumerate(lines, start=2):
            by_column = dict(zip(header, values, strict=False))
            cells = {
                column: Cell(by_column.get(column), file, name, column, line, dutch) for column in columns
            }
            if not all(cell.empty for cell in cells.values()):
                yield cells


def _check_header(
    header: Sequence[str], columns: Sequence[str], file: Path, name: str, language: str
) -> None:
    """Columns that are known, each once, the first among them."""
    for number, column in enumerate(header, start=1):
        if column and (column not in columns or column in header[: number - 1]):
            kind = "columns" if column in columns else "column"
            values = {"name": column, "advice": nearest(column, columns, language)}
            raise file_fault(kind, language, values, file=file, line=1, variable=name)
    if header and columns[0] not in header:
        raise file_fault("no column", language, {"name": columns[0]}, file=file, line=1, variable=name)


def read_tables(path: Path, names: Sequence[str], what: str = "a scenario", language: str = "en") -> Tables:
    """Read a workbook, or a folder of CSV files.

    Parameters
    ----------
    path : Path
    names : sequence of str
        The sheets that it may have. Others are left aside, but for one with nearly the name of one that is missing.
    what : str
        What the tables are of, for an error: one of the texts ``what.`` of ``tables.yaml``.
    language : {'nl', 'en'}
        Of what is said when something is wrong.

    Raises
    ------
    ScenarioError
        A file that cannot be read, a sheet with a slip in its name, none of the sheets.
    """
    if path.is_dir():
        files = {file.stem.casefold(): file for file in sorted(path.glob("*.csv"))}
        read = {name: (file, *_csv_table(file, language)) for name, file in files.items()}
        found = {name: (file, table) for name, (file, table, _) in read.items()}
        tables = Tables(
            path, found, frozenset(name for name, (_, _, dutch) in read.items() if dutch), language
        )
    else:
        found = {
            name.strip().casefold(): (path, table) for name, table in read_workbook(path, language).items()
        }
        tables = Tables(path, found, language=language)
    known = {name.casefold(): name for name in names}
    if not known.keys() & found.keys():
        kind = "no files" if path.is_dir() else "no sheets"
        called = ", ".join(f"{name.casefold()}.csv" if path.is_dir() else name for name in names)
        values = {"what": told(f"what.{what}", language), "called": called}
        raise file_fault(kind, language, values, file=path)
    for name in found.keys() - known.keys():
        if suggest(name, known.keys() - found.keys()):
            advice = nearest(name, known.keys() - found.keys(), language)
            raise file_fault("sheet", language, {"name": name, "advice": advice}, file=path)
    return tables


def read_csv(file: Path, name: str, language: str = "en") -> Tables:
    """Read one CSV file as the only sheet of a set of tables.

    Raises
    ------
    ScenarioError
        A file that cannot be read.
    """
    if not file.is_file():
        raise file_fault("missing", language, file=file)
    table, dutch = _csv_table(file, language)
    sheet = name.casefold()
    return Tables(file, {sheet: (file, table)}, frozenset([sheet] if dutch else []), language)


def _csv_table(file: Path, language: str) -> tuple[list[list[Raw]], bool]:
    """The cells of a CSV file, and whether semicolons stand between them, as a spreadsheet in Dutch writes it."""
    try:
        with stream_of(file) as lines:
            dutch = ";" in lines.readline()
            lines.seek(0)
            rows = csv.reader(lines, delimiter=";" if dutch else ",", strict=True)
            return [[cell or None for cell in row] for row in rows], dutch
    except (UnicodeDecodeError, csv.Error) as error:
        raise file_fault("no csv", language, {"error": error}, file=file) from error


def spelled(value: Raw) -> str:
    """A number, date or text as a CSV file holds it: a number with as many digits as read back the same."""
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return "" if value is None else str(value)
