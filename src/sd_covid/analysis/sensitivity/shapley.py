"""Shapley effects of the calibrated parameters, from their own draws: how the one factor that they are divides.

The parameters are correlated, so that their shares of the variance overlap. A Shapley effect divides what several
explain together evenly over the orders in which they can be added, and the effects add up to what all explain (Song,
Nelson & Staum 2016, doi 10.1137/15M1048070). What a set of parameters explains is here what a linear regression on it
explains (the measure of Lindeman, Merenda & Gold; Grömping 2007, doi 10.1198/000313007X188252). The effects are exact
when the model is linear over a normal posterior (Owen & Prieur 2017, doi 10.1137/16M1097717); the part that no linear
regression explains is told beside them. With hundreds of parameters and a thousand draws, sets cannot be told apart by
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from sd_covid.analysis.sensitivity.indices import COVERAGE, varying

Floats = NDArray[np.float64]

#: Orders in which parameters are added: each drawn one and its reverse.
_ORDERS = 128
#: Parts of the draws that are left out in turn, for the intervals.
_PARTS = 10
#: Correlation from which two constants are one parameter, and what keeps a nearly singular matrix regular.
_SAME, _JITTER = 1 - 1e-9, 1e-10
#: Draws beyond the parameters that a regression needs, as a part of the parameters.
_SPARE = 1.0


@dataclass(frozen=True, slots=True)
class Within:
    """How the variance of a quantity over the posterior divides over its parameters.

    Attributes
    ----------
    shares : tuple of (str, float, float)
        Constant, Shapley effect and half width of its 90 % interval, the largest first. Of constants that are one
        parameter the first stands for all.
    explained : float
        The sum of the effects: what a linear regression on all parameters explains, adjusted for their number.
    draws : int
        Of the posterior, without those that failed.
    """

    shares: tuple[tuple[str, float, float], ...]
    explained: float
    draws: int


def shapley_effects(
    values: Floats,
    draws: pd.DataFrame,
    noise: Floats,
    *,
    seed: int,
    orders: int = _ORDERS,
    intervals: bool = True,
) -> tuple[Within | None, ...]:
    """Shapley effects of parameters on quantities, from one run of each draw.

    Parameters
    ----------
    values : ndarray, shape (draw, quantity)
        Finite.
    draws : DataFrame, shape (draw, constant)
    noise : ndarray, shape (quantity,)
        A spread that is rounding only.
    seed : int
        Of the orders, and of the parts that are left out for the intervals.
    orders : int
        How many orders of the parameters are averaged over.
    intervals : bool
        Whether to tell them, which takes ten times as long; their half widths are NaN otherwise.

    Returns
    -------
    tuple of Within or None
        One for each quantity; None for one that does not vary, and for all where there are fewer than twice as many
        draws as parameters.

    Notes
    -----
    A column without influence explains (1 - R²) / (n - 1) by chance; taken off each, the effects add up to the adjusted
    R². Intervals are by a delete-a-group jackknife, over the same orders.
    """
    names = _distinct(draws)
    told: list[Within | None] = [None] * values.shape[1]
    if len(names) < 2 or len(values) < (1 + _SPARE) * len(names) + _PARTS:
        return tuple(told)
    vary = varying(np.ptp(values, axis=0), noise)
    rng = np.random.default_rng(seed)
    x, y = draws[names].to_numpy(dtype=np.float64), values[:, vary]
    drawn = [rng.permutation(len(names)) for _ in range(max(orders // 2, 1))]
    added = [order for one in drawn for order in (one, one[::-1])]
    effects = _effects(x, y, added)
    half = np.full(effects.shape, np.nan)
    if intervals:
        part = rng.permutation(len(x)) % _PARTS
        left = np.stack([_effects(x[part != out], y[part != out], added) for out in range(_PARTS)])
        spread = np.sqrt((_PARTS - 1) / _PARTS * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
        half = ndtri(0.5 + COVERAGE / 2) * spread
    for column, quantity in enumerate(np.flatnonzero(vary)):
        ranked = np.argsort(-effects[:, column], kind="stable")
        shares = tuple((names[at], float(effects[at, column]), float(half[at, column])) for at in ranked)
        told[quantity] = Within(shares, float(effects[:, column].sum()), len(x))
    return tuple(told)


def _distinct(draws: pd.DataFrame) -> list[str]:
    """One name of each parameter that varies: constants that move as one are one parameter."""
    names = [str(name) for name in draws if draws[name].nunique() > 1]
    close = np.abs(np.atleast_2d(np.corrcoef(draws[names].to_numpy(), rowvar=False))) > _SAME
    return [name for position, name in enumerate(names) if not close[position, :position].any()]


def _effects(x: Floats, y: Floats, orders: list[NDArray[np.int64]]) -> Floats:
    """Adjusted effects of columns of x on columns of y, averaged over orders; shape (parameter, quantity)."""
    count, parameters = x.shape
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    inside = x.T @ x / count + _JITTER * np.eye(parameters)
    across = x.T @ y / count
    total = np.zeros(across.shape)
    for order in orders:
        # In the basis that adds one parameter after another, a squared coordinate is what that one adds to R².
        lower = np.linalg.cholesky(inside[np.ix_(order, order)])
        total[order] += solve_triangular(lower, across[order], lower=True) ** 2
    effects = total / len(orders)
    chance = (1 - effects.sum(axis=0)) / (count - parameters - 1)
    return np.asarray(effects - chance, dtype=np.float64)
