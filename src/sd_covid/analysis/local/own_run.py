"""The whole model run with the initial values and groups of one region, as a check on its projection.

A projection lets the cells of the model follow the national course. Here the model itself runs with the region's level
of every indicator at the start and its share of vulnerable persons, so that feedback between sectors is the region's
own. Both leave out what a region does not decide by itself: moves, work elsewhere, shocks of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.local.cells import Cells, cells_of, shares
from sd_covid.analysis.local.indicators import Kind
from sd_covid.analysis.local.profile import VULNERABLE
from sd_covid.analysis.local.project import Local
from sd_covid.data.local.regions import Region
from sd_covid.errors import RunError
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.comparison.scenarios import Comparison

Floats = NDArray[np.float64]

_DEBT = "vulnerable share of debt"


@dataclass(frozen=True)
class OwnRun:
    """A projection beside the model's own run, both with the deviation of the year of the figures held.

    Attributes
    ----------
    local : Local
    projected, run : ndarray, shape (draw, year)
        Per cent, of the draws that stayed finite.
    """

    local: Local
    projected: Floats
    run: Floats


def own_run(
    projections: Sequence[Local],
    comparison: Comparison,
    region: Region,
    draws: pd.DataFrame,
    constants: dict[str, float],
    rerun: Callable[[pd.DataFrame], Comparison],
) -> list[OwnRun]:
    """Run the first scenario with what a region has of its own.

    Parameters
    ----------
    projections : sequence of Local
    comparison : Comparison
        From which they were made; every draw of it must have stayed finite.
    region : Region
    draws : DataFrame
        Those of the comparison.
    constants : dict
        The model's, with their values.
    rerun : callable
        Runs the first scenario on other draws.

    Raises
    ------
    RunError
        When draws failed in the comparison.
    """
    if comparison.failures:
        raise RunError("draws that failed cannot be told from the others", advice="run without --own-run")
    places = list(projections[0].profiles.regions.within(region))
    names, frame = ConstantNames(constants), draws.copy()
    levels = [_projected(local, cells_of(comparison, local.indicator), places) for local in projections]
    for local, (_, moved) in zip(projections, levels, strict=True):
        for constant, kind in local.indicator.start.items():
            for name in names.elements(constant):
                frame[name] = _moved(_now(frame, name, constants), moved, kind)
    profiles = projections[0].profiles
    share = np.average(profiles.values[VULNERABLE][places], weights=profiles.values["population"][places])
    for name in names.elements("vulnerable share"):
        _set_group(frame, name, float(share), constants, names)
    found = rerun(frame)
    sound = found.sound(found.scenarios[0].id)
    told = []
    for local, (level, _) in zip(projections, levels, strict=True):
        cells = cells_of(found, local.indicator)
        run = 100 * cells.number[0].sum(axis=-1) / cells.of[0].sum(axis=-1)
        told.append(OwnRun(local, level[sound], run))
    return told


def _projected(local: Local, cells: Cells, places: list[int]) -> tuple[Floats, Floats]:
    """The projection with its deviation held, (draw, year), and its distance from the country in log odds, (draw,)."""
    share = shares(local.indicator, local.profiles, cells)[places].sum(axis=0)
    synthetic = (cells.number[0] @ share) / (cells.of[0] @ share)
    weights = local.of(0).mean(axis=(0, 1))[places]
    beyond = local.deviations.all[:, places] - local.pool.fixed[places, 0]
    odds = np.log(synthetic / (1 - synthetic)) + (beyond @ weights / weights.sum())[:, None]
    country = cells.number[0].sum(axis=-1) / cells.of[0].sum(axis=-1)
    away = odds[:, 0] - np.log(country[:, 0] / (1 - country[:, 0]))
    return 100 / (1 + np.exp(-odds)), away


def _now(frame: pd.DataFrame, name: str, constants: dict[str, float]) -> Floats:
    """A constant in every draw; drawn as a whole array, element by element, or not at all."""
    for column in (name, name.partition("[")[0]):
        if column in frame:
            return frame[column].to_numpy(dtype=np.float64)
    return np.full(len(frame), constants[name])


def _moved(value: Floats, moved: Floats, kind: Kind) -> Floats:
    """A level moved on the log odds; a number in the proportion in which a small share moves."""
    if kind == "number":
        return np.asarray(value * np.exp(moved))
    whole = 100.0 if kind == "percent" else 1.0
    odds = value / (whole - value) * np.exp(moved)
    return np.asarray(whole * odds / (1 + odds))


def _set_group(
    frame: pd.DataFrame, name: str, share: float, constants: dict[str, float], names: ConstantNames
) -> None:
    """Set the vulnerable share, and with it the part of debts that it has, at the same ratio between groups."""
    before = _now(frame, name, constants)
    for debt in names.elements(_DEBT) if _DEBT in names else ():
        part = _now(frame, debt, constants)
        ratio = part / before / ((1 - part) / (1 - before))
        frame[debt] = share * ratio / (share * ratio + 1 - share)
    frame[name] = share
