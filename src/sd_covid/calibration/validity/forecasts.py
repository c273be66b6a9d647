"""Forecasts of the model beside those from a series' own past, on the same figures.

The model's are those of the stored fit, which was refitted for each of them; the others are made here, from the figures
that were known then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from sd_covid.calibration.density.objective import Series
from sd_covid.calibration.forecasts.benchmarks import METHODS
from sd_covid.calibration.results import FitReport, OriginRow
from sd_covid.calibration.types import Array, Mask, Progress
from sd_covid.calibration.validity.report import ForecastErrors
from sd_covid.data import model_time
from sd_covid.errors import DataError

MODEL = "model"


def holdout_errors(fit: FitReport, series: Mapping[str, Series]) -> tuple[ForecastErrors, ...]:
    """Errors on the held-out figures of every series that has some.

    Parameters
    ----------
    fit : FitReport
    series : mapping
        By observable.
    """
    rows = []
    for row in fit.series:
        item = series.get(row.observable)
        if item is None or row.given or not row.holdout_points or not np.any(~item.holdout):
            continue
        if int(item.holdout.sum()) != row.holdout_points:
            raise _other_figures(row.observable)
        guesses = _benchmarks(item, ~item.holdout, item.holdout)
        errors = {name: rmse(guess - item.figures[item.holdout]) for name, guess in guesses.items()}
        rows.append(
            ForecastErrors(row.observable, math.nan, row.holdout_points, {MODEL: row.holdout_rmse, **errors})
        )
    return tuple(rows)


def rolling_errors(
    fit: FitReport, series: Mapping[str, Series], progress: Progress | None = None
) -> tuple[ForecastErrors, ...]:
    """Errors by months ahead, pooled over the origins of the stored fit; the row of all together comes first.

    Parameters
    ----------
    fit : FitReport
    series : mapping
        By observable.
    progress : callable, optional
        Called with (origins done, origins).
    """
    total, done = sum(len(item.origins) for item in fit.rolling), 0
    rows: list[ForecastErrors] = []
    for item in fit.rolling:
        parts = []
        for origin in item.origins:
            parts.append(_from_origin(origin, series))
            done += 1
            if progress is not None:
                progress(done, total)
        table = pd.concat(parts)
        rows.append(_pooled(item.observable, math.nan, table))
        rows += [
            _pooled(item.observable, float(str(ahead)), table[table["ahead"] == ahead])
            for ahead in sorted(table["ahead"].unique())
        ]
    return tuple(rows)


def rmse(errors: Array) -> float:
    """Root mean square; NaN where any is."""
    return float(np.sqrt(np.mean(errors**2)))


def _from_origin(origin: OriginRow, series: Mapping[str, Series]) -> pd.DataFrame:
    """Errors of every method at every figure ahead of one origin."""
    end = model_time(pd.Period(origin.origin, freq="M"), "month")[1]
    item = series.get(origin.observable)
    periods = [] if item is None else [m.period or f"{m.time:g}" for m in item.measurements]
    wanted = {period: (figure, forecast) for period, figure, forecast, _ in origin.points}
    ahead = np.array([period in wanted for period in periods])
    if item is None or int(ahead.sum()) != len(wanted):
        raise _other_figures(origin.observable)
    figures = item.figures[ahead]
    stored = np.array(
        [wanted[period] for period, chosen in zip(periods, ahead.tolist(), strict=True) if chosen]
    )
    if not np.allclose(stored[:, 0], figures, rtol=1e-9, atol=0.0):  # JSON keeps all digits
        raise _other_figures(origin.observable)
    ends = item.observation.ends
    guesses = {MODEL: stored[:, 1], **_benchmarks(item, ends <= end, ahead)}
    errors = pd.DataFrame({name: guess - figures for name, guess in guesses.items()})
    errors.insert(0, "ahead", np.round(ends[ahead] - end, 6))
    return errors


def _benchmarks(item: Series, known: Mask, ahead: Mask) -> dict[str, Array]:
    ends, period = item.observation.ends, float(item.observation.setting.period)
    return {
        name: method(ends[known], item.figures[known], ends[ahead], period)
        for name, method in METHODS.items()
    }


def _pooled(observable: str, ahead: float, table: pd.DataFrame) -> ForecastErrors:
    names: Iterable[str] = (MODEL, *METHODS)
    errors = {name: rmse(table[name].to_numpy(dtype=np.float64)) for name in names}
    return ForecastErrors(observable, ahead, len(table), errors)


def _other_figures(observable: str) -> DataError:
    reason = f"the stored forecasts of '{observable}' are of other figures than the table's"
    return DataError(reason, advice="run sd-covid calibrate again", variable=observable)
