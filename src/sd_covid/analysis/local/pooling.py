"""Partial pooling: how far municipalities lie from the country, on the log odds, where some regions have figures.

The deviation of municipality m is normal and has four parts::

    deviation[m] = slope * composition[m] + slopes' * covariates[m] + of its region + its own

`composition` is what the model's groups and ages make of it. Slopes have normal priors; the parts of regions and of
municipalities have mean zero and standard deviations that are estimated on a grid, with half-normal priors. A figure of
a municipality or region is the weighted mean of the deviations there, with normal noise. All else follows from the
conditional normal distribution (Fay & Herriot 1979; Rao & Molina 2015, chapter 10): a region with a figure lies between
it and what others tell, one without has the spread between regions. Means of log odds stand for log odds of means,
which holds while deviations are small.

In come figures as deviations; out come draws, and moments for regions that are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES = 12  # quantiles of each standard deviation


@dataclass(frozen=True)
class Measured:
    """Figures as deviations from the country.

    Attributes
    ----------
    value : ndarray, shape (figure,)
        Log odds less those of the country in the same source and period.
    parts : ndarray, shape (figure, municipality)
        Weights of the municipalities of which each consists; rows sum to 1.
    noise : ndarray, shape (figure,)
        Standard deviation.
    chosen : ndarray of bool, shape (figure,)
        Whether it was published because it is extreme: such a figure tells of its own region only, and nothing of
        slopes and spreads.
    """

    value: Floats
    parts: Floats
    noise: Floats
    chosen: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> Measured:
        """Some of the figures."""
        return Measured(self.value[kept], self.parts[kept], self.noise[kept], self.chosen[kept])


@dataclass(frozen=True)
class Deviations:
    """Draws of deviations, in their parts.

    Attributes
    ----------
    fixed : ndarray, shape (draw, municipality)
        By composition and covariates.
    regions : ndarray, shape (draw, region)
    own : ndarray, shape (draw, municipality)
    sd : ndarray, shape (draw, 2)
        Standard deviations of the last two.
    region : ndarray of int, shape (municipality,)
    slopes : ndarray, shape (draw, slope)
    """

    fixed: Floats
    regions: Floats
    own: Floats
    sd: Floats
    region: NDArray[np.int64]
    slopes: Floats

    @property
    def all(self) -> Floats:
        """The deviations, shape (draw, municipality)."""
        return np.asarray(self.fixed + self.regions[:, self.region] + self.own)

    def with_own(self, chosen: Measured, rng: np.random.Generator) -> Deviations:
        """With the own part of municipalities drawn anew given a figure of each, all else as it is."""
        own, rest = self.own.copy(), self.fixed + self.regions[:, self.region]
        for value, parts, noise in zip(chosen.value, chosen.parts, chosen.noise, strict=True):
            place = int(parts.argmax())
            share = self.sd[:, 1] ** 2 / (self.sd[:, 1] ** 2 + noise**2)
            spread = np.sqrt(1 - share) * self.sd[:, 1]
            own[:, place] = share * (value - rest[:, place]) + spread * rng.standard_normal(len(own))
        return replace(self, own=own)

    def over_years(self, years: Sequence[int], measured: int, persistence: float, seed: int) -> Floats:
        """The deviations in each year: composition and covariates stay, the rest forgets.

        The parts of regions and municipalities are stationary autoregressions through their value in the year of the
        figures, so that the spread between municipalities stays what it is and far from the figures nothing is left of
        what a figure told.

        Parameters
        ----------
        years : sequence of int
            In order, without gaps.
        measured : int
            Year of the figures.
        persistence : float
            Correlation from one year to the next.
        seed : int

        Returns
        -------
        ndarray, shape (draw, year, municipality)
        """
        rng = np.random.default_rng(seed)
        rest = np.empty((len(self.own), len(years), self.own.shape[1]))
        for step, end in ((1, years[-1]), (-1, years[0])):
            regions, own = self.regions, self.own
            for year in range(measured, end + step, step):
                if year != measured:
                    regions = self._later(regions, self.sd[:, :1], persistence, rng)
                    own = self._later(own, self.sd[:, 1:], persistence, rng)
                if years[0] <= year <= years[-1]:
                    rest[:, year - years[0]] = regions[:, self.region] + own
        return np.asarray(self.fixed[:, None] + rest)

    @staticmethod
    def _later(part: Floats, sd: Floats, persistence: float, rng: np.random.Generator) -> Floats:
        """A part a year away: what is left of it, and as much anew as keeps its standard deviation."""
        fresh = np.sqrt(1 - persistence**2) * sd * rng.standard_normal(part.shape)
        return np.asarray(persistence * part + fresh)


@dataclass(frozen=True)
class Pool:
    """The model of deviations, before figures.

    Attributes
    ----------
    fixed : ndarray, shape (municipality, slope)
        Composition first, then covariates.
    slope_mean, slope_sd : ndarray, shape (slope,)
    region : ndarray of int, shape (municipality,)
        Position of its region.
    region_sd, own_sd : float
        Scales of the half-normal priors of the two standard deviations.
    """

    fixed: Floats
    slope_mean: Floats
    slope_sd: Floats
    region: NDArray[np.int64]
    region_sd: float
    own_sd: float

    @cached_property
    def _incidence(self) -> Floats:
        return np.asarray(self.region[:, None] == np.arange(self.region.max() + 1), dtype=np.float64)

    @cached_property
    def grid(self) -> Floats:
        """Standard deviations of region and municipality, equally probable beforehand, shape (node, 2)."""
        from scipy.stats import halfnorm

        at = halfnorm.ppf((np.arange(_NODES) + 0.5) / _NODES)
        return np.array([(one * self.region_sd, own * self.own_sd) for one in at for own in at])

    def covariance(self, sd: Floats, one: Floats, other: Floats) -> Floats:
        """Prior covariance of weighted means of deviations, at standard deviations (region, own).

        Parameters
        ----------
        sd : ndarray, shape (2,)
        one, other : ndarray, shape (..., municipality)
            Weights; of low rank in slopes and regions, so that no matrix of municipalities is made.
        """
        scaled, incidence = self.fixed * self.slope_sd, sd[0] * self._incidence
        found = (one @ scaled) @ (other @ scaled).T + (one @ incidence) @ (other @ incidence).T
        return np.asarray(found + sd[1] ** 2 * (one @ other.T))

    def weights(self, figures: Measured) -> Floats:
        """Posterior probability of each node of the grid, by figures that were not chosen for being extreme."""
        used = figures.where(~figures.chosen)
        logs = np.array([self._evidence(used, sd) for sd in self.grid])
        share = np.exp(logs - logs.max())
        return np.asarray(share / share.sum(), dtype=np.float64)

    def _evidence(self, figures: Measured, sd: Floats) -> float:
        """Log of the density of the figures at standard deviations."""
        if not len(figures.value):
            return 0.0
        gap = figures.value - figures.parts @ (self.fixed @ self.slope_mean)
        spread = self._spread(figures, sd)
        return float(-0.5 * (gap @ np.linalg.solve(spread, gap) + np.linalg.slogdet(spread)[1]))

    def _spread(self, figures: Measured, sd: Floats) -> Floats:
        """Covariance of the figures."""
        return self.covariance(sd, figures.parts, figures.parts) + np.diag(figures.noise**2)

    def draw(self, figures: Measured, size: int, rng: np.random.Generator) -> Deviations:
        """Draws of the parts of the deviations, given figures.

        A draw of everything beforehand is moved to the figures by the gain of the conditional distribution (Matheron's
        rule). Figures that were chosen for being extreme then move the own part of their municipality alone.
        """
        used, chosen = figures.where(~figures.chosen), figures.where(figures.chosen)
        nodes = rng.choice(len(self.grid), size=size, p=self.weights(figures))
        sd = self.grid[nodes]
        slopes = self.slope_mean + self.slope_sd * rng.standard_normal((size, len(self.slope_mean)))
        regions = sd[:, :1] * rng.standard_normal((size, self._incidence.shape[1]))
        own = sd[:, 1:] * rng.standard_normal((size, len(self.fixed)))
        noise = used.noise * rng.standard_normal((size, len(used.value)))
        simulated = (slopes @ self.fixed.T + regions[:, self.region] + own) @ used.parts.T + noise
        pull = np.empty_like(simulated)
        for node in np.unique(nodes) if len(used.value) else ():
            at = nodes == node
            pull[at] = np.linalg.solve(self._spread(used, self.grid[node]), (used.value - simulated[at]).T).T
        back = pull @ used.parts
        slopes += self.slope_sd**2 * (back @ self.fixed)
        regions += sd[:, :1] ** 2 * (back @ self._incidence)
        own += sd[:, 1:] ** 2 * back
        found = Deviations(slopes @ self.fixed.T, regions, own, sd, self.region, slopes)
        return found.with_own(chosen, rng)

    def moments(self, figures: Measured, sd: Floats, at: Floats) -> tuple[float, float]:
        """Mean and variance of a weighted mean of deviations, given figures and standard deviations.

        Figures that were chosen for being extreme are left aside.

        Parameters
        ----------
        figures : Measured
        sd : ndarray, shape (2,)
        at : ndarray, shape (municipality,)
            Weights.
        """
        figures = figures.where(~figures.chosen)
        mean = self.fixed @ self.slope_mean
        shared = self.covariance(sd, figures.parts, at)
        gain = np.linalg.solve(self._spread(figures, sd), shared)
        centre = at @ mean + gain @ (figures.value - figures.parts @ mean)
        return float(centre), float(self.covariance(sd, at, at) - gain @ shared)

    def predicted(self, figures: Measured, at: Floats) -> tuple[float, float]:
        """Mean and standard deviation of a weighted mean of deviations, over the grid."""
        weights = self.weights(figures)
        kept = np.flatnonzero(weights > 1e-4)
        pairs = np.array([self.moments(figures, self.grid[node], at) for node in kept])
        share = weights[kept] / weights[kept].sum()
        mean = share @ pairs[:, 0]
        return float(mean), float(np.sqrt(share @ (pairs[:, 1] + pairs[:, 0] ** 2) - mean**2))
