"""Which levers do nothing before they start, so that a page may carry on from a state before that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from sd_covid.engine.simulation import Simulation
from sd_covid.policy.levers import Lever
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
