"""Tables to be filled in, written as the sheets of a workbook or as a folder of CSV files.

In come rows; out comes a file. `sd_covid.policy.files.tables` reads it back.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.policy.files.tables import spelled
from sd_covid.policy.files.workbook import Raw

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

#: Columns by name -> what stands there.
Row = Mapping[str, Raw]

_WIDEST = 60


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
    choices : mapping
        Column -> what can be chosen there; a workbook offers them in a list.
    hidden : tuple of str
        Columns that are for a program; a workbook holds them out of sight.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


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
        _offer(page, sheet)
        page.freeze_panes = "B2"
        if sheet.note:
            page["A1"].comment = Comment(sheet.note, "sd-covid", width=400, height=200)
    book.save(path)


def _offer(page: Worksheet, sheet: Sheet) -> None:
    """Lists to choose from, and columns out of sight."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for number, column in enumerate(sheet.columns, start=1):
        letter = get_column_letter(number)
        page.column_dimensions[letter].hidden = column in sheet.hidden
        if column in sheet.choices and sheet.rows:
            known = sheet.choices[column]
            offered = DataValidation(type="list", formula1=f'"{",".join(known)}"', allow_blank=True)
            offered.showErrorMessage = True
            offered.error = ", ".join(known)
            page.add_data_validation(offered)
            offered.add(f"{letter}2:{letter}{len(sheet.rows) + 1}")
            widest = max(map(len, (column, *known)))
            page.column_dimensions[letter].width = widest + 4


def write_folder(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets as CSV files of one folder, ``levers.csv`` and so on; dates as ``2020-10-01``."""
    path.mkdir(parents=True)
    for sheet in sheets:
        with (path / f"{sheet.name.lower()}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(sheet.columns)
            writer.writerows([spelled(row.get(column)) for column in sheet.columns] for row in sheet.rows)
