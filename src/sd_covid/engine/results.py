"""Results as an xarray Dataset: units and documentation with every variable, and what made it with the whole."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.subscripts import Cell, Subscripts
from sd_covid.model.expression import Binary, chain
from sd_covid.model.names import key
from sd_covid.model.structure import Model

_LEAVES = frozenset({type(None), bool, float, int, str})
_LONG = 100  # operations in a row that are hashed as a row, because nested ones recurse

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def model_hash(model: Model, program: Program) -> str:
    """A fingerprint of what a model means: equations, dimensions, method and data; not their place or wording.

    Only what differs from a default enters, so that a new kind of equation leaves the models without it alone.
    """
    equations = sorted((name, _told(variable.equations)) for name, variable in model.variables.items())
    dimensions = sorted(
        (name, d.elements, sorted(d.mappings.items())) for name, d in model.dimensions.items()
    )
    told = ", ".join(f"({name!r}, {text})" for name, text in equations)
    content = f"([{told}], {dimensions!r}, {str(model.settings.method)!r}, {_told(program.drivers)})"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _told(value: Any) -> str:
    """A value as nested tuples are written: of a dataclass the fields that are compared and not at their default."""
    kind = type(value)
    if kind in _LEAVES:
        return repr(value)
    if kind is tuple or kind is list:
        return _tuple([_told(item) for item in value])
    if isinstance(value, Enum):
        return repr(str(value))
    if isinstance(value, str | float | int):  # numpy's among them
        return repr(value)
    if kind is Binary:
        first, links = chain(value)
        if len(links) > _LONG:
            return _tuple(
                ["'row'", _told(first), *(f"({link.operator!r}, {_told(link.right)})" for link in links)]
            )
    told = [repr(kind.__name__)]
    for name, default in _compared(cast(Hashable, kind)):
        found = getattr(value, name)
        if found is not default and found != default:
            told.append(f"({name!r}, {_told(found)})")
    return _tuple(told)


def _tuple(items: list[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


@functools.cache
def _compared(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass that count when two are compared, and their defaults."""
    return tuple(
        (field.name, field.default) for field in dataclasses.fields(cast(type, kind)) if field.compare
    )


def dates(times: NDArray[np.float64], calendar: tuple[str, str]) -> NDArray[np.datetime64]:
    """The dates of model times.

    Parameters
    ----------
    times : ndarray
        Model time, in the calendar's unit since its origin.
    calendar : tuple of str
        Origin, such as ``2015-01`` or ``2020-03-01``, and unit: day, week, month, quarter or year. Within a
        month, a fraction is that part of its days.
    """
    origin, unit = calendar
    if unit in ("day", "week"):
        days = times * (7 if unit == "week" else 1)
        return np.datetime64(origin, "D") + np.round(days).astype(int).astype("timedelta64[D]")
    months = times * {"month": 1, "quarter": 3, "year": 12}[unit]
    whole = np.floor(months + 1e-9).astype(int)  # a sum of steps may fall a rounding error short of the month
    first = (np.datetime64(origin, "M") + whole.astype("timedelta64[M]")).astype("datetime64[D]")
    length = ((first.astype("datetime64[M]") + 1).astype("datetime64[D]") - first).astype(int)
    return np.asarray(first + np.floor((months - whole) * length + 1e-9).astype(int).astype("timedelta64[D]"))


def attributes(model: Model, program: Program, fingerprint: str, **more: Any) -> dict[str, Any]:
    """What made a result: model, its hash, versions, and what the caller adds."""
    return {
        "model": model.name,
        "model_hash": fingerprint,
        "integration": str(program.method),
        "versions": versions(),
        **more,
    }


@functools.cache
def versions() -> str:
    """Names and versions of what computes, in turn."""
    return " ".join(f"{name} {version(name)}" for name in ("sd-covid", "numpy", "llvmlite"))


def dataset(
    model: Model,
    subscripts: Subscripts,
    columns: Mapping[str, Sequence[Cell]],
    values: NDArray[np.float64],
    leading: Mapping[str, Any],
    attrs: dict[str, Any],
) -> xr.Dataset:
    """Arrange the rows of a run as variables.

    Parameters
    ----------
    columns : mapping
        For each name, in order, the cells it holds.
    values : ndarray, shape (cell, ...)
        Rows in the order of the columns.
    leading : mapping
        Name and coordinate of each further dimension of ``values``.
    attrs : dict

    Returns
    -------
    xarray.Dataset
        Dimensions of ``leading``, then subscripts. Views of ``values``, no copies.
    """
    import xarray as xr

    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {name: (name, _index(item)) for name, item in leading.items()}
    if model.calendar is not None and "time" in leading:
        coordinates["date"] = _variable(
            "time", dates(leading["time"], model.calendar).astype("datetime64[ns]")
        )
    row = 0
    for name, cells in columns.items():
        block = values[row : row + len(cells)]
        row += len(cells)
        variable = model.variables[cells[0].variable]
        dims: list[str] = []
        if key(name) == variable.key and cells[0].elements:  # the whole array
            keys = subscripts.dimensions(variable)
            block, dims = _as_array(model, subscripts, keys, cells, block, coordinates)
        else:
            block = block[0]
        text = {"units": variable.units, "documentation": variable.documentation}
        told = {k: v for k, v in text.items() if v}
        variables[name] = _variable((*leading, *dims), block, told)
    return xr.Dataset(variables, coordinates, attrs)


def _variable(
    dims: str | tuple[str, ...], values: NDArray[Any], attrs: dict[str, str] | None = None
) -> xr.Variable:
    """Of an array that it is to look at itself, xarray would load every array library that is installed."""
    import xarray as xr

    return xr.Variable(dims, values, attrs, fastpath=True)


def _index(coordinate: NDArray[Any]) -> NDArray[Any] | pd.Index[Any]:
    """Numbers as an index: of an array, xarray makes one only after it has loaded every array library there is."""
    import pandas as pd

    return pd.Index(coordinate) if coordinate.dtype.kind in "fiu" else coordinate


def _as_array(
    model: Model,
    subscripts: Subscripts,
    keys: Sequence[str],
    cells: Sequence[Cell],
    block: NDArray[np.float64],
    coordinates: dict[str, Any],
) -> tuple[NDArray[np.float64], list[str]]:
    """Rows of an array variable with its subscripts as last dimensions; elements without an equation are NaN."""
    shape = [len(subscripts.elements[k]) for k in keys]
    names: list[str] = []
    for k in keys:  # x[D,D] has dimensions 'D' and 'D 2'
        name = model.dimensions[k].name
        names.append(
            name if name not in names else f"{name} {sum(other == k for other in keys[: len(names)]) + 1}"
        )
    for k, name in zip(keys, names, strict=True):
        coordinates[name] = _variable(
            name, np.array([subscripts.spelling[e] for e in subscripts.elements[k]])
        )
    at = [
        tuple(subscripts.position(k, e) - 1 for k, e in zip(keys, cell.elements, strict=True))
        for cell in cells
    ]
    expected = list(np.ndindex(*shape))
    if at != expected:
        full = np.full((len(expected), *block.shape[1:]), np.nan)
        for position, row in zip(at, block, strict=True):
            full[np.ravel_multi_index(position, shape)] = row
        block = full
    arranged = block.reshape(*shape, *block.shape[1:])
    n = len(shape)
    return np.moveaxis(arranged, tuple(range(n)), tuple(range(-n, 0))), names


def failed(result: xr.Dataset) -> pd.DataFrame:
    """Where a batch went wrong.

    Parameters
    ----------
    result : Dataset
        Of `Simulation.run`.

    Returns
    -------
    DataFrame
        One row for each failed member and variable: ``member``, ``variable``, ``time`` of the first value that
        is not finite.
    """
    import pandas as pd

    rows: list[tuple[int, str, float]] = []
    members = result["member"].to_numpy() if "member" in result.dims else np.array([0])
    for name, array in result.data_vars.items():
        values = array.to_numpy()
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(values.sum()):  # as nearly always, and found in half the time
                continue
        bad = ~np.isfinite(values)
        if "member" not in result.dims:
            bad = bad[None]
        first = bad.reshape(*bad.shape[:2], -1).any(axis=2)
        times = result["time"].to_numpy()
        rows += [
            (int(members[k]), str(name), float(times[first[k].argmax()]))
            for k in np.flatnonzero(first.any(axis=1))
        ]
    return pd.DataFrame(rows, columns=["member", "variable", "time"])
