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
    """

    file: Path
    number: int
    values: Mapping[str, str]

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
            reason = f"'{self[column]}' is not a number"
            raise self.error(column, reason, "write a number, with a point for decimals") from error
        if not math.isfinite(value):
            raise self.error(
                column, f"'{self[column]}' is not a finite number", "write a number, or leave it out"
            )
        return value

    def choice(self, column: str, known: Sequence[str]) -> str:
        """The text of a column, which must be one of these.

        Raises
        ------
        DataError
            When it is not; names the nearest.
        """
        if self[column] not in known:
            advice = suggest(self[column], known) or f"use one of {', '.join(known)}"
            raise self.error(column, f"'{self[column]}' is not known here", advice)
        return self[column]


def read_lines(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Line]:
    """The rows of a table with exactly these columns.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        In the order of the file.
    optional : sequence of str
        Those of them that the file may lack; their texts are then empty.

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
        raise DataError(
            f"not a table: {error}", file=path, line=reader.line_num, advice="mind the quotes"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("not a table in UTF-8", file=path, advice="save it as CSV in UTF-8") from error
    missing = [name for name in columns if name not in (*header, *optional)]
    if missing:
        near = suggest(missing[0], header) or f"write {','.join(columns)}"
        raise DataError(f"the column '{missing[0]}' is missing", file=path, line=1, advice=near)
    if header != [name for name in columns if name in header]:
        raise DataError(
            f"the header is '{','.join(header)}'", file=path, line=1, advice=f"write {','.join(columns)}"
        )
    return _lines(path, columns, header, rows)


def _lines(
    path: Path, columns: Sequence[str], header: Sequence[str], rows: Sequence[tuple[int, list[str]]]
) -> list[Line]:
    lines = []
    for number, row in rows:
        if len(row) != len(header):
            raise DataError(
                f"{len(row)} fields, where {len(header)} are expected",
                file=path,
                line=number,
                advice="put text with commas in double quotes",
            )
        fields = dict(zip(header, (field.strip() for field in row), strict=True))
        lines.append(Line(path, number, dict.fromkeys(columns, "") | fields))
    return lines
