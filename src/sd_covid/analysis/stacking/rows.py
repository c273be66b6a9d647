"""Comma-separated tables with their lines, for the tables of stacking.

In goes a file and the columns it must and may have; out come rows whose cells complain with file, line and column.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data import references
from sd_covid.data.references import Reference
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, and where it stands."""

    cells: dict[str, str]
    file: Path
    line: int

    def error(self, column: str, reason: str, advice: str | None = None) -> DataError:
        """A fault in one cell."""
        return DataError(reason, advice=advice, file=self.file, line=self.line, variable=column)

    def text(self, column: str) -> str:
        """The cell, which must not be empty.

        Raises
        ------
        DataError
        """
        found = self.cells.get(column, "").strip()
        if not found:
            raise self.error(column, "the cell is empty", "fill it in")
        return found

    def source(self, known: Mapping[str, Reference]) -> Text:
        """The source in both languages, followed by the references that the row names in full.

        Raises
        ------
        DataError
            For an empty cell, or a reference that is not known.
        """
        cell, text = self.optional(references.COLUMN), self.both("source")
        found = references.named(cell, known, lambda *fault: self.error(references.COLUMN, *fault))
        full = "".join(f" {item.full}" for item in found)
        return Text(f"{text.nl.rstrip('. ')}.{full}", f"{text.en.rstrip('. ')}.{full}") if full else text

    def optional(self, column: str) -> str:
        """The cell; empty when there is none."""
        return self.cells.get(column, "").strip()

    def both(self, column: str) -> Text:
        """A text in both languages, from the cells ``<column>_nl`` and ``<column>_en``; neither may be empty.

        Raises
        ------
        DataError
        """
        return Text(self.text(f"{column}_nl"), self.text(f"{column}_en"))

    def number(
        self, column: str, least: float = -math.inf, most: float = math.inf, *, positive: bool = False
    ) -> float:
        """The cell as a finite number between two bounds, and above zero where `positive`.

        Raises
        ------
        DataError
        """
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, f"'{text}' is not a number", "use a point for decimals")
        if not least <= value <= most:
            raise self.error(column, f"{value:g} is not between {least:g} and {most:g}", "check the unit")
        if positive and value <= 0:
            raise self.error(column, f"{value:g} is not above 0", "an odds ratio of 1 is no association")
        return value

    def choice(self, column: str, known: Iterable[str]) -> str:
        """The cell, which must be one of these.

        Raises
        ------
        DataError
        """
        text, names = self.text(column), list(known)
        if text not in names:
            advice = suggest(text, names) or f"use one of {', '.join(names)}"
            raise self.error(column, f"'{text}' is not known here", advice)
        return text


def read_rows(file: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """Read a table.

    Parameters
    ----------
    file : Path
        UTF-8, comma separated, first line the columns.
    needed, optional : sequence of str
        Columns that it must, and may, have.

    Raises
    ------
    DataError
        When it cannot be read, a column is missing, unknown or there twice, a row has more or fewer cells, or there is
        no row.
    """
    try:
        text = text_of(file, "utf-8-sig")
    except FileNotFoundError as error:
        raise DataError("the file does not exist", advice="check its name and folder", file=file) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("cannot be read as UTF-8 text", advice="save it as UTF-8", file=file) from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(file, header, needed, optional)
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num
            if len(cells) != len(header):
                reason = f"has {len(cells)} cells where the header has {len(header)}"
                raise DataError(reason, advice="put text with commas in quotes", file=file, line=line)
            rows.append(Row(dict(zip(header, cells, strict=True)), file, line))
    except csv.Error as error:
        line = reader.line_num
        raise DataError(f"is no table: {error}", advice="mind the quotes", file=file, line=line) from error
    if not rows:
        raise DataError("has no rows", advice="add at least one", file=file, line=1)
    return rows


def _check_header(file: Path, header: list[str], needed: Sequence[str], optional: Sequence[str]) -> None:
    known = [*needed, *optional]
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"column '{name}' is there twice", advice="keep one", file=file, line=1)
        if name not in known:
            advice = suggest(name, known) or f"the columns are {', '.join(known)}"
            raise DataError(f"unknown column '{name}'", advice=advice, file=file, line=1, variable=name)
    for name in needed:
        if name not in header:
            raise DataError(f"column '{name}' is missing", advice="add it", file=file, line=1, variable=name)
