"""What the arguments of PySD's calls ask for: times, columns, and values by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.errors import RunError
from sd_covid.pysd.names import Namespace

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation
    from sd_covid.engine.time.timegrid import TimeGrid

_NEAR = 1e-5  # of a step: PySD's own precision for times that are to be returned


def refuse_unnamed(values: object, argument: str) -> None:
    """Values without the names of the variables that they are for."""
    names = list(values) if isinstance(values, Mapping) else [None]
    if not all(isinstance(name, str) for name in names):
        raise RunError(
            f"{argument} is given {type(values).__name__!r} that names no variables",
            advice="give a mapping, {'name of a variable': value}",
        )


def times_asked(asked: float | Iterable[float] | None) -> list[float] | None:
    """Times as a list; None, when there are none."""
    if asked is None:
        return None
    found = [
        float(time) for time in np.atleast_1d(np.asarray(list(asked) if isinstance(asked, range) else asked))
    ]
    return found or None


def kept_times(asked: list[float] | None, grid: TimeGrid, begin: float) -> list[float]:
    """The times to keep: those asked for that are instants of the run."""
    kept = []
    for time in sorted(set(asked or ())):
        steps = (time - grid.start) / grid.step
        if abs(steps - round(steps)) > _NEAR:
            warnings.warn(f"time {time:g} is no instant of the run and is left out", stacklevel=3)
        elif time >= begin - _NEAR * grid.step:
            kept.append(time)
    if asked and not kept:
        raise RunError(
            "none of the times asked for is an instant of the run",
            advice=f"instants are {begin:g} + n * {grid.step:g}",
        )
    return kept


def columns(
    simulation: Simulation, names: Namespace, asked: Sequence[str] | str | None
) -> list[tuple[str, str]]:
    """Names as the engine knows them, and as they were asked for."""
    if asked is None or isinstance(asked, str):
        if asked not in (None, "step"):
            raise RunError(f"'{asked}' is no choice of columns", advice="give a list of names, or 'step'")
        kept = set(simulation.all_outputs)
        every = [item for item in names.spelled.items() if item[0] in kept]
        return [item for item in every if asked is None or simulation.moves(item[0])]
    found = []
    for name in asked:
        if not isinstance(name, str):
            raise RunError(f"return_columns holds {name!r}", advice="give names of variables")
        base, bracket, elements = name.partition("[")
        quoted = name.startswith('"')
        real = names.real(name if quoted else base)
        found.append((real if quoted else f"{real}{bracket}{elements}", name))
    return found
