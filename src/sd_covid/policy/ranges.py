"""How far a number that nobody knows may reach, as a distribution.

In comes a low, a high, a central value and a shape; out come quantiles, so that a sample of the unit cube becomes
draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sd_covid.policy.types import Floats

Shape = Literal["uniform", "log-uniform", "triangular", "normal", "log-normal"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

#: Standard normal quantile of 0.95: half the width of a central 90 % interval in standard deviations.
_Z95 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Range:
    """A distribution over a number that nobody knows.

    Attributes
    ----------
    low, high : float
        The bounds of a uniform, log-uniform or triangular distribution; the central 90 % of a (log-)normal one.
    central : float
        The value used when nothing is varied; the mode of a triangular distribution.
    shape : {'uniform', 'log-uniform', 'triangular', 'normal', 'log-normal'}

    Examples
    --------
    >>> Range(0.0, 4.0, 1.0, "uniform").quantile(np.array([0.25]))
    array([1.])
    """

    low: float
    high: float
    central: float
    shape: Shape

    def fault(self) -> str | None:
        """Why these numbers make no distribution; None when they do."""
        if not self.low < self.high:
            return f"low {self.low:g} is not below high {self.high:g}"
        if not self.low <= self.central <= self.high:
            return f"the central value {self.central:g} is not between {self.low:g} and {self.high:g}"
        if self.shape.startswith("log") and self.low <= 0:
            return f"a {self.shape} distribution needs a low above 0, not {self.low:g}"
        return None

    def quantile(self, probability: Floats) -> Floats:
        """Quantiles, of the shape of `probability`, whose values lie in (0, 1)."""
        p = np.asarray(probability, dtype=np.float64)
        if self.shape.startswith("log"):
            plain = "uniform" if self.shape == "log-uniform" else "normal"
            return np.exp(_quantile(p, float(np.log(self.low)), float(np.log(self.high)), plain))
        if self.shape == "triangular":
            return self._triangular(p)
        return _quantile(p, self.low, self.high, self.shape)

    def _triangular(self, p: Floats) -> Floats:
        """Quantiles of the triangular distribution with its mode at `central`."""
        width, rise, fall = self.high - self.low, self.central - self.low, self.high - self.central
        left = self.low + np.sqrt(p * width * rise)
        return np.where(p < rise / width, left, self.high - np.sqrt((1 - p) * width * fall))


def _quantile(p: Floats, low: float, high: float, shape: str) -> Floats:
    """Quantiles of a uniform distribution, or of a normal one with central 90 % from low to high."""
    if shape == "uniform":
        return low + p * (high - low)
    from scipy.special import ndtri

    return np.asarray((low + high) / 2 + ndtri(p) * (high - low) / (2 * _Z95), dtype=np.float64)
