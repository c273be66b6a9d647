"""Forecasts that know nothing but a series' own figures: what a model has to beat.

In: figures up to some moment and the periods ahead. Out: a forecast of each, NaN where a method has none. Exponential
smoothing and ARIMA are statsmodels'; which of their forms is used is chosen by the corrected information criterion.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from sd_covid.calibration.types import Array

FEWEST = 12  # unbroken figures from which a form of its own is chosen for a series
MOST = 2  # autoregressive and moving-average terms
CRITICAL = 0.463  # statistic of `kpss` above which a series is differenced: 5 % (Kwiatkowski et al. 1992)

Method = Callable[[Array, Array, Array, float], Array]
"""Called with ends and figures known, ends ahead and the months of a period."""


def last_value(ends: Array, figures: Array, ahead: Array, period: float) -> Array:
    """The last figure, for every period ahead."""
    return np.full(len(ahead), figures[-1])


def seasonal_naive(ends: Array, figures: Array, ahead: Array, period: float) -> Array:
    """The last known figure of the same season; NaN without one. For a yearly series there are no seasons: NaN."""
    found = np.full(len(ahead), math.nan)
    if period >= 12:
        return found
    for place, end in enumerate(ahead.tolist()):
        same = np.flatnonzero((end - ends) % 12 == 0)
        if len(same):
            found[place] = figures[same[-1]]
    return found


def ets(ends: Array, figures: Array, ahead: Array, period: float) -> Array:
    """Exponential smoothing with additive errors, of the last unbroken stretch of figures.

    Trend none or damped, seasons none or additive (where there are three years of them): Hyndman et al., Forecasting
    with Exponential Smoothing, 2008.
    """
    known = _unbroken(ends, figures, period)
    seasons = round(12 / period)
    if len(known) < FEWEST:
        return np.full(len(ahead), math.nan)
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    fitted = []
    forms = product((False, True), (False, True) if seasons > 1 and len(known) >= 3 * seasons else (False,))
    for damped, seasonal in forms:
        with _told_by_the_result():
            model = ETSModel(
                known,
                error="add",
                trend="add" if damped else None,
                damped_trend=damped,
                seasonal="add" if seasonal else None,
                seasonal_periods=seasons if seasonal else None,
            )
            fitted.append(model.fit(disp=False))
    return _forecast(fitted, ends, ahead, period)


def arima(ends: Array, figures: Array, ahead: Array, period: float) -> Array:
    """ARIMA of the last unbroken stretch of figures, up to two terms of either kind, without seasons.

    Differenced once where the level is not stable by the test of Kwiatkowski, Phillips, Schmidt and Shin, as in Hyndman
    and Khandakar (Journal of Statistical Software 27(3), 2008).
    """
    known = _unbroken(ends, figures, period)
    if len(known) < FEWEST:
        return np.full(len(ahead), math.nan)
    from statsmodels.tsa.arima.model import ARIMA

    differenced = int(kpss(known) > CRITICAL)
    fitted = []
    for before, errors in product(range(MOST + 1), range(MOST + 1)):
        order = (before, differenced, errors)
        with _told_by_the_result():
            fitted.append(ARIMA(known, order=order, trend="n" if differenced else "c").fit())
    return _forecast(fitted, ends, ahead, period)


METHODS: dict[str, Method] = {
    "last value": last_value,
    "seasonal naive": seasonal_naive,
    "ETS": ets,
    "ARIMA": arima,
}


def kpss(values: Array) -> float:
    """The statistic of Kwiatkowski et al. (Journal of Econometrics 54, 1992) that a series has a stable level.

    Long-run variance by Bartlett weights over 4 (n/100)^(1/4) lags, their l4.
    """
    centred = values - values.mean()
    count = len(values)
    lags = int(4 * (count / 100) ** 0.25)
    variance = centred @ centred
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (centred[lag:] @ centred[:-lag])
    walk = np.cumsum(centred)
    return float(walk @ walk / count / variance) if variance > 0 else math.inf


def _unbroken(ends: Array, figures: Array, period: float) -> Array:
    """The figures since the last gap."""
    broken = np.flatnonzero(np.abs(np.diff(ends) - period) > 1e-6)
    return figures[int(broken[-1]) + 1 :] if len(broken) else figures


def _forecast(fitted: list[Any], ends: Array, ahead: Array, period: float) -> Array:
    """The forecast of the form with the least criterion, among those that were found; NaN without any."""
    found = [item for item in fitted if _converged(item) and math.isfinite(item.aicc)]
    if not found:
        return np.full(len(ahead), math.nan)
    best = min(found, key=lambda item: float(item.aicc))
    steps = np.round((ahead - ends[-1]) / period).astype(int)
    path = np.asarray(best.forecast(int(steps.max())), dtype=np.float64)
    chosen: Array = path[steps - 1]
    return chosen


def _converged(fitted: Any) -> bool:
    return bool(fitted.mle_retvals["converged"])


@contextmanager
def _told_by_the_result() -> Iterator[None]:
    """Whether a form was found is in its result, and one that was not is left out: warnings of it say no more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
