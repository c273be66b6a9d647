"""What an output does when a link is cut: with and without, on the same draws and random numbers.

A cut link holds what the effect reads of the cause: at its first value, so that the effect no longer follows the
cause; or on its path in another run, so that the link carries none of what the two runs differ in. What is left out
is that one reading; everything else goes on as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.loops.links import Floats
from sd_covid.analysis.loops.paths import outcome_of
from sd_covid.engine.separate.cut import Link, held_at_start, held_on_path
from sd_covid.engine.separate.equations import Equations
from sd_covid.errors import RunError, UnknownNameError, suggest

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.engine.simulation import Simulation

    Parameters = Mapping[str, float] | pd.DataFrame | None


@dataclass(frozen=True, slots=True)
class Knockout:
    """An output with and without some links.

    Attributes
    ----------
    times : ndarray, shape (instant,)
    whole, cut : ndarray, shape (member, instant)
        The output as it is, and without the links; only of members in which both are finite.
    reference : ndarray, shape (member, instant), optional
        The output in the other run, on whose path the links are held.
    failed : int
        Members left out because a value of theirs is not finite.
    """

    times: Floats
    whole: Floats
    cut: Floats
    reference: Floats | None
    failed: int

    @property
    def effect(self) -> Floats:
        """What cutting does to the output, paired by member. Shape (member, instant)."""
        return np.asarray(self.cut - self.whole)


def link_between(simulation: Simulation, equations: Equations, cause: str, effect: str) -> list[Link]:
    """The links from one variable to another, of all their elements.

    Raises
    ------
    UnknownNameError
        For a name that the model does not have, or an effect that does not use the cause.
    """
    sources = {*simulation.names.cells(cause)}
    ends = {*simulation.names.cells(effect)}
    items = equations.quantities
    found = [
        (k, number)
        for number, item in enumerate(items)
        if item.cell in ends
        for k in item.inputs
        if items[k].cell in sources and not (items[k].hidden and items[k].cell == item.cell)
    ]
    if not found:
        used = [
            simulation.model.variables[items[k].cell.variable].name
            for item in items
            if item.cell in ends
            for k in item.inputs
        ]
        known = list(dict.fromkeys(used))
        advice = suggest(cause, known) or (
            f"it uses {', '.join(known)}" if known else "it follows nothing that changes"
        )
        raise UnknownNameError(
            f"'{effect}' does not use '{cause}' as the model runs", advice=advice, variable=effect
        )
    return found


def knock_out(
    simulation: Simulation,
    equations: Equations,
    cut: Sequence[Link],
    output: str,
    parameters: Parameters = None,
    *,
    against: Parameters = None,
    seed: int = 0,
) -> Knockout:
    """Run a model with and without some links.

    Parameters
    ----------
    simulation : Simulation
    equations : Equations
        Its own.
    cut : sequence of (int, int)
        Links, as `link_between` gives them.
    output : str
        A variable, or an element; elements are added.
    parameters : mapping or DataFrame, optional
        Constants that differ from the file; a row for each draw.
    against : mapping or DataFrame, optional
        Those of another run, on whose path the links are held; without it they are held at their first value.
    seed : int

    Returns
    -------
    Knockout

    Raises
    ------
    UnknownNameError
        For an output that the model does not have.
    RunError
        When no member is finite.
    """
    places = outcome_of(simulation, equations, output)
    plain = [equations.values[k] for k in places]
    _, grid, every, whole = simulation.every_step(equations.program, plain, parameters, seed=seed)
    reference = None
    if against is None:
        program, values = held_at_start(equations, cut)
        _, _, _, found = simulation.every_step(program, [values[k] for k in places], parameters, seed=seed)
    else:
        program, first, second = held_on_path(equations, cut)
        nodes = [first[k] for k in places] + [second[k] for k in places]
        _, _, _, both = simulation.every_step(program, nodes, against, parameters, seed=seed)
        reference, found = both[: len(places)], both[len(places) :]
    at = np.arange(0, whole.shape[2], every)
    kinds = [
        series.sum(axis=0)[:, at] for series in (whole, found, *(() if reference is None else (reference,)))
    ]
    fine = np.isfinite(np.array(kinds)).all(axis=(0, 2))
    if not fine.any():
        raise RunError(f"'{output}' is not finite without the link", variable=output, advice="cut another")
    kept = [series[fine] for series in kinds]
    times = grid.times(at)
    return Knockout(times, kept[0], kept[1], kept[2] if reference is not None else None, int((~fine).sum()))
