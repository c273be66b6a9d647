"""Every series forecast from earlier months, beside forecasts that know nothing but its own figures.

At each origin the predictor sees the figures up to it; what it says of later ones is compared with them. The draws of
the model rest on all figures, and the drivers are as observed: what the model predicts is flattered. Series that are
predicted from their own history and that of a leader which is not the model are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from sd_covid.calibration.forecasts.benchmarks import METHODS
from sd_covid.calibration.forecasts.predict import Predictor, Target
from sd_covid.calibration.types import Array, Index, Progress
from sd_covid.calibration.validity.scores import crps
from sd_covid.data import model_time
from sd_covid.errors import RunError

FEWEST = 3  # figures known, for a series to be scored
MONTHS = {"month": 1.0, "quarter": 3.0, "half-year": 6.0, "year": 12.0, "school-year": 12.0}
SIMPLE = ("last value", "seasonal naive")
QUANTILES = {"median": 0.5, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}


def backtest(
    predictor: Predictor,
    origins: Sequence[str],
    *,
    methods: Sequence[str] = SIMPLE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Forecasts of every figure after each origin.

    Parameters
    ----------
    predictor : Predictor
    origins : sequence of str
        Months after which nothing is known, as ``2020-12``.
    methods : sequence of str
        Names of `sd_covid.calibration.forecasts.benchmarks.METHODS`; ETS and ARIMA take a second or more for each
        series.
    progress : callable, optional
        Called with (series done, series).

    Returns
    -------
    pandas.DataFrame
        A row a figure: origin, observableId, series, by (``model`` or ``history``), frequency, known (how many figures
        there were), period, ahead (months since the last of them), figure, median, q05 … q95, crps, ``crps walk`` (of a
        normal random walk with the spread of the known steps), and a column for each method; unit of the series.

    Raises
    ------
    RunError
        When no series goes on after any of the months.
    """
    ends = {origin: model_time(pd.Period(origin, freq="M"), "month")[1] for origin in origins}
    past = {origin: predictor.known_until(end) for origin, end in ends.items()}
    total, done = sum(len(item.targets) for item in past.values()), 0
    parts = []
    for origin, known in past.items():
        for target in known.targets.values():
            part = _of_target(known, target, _published(target), ends[origin], methods)
            if part is not None:
                part.insert(0, "origin", origin)
                parts.append(part)
            done += 1
            if progress is not None:
                progress(done, total)
    if not parts:
        raise RunError("no series goes on after these months", advice="choose earlier ones")
    return pd.concat(parts, ignore_index=True)


def by_series(table: pd.DataFrame) -> pd.DataFrame:
    """Scores of every series at every origin.

    Returns
    -------
    pandas.DataFrame
        Index (origin, observableId). Columns by, frequency, figures; ``error`` and one for each method: mean absolute
        error; ``ratio`` of the error to the lesser of last value and seasonal naive, and whether it ``beats`` them
        (NaN where they make no error, or none that is larger); ``covered 50`` and ``covered 90``; ``crps ratio``.
    """
    made = [name for name in METHODS if name in table.columns]
    errors = table[["median", *made]].sub(table["figure"], axis=0).abs()
    errors = errors.rename(columns={"median": "error"})
    inside = {
        f"covered {level}": table["figure"].between(table[low], table[high]).astype(float)
        for level, low, high in ((50, "q25", "q75"), (90, "q05", "q95"))
    }
    keys = [table["origin"], table["observableId"]]
    one = table.groupby(keys, sort=False)
    # a method that has no forecast of one of the figures has no error
    whole = errors.notna().groupby(keys, sort=False).all()
    means = errors.groupby(keys, sort=False).mean().where(whole)
    found = pd.concat([one[["by", "frequency"]].first(), one.size().rename("figures"), means], axis=1)
    least = found[[name for name in SIMPLE if name in made]].min(axis=1)
    found["ratio"] = (found["error"] / least).where(least > 0)
    found["beats"] = (found["ratio"] < 1).astype(float).where(least > 0)
    for name, column in inside.items():
        found[name] = column.groupby(keys, sort=False).mean()
    walk = one["crps walk"].mean()
    found["crps ratio"] = (one["crps"].mean() / walk).where(walk > 0)
    return found


def summary(scores: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Scores of groups of series, each series with the same weight.

    Parameters
    ----------
    scores : DataFrame
        From `by_series`.
    by : sequence of str
        Columns or levels to group by.

    Returns
    -------
    pandas.DataFrame
        Columns series, beats (share), ratio (median), ``covered 50``, ``covered 90`` and ``crps ratio`` (median).
    """
    groups = scores.groupby(list(by), sort=False)
    columns = {"beats": "mean", "ratio": "median", "covered 50": "mean", "covered 90": "mean"}
    found = groups.agg(columns | {"crps ratio": "median"})
    found.insert(0, "series", groups.size())
    return found


def _of_target(
    predictor: Predictor, target: Target, figures: Array, origin: float, methods: Sequence[str]
) -> pd.DataFrame | None:
    """Forecasts of the figures of one series that come after the last known one."""
    there = np.flatnonzero(~np.isnan(figures))
    taken = target.starts if target.series.kind == "start" else target.ends
    known, later = there[taken[there] <= origin], there[taken[there] > origin]
    if len(known) < FEWEST or not len(later):
        return None
    drawn = predictor.paths(target.id).marginal[:, later]
    past = (target.ends[known], figures[known], target.ends[later], MONTHS.get(target.series.frequency, 12.0))
    names = target.names
    columns = {
        "observableId": target.id,
        "series": target.series.id,
        "by": "history" if target.id in predictor.problem.extension.processes else "model",
        "frequency": target.series.frequency,
        "known": len(known),
        "period": [names[place] for place in later.tolist()],
        "ahead": target.ends[later] - target.ends[known[-1]],
        "figure": figures[later],
        **dict(zip(QUANTILES, np.quantile(drawn, list(QUANTILES.values()), axis=0), strict=True)),
        "crps": crps(figures[later], drawn),
        "crps walk": _walk_crps(target.ends, figures, known, later),
        **{name: METHODS[name](*past) for name in methods},
    }
    return pd.DataFrame(columns)


def _published(target: Target) -> Array:
    """All figures of the series, those too that the tables leave out since other series tell them already."""
    known = dict(zip(target.series.rows.index, target.series.values.tolist(), strict=True))
    return np.array([known.get(period, math.nan) for period in target.periods])


def _walk_crps(ends: Array, figures: Array, known: Index, later: Index) -> Array:
    """CRPS of a normal random walk from the last figure, with the mean square of the known steps (per month).

    Closed form for the normal: Gneiting and Raftery, Journal of the American Statistical Association 102, 2007, (21).
    """
    steps = np.diff(figures[known]) / np.sqrt(np.diff(ends[known]))
    spread = math.sqrt(float(np.mean(steps**2))) * np.sqrt(ends[later] - ends[known[-1]])
    error = figures[later] - figures[known[-1]]
    if not np.all(spread > 0):
        certain: Array = np.abs(error)
        return certain
    z = error / spread
    found: Array = spread * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    return found
