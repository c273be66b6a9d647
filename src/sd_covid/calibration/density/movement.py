"""The ways in which a series may move, as covariances between its figures.

Each way is a sum of parts: a level that wanders or returns to its mean; a growth that fades (the damped trend of
Gardner and McKenzie, Management Science 31, 1985, in continuous time: growth is an Ornstein-Uhlenbeck process and the
level its integral); noise of single figures; a pattern by season. `sd_covid.calibration.density.process` averages over
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from sd_covid.calibration.types import Array

YEAR = 12.0  # months
TWO_YEARS = 24.0


@dataclass(frozen=True, slots=True)
class Movement:
    """One way to move. Parts are told by the standard deviation of the change over a year that they make.

    Attributes
    ----------
    half_life : float
        Months after which half of a deviation of the level is left; infinite for a random walk, whose change over a
        year has sd 1, as has that of a level that returns.
    growth : float
        Sd of the change over a year by growth, against 1 of the level.
    memory : float
        Months in which growth fades to 1/e; without meaning where there is no growth.
    noise : float
        Sd of the change over a year by noise, against 1 of level and growth together.
    season : float
        Sd of the difference between two seasons, against 1 of the change over a year by all else.
    weight : float
        Prior weight; only ratios count.
    """

    half_life: float = math.inf
    growth: float = 0.0
    memory: float = math.inf
    noise: float = 0.0
    season: float = 0.0
    weight: float = 1.0


# What series of this kind do, rounded from the weights that fit best (by EM) to those of the Dutch study up to December
# 2019 and up to June 2021: growth that lasts for years or fades within one, little noise, seldom a season.
_LEVELS = (
    Movement(weight=0.15),
    Movement(growth=0.3, memory=120.0, weight=0.1),
    Movement(growth=1.0, memory=120.0, weight=0.15),
    Movement(growth=3.0, memory=120.0, weight=0.2),
    Movement(growth=3.0, memory=6.0, weight=0.15),
    Movement(half_life=60.0, weight=0.1),
    Movement(half_life=24.0, weight=0.1),
    Movement(half_life=6.0, weight=0.1),
)
_NOISES = {0.0: 0.7, 1.0: 0.2, 3.0: 0.1}
_SEASONS = {0.0: 0.8, 0.5: 0.15, 2.0: 0.05}


def movements(times: Array, returns: bool = False) -> tuple[Movement, ...]:
    """Those that figures at these times can tell apart: seasons only after two years, and where there are several.

    Parameters
    ----------
    times : ndarray, shape (figure,)
        Ends of the periods that have a figure, in months.
    returns : bool
        Only those in which the level returns to its mean.
    """
    levels = [level for level in _LEVELS if not returns or math.isfinite(level.half_life)]
    several = len(np.unique(np.round(times % YEAR, 3))) > 1
    seasonal = several and times[-1] - times[0] >= TWO_YEARS
    seasons = _SEASONS if seasonal else {0.0: 1.0}
    return tuple(
        Movement(level.half_life, level.growth, level.memory, noise, season, level.weight * noisy * often)
        for level, (noise, noisy), (season, often) in product(levels, _NOISES.items(), seasons.items())
    )


def covariances(times: Array, ways: tuple[Movement, ...]) -> Array:
    """Covariance of figures, for each way to move, up to a constant that no difference between figures knows.

    The variance of a change over a year, seasons aside, is 1 for all (for growth: of the first year).

    Parameters
    ----------
    times : ndarray, shape (period,)
        Ends of the periods in months, increasing.
    ways : tuple of Movement

    Returns
    -------
    ndarray, shape (movement, period, period)
    """
    since = times - times[0]
    apart = np.abs(since[:, None] - since)
    same_season = np.abs((apart + 0.5 * YEAR) % YEAR - 0.5 * YEAR) < 1e-3
    levels: dict[tuple[float, float, float], Array] = {}
    found = np.empty((len(ways), len(times), len(times)))
    for place, way in enumerate(ways):
        key = (way.half_life, way.growth, way.memory)
        if key not in levels:
            levels[key] = _level(way, since, apart)
        found[place] = (levels[key] + 0.5 * way.noise**2 * np.eye(len(times))) / (1.0 + way.noise**2)
        found[place] += 0.5 * way.season**2 * same_season
    return found


def _level(way: Movement, since: Array, apart: Array) -> Array:
    """Level and growth together, with a change over the first year of variance 1."""
    if math.isfinite(way.half_life):
        kept = 0.5 ** (1.0 / way.half_life)
        stationary: Array = 0.5 * kept**apart / (1.0 - kept**YEAR)
        return stationary
    first = np.minimum(since[:, None], since)
    walk = first / YEAR
    if way.growth == 0.0:
        return walk
    tau = way.memory
    fading = np.exp(-since / tau)
    grown = 2.0 * tau * first - tau**2 * (1.0 - fading[:, None] - fading + np.exp(-apart / tau))
    a_year = 2.0 * tau * YEAR - 2.0 * tau**2 * (1.0 - math.exp(-YEAR / tau))
    found: Array = (walk + way.growth**2 * grown / a_year) / (1.0 + way.growth**2)
    return found
