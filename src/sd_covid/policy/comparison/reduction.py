"""What a comparison keeps of a run: paths of what it tells, yearly means of what it only counts.

In comes the Dataset of a run; out comes a smaller one. Paths by month of every element of every array from which
effects are counted would take gibibytes; of those no more is asked than their mean in each year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.model.names import key
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.saved_points import dates_of, index_of, means_between, new_year, years_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Run:
    """The runs of one scenario.

    Attributes
    ----------
    kept : Dataset
    failed : DataFrame
        Where members went wrong, by `sd_covid.engine.results.failed`, in anything that was run.
    """

    kept: xr.Dataset
    failed: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ByYear:
    """Which variables to keep by year.

    Attributes
    ----------
    names : frozenset of str
        Canonical names of variables.
    calendar : Calendar
    """

    names: frozenset[str]
    calendar: Calendar

    def reduced(self, run: xr.Dataset) -> xr.Dataset:
        """A run with the mean of each whole year, on a dimension ``year``, in place of the paths of these variables.

        Raises
        ------
        RunError
            When a first of January is not among the saved points.
        """
        import xarray as xr

        if not self.names:
            return run
        time = run["time"].to_numpy().astype(np.float64)
        dates = dates_of(time, self.calendar)
        years = years_of(dates)
        edges = [index_of(dates, new_year(year)) for year in (*years, years[-1] + 1)] if years else []
        found = {}
        for name, variable in run.data_vars.items():
            if key(str(name)) not in self.names:
                continue
            path = variable.transpose(..., "time").to_numpy()
            dims = [*(dim for dim in variable.dims if dim != "time"), "year"]
            found[name] = xr.DataArray(means_between(time, path, edges), dims=dims, attrs=variable.attrs)
        return run.drop_vars(list(found)).assign(found)
