"""Robustness metrics as three choices: transform the outcomes, take a subset of the states, aggregate it.

In come gains of packages in states of the world, larger being better; out comes one score a package, larger being more
robust. The three choices and the eleven names are those of McPhail and others (Earth's Future 6, 2018, doi
10.1002/2017EF000649). What depends on the unit there (one is added to mean and spread) is kept in the outcome's own
unit here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

#: Gains (package, state) and a target in the same unit -> performance (package, state), larger being better.
Transform = Callable[[Floats, float | None], Floats]
#: Performance (package, state) -> the states, or order statistics, that count (package, chosen).
Subset = Callable[[Floats], Floats]
#: (package, chosen) -> (package,).
Aggregate = Callable[[Floats], Floats]

#: What a score is: a level of the outcome; a distance in its unit, of which less is better; a share of states; a ratio.
Kind = Literal["level", "distance", "share", "ratio"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A robustness metric.

    Attributes
    ----------
    id : str
    transform, subset, aggregate : callable
    kind : {'level', 'distance', 'share', 'ratio'}
    """

    id: str
    transform: Transform
    subset: Subset
    aggregate: Aggregate
    kind: Kind

    @property
    def needs_target(self) -> bool:
        """Whether it asks of each state if a target is met."""
        return self.transform is meets

    def score(self, gains: Floats, target: float | None = None) -> Floats:
        """The score of each package, larger being more robust.

        Parameters
        ----------
        gains : ndarray, shape (package, state)
            Larger is better; without NaN.
        target : float, optional
            On the scale of the gains.

        Returns
        -------
        ndarray, shape (package,)
            A distance is negative; `shown` turns it into what is read.

        Raises
        ------
        RunError
            No states, or a target that is needed and not given.
        """
        if gains.shape[-1] == 0:
            raise RunError(
                "no state of the world is left in which every package ran", advice="see which runs failed"
            )
        return self.aggregate(self.subset(self.transform(gains, target)))

    def shown(self, scores: Floats, better: Literal["lower", "higher"]) -> Floats:
        """Scores as they are read: levels in the direction of the outcome, distances positive."""
        turned = self.kind == "distance" or (self.kind == "level" and better == "lower")
        return 0.0 - scores if turned else scores


def as_is(gains: Floats, target: float | None = None) -> Floats:
    """The gains themselves."""
    return gains


def less_regret(gains: Floats, target: float | None = None) -> Floats:
    """Minus the regret: how far each package stays behind the best one in the same state."""
    return np.asarray(gains - gains.max(axis=0), dtype=np.float64)


def below_median(gains: Floats, target: float | None = None) -> Floats:
    """Minus the shortfall of each package below its own median over states; 0 above it."""
    return np.minimum(gains - np.median(gains, axis=-1, keepdims=True), 0.0)


def meets(gains: Floats, target: float | None = None) -> Floats:
    """1 where the target is met, else 0.

    Raises
    ------
    RunError
        Without a target.
    """
    if target is None:
        raise RunError("Starr's criterion needs a target", advice="give the objective a 'target'")
    return (gains >= target).astype(np.float64)


def everything(values: Floats) -> Floats:
    """All states."""
    return values


def worst(values: Floats) -> Floats:
    """The worst state of each package."""
    return np.asarray(values.min(axis=-1, keepdims=True), dtype=np.float64)


def best(values: Floats) -> Floats:
    """The best state of each package."""
    return np.asarray(values.max(axis=-1, keepdims=True), dtype=np.float64)


def worst_and_best(values: Floats) -> Floats:
    """The worst and the best state of each package."""
    return np.concatenate([worst(values), best(values)], axis=-1)


def worst_half(values: Floats) -> Floats:
    """The worst half of the states of each package; of an odd number the one in the middle belongs to it."""
    return np.sort(values, axis=-1)[..., : (values.shape[-1] + 1) // 2]


def percentiles(*levels: float) -> Subset:
    """Quantiles at these levels, from 0 (worst) to 1 (best), interpolated linearly."""
    return partial(_quantiles, levels)


def _quantiles(levels: tuple[float, ...], values: Floats) -> Floats:
    return np.moveaxis(np.quantile(values, levels, axis=-1), 0, -1)


def mean(values: Floats) -> Floats:
    """The mean; of a single value that value."""
    return np.asarray(values.mean(axis=-1), dtype=np.float64)


def weighted(weight: float) -> Aggregate:
    """A weighted mean of a worst and a best value; `weight` is that of the worst."""
    return partial(_weighted, weight)


def _weighted(weight: float, values: Floats) -> Floats:
    return np.asarray(weight * values[..., 0] + (1.0 - weight) * values[..., 1])


def mean_less_spread(times: float) -> Aggregate:
    """The mean less so many standard deviations: in the outcome's unit, unlike a ratio of the two."""
    return partial(_mean_less_spread, times)


def _mean_less_spread(times: float, values: Floats) -> Floats:
    return np.asarray(values.mean(axis=-1) - times * values.std(axis=-1))


def skewness(values: Floats) -> Floats:
    """Of the 10th, 50th and 90th percentiles: how far their middle lies above the median, over half their distance.

    0 where the two are equal: such a package does not lean.
    """
    low, middle, high = np.moveaxis(values, -1, 0)
    return _ratio((high + low) / 2 - middle, (high - low) / 2, empty=0.0)


def peakedness(values: Floats) -> Floats:
    """Of the 10th, 25th, 75th and 90th percentiles: the outer distance over the inner one; infinite where that is nil.

    A package with one outcome in all states has no shape; it counts as infinitely peaked.
    """
    low, quarter, three, high = np.moveaxis(values, -1, 0)
    return _ratio(high - low, three - quarter, empty=np.inf)


def _ratio(above: Floats, below: Floats, empty: float) -> Floats:
    """A ratio, and a value where the denominator is nil."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), empty)


def presets(pessimism: float = 0.5, spread: float = 1.0) -> tuple[Metric, ...]:
    """The eleven metrics of McPhail and others, in their order.

    Parameters
    ----------
    pessimism : float
        Weight of the worst state in Hurwicz's metric, from 0 to 1.
    spread : float
        Standard deviations that mean–variance takes off the mean.

    Returns
    -------
    tuple of Metric
    """
    return (
        Metric("maximin", as_is, worst, mean, "level"),
        Metric("maximax", as_is, best, mean, "level"),
        Metric("hurwicz", as_is, worst_and_best, weighted(pessimism), "level"),
        Metric("laplace", as_is, everything, mean, "level"),
        Metric("minimax-regret", less_regret, worst, mean, "distance"),
        Metric("p90-regret", less_regret, percentiles(0.10), mean, "distance"),
        Metric("mean-variance", as_is, everything, mean_less_spread(spread), "level"),
        Metric("undesirable-deviations", below_median, worst_half, mean, "distance"),
        Metric("skewness", as_is, percentiles(0.10, 0.50, 0.90), skewness, "ratio"),
        Metric("peakedness", as_is, percentiles(0.10, 0.25, 0.75, 0.90), peakedness, "ratio"),
        Metric("starr", meets, everything, mean, "share"),
    )
