"""Elements of a subscript range that stand in another file: ``GET DIRECT SUBSCRIPT`` and ``GET XLS SUBSCRIPT``.

In goes the definition of a range; it comes out with its elements written out.
"""

from __future__ import annotations

from dataclasses import replace

from sd_covid.model.definition import Import, RangeDefinition
from sd_covid.model.external.cells import Asker
from sd_covid.model.external.grid import Grid
from sd_covid.model.structure import Model

_FORM = "GET DIRECT SUBSCRIPT('file', 'tab', 'first cell', 'last cell', 'prefix')"


def with_imports(model: Model, definition: RangeDefinition) -> RangeDefinition:
    """Write out what a range takes from a file.

    The last cell may be a column (``'A'``: downwards as far as there is something) or a row (``'2'``: to the right).

    Raises
    ------
    ModelError, DataError
        When there is no such file or cell, or nothing in it.
    """
    if definition.imported is None:
        return definition
    asker = Asker(model, definition.name, definition.place)
    return replace(definition, items=tuple(_elements(asker, definition.imported)), imported=None)


def _elements(asker: Asker, imported: Import) -> list[str]:
    if len(imported.texts) not in {4, 5}:
        given = len(imported.texts)
        raise asker.error(f"{imported.function} takes 5 arguments, not {given}", f"write {_FORM}")
    file, tab, first, last, *rest = imported.texts
    prefix = rest[0] if rest else ""
    grid = asker.grid(file, tab)
    names = []
    for at in _cells(asker, grid, first, last):
        found = grid.value(*at)
        if found is None:
            raise grid.error(*at, "is empty, where an element should stand")
        names.append(prefix + _text(found))
    if not names:
        raise asker.error(f"{file} has no elements from cell {first} on", "check the cell")
    return names


def _cells(asker: Asker, grid: Grid, first: str, last: str) -> list[tuple[int, int]]:
    start, _ = asker.block(grid, first)
    row, column = asker.row_or_column(last)
    if row is not None:  # along the row of the first cell
        return _filled(grid, [(start.row, at) for at in range(start.column, grid.width)])
    if column is not None and last.strip().lower() not in grid.names:
        return _filled(grid, [(at, start.column) for at in range(start.row, grid.height)])
    end, _ = asker.block(grid, last)
    rows = range(start.row, end.row + end.rows)
    columns = range(start.column, end.column + end.columns)
    return [(down, right) for down in rows for right in columns]


def _filled(grid: Grid, cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cells up to the last that holds something."""
    while cells and grid.value(*cells[-1]) is None:
        cells.pop()
    return cells


def _text(value: object) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip()
