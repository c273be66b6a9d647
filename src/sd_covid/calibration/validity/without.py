"""The posterior without one series, by weighting its draws anew instead of fitting again.

In: a `Replay` and what each series informs. Out: Pareto-smoothed weights of the draws (Vehtari et al., Journal of
Machine Learning Research 25(72), 2024) with their diagnostic k. Above 0.7 the weights rest on a few draws and only a
refit would tell.

Parameters that no other series informs (its own offset, its noise) would fall back to their prior and spoil every
weight. They are of no interest here: for them the target is not the prior but a normal distribution fitted to the
draws, which leaves the distribution of all others what it should be (as in Chen, Journal of the American Statistical
Association 89, 1994). They keep their fitted values, and the page says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.priors import JointPrior
from sd_covid.calibration.types import Array
from sd_covid.calibration.validity.replay import Key, Replay
from sd_covid.errors import RunError

RELIABLE = 0.7
FEWEST = 25  # draws: a fifth of them is the tail, of which at least five are needed


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the draws without one series.

    Attributes
    ----------
    key : Key
        What was left out.
    own : tuple of str
        Parameters that only it informs: they keep their fitted distribution.
    k : float
        Pareto shape of the largest weights; NaN where there are too few draws to tell.
    share : ndarray, shape (draw,)
        Smoothed, of sum 1.
    """

    key: Key
    own: tuple[str, ...]
    k: float
    share: Array

    @property
    def reliable(self) -> bool:
        """Whether k is 0.7 at most."""
        return self.k <= RELIABLE

    @property
    def effective(self) -> float:
        """Draws of equal weight that would tell as much."""
        return float(1.0 / np.sum(self.share**2))

    def mean(self, values: Array) -> Array:
        """Mean over draws, the first axis."""
        found: Array = self.share @ values
        return found

    def sd(self, values: Array) -> Array:
        """Standard deviation over draws, the first axis."""
        found: Array = np.sqrt(np.maximum(self.share @ (values - self.mean(values)) ** 2, 0.0))
        return found


def weights_without(objective: Objective, found: Replay, key: Key, own: list[int]) -> Weights:
    """Weights of the draws if one series or soft fact had not been there.

    Parameters
    ----------
    objective : Objective
    found : Replay
    key : Key
    own : list of int
        Places of the parameters that only it informs.

    Raises
    ------
    RunError
        One of these is the same in every draw.
    """
    count = len(found.parameters)
    if count < max(FEWEST, 2 * len(own)):
        names = tuple(found.names[place] for place in own)
        return Weights(key, names, math.nan, np.full(count, 1.0 / count))
    log_ratio = -found.log_likelihoods[key]
    if own:
        log_ratio = log_ratio + _fitted_over_prior(objective, found.parameters, own)
    share, k = smoothed(log_ratio)
    return Weights(key, tuple(found.names[place] for place in own), k, share)


def smoothed(log_ratio: Array) -> tuple[Array, float]:
    """Pareto-smoothed weights of sum 1, and k.

    Returns
    -------
    share : ndarray, shape (draw,)
    k : float
        0 for equal weights; NaN where the draws that differ are too few to tell.
    """
    from sd_covid.calibration.samplers.quiet_arviz import arviz

    equal = np.full(len(log_ratio), 1.0 / len(log_ratio))
    if np.ptp(log_ratio) == 0.0:
        return equal, 0.0
    logs, k = arviz.psislw(log_ratio - log_ratio.max())  # type: ignore[no-untyped-call]
    share = np.exp(np.asarray(logs, dtype=np.float64))
    return share / share.sum(), float(k) if math.isfinite(float(k)) else math.nan


def _fitted_over_prior(objective: Objective, draws: Array, own: list[int]) -> Array:
    """Log of the fitted normal density over the prior's, of the parameters that only one series informs."""
    named = ", ".join(objective.names[place] for place in own)
    if np.any(np.ptp(draws[:, own], axis=0) == 0.0):
        raise RunError(f"the draws of {named} do not vary", advice="run sd-covid calibrate again")
    u = objective.transform.unconstrained(draws)
    log_slope = np.sum(np.log(objective.transform.density(u)[1][:, own]), axis=1)
    priors = [objective.parameters[place].prior for place in own]
    prior = JointPrior([item for item in priors if item is not None])
    u_own = u[:, own]
    covariance = np.atleast_2d(np.cov(u_own, rowvar=False))
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        reason = f"the draws of {named} do not vary, or only together"
        raise RunError(reason, advice="run sd-covid calibrate again") from error
    z = np.linalg.solve(root, (u_own - u_own.mean(axis=0)).T)
    fitted = -0.5 * np.sum(z**2, axis=0) - np.sum(np.log(np.diag(root)))
    found: Array = fitted - prior.log_density(draws[:, own])[0] - log_slope
    return found
