"""The sheets of a workbook that a stranger may have made: as plain cells, or refused.

In comes a ``.xlsx``; out come rows of text, numbers and dates. What would fill the memory, lead outside the file or run
is refused before it is opened, and a formula counts only by the value that a spreadsheet stored with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.files import bytes_of
from sd_covid.policy.files.table_faults import file_fault
from sd_covid.workbooks import BROKEN, LARGEST, MOST_PARTS, TooLargeError, parts_of

if TYPE_CHECKING:
    from openpyxl import Workbook

Raw = str | float | date | None

MOST_ROWS, MOST_COLUMNS = 10_000, 100  # of a sheet that is filled in by hand
#: Parts by which a workbook reads other files or runs something.
_OUTSIDE = re.compile(
    r"externallinks/|connections\.xml|querytables/|vbaproject|activex/|embeddings/|macrosheets/"
)


def read_workbook(path: Path, language: str = "en") -> dict[str, list[list[Raw]]]:
    """The cells of every sheet.

    Parameters
    ----------
    path : Path
    language : {'nl', 'en'}
        Of what is said when something is wrong.

    Returns
    -------
    dict
        Name of the sheet -> rows of cells.

    Raises
    ------
    ScenarioError
        A file that is missing, is no workbook, is too large, leads outside itself, or has a formula without a value.
    """
    from openpyxl import load_workbook

    try:
        content = _checked(path, language)
        values, formulas = (
            load_workbook(BytesIO(content), read_only=True, data_only=stored, keep_links=False)
            for stored in (True, False)
        )
        try:
            return {name: _rows(values, formulas, name, path, language) for name in values.sheetnames}
        finally:
            values.close()
            formulas.close()
    except FileNotFoundError as error:
        raise file_fault("missing", language, file=path) from error
    except BROKEN as error:
        raise file_fault("no workbook", language, file=path) from error


def _checked(path: Path, language: str) -> bytes:
    """The file, where it is not too large when unpacked and does not lead outside itself."""
    content = bytes_of(path)
    try:
        parts = parts_of(content)
    except TooLargeError as error:
        sizes = {"size": f"{error.size / 2**20:.3g}", "largest": f"{LARGEST / 2**20:g}"}
        raise file_fault(
            "large", language, {"parts": error.parts, "most": MOST_PARTS, **sizes}, file=path
        ) from error
    for part in parts:
        if _OUTSIDE.search(part.lower()):
            raise file_fault("outside", language, {"part": part}, file=path)
    return content


def _rows(values: Workbook, formulas: Workbook, name: str, path: Path, language: str) -> list[list[Raw]]:
    """The rows of a sheet, each formula as the value that was stored with it."""
    found: list[list[Raw]] = []
    pairs = zip(_cells(values[name]), _cells(formulas[name]), strict=False)
    for row, (stored, written) in enumerate(pairs, start=1):
        cells = [_plain(cell.value) for cell in stored]
        if row > MOST_ROWS:
            raise file_fault("rows", language, {"name": name, "most": MOST_ROWS}, file=path)
        for cell, source in zip(cells, written, strict=False):
            if cell is None and source.data_type == "f":
                told = {"cell": source.coordinate}
                raise file_fault("formula", language, told, file=path, line=row, variable=name)
        found.append(cells)
    return found


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """The cells of a sheet, row by row; one row beyond the most, so that it can be told."""
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS)
    return rows


def _plain(value: object) -> Raw:
    """A cell of a workbook as text, number or date."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return str(value)
