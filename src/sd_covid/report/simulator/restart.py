"""From when on a change can do anything, so that a page may carry on from a state before that.

Levers start at a constant of theirs, and are tried; everything else that can be moved is followed through the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.engine.graph.trim import trim
from sd_covid.engine.simulation import Simulation
from sd_covid.engine.time.since import first_effects
from sd_covid.engine.time.timegrid import TimeGrid
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.study import Study


def idle_before_start(
    levers: Mapping[str, Lever],
    study: Study,
    simulation: Simulation,
    reference: Mapping[str, float],
    seed: int,
) -> list[str]:
    """The ids of those levers.

    Tried, not taken on trust: each part of a lever that starts halfway is set to its ends, and every state of the model
    at the start must be the same to the bit.

    Parameters
    ----------
    levers : mapping
        Id -> `Lever`, that the model has.
    study : Study
    simulation : Simulation
    reference : mapping
        Constants of the member that is tried.
    seed : int
        Of the model's random numbers.
    """
    half = float(round((study.calendar.time(study.first) + study.calendar.time(study.last)) / 2))
    tried = {name: list(_tried(lever, study, half)) for name, lever in levers.items()}
    rows = [{**reference, **item} for items in tried.values() for item in items]
    if not rows:
        return []
    frame = pd.DataFrame(rows)
    left = [str(name) for name in frame if frame[name].isna().any()]
    own = {name: simulation.constants[study.names.spelling(name)] for name in left}
    states = simulation.snapshot(frame.fillna(own), at=half, seed=seed).states
    borders = np.cumsum([len(items) for items in tried.values()])[:-1]
    parts = np.split(states, borders, axis=1)
    return [
        name
        for name, part in zip(tried, parts, strict=True)
        if np.array_equal(part, np.broadcast_to(part[:, :1], part.shape), equal_nan=True)
    ]


def _tried(lever: Lever, study: Study, half: float) -> Iterator[dict[str, float]]:
    """Settings that should all be the same until then."""
    start, end = lever.constants["start"], lever.constants["end"]
    base = {start: half, end: half + 24.0}
    yield base
    for later in ({start: half + 12.0}, {end: half + 60.0}, {end: half + 6.0}):
        yield {**base, **later}
    ends = {"level": (lever.low, lever.high), "budget": (0.0, 1e5), "municipal": (0.0, 1.0)}
    for part, values in ends.items():
        name = lever.constants.get(part)
        if name is not None and name in study.names:
            yield from ({**base, name: value} for value in values)


def reachable(
    shown: Mapping[str, Any], draws: Mapping[int, NDArray[np.float64]], *members: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The lowest and highest value that a page's sliders, presets and draws give each parameter, shape (2, parameter).

    NaN for a step that is not set in some of them: it bounds nothing.

    Parameters
    ----------
    shown : mapping
        From `sd_covid.report.simulator.controls`.
    draws : mapping
        Values by the number of a parameter.
    *members : ndarray, shape (parameter,)
        Parameters of the model file and of the reference member.
    """
    low, high = np.minimum.reduce(members), np.maximum.reduce(members)

    def reach(number: int, *values: float) -> None:
        low[number], high[number] = min(low[number], *values), max(high[number], *values)

    for number, values in draws.items():
        reach(number, values.min(), values.max())
    for preset in shown["presets"]:
        for number, value in preset["settings"]:
            reach(int(number), value)
    for owner in _owners(shown):
        for part in owner["parts"]:
            for number in part["names"]:
                reach(number, part["low"], part["high"])
        if owner["municipal"] is not None:
            reach(owner["municipal"], 0.0, 1.0)
        start = next((part for part in owner["parts"] if part["part"] == "start"), None)
        for target in owner["targets"]:
            for since, number, aimed in target["constants"]:
                reach(number, aimed)
                if start is not None:
                    reach(since, start["low"], start["high"])
    return np.array([low, high])


def effects(
    shown: Mapping[str, Any],
    simulation: Simulation,
    outputs: Sequence[int],
    grid: TimeGrid,
    box: NDArray[np.float64],
    idle: Sequence[str],
) -> list[list[float]]:
    """Parameters of sliders with the model time from which on they can do anything, where that is not the start.

    Parameters
    ----------
    shown : mapping
        From `sd_covid.report.simulator.controls`.
    simulation : Simulation
    outputs : sequence of int
        Nodes of the step graph that the page has.
    grid : TimeGrid
    box : ndarray, shape (2, parameter)
        From `reachable`; what is found holds within it.
    idle : sequence of str
        Levers that are known to do nothing before they start.
    """
    asked = [
        number
        for owner in _owners(shown)
        if owner["id"] not in idle
        for part in owner["parts"]
        for number in part["names"]
    ]
    part, chosen = trim(simulation.program, list(outputs))
    first = first_effects(part, chosen, grid, box, asked)
    return [
        [number, grid.start + step * grid.step] for number, step in zip(asked, first, strict=True) if step > 0
    ]


def _owners(shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(lever for group in shown["groups"] for lever in group["levers"]), *shown["assumptions"]]
