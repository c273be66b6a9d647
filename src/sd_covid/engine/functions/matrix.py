"""INVERT MATRIX, by Gauss-Jordan elimination with pivots, all in graph algebra."""

from __future__ import annotations

from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import array_of
from sd_covid.model.expression import Call, Reference, Subscript
from sd_covid.model.names import key

MAX_SIZE = 60

Rows = list[list[int]]


def _invert_matrix(here: Context, call: Call) -> int:
    """INVERT MATRIX(matrix, size): row and column are the last two subscripts, which stand on the left side too."""
    _, reference = array_of(here, call, call.arguments[0])
    dimensions = here.lowering.subscripts.elements
    axes = [key(item.name) for item in reference.subscripts[-2:]]
    if len(axes) < 2 or any(axis not in here.binding or axis not in dimensions for axis in axes):
        raise here.error(
            "INVERT MATRIX needs the same two last subscripts on both sides",
            call.place,
            "write inverse[Row, Column] = INVERT MATRIX(matrix[Row, Column], size)",
        )
    rows, columns = (dimensions[axis] for axis in axes)
    # matrix[Row,Row] only says where the matrix begins; the left side has a range for each of its subscripts
    left = axes if axes[0] != axes[1] else [name for name in here.binding if name in dimensions][-2:]
    if axes[0] == axes[1] and [len(dimensions[name]) for name in left] != [len(rows)] * 2:
        raise here.error(
            f"INVERT MATRIX of a matrix of {len(rows)} rows needs two ranges of as many elements on the left side",
            call.place,
            "write inverse[Row, Column] = INVERT MATRIX(matrix[Row, Column], size)",
        )
    if len(rows) != len(columns) or len(rows) > MAX_SIZE:
        raise here.error(
            f"INVERT MATRIX needs a square matrix of up to {MAX_SIZE} rows, not {len(rows)} by {len(columns)}",
            call.place,
        )
    others = sorted((name, element) for name, element in here.binding.items() if name not in left)
    nodes = here.once(  # every element of the inverse asks for the whole matrix
        f"matrix {id(call)} {others}",
        [],
        lambda: [here.value(_at(reference, row, column)) for row in rows for column in columns],
    )
    size = len(rows)
    matrix = [nodes[at : at + size] for at in range(0, size * size, size)]
    inverse = here.once("inverse", nodes, lambda: inverted(here, matrix))
    row, column = (dimensions[name].index(here.binding[name]) for name in left)
    return inverse[row * size + column]


def _at(matrix: Reference, row: str, column: str) -> Reference:
    """An element of a matrix."""
    return Reference(matrix.name, (*matrix.subscripts[:-2], Subscript(row), Subscript(column)), matrix.place)


def inverted(here: Context, matrix: Rows) -> list[int]:
    """The inverse of a square matrix of nodes, row by row; infinite or NaN where there is none."""
    size = len(matrix)
    unit = [[here.number(float(i == j)) for j in range(size)] for i in range(size)]
    rows = [[*row, *ones] for row, ones in zip(matrix, unit, strict=True)]
    for k in range(size):
        for below in range(k + 1, size):
            _order_by_size(here, rows, k, below)
        inverse = here.add("div", here.number(1.0), rows[k][k])
        rows[k] = [here.add("mul", x, inverse) for x in rows[k]]
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [
                    here.add("sub", x, here.add("mul", factor, y)) if j > k else x
                    for j, (x, y) in enumerate(zip(rows[i], rows[k], strict=True))
                ]
    return [x for row in rows for x in row[size:]]


def _order_by_size(here: Context, rows: Rows, k: int, below: int) -> None:
    """Swap two rows where the lower one has the larger number in column k."""
    swap = here.add("gt", here.add("abs", rows[below][k]), here.add("abs", rows[k][k]))
    upper, lower = rows[k], rows[below]
    rows[k] = [here.add("select", swap, b, a) for a, b in zip(upper, lower, strict=True)]
    rows[below] = [here.add("select", swap, a, b) for a, b in zip(upper, lower, strict=True)]


FUNCTIONS: dict[str, Lower] = {"invert matrix": _invert_matrix}
