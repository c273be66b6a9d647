"""What a comparison keeps of its runs: the paths of outputs, by scenario, and what element of an array is meant.

In come the runs, one scenario after another; out come arrays by output name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    import xarray as xr


class Levels:
    """Paths of outputs, gathered from one run after another.

    Parameters
    ----------
    wanted : sequence of Output
        An array without elements is taken apart.
    scenarios : int
        How many runs there will be.

    Attributes
    ----------
    outputs : list of Output
        With units; one for each element. Known after the first run, as is all below.
    time : ndarray, shape (time,)
    member : ndarray of int, shape (member,)
    paths : dict
        Output name -> trajectories, shape (scenario, member, time).
    means : dict
        Output name -> means by year, shape (scenario, member, year), of what was kept by year only.
    """

    def __init__(self, wanted: Sequence[Output], scenarios: int) -> None:
        self._wanted, self._scenarios = tuple(wanted), scenarios
        self.outputs: list[Output] = []
        self.paths: dict[str, Floats] = {}
        self.means: dict[str, Floats] = {}
        self.time: Floats = np.empty(0)
        self.member: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def take(self, position: int, run: xr.Dataset) -> None:
        """Take over what a run kept.

        Parameters
        ----------
        position : int
            Of its scenario.
        run : Dataset
            With the times and members of the first one.

        Raises
        ------
        UnknownNameError
            When an array has no such element.
        """
        first = not self.outputs
        if first:
            self.time = run["time"].to_numpy().astype(np.float64)
            self.member = run["member"].to_numpy().astype(np.int64)
        for output in self._wanted:
            base, _, element = output.name.partition("[")
            variable = run[base.strip()]
            last, where = ("year", self.means) if "year" in variable.dims else ("time", self.paths)
            ordered = variable.transpose("member", ..., last)
            array, dims = ordered.to_numpy(), ordered.dims[1:-1]
            for spelled, picked in elements(variable, element.rstrip("] ")).items():
                name = f"{base.strip()}[{spelled}]" if spelled else base.strip()
                at: tuple[int | slice, ...] = (slice(None), *(picked[str(dim)] for dim in dims))
                path = array[at]
                if first:
                    units = str(variable.attrs.get("units", ""))
                    self.outputs.append(replace(output, name=name, units=units))
                    where[name] = np.empty((self._scenarios, *path.shape))
                where[name][position] = path


def element(variable: xr.DataArray, wanted: str) -> xr.DataArray:
    """An element of an array by its name, ``young`` or ``young,vulnerable``; a scalar by an empty one.

    Raises
    ------
    UnknownNameError
        When the array has no such element, or has elements and none is named.
    """
    found = elements(variable, wanted)
    if len(found) > 1:
        raise UnknownNameError(
            f"'{variable.name}' has elements", advice=f"name one of {', '.join(found)}", variable=wanted
        )
    return variable.isel(next(iter(found.values())))


def elements(variable: xr.DataArray, wanted: str) -> dict[str, dict[str, int]]:
    """Elements ``A,B`` of an array -> their positions; the one asked for, or all; ``{'': {}}`` for a scalar.

    Raises
    ------
    UnknownNameError
        When the array has no such element.
    """
    dims = [str(dim) for dim in variable.dims if dim not in ("member", "time", "year")]
    found: dict[str, dict[str, int]] = {"": {}}
    for dim in dims:
        labels = [str(label) for label in variable[dim].to_numpy()]
        found = {
            f"{name},{label}".lstrip(","): {**at, dim: position}
            for name, at in found.items()
            for position, label in enumerate(labels)
        }
    if not wanted:
        return found
    spelled = {",".join(key(part) for part in name.split(",")): name for name in found}
    asked = ",".join(key(part) for part in wanted.split(","))
    if asked not in spelled:
        advice = suggest(wanted, found) or f"use one of {', '.join(found)}"
        raise UnknownNameError(f"'{variable.name}' has no element '{wanted}'", advice=advice, variable=wanted)
    return {spelled[asked]: found[spelled[asked]]}
