"""What a sweep came to as a tidy table, in memory or as csv, xlsx or parquet.

In goes a Dataset of `open_sweep`, whole or what was picked or calculated from it; out comes a table or a file.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.errors import RunError
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_FIRST = ("scenario", "draw", "assumption", "statistic", "quantile", "time")
_APART = ("failed_time", "failed_output", "failed_runs", "first_failed_run")
_ROWS = 2**20 - 1  # of a sheet, below its header


def to_table(results: xr.Dataset) -> pd.DataFrame:
    """Results as a tidy table.

    Parameters
    ----------
    results : Dataset
        Of `open_sweep`. All variables have the same of the dimensions scenario, draw, assumption, statistic and time:
        pick courses or sums first where a store holds both.

    Returns
    -------
    DataFrame
        A column for each of those dimensions, ``date`` after ``time``, then one for each element of each variable,
        under the name that the model gives it: ``name`` or ``name[Element A,Element B]``.

    Raises
    ------
    RunError
        When variables have different dimensions.
    """
    import pandas as pd

    kept = results.drop_vars([name for name in _APART if name in results])
    dims = {tuple(dim for dim in _FIRST if dim in kept[name].dims) for name in kept.data_vars}
    if len(dims) != 1:
        raise RunError(
            "some variables have a course and others do not",
            advice="pick those that go in one table, such as results[['unemployment rate']]",
        )
    lead = next(iter(dims))
    index = pd.MultiIndex.from_product([kept[dim].to_numpy() for dim in lead], names=list(lead))
    table = index.to_frame(index=False) if lead else pd.DataFrame(index=[0])
    if "time" in lead and "date" in kept.coords:
        dates = dict(zip(kept["time"].to_numpy().tolist(), kept["date"].to_numpy(), strict=True))
        table.insert(lead.index("time") + 1, "date", table["time"].map(dates))
    found = [
        item for name, variable in kept.data_vars.items() for item in _elements(str(name), variable, lead)
    ]
    columns = pd.DataFrame(dict(found), index=table.index)
    return pd.concat([table, columns], axis=1)


def _elements(
    name: str, variable: xr.DataArray, lead: tuple[str, ...]
) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Each element of a variable under its name, flat in the order of the leading dimensions."""
    others = [str(dim) for dim in variable.dims if dim not in lead]
    values = variable.transpose(*lead, *others).to_numpy()
    flat = values.reshape(-1, int(np.prod([variable.sizes[dim] for dim in others], dtype=int)))
    labels = itertools.product(*(map(str, variable[dim].to_numpy()) for dim in others))
    return [(f"{name}[{','.join(label)}]" if label else name, flat[:, k]) for k, label in enumerate(labels)]


def write_table(results: xr.Dataset, path: str | Path) -> None:
    """Write results as a tidy table: ``.csv``, ``.parquet``, or ``.xlsx`` with units and notes.

    Parameters
    ----------
    results : Dataset
        As for `to_table`.
    path : path
        The suffix says the format.

    Raises
    ------
    RunError
        For another suffix, variables with different dimensions, or more rows than a sheet takes.
    """
    path = Path(path)
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}
    if path.suffix.lower() not in writers:
        known = ", ".join(writers)
        raise RunError(f"cannot write a '{path.suffix}' file", advice=f"use one of {known}", file=path)
    table = to_table(results)
    with replacing(path) as temporary:
        writers[path.suffix.lower()](table, results, temporary)


def _write_csv(table: pd.DataFrame, results: xr.Dataset, path: Path) -> None:
    """Numbers with as many digits as read back the same."""
    table.to_csv(path, index=False, na_rep="nan", lineterminator="\n")


def _write_parquet(table: pd.DataFrame, results: xr.Dataset, path: Path) -> None:
    """With the manifest among the metadata."""
    table.attrs = {str(name): str(value) for name, value in results.attrs.items()}
    table.to_parquet(path)


def _write_xlsx(table: pd.DataFrame, results: xr.Dataset, path: Path) -> None:
    """Three sheets: the table, what each variable is and in what unit, and what made it."""
    if len(table) > _ROWS:
        raise RunError(
            f"{len(table)} rows are more than the {_ROWS} of a sheet",
            advice="write parquet, or take quantiles first: results.quantile([0.05, 0.5, 0.95], 'draw')",
            file=path,
        )
    import pandas as pd

    notes = pd.DataFrame(
        [
            {
                "variable": str(name),
                "eenheid / unit": item.attrs.get("units", ""),
                "titel": item.attrs.get("title_nl", ""),
                "title": item.attrs.get("title_en", ""),
                "kept": item.attrs.get("kept", ""),
                "documentation": item.attrs.get("documentation", ""),
            }
            for name, item in results.data_vars.items()
            if name not in _APART
        ]
    )
    made = pd.DataFrame(
        {"what": list(map(str, results.attrs)), "value": [str(v)[:30000] for v in results.attrs.values()]}
    )
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        table.to_excel(book, sheet_name="results", index=False)
        notes.to_excel(book, sheet_name="units and notes", index=False)
        made.to_excel(book, sheet_name="made with", index=False)
