"""What a remembering noise says about figures that are not there: gaps, the future, each figure left out in turn.

In: standardised residuals at the published periods (NaN elsewhere), for every draw. Out: residual paths that pass
through the published ones, and for each published one a draw from what all the others say of it. The process is the
stationary AR(1) of unit variance with correlation rho^g over g months. It is Markov, so only the nearest residuals on
either side count (Rue and Held, Gaussian Markov Random Fields, 2005, section 1.1).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sd_covid.calibration.types import Array


class Between(Protocol):
    """How a residual is drawn from its neighbours: by default as of a normal process."""

    def __call__(
        self,
        values: Array,
        rho: Array,
        index: int,
        before: tuple[int, float] | None,
        after: tuple[int, float] | None,
        rng: np.random.Generator,
    ) -> Array:
        """Draws at period ``index`` of ``values`` (draw, period); neighbours as (period, months away), or None."""
        ...


def sample_paths(
    times: Array,
    residuals: Array,
    rho: Array,
    rng: np.random.Generator,
    between: Between | None = None,
) -> Array:
    """Residual paths through the known residuals.

    Parameters
    ----------
    times : ndarray, shape (period,)
        Ends of the periods in months, increasing.
    residuals : ndarray, shape (draw, period)
        Standardised; NaN where there is no figure, the same periods in every draw.
    rho : ndarray, shape (draw,)
        Correlation one month apart.
    rng : Generator
    between : Between, optional
        The process, if it is not a normal one.

    Returns
    -------
    ndarray, shape (draw, period)
    """
    draw = _between if between is None else between
    known = np.flatnonzero(~np.isnan(residuals[0]))
    paths = residuals.copy()
    for index in np.flatnonzero(np.isnan(residuals[0])):
        before = int(index) - 1 if index > 0 else None
        later = known[known > index]
        after = int(later[0]) if len(later) else None
        near = _neighbour(times, int(index), before), _neighbour(times, int(index), after)
        paths[:, index] = draw(paths, rho, int(index), *near, rng)
    return paths


def leave_one_out(
    times: Array,
    residuals: Array,
    rho: Array,
    rng: np.random.Generator,
    between: Between | None = None,
) -> Array:
    """For each known residual a draw from what the other known ones say of it; NaN elsewhere.

    Parameters and result as in `sample_paths`.
    """
    draw = _between if between is None else between
    known = np.flatnonzero(~np.isnan(residuals[0]))
    drawn = np.full_like(residuals, np.nan)
    for place, index in enumerate(known):
        before = int(known[place - 1]) if place > 0 else None
        after = int(known[place + 1]) if place + 1 < len(known) else None
        near = _neighbour(times, int(index), before), _neighbour(times, int(index), after)
        drawn[:, index] = draw(residuals, rho, int(index), *near, rng)
    return drawn


def _neighbour(times: Array, index: int, other: int | None) -> tuple[int, float] | None:
    return None if other is None else (other, abs(float(times[other] - times[index])))


def _between(
    values: Array,
    rho: Array,
    index: int,
    before: tuple[int, float] | None,
    after: tuple[int, float] | None,
    rng: np.random.Generator,
) -> Array:
    """A draw at one period given its neighbours: precisions add, means are weighted by them."""
    draws = len(values)
    mean_before, precision = np.zeros(draws), np.ones(draws)  # without a neighbour: the stationary AR(1)
    if before is not None:
        factor, variance = _step(before[1], rho)
        mean_before, precision = factor * values[:, before[0]], 1.0 / variance
    weighted = precision * mean_before
    if after is not None:
        factor, variance = _step(after[1], rho)
        weighted = weighted + factor * values[:, after[0]] / variance
        precision = precision + factor**2 / variance
    return weighted / precision + rng.standard_normal(draws) / np.sqrt(precision)


def _step(gap: float, rho: Array) -> tuple[Array, Array]:
    """Factor and variance of the step over a gap of months."""
    factor = rho**gap
    return factor, np.maximum(1.0 - factor**2, 1e-12)  # a correlation of 1 to rounding leaves no noise
