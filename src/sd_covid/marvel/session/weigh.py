"""Stored draws under other priors: weighed by the ratio of new to old, and drawn anew by weight.

A calibrated constant has seen the figures: its draws are weighed, the figures still count. One that no figure informs
is drawn from its new prior. How many draws the weights are worth is told, and when a full fit is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.calibration.priors import Prior
from sd_covid.calibration.store import INDEX, Posterior
from sd_covid.calibration.weights import pareto_k, relative_size, systematic
from sd_covid.marvel.session.priors import ExpertPrior

Floats = NDArray[np.float64]

#: Draws that the weights must be worth, and the largest Pareto k, before they can be used in place of a full fit.
LEAST_DRAWS, MOST_K = 400, 0.7
RECORD = "judgement"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Draws under the priors of a session.

    Attributes
    ----------
    frame : DataFrame
        As `Posterior.frame`; one chain, since draws of all chains are mixed.
    worth : float
        Independent draws that the weights are worth (Kish).
    pareto_k : float
        Shape of the upper tail of the weights; NaN where they are all the same.
    before, after : dict
        Id of a parameter -> 5, 50 and 95 % of its draws before and after; of one that was not
        calibrated before, its range.
    """

    frame: pd.DataFrame
    worth: float
    pareto_k: float
    before: dict[str, tuple[float, float, float]]
    after: dict[str, tuple[float, float, float]]

    @property
    def due(self) -> bool:
        """Whether a full fit is due: weights that a few draws carry cannot take its place."""
        return self.worth < LEAST_DRAWS or self.pareto_k > MOST_K


def weigh(posterior: Posterior, priors: Sequence[ExpertPrior], seed: int) -> Weighed:
    """Weigh stored draws by the ratio of new to old prior, and draw as many of them anew.

    Parameters
    ----------
    posterior : Posterior
    priors : sequence of ExpertPrior
    seed : int
    """
    frame = posterior.frame
    fitted = [item for item in priors if item.before.parameter is not None]
    logs = np.zeros(len(frame))
    for item in fitted:
        assert item.before.parameter is not None
        assert item.before.parameter.prior is not None
        values = frame[item.id].to_numpy(dtype=np.float64)
        logs += _logs(item.prior, values) - _logs(item.before.parameter.prior, values)
    rng = np.random.default_rng(seed)
    worth = float(relative_size(logs[None, :])[0]) * len(frame)
    weights = np.exp(logs - logs.max())
    # In random order: copies lie together after drawing by weight, and a part of a file should be like the whole.
    chosen = rng.permutation(systematic(weights / weights.sum(), rng))
    drawn = frame.iloc[chosen].reset_index(drop=True)
    drawn["log_posterior"] += logs[chosen]
    drawn["chain"], drawn["draw"] = 0, np.arange(len(drawn))
    for item in priors:
        if item.before.parameter is None:
            drawn[item.id] = item.prior.draw(rng, len(drawn))
            drawn["log_posterior"] += _logs(item.prior, drawn[item.id].to_numpy())
    before = {
        item.id: _quantiles(frame[item.id]) if item.id in frame else item.before.quantiles for item in priors
    }
    after = {item.id: _quantiles(drawn[item.id]) for item in priors}
    ordered = [*INDEX, *(name for name in drawn if name not in INDEX)]
    return Weighed(drawn[ordered], worth, pareto_k(logs), before, after)


def _logs(prior: Prior, values: Floats) -> Floats:
    return np.array([prior.log_density(value)[0] for value in values.tolist()])


def _quantiles(values: pd.Series[float]) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values.to_numpy(dtype=np.float64), [0.05, 0.5, 0.95]).tolist()
    return low, middle, high
