"""Draws of a posterior under other priors of some parameters, without a new fit.

In: stored draws, and the priors that some parameters now have. Out: draws of the posterior that the same figures give
under these, and whether that went well. The figures still count: draws are weighed by the ratio of new to old prior,
and moved, as an update with new figures does (`sd_covid.calibration.samplers.moved`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.density.objective import Objective, add_series
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.problem.priors import JointPrior, Prior
from sd_covid.calibration.samplers.moved import EFFORT, Moved, move_draws
from sd_covid.calibration.samplers.paths import unconstrained_path
from sd_covid.calibration.stored.store import Posterior
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.workflow import model_hash, posterior_file
from sd_covid.errors import DataError


@one_thread_of_algebra
def under_priors(
    problem: Problem,
    simulator: Simulator,
    stored: Posterior,
    priors: Mapping[str, Prior],
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> tuple[pd.DataFrame, Moved]:
    """Move stored draws to the posterior under other priors.

    Parameters
    ----------
    problem : Problem
        With the priors that the draws have seen.
    simulator : Simulator
        Its model.
    stored : Posterior
    priors : mapping
        Id of an estimated parameter -> its prior now, with the bounds it has in the table.
    seed : int
    progress : callable, optional
        Called with the share of the way.

    Returns
    -------
    frame : DataFrame
        As `Posterior.frame`.
    moved : Moved
        With the reasons why the draws are not to be trusted, if there are.

    Raises
    ------
    DataError
        Draws of another model or of other parameters.
    RunError
        The new priors are nowhere where the draws are.
    """
    objective = Objective(problem, simulator)
    other = stored.provenance["model_hash"] != model_hash(simulator)
    if other or list(stored.parameters.columns) != objective.names:
        reason = f"the draws are of {'another model' if other else 'other parameters'}"
        raise DataError(reason, advice=f"run sd-covid calibrate {problem.path}", file=posterior_file(problem))
    start = objective.transform.unconstrained(stored.values)
    path = unconstrained_path(
        objective, _Ratio(objective, priors), start[0, 0], np.arange(objective.dimension)
    )
    found = move_draws(path, start, effort=EFFORT, seed=seed, progress=progress)
    chains, count, dimension = found.values.shape
    u = found.values.reshape(-1, dimension)
    frame = pd.DataFrame(objective.transform.natural(u), columns=objective.names)
    frame.insert(0, "chain", np.repeat(np.arange(chains), count))
    frame.insert(1, "draw", np.tile(np.arange(count), chains))
    frame.insert(2, "log_posterior", found.log_density.ravel() - objective.transform.density(u)[2])
    return frame, found


class _Ratio:
    """The likelihood, and on the way more and more of the ratio of new to old prior."""

    def __init__(self, objective: Objective, priors: Mapping[str, Prior]) -> None:
        self._objective = objective
        self._places = np.array([objective.names.index(name) for name in priors], dtype=np.intp)
        before = [objective.parameters[place].prior for place in self._places.tolist()]
        assert all(prior is not None for prior in before)
        self._old = JointPrior([prior for prior in before if prior is not None])
        self._new = JointPrior(list(priors.values()))

    def __call__(self, x: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        """Log likelihoods on the way, their gradients, and how much they grow."""
        value, gradient = self._objective.gathered(x, add_series, slopes=slopes)
        chosen = np.ascontiguousarray(x[:, self._places])
        new, new_slope = self._new.log_density(chosen)
        old, old_slope = self._old.log_density(chosen)
        gain = new - old
        gradient = gradient.copy()
        gradient[:, self._places] += temperature * (new_slope - old_slope)
        return value + temperature * gain, gradient, gain
