"""Counts of independent events: Poisson, and negative binomial where the model's own error comes on top."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from sd_covid.calibration.noise.base import Likelihood, Noise, Predicted
from sd_covid.calibration.types import Array, Mask


class Counts(Noise):
    """Poisson noise, or negative binomial noise of which the noise formula gives the model's relative error.

    With a relative error s the variance of a count of mean m is m + (s m)^2: the true mean lies around the model's by
    a gamma distribution of coefficient of variation s.

    Parameters
    ----------
    each : float
        How many events a figure of 1 stands for: 1000 for a series in thousands.
    model_error : bool
        Whether the true mean lies around the model's.
    """

    logarithmic = True

    def __init__(self, each: float = 1.0, *, model_error: bool = False) -> None:
        self.each = each
        self.model_error = model_error

    def defined(self, predicted: Predicted) -> Mask:
        """A mean above zero, and a relative error too where there is one."""
        positive = predicted.median > 0
        if self.model_error:
            positive = positive & (predicted.sd > 0)
        return np.asarray(np.all(positive, axis=-1))

    def likelihood(self, figures: Array, predicted: Predicted, gaps: Array) -> Likelihood:
        """Log likelihood of a series; see `Noise.likelihood`."""
        count, mean = figures * self.each, predicted.median * self.each
        if not self.model_error:
            value = np.sum(count * np.log(mean) - mean - gammaln(count + 1), axis=-1)
            return Likelihood(value, (count / mean - 1.0) * self.each, np.zeros_like(mean))
        size = predicted.sd**-2.0
        ways = gammaln(count + size) - gammaln(size) - gammaln(count + 1)
        value = np.sum(ways - size * np.log1p(mean / size) - count * np.log1p(size / mean), axis=-1)
        d_mean = count / mean - (count + size) / (size + mean)
        d_size = digamma(count + size) - digamma(size) - np.log1p(mean / size)
        d_size = d_size + 1.0 - (count + size) / (size + mean)
        return Likelihood(value, d_mean * self.each, d_size * -2.0 * predicted.sd**-3.0)

    def quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of the count, in the unit of the series."""
        from scipy import stats  # slow to import

        mean = predicted.median * self.each
        if not self.model_error:
            return np.asarray(stats.poisson.ppf(probability, mean)) / self.each
        size = predicted.sd**-2.0
        return np.asarray(stats.nbinom.ppf(probability, size, size / (size + mean))) / self.each

    def draw(self, predicted: Predicted, rng: np.random.Generator) -> Array:
        """One draw of each count: the true mean first, then the events."""
        mean = predicted.median * self.each
        if self.model_error:
            mean = rng.gamma(predicted.sd**-2.0, mean * predicted.sd**2)
        return np.asarray(rng.poisson(mean)) / self.each
