"""What a sweep came to in the long format of integrated-assessment modelling, which pyam reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sd_covid.errors import RunError
from sd_covid.policy.sweep.export import to_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

REGION = "Netherlands"


def to_iamc(results: xr.Dataset, *, yearly: bool = False, scenario: str = "") -> pd.DataFrame:
    """Results in the long format of the Integrated Assessment Modeling Consortium, as pyam reads it.

    Parameters
    ----------
    results : Dataset
        Of `open_sweep`, or of a run, whose members are called draws: courses, of a model with a calendar.
    yearly : bool
        One value for each calendar year that lies in the run as a whole, in a column ``year``: the mean over the months
        of a variable whose ``reading`` is ``mean``, else the value at the year's end. Otherwise every saved time, in a
        column ``time``.
    scenario : str
        What a run is called, which has no scenarios; by default ``run``.

    Returns
    -------
    DataFrame
        Columns ``model, scenario, region, variable, unit``, ``year`` or ``time``, ``value``; before ``value`` also
        ``draw``, ``assumption``, ``statistic`` or ``quantile`` where results have more than one of them, which pyam
        takes as further columns of the index. Elements of an array stand after ``|``.

    Raises
    ------
    RunError
        When there is no calendar, or no course.

    References
    ----------
    Huppmann et al. (2021), pyam: analysis and visualisation of integrated-assessment scenarios, Open Research Europe 1,
    74.
    """
    import pandas as pd

    if "member" in results.dims:
        results = results.rename(member="draw")
    if "scenario" not in results.coords:
        results = results.assign_coords(scenario=scenario or "run")
    courses = [str(name) for name, item in results.data_vars.items() if "time" in item.dims]
    if "date" not in results.coords or not courses:
        raise RunError(
            "the IAMC format needs courses with dates", advice="keep the course, in a model with a calendar"
        )
    whole = pd.concat([_long(results[name], yearly) for name in courses], ignore_index=True)
    whole.insert(0, "model", f"sd-covid {results.attrs.get('model', '')}".strip())
    whole.insert(2, "region", REGION)
    return whole


def _long(variable: xr.DataArray, yearly: bool) -> pd.DataFrame:
    """One variable in long form: scenario, variable, unit, when, what else it differs by, value."""
    table = to_table((by_year(variable) if yearly else variable).to_dataset(name=variable.name))
    table = table.rename(columns={"time": "year"}) if yearly else _dated(table)
    when = "year" if yearly else "time"
    others = [name for name in ("draw", "assumption", "statistic", "quantile") if name in table]
    extra = [name for name in others if table[name].nunique() > 1]
    table = table.drop(columns=[name for name in others if name not in extra])
    if "scenario" not in table:
        table.insert(0, "scenario", str(variable.coords["scenario"].item()))
    long = table.melt(["scenario", when, *extra], var_name="variable", value_name="value")
    names = long["variable"].str.rstrip("]").str.replace(r"[\[,]", "|", regex=True)
    long = long.assign(variable=names, unit=str(variable.attrs.get("units", "")))
    return long[["scenario", "variable", "unit", when, *extra, "value"]]


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """Dates in place of model time."""
    return table.drop(columns="time").rename(columns={"date": "time"})


def by_year(variable: xr.DataArray) -> xr.DataArray:
    """One value for each calendar year that lies in the run as a whole, with the year in place of the time.

    Parameters
    ----------
    variable : DataArray
        With a dimension ``time`` and its ``date``.

    Returns
    -------
    DataArray
        The mean over the year's months where its ``reading`` is ``mean``, else the value at the year's end.

    Raises
    ------
    RunError
        When no year does.
    """
    import xarray as xr

    date = variable["date"].to_numpy().astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    begins = set(date[date == year].tolist())
    whole = [
        first
        for first in np.unique(year)
        if first.astype("datetime64[D]").item() in begins
        and (first + 1).astype("datetime64[D]").item() in begins
    ]
    if not whole:
        raise RunError("no calendar year lies in the run as a whole", advice="save at every first of January")
    if variable.attrs.get("reading") == "mean":
        found = [variable.isel(time=year == first).mean("time", skipna=False) for first in whole]
    else:
        found = [variable.isel(time=int(np.flatnonzero(date == first + 1)[0]), drop=True) for first in whole]
    years = [1970 + int(first.astype(int)) for first in whole]
    return xr.concat(
        [item.drop_vars(("time", "date"), errors="ignore") for item in found], dim="time"
    ).assign_coords(time=years)
