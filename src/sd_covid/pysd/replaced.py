"""A model in which some variables are given from outside: as a constant, or as a series over time.

PySD lets any variable be replaced, calculated ones too. Here that makes another model, which is compiled once: where
only the numbers change afterwards, they are parameters of the same kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.model.expression import Number, Table
from sd_covid.model.structure import Equation, Kind, Model, Variable

if TYPE_CHECKING:
    import xarray as xr

Value = Any  # a number, a DataArray over subscripts, or a Series of either over time


def is_series(value: Value) -> bool:
    """Whether a value is given over time (or over the argument of a lookup)."""
    import pandas as pd

    return isinstance(value, pd.Series)


def replaced(simulation: Simulation, changes: Mapping[str, Value]) -> Simulation:
    """A simulation in which each of some variables can be set.

    Parameters
    ----------
    simulation : Simulation
    changes : mapping
        By the key of the variable. Constants given a number stay as they are.

    Returns
    -------
    Simulation
        The same, where nothing else than constants is given.
    """
    model = simulation.model
    variables, series = dict(model.variables), dict(model.series)
    for name, value in changes.items():
        variable = model.variables[name]
        lookup = variable.equations[0].kind is Kind.LOOKUP
        if lookup:
            variables[name] = _as_lookup(variable, value)
        elif is_series(value):
            variables[name] = _with(variable, Equation(Kind.DATA))
            for cell in simulation.names.cells(variable.name):
                series[cell.variable, *cell.elements] = _points(simulation, cell, value)
        elif not is_constant(simulation, name):
            variables[name] = _with(variable, Equation(Kind.EQUATION, expression=Number(0.0)))
    if variables == model.variables and series == model.series:
        return simulation
    return simulation.on(replace(model, variables=variables, series=series))


def is_constant(simulation: Simulation, name: str) -> bool:
    """Whether all of a variable can be set in the model as it is."""
    cells = simulation.names.cells(simulation.model.variables[name].name)
    return all(simulation.names.spell(cell) in simulation.constants for cell in cells)


def settings(simulation: Simulation, name: str, value: Value) -> dict[str, float]:
    """What a number or an array sets: constants of the model by their spelling.

    Parameters
    ----------
    simulation : Simulation
        As `replaced` made it.
    name : str
        Key of the variable.
    value : number or DataArray
        An array spreads over the dimensions that it does not have.

    Raises
    ------
    RunError
        For a dimension that the variable does not have, or what is neither.
    """
    cells = simulation.names.cells(simulation.model.variables[name].name)
    return {simulation.names.spell(cell): _element(simulation, cell, value) for cell in cells}


def _with(variable: Variable, equation: Equation) -> Variable:
    """A variable with another right side, for the same elements."""
    equations = [
        replace(equation, subscripts=old.subscripts, excluded=old.excluded, place=old.place)
        for old in variable.equations
    ]
    return replace(variable, equations=equations)


def _as_lookup(variable: Variable, value: Value) -> Variable:
    """A lookup with other points; a number holds everywhere."""
    found = [(float(x), float(y)) for x, y in value.items()] if is_series(value) else [(0.0, float(value))]
    return _with(variable, Equation(Kind.LOOKUP, expression=Table(tuple(sorted(found)))))


def _points(simulation: Simulation, cell: Cell, value: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The points of a series that concern an element, in order of time."""
    ordered = value.sort_index()
    times = tuple(float(time) for time in ordered.index)
    return times, tuple(_element(simulation, cell, item) for item in ordered)


def _element(simulation: Simulation, cell: Cell, value: Value) -> float:
    """What a value holds for one element."""
    import xarray as xr

    variable = simulation.model.variables[cell.variable]
    if isinstance(value, xr.DataArray):
        return float(_selected(simulation, variable, cell, value))
    if isinstance(value, list | np.ndarray) and np.ndim(value):
        raise RunError(
            f"'{variable.name}' is given a bare array",
            advice="give a number, a DataArray with the model's dimensions, or a Series over time",
            variable=variable.name,
        )
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        kind = "a function" if callable(value) else repr(type(value).__name__)
        raise RunError(
            f"'{variable.name}' is given {kind}; a compiled model takes numbers and series",
            advice="write the equation into the model",
            variable=variable.name,
        ) from error


def _selected(
    simulation: Simulation, variable: Variable, cell: Cell, value: xr.DataArray
) -> xr.DataArray | float:
    """The element of an array."""
    dimensions = [simulation.model.dimensions[d].name for d in simulation.subscripts.dimensions(variable)]
    spelled = dict(zip(dimensions, (simulation.subscripts.spelling[e] for e in cell.elements), strict=True))
    unknown = [str(dim) for dim in value.dims if str(dim) not in spelled]
    if unknown:
        raise RunError(
            f"'{variable.name}' has no dimension '{unknown[0]}'",
            advice=f"it has {', '.join(dimensions)}" if dimensions else "it is a scalar",
            variable=variable.name,
        )
    try:
        return value.sel({dim: spelled[str(dim)] for dim in value.dims})
    except KeyError as error:
        raise RunError(
            f"'{simulation.names.spell(cell)}' is given no value",
            advice="give one for every element",
            variable=variable.name,
        ) from error


def described(model: Model, name: str) -> str:
    """What a variable is, for a warning that it is replaced."""
    kind = model.variables[name].equations[0].kind
    return {Kind.DATA: "a data series", Kind.LOOKUP: "a lookup"}.get(kind, "calculated")
