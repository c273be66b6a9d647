"""Figures that a model takes from other files: ``GET DIRECT DATA`` and its kin, from CSV and from Excel.

In goes an equation that names a file and a cell; out come times and values, or numbers. Files are read only below the
study folder. Reading between points is for the engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace as replaced
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Number, Text, Unary
from sd_covid.model.grid import Grid, read_grid
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable
from sd_covid.model.study import study_folder
from sd_covid.model.symbols import Symbols

CONSTANTS = frozenset({"get direct constants", "get xls constants"})
_CELL = re.compile(r"([A-Za-z]{1,3})([1-9]\d{0,6})(\*?)")


def read_series(
    model: Model, variable: Variable, equation: Equation, *, rank: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the series that a data equation names.

    Parameters
    ----------
    model : Model
    variable : Variable
        The data variable; for messages.
    equation : Equation
        One of its equations: ``GET DIRECT DATA('file', 'tab', 'time row or column', 'cell')``, or ``GET XLS DATA``. The
        file is looked for beside the model file that holds the equation. For text files ``tab`` is the delimiter. A
        column (``'A'``) holds times from the row of the cell downwards, a row (``'1'``) from its column to the right.
    rank : int
        Which of the equation's elements, last subscript fastest: the series lie side by side, from the cell on.

    Returns
    -------
    times : ndarray, shape (point,)
        In the model's unit of time, increasing.
    values : ndarray, shape (point,)
        In the variable's unit. A point whose time or value is blank is left out.

    Raises
    ------
    ModelError
        When the file is not there or not below the study folder, or the arguments name no cell.
    DataError
        When the file cannot be read, a cell is no number, or times do not increase; names the row.
    """
    call = _call(equation)
    file, tab, axis, cell = [item.value for item in call.arguments if isinstance(item, Text)]
    grid = read_grid(_path(model, variable, equation, file), tab, variable.name)
    row, column, turned = _cell(variable, equation, cell)
    if turned:
        raise _error(variable, equation, f"'{cell}': a series has no '*'", "leave it out")
    if axis.isdecimal() and axis.isascii() and int(axis[:8]) >= 1:
        times = [(int(axis[:8]) - 1, at) for at in range(column, grid.width)]
        values = [(row + rank, at) for at in range(column, grid.width)]
    else:
        at_time = _column(variable, equation, axis)
        times = [(at, at_time) for at in range(row, grid.height)]
        values = [(at, column + rank) for at in range(row, grid.height)]
    found = [(grid.number(*when), grid.number(*what)) for when, what in zip(times, values, strict=True)]
    points = [(when, what) for when, what in found if when is not None and what is not None]
    _check_times(variable, equation, points, grid, cell)
    return np.array([when for when, _ in points]), np.array([what for _, what in points])


def resolve_constants(model: Model) -> None:
    """Put numbers where a model says ``GET DIRECT CONSTANTS``, so that they are constants like any other.

    Numbers of one dimension run to the right from the cell; with ``*`` behind the cell, downwards. Of two dimensions,
    the first runs down and the last to the right; with ``*`` the other way round.

    Raises
    ------
    ModelError, DataError
        As `read_series`; and where there are more than two dimensions.
    """
    symbols = Symbols(model)
    for variable in model.variables.values():
        for place, equation in enumerate(variable.equations):
            if isinstance(equation.expression, Call) and key(equation.expression.function) in CONSTANTS:
                variable.equations[place] = _with_numbers(model, symbols, variable, equation)


def is_within_study(path: Path, owner: Path) -> bool:
    """Whether a file, links resolved, lies below the study folder of another."""
    return path.resolve().is_relative_to(study_folder(owner))


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of cells, and whether its rows are to be read downwards."""

    row: int
    column: int
    rows: int
    columns: int
    turned: bool

    def cells(self) -> list[tuple[int, int]]:
        """Its cells, last subscript fastest."""
        steps = [(down, right) for down in range(self.rows) for right in range(self.columns)]
        return [
            (self.row + (right if self.turned else down), self.column + (down if self.turned else right))
            for down, right in steps
        ]


def _with_numbers(model: Model, symbols: Symbols, variable: Variable, equation: Equation) -> Equation:
    call = _call(equation)
    file, tab, cell = [item.value for item in call.arguments if isinstance(item, Text)]
    sizes = [len(symbols.members(name) or ()) for name in equation.subscripts]
    shape = [
        size for name, size in zip(equation.subscripts, sizes, strict=True) if symbols.is_dimension(name)
    ]
    if len(shape) > 2:
        reason = f"{call.function} fills at most two dimensions, not {len(shape)}"
        raise _error(variable, equation, reason, "write one equation for each element of the first")
    row, column, turned = _cell(variable, equation, cell)
    grid = read_grid(_path(model, variable, equation, file), tab, variable.name)
    block = _Block(row, column, shape[0] if len(shape) == 2 else 1, shape[-1] if shape else 1, turned)
    if prod(shape) > grid.width * grid.height:
        raise _error(variable, equation, f"{file} has fewer cells than the {prod(shape)} elements")
    values = []
    for at in block.cells():
        number = grid.number(*at)
        if number is None:
            raise grid.error(*at, f"is empty, where '{variable.name}' has an element")
        values.append(number)
    if equation.subscripts:
        return replaced(equation, kind=Kind.ARRAY, expression=None, values=tuple(values))
    number_at = Number(abs(values[0]), equation.place)
    signed = Unary("-", number_at, equation.place) if values[0] < 0 else number_at
    return replaced(equation, kind=Kind.EQUATION, expression=signed)


def _call(equation: Equation) -> Call:
    assert isinstance(equation.expression, Call), "only an equation that reads a file comes here"
    return equation.expression


def _path(model: Model, variable: Variable, equation: Equation, name: str) -> Path:
    owner = equation.place.file or model.path
    if owner is None:
        raise _error(variable, equation, f"'{name}' cannot be found: the model has no file", "save it first")
    try:
        path = (owner.parent / name.replace("\\", "/")).resolve()
        inside, there = is_within_study(path, owner), path.is_file()
    except (OSError, ValueError) as error:
        raise _error(variable, equation, f"'{name}' is no path of a file", "check its name") from error
    if not inside:
        reason = f"'{name}' is not below the study folder {study_folder(owner)}"
        raise _error(variable, equation, reason, "move the file into the study")
    if not there:
        raise _error(variable, equation, f"there is no file '{name}'", f"it is looked for in {owner.parent}")
    return path


def _cell(variable: Variable, equation: Equation, text: str) -> tuple[int, int, bool]:
    """Row and column of a cell, both from 0, and whether a ``*`` follows."""
    found = _CELL.fullmatch(text.strip())
    if found is None:
        raise _error(
            variable, equation, f"'{text}' is no cell", "write it as 'B2'; names of cells are not read"
        )
    return int(found[2]) - 1, _column(variable, equation, found[1]), bool(found[3])


def _column(variable: Variable, equation: Equation, letters: str) -> int:
    """Number of a column, from 0."""
    if not re.fullmatch(r"[A-Za-z]{1,3}", letters.strip()):
        reason = f"'{letters}' is neither a column nor a row"
        raise _error(variable, equation, reason, "write the column or row of the times, as 'A' or '1'")
    number = 0
    for letter in letters.strip().upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _check_times(
    variable: Variable, equation: Equation, points: list[tuple[float, float]], grid: Grid, cell: str
) -> None:
    if not points:
        raise _error(
            variable, equation, f"{grid.path.name} has no figures from cell {cell} on", "check the cell"
        )
    for (before, _), (after, _) in pairwise(points):
        if after <= before:
            reason = f"times do not increase in {grid.path.name}: {after:g} comes after {before:g}"
            raise _error(variable, equation, reason, "put them in order, each once")


def _error(variable: Variable, equation: Equation, reason: str, advice: str | None = None) -> ModelError:
    place = equation.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=variable.name)
