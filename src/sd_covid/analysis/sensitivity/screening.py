"""Screening: a Morris analysis that sets aside the factors that do little, before a method that costs more runs.

What is set aside stays at its central value, so that its part of the spread is missing from what follows. How large it
could be is told by the effects it had. The calibrated parameters are never set aside: no single draw is their middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.designs import design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.factors import Factor, parameters
from sd_covid.analysis.sensitivity.plan import SensitivityPlan
from sd_covid.analysis.sensitivity.runs import Progress, Runs, run_rows
from sd_covid.errors import RunError

Floats = NDArray[np.float64]

#: Of a path every so many of its moments are looked at, the last one included.
_MOMENTS = 12


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screening found.

    Attributes
    ----------
    factors : tuple of Factor
    reach : ndarray, shape (factor,)
        Largest mean absolute elementary effect over all quantities, each as a part of the largest one on that quantity.
    kept : tuple of str
        Ids of the factors that stay.
    threshold : float
    trajectories, sound : int
        Made, and without a failed run.
    runs : int
    """

    factors: tuple[Factor, ...]
    reach: Floats
    kept: tuple[str, ...]
    threshold: float
    trajectories: int
    sound: int
    runs: int

    @property
    def held(self) -> tuple[tuple[Factor, float], ...]:
        """The factors that were set aside, with their reach."""
        rows = zip(self.factors, self.reach.tolist(), strict=True)
        return tuple((factor, reach) for factor, reach in rows if factor.id not in self.kept)


def screen(plan: SensitivityPlan, progress: Progress | None = None) -> tuple[SensitivityPlan, Screened]:
    """Set aside the factors of a plan that do little.

    Parameters
    ----------
    plan : SensitivityPlan
        With a screening.
    progress : callable, optional

    Returns
    -------
    plan : SensitivityPlan
        With the other factors only; at least two.
    screened : Screened

    Raises
    ------
    RunError
        When no quantity varies, so that there is nothing to rank; as `run_rows`.
    """
    if plan.screening is None:
        raise RunError("the plan asks for no screening", variable="screening")
    ids = [factor.id for factor in plan.factors]
    points = design("morris", ids, plan.screening.trajectories, plan.seed)
    runs = run_rows(replace(plan, method="morris"), parameters(plan.factors, points.points), progress)
    values, noise = _quantities(runs)
    sound = points.sound(runs.sound)
    effects = estimate(points, values, sound, noise, seed=plan.seed).leading
    varies = np.nanmax(np.nan_to_num(effects), axis=0) > 0
    if not varies.any():
        raise RunError("no outcome varies, so nothing can be screened", variable="screening")
    reach = (effects[:, varies] / effects[:, varies].max(axis=0)).max(axis=1)
    bound = min(plan.screening.threshold, float(np.sort(reach)[-2]))
    stays = [
        factor.kind == "posterior" or part >= bound
        for factor, part in zip(plan.factors, reach.tolist(), strict=True)
    ]
    kept = tuple(factor for factor, here in zip(plan.factors, stays, strict=True) if here)
    held = tuple(factor for factor, here in zip(plan.factors, stays, strict=True) if not here)
    screened = Screened(
        factors=plan.factors,
        reach=reach,
        kept=tuple(factor.id for factor in kept),
        threshold=plan.screening.threshold,
        trajectories=points.blocks,
        sound=int(sound.sum()),
        runs=len(points.points) * len(plan.scenarios),
    )
    return replace(plan, factors=kept, held=held), screened


def _quantities(runs: Runs) -> tuple[Floats, Floats]:
    """Outcomes, and paths at some of their moments, shape (row, quantity), with the spread that is rounding."""
    paths, noise = runs.paths[:, :, ::-_MOMENTS], runs.path_noise[:, ::-_MOMENTS]
    rows = len(runs.outcomes)
    values = np.concatenate([runs.outcomes, paths.reshape(rows, -1)], axis=1, dtype=np.float64)
    return values, np.concatenate([runs.noise, noise.ravel()])
