"""How far a number that nobody knows may reach, as a distribution.

In comes a low, a high, a central value and a shape; out come quantiles, so that a sample of the unit cube becomes
draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sd_covid.policy.types import Floats

Shape = Literal["uniform", "log-uniform", "triangular", "normal", "log-normal", "logit-normal"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

#: Standard normal quantile of 0.95: half the width of a central 90 % interval in standard deviations.
Z95 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Range:
    """A distribution over a number that nobody knows.

    Attributes
    ----------
    low, high : float
        The bounds of a uniform, log-uniform or triangular distribution; the central 90 % of a normal one, be it of the
        number itself, its logarithm or its log-odds.
    central : float
        The value used when nothing is varied; the mode of a triangular distribution.
    shape : {'uniform', 'log-uniform', 'triangular', 'normal', 'log-normal', 'logit-normal'}
    cut : tuple of float or None
        Where a normal distribution is cut off below and above; None: nowhere.

    Examples
    --------
    >>> Range(0.0, 4.0, 1.0, "uniform").quantile(np.array([0.25]))
    array([1.])
    """

    low: float
    high: float
    central: float
    shape: Shape
    cut: tuple[float, float] | None = None

    @classmethod
    def of_deviation(cls, low: float, high: float, central: float, shape: Shape) -> Range:
        """A normal distribution, of whatever kind, whose standard deviation is half of `low` to `high`.

        So a table of evidence states its normal ranges. It is cut off at its 5th and 95th percentile, beyond which
        nobody vouched for anything, and what is not negative at `low` never is.
        """
        ends = _to_normal(np.array([low, high]), shape)
        middle, deviation = float(ends.mean()), float(ends[1] - ends[0]) / 2
        first, last = _from_normal(np.array([middle - Z95 * deviation, middle + Z95 * deviation]), shape)
        floor = 0.0 if shape == "normal" and low >= 0 else -math.inf
        return cls(float(first), float(last), central, shape, (max(float(first), floor), float(last)))

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high as a reader is told them: those of the cut where there is one."""
        return self.cut or (self.low, self.high)

    def fault(self) -> str | None:
        """Why these numbers make no distribution; None when they do."""
        if not self.low < self.high:
            return f"low {self.low:g} is not below high {self.high:g}"
        if not self.low <= self.central <= self.high:
            return f"the central value {self.central:g} is not between {self.low:g} and {self.high:g}"
        if self.shape.startswith("log") and self.low <= 0:
            return f"a {self.shape} distribution needs a low above 0, not {self.low:g}"
        if self.shape == "logit-normal" and self.high >= 1:
            return f"a {self.shape} distribution needs a high below 1, not {self.high:g}"
        return None

    def quantile(self, probability: Floats) -> Floats:
        """Quantiles, of the shape of `probability`, whose values lie in (0, 1)."""
        p = np.asarray(probability, dtype=np.float64)
        if self.shape == "triangular":
            return self._triangular(p)
        low, high = _to_normal(np.array([self.low, self.high]), self.shape)
        if self.shape.endswith("uniform"):
            return _from_normal(low + p * (high - low), self.shape)
        cut = None if self.cut is None else _to_normal(np.array(self.cut), self.shape)
        return _from_normal(_normal(p, float(low), float(high), cut), self.shape)

    def _triangular(self, p: Floats) -> Floats:
        """Quantiles of the triangular distribution with its mode at `central`."""
        width, rise, fall = self.high - self.low, self.central - self.low, self.high - self.central
        left = self.low + np.sqrt(p * width * rise)
        return np.where(p < rise / width, left, self.high - np.sqrt((1 - p) * width * fall))


def _to_normal(value: Floats, shape: str) -> Floats:
    """A number, its logarithm or its log-odds: that which the distribution is uniform or normal in."""
    if shape == "logit-normal":
        return np.log(value) - np.log1p(-value)
    return np.log(value) if shape.startswith("log-") else value


def _from_normal(value: Floats, shape: str) -> Floats:
    """The inverse of `_to_normal`."""
    if shape == "logit-normal":
        return 1.0 / (1.0 + np.exp(-value))
    return np.exp(value) if shape.startswith("log-") else value


def _normal(p: Floats, low: float, high: float, cut: Floats | None) -> Floats:
    """Quantiles of a normal distribution with central 90 % from low to high, cut off at both ends of `cut`."""
    from scipy.special import ndtr, ndtri

    middle, deviation = (low + high) / 2, (high - low) / (2 * Z95)
    below, above = (0.0, 1.0) if cut is None else ndtr((cut - middle) / deviation)
    return np.asarray(middle + ndtri(below + p * (above - below)) * deviation, dtype=np.float64)
