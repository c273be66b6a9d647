"""Cells of a CSV file or an Excel sheet.

In goes a path that may be read; out comes a `Grid` that gives numbers by row and column, and knows the names that the
workbook gives to ranges of cells. Which cells are wanted is for `sd_covid.model.external.figures`, and which paths may
be read for `sd_covid.model.external.cells`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sd_covid.errors import DataError
from sd_covid.files import bytes_of, stream_of
from sd_covid.model.source import note_reading
from sd_covid.workbooks import BROKEN, MOST_CELLS, TooLargeError, parts_of

MAX_BYTES = 100_000_000
#: What an Excel cell holds where there is no figure.
_MISSING = frozenset({"", "#n/a"})
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")  # 1,180.5
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of cells: its first row and column, from 0, and its size."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class _Contents:
    rows: tuple[tuple[object, ...], ...]
    lines: tuple[int, ...]
    width: int
    names: dict[str, Block]


#: The sheets read last, by path, tab, time of change and size: a model may go to and fro between a hundred.
_SHEETS: OrderedDict[tuple[Path, str, int, int], _Contents] = OrderedDict()
_KEPT_CELLS = 3_000_000  # some 300 MB


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
    width : int
        Number of columns of the longest row.
    variable : str
        For whom it is read; for messages.
    names : dict of str to Block
        Named ranges of the sheet, by name in lower case.
    """

    path: Path
    rows: tuple[tuple[object, ...], ...]
    lines: tuple[int, ...]
    width: int
    variable: str = field(compare=False)
    names: dict[str, Block] = field(default_factory=dict, compare=False)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def number(self, row: int, column: int) -> float | None:
        """The number in a cell, both from 0; None where `value` is.

        Raises
        ------
        DataError
            When the cell holds something else.
        """
        found = self.value(row, column)
        if found is None:
            return None
        try:
            value = float(found) if isinstance(found, str | int | float) else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or isinstance(found, bool):
            raise self.error(row, column, f"holds '{found}', which is no number")
        return value

    def figure(self, row: int, column: int) -> float | None:
        """The number in a cell of a series: words there, without a digit, mean that there is no figure."""
        found = self.value(row, column)
        if isinstance(found, str) and not any(letter.isdigit() for letter in found):
            return None
        return self.number(row, column)

    def time(self, row: int, column: int) -> float | None:
        """The number in a cell of times; None for a word there, as for a blank: it belongs to something else."""
        found = self.value(row, column)
        if isinstance(found, str) and found.strip()[:1].isalpha():
            return None
        return self.number(row, column)

    def value(self, row: int, column: int) -> object:
        """What a cell holds, both from 0; None for a blank cell, for ``#N/A``, and beyond the edge."""
        if row >= self.height or column >= len(self.rows[row]):
            return None
        found = self.rows[row][column]
        return None if isinstance(found, str) and found.strip().lower() in _MISSING else found

    def error(self, row: int, column: int, reason: str) -> DataError:
        """Error at a cell."""
        line = self.lines[row] if row < len(self.lines) else None
        cell = f"cell {_letters(column)}{row + 1} {reason}"
        advice = "leave a cell blank where there is no figure" if "no number" in reason else None
        found = self.value(row, column)
        if advice and isinstance(found, str) and _GROUPED.fullmatch(found.strip()):
            advice = f"write it without commas, as {found.strip().replace(',', '')}"
        return DataError(cell, advice=advice, file=self.path, line=line, variable=self.variable)


def read_grid(path: Path, tab: str, variable: str) -> Grid:
    """Read a file.

    Parameters
    ----------
    path : Path
        ``.xlsx``, ``.xlsm`` or ``.xls``; anything else is text with a delimiter.
    tab : str
        The sheet, or the delimiter; when empty, the first sheet, a comma for ``.csv`` and a tabulator for other text.
    variable : str
        For messages.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    note_reading(path)
    status = path.stat()
    if status.st_size > MAX_BYTES:
        raise DataError(f"is larger than {MAX_BYTES} bytes", file=path, variable=variable)
    found = _contents(path, tab, status.st_mtime_ns, status.st_size)
    return Grid(path, found.rows, found.lines, found.width, variable, found.names)


def _contents(path: Path, tab: str, changed: int, size: int) -> _Contents:
    """Rows, their lines and names; kept, because a model reads one file for many variables."""
    asked = (path, tab, changed, size)
    found = _SHEETS.pop(asked, None) or _read(path, tab)
    _SHEETS[asked] = found  # the latest last
    while len(_SHEETS) > 1 and sum(len(kept.rows) * kept.width for kept in _SHEETS.values()) > _KEPT_CELLS:
        _SHEETS.popitem(last=False)
    return found


def _read(path: Path, tab: str) -> _Contents:
    match path.suffix.lower():
        case ".xlsx" | ".xlsm":
            return _sheet(path, tab)
        case ".xls":
            return _old_sheet(path, tab)
        case (".xlsb" | ".ods") as suffix:
            raise DataError(f"{suffix} files are not supported", advice="save it as .xlsx or .csv", file=path)
        case _:
            return _text(path, tab)


def _kept(
    rows: tuple[tuple[object, ...], ...], lines: tuple[int, ...], names: dict[str, Block] | None = None
) -> _Contents:
    return _Contents(rows, lines, max(map(len, rows), default=0), names or {})


def _text(path: Path, tab: str) -> _Contents:
    delimiter = {"": "," if path.suffix.lower() == ".csv" else "\t", "\\t": "\t"}.get(tab, tab)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '\r\n".':
        raise DataError(
            f"'{tab}' is no delimiter", advice="give ',' or ';' as the second argument", file=path
        )
    rows: list[tuple[object, ...]] = []
    lines: list[int] = []
    try:
        with stream_of(path) as file:
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
    return _kept(tuple(rows), tuple(lines))


def _sheet(path: Path, tab: str) -> _Contents:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    content = bytes_of(path, MAX_BYTES)
    try:
        parts_of(content)
        with closing(load_workbook(io.BytesIO(content), read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                if tab in ("", sheet.title) or sheet.title.casefold() == tab.casefold():
                    rows = _cells(sheet, path)
                    texts = {
                        name: item.attr_text
                        for items in (book.defined_names, sheet.defined_names)
                        for name, item in items.items()
                    }
                    return _kept(rows, tuple(range(1, len(rows) + 1)), _names(texts, sheet.title))
            raise _no_sheet(path, tab, [sheet.title for sheet in book.worksheets])
    except TooLargeError as error:
        raise DataError(str(error), advice="leave in it what is read", file=path) from error
    except (InvalidFileException, *BROKEN) as error:
        raise DataError(
            "is no Excel file that can be read", advice="save it again as .xlsx", file=path
        ) from error


def _cells(sheet: Any, path: Path) -> tuple[tuple[object, ...], ...]:
    """The rows of a sheet; one with a cell far below would fill the memory with blanks."""
    rows, count = [], 0
    for row in sheet.iter_rows(values_only=True):
        count += len(row)
        if count > MOST_CELLS:
            raise DataError(
                f"'{sheet.title}' has more than {MOST_CELLS} cells",
                advice="take out what lies far away",
                file=path,
            )
        rows.append(tuple(map(_plain, row)))
    return tuple(rows)


def _plain(value: object) -> object:
    """A cell's value; a date as Excel's number of days."""
    if isinstance(value, date):
        from openpyxl.utils.datetime import to_excel

        return to_excel(value)
    return value


def _old_sheet(path: Path, tab: str) -> _Contents:
    import xlrd

    content = bytes_of(path, MAX_BYTES)
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, *BROKEN) as error:
        raise DataError(
            "is no Excel file that can be read", advice="save it again as .xlsx", file=path
        ) from error
    for sheet in book.sheets():
        if not tab or sheet.name.casefold() == tab.casefold():
            rows = tuple(
                tuple(None if cell.ctype == xlrd.XL_CELL_ERROR else cell.value for cell in sheet.row(number))
                for number in range(sheet.nrows)
            )
            names = {
                item.name.lower(): Block(low, left, high - low, right - left)
                for item in book.name_obj_list
                if item.result is not None
                and item.result.kind == xlrd.book.oREF
                and item.scope in {-1, sheet.number}
                for at, low, high, left, right in [_area(item)]
                if at == sheet.number
            }
            return _kept(rows, tuple(range(1, len(rows) + 1)), names)
    raise _no_sheet(path, tab, book.sheet_names())


def _area(name: Any) -> tuple[int, int, int, int, int]:
    """Sheet, and first and last row and column of an ``.xls`` name."""
    sheet, _, low, high, left, right = name.result.value[0].coords
    return sheet, low, high, left, right


def _names(texts: dict[str, str], sheet: str) -> dict[str, Block]:
    """The named ranges that lie in a sheet."""
    found = {}
    for name, text in texts.items():
        where, _, cells = (text or "").rpartition("!")
        block = block_of(cells)
        if block is not None and where.strip("'").replace("''", "'").casefold() == sheet.casefold():
            found[name.lower()] = block
    return found


def block_of(text: str) -> Block | None:
    """The cells that ``B2`` or ``B2:C5`` names; None when it names none."""
    found = _RANGE.fullmatch(text.strip())
    if found is None or int(found[2]) == 0:
        return None
    row, column = int(found[2]) - 1, column_number(found[1])
    last_row, last_column = (int(found[4]) - 1, column_number(found[3])) if found[4] else (row, column)
    if last_row < row or last_column < column:
        return None
    return Block(row, column, last_row - row + 1, last_column - column + 1)


def column_number(letters: str) -> int:
    """Number of a column, from 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _no_sheet(path: Path, tab: str, sheets: list[str]) -> DataError:
    names = ", ".join(f"'{name}'" for name in sheets)
    return DataError(f"has no sheet '{tab}'", advice=f"its sheets are {names}", file=path)


def _letters(column: int) -> str:
    """Name of a column, from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
