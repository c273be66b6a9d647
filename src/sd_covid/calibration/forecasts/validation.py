"""How good the fit is where it was made, and how good it is where it was not.

In: a problem, its best fit and a `Predictor`. Out: for each series its errors, the coverage of its intervals and its
hold-out score against naive forecasts; and 12-month forecasts from rolling origins. Forecasts take the drivers as
observed: they are conditional, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from sd_covid.calibration.density.objective import Objective, Series
from sd_covid.calibration.density.observation import Figures
from sd_covid.calibration.fitting.fit import maximise
from sd_covid.calibration.forecasts.benchmarks import last_value, seasonal_naive
from sd_covid.calibration.forecasts.predict import Predictor
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.results import FactRow, OriginRow, RollingForecast, SeriesRow
from sd_covid.calibration.types import Array, Index, Progress, Simulator
from sd_covid.data import model_time

HORIZON = 12.0  # months ahead that a rolling forecast is scored


def series_rows(
    problem: Problem,
    simulator: Simulator,
    best: Array,
    predictor: Predictor,
    progress: Progress | None = None,
) -> tuple[SeriesRow, ...]:
    """Fit and hold-out of every series.

    Parameters
    ----------
    problem : Problem
    simulator : Simulator
    best : ndarray, shape (parameter,)
        Best fit to all figures, in natural values: where the fit without the held-out ones starts from.
    predictor : Predictor
    progress : callable, optional
        Called with (series done, series).
    """
    everything = Objective(problem, simulator)
    without = Objective(problem, simulator, holdout=False)
    held_out = any(item.holdout for item in problem.measurements)
    refit = maximise(without, best_within(everything, without, best))[0] if held_out else best
    forecast = everything.predictions(refit)
    found = list(_all_series(everything))
    rows = []
    for done, (key, series) in enumerate(found, start=1):
        rows.append(_series_row(problem, series, forecast[key], predictor))
        if progress is not None:
            progress(done, len(found))
    return tuple(rows)


def fact_rows(problem: Problem, predictor: Predictor) -> tuple[FactRow, ...]:
    """What the posterior makes of every soft fact about the model as it stands.

    Parameters
    ----------
    problem : Problem
    predictor : Predictor
    """
    rows = []
    for fact in problem.extension.facts.values():
        if fact.experiment:
            continue
        found = np.quantile(predictor.forecaster.quantities(fact.id), [0.05, 0.5, 0.95]).tolist()
        said = fact.distribution.quantile(np.array([0.05, 0.5, 0.95])).tolist()
        rows.append(FactRow(fact.id, fact.unit, fact.holdout, *said, *found))
    return tuple(rows)


def best_within(everything: Objective, part: Objective, best: Array) -> Array:
    """The values of the parameters of ``part``, which are those of ``everything`` in the same order."""
    return best[[everything.names.index(name) for name in part.names]]


def _all_series(objective: Objective) -> Iterator[tuple[tuple[str, str], Series]]:
    for experiment in objective.experiments:
        for series in experiment.series:
            yield (series.observation.observable.id, experiment.id), series


def _series_row(problem: Problem, series: Series, forecast: Figures, predictor: Predictor) -> SeriesRow:
    item = series.observation.observable
    ends = series.observation.ends
    model = predictor.forecaster.medians(item.id, ends).mean(axis=0)
    error = series.figures - model
    mse = float(np.mean(error**2))
    spread = float(np.std(series.figures))
    bias, variance, covariance = theil(series.figures, model)
    held = holdout_errors(series, forecast)
    cover = [coverage(predictor, item.id, ends, level) for level in (0.5, 0.9)]
    return SeriesRow(
        observable=item.id,
        series=item.series,
        name=item.name,
        unit=item.unit,
        points=len(error),
        holdout_points=int(series.holdout.sum()),
        rmse=math.sqrt(mse),
        rmse_share=math.sqrt(mse) / spread if spread > 0 else math.nan,
        coverage_50=cover[0],
        coverage_90=cover[1],
        theil_bias=bias,
        theil_variance=variance,
        theil_covariance=covariance,
        autocorrelation=lag_one(error),
        holdout_rmse=held[0],
        holdout_naive=held[1],
        holdout_seasonal=held[2],
    )


def theil(figures: Array, model: Array) -> tuple[float, float, float]:
    """Theil's shares of the mean square error: bias, unequal variation, unequal covariation (Sterman 2000, p. 875).

    NaN when the error is zero throughout.
    """
    mse = float(np.mean((figures - model) ** 2))
    if mse == 0.0:
        return math.nan, math.nan, math.nan
    bias = float((figures.mean() - model.mean()) ** 2) / mse
    variance = float((np.std(figures) - np.std(model)) ** 2) / mse
    return bias, variance, 1.0 - bias - variance


def lag_one(error: Array) -> float:
    """Correlation of each residual with the next; NaN below four figures."""
    if len(error) < 4 or np.std(error) == 0:
        return math.nan
    centred = error - error.mean()
    return float(centred[1:] @ centred[:-1] / (centred @ centred))


def coverage(predictor: Predictor, observable: str, ends: Array, level: float) -> float:
    """Share of figures inside the central interval of that probability; NaN for an observable without a series."""
    if observable not in predictor.targets:
        return math.nan
    target = predictor.targets[observable]
    places = np.flatnonzero(np.isin(target.ends, ends))
    marginal = predictor.paths(observable).marginal[:, places]
    low, high = np.quantile(marginal, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return float(np.mean((target.figures[places] >= low) & (target.figures[places] <= high)))


def continued(series: Series, model: Figures, known: Index, ahead: Index) -> Array:
    """Forecasts of the figures ``ahead``: the model's, with what is left of the residuals of those before them.

    ``known`` and ``ahead`` are positions in the series; the forecast is in its unit.
    """
    observation, model_says = series.observation, model.predicted
    places = np.concatenate([known, ahead])
    part = Predicted(
        model_says.median[places],
        model_says.sd[places],
        model_says.rho,
        model_says.freedom,
        None if model_says.size is None else model_says.size[places],
    )
    is_ahead = np.arange(len(places)) >= len(known)
    return observation.noise.forecast(observation.ends[places], series.figures[places], part, is_ahead)


def holdout_errors(series: Series, model: Figures) -> tuple[float, float, float]:
    """RMSE on the held-out figures of the forecast, of the last value and of the same season before."""
    ahead, known = np.flatnonzero(series.holdout), np.flatnonzero(~series.holdout)
    if not len(ahead) or not len(known):
        return math.nan, math.nan, math.nan
    figures, ends = series.figures, series.observation.ends
    past = (ends[known], figures[known], ends[ahead], float(series.observation.setting.period))
    guesses = (continued(series, model, known, ahead), last_value(*past), seasonal_naive(*past))
    model_error, naive, seasonal = (
        float(np.sqrt(np.mean((guess - figures[ahead]) ** 2))) for guess in guesses
    )
    return model_error, naive, seasonal


def rolling(
    problem: Problem, simulator: Simulator, best: Array, progress: Progress | None = None
) -> tuple[RollingForecast, ...]:
    """12-month forecasts of the scored observables from each origin, refitted on the figures up to it.

    Parameters
    ----------
    problem : Problem
        Origins, scored observables and what is taken as observed stand in its extension block.
    simulator : Simulator
    best : ndarray, shape (parameter,)
        Where each refit starts from, in natural values.
    progress : callable, optional
        Called with (origins done, origins).
    """
    everything = Objective(problem, simulator)
    found: dict[str, list[OriginRow]] = {name: [] for name in problem.extension.scored}
    origins = problem.extension.origins
    for done, origin in enumerate(origins, start=1):
        end = model_time(pd.Period(origin, freq="M"), "month")[1]
        refit = maximise(Objective(problem, simulator, until=end), best)[0]
        predictions = everything.predictions(refit)
        for key, series in _all_series(everything):
            if key[0] in found:
                row = _origin_row(origin, end, series, predictions[key])
                found[key[0]].extend([] if row is None else [row])
        if progress is not None:
            progress(done, len(origins))
    drivers = problem.extension.observed_drivers
    return tuple(_pooled(name, tuple(rows), drivers) for name, rows in found.items() if rows)


def _origin_row(origin: str, end: float, series: Series, model: Figures) -> OriginRow | None:
    ends = series.observation.ends
    known, ahead = np.flatnonzero(ends <= end), np.flatnonzero((ends > end) & (ends <= end + HORIZON))
    if not len(known) or not len(ahead):
        return None
    forecast = continued(series, model, known, ahead)
    last = float(series.figures[known[-1]])
    periods = [series.measurements[index].period or f"{ends[index]:g}" for index in ahead.tolist()]
    figures = series.figures[ahead]
    points = tuple(zip(periods, figures.tolist(), forecast.tolist(), [last] * len(ahead), strict=True))
    rmse = math.sqrt(float(np.mean((forecast - figures) ** 2)))
    return OriginRow(
        series.observation.observable.id,
        origin,
        rmse,
        math.sqrt(float(np.mean((last - figures) ** 2))),
        points,
    )


def _pooled(name: str, rows: tuple[OriginRow, ...], drivers: tuple[str, ...]) -> RollingForecast:
    counts = np.array([len(row.points) for row in rows])
    squares = np.array([[row.rmse**2, row.naive_rmse**2] for row in rows])
    model, naive = np.sqrt(counts @ squares / counts.sum()).tolist()
    return RollingForecast(name, rows, model, naive, drivers)
