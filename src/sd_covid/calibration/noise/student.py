"""Student t noise: as normal noise, but a figure far off does not pull the whole series.

With a memory it is an AR(1) whose innovations are Student t: the first residual is one of unit scale, each later one
rho^g times the one before plus an innovation of scale sqrt(1 - rho^(2g)). Sums of Student t are none, so over a gap of
several months this is the model of the published figures, not of months in between.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import digamma, gammaln, stdtrit

from sd_covid.calibration.noise.base import Predicted
from sd_covid.calibration.noise.markov import leave_one_out, sample_paths
from sd_covid.calibration.noise.memory import innovations, pull_back
from sd_covid.calibration.noise.scale import LocationScale, Shape
from sd_covid.calibration.types import Array

CANDIDATES = (
    50  # from either neighbour: what one is drawn from differs from the exact by about one in a hundred
)


def log_density(z: Array, freedom: Array) -> Array:
    """Log density of a standard Student t."""
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    return np.asarray(constant - (freedom + 1) / 2 * np.log1p(z * z / freedom))


def _slopes(z: Array, freedom: Array) -> tuple[Array, Array]:
    """Derivatives of the log densities: by each z, and of their sum by the freedom (one for each member)."""
    ratio = z * z / freedom
    d_z = -(freedom + 1) * z / freedom / (1 + ratio)
    constant = digamma((freedom + 1) / 2) - digamma(freedom / 2) - 1 / freedom
    d_freedom = 0.5 * (constant - np.log1p(ratio) + (freedom + 1) / freedom * ratio / (1 + ratio))
    return d_z, np.sum(d_freedom, axis=-1)


class Student(LocationScale):
    """Noise of which the noise formula gives the scale; its variance is scale^2 * freedom / (freedom - 2)."""

    def shape(self, z: Array, predicted: Predicted, gaps: Array, constant: Array) -> Shape:
        """Log density of standard Student t residuals, or of an AR(1) with such innovations."""
        freedom = _freedom(predicted)[..., None]
        if predicted.rho is None:
            d_z, d_freedom = _slopes(z, freedom)
            return Shape(constant + np.sum(log_density(z, freedom), axis=-1), d_z, freedom=d_freedom)
        found = innovations(z, predicted.rho, gaps)
        fresh = np.concatenate([z[..., :1], found.new], axis=-1)
        d_fresh, d_freedom = _slopes(fresh, freedom)
        d_z, d_rho = pull_back(found, z, predicted.rho, gaps, d_fresh[..., 1:])
        d_z[..., 0] += d_fresh[..., 0]
        value = np.sum(log_density(fresh, freedom), axis=-1) - np.sum(np.log(found.root), axis=-1)
        return Shape(constant + value, d_z, d_rho, d_freedom)

    def standard_quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of a standard Student t."""
        return np.asarray(stdtrit(_freedom(predicted)[..., None], probability))

    def standard_paths(
        self, times: Array, z: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Residuals through the known ones, and as predicted from the others."""
        if predicted.rho is None:
            return super().standard_paths(times, z, predicted, rng)
        between = _Between(_freedom(predicted))
        rho = predicted.rho
        return sample_paths(times, z, rho, rng, between), leave_one_out(times, z, rho, rng, between)


def _freedom(predicted: Predicted) -> Array:
    if predicted.freedom is None:
        raise TypeError("Student t noise has degrees of freedom")
    return predicted.freedom


class _Between:
    """Draws at one period given its neighbours. See `sd_covid.calibration.noise.markov.Between`.

    With a neighbour on either side the density is a product of two Student t's, of two peaks where they disagree:
    candidates come from both, and one is chosen with the weight that makes up for where they came from.
    """

    def __init__(self, freedom: Array) -> None:
        self.freedom = freedom[:, None]

    def __call__(
        self,
        values: Array,
        rho: Array,
        index: int,
        before: tuple[int, float] | None,
        after: tuple[int, float] | None,
        rng: np.random.Generator,
    ) -> Array:
        middle, scale = np.zeros((len(values), 1)), np.ones((len(values), 1))
        if before is not None:
            factor, scale = _step(rho, before[1])
            middle = factor * values[:, [before[0]]]
        if after is None:
            return (middle + scale * rng.standard_t(self.freedom))[:, 0]
        factor, spread = _step(rho, after[1])
        later = values[:, [after[0]]]
        shape = (len(values), CANDIDATES)
        ahead = middle + scale * rng.standard_t(self.freedom, shape)
        back_scale = spread / np.maximum(factor, 1e-3)  # a wider one where hardly anything is remembered
        back_middle = np.where(factor > 1e-3, later / np.maximum(factor, 1e-3), middle)
        back = back_middle + back_scale * rng.standard_t(self.freedom, shape)
        found = np.hstack([ahead, back])
        from_before = log_density((found - middle) / scale, self.freedom) - np.log(scale)
        from_after = log_density((found - back_middle) / back_scale, self.freedom) - np.log(back_scale)
        target = from_before + log_density((later - factor * found) / spread, self.freedom)
        weight = target - np.logaddexp(from_before, from_after)
        chosen = np.argmax(weight + rng.gumbel(size=found.shape), axis=1)
        picked: Array = found[np.arange(len(found)), chosen]
        return picked


def _step(rho: Array, gap: float) -> tuple[Array, Array]:
    """Factor and scale of the step over a gap of months, as columns."""
    factor = (rho**gap)[:, None]
    return factor, np.sqrt(np.maximum(1.0 - factor**2, 1e-12))
