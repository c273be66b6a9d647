"""Distributions of soft facts: log density with its slope, and quantiles.

All are smooth and nowhere zero, so that a sampler which starts outside the bounds finds its way in. The uniform and the
triangular one have soft edges: they are those of a uniform or triangular variable plus a normal one of sd ``edge``.
Densities are computed for many members at once, of any shape; nothing warns of a place where there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtri

from sd_covid.calibration.types import Array

LOG_TWO_PI = math.log(2 * math.pi)
REACH = 8.0  # edges beyond a bound where the density has fallen by e^-32
CELLS = 20_000


class Distribution(Protocol):
    """What a soft fact says."""

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope, of the shape of ``x``; minus infinity and 0 where there is none, NaN at NaN."""
        ...

    def quantile(self, probability: Array) -> Array:
        """Quantiles, of the shape of ``probability``."""
        ...


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal distribution."""

    mean: float
    sd: float

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope."""
        z = (x - self.mean) / self.sd
        return -0.5 * z * z - math.log(self.sd) - 0.5 * LOG_TWO_PI, -z / self.sd

    def quantile(self, probability: Array) -> Array:
        """Quantiles."""
        return np.asarray(self.mean + self.sd * ndtri(probability))


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal distribution; ``sd`` is that of the logarithm."""

    median: float
    sd: float

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope."""
        outside = x <= 0
        positive = np.where(outside, 1.0, x)
        log = np.log(positive)
        value, slope = Normal(math.log(self.median), self.sd).log_density(log)
        return np.where(outside, -math.inf, value - log), np.where(outside, 0.0, (slope - 1.0) / positive)

    def quantile(self, probability: Array) -> Array:
        """Quantiles."""
        return np.asarray(self.median * np.exp(self.sd * ndtri(probability)))


@dataclass(frozen=True, slots=True)
class SoftUniform:
    """Anything between two bounds is as likely; ``edge`` is how soft the bounds are."""

    low: float
    high: float
    edge: float

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope."""
        mirrored = x > 0.5 * (self.low + self.high)  # both tails are then a left one, which keeps its digits
        place = np.where(mirrored, self.low + self.high - x, x)
        above, below = (place - self.low) / self.edge, (place - self.high) / self.edge
        larger, smaller = log_ndtr(above), log_ndtr(below)
        log_mass = larger + np.log1p(-np.exp(smaller - larger))
        rise = np.exp(-0.5 * above * above - 0.5 * LOG_TWO_PI - log_mass)
        fall = np.exp(-0.5 * below * below - 0.5 * LOG_TWO_PI - log_mass)
        slope = (rise - fall) / self.edge
        return log_mass - math.log(self.high - self.low), np.where(mirrored, -slope, slope)

    def quantile(self, probability: Array) -> Array:
        """Quantiles, from a table of the density."""
        return _tabulated(self, self.low, self.high, self.edge, probability)


@dataclass(frozen=True, slots=True)
class SoftTriangle:
    """Most likely at ``mode``, less so towards two bounds; ``edge`` is how soft bounds and mode are."""

    low: float
    mode: float
    high: float
    edge: float

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope."""
        mirror = SoftTriangle(self.low, self.low + self.high - self.mode, self.high, self.edge)
        value, slope = self._left(x)
        mirrored, back = mirror._left(self.low + self.high - x)
        right = x > self.mode  # where what is left of the other side is lost in rounding
        return np.where(right, mirrored, value), np.where(right, -back, slope)

    def _left(self, x: Array) -> tuple[Array, Array]:
        """Log density and its slope, exact to rounding left of the mode."""
        width = self.high - self.low
        up, down = 2.0 / (width * (self.mode - self.low)), 2.0 / (width * (self.high - self.mode))
        kinks = ((up, self.low), (-up - down, self.mode), (down, self.high))
        first = (x - self.low) / self.edge
        base = -0.5 * np.minimum(first, 0.0) ** 2  # taken out: the density outside may be e^-1000
        ramps, steps = np.zeros_like(base), np.zeros_like(base)
        for bend, place in kinks:
            ramp, step = _ramp((x - place) / self.edge, base)
            ramps += bend * ramp
            steps += bend * step
        with np.errstate(all="ignore"):  # right of the mode nothing may be left
            return base + np.log(self.edge * ramps), steps / (self.edge * ramps)

    def quantile(self, probability: Array) -> Array:
        """Quantiles, from a table of the density."""
        return _tabulated(self, self.low, self.high, self.edge, probability)


def _ramp(t: Array, base: Array) -> tuple[Array, Array]:
    """Mean of max(0, t + normal) and its slope, each over exp(base), which is 1 where t is not negative."""
    size = np.abs(t)
    density = np.exp(-0.5 * t * t - base) / math.sqrt(2 * math.pi)
    tail_ratio = math.sqrt(math.pi / 2) * erfcx(size / math.sqrt(2))  # tail over density
    below, tail = density * (1.0 - size * tail_ratio), density * tail_ratio
    return np.maximum(t, 0.0) + below, np.where(t < 0, tail, 1.0 - tail)


def _tabulated(found: Distribution, low: float, high: float, edge: float, probability: Array) -> Array:
    """Quantiles by the midpoint rule: right to about the square of the width of a cell over the edge."""
    borders = np.linspace(low - REACH * edge, high + REACH * edge, CELLS + 1)
    middles = 0.5 * (borders[1:] + borders[:-1])
    mass = np.exp(found.log_density(middles)[0])
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    return np.asarray(np.interp(probability, cumulative / cumulative[-1], borders))
