"""The posterior by sequential Monte Carlo from the prior.

In: an `Objective`, and which of its parameters the figures inform. Out: particles of the posterior of these, and the
evidence. Nothing of the mode or its curvature goes in, so that a fit that missed the posterior shows.
"""

from __future__ import annotations

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.samplers.annealed import Annealed
from sd_covid.calibration.samplers.paths import from_prior, unconstrained_path
from sd_covid.calibration.samplers.smc import anneal
from sd_covid.calibration.types import Array, Mask, Progress


def sample_tempered(
    objective: Objective,
    others: Array,
    informed: Mask,
    *,
    islands: int,
    particles: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Array, Annealed]:
    """Draw from the posterior while the likelihood is raised from nothing.

    Parameters
    ----------
    objective : Objective
    others : ndarray, shape (parameter,)
        Unconstrained coordinates of all parameters; those that are not informed stay there.
    informed : ndarray of bool, shape (parameter,)
    islands, particles : int
        Islands, and particles of each.
    seed : int
    progress : callable, optional
        Called with (thousandths of the way, 1000), on the scale of the logarithm of the temperature.

    Returns
    -------
    values : ndarray, shape (island, particle, parameter)
        Unconstrained coordinates.
    annealed : Annealed
        Its `log_ratio` is the log evidence: the probability of the figures under priors and model.

    Raises
    ------
    RunError
        The model fails at every particle of an island.
    """
    rng = np.random.default_rng([seed, 4])
    drawn = np.tile(others, (islands * particles, 1))
    places = np.flatnonzero(informed)
    natural = objective.transform.natural(drawn)
    for place in places.tolist():
        prior = objective.parameters[place].prior
        if prior is not None:
            natural[:, place] = prior.draw(rng, len(natural))
    start = objective.transform.unconstrained(natural)[:, places]

    def tell(temperature: float) -> None:
        if progress is not None:
            progress(round(1000 * (1 + np.log10(max(temperature, 1e-6)) / 6)), 1000)

    found = anneal(
        unconstrained_path(objective, from_prior(objective), others, places),
        start.reshape(islands, particles, len(places)),
        seed=seed,
        progress=tell,
    )
    drawn[:, places] = found.values.reshape(-1, len(places))
    return drawn.reshape(islands, particles, -1), found
