"""Tab-separated tables with their lines: the raw side of a PEtab problem.

In: a file. Out: its columns and rows as text, each row with its line, and typed cells that complain with file, line and
column. What the cells mean together is for `sd_covid.calibration.problem`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.errors import ProblemError, suggest
from sd_covid.files import stream_of
from sd_covid.whole_files import write_whole

#: Words that PEtab v2 keeps for its formulas, whatever their capitals ("Reserved keywords").
RESERVED = frozenset(
    [
        "true",
        "false",
        "inf",
        "time",
        "nan",
        "pow",
        "exp",
        "sqrt",
        "log",
        "ln",
        "log2",
        "log10",
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "arcsin",
        "arccos",
        "arctan",
        "arccot",
        "arcsec",
        "arccsc",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "sech",
        "csch",
        "arcsinh",
        "arccosh",
        "arctanh",
        "arccoth",
        "arcsech",
        "arccsch",
        "piecewise",
        "abs",
        "sign",
        "min",
        "max",
    ]
)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, and where it stands."""

    cells: Mapping[str, str]
    file: Path
    line: int

    def error(self, column: str, reason: str, advice: str | None = None) -> ProblemError:
        """A fault in one cell of this row."""
        return ProblemError(
            f"{column}: {reason}", advice=advice, file=self.file, line=self.line, variable=column
        )

    def text(self, column: str) -> str:
        """The cell, without surrounding blanks; empty when the column is missing."""
        return self.cells.get(column, "").strip()

    def required(self, column: str) -> str:
        """The cell, which must not be empty.

        Raises
        ------
        ProblemError
        """
        found = self.text(column)
        if not found:
            raise self.error(column, "the cell is empty", "fill it in or remove the row")
        return found

    def identifier(self, column: str) -> str:
        """The cell as a PEtab identifier: letters, digits and underscores, not starting with a digit.

        Raises
        ------
        ProblemError
        """
        found = self.required(column)
        if IDENTIFIER.fullmatch(found) is None:
            advice = (
                "use letters, digits and underscores, and map it to the model's name in the mapping table"
            )
            raise self.error(column, f"'{found}' is not an identifier", advice)
        if found.lower() in RESERVED:
            reason = f"'{found}' is a word of the formulas, so it cannot name anything"
            raise self.error(column, reason, f"call it '{found}_'")
        return found

    def number(self, column: str) -> float | None:
        """The cell as a number, None when empty.

        Raises
        ------
        ProblemError
        """
        found = self.text(column)
        if not found:
            return None
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            raise self.error(column, f"'{found}' is not a number", "write it as 12.5, 1e-3 or inf")
        return value

    def items(self, column: str) -> tuple[str, ...]:
        """The cell as a list separated by semicolons; empty tuple when the cell is empty."""
        found = self.text(column)
        return tuple(item.strip() for item in found.split(";")) if found else ()

    def choice(self, column: str, choices: Sequence[str], default: str | None = None) -> str:
        """The cell as one of a closed set.

        Raises
        ------
        ProblemError
        """
        found = self.text(column)
        if not found and default is not None:
            return default
        if found not in choices:
            advice = suggest(found, choices) or "use one of " + ", ".join(choices)
            raise self.error(column, f"'{found}' is not one of {', '.join(choices)}", advice)
        return found


@dataclass(slots=True)
class Table:
    """A table file: columns in order, rows as text."""

    file: Path
    columns: list[str]
    rows: list[Row] = field(default_factory=list)


def read_table(file: Path, required: Iterable[str]) -> Table:
    """Read a tab-separated table. Unknown columns are kept.

    Parameters
    ----------
    file : Path
    required : iterable of str
        Columns that must be there.

    Raises
    ------
    ProblemError
        A missing file, text that is not UTF-8, a missing or repeated column, a row of another length.
    """
    try:
        text = stream_of(file)
    except FileNotFoundError as error:
        raise ProblemError(
            "the file does not exist", advice="check the name in problem.yaml", file=file
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        raise ProblemError(
            "the file is not readable UTF-8 text", advice="save it as UTF-8", file=file
        ) from error
    reader = csv.reader(text, delimiter="\t")
    columns = [name.strip() for name in next(reader, [])]
    for name in required:
        if name not in columns:
            advice = suggest(name, columns) or f"add the column '{name}'"
            raise ProblemError(f"column '{name}' is missing", advice=advice, file=file, line=1, variable=name)
    for name in columns:
        if columns.count(name) > 1:
            raise ProblemError(
                f"column '{name}' occurs twice", advice="keep one", file=file, line=1, variable=name
            )
    table = Table(file, columns)
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            reason = f"{len(cells)} cells in a table of {len(columns)} columns"
            raise ProblemError(reason, advice="separate cells by one tab", file=file, line=reader.line_num)
        table.rows.append(Row(dict(zip(columns, cells, strict=True)), file, reader.line_num))
    return table


def write_table(table: Table, file: Path) -> None:
    """Write a table as tab-separated UTF-8, columns and cells as they stand, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([row.cells.get(column, "") for column in table.columns] for row in table.rows)
    write_whole(file, text.getvalue())
