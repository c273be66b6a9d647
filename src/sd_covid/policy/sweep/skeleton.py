"""The empty store of a sweep: its coordinates, and an array for everything that will be written.

One chunk of an array is one block of one scenario. Arrays are filled with NaN until their runs are done.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.sweep.blocks import Blocks
from sd_covid.policy.sweep.keep import COURSE
from sd_covid.policy.sweep.plan import SweepPlan

if TYPE_CHECKING:
    import xarray as xr

RUN = ("scenario", "draw", "assumption")


@dataclass(frozen=True, slots=True)
class Array:
    """One array of a store.

    Attributes
    ----------
    name : str
    dims : tuple of str
    shape, chunks : tuple of int
    dtype : str
    fill : float
    attrs : dict
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    fill: float
    attrs: dict[str, Any]


def stored_name(name: str) -> str:
    """The name of a variable in a store, where ``/`` would make a group."""
    return name.replace("/", "_")


def unit_of_time(plan: SweepPlan) -> str:
    """The unit of model time, as the model states it."""
    return plan.simulation.model.variables[key("TIME STEP")].units


def arrays_of(plan: SweepPlan, blocks: Blocks, sample: xr.Dataset) -> list[Array]:
    """The arrays for what is kept, and for where runs failed.

    Parameters
    ----------
    plan : SweepPlan
    blocks : Blocks
    sample : Dataset
        A single run: dimensions time, subscripts.
    """
    grid = blocks.grid
    lead: tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]
    if plan.statistics is None:
        lead = RUN, (len(plan.scenarios), grid.draws, grid.sets), (1, grid.of_draws, grid.of_sets)
        failures = _failed_runs(plan, *lead)
    else:
        groups = (grid.sets,) if plan.statistics.over == "draws" else ()
        dims = ("scenario", *("assumption" for _ in groups))
        failures = _failed_counts(dims, (len(plan.scenarios), *groups), (1, *groups))
        rows = (len(plan.statistics.names), *groups)
        lead = ("scenario", "statistic", *dims[1:]), (len(plan.scenarios), *rows), (1, *rows)
    return [*_kept_arrays(plan, sample, *lead), *failures]


def _kept_arrays(
    plan: SweepPlan,
    sample: xr.Dataset,
    first: tuple[str, ...],
    whole: tuple[int, ...],
    part: tuple[int, ...],
) -> list[Array]:
    """An array for each output and thing that is kept of it; then, where they are asked for, for its difference."""
    clock = unit_of_time(plan)
    levels, differences = list[Array](), list[Array]()
    reference = "" if plan.statistics is None else plan.statistics.differences_from
    for output in plan.outputs:
        variable = sample[output.name]
        units = str(variable.attrs.get("units", ""))
        for item in plan.keep:
            dims = [str(d) for d in variable.dims if item == COURSE or d != "time"]
            sizes = tuple(sample.sizes[dim] for dim in dims)
            told = {
                "units": item.units(units, clock),
                "documentation": str(variable.attrs.get("documentation", "")),
                "title_nl": output.title.nl,
                "title_en": output.title.en,
                "reading": output.reading,
                "output": output.name,
                "kept": item.label or "course",
            }
            attrs = {name: text for name, text in told.items() if text}
            shape = (*first, *dims), whole + sizes, part + sizes, plan.dtype, np.nan
            levels.append(Array(stored_name(item.name(output.name)), *shape, attrs))
            name = stored_name(item.difference(output.name))
            differences.append(Array(name, *shape, attrs | {"difference_from": reference}))
    return levels + (differences if reference else [])


def _failed_runs(
    plan: SweepPlan, dims: tuple[str, ...], whole: tuple[int, ...], part: tuple[int, ...]
) -> list[Array]:
    """Where each run failed."""
    when = {
        "documentation": "Model time from which a run is not finite; NaN where it is.",
        "units": unit_of_time(plan),
    }
    where = {
        "documentation": "Which of the outputs, counted from 0 in the order of the sweep, failed first; -1 where none.",
        "outputs": json.dumps([output.name for output in plan.outputs]),
    }
    return [
        Array("failed_time", dims, whole, part, "float64", np.nan, when),
        Array("failed_output", dims, whole, part, "int16", -1, where),
    ]


def _failed_counts(dims: tuple[str, ...], whole: tuple[int, ...], part: tuple[int, ...]) -> list[Array]:
    """How many runs failed and are in no statistic, and which first."""
    count = {"documentation": "Runs that did not stay finite: they are in no statistic."}
    first = {"documentation": "Number of the first of them, draw times sets plus set; -1 where none."}
    return [
        Array("failed_runs", dims, whole, part, "int64", -1, count),
        Array("first_failed_run", dims, whole, part, "int64", -1, first),
    ]


def coordinates(plan: SweepPlan, sample: xr.Dataset) -> xr.Dataset:
    """The coordinates of a store, and of every draw and set the values of what they set."""
    import xarray as xr

    draws, sets = plan.draws.table, plan.sets.table
    labels = [plan.sets.labels[str(name)] for name in sets]
    found: dict[str, Any] = {
        "scenario": ("scenario", _texts([item.id for item in plan.scenarios])),
        "title_nl": ("scenario", _texts([item.title.nl for item in plan.scenarios])),
        "title_en": ("scenario", _texts([item.title.en for item in plan.scenarios])),
        "draw": ("draw", np.arange(len(draws))),
        "row": (
            "draw",
            np.array(plan.draws.rows),
            {"documentation": "Row of the draw in the stored posterior."},
        ),
        "assumption": ("assumption", np.arange(len(sets))),
        "time": ("time", np.asarray(sample["time"])),
    }
    if plan.statistics is not None:
        found["statistic"] = ("statistic", _texts([str(item) for item in plan.statistics.names]))
    if draws.shape[1]:
        found["constant"] = ("constant", _texts(list(map(str, draws))))
        found["draw_value"] = (("draw", "constant"), draws.to_numpy(dtype=np.float64))
    if sets.shape[1]:
        found["assumed"] = ("assumed", _texts(labels))
        found["assumption_value"] = (("assumption", "assumed"), sets.to_numpy(dtype=np.float64))
    for name in sample.coords:
        if name not in ("member", "time", "over_time", *found):
            values = np.asarray(sample[name])
            found[str(name)] = (
                sample[name].dims,
                values.astype(object) if values.dtype.kind == "U" else values,
            )
    return xr.Dataset(coords=found)


def refuse_same_names(coords: xr.Dataset, arrays: Sequence[Array]) -> None:
    """Refuse a variable that is called like another thing in the store, such as its coordinate ``draw``.

    Raises
    ------
    RunError
    """
    taken = set(map(str, coords.coords))
    for item in arrays:
        if item.name in taken or len(set(item.dims)) < len(item.dims):
            raise RunError(
                f"'{item.attrs.get('output', item.name)}' cannot be stored: '{item.name}' or a dimension of it is "
                "the name of something else there",
                advice="rename it in the model, or keep it in a sweep of its own",
            )
        taken.add(item.name)


def _texts(texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Texts of any width: those of one fixed width have no stable Zarr form."""
    return np.array(texts, dtype=object)


def make(path: Path, coords: xr.Dataset, arrays: Sequence[Array], attrs: dict[str, Any]) -> None:
    """Write an empty store.

    Parameters
    ----------
    path : Path
        Where nothing is yet.
    coords : Dataset
    arrays : sequence of Array
    attrs : dict
        Of the whole.

    Raises
    ------
    OSError
    """
    import zarr
    from zarr.codecs import BloscCodec

    coords.assign_attrs(attrs).to_zarr(path, mode="w-", consolidated=False, zarr_format=3)
    group = zarr.open_group(str(path), mode="r+")
    for item in arrays:
        group.create_array(
            item.name,
            shape=item.shape,
            chunks=tuple(max(1, size) for size in item.chunks),
            dtype=item.dtype,
            fill_value=item.fill,
            dimension_names=item.dims,
            attributes=item.attrs,
            compressors=BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"),
        )
    with warnings.catch_warnings():
        # A reader that does not know consolidated metadata ignores it; xarray, which does, warns where it is missing.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", UserWarning)
        zarr.consolidate_metadata(str(path), zarr_format=3)
