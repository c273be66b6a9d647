"""Normal scores: coordinates in which a normal prior, on a scale of its own and between bounds, is the unit normal.

In: normal priors. Out: natural values of coordinates u with F(x) = Phi(u), F the cumulative prior between its bounds
and Phi that of the unit normal, and back. The samplers move in them, and information is told in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri, ndtri_exp

from sd_covid.calibration.problem.priors import Prior
from sd_covid.calibration.types import Array


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """A normal distribution of a parameter or of its logarithm; bounds in natural values, maybe infinite."""

    log: bool
    mean: float
    sd: float
    lower: float
    upper: float


def normal_prior(prior: Prior) -> NormalPrior | None:
    """A prior as a normal distribution; None for another one."""
    if prior.distribution not in ("normal", "log-normal"):
        return None
    mean, sd = prior.parameters
    return NormalPrior(prior.distribution == "log-normal", mean, sd, prior.lower, prior.upper)


class NormalScores:
    """Parameters on their normal score: u is the unit normal when the parameter has its truncated normal prior."""

    def __init__(self, priors: Sequence[NormalPrior]) -> None:
        table = np.array([astuple(item) for item in priors], dtype=np.float64).reshape(-1, 5).T
        self._log, (self._mean, self._sd, self._lower, self._upper) = table[0] != 0, table[1:]
        low, high = ((self._on_scale(bound) - self._mean) / self._sd for bound in table[3:])
        # both tails, each by its own small number: one less the other would lose it
        self._below, self._above = ndtr(low), ndtr(-high)
        self._inside = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))

    def _on_scale(self, x: Array) -> Array:
        """On the scale on which the prior is normal."""
        with np.errstate(all="ignore"):
            found: Array = np.where(self._log, np.log(np.where(self._log, np.maximum(x, 0.0), 1.0)), x)
            return found

    def with_slope(self, u: Array) -> tuple[Array, Array, Array]:
        """Natural values, the logarithm of dx/du, and its derivative."""
        with np.errstate(all="ignore"):  # a coordinate that is absurdly far out has no density
            z = np.where(u < 0, self._score(u, self._below), -self._score(-u, self._above))
            log_turn = np.log(self._inside) + 0.5 * (z * z - u * u)  # of dz/du
            log_slope, bend = np.log(self._sd) + log_turn, z * np.exp(log_turn) - u
            y = self._mean + self._sd * z
            x = np.where(self._log, np.exp(np.where(self._log, y, 0.0)), y)
            turn = np.where(self._log, np.exp(log_slope), 0.0)
            # rounding may miss a bound
            return (
                np.clip(x, self._lower, self._upper),
                np.where(self._log, log_slope + y, log_slope),
                bend + turn,
            )

    def _score(self, u: Array, cut: Array) -> Array:
        """The place z at u below zero, where ``cut`` is the mass that the lower bound takes away."""
        u = np.minimum(u, 0.0)
        uncut = ndtri_exp(log_ndtr(u) + np.log(self._inside))  # as far out as one likes
        found: Array = np.where(cut > 0, ndtri(cut + ndtr(u) * self._inside), uncut)
        return found

    def unconstrained(self, x: Array) -> Array:
        """Coordinates of natural values."""
        z = (self._on_scale(x) - self._mean) / self._sd
        below, above = self._share(z, self._below), self._share(-z, self._above)
        found: Array = np.where(below < above, ndtri_exp(below), -ndtri_exp(above))
        return found

    def _share(self, z: Array, cut: Array) -> Array:
        """Log of the mass between the lower bound and z; at the bound that of 1e-9 of the whole."""
        with np.errstate(all="ignore"):
            uncut = log_ndtr(z) - np.log(self._inside)
            inside = np.log(np.maximum((ndtr(z) - cut) / self._inside, 1e-9))
        found: Array = np.where(cut > 0, inside, uncut)
        return found
