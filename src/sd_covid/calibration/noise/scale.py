"""Noise that is added to the model's figure, or to its logarithm: a standard shape, moved and stretched.

In the logarithmic ones the model's figure is the median, as in PEtab v2 ("Noise distributions"). A shape says what it
adds to the log density for standardised residuals, and how these continue.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.noise.base import Likelihood, Noise, Predicted, through
from sd_covid.calibration.types import Array, Mask


@dataclass(frozen=True, slots=True)
class Shape:
    """Log density of standardised residuals and its derivatives by each of them, by rho and by the freedom."""

    value: Array
    d_z: Array
    rho: Array | None = None
    freedom: Array | None = None


class LocationScale(Noise):
    """Figure minus median, over a scale, has a standard shape.

    Parameters
    ----------
    logarithmic : bool
        Whether residuals are those of logarithms.
    remembers : bool
        Whether they follow an AR(1).
    """

    def __init__(self, *, logarithmic: bool = False, remembers: bool = False) -> None:
        self.logarithmic = logarithmic
        self.remembers = remembers

    @abstractmethod
    def shape(self, z: Array, predicted: Predicted, gaps: Array, constant: Array) -> Shape:
        """Log density of standardised residuals, added to a constant (shape () or (member,))."""

    @abstractmethod
    def standard_quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of one standardised residual by itself."""

    def standard_paths(
        self, times: Array, z: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Standardised residuals through the known ones, and as predicted from the others (NaN where unknown)."""
        drawn = self.standard_quantile(rng.random(z.shape), predicted)
        known = ~np.isnan(z)
        path = np.where(known, np.where(known, z, 0.0), drawn)
        return path, np.where(known, self.standard_quantile(rng.random(z.shape), predicted), np.nan)

    def defined(self, predicted: Predicted) -> Mask:
        """A scale above zero, and a median too where its logarithm is taken."""
        positive = np.all(predicted.sd > 0, axis=-1)
        if self.logarithmic:
            positive = positive & np.all(predicted.median > 0, axis=-1)
        if predicted.freedom is not None:
            positive = positive & (predicted.freedom > 0)
        return np.asarray(positive)

    def residuals(self, figures: Array, median: Array) -> Array:
        """Figure minus median, of their logarithms where logarithmic. NaN where a logarithm is."""
        if not self.logarithmic:
            return figures - median
        with np.errstate(all="ignore"):
            return np.log(figures) - np.log(median)

    def moved(self, median: Array, residual: Array) -> Array:
        """The figures that have these residuals."""
        if not self.logarithmic:
            return median + residual
        logarithmic: Array = median * np.exp(residual)
        return logarithmic

    def likelihood(self, figures: Array, predicted: Predicted, gaps: Array) -> Likelihood:
        """Log likelihood of a series; see `Noise.likelihood`."""
        median, sd = predicted.median, predicted.sd
        z = self.residuals(figures, median) / sd
        constant = -np.sum(np.log(sd), axis=-1) - (
            np.sum(np.log(figures), axis=-1) if self.logarithmic else 0.0
        )
        found = self.shape(z, predicted, gaps, constant)
        d_median = -found.d_z / sd / (median if self.logarithmic else 1.0)
        return Likelihood(found.value, d_median, -1.0 / sd - found.d_z * z / sd, found.rho, found.freedom)

    def quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of each figure by itself."""
        return self.moved(predicted.median, predicted.sd * self.standard_quantile(probability, predicted))

    def paths(
        self, times: Array, figures: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draws through the figures, and as if each were unknown; see `Noise.paths`."""
        known = ~np.isnan(figures)
        z = np.full_like(predicted.median, np.nan)
        z[:, known] = self.residuals(figures[known], predicted.median[:, known]) / predicted.sd[:, known]
        path, alone = self.standard_paths(times, z, predicted, rng)
        noisy = self.moved(predicted.median, predicted.sd * path)
        marginal = self.moved(predicted.median, predicted.sd * np.where(known, alone, path))
        return through(figures, noisy), marginal

    def forecast(self, times: Array, figures: Array, predicted: Predicted, ahead: Mask) -> Array:
        """The median with the last known residual fading at rho a month."""
        median: Array = predicted.median[ahead]
        known = np.flatnonzero(~ahead)
        if not len(known) or predicted.rho is None:
            return median
        last = int(known[-1])
        residual = self.residuals(figures[[last]], predicted.median[[last]])[0]
        gaps = times[ahead] - times[last]
        return self.moved(median, residual * predicted.sd[ahead] / predicted.sd[last] * predicted.rho**gaps)
