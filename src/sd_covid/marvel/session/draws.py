"""Stored draws under the priors of a session.

A calibrated constant has seen the figures, and they still count: its draws are moved from the old prior to the new. One
that no figure informs is drawn from its new prior.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.reprior import under_priors
from sd_covid.calibration.samplers.moved import Moved
from sd_covid.calibration.stored.store import INDEX, Posterior
from sd_covid.calibration.types import Simulator
from sd_covid.marvel.session.priors import ExpertPrior

Quantiles = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """Draws under the priors of a session.

    Attributes
    ----------
    frame : DataFrame
        As `Posterior.frame`.
    moved : Moved or None
        How the calibrated constants got there; None where there are none among them.
    before, after : dict
        Id of a parameter -> 5, 50 and 95 % of its draws before and after; of one that was not calibrated before, its
        range.
    """

    frame: pd.DataFrame
    moved: Moved | None
    before: dict[str, Quantiles]
    after: dict[str, Quantiles]

    @property
    def due(self) -> bool:
        """Whether the draws are not to be trusted and a full fit is due."""
        return self.moved is not None and bool(self.moved.faults)

    @property
    def kept(self) -> int:
        """How many of the draws before have descendants among these."""
        return len(self.frame) if self.moved is None else self.moved.spent.families


def judged_draws(
    problem: Problem,
    simulator: Simulator,
    stored: Posterior,
    priors: Sequence[ExpertPrior],
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Judged:
    """Draw under the priors of a session.

    Parameters
    ----------
    problem : Problem
        The study's.
    simulator : Simulator
        Its model.
    stored : Posterior
        Its draws.
    priors : sequence of ExpertPrior
    seed : int
    progress : callable, optional
        Called with the share of the way.

    Raises
    ------
    DataError, RunError
        See `sd_covid.calibration.reprior.under_priors`.
    """
    fitted = {item.id: item.prior for item in priors if item.before.parameter is not None}
    frame, moved = stored.frame.copy(), None
    if fitted:
        frame, moved = under_priors(problem, simulator, stored, fitted, seed=seed, progress=progress)
    rng = np.random.default_rng([seed, 6])
    for item in priors:
        if item.before.parameter is None:
            values = item.prior.draw(rng, len(frame))
            frame[item.id] = values
            frame["log_posterior"] += [item.prior.log_density(value)[0] for value in values.tolist()]
    before = {
        item.id: _quantiles(stored.frame[item.id]) if item.id in stored.frame else item.before.quantiles
        for item in priors
    }
    after = {item.id: _quantiles(frame[item.id]) for item in priors}
    ordered = [*INDEX, *(str(name) for name in frame if name not in INDEX)]
    return Judged(frame[ordered], moved, before, after)


def _quantiles(values: pd.Series[float]) -> Quantiles:
    low, middle, high = np.quantile(values.to_numpy(dtype=np.float64), [0.05, 0.5, 0.95]).tolist()
    return low, middle, high
