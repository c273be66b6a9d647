"""Tables of text, numbers and dates: the sheets of a workbook, or a folder of CSV files.

In comes a file; out come cells that know where they stand. What the columns mean is for
`sd_covid.policy.template`.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sd_covid.errors import ScenarioError, suggest
from sd_covid.policy.reading import as_date, as_number

Raw = str | float | date | None
#: Columns by name -> what stands there.
Row = Mapping[str, Raw]

_WIDEST = 60


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
    """

    value: Raw
    file: Path
    sheet: str
    column: str
    row: int

    def error(self, reason: str, advice: str) -> ScenarioError:
        """A fault at this place."""
        place = f"{self.sheet}, {self.column}"
        return ScenarioError(reason, advice=advice, file=self.file, line=self.row, variable=place)

    @property
    def text(self) -> str:
        """What stands there, as text."""
        if isinstance(self.value, float):
            return _spelled(self.value)
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
        value = as_number(self.text)
        if value is None:
            raise self.error(f"'{self.text}' is not a number", "write a number, with a point for decimals")
        if not low <= value <= high:
            raise self.error(f"{value:g} is not between {low:g} and {high:g}", "choose a value in that range")
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
        day = as_date(self.text)
        if day is not None:
            return day
        raise self.error(f"'{self.text}' is not a date", "write for example 2020-10-01")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a header.

    Attributes
    ----------
    name : str
    columns : tuple of str
    rows : tuple of Row
    note : str
        What to do with it, for a reader; a workbook shows it at the header.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def write_workbook(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets as a workbook, dates as dates.

    Parameters
    ----------
    sheets : sequence of Sheet
    path : Path
        A ``.xlsx``.
    """
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        page.append(sheet.columns)
        for row in sheet.rows:
            page.append([row.get(column) for column in sheet.columns])
        for number in range(1, len(sheet.columns) + 1):
            cells = [page.cell(line, number) for line in range(1, page.max_row + 1)]
            cells[0].font = Font(bold=True)
            widest = max(len(str(cell.value or "")) for cell in cells)
            page.column_dimensions[get_column_letter(number)].width = min(widest, _WIDEST) + 2
            for cell in cells[1:]:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                if isinstance(cell.value, str):  # a text that begins with = is no formula
                    cell.data_type = "s"
                if isinstance(cell.value, date):
                    cell.number_format = "yyyy-mm-dd"
        page.freeze_panes = "B2"
        if sheet.note:
            page["A1"].comment = Comment(sheet.note, "sd-covid", width=400, height=200)
    book.save(path)


def write_folder(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets as CSV files of one folder, ``levers.csv`` and so on; dates as ``2020-10-01``."""
    path.mkdir(parents=True)
    for sheet in sheets:
        with (path / f"{sheet.name.lower()}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(sheet.columns)
            writer.writerows([_spelled(row.get(column)) for column in sheet.columns] for row in sheet.rows)


def _spelled(value: Raw) -> str:
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return "" if value is None else str(value)


def read_sheet(path: Path, name: str, columns: Sequence[str]) -> Iterator[dict[str, Cell]]:
    """The rows of a sheet in which something stands.

    Parameters
    ----------
    path : Path
        A workbook, or a folder of CSV files.
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
        A file that cannot be read, an unknown column, with the nearest one.
    """
    file, table = _folder_table(path, name) if path.is_dir() else _workbook_table(path, name)
    lines = iter(table)
    header = [str(value or "").strip() for value in next(lines, [])]
    for number, column in enumerate(header, start=1):
        if column and (column not in columns or column in header[: number - 1]):
            reason = f"there is no column '{column}'" if column not in columns else f"two columns '{column}'"
            advice = suggest(column, columns) or f"use {', '.join(columns)}"
            raise ScenarioError(reason, advice=advice, file=file, line=1, variable=name)
    if header and columns[0] not in header:
        reason = f"the column '{columns[0]}' is missing"
        raise ScenarioError(reason, advice="write a template anew", file=file, line=1, variable=name)
    for line, values in enumerate(lines, start=2):
        by_column = dict(zip(header, values, strict=False))
        cells = {column: Cell(by_column.get(column), file, name, column, line) for column in columns}
        if not all(cell.empty for cell in cells.values()):
            yield cells


def _folder_table(path: Path, name: str) -> tuple[Path, list[list[Raw]]]:
    """The cells of a CSV file; none where it is not there."""
    file = path / f"{name.lower()}.csv"
    if not file.is_file():
        return file, []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            separator = ";" if ";" in lines.readline() else ","  # as spreadsheets in Dutch write it
            lines.seek(0)
            rows = csv.reader(lines, delimiter=separator, strict=True)
            return file, [[cell or None for cell in row] for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(
            f"is no CSV file in UTF-8: {error}", advice="save it as such", file=file
        ) from error


def _workbook_table(path: Path, name: str) -> tuple[Path, list[list[Raw]]]:
    """The cells of a sheet; none where the workbook has no such sheet."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError as error:
        raise ScenarioError(
            "the file does not exist", advice="check its name and folder", file=path
        ) from error
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ScenarioError(
            "is no workbook", advice="give a .xlsx, or a folder of CSV files", file=path
        ) from error
    try:
        if name not in book.sheetnames:
            return path, []
        rows = book[name].iter_rows(values_only=True)
        return path, [[_plain(value) for value in row] for row in rows]
    finally:
        book.close()


def _plain(value: object) -> Raw:
    """A cell of a workbook as text, number or date."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return str(value)
