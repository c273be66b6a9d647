"""What PySD's models return: results as a DataFrame, their documentation, and the points of series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.engine.graph.program import Driver
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.model.expression import Call
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Variable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Column = tuple[str, str]  # name in the model, and as it was asked for

#: PySD's word for what remembers, by the function it is written with.
_STATEFUL = {
    "integ": "Integ",
    "smooth": "Smooth",
    "smoothi": "Smooth",
    "smooth3": "Smooth",
    "smooth3i": "Smooth",
    "smooth n": "Smooth",
    "delay1": "Delay",
    "delay1i": "Delay",
    "delay3": "Delay",
    "delay3i": "Delay",
    "delay n": "Delay",
    "delay fixed": "DelayFixed",
    "trend": "Trend",
    "forecast": "Forecast",
    "sample if true": "SampleIfTrue",
    "initial": "Initial",
}


def to_frame(
    simulation: Simulation, frame: pd.DataFrame, columns: Sequence[Column], flatten: bool
) -> pd.DataFrame:
    """Results under the names they were asked for.

    Parameters
    ----------
    simulation : Simulation
    frame : DataFrame
        A column for each element, as `Simulation.table` gives them.
    columns : sequence of (str, str)
    flatten : bool
        Else the elements of an array come as one column of DataArrays.

    Returns
    -------
    DataFrame
    """
    if flatten or frame.shape[1] == len(columns):
        return frame.set_axis(headings(simulation, columns), axis=1)
    import pandas as pd
    import xarray as xr

    made: dict[str, Any] = {}
    first = 0
    for name, asked in columns:
        cells = simulation.names.cells(name)
        values = frame.iloc[:, first : first + len(cells)].to_numpy()
        first += len(cells)
        if len(cells) == 1:
            made[asked] = values[:, 0]
            continue
        variable = simulation.model.variables[key(name)]
        dimensions = simulation.subscripts.dimensions(variable)
        elements = [list(dict.fromkeys(cell.elements[i] for cell in cells)) for i in range(len(dimensions))]
        shape = [len(item) for item in elements]
        coordinates = [
            (simulation.model.dimensions[dimension].name, [simulation.subscripts.spelling[e] for e in item])
            for dimension, item in zip(dimensions, elements, strict=True)
        ]
        at = np.array(
            [[item.index(e) for item, e in zip(elements, cell.elements, strict=True)] for cell in cells]
        )
        full = np.full((len(values), *shape), np.nan)
        full[:, *at.T] = values  # equations may define elements in any order, and not all
        made[asked] = [xr.DataArray(row, coordinates) for row in full]
    return pd.DataFrame(made, index=frame.index)


def headings(simulation: Simulation, columns: Sequence[Column]) -> list[str]:
    """The heading of every element: the name asked for, with the elements of an array behind it."""
    found: list[str] = []
    for name, asked in columns:
        cells = simulation.names.cells(name)
        if len(cells) == 1:
            found.append(asked)
            continue
        base = asked.partition("[")[0]
        found += [f"{base}[{simulation.names.spell(cell).rpartition('[')[2]}" for cell in cells]
    return found


def refuse_file(path: Path) -> None:
    """Refuse, before the run, a file that its results could not be written to.

    Raises
    ------
    RunError
        For another suffix than ``.csv``, ``.tab`` or ``.nc``, or a folder that is not there.
    """
    if path.suffix not in (".csv", ".tab", ".nc"):
        raise RunError("has no known form", advice="choose .csv, .tab or .nc", file=path)
    if not path.parent.is_dir():
        raise RunError("its folder is not there", advice=f"make {path.parent} first", file=path)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write results as PySD does: ``.csv`` or ``.tab`` with a column of times, or ``.nc``."""
    if path.suffix == ".nc":
        frame.to_xarray().to_netcdf(path)
    else:
        frame.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index_label="Time")


def documentation(simulation: Simulation, namespace: Mapping[str, str]) -> pd.DataFrame:
    """PySD's table of a model's variables, in the order of their names."""
    import pandas as pd

    rows = [
        {
            "Real Name": name,
            "Py Name": identifier,
            **_described(simulation, simulation.model.variables.get(key(name))),
        }
        for name, identifier in namespace.items()
    ]
    return pd.DataFrame(rows).sort_values("Real Name").reset_index(drop=True)


def _described(simulation: Simulation, variable: Variable | None) -> dict[str, Any]:
    if variable is None:  # Time itself
        told = {"Subscripts": None, "Units": None, "Limits": (np.nan, np.nan), "Type": None, "Subtype": None}
        return {**told, "Comment": "Current time of the model."}
    low, high, _ = variable.limits
    kind, subtype = _type(simulation, variable)
    dimensions = simulation.subscripts.dimensions(variable)
    return {
        "Subscripts": [simulation.model.dimensions[d].name for d in dimensions] or None,
        "Units": variable.units or None,
        "Limits": (np.nan if low is None else low, np.nan if high is None else high),
        "Type": kind,
        "Subtype": subtype,
        "Comment": variable.documentation or None,
    }


def _type(simulation: Simulation, variable: Variable) -> tuple[str, str]:
    """PySD's type and subtype."""
    first = variable.equations[0]
    if first.kind is Kind.LOOKUP:
        return "Lookup", "Normal"
    if first.kind is Kind.DATA:
        return "Data", "Normal"
    if isinstance(first.expression, Call) and key(first.expression.function) in _STATEFUL:
        return "Stateful", _STATEFUL[key(first.expression.function)]
    cells = simulation.names.cells(variable.name)
    constant = all(simulation.names.spell(cell) in simulation.constants for cell in cells)
    return ("Constant" if constant else "Auxiliary"), "Normal"


def series_data(simulation: Simulation, name: str) -> xr.DataArray:
    """The points of a lookup (dimension ``lookup_dim``) or of a data series (dimension ``time``).

    Raises
    ------
    RunError
        For another kind of variable, one with subscripts, or data that no file holds.
    """
    import xarray as xr

    variable = simulation.model.variables[name]
    equation = variable.equations[0]
    if equation.subscripts:
        raise RunError(
            f"'{variable.name}' has subscripts; its points are not told",
            advice="read them from the model file",
        )
    if equation.kind is Kind.LOOKUP:
        dimension, points = "lookup_dim", equation.table.points
        x, y = (list(item) for item in zip(*points, strict=True))
    else:
        found = next((item for item in simulation.program.drivers if key(item.name) == name), None)
        if not isinstance(found, Driver):
            raise RunError(f"'{variable.name}' is neither a lookup nor a data series", variable=variable.name)
        dimension, x, y = "time", list(found.times), list(found.values)
    return xr.DataArray(y, {dimension: x}, [dimension])
