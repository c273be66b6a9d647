"""Cells of a CSV file or an Excel sheet.

In goes a path that may be read; out comes a `Grid` that gives numbers by row and column. Which cells are wanted, and
which paths may be read, is for `sd_covid.model.external`.
"""

from __future__ import annotations

import csv
import math
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from sd_covid.errors import DataError

MAX_BYTES = 100_000_000
_EXCEL = frozenset({".xlsx", ".xlsm"})


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as read.

    Attributes
    ----------
    path : Path
    rows : tuple of tuple
        Text, numbers and None, row by row.
    lines : tuple of int
        Line in the file at which each row ends.
    variable : str
        For whom it is read; for messages.
    """

    path: Path
    rows: tuple[tuple[object, ...], ...]
    lines: tuple[int, ...]
    variable: str = field(compare=False)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """Number of columns of the longest row."""
        return max((len(row) for row in self.rows), default=0)

    def number(self, row: int, column: int) -> float | None:
        """The number in a cell, both from 0; None for a blank cell, and beyond the edge.

        Raises
        ------
        DataError
            When the cell holds something else.
        """
        if row >= self.height or column >= len(self.rows[row]):
            return None
        found = self.rows[row][column]
        if found is None or (isinstance(found, str) and not found.strip()):
            return None
        try:
            value = float(found) if isinstance(found, str | int | float) else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or isinstance(found, bool):
            raise self.error(row, column, f"holds '{found}', which is no number")
        return value

    def error(self, row: int, column: int, reason: str) -> DataError:
        """Error at a cell."""
        line = self.lines[row] if row < len(self.lines) else None
        cell = f"cell {_letters(column)}{row + 1} {reason}"
        advice = "leave a cell blank where there is no figure" if "no number" in reason else None
        return DataError(cell, advice=advice, file=self.path, line=line, variable=self.variable)


def read_grid(path: Path, tab: str, variable: str) -> Grid:
    """Read a file.

    Parameters
    ----------
    path : Path
        ``.xlsx`` or ``.xlsm``; anything else is text with a delimiter.
    tab : str
        The sheet, or the delimiter; when empty, a comma for ``.csv`` and a tabulator for other text.
    variable : str
        For messages.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    status = path.stat()
    if status.st_size > MAX_BYTES:
        raise DataError(f"is larger than {MAX_BYTES} bytes", file=path, variable=variable)
    rows, lines = _cells(path, tab, status.st_mtime_ns, status.st_size)
    return Grid(path, rows, lines, variable)


@lru_cache(maxsize=8)
def _cells(
    path: Path, tab: str, _changed: int, _size: int
) -> tuple[tuple[tuple[object, ...], ...], tuple[int, ...]]:
    """Rows and their lines; kept, because a model reads one file for many variables."""
    suffix = path.suffix.lower()
    if suffix in _EXCEL:
        rows = _sheet(path, tab)
        return rows, tuple(range(1, len(rows) + 1))
    if suffix in {".xls", ".xlsb", ".ods"}:
        raise DataError(f"{suffix} files are not supported", advice="save it as .xlsx or .csv", file=path)
    return _text(path, tab)


def _text(path: Path, tab: str) -> tuple[tuple[tuple[object, ...], ...], tuple[int, ...]]:
    delimiter = {"": "," if path.suffix.lower() == ".csv" else "\t", "\\t": "\t"}.get(tab, tab)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '\r\n".':
        raise DataError(
            f"'{tab}' is no delimiter", advice="give ',' or ';' as the second argument", file=path
        )
    rows: list[tuple[object, ...]] = []
    lines: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                rows.append(tuple(row))
                lines.append(reader.line_num)
    except UnicodeDecodeError as error:
        reason = f"byte 0x{error.object[error.start]:02x} is not UTF-8 text"
        raise DataError(reason, advice="save it as UTF-8", file=path) from error
    except csv.Error as error:
        raise DataError(f"is no table: {error}", file=path, line=len(rows) + 1) from error
    except OSError as error:
        raise DataError(f"cannot be opened: {error.strerror}", file=path) from error
    return tuple(rows), tuple(lines)


def _sheet(path: Path, tab: str) -> tuple[tuple[object, ...], ...]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise DataError(
            "is no Excel file that can be read", advice="save it again as .xlsx", file=path
        ) from error
    try:
        for sheet in book.worksheets:
            if sheet.title.casefold() == tab.casefold():
                return tuple(sheet.iter_rows(values_only=True))
        names = ", ".join(f"'{sheet.title}'" for sheet in book.worksheets)
        raise DataError(f"has no sheet '{tab}'", advice=f"its sheets are {names}", file=path)
    finally:
        book.close()


def _letters(column: int) -> str:
    """Name of a column, from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
