"""Laplace and log-laplace noise: PEtab's own, without a memory."""

from __future__ import annotations

import math

import numpy as np

from sd_covid.calibration.noise.base import Predicted
from sd_covid.calibration.noise.scale import LocationScale, Shape
from sd_covid.calibration.types import Array


class Laplace(LocationScale):
    """Noise of which the noise formula gives the scale: the mean absolute residual."""

    def shape(self, z: Array, predicted: Predicted, gaps: Array, constant: Array) -> Shape:
        """Log density of standard Laplace residuals."""
        return Shape(constant - z.shape[-1] * math.log(2.0) - np.sum(np.abs(z), axis=-1), -np.sign(z))

    def standard_quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of a standard Laplace distribution."""
        from_middle = np.asarray(probability) - 0.5
        return -np.sign(from_middle) * np.log1p(-2.0 * np.abs(from_middle))
