"""What every noise gives: a log density with its derivatives, quantiles, draws through known figures, a forecast.

In: published figures and what the model says of them (`Predicted`). Figures lie along the last axis; members (points of
a batch, draws), where there are several, along the first. A noise without a memory draws each figure by itself;
`sd_covid.calibration.noise.scale.LocationScale` is the ground of those that remember.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array, Index, Mask


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model says about the figures of one observable, for one set of parameters or for many members.

    Attributes
    ----------
    median : ndarray, shape (figure,) or (member, figure)
        Value of the observable's formula: the median of the noise, or its mean for shares and counts.
    sd : ndarray, as ``median``
        Value of the noise formula. What it means is for each noise to say.
    rho : ndarray, shape () or (member,), or None
        Correlation of the noise one month apart, in [0, 1); None without a memory.
    freedom : ndarray, as ``rho``, or None
        Degrees of freedom of a Student t.
    size : ndarray, shape (figure,), or None
        Persons that a survey effectively asked: their number over the design effect.
    """

    median: Array
    sd: Array
    rho: Array | None = None
    freedom: Array | None = None
    size: Array | None = None

    def members(self, which: Index | Mask) -> Predicted:
        """Those of many members."""
        return Predicted(
            self.median[which],
            self.sd[which],
            None if self.rho is None else self.rho[which],
            None if self.freedom is None else self.freedom[which],
            self.size,
        )

    def repeated(self, times: int) -> Predicted:
        """Every one of many members so many times, one after another."""
        return self.members(np.repeat(np.arange(len(self.median)), times))

    def figures(self, places: Index) -> Predicted:
        """What the model says about some of the figures."""
        return Predicted(
            self.median[..., places],
            self.sd[..., places],
            self.rho,
            self.freedom,
            None if self.size is None else self.size[places],
        )


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log likelihood of one series and its derivatives, for one set of parameters or for many members.

    ``median`` and ``sd`` have the shape of the median; ``value``, ``rho`` and ``freedom`` that without the figures, and
    None where there is no such parameter. A member without a density has a value that is not finite.
    """

    value: Array
    median: Array
    sd: Array
    rho: Array | None = None
    freedom: Array | None = None


class Noise(ABC):
    """How published figures lie around the model's.

    Attributes
    ----------
    logarithmic : bool
        Whether what is added to the model's figure (an offset of season, a residual) is added to its logarithm.
    remembers : bool
        Whether one figure's residual says something about the next.
    """

    logarithmic: bool = False
    remembers: bool = False

    @abstractmethod
    def defined(self, predicted: Predicted) -> Mask:
        """Whether there is a density at these values at all. Shape () or (member,)."""

    @abstractmethod
    def likelihood(self, figures: Array, predicted: Predicted, gaps: Array) -> Likelihood:
        """Log likelihood of a series.

        Parameters
        ----------
        figures : ndarray, shape (figure,) or (member, figure)
            Published figures in order of time, in the unit of the series; or others for each member.
        predicted : Predicted
        gaps : ndarray, shape (figure - 1,)
            Months between consecutive figures.

        Returns
        -------
        Likelihood
            Not finite, or of no meaning, where the noise is not `defined`.
        """

    @abstractmethod
    def quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of each figure by itself, in the unit of the series; probability broadcasts against the median."""

    def draw(self, predicted: Predicted, rng: np.random.Generator) -> Array:
        """One draw of each figure by itself, of the shape of the median."""
        return self.quantile(rng.random(predicted.median.shape), predicted)

    def paths(
        self, times: Array, figures: Array, predicted: Predicted, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draws of figures that are not there, and of each that is as predicted from all the others.

        Parameters
        ----------
        times : ndarray, shape (period,)
            Ends of the periods in months, increasing.
        figures : ndarray, shape (period,)
            NaN where there is none.
        predicted : Predicted
            For many draws.
        rng : Generator

        Returns
        -------
        path, marginal : ndarray, shape (draw, period)
            Through the figures, and as if each figure were unknown.
        """
        drawn = self.draw(predicted, rng)
        return through(figures, drawn), self.draw(predicted, rng)

    def forecast(self, times: Array, figures: Array, predicted: Predicted, ahead: Mask) -> Array:
        """Best guess of the figures ``ahead`` from the others: the model's, with what is left of known residuals.

        Parameters
        ----------
        times, figures : ndarray, shape (figure,)
        predicted : Predicted
            For one set of parameters.
        ahead : ndarray of bool, shape (figure,)
            Which figures are to be forecast; only those before them are looked at.
        """
        median: Array = predicted.median[ahead]
        return median


def through(figures: Array, drawn: Array) -> Array:
    """The figures where they are known, the draws where they are not."""
    known = ~np.isnan(figures)
    return np.where(known, np.where(known, figures, 0.0), drawn)
