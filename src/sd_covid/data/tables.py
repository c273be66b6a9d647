"""Tables beside a model, one row a line: read as texts, every fault with its file and line.

In goes a CSV file and the columns that it must have; out come rows that know their line. What a row means is for the
caller.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.text import told
from sd_covid.errors import DataError, suggest
from sd_covid.files import stream_of


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table.

    Attributes
    ----------
    file : Path
    number : int
        Its line, from 1.
    values : mapping
        Text of each column, without blanks around it.
    language : {'en', 'nl'}
        In which faults are told.
    """

    file: Path
    number: int
    values: Mapping[str, str]
    language: str = "en"

    def __getitem__(self, column: str) -> str:
        """The text of a column."""
        return self.values[column]

    def error(self, column: str, reason: str, advice: str) -> DataError:
        """A fault in a column of this line."""
        return DataError(reason, advice=advice, file=self.file, line=self.number, variable=column)

    def number_in(self, column: str) -> float:
        """The finite number of a column.

        Raises
        ------
        DataError
            When it is none.
        """
        try:
            value = float(self[column])
        except ValueError as error:
            raise self.error(column, *_said("number", self.language, found=self[column])) from error
        if not math.isfinite(value):
            raise self.error(column, *_said("finite", self.language, found=self[column]))
        return value

    def choice(self, column: str, known: Sequence[str]) -> str:
        """The text of a column, which must be one of these.

        Raises
        ------
        DataError
            When it is not; names the nearest.
        """
        if self[column] not in known:
            reason, advice = _said("choice", self.language, found=self[column], known=", ".join(known))
            raise self.error(column, reason, suggest(self[column], known, self.language) or advice)
        return self[column]


def read_lines(
    path: Path, columns: Sequence[str], optional: Sequence[str] = (), language: str = "en"
) -> list[Line]:
    """The rows of a table with exactly these columns.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        In the order of the file.
    optional : sequence of str
        Those of them that the file may lack; their texts are then empty.
    language : {'en', 'nl'}
        In which faults are told.

    Raises
    ------
    DataError
        When the file is no table in UTF-8, its header is another, or a row has more or fewer fields.
    """
    try:
        with stream_of(path) as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]
    except csv.Error as error:
        reason, advice = _said("quotes", language, error=error)
        raise DataError(reason, file=path, line=reader.line_num, advice=advice) from error
    except (OSError, UnicodeDecodeError) as error:
        reason, advice = _said("utf-8", language)
        raise DataError(reason, file=path, advice=advice) from error
    missing = [name for name in columns if name not in (*header, *optional)]
    if missing:
        reason, advice = _said("column", language, name=missing[0], columns=",".join(columns))
        near = suggest(missing[0], header, language) or advice
        raise DataError(reason, file=path, line=1, advice=near)
    if header != [name for name in columns if name in header]:
        reason, advice = _said("header", language, found=",".join(header), columns=",".join(columns))
        raise DataError(reason, file=path, line=1, advice=advice)
    return [_line(path, number, row, columns, header, language) for number, row in rows]


def _line(
    path: Path, number: int, row: list[str], columns: Sequence[str], header: Sequence[str], language: str
) -> Line:
    if len(row) != len(header):
        reason, advice = _said("fields", language, found=len(row), expected=len(header))
        raise DataError(reason, file=path, line=number, advice=advice)
    fields = dict(zip(header, (field.strip() for field in row), strict=True))
    return Line(path, number, dict.fromkeys(columns, "") | fields, language)


def _said(kind: str, language: str, /, **values: object) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    reason, advice = (
        told("sd_covid.data", "tables.yaml", name, language, **values) for name in (kind, f"{kind}.advice")
    )
    return reason, advice
