"""What goes into sequential Monte Carlo and what comes out of it, as data.

`sd_covid.calibration.samplers.smc` does it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from sd_covid.calibration.types import Array, Index


@dataclass(frozen=True, slots=True)
class Effort:
    """How much the particles are moved at each stage.

    Attributes
    ----------
    apart, last : float
        Moves end when no coordinate, nor its distance from the middle, nor the gain of the last density over the first,
        has a rank correlation above this, and above what chance makes of so few particles, with what it was; ``last``
        is for the last stage.
    moves : int
        Of one stage at most.
    keep : float
        Effective size, as a share of the particles, to which the weights of a stage fall.
    length : float
        Of a trajectory. A quarter turn in a unit normal: its end has forgotten the start.
    stages : int, optional
        After so many the particles stay where they are; without it they arrive, or it is an error.
    """

    apart: float = 0.3
    last: float = 0.1
    moves: int = 30
    keep: float = 0.5
    length: float = math.pi / 2
    stages: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Attributes
    ----------
    temperature : float
        Reached by it.
    ess : float
        Effective size of the weights over the number of particles, mean of the islands.
    k : float
        Pareto shape of the weights' upper tail (Vehtari et al., Journal of Machine Learning Research 25, 2024); above
        0.7 a few particles carry the rest. NaN where all weigh the same.
    moves, steps : int
        Trajectories of each particle, and their leapfrog steps in all.
    acceptance : float
        Mean of the trajectories.
    correlation : float
        Largest with what was before the moves, see `Effort`.
    """

    temperature: float
    ess: float
    k: float
    moves: int
    steps: int
    acceptance: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Annealed:
    """Particles of the last density, unless `Effort.stages` ended the way before.

    Attributes
    ----------
    values : ndarray, shape (island, particle, dimension)
        Equally weighted; descendants of one particle are neighbours.
    log_density : ndarray, shape (island, particle)
    ancestors : ndarray of int, shape (island, particle)
        The particle of the island at the start from which each descends.
    gains : ndarray, shape (island, particle)
        Log of the last density over the first where the particles started.
    log_ratios : ndarray, shape (island,)
        Log of the last normalising constant over the first, as each island tells it.
    stages : tuple of Stage
    diverged : int
        Trajectories of the last stage that diverged.
    gradients : int
        Evaluations, over all particles.
    """

    values: Array
    log_density: Array
    ancestors: Index
    gains: Array
    log_ratios: Array
    stages: tuple[Stage, ...]
    diverged: int
    gradients: int

    @property
    def log_ratio(self) -> float:
        """Log of the mean ratio of the islands."""
        return float(logsumexp(self.log_ratios) - math.log(len(self.log_ratios)))

    @property
    def log_ratio_error(self) -> float:
        """Standard error of `log_ratio`, from the spread of the islands; NaN of a single one.

        What moves leave undone in all islands alike, it does not show.
        """
        if len(self.log_ratios) < 2:
            return math.nan
        return float(np.std(self.log_ratios, ddof=1) / math.sqrt(len(self.log_ratios)))

    def record(self) -> dict[str, Any]:
        """What is worth keeping of it beside the draws."""
        return {
            "log_evidence": self.log_ratio,
            "log_evidence_error": self.log_ratio_error,
            "families": self.families,
            "gradients": self.gradients,
            "stages": [asdict(stage) for stage in self.stages],
        }

    @property
    def families(self) -> int:
        """Particles of the start that have descendants."""
        return sum(len(np.unique(row)) for row in self.ancestors)
