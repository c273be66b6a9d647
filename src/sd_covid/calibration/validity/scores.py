"""How near a prediction comes to figures: continuous ranked probability score, coverage, autocorrelation of residuals.

Theil's shares and the lag-one correlation are in `sd_covid.calibration.forecasts.validation`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaincc

from sd_covid.calibration.noise.memory import innovations
from sd_covid.calibration.noise.scale import LocationScale
from sd_covid.calibration.types import Array
from sd_covid.calibration.validity.replay import SeriesReplay


def crps(figures: Array, draws: Array) -> Array:
    """Continuous ranked probability score of each figure: 0 is perfect, in the unit of the figures.

    E|X - y| - E|X - X'|/2 over draws X, with the mean over pairs of different draws, which has no bias in their number
    (Gneiting and Raftery, Journal of the American Statistical Association 102, 2007; Ferro, Quarterly Journal of the
    Royal Meteorological Society 140, 2014).

    Parameters
    ----------
    figures : ndarray, shape (figure,)
    draws : ndarray, shape (draw, figure)
    """
    count = len(draws)
    weights = 2.0 * np.arange(1, count + 1) - count - 1.0
    pairs = 2.0 * (weights @ np.sort(draws, axis=0)) / (count * (count - 1.0))
    found: Array = np.mean(np.abs(draws - figures), axis=0) - 0.5 * pairs
    return found


def covered(figures: Array, draws: Array, level: float) -> float:
    """Share of figures inside the central interval of that probability."""
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return float(np.mean((figures >= low) & (figures <= high)))


def autocorrelations(values: Array, lags: int) -> Array:
    """Correlations of values with those 1, 2, … ``lags`` places on. Shape (lag,)."""
    centred = values - values.mean()
    variance = centred @ centred
    return np.array([centred[lag:] @ centred[:-lag] / variance for lag in range(1, lags + 1)])


def ljung_box(values: Array) -> tuple[int, float]:
    """Ljung and Box's test that values are not correlated with earlier ones.

    The number of lags is 10, or a fifth of the values if less, after Hyndman and Athanasopoulos (Forecasting:
    Principles and Practice, 3rd edition, on residual diagnostics).

    Returns
    -------
    lags : int
    probability : float
        Of correlations as large or larger without any; NaN below 10 values, or where they are all equal.
    """
    lags = min(10, len(values) // 5)
    if len(values) < 10 or float(np.std(values)) == 0.0:
        return 0, math.nan
    found = autocorrelations(values, lags)
    count = len(values)
    statistic = count * (count + 2) * float(np.sum(found**2 / (count - np.arange(1, lags + 1))))
    return lags, float(gammaincc(lags / 2, statistic / 2))


def residuals(item: SeriesReplay) -> tuple[Array, Array]:
    """Residuals of a series at the posterior mean, as its noise counts them, and what is new in each.

    Returns
    -------
    residual : ndarray, shape (figure,)
        Figure minus model, of logarithms where the noise is that of logarithms.
    new : ndarray, shape (figure,) or (figure - 1,)
        Over the sd; where the noise remembers, less what the one before it said. White when the noise is right.
    """
    observation, figures = item.series.observation, item.series.figures
    noise = observation.noise
    residual = (
        noise.residuals(figures, item.median) if isinstance(noise, LocationScale) else figures - item.median
    )
    sd = item.predicted.sd.mean(axis=0)
    z = residual / sd if np.all(sd > 0) else residual
    if item.predicted.rho is None or len(z) < 2:
        return residual, z
    return residual, innovations(z, item.predicted.rho.mean(), observation.gaps).new
