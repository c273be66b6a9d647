"""Figures that a model takes from other files: ``GET DIRECT DATA`` and its kin, from text and from Excel.

In goes an equation that names a file and a cell; out come times and values, tables or numbers. Reading between points
is for the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from dataclasses import replace as replaced
from itertools import islice, pairwise, product
from math import prod

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import MissingDataError, ModelError
from sd_covid.model.definition import CONSTANTS, LOOKUPS, SERIES
from sd_covid.model.expression import Call, Number, Table, Text, Unary
from sd_covid.model.external.cells import Asker, is_within_study
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable
from sd_covid.model.symbols import Symbols

__all__ = ["CONSTANTS", "is_within_study", "read_series", "resolve_constants"]

Point = tuple[float, float]
_SHOWN = 5  # of the files that are not there


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
        column (``'A'``) holds times from the row of the cell downwards, a row (``'1'``) from its column to the right; a
        name that the workbook gives to a row or column of cells holds times from its first cell to its last.
    rank : int
        Which of the equation's elements, last subscript fastest: the series lie side by side, from the cell on.

    Returns
    -------
    times : ndarray, shape (point,)
        In the model's unit of time, increasing.
    values : ndarray, shape (point,)
        In the variable's unit. A point whose time or value is blank, or words without a digit, is left out; times that
        do not go on behind such a gap are those of another table.

    Raises
    ------
    ModelError
        When the file is not there or not below the study folder, or the arguments name no cell.
    DataError
        When the file cannot be read, a cell is no number, or times do not increase; names the row.
    """
    points = _Series(_asker(model, variable, equation), _call(equation)).points(rank)
    return np.array([when for when, _ in points]), np.array([what for _, what in points])


def resolve_constants(model: Model) -> None:
    """Put numbers where a model says ``GET DIRECT CONSTANTS``, and points where it says ``GET DIRECT LOOKUPS``.

    They are then constants and lookups like any other. Numbers of one dimension run to the right from the cell; with
    ``*`` behind the cell, downwards. Of two dimensions, the first runs down and the last to the right; with ``*`` the
    other way round. Points lie as those of `read_series`.

    Raises
    ------
    ModelError, DataError
        As `read_series`; and where there are more than two dimensions of numbers.
    """
    symbols = Symbols(model)
    try:
        _resolve(symbols)
    except MissingDataError as error:
        others = _missing_files(model)
        if len(others) > 1:
            shown = ", ".join(f"'{name}'" for name in others[:_SHOWN]) + (
                ", ..." if len(others) > _SHOWN else ""
            )
            error.advice = f"{error.advice}; {len(others)} files that it reads are not there: {shown}"
        raise


def _missing_files(model: Model) -> list[str]:
    """The files that a model reads and that are not there, in its order."""
    named: dict[str, Asker] = {}
    for variable in model.variables.values():
        for equation in variable.equations:
            call = equation.expression
            if (
                isinstance(call, Call)
                and key(call.function) in CONSTANTS | LOOKUPS | SERIES
                and call.arguments
            ):
                file = call.arguments[0]
                if isinstance(file, Text):
                    named.setdefault(file.value, _asker(model, variable, equation))
    return [file for file, asker in named.items() if asker.lacks(file)]


def _resolve(symbols: Symbols) -> None:
    for variable in symbols.model.variables.values():
        equations: list[Equation] = []
        for equation in variable.equations:
            function = key(equation.expression.function) if isinstance(equation.expression, Call) else ""
            if function in CONSTANTS:
                equations.append(_with_numbers(symbols, variable, equation))
            elif function in LOOKUPS:
                equations += _with_points(symbols, variable, equation)
            else:
                equations.append(equation)
        variable.equations[:] = equations


class _Series:
    """The series of one call: times, and side by side the values of the elements.

    Parameters
    ----------
    asker : Asker
    call : Call
        ``GET DIRECT DATA`` or ``GET DIRECT LOOKUPS``.
    """

    def __init__(self, asker: Asker, call: Call) -> None:
        self.asker = asker
        self.file, tab, axis, self.cell = [item.value for item in call.arguments if isinstance(item, Text)]
        self.grid = asker.grid(self.file, tab)
        self.first, starred = asker.block(self.grid, self.cell)
        if starred:
            raise asker.error(f"'{self.cell}': a series has no '*'", "leave it out")
        self.along, row_or_column, start, count = self._axis(axis)
        cells = [
            (row_or_column, at) if self.along else (at, row_or_column) for at in range(start, start + count)
        ]
        begin = list(islice((time for cell in cells if (time := self.grid.time(*cell)) is not None), 2))
        # the points of a table may be written from the last to the first
        self.falling = key(call.function) in LOOKUPS and begin != sorted(begin)
        self.times: list[float | None] = []
        last, gap = math.inf if self.falling else -math.inf, False
        for cell in cells:
            time = self.grid.time(*cell)
            if time is not None:
                goes_on = time < last if self.falling else time > last
                if gap and not goes_on:  # another table stands there
                    break
                last = time
            gap = time is None
            self.times.append(time)

    def _axis(self, axis: str) -> tuple[bool, int, int, int]:
        """Whether times run along a row; the number of their row or column, where they begin, how many there are."""
        asker, grid, first = self.asker, self.grid, self.first
        named = grid.names.get(axis.strip().lower())
        if named is not None:
            if min(named.rows, named.columns) > 1:
                raise asker.error(
                    f"'{axis}' names more than one row and column", "name one row or column of times"
                )
            along = named.columns > 1 or (named.rows == 1 and first.columns > 1)
            count = max(named.rows, named.columns)
            return (
                (along, named.row, named.column, count) if along else (along, named.column, named.row, count)
            )
        row, column = asker.row_or_column(axis)
        if row is not None:
            count = first.columns if first.columns > 1 else grid.width - first.column
            return True, row, first.column, max(count, 0)
        if column is not None:  # more than one row where a name or range says so
            count = first.rows if first.rows > 1 else grid.height - first.row
            return False, column, first.row, max(count, 0)
        reason = f"'{axis}' is neither a column nor a row"
        raise asker.error(reason, "write the column or row of the times, as 'A' or '1'")

    def points(self, rank: int) -> list[Point]:
        """The series of an element, by its rank among those of the equation."""
        down, right = (rank, 0) if self.along else (0, rank)
        points: list[Point] = []
        for at, time in enumerate(self.times):
            if time is None:
                continue
            row, column = (0, at) if self.along else (at, 0)
            value = self.grid.figure(self.first.row + down + row, self.first.column + right + column)
            if value is not None:
                points.append((time, value))
        if not points:
            raise self.asker.error(f"{self.file} has no figures from cell {self.cell} on", "check the cell")
        if self.falling:
            points.reverse()
        for (before, _), (after, _) in pairwise(points):
            if after <= before:
                reason = f"times do not increase in {self.file}: {after:g} comes after {before:g}"
                raise self.asker.error(reason, "put them in order, each once")
        return points


def _with_points(symbols: Symbols, variable: Variable, equation: Equation) -> list[Equation]:
    """A lookup equation as one for each of its elements, with its table."""
    series = _Series(_asker(symbols.model, variable, equation), _call(equation))
    members = [
        [symbols.spelling.get(item, item) for item in symbols.members(name) or ()]
        for name in equation.subscripts
    ]
    excluded = [symbols.box(clause) for clause in equation.excluded]
    made = []
    for rank, elements in enumerate(product(*members)):
        keys = [key(element) for element in elements]
        if any(all(item in side for item, side in zip(keys, box, strict=True)) for box in excluded):
            continue
        table = Table(tuple(series.points(rank)), place=equation.place)
        made.append(replaced(equation, subscripts=elements, excluded=(), expression=table))
    return made


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


def _with_numbers(symbols: Symbols, variable: Variable, equation: Equation) -> Equation:
    asker, call = _asker(symbols.model, variable, equation), _call(equation)
    file, tab, cell = [item.value for item in call.arguments if isinstance(item, Text)]
    sizes = [len(symbols.members(name) or ()) for name in equation.subscripts]
    shape = [
        size for name, size in zip(equation.subscripts, sizes, strict=True) if symbols.is_dimension(name)
    ]
    if len(shape) > 2:
        reason = f"{call.function} fills at most two dimensions, not {len(shape)}"
        raise asker.error(reason, "write one equation for each element of the first")
    grid = asker.grid(file, tab)
    first, turned = asker.block(grid, cell)
    rows, columns = shape[0] if len(shape) == 2 else 1, shape[-1] if shape else 1
    block = _Block(first.row, first.column, rows, columns, turned)
    if prod(shape) > grid.width * grid.height:
        raise asker.error(f"{file} has fewer cells than the {prod(shape)} elements")
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


def _asker(model: Model, variable: Variable, equation: Equation) -> Asker:
    return Asker(model, variable.name, equation.place)


def _call(equation: Equation) -> Call:
    if not isinstance(equation.expression, Call):
        place = equation.place
        raise ModelError("names no file", file=place.file, line=place.line)
    return equation.expression
