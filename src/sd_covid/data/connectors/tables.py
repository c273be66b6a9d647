"""Tables in a file, on disk or at an address: CSV, Excel, and the wide table of OxCGRT with a column for each day."""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterator
from decimal import Decimal

from sd_covid.data.connectors.client import Answer, Client, too_large
from sd_covid.data.connectors.rows import Row, read_figure
from sd_covid.data.connectors.settings import Refresh
from sd_covid.errors import SourceError
from sd_covid.workbooks import BROKEN, TooLargeError, parts_of

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = re.compile(rf"(\d\d)({'|'.join(_MONTHS)})(\d{{4}})", re.ASCII)


def csv_rows(settings: Refresh, client: Client) -> tuple[list[Row], str]:
    """Rows of a CSV file, and its address.

    Raises
    ------
    SourceError
        When it is not UTF-8, has rows of another length than its header, or two columns of one name.
    """
    answer = client.get(settings.address, "csv")
    return [Row(row) for row in _csv(answer, settings.separator)], answer.address


def sheet_rows(settings: Refresh, client: Client) -> tuple[list[Row], str]:
    """Rows of a sheet of a workbook, and its address.

    Raises
    ------
    SourceError
        When it is no workbook, or has no such sheet or header.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    answer = client.get(settings.address, "xlsx")
    try:
        parts_of(answer.content, client.limits.size)
        book = load_workbook(io.BytesIO(answer.content), read_only=True, data_only=True)
        if settings.table not in book.sheetnames:
            reason = f"{answer.address}: has no sheet '{settings.table}'"
            raise SourceError(reason, advice=f"it has {', '.join(book.sheetnames)}")
        cells = list(book[settings.table].iter_rows(values_only=True))
    except TooLargeError as error:
        raise too_large(answer.address, client.limits) from error
    except (InvalidFileException, *BROKEN) as error:
        raise SourceError(
            f"{answer.address}: no Excel file that can be read", advice="save it as .xlsx"
        ) from error
    if len(cells) < settings.header:
        raise SourceError(f"{answer.address}: the sheet '{settings.table}' ends before row {settings.header}")
    names = [str(name).strip() if name is not None else "" for name in cells[settings.header - 1]]
    _refuse_double([name for name in names if name], answer.address)
    rows = cells[settings.header :]
    return [Row(_named(names, row)) for row in rows if any(cell is not None for cell in row)], answer.address


def _named(names: list[str], row: tuple[object, ...]) -> dict[str, object]:
    """A row by column; a year that Excel keeps as 2021.0 is 2021."""
    return {
        name: int(cell) if isinstance(cell, float) and cell.is_integer() else cell
        for name, cell in zip(names, row, strict=True)
        if name
    }


def day_rows(settings: Refresh, client: Client) -> tuple[list[Row], str]:
    """Means of months from a table with a column for each day, such as ``01Jan2020``; a month not whole has none.

    Raises
    ------
    SourceError
        When the filters leave no row or several, or there are no days.
    """
    answer = client.get(settings.address, "csv")
    rows = list(_csv(answer, ","))
    for name, code in settings.filters.items():
        if rows and name not in rows[0]:
            raise SourceError(f"{answer.address}: has no column '{name}'", advice="compare the filters")
        rows = [row for row in rows if str(row[name]).strip() == code]
    if len(rows) != 1:
        reason = f"{answer.address}: {len(rows)} rows have these filters, one is expected"
        raise SourceError(reason, advice="compare them with the columns before the days")
    months: dict[str, list[Decimal]] = {}
    for column, raw in rows[0].items():
        day = _DAY.fullmatch(column)
        value, _ = read_figure(raw, answer.address) if day else (None, None)
        if day and value is not None:
            months.setdefault(f"{day[3]}-{_MONTHS.index(day[2]) + 1:02d}", []).append(value)
    means = [
        Row({**settings.filters, settings.period: month, settings.value: sum(days) / len(days)})
        for month, days in months.items()
        if len(days) == monthrange(int(month[:4]), int(month[5:]))[1]
    ]
    return means, answer.address


def _csv(answer: Answer, separator: str) -> Iterator[dict[str, object]]:
    """Rows of a CSV file by column."""
    place = answer.address
    try:
        text = answer.content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        names = [name.strip() for name in next(reader, [])]
        _refuse_double(names, place)
        for fields in reader:
            if fields and len(fields) != len(names):
                reason = f"{place}: line {reader.line_num} has {len(fields)} fields, the header {len(names)}"
                raise SourceError(reason, advice="compare the separator; the file may be cut short")
            if fields:
                yield dict(zip(names, fields, strict=True))
    except UnicodeDecodeError as error:
        raise SourceError(f"{place}: not UTF-8 text", advice="save it as UTF-8") from error
    except csv.Error as error:
        raise SourceError(f"{place}: not CSV: {error}", advice="the file may be cut short") from error


def _refuse_double(names: list[str], place: str) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise SourceError(f"{place}: two columns are called '{name}'", advice="rename one of them")
