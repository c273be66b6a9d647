"""The eleven prior distributions of PEtab v2, truncated by a parameter's bounds.

In: the distribution's name, its parameters and the bounds. Out: log density with derivative, draws and moments. The
parameterisations are those of the PEtab v2 specification ("Prior distributions"): log-normal and log-laplace by the
location and scale of the logarithm, gamma by shape and scale, exponential and rayleigh by scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sd_covid.calibration.types import Array

LOG_TWO_PI = math.log(2 * math.pi)
Log = Callable[..., tuple[float, float]]


def _normal(x: float, mean: float, sd: float) -> tuple[float, float]:
    z = (x - mean) / sd
    return -0.5 * z * z - math.log(sd) - 0.5 * LOG_TWO_PI, -z / sd


def _laplace(x: float, location: float, scale: float) -> tuple[float, float]:
    return -abs(x - location) / scale - math.log(2 * scale), -math.copysign(1.0, x - location) / scale


def _uniform(x: float, low: float, high: float) -> tuple[float, float]:
    return (-math.log(high - low) if low <= x <= high else -math.inf), 0.0


def _cauchy(x: float, location: float, scale: float) -> tuple[float, float]:
    z = (x - location) / scale
    return -math.log(math.pi * scale) - math.log1p(z * z), -2 * z / (scale * (1 + z * z))


def _gamma(x: float, shape: float, scale: float) -> tuple[float, float]:
    if x <= 0:
        return -math.inf, 0.0
    log_density = (shape - 1) * math.log(x) - x / scale - math.lgamma(shape) - shape * math.log(scale)
    return log_density, (shape - 1) / x - 1 / scale


def _rayleigh(x: float, scale: float) -> tuple[float, float]:
    if x <= 0:
        return -math.inf, 0.0
    return math.log(x) - 2 * math.log(scale) - 0.5 * (x / scale) ** 2, 1 / x - x / scale**2


def _of_logarithm(density: Log) -> Log:
    """The density of x when ln(x) has the given one."""

    def of_x(x: float, *parameters: float) -> tuple[float, float]:
        if x <= 0:
            return -math.inf, 0.0
        value, slope = density(math.log(x), *parameters)
        return value - math.log(x), (slope - 1) / x

    return of_x


def _log_uniform(x: float, low: float, high: float) -> tuple[float, float]:
    if not low <= x <= high:
        return -math.inf, 0.0
    return -math.log(x) - math.log(math.log(high / low)), -1 / x


@dataclass(frozen=True, slots=True)
class Family:
    """One distribution: number of parameters, log density with slope, and its scipy counterpart.

    ``positive`` tells which parameters must be above zero.
    """

    arity: int
    log_density: Log
    frozen: Callable[..., Any]
    positive: tuple[int, ...]
    ordered: bool = False  # first parameter below the second


def _stats() -> Any:
    from scipy import stats  # slow to import; only needed once priors are used

    return stats


FAMILIES: dict[str, Family] = {
    "normal": Family(2, _normal, lambda m, s: _stats().norm(m, s), (1,)),
    "log-normal": Family(
        2,
        _of_logarithm(_normal),
        lambda m, s: _stats().lognorm(s, scale=math.exp(m)),
        (1,),
    ),
    "uniform": Family(2, _uniform, lambda a, b: _stats().uniform(a, b - a), (), ordered=True),
    "log-uniform": Family(2, _log_uniform, lambda a, b: _stats().loguniform(a, b), (0, 1), ordered=True),
    "laplace": Family(2, _laplace, lambda m, s: _stats().laplace(m, s), (1,)),
    "log-laplace": Family(
        2,
        _of_logarithm(_laplace),
        lambda m, s: _stats().loglaplace(1 / s, scale=math.exp(m)),
        (1,),
    ),
    "cauchy": Family(2, _cauchy, lambda m, s: _stats().cauchy(m, s), (1,)),
    "chisquare": Family(1, lambda x, df: _gamma(x, df / 2, 2.0), lambda df: _stats().chi2(df), (0,)),
    "exponential": Family(1, lambda x, s: _gamma(x, 1.0, s), lambda s: _stats().expon(scale=s), (0,)),
    "gamma": Family(2, _gamma, lambda k, s: _stats().gamma(k, scale=s), (0, 1)),
    "rayleigh": Family(1, _rayleigh, lambda s: _stats().rayleigh(scale=s), (0,)),
}


#: A study is read by many commands and variants, and making one of scipy's distributions takes half a millisecond.
KEPT = 4096


@lru_cache(KEPT)
def _frozen(distribution: str, parameters: tuple[float, ...]) -> Any:
    return FAMILIES[distribution].frozen(*parameters)


@lru_cache(KEPT)
def _tails(prior: Prior) -> tuple[float, float]:
    """Probability below the lower and below the upper bound, before truncation."""
    whole = _frozen(prior.distribution, prior.parameters)
    return float(whole.cdf(prior.lower)), float(whole.cdf(prior.upper))


@lru_cache(KEPT)
def _moments(prior: Prior) -> tuple[float, float]:
    """Mean and standard deviation, from 4,001 equally spaced quantiles."""
    quantiles = prior.quantile((np.arange(4001) + 0.5) / 4001)
    return float(np.mean(quantiles)), float(np.std(quantiles))


@dataclass(frozen=True)
class Prior:
    """A prior on [lower, upper].

    Parameters
    ----------
    distribution : str
        A name of `FAMILIES`.
    parameters : tuple of float
    lower, upper : float
        Bounds; the density is renormalised between them. May be infinite.
    """

    distribution: str
    parameters: tuple[float, ...]
    lower: float = -math.inf
    upper: float = math.inf

    @property
    def mass(self) -> float:
        """Prior probability between the bounds, before truncation."""
        low, high = _tails(self)
        return high - low

    @cached_property
    def _log_mass(self) -> float:
        return math.log(self.mass)

    @property
    def logarithmic(self) -> bool:
        """Whether the natural scale of the parameter is its logarithm."""
        return self.distribution in ("log-normal", "log-uniform", "log-laplace")

    def log_density(self, x: float) -> tuple[float, float]:
        """Log density at x and its derivative; minus infinity and 0 outside the bounds, NaN at NaN."""
        if math.isnan(x):
            return math.nan, math.nan
        if not self.lower <= x <= self.upper:
            return -math.inf, 0.0
        value, slope = FAMILIES[self.distribution].log_density(x, *self.parameters)
        return value - self._log_mass, slope

    def quantile(self, probability: Array) -> Array:
        """Quantiles of the truncated distribution, of the shape of ``probability``."""
        low, high = _tails(self)
        whole = _frozen(self.distribution, self.parameters)
        found: Array = np.clip(
            whole.ppf(low + np.asarray(probability) * (high - low)), self.lower, self.upper
        )
        return found

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """Independent draws. Shape (size,)."""
        return self.quantile(rng.random(size))

    @property
    def sd(self) -> float:
        """Standard deviation of the truncated distribution, from 4,001 equally spaced quantiles.

        Finite also for a Cauchy prior, where it is that of its central 99.98 %.
        """
        return _moments(self)[1]

    @property
    def mean(self) -> float:
        """Mean of the truncated distribution, from the quantiles of `sd`."""
        return _moments(self)[0]

    @cached_property
    def median(self) -> float:
        """Median of the truncated distribution."""
        return float(self.quantile(np.array([0.5]))[0])


class JointPrior:
    """Independent priors of several parameters, evaluated together.

    Parameters
    ----------
    priors : sequence of Prior
    """

    def __init__(self, priors: Sequence[Prior]) -> None:
        self._others = [
            (k, p) for k, p in enumerate(priors) if p.distribution not in ("normal", "log-normal")
        ]
        gaussian = [(k, p) for k, p in enumerate(priors) if p.distribution in ("normal", "log-normal")]
        self._places = np.array([k for k, _ in gaussian], dtype=np.intp)
        self._on_log = np.array([p.distribution == "log-normal" for _, p in gaussian], dtype=bool)
        self._mean = np.array([p.parameters[0] for _, p in gaussian])
        self._sd = np.array([p.parameters[1] for _, p in gaussian])
        self._lower = np.array([p.lower for p in priors])
        self._upper = np.array([p.upper for p in priors])
        log_masses = [math.log(p.mass) for _, p in gaussian]
        self._constant = -float(np.sum(np.log(self._sd))) - sum(log_masses) - 0.5 * LOG_TWO_PI * len(gaussian)

    def log_density(self, x: Array) -> tuple[Array, Array]:
        """Sum of the log densities at x (shape (parameter,) or (member, parameter)) and its gradient.

        Minus infinity with gradient 0 when any is outside its bounds; NaN when any is not finite.
        """
        gradient = np.zeros_like(x)
        own = x[..., self._places]
        with np.errstate(all="ignore"):  # outside the bounds and at NaN, which are set apart below
            positive = np.where(self._on_log, own, 1.0)
            y = np.where(self._on_log, np.log(positive), own)
            z = (y - self._mean) / self._sd
            value = self._constant - np.sum(0.5 * z * z + np.where(self._on_log, y, 0.0), axis=-1)
            gradient[..., self._places] = (-z / self._sd - self._on_log) / positive
        for place, prior in self._others:
            parts = [prior.log_density(item) for item in np.ravel(x[..., place]).tolist()]
            value = value + np.reshape([part for part, _ in parts], np.shape(value))
            gradient[..., place] = np.reshape([slope for _, slope in parts], np.shape(value))
        finite = np.all(np.isfinite(x), axis=-1)
        inside = np.all((x >= self._lower) & (x <= self._upper), axis=-1)
        inside = inside & np.all((own > 0) | ~self._on_log, axis=-1)
        value = np.where(inside, value, np.where(finite, -math.inf, math.nan))
        gradient[~inside] = 0.0
        gradient[~finite] = math.nan
        return value, gradient
