"""Normal and log-normal noise, by itself or as a stationary AR(1)."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from sd_covid.calibration.noise.base import Predicted
from sd_covid.calibration.noise.markov import leave_one_out, sample_paths
from sd_covid.calibration.noise.memory import innovations, pull_back
from sd_covid.calibration.noise.scale import LocationScale, Shape
from sd_covid.calibration.types import Array

LOG_TWO_PI = math.log(2 * math.pi)


class Normal(LocationScale):
    """Noise of which the noise formula gives the (stationary) standard deviation."""

    def shape(self, z: Array, predicted: Predicted, gaps: Array, constant: Array) -> Shape:
        """Log density of standard normal residuals, or of an AR(1) of them."""
        constant = constant - 0.5 * z.shape[-1] * LOG_TWO_PI
        if predicted.rho is None:
            return Shape(constant - 0.5 * np.sum(z * z, axis=-1), -z)
        found = innovations(z, predicted.rho, gaps)
        first = z[..., 0]
        log_root = np.sum(np.log(found.root), axis=-1)
        value = constant - 0.5 * (first * first + np.sum(found.new * found.new, axis=-1)) - log_root
        d_z, d_rho = pull_back(found, z, predicted.rho, gaps, -found.new)
        d_z[..., 0] -= first
        return Shape(value, d_z, d_rho)

    def standard_quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of a standard normal."""
        return np.asarray(ndtri(probability))

    def standard_paths(
        self, times: Array, z: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Residuals through the known ones, and as predicted from the others."""
        rho = np.zeros(len(z)) if predicted.rho is None else predicted.rho
        return sample_paths(times, z, rho, rng), leave_one_out(times, z, rho, rng)
