"""Survey error beside the model's own: what asking part of the people adds, from how many were asked.

The variances add. Each survey asks others, so its error has no memory, while the model's may have one: the residual is
then an AR(1) seen through independent noise, a normal vector whose covariance is written out for the density, and a
filter forwards and backwards (Durbin and Koopman, Time Series Analysis by State Space Methods, 2012, chapter 4) for
draws and forecasts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sd_covid.calibration.noise.base import Likelihood, Predicted, through
from sd_covid.calibration.noise.normal import LOG_TWO_PI, Normal
from sd_covid.calibration.types import Array, Mask


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of each person.

    Attributes
    ----------
    per : float
        The figure if everybody said yes: 100 for a percentage. The variance is then that of a share.
    spread : float or None
        For a mean instead of a share: the standard deviation between persons, in the unit of the series.
    """

    per: float = 100.0
    spread: float | None = None

    def sd(self, median: Array, size: Array) -> tuple[Array, Array]:
        """Standard deviation of the survey's error at the model's figure, and its derivative by that figure."""
        if self.spread is not None:
            return np.broadcast_to(self.spread / np.sqrt(size), median.shape), np.zeros_like(median)
        with np.errstate(all="ignore"):
            sd = np.sqrt(median * (self.per - median) / size)
            return sd, (self.per - 2.0 * median) / (2.0 * size * sd)


class Survey(Normal):
    """Normal or log-normal noise of which the noise formula gives the model's own sd; the survey's comes on top.

    Parameters
    ----------
    asked : Asked
    logarithmic, remembers : bool
        As in `LocationScale`. The error of a logarithm is that of the figure over the figure.
    """

    def __init__(self, asked: Asked, *, logarithmic: bool = False, remembers: bool = False) -> None:
        super().__init__(logarithmic=logarithmic, remembers=remembers)
        self.asked = asked

    def defined(self, predicted: Predicted) -> Mask:
        """As for normal noise; a share within its bounds."""
        found = super().defined(predicted)
        if self.asked.spread is None:
            inside = (predicted.median > 0) & (predicted.median < self.asked.per)
            found = found & np.all(inside, axis=-1)
        return np.asarray(found)

    def error(self, predicted: Predicted) -> tuple[Array, Array]:
        """Standard deviation of the survey's error on the scale of the residuals, and its derivative by the median."""
        if predicted.size is None:
            raise TypeError("survey noise has a sample size")
        sd, slope = self.asked.sd(predicted.median, predicted.size)
        if not self.logarithmic:
            return sd, slope
        return sd / predicted.median, (slope - sd / predicted.median) / predicted.median

    def total(self, predicted: Predicted) -> Predicted:
        """The same with both errors in ``sd`` and no memory."""
        return replace(predicted, sd=np.hypot(predicted.sd, self.error(predicted)[0]), rho=None)

    def likelihood(self, figures: Array, predicted: Predicted, gaps: Array) -> Likelihood:
        """Log likelihood of a series; see `Noise.likelihood`."""
        error, slope = self.error(predicted)
        if predicted.rho is not None:
            return self._remembering(figures, predicted, gaps, error, slope)
        total = self.total(predicted)
        found = super().likelihood(figures, total, gaps)
        return Likelihood(
            found.value,
            found.median + found.sd * error / total.sd * slope,
            found.sd * predicted.sd / total.sd,
        )

    def _remembering(
        self, figures: Array, predicted: Predicted, gaps: Array, error: Array, slope: Array
    ) -> Likelihood:
        """Density of the normal vector with covariance sd_i sd_j rho^|t_i - t_j|, plus error^2 on the diagonal."""
        rho = np.zeros(1) if predicted.rho is None else predicted.rho[..., None, None]
        times = np.concatenate([[0.0], np.cumsum(gaps)])
        distance = np.abs(times[:, None] - times)
        correlation = np.where(distance == 0.0, 1.0, rho**distance)
        outer = predicted.sd[..., None] * predicted.sd[..., None, :]
        unit = np.eye(len(times))
        inverse, log_determinant = _inverse(outer * correlation + (error**2)[..., None] * unit)
        residual = self.residuals(figures, predicted.median)
        weighted = np.einsum("...ij,...j->...i", inverse, residual)
        square = np.sum(residual * weighted, axis=-1)
        value = -0.5 * (len(times) * LOG_TWO_PI + square + log_determinant)
        d_covariance = 0.5 * (weighted[..., None] * weighted[..., None, :] - inverse)
        d_median = weighted / (predicted.median if self.logarithmic else 1.0)
        d_median = d_median + 2.0 * np.sum(d_covariance * unit, axis=-1) * error * slope
        d_sd = 2.0 * np.sum(d_covariance * correlation * predicted.sd[..., None, :], axis=-1)
        with np.errstate(all="ignore"):
            by_rho = np.where(distance == 0.0, 0.0, distance * rho ** (distance - 1.0))
        d_rho = np.sum(d_covariance * outer * by_rho, axis=(-2, -1))
        if self.logarithmic:
            value = value - np.sum(np.log(figures), axis=-1)
        return Likelihood(value, d_median, d_sd, d_rho)

    def quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of each figure by itself, both errors together."""
        return super().quantile(probability, self.total(predicted))

    def paths(
        self, times: Array, figures: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draws through the figures, and as if each were unknown; see `Noise.paths`."""
        if predicted.rho is None:
            return super().paths(times, figures, self.total(predicted), rng)
        seen = self._seen(times, figures, predicted)
        latent, alone = seen.path(rng), seen.alone(rng)
        noise = seen.error * rng.standard_normal((2, *latent.shape))
        path = self.moved(predicted.median, predicted.sd * (latent + noise[0]))
        marginal = self.moved(predicted.median, predicted.sd * (alone + noise[1]))
        return through(figures, path), marginal

    def forecast(self, times: Array, figures: Array, predicted: Predicted, ahead: Mask) -> Array:
        """The median with what the filter makes of the known residuals."""
        median: Array = predicted.median[ahead]
        if predicted.rho is None:
            return median
        one = replace(
            predicted,
            median=predicted.median[None, :],
            sd=predicted.sd[None, :],
            rho=np.reshape(predicted.rho, (1,)),
        )
        seen = self._seen(times, np.where(ahead, math.nan, figures), one)
        return self.moved(median, predicted.sd[ahead] * seen.from_before()[0][0, ahead])

    def _seen(self, times: Array, figures: Array, predicted: Predicted) -> Seen:
        known = ~np.isnan(figures)
        z = np.full_like(predicted.median, np.nan)
        z[:, known] = self.residuals(figures[known], predicted.median[:, known]) / predicted.sd[:, known]
        rho = np.zeros(len(z)) if predicted.rho is None else predicted.rho
        return Seen(times, z, self.error(predicted)[0] / predicted.sd, rho)


def _inverse(covariance: Array) -> tuple[Array, Array]:
    """Inverses and log determinants of matrices; the determinant of one that is no covariance is NaN.

    Its inverse is then of no meaning, but those of the other members are spared an exception.
    """
    sign, log_determinant = np.linalg.slogdet(covariance)
    sound = (sign > 0) & np.isfinite(log_determinant)
    safe = np.where(sound[..., None, None], covariance, np.eye(covariance.shape[-1]))
    return np.linalg.inv(safe), np.where(sound, log_determinant, np.nan)


@dataclass(frozen=True, slots=True)
class Seen:
    """A stationary AR(1) of unit variance, seen through independent noise, for many draws at once.

    Attributes
    ----------
    times : ndarray, shape (period,)
    z : ndarray, shape (draw, period)
        What is seen; NaN where nothing is, the same periods in every draw.
    error : ndarray, shape (draw, period)
        Standard deviation of the noise.
    rho : ndarray, shape (draw,)
    """

    times: Array
    z: Array
    error: Array
    rho: Array

    def from_before(self) -> tuple[Array, Array]:
        """Mean and variance of the AR(1) at each period given what is seen before it."""
        mean, variance = np.zeros_like(self.z), np.ones_like(self.z)
        for index in range(1, len(self.times)):
            state = self._updated(mean[:, index - 1], variance[:, index - 1], index - 1)
            factor = self.rho ** abs(float(self.times[index] - self.times[index - 1]))
            mean[:, index] = factor * state[0]
            variance[:, index] = 1.0 - factor**2 * (1.0 - state[1])
        return mean, variance

    def _updated(self, mean: Array, variance: Array, index: int) -> tuple[Array, Array]:
        """Mean and variance once what is seen at the period is taken in."""
        seen = self.z[:, index]
        if np.isnan(seen[0]):
            return mean, variance
        gain = variance / (variance + self.error[:, index] ** 2)
        return mean + gain * (seen - mean), variance * (1.0 - gain)

    def alone(self, rng: np.random.Generator) -> Array:
        """A draw of the AR(1) at each period given what is seen at all others.

        A stationary AR(1) runs backwards as it runs forwards: precisions of both directions add, less that of the
        stationary distribution, which both contain.
        """
        mean, variance = self.from_before()
        back = Seen(self.times[::-1], self.z[:, ::-1], self.error[:, ::-1], self.rho).from_before()
        later, spread = back[0][:, ::-1], back[1][:, ::-1]
        precision = 1.0 / variance + 1.0 / spread - 1.0
        middle = (mean / variance + later / spread) / precision
        drawn: Array = middle + rng.standard_normal(middle.shape) / np.sqrt(precision)
        return drawn

    def path(self, rng: np.random.Generator) -> Array:
        """A draw of the whole AR(1) given all that is seen: filtered forwards, drawn backwards."""
        mean, variance = self.from_before()
        drawn = np.empty_like(self.z)
        for index in reversed(range(len(self.times))):
            middle, spread = self._updated(mean[:, index], variance[:, index], index)
            if index + 1 < len(self.times):
                factor = self.rho ** float(self.times[index + 1] - self.times[index])
                gain = factor * spread / (1.0 - factor**2 * (1.0 - spread))
                middle = middle + gain * (drawn[:, index + 1] - factor * middle)
                spread = spread * (1.0 - gain * factor)
            noise = rng.standard_normal(len(middle))
            drawn[:, index] = middle + np.sqrt(np.maximum(spread, 0.0)) * noise
        return drawn
