"""Densities of published figures around the model's: exact, with their derivatives.

In: figures, medians, standard deviations and the correlation of the noise one month apart. Out: log likelihood and its
derivatives with respect to each. AR(1) noise is Gaussian with a stationary first point; over a gap of g months the
correlation is rho^g (Hamilton, Time Series Analysis, 1994, section 5.2). In the logarithmic distributions the noise
adds to the logarithm, and the median is that of PEtab v2 ("Noise distributions").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log likelihood of one series and its derivatives.

    ``median`` and ``sd`` have shape (figure,); ``rho`` is a number, 0 without autocorrelation.
    """

    value: float
    median: Array
    sd: Array
    rho: float


def residuals(distribution: str, figures: Array, median: Array) -> Array:
    """Figure minus median, of their logarithms for the logarithmic distributions. NaN where a logarithm is."""
    if not distribution.startswith("log-"):
        return figures - median
    with np.errstate(all="ignore"):
        return np.log(figures) - np.log(median)


def likelihood(
    distribution: str, figures: Array, median: Array, sd: Array, rho: float | None, gaps: Array
) -> Likelihood:
    """Log likelihood of a series.

    Parameters
    ----------
    distribution : str
        normal, log-normal, laplace or log-laplace; with ``rho`` only the first two.
    figures, median : ndarray, shape (figure,)
        Published figures in order of time, and the model's, in the unit of the series.
    sd : ndarray, shape (figure,)
        Stationary standard deviation of the noise (scale, for Laplace), of the logarithm for the logarithmic ones.
    rho : float or None
        Correlation of the noise one month apart, in [0, 1).
    gaps : ndarray, shape (figure - 1,)
        Months between consecutive figures.

    Returns
    -------
    Likelihood
        NaN throughout where the median or sd is not finite or not positive where it must be.
    """
    e = residuals(distribution, figures, median)
    z = e / sd
    logarithmic = distribution.startswith("log-")
    constant = -float(np.log(sd).sum()) - (float(np.log(figures).sum()) if logarithmic else 0.0)
    d_rho = 0.0
    if distribution.endswith("laplace"):
        value = constant - len(z) * math.log(2.0) - float(np.sum(np.abs(z)))
        d_z = -np.sign(z)
    elif rho is None:
        value = constant - 0.5 * len(z) * LOG_TWO_PI - 0.5 * float(z @ z)
        d_z = -z
    else:
        value, d_z, d_rho = _autoregressive(z, rho, gaps)
        value += constant
    d_median = -d_z / sd / (median if logarithmic else 1.0)
    return Likelihood(value, d_median, -1.0 / sd - d_z * z / sd, d_rho)


def _autoregressive(z: Array, rho: float, gaps: Array) -> tuple[float, Array, float]:
    """Log density of a standardised AR(1), its derivatives by each point and by rho."""
    phi = rho**gaps
    variance = 1.0 - phi * phi
    root = np.sqrt(variance)
    innovation = (z[1:] - phi * z[:-1]) / root
    value = -0.5 * (len(z) * LOG_TWO_PI + z[0] ** 2 + innovation @ innovation + np.log(variance).sum())
    d_z = np.empty_like(z)
    d_z[0] = -z[0]
    d_z[1:] = -innovation / root
    d_z[:-1] += phi * innovation / root
    d_phi = phi / variance * (1.0 - innovation**2) + innovation * z[:-1] / root
    with np.errstate(all="ignore"):
        slope = np.where(gaps == 1.0, 1.0, gaps * rho ** (gaps - 1.0))
    return float(value), d_z, float(d_phi @ slope)
