"""Reference outputs of other programs: the ``output.csv`` or ``output.tab`` that lies beside a model.

In goes the file; out come times and columns, with the digits that were written. What a column is called in the model
is for `sd_covid.analysis.conformance`.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import DataError
from sd_covid.files import bytes_of

#: In order of preference, as in SDXorg/test-models and PySD. Where a folder holds what Stella gave as well, models in
#: Stella's formats are compared with that: what Vensim can say otherwise is not always in them.
NAMES = ("output.csv", "output.tab")
_STELLA, _STELLA_SUFFIXES = "output_stella.csv", frozenset({".xmile", ".stmx"})
_MANTISSA = re.compile(r"[-+]?0*\.?0*([\d.]*)(?:[eE].*)?")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a reference output.

    Attributes
    ----------
    name : str
        As in the header, without quotes around all of it.
    values : ndarray, shape (time,)
        NaN where the cell is empty.
    given : ndarray of bool, shape (time,)
        Where the cell is not empty; Vensim writes a constant in the first row only.
    digits : int
        The most significant digits of any value.
    """

    name: str
    values: NDArray[np.float64]
    given: NDArray[np.bool_]
    digits: int


@dataclass(frozen=True, slots=True)
class ReferenceOutput:
    """Times, shape (time,), and the other columns."""

    path: Path
    times: NDArray[np.float64]
    columns: tuple[Column, ...]


def find_reference(model: Path) -> Path | None:
    """The reference output beside a model, if there is one."""
    names = (_STELLA, *NAMES) if model.suffix.lower() in _STELLA_SUFFIXES else NAMES
    return next((path for name in names if (path := model.parent / name).is_file()), None)


def read_reference(path: Path) -> ReferenceOutput:
    """Read a reference output.

    Parameters
    ----------
    path : Path
        Tab-separated, or comma-separated when it ends in ``.csv``; the first column holds the times, whatever it is
        called. Read as UTF-8, and where it is none as Windows' Latin alphabet.

    Returns
    -------
    ReferenceOutput

    Raises
    ------
    DataError
        When it holds no table of numbers; names the line.
    """
    rows = list(csv.reader(_text(path).splitlines(), delimiter="," if path.suffix == ".csv" else "\t"))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise DataError("holds no results", advice="export header and values", file=path)
    header, body = rows[0], rows[1:]
    cells = [[row[at].strip() if at < len(row) else "" for row in body] for at in range(len(header))]
    found = [_column(path, name, column) for name, column in zip(header, cells, strict=True) if name.strip()]
    if not found[0].given.all():
        raise DataError("a row has no time", advice="the first column holds the times", file=path)
    return ReferenceOutput(path, found[0].values, tuple(found[1:]))


def _text(path: Path) -> str:
    raw = bytes_of(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _column(path: Path, name: str, cells: list[str]) -> Column:
    values = np.full(len(cells), math.nan)
    for row, cell in enumerate(cells):
        if not cell:
            continue
        try:
            values[row] = float(cell)
        except ValueError:
            raise DataError(f"'{cell}' is no number", file=path, line=row + 2, variable=name) from None
    given = np.array([bool(cell) for cell in cells])
    return Column(_unquoted(name), values, given, max((_digits(cell) for cell in cells), default=0))


def _unquoted(name: str) -> str:
    """A name without double quotes around all of it, with one blank for each run of blanks."""
    name = " ".join(name.split())
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name


def _digits(cell: str) -> int:
    """Significant digits as written."""
    found = _MANTISSA.match(cell)
    return 0 if found is None else len(found[1].replace(".", ""))
