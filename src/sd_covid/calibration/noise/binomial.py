"""Shares of a survey as what they are: so many of the persons asked said yes.

A design effect makes the persons fewer than were asked, and rounding makes the yeses no whole number: the binomial
coefficient is that of the gamma function. With an error of the model the true share itself lies around the model's,
by a beta distribution: the beta-binomial.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma, gammaln

from sd_covid.calibration.noise.base import Likelihood, Noise, Predicted
from sd_covid.calibration.types import Array, Mask


class Binomial(Noise):
    """Binomial noise, or beta-binomial noise of which the noise formula gives the sd of the true share.

    Parameters
    ----------
    per : float
        The figure if everybody said yes: 100 for a percentage. The sd is in the same unit.
    model_error : bool
        Whether the true share lies around the model's.
    """

    def __init__(self, per: float = 100.0, *, model_error: bool = False) -> None:
        self.per = per
        self.model_error = model_error

    def defined(self, predicted: Predicted) -> Mask:
        """A share within its bounds, and an sd that a share can have."""
        share, sd = predicted.median / self.per, predicted.sd / self.per
        inside = (share > 0) & (share < 1)
        if self.model_error:
            inside &= (sd > 0) & (sd * sd < share * (1 - share))
        return np.asarray(np.all(inside, axis=-1))

    def likelihood(self, figures: Array, predicted: Predicted, gaps: Array) -> Likelihood:
        """Log likelihood of a series; see `Noise.likelihood`."""
        share, asked = predicted.median / self.per, _size(predicted)
        yes = figures / self.per * asked
        ways = gammaln(asked + 1) - gammaln(yes + 1) - gammaln(asked - yes + 1)
        if not self.model_error:
            value = np.sum(ways + yes * np.log(share) + (asked - yes) * np.log1p(-share), axis=-1)
            d_share = yes / share - (asked - yes) / (1 - share)
            return Likelihood(value, d_share / self.per, np.zeros_like(share))
        sd = predicted.sd / self.per
        weight = share * (1 - share) / sd**2 - 1
        a, b = share * weight, (1 - share) * weight
        value = np.sum(ways + betaln(yes + a, asked - yes + b) - betaln(a, b), axis=-1)
        common = digamma(weight) - digamma(asked + weight)
        by_a = digamma(yes + a) - digamma(a) + common
        by_b = digamma(asked - yes + b) - digamma(b) + common
        by_weight = share * by_a + (1 - share) * by_b
        d_share = weight * (by_a - by_b) + by_weight * (1 - 2 * share) / sd**2
        d_sd = by_weight * -2 * share * (1 - share) / sd**3
        return Likelihood(value, d_share / self.per, d_sd / self.per)

    def quantile(self, probability: Array, predicted: Predicted) -> Array:
        """Quantiles of the published share, the persons effectively asked rounded to a whole number."""
        from scipy import stats  # slow to import

        share, asked = predicted.median / self.per, _whole(predicted)
        if not self.model_error:
            return np.asarray(stats.binom.ppf(probability, asked, share)) / asked * self.per
        weight = share * (1 - share) / (predicted.sd / self.per) ** 2 - 1
        yes = stats.betabinom.ppf(probability, asked, share * weight, (1 - share) * weight)
        return np.asarray(yes) / asked * self.per

    def draw(self, predicted: Predicted, rng: np.random.Generator) -> Array:
        """One draw of each share: the true share first, then who is asked."""
        share, asked = predicted.median / self.per, _whole(predicted)
        if self.model_error:
            weight = share * (1 - share) / (predicted.sd / self.per) ** 2 - 1
            share = rng.beta(share * weight, (1 - share) * weight)
        return np.asarray(rng.binomial(asked.astype(np.int64), share)) / asked * self.per


def _size(predicted: Predicted) -> Array:
    if predicted.size is None:
        raise TypeError("a share of a survey has a sample size")
    return np.broadcast_to(predicted.size, predicted.median.shape)


def _whole(predicted: Predicted) -> Array:
    return np.maximum(1.0, np.round(_size(predicted)))
