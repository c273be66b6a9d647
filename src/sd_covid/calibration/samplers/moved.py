"""Draws of one posterior made draws of another that rests on other figures, and whether that went well.

In: a path between the two densities, and draws of the first. Out: draws of the last, what they cost, and why they are
not to be trusted, where they are not. Draws are carried to where the other figures point and are from there on the
particles of sequential Monte Carlo: weights make up for what the carrying missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sd_covid.calibration.samplers.annealed import Annealed, Effort, Stage
from sd_covid.calibration.samplers.posterior import diagnostics
from sd_covid.calibration.samplers.smc import Path, anneal
from sd_covid.calibration.samplers.transport import Transport, carried, transport
from sd_covid.calibration.samplers.weights import pareto_k, relative_size
from sd_covid.calibration.types import Array

Fault = Literal["far", "stages", "weights", "families", "stuck", "apart"]
"""Why draws are not to be trusted: a parameter far from where it was, too many stages, heavy-tailed weights, too few
draws with descendants, moves that led nowhere, chains that disagree."""

# every draw is one already before it moves: what moves owe is that copies come apart
EFFORT = Effort(apart=0.8, last=0.8, moves=6, keep=0.3, length=0.8, stages=8)
BAD_K = 0.7  # Pareto shape of a stage's weights above which a few draws carry the rest
MOST_STAGES = 5  # more say that the draws have hardly seen where the posterior is
FEWEST = 0.1  # of the draws must have descendants
STUCK = 0.9  # correlation with what the draws were that says that moves led nowhere
FAR = 5.0  # standard deviations: a coordinate whose median moved further lies where no draw was
MAX_R_HAT = 1.05  # of chains of some hundred draws; that of as many independent ones stays below 1.03


@dataclass(frozen=True, slots=True)
class Spent:
    """How the draws got there.

    Attributes
    ----------
    directions : int
        Combinations of parameters along which the draws were carried.
    carried_size : float
        Effective size of the weights after that, as a share of the draws.
    carried_k : float
        Pareto shape of those weights; NaN where all weigh the same.
    stages : tuple of Stage
    draws, families : int
        Draws, and how many of those before have descendants among them.
    gradients : int
    r_hat : float
        Largest of all parameters.
    diverged : int
    """

    directions: int
    carried_size: float
    carried_k: float
    stages: tuple[Stage, ...]
    draws: int
    families: int
    gradients: int
    r_hat: float
    diverged: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Draws of the last density.

    Attributes
    ----------
    values : ndarray, shape (chain, draw, dimension)
        In the coordinates of the path.
    log_density : ndarray, shape (chain, draw)
    r_hat, ess : ndarray, shape (dimension,)
        ESS in bulk.
    spent : Spent
    faults : tuple of Fault
        Empty when the draws can be trusted.
    """

    values: Array
    log_density: Array
    r_hat: Array
    ess: Array
    spent: Spent
    faults: tuple[Fault, ...]


def move_draws(
    path: Path,
    start: Array,
    *,
    effort: Effort = EFFORT,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Moved:
    """Carry, weigh and move draws.

    Parameters
    ----------
    path : callable
    start : ndarray, shape (chain, draw, dimension)
        Draws of the first density.
    effort : Effort
    seed : int
    progress : callable, optional
        Called with the temperature reached.

    Raises
    ------
    RunError
        The last density is nowhere where the draws are, or too far away for any step.
    """
    by = transport(path, start.reshape(-1, start.shape[2]), np.random.default_rng([seed, 5]))
    found = anneal(carried(path, by), by.forth(start), effort=effort, seed=seed, progress=progress)
    told = diagnostics(found.values)
    spent = _spent(by, found, told.r_hat)
    middle, sd = np.median(start, axis=(0, 1)), np.std(start, axis=(0, 1))
    shift = np.abs(np.median(found.values, axis=(0, 1)) - middle) / np.where(sd > 0, sd, np.inf)
    faults = _faults(spent, float(np.max(shift)))
    return Moved(found.values, found.log_density, told.r_hat, told.ess_bulk, spent, faults)


def _spent(by: Transport, found: Annealed, r_hat: Array) -> Spent:
    return Spent(
        directions=by.directions,
        carried_size=float(relative_size(found.gains.reshape(1, -1))[0]),
        carried_k=pareto_k(found.gains),
        stages=found.stages,
        draws=found.ancestors.size,
        families=found.families,
        gradients=by.gradients + found.gradients,
        r_hat=float(np.max(r_hat)),
        diverged=found.diverged,
    )


def _faults(spent: Spent, shift: float) -> tuple[Fault, ...]:
    """Why the draws are not to be trusted."""
    wrong: dict[Fault, bool] = {
        "far": shift > FAR,
        "stages": len(spent.stages) > MOST_STAGES or spent.stages[-1].temperature < 1.0,
        "weights": any(stage.k > BAD_K for stage in spent.stages),
        "families": spent.families < FEWEST * spent.draws,
        "stuck": any(stage.correlation > STUCK for stage in spent.stages),
        "apart": not spent.r_hat <= MAX_R_HAT,
    }
    return tuple(name for name, holds in wrong.items() if holds)
