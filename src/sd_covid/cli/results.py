"""Results of single runs on disk: csv, netCDF, Zarr or parquet, or csv on standard output.

In go datasets by scenario name; out come whole files. Batches and sweeps have their own store.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from sd_covid.cli.console import printable
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import xarray as xr

Form = Literal["csv", "folder", "nc", "zarr", "parquet"]
_SUFFIXES: dict[str, Form] = {".csv": "csv", ".nc": "nc", ".zarr": "zarr", ".parquet": "parquet"}

NUMBER = "%.17g"  # enough digits to read back the same double


def form_of(path: Path | None, *, several: bool) -> Form:
    """How a result is to be written, from the name asked for.

    Parameters
    ----------
    path : Path or None
        None for standard output.
    several : bool
        Whether there is more than one scenario.

    Raises
    ------
    RunError
        When the name says nothing we can write.
    """
    if path is None:
        if several:
            raise RunError(
                "several scenarios need a place to be written", advice="add -o FOLDER, or -o FILE.zarr"
            )
        return "csv"
    form = _SUFFIXES.get(path.suffix.lower(), "folder" if path.is_dir() or not path.suffix else None)
    if form is None:
        known = ", ".join(_SUFFIXES)
        raise RunError(
            f"cannot write a '{path.suffix}' file", file=path, advice=f"use one of {known}, or a folder"
        )
    return "folder" if form == "csv" and (several or path.is_dir()) else form


def refuse_suffix(path: Path | None, suffix: str) -> None:
    """Refuse a name that says another format than the one that is written, or a folder, before any work is done.

    Raises
    ------
    RunError
        When the name has another suffix, or is that of a folder; a Zarr store is one.
    """
    if path is not None and path.suffix.lower() != suffix:
        raise RunError(
            f"the result is a {suffix} file", file=path, advice=f"write -o {path.with_suffix(suffix)}"
        )
    if path is not None and suffix != ".zarr" and path.is_dir():
        raise RunError("is a folder", file=path, advice="choose a file name")


def refuse_figure(path: Path | None) -> None:
    """Refuse a name for a drawing that says no format of drawings, before any work is done.

    Raises
    ------
    RunError
        When the name has another suffix than ``.png``, ``.svg`` or ``.pdf``.
    """
    if path is not None and path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise RunError("is no .png, .svg or .pdf", advice="choose one of these", file=path)


def write(runs: Mapping[str, xr.Dataset], path: Path | None, form: Form) -> None:
    """Write results by scenario name; a single run without scenario has the name ``""``.

    Parameters
    ----------
    runs : mapping of str to Dataset
        Dims (time, subscripts…).
    path : Path or None
        None: standard output, on which names have no control characters: it may be a terminal.
    form : Form
        From `form_of`.
    """
    if path is None:
        write_csv(next(iter(runs.values())), sys.stdout, spell=printable)
    elif form == "folder":
        for name, run in runs.items():
            _write_csv_file(run, path / f"{name or run.attrs['model']}.csv")
    elif form == "csv":
        _write_csv_file(next(iter(runs.values())), path)
    elif form == "parquet":
        _write_parquet(runs, path)
    else:
        _write_dataset(runs, path, form)


def write_csv(run: xr.Dataset, stream: IO[str], spell: Callable[[str], str] = str) -> None:
    """Write ``Time`` and every variable at every saved time, numbers with 17 digits, ``nan``, ``inf`` and ``-inf``.

    Parameters
    ----------
    run : Dataset
    stream : text stream
    spell : callable
        How a name is written; as it is by default.
    """
    from sd_covid.engine.table import as_table

    table = as_table(run)
    csv.writer(stream, lineterminator="\n").writerow(["Time", *map(spell, table.columns)])
    line = ",".join([NUMBER] * (1 + table.shape[1])) + "\n"
    stream.writelines(line % tuple(row) for row in table.reset_index().to_numpy().tolist())


def _write_csv_file(run: xr.Dataset, path: Path) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        write_csv(run, stream)


def _write_parquet(runs: Mapping[str, xr.Dataset], path: Path) -> None:
    """One table with the columns of the csv, and a column ``scenario`` before them when there is one."""
    import pandas as pd

    from sd_covid.engine.table import as_table

    tables = {name: as_table(run).reset_index() for name, run in runs.items()}
    if list(runs) != [""]:
        for name, table in tables.items():
            table.insert(0, "scenario", name)
    whole = pd.concat(tables.values(), ignore_index=True)
    # pandas keeps these in the metadata of the file.
    whole.attrs = {name: _attributes(run) for name, run in runs.items()}
    with replacing(path) as temporary:
        whole.to_parquet(temporary)


def _write_dataset(runs: Mapping[str, xr.Dataset], path: Path, form: Form) -> None:
    """NetCDF or Zarr; with scenarios the first dimension is ``scenario``."""
    # "/" separates groups in both formats, so a name cannot hold it.
    whole = _together(runs)
    whole = whole.rename({name: str(name).replace("/", "_") for name in whole.data_vars if "/" in str(name)})
    with replacing(path) as temporary:
        if form == "nc":
            try:
                whole.to_netcdf(temporary, engine="netcdf4")
            except RuntimeError as error:  # what the library makes of a full disk
                raise RunError(
                    f"cannot be written: {error}", advice="make room on the disk", file=path
                ) from error
        else:
            write_zarr(whole, temporary)


def write_zarr(whole: xr.Dataset, path: Path) -> None:
    """Write a dataset as a Zarr store that every reader of version 3 knows."""
    import warnings

    # Texts of one fixed width have no stable Zarr form; those of any width do.
    texts = {name: whole[name].astype(object) for name in whole.coords if whole[name].dtype.kind == "U"}
    with warnings.catch_warnings():
        # A reader that does not know consolidated metadata ignores it; xarray, which does, warns where it is missing.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", UserWarning)
        whole.assign_coords(texts).to_zarr(path, mode="w-", consolidated=True, zarr_format=3)


def _together(runs: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """All runs in one dataset, along ``scenario`` when they have names."""
    import xarray as xr

    first = next(iter(runs.values()))
    if list(runs) == [""]:
        return first.drop_attrs(deep=False).assign_attrs(_attributes(first))
    for name, run in runs.items():
        if not run["time"].equals(first["time"]):
            reason = f"scenario '{name}' is saved at other times than '{next(iter(runs))}'"
            raise RunError(
                reason, advice="write csv files into a folder, or give both the same FINAL TIME and SAVEPER"
            )
    whole = xr.concat(
        list(runs.values()), dim=xr.Variable("scenario", list(runs)), combine_attrs="drop_conflicts"
    )
    parameters = {name: run.attrs["parameters"] for name, run in runs.items()}
    return whole.assign_attrs(
        _attributes(first) | {"scenario": json.dumps(list(runs)), "parameters": json.dumps(parameters)}
    )


def _attributes(run: xr.Dataset) -> dict[str, str | int | float]:
    """Attributes in the types that every format keeps."""
    return {
        str(name): value if isinstance(value, str | int | float) else json.dumps(value)
        for name, value in run.attrs.items()
    }
