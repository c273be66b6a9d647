"""How well experts know what they know: Cooke's classical model of performance on seed questions.

In go quantiles that experts gave of quantities whose values are known; out come calibration, information and weights
(Cooke 1991, Experts in Uncertainty, chapter 12; Cooke and Goossens 2008, doi 10.1016/j.ress.2007.03.005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import DiagramError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Of the quantiles that a form asks for.
LEVELS = (0.05, 0.5, 0.95)
#: Calibration below which an expert has no weight, where nothing else is asked: the usual level of significance.
CUTOFF = 0.05
#: By which the range of all answers is widened on both sides.
OVERSHOOT = 0.1


@dataclass(frozen=True, slots=True)
class Seeds:
    """Answers to seed questions.

    Attributes
    ----------
    quantiles : ndarray, shape (expert, question, level)
        Rising along the last axis; of an expert who left a question open all NaN there.
    truth : ndarray, shape (question,)
    logarithmic : ndarray of bool, shape (question,)
        Whether nothing known beforehand is uniform in the logarithm; quantiles and truth are then positive.
    levels : tuple of float
    """

    quantiles: Floats
    truth: Floats
    logarithmic: Mask
    levels: tuple[float, ...] = LEVELS

    @property
    def complete(self) -> Mask:
        """Who answered every question, shape (expert,): calibration is comparable over equally many questions only."""
        return np.asarray(np.isfinite(self.quantiles).all(axis=(1, 2)))


@dataclass(frozen=True, slots=True)
class Performance:
    """What seed questions say of experts, and of the group as one expert.

    Attributes
    ----------
    calibration : ndarray, shape (expert,)
        The probability that someone whose quantiles are right strays as far; NaN of who left a question open.
    information : ndarray, shape (expert,)
        Mean over the questions of the information of the answer relative to the background.
    weights : ndarray, shape (expert,)
        Adding to one; all zero where nobody reaches the cutoff.
    cutoff : float
        Calibration below which an expert has no weight.
    group_calibration, group_information : float
        Of the weighted mixture of their answers; NaN where nobody counts.
    """

    calibration: Floats
    information: Floats
    weights: Floats
    cutoff: float
    group_calibration: float
    group_information: float


def performance(seeds: Seeds, cutoff: float | None = CUTOFF) -> Performance:
    """Weigh experts by calibration times information.

    Parameters
    ----------
    seeds : Seeds
    cutoff : float or None
        Calibration from which an expert counts. None: the one with which the group does best, calibration times
        information, among the calibrations of the experts; it often leaves a single one.

    Returns
    -------
    Performance

    Raises
    ------
    DiagramError
        Nobody answered all questions.
    """
    known = seeds.complete
    if not known.any():
        raise DiagramError(
            "nobody answered all seed questions", advice="pool with equal weights, or ask the questions again"
        )
    asked = _Scaled(seeds)
    right, informed = np.array([asked.scores(item) for item in asked.quantiles]).T
    right[~known], informed[~known] = np.nan, np.nan
    tried = np.unique(right[known]) if cutoff is None else np.array([cutoff])
    found = [_weighed(asked, right, informed, bound) for bound in tried.tolist()]
    return max(found, key=lambda item: np.nan_to_num(item.group_calibration * item.group_information, nan=-1))


def _weighed(asked: _Scaled, right: Floats, informed: Floats, cutoff: float) -> Performance:
    """Weights of those who reach a cutoff, and how the group does with them."""
    raw = np.where(np.nan_to_num(right, nan=-1.0) >= cutoff, np.nan_to_num(right * informed), 0.0)
    if raw.sum() <= 0:
        return Performance(right, informed, np.zeros_like(raw), cutoff, np.nan, np.nan)
    weights = raw / raw.sum()
    return Performance(right, informed, weights, cutoff, *asked.scores(asked.mixture(weights)))


def group_of(seeds: Seeds, weights: Floats) -> tuple[float, float]:
    """Calibration and information of a mixture of experts with given weights, shape (expert,)."""
    asked = _Scaled(seeds)
    return asked.scores(asked.mixture(weights))


def _calibration(quantiles: Floats, truth: Floats, levels: Sequence[float]) -> float:
    """The p-value of the counts of truths between quantiles: 2 N times their relative information is chi-square.

    A truth equal to a quantile counts below it.
    """
    from scipy.stats import chi2

    expected = np.diff([0.0, *levels, 1.0])
    below = (quantiles < truth[:, None]).sum(axis=1)
    share = np.bincount(below, minlength=len(expected)) / len(truth)
    seen = share > 0
    told = float((share[seen] * np.log(share[seen] / expected[seen])).sum())
    return float(chi2.sf(2 * len(truth) * told, len(expected) - 1))


class _Scaled:
    """Seed questions on the scale on which nothing known is uniform, with the range in which answers count."""

    def __init__(self, seeds: Seeds) -> None:
        log = seeds.logarithmic
        self.quantiles = seeds.quantiles.astype(np.float64)
        self.quantiles[:, log] = np.log(self.quantiles[:, log])
        self.truth = seeds.truth.astype(np.float64)
        self.truth[log] = np.log(self.truth[log])
        self._levels = seeds.levels
        told = self.quantiles[seeds.complete]
        low = np.minimum(told.min(axis=(0, 2)), self.truth)
        high = np.maximum(told.max(axis=(0, 2)), self.truth)
        self._low, self._high = low - OVERSHOOT * (high - low), high + OVERSHOOT * (high - low)

    def scores(self, quantiles: Floats) -> tuple[float, float]:
        """Calibration, and mean information, of answers of shape (question, level)."""
        return _calibration(quantiles, self.truth, self._levels), float(self.information(quantiles).mean())

    def information(self, quantiles: Floats) -> Floats:
        """Of answers of shape (question, level), relative to a uniform background: shape (question,)."""
        share = np.diff([0.0, *self._levels, 1.0])
        ends = np.column_stack([self._low, quantiles, self._high])
        background = np.diff(ends, axis=1) / (self._high - self._low)[:, None]
        return np.asarray((share * np.log(share / background)).sum(axis=1))

    def mixture(self, weights: Floats) -> Floats:
        """Quantiles of the weighted mixture, each answer even between its quantiles: shape (question, level)."""
        counting = np.flatnonzero(weights > 0)
        chances = np.array([0.0, *self._levels, 1.0])
        found = np.empty((len(self.truth), len(self._levels)))
        for question, (low, high) in enumerate(zip(self._low, self._high, strict=True)):
            ends = [np.array([low, *self.quantiles[expert, question], high]) for expert in counting]
            places = np.unique(np.concatenate(ends))
            total = sum(
                weights[expert] * np.interp(places, own, chances)
                for expert, own in zip(counting, ends, strict=True)
            )
            found[question] = np.interp(self._levels, total, places)
        return found
