"""A single run as a table: one column an element of a variable, under the name that the model gives it.

In goes the Dataset of a run; out comes a DataFrame. Batches stay arrays.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def as_table(run: xr.Dataset) -> pd.DataFrame:
    """Every element of every variable of a single run over time.

    Parameters
    ----------
    run : Dataset
        Dims (time, subscripts…); a variable without time is repeated.

    Returns
    -------
    DataFrame
        Index: ``Time``, in model time. Columns ``name`` or ``name[Element A,Element B]`` in the order of the
        dataset, the last subscript fastest.
    """
    import numpy as np
    import pandas as pd

    length, columns, coordinates = run.sizes["time"], {}, set(run.coords)
    names = {dim: list(map(str, np.asarray(run[dim]))) for dim in run.dims if dim != "time"}
    # not `data_vars`, which looks at all variables again for each one that it gives
    for name, variable in run.variables.items():
        if name in coordinates:
            continue
        subscripts = [dim for dim in variable.dims if dim != "time"]
        over_time = ["time"] if "time" in variable.dims else []
        # not `to_numpy`, which loads every array library there is
        values = np.asarray(variable.transpose(*over_time, *subscripts), dtype=np.float64)
        values = values.reshape(length if over_time else 1, -1)
        values = np.broadcast_to(values, (length, values.shape[1]))
        for position, element in enumerate(itertools.product(*(names[dim] for dim in subscripts))):
            columns[f"{name}[{','.join(element)}]" if element else str(name)] = values[:, position]
    time = pd.Index(np.asarray(run["time"], dtype=np.float64), name="Time")
    return pd.DataFrame(columns, index=time)
