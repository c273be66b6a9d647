"""Series that a user gives with a model: values for its data variables that name no file themselves.

In go files: CSV, tab-separated text or an Excel workbook (its first sheet) with times down the first column and names
along the first row, or the other way round; or Vensim's ``.dat``, a name on a line of its own and then a time and a
value on each. Out come the series of the model, by the keys of variable and elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of
from sd_covid.model.external.grid import Grid, read_grid
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model

Series = tuple[tuple[float, ...], tuple[float, ...]]


def give_data(model: Model, files: Iterable[str | Path]) -> None:
    """Put series into a model.

    Parameters
    ----------
    model : Model
        Its `series` are filled.
    files : iterable of path
        Names in them that are no data variables of the model are left out; of a series that is in several, the first
        counts.

    Raises
    ------
    DataError
        When a file cannot be read or holds no series of the model, a cell is no number, or times do not increase.
    """
    wanted = {
        name
        for name, variable in model.variables.items()
        if any(equation.kind is Kind.DATA and equation.expression is None for equation in variable.equations)
    }
    for file in files:
        path = Path(file)
        found = read_series(path)
        used = [(name, series) for name, series in found if name[0] in wanted]
        if not used:
            names = [model.variables[name].name for name in sorted(wanted)]
            near = next(filter(None, (suggest(name[0], names) for name, _ in found)), None)
            reason = (
                "holds no data variable of the model" if names else "is not needed: the model lacks no data"
            )
            advice = near or (f"it lacks {', '.join(names[:5])}" if names else None)
            raise DataError(reason, advice=advice, file=path)
        for name, series in used:
            model.series.setdefault(name, series)


def read_series(path: Path) -> list[tuple[tuple[str, ...], Series]]:
    """Every series of a file, under the keys of its variable and elements.

    Raises
    ------
    DataError
        When the file is missing or cannot be read, a cell is no number, or times do not increase.
    """
    if not path.is_file():
        raise DataError("there is no such file", advice="check its name", file=path)
    return list(_columns(path))


def _columns(path: Path) -> Iterator[tuple[tuple[str, ...], Series]]:
    if path.suffix.lower() == ".dat":
        yield from _listed(path)
        return
    if path.suffix.lower() in {".vdf", ".vdfx"}:
        raise DataError(
            "Vensim's own form of results is not read", advice="export it as .tab or .csv", file=path
        )
    grid = read_grid(path, "", path.stem)
    down = _is_name(grid, 0, 1)
    count = grid.width if down else grid.height
    for at in range(1, count):
        header = (0, at) if down else (at, 0)
        name = grid.value(*header)
        if isinstance(name, str):
            points = [(grid.figure(*when), grid.figure(*what)) for when, what in _cells(grid, at, down=down)]
            yield _name(name), _series(path, name, points)


def _is_name(grid: Grid, row: int, column: int) -> bool:
    """Whether a cell of the first row holds a name rather than a time."""
    found = grid.value(row, column)
    if not isinstance(found, str):
        return False
    try:
        float(found)
    except ValueError:
        return True
    return False


def _cells(grid: Grid, at: int, *, down: bool) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    if down:
        return [((row, 0), (row, at)) for row in range(1, grid.height)]
    return [((0, column), (at, column)) for column in range(1, grid.width)]


def _listed(path: Path) -> Iterator[tuple[tuple[str, ...], Series]]:
    """Series of a ``.dat``."""
    try:
        lines = text_of(path, "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("cannot be read as UTF-8 text", advice="save it as UTF-8", file=path) from error
    name, points = "", list[tuple[float | None, float | None]]()
    for number, line in enumerate(lines, 1):
        parts = line.split("\t")
        if len(parts) == 1 and line.strip():
            if name:
                yield _name(name), _series(path, name, points)
            name, points = line.strip(), []
        elif line.strip():
            try:
                when, what = map(float, parts[:2])
            except ValueError as error:
                raise DataError("is no time and value", file=path, line=number, variable=name) from error
            points.append((when, what))
    if name:
        yield _name(name), _series(path, name, points)


def _name(text: str) -> tuple[str, ...]:
    """Keys of a variable and its elements, of ``name[Element A,Element B]``."""
    base, _, elements = text.strip().partition("[")
    return (key(base), *(key(item) for item in elements.removesuffix("]").split(",") if elements))


def _series(path: Path, name: str, points: Iterable[tuple[float | None, float | None]]) -> Series:
    known = [(when, what) for when, what in points if when is not None and what is not None]
    for (before, _), (after, _) in pairwise(known):
        if after <= before:
            reason = f"times do not increase: {after:g} comes after {before:g}"
            raise DataError(reason, advice="put them in order, each once", file=path, variable=name)
    return tuple(when for when, _ in known), tuple(what for _, what in known)
