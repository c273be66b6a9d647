"""All numbers of a report as a workbook.

In go the page as it was written and tables of raw results; out comes an ``.xlsx``: a sheet for each section, read off
the page itself so that nothing in it can be missing, and a sheet for each table of results. A number that a cell was
made from stands beside the cell as it is read, not rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    import pandas as pd
    from lxml.html import HtmlElement

#: Of the number in a cell, and of the ends of its interval, in the attributes of the page.
_MIDDLE = ("data-median", "data-mean", "data-number")
_ENDS = ("data-low", "data-high")
_TAB = 31  # signs that the name of a sheet may have
_BLANK = re.compile(r"\s+")
#: What holds text of its own beside tables.
_SAID = "p|h2|h3|dt|dd|summary|pre|li"


def write_workbook(page: Path, tables: Mapping[str, pd.DataFrame], path: Path, texts: Texts) -> None:
    """Write the numbers of a page.

    Parameters
    ----------
    page : Path
        The HTML file, in the language of the texts.
    tables : mapping
        Name of a sheet -> raw results.
    path : Path
        The workbook.
    texts : Texts
    """
    from lxml import html
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    root = html.fromstring(page.read_text(encoding="utf-8"))
    heads = [
        texts(f"workbook.{name}") for name in ("table", "row", "column", "read", "number", "low", "high")
    ]
    for section in root.xpath("//main/section"):
        sheet = book.create_sheet(section.get("id")[:_TAB])
        sheet.append(heads)
        for row in _rows(section, texts.language):
            sheet.append([_safe(sheet, value) for value in row])
    for name, table in tables.items():
        sheet = book.create_sheet(name[:_TAB])
        sheet.append([_safe(sheet, str(column)) for column in table.columns])
        for values in table.itertuples(index=False, name=None):
            sheet.append([_safe(sheet, value) for value in values])
    book.save(path)


def _rows(section: HtmlElement, language: str) -> Iterator[tuple[Any, ...]]:
    """What a section says, in its order: sentences, and the cells of tables with their numbers."""
    for element in section.iter():
        if element.tag == "table":
            yield from _cells(element, language)
        elif element.tag in _SAID.split("|") and not any(
            above.tag in ("table", "svg") for above in element.iterancestors()
        ):
            text = _text(element)
            if text:
                yield ("", "", "", text, None, None, None)


def _cells(table: HtmlElement, language: str) -> Iterator[tuple[Any, ...]]:
    """Every cell of a table below its heads: caption, row, column, as read, number, ends of the interval."""
    caption = (
        _text(table.find("caption"))
        if table.find("caption") is not None
        else table.getparent().get("aria-label", "")
    )
    heads = _heads(table)
    spans: dict[int, list[Any]] = {}  # column -> rows still below a head that spans them, and its text
    for row in table.xpath("./tbody/tr | ./tfoot/tr"):
        place, named = 0, []
        for cell in row:
            while place in spans and spans[place][0] > 0:
                spans[place][0] -= 1
                named.append(spans[place][1])
                place += 1
            text = _text(cell)
            down, wide = int(cell.get("rowspan", 1)), int(cell.get("colspan", 1))
            if cell.tag == "th":
                named.append(text)
                if down > 1:
                    spans[place] = [down - 1, text]
            else:
                label = heads[place] if place < len(heads) else ""
                yield (caption, " · ".join(named), label, text, *_numbers(cell, text, language))
            place += wide
        if row.xpath("./th") and not row.xpath("./td"):
            yield (caption, " · ".join(named), "", "", None, None, None)


def _heads(table: HtmlElement) -> list[str]:
    """What heads each column; where heads stand in two rows, both."""
    rows = table.xpath("./thead/tr")
    columns: list[list[str]] = []
    below: set[int] = set()
    for depth, row in enumerate(rows):
        place = 0
        for cell in row:
            while depth and place in below:
                place += 1
            wide = int(cell.get("colspan", 1))
            for column in range(place, place + wide):
                while len(columns) <= column:
                    columns.append([])
                columns[column].append(_text(cell))
                if int(cell.get("rowspan", 1)) > 1:
                    below.add(column)
            place += wide
    return [" · ".join(filter(None, parts)) for parts in columns]


def _numbers(cell: HtmlElement, text: str, language: str) -> tuple[float | None, float | None, float | None]:
    """The number that a cell was made from, or that it is, and the ends of its interval."""
    middle = next((cell.get(name) for name in _MIDDLE if cell.get(name) is not None), None)
    if middle is None:
        return as_number(text, language), None, None
    low, high = (cell.get(name) for name in _ENDS)
    return _finite(middle), _finite(low), _finite(high)


def _finite(value: str | None) -> float | None:
    """A number of an attribute; None where there is none."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None


def as_number(text: str, language: str) -> float | None:
    """A text that is a number in a language and nothing else, per cent included; None for any other."""
    thousands, point = (".", ",") if language == "nl" else (",", ".")
    pattern = rf"[−-]?(\d{{1,3}}(\{thousands}\d{{3}})+|\d+)(\{point}\d+)?(\s?%)?"
    if not re.fullmatch(pattern, text):
        return None
    plain = text.rstrip("% \u00a0").replace(thousands, "").replace(point, ".").replace("−", "-")
    return float(plain)


def _text(element: HtmlElement) -> str:
    """The text of an element as it is read, pictures left out."""
    parts = [
        str(part)
        for part in element.xpath(".//text()[not(ancestor::*[local-name()='svg'])]")
        if str(part).strip()
    ]
    return _BLANK.sub(" ", " ".join(parts)).strip()


def _safe(sheet: Any, value: Any) -> Any:
    """A value for a cell: a text stays a text though it begins like a formula, and what is no number is left empty."""
    from openpyxl.cell import WriteOnlyCell

    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and value.startswith("="):
        cell = WriteOnlyCell(sheet, value)
        cell.data_type = "s"
        return cell
    return value
