"""What the next figures will be, said before they are published, and how near that came.

In: a problem with a stored posterior, its series, and a day. Out: for every predicted series the figure whose release
lies ahead, as quantiles; a log of such predictions; and, once a figure is there, its score. A prediction is scored only
if it was made before the day on which the figure was expected, and before the day that the figure bears as its vintage:
what might have been known is no prediction.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from sd_covid.calibration.forecasts.predict import Predictor
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.stored.store import read_posterior
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.workflow import Step, load_problem, posterior_file
from sd_covid.data import Registry, Series, following, format_period, last_month, read_registry, release_day
from sd_covid.errors import DataError, RunError
from sd_covid.files import stream_of
from sd_covid.study_folder import is_there

LEVELS = (np.arange(50) + 0.5) / 50  # of the quantiles that are kept of a prediction
TEXTS = ("made", "observable", "series", "period", "expected", "unit")
SAID = ("mean", "median", "q05", "q25", "q75", "q95")
KEPT = ("last_period", "last", "posterior", "quantiles")
SCORES = ("figure", "scored", "percentile", "crps", "inside_50", "inside_90", "error", "error_last")
COLUMNS = (*TEXTS, *SAID, *KEPT, *SCORES)


@dataclass(frozen=True, slots=True)
class Nowcast:
    """A prediction of one figure.

    Attributes
    ----------
    made : date
    observable, series, period, unit : str
        ``observable`` is the id under which it is predicted; the period is spelled as in the series file.
    expected : date
        Day on which the figure is expected.
    mean, median, q05, q25, q75, q95 : float
        In the unit of the series.
    last_period : str
    last : float
        The newest figure of the series when this was said.
    posterior : str
        First digits of the hash of the draws.
    quantiles : tuple of float
        At the probabilities `LEVELS`.
    """

    made: date
    observable: str
    series: str
    period: str
    expected: date
    unit: str
    mean: float
    median: float
    q05: float
    q25: float
    q75: float
    q95: float
    last_period: str
    last: float
    posterior: str
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """The scores of one theme.

    Attributes
    ----------
    theme : str
        Key of a heading of the dashboard, or of a theme without one.
    scored : int
    inside_50, inside_90 : float
        Shares of the figures.
    crps : float
        Mean, in standard deviations of the prediction (that of a normal one with its quartiles): 0.56 is to be expected
        of a perfect normal one.
    against_last : float
        Mean over that of the error of the last value, in the same unit: below 1 the prediction is the better one.
    """

    theme: str
    scored: int
    inside_50: float
    inside_90: float
    crps: float
    against_last: float


def log_file(problem: Problem) -> Path:
    """Where the predictions of a problem are kept: ``nowcasts.csv`` beside it, a variant's under its own name."""
    return problem.path.with_name(
        "nowcasts.csv" if problem.base is None else f"{problem.path.stem}-nowcasts.csv"
    )


def upcoming(series: Series, today: date) -> tuple[pd.Period, date] | None:
    """The first period without a figure whose release lies ahead, and the day; None when none is to come."""
    period = following(series, series.last)
    day = release_day(series, period)
    while day is not None and day <= today:
        period = following(series, period)
        day = release_day(series, period)
    return None if day is None else (period, day)


def nowcasts(
    path: Path | str,
    today: date,
    *,
    simulator: Simulator | None = None,
    seed: int = 0,
    progress: Step | None = None,
) -> list[Nowcast]:
    """Predict the next release of every series.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    today : date
        Releases up to this day count as known, whether the series files have them or not.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    seed : int
    progress : callable, optional
        Called with (stage, done, total); stages are runs and predict.

    Returns
    -------
    list of Nowcast
        In the order of the problem; series that are closed or have no rhythm are left out.

    Raises
    ------
    ProblemError, ModelError, DataError, RunError
    """
    problem, simulator = load_problem(path, simulator)
    registry = read_registry(problem.folder / "series")
    named = {item.id: item.series for item in problem.observables.values() if item.series}
    named |= {key: item.series for key, item in problem.extension.processes.items()}
    due = {name: upcoming(registry.series(series), today) for name, series in named.items()}
    wanted = {name: item for name, item in due.items() if item is not None}
    if not wanted:
        advice = "give series a release_lag in the registry"
        raise RunError("no release of any series is to come", advice=advice, file=problem.path)
    file = posterior_file(problem)
    ends = [
        last_month(period, registry.series(named[name]).frequency) for name, (period, _) in wanted.items()
    ]
    predictor = Predictor(
        problem,
        simulator,
        registry,
        read_posterior(file),
        last_month=str(max(ends) + 1),  # a school year may be counted to September
        seed=seed,
        progress=None if progress is None else lambda done, total: progress("runs", done, total),
    )
    mark = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    found = []
    for done, (name, (period, day)) in enumerate(wanted.items(), start=1):
        target = predictor.targets[name]
        spelled = format_period(period, target.series.frequency)
        draws = predictor.paths(name).path[:, target.names.index(spelled)]
        found.append(_nowcast(name, target.series, spelled, day, draws, today, mark))
        if progress is not None:
            progress("predict", done, len(wanted))
    return found


def _nowcast(
    name: str, series: Series, period: str, day: date, draws: Array, today: date, mark: str
) -> Nowcast:
    low, quarter, median, three, high = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    return Nowcast(
        made=today,
        observable=name,
        series=series.id,
        period=period,
        expected=day,
        unit=series.unit,
        mean=float(np.mean(draws)),
        median=median,
        q05=low,
        q25=quarter,
        q75=three,
        q95=high,
        last_period=format_period(series.last, series.frequency),
        last=float(series.values.iloc[-1]),
        posterior=mark,
        quantiles=tuple(np.quantile(draws, LEVELS).tolist()),
    )


def read_log(file: Path) -> pd.DataFrame:
    """The log, all cells as text; empty when there is none yet.

    Raises
    ------
    DataError
        Another table.
    """
    if not is_there(file):
        return pd.DataFrame(columns=list(COLUMNS), dtype=str)
    advice = "this is no log of predictions; name another file with --log"
    try:
        found = pd.read_csv(stream_of(file), dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas's own errors are among the latter
        raise DataError(f"cannot be read: {error}", advice=advice, file=file) from error
    missing = [name for name in COLUMNS if name not in found.columns]
    if missing:
        reason = f"column '{missing[0]}' is missing"
        raise DataError(reason, advice=advice, file=file, line=1, variable=missing[0])
    return found


def with_new(log: pd.DataFrame, made: Iterable[Nowcast]) -> pd.DataFrame:
    """The log with predictions that are not in it: of another figure, or by other draws."""
    known = set(zip(log["observable"], log["period"], log["posterior"], strict=True))
    rows = [_cells(item) for item in made if (item.observable, item.period, item.posterior) not in known]
    return pd.concat([log, pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)], ignore_index=True)


def _cells(item: Nowcast) -> dict[str, str]:
    cells = {
        key: f"{value:.8g}" if isinstance(value, float) else str(value) for key, value in asdict(item).items()
    }
    cells["quantiles"] = ";".join(f"{value:.6g}" for value in item.quantiles)
    return {**dict.fromkeys(COLUMNS, ""), **cells}


def scored(log: pd.DataFrame, registry: Registry, today: date) -> tuple[pd.DataFrame, int]:
    """The log with the scores of predictions whose figure has come, and how many came too late to be predictions.

    Parameters
    ----------
    log : DataFrame
    registry : Registry
    today : date

    Returns
    -------
    log : DataFrame
        Rows that have scores keep them: a figure that is revised later does not change what was missed.
    late : int
        Predictions made when their figure might have been known; never scored.
    """
    found, late = log.copy(), 0
    for place, row in log.iterrows():
        if row["scored"] or row["series"] not in registry:
            continue
        series = registry.series(str(row["series"]))
        spelled = [format_period(period, series.frequency) for period in series.rows.index]
        if row["period"] not in spelled:
            continue
        line = series.rows.iloc[spelled.index(str(row["period"]))]
        if _known_before(row, str(line["vintage"])):
            late += 1
            continue
        for column, cell in _score(row, float(line["value"]), today).items():
            found.loc[place, column] = cell
    return found, late


def _known_before(row: pd.Series[str], vintage: str) -> bool:
    """Whether the figure might have been known when the prediction was made."""
    made = date.fromisoformat(row["made"])
    if made >= date.fromisoformat(row["expected"]):
        return True
    try:
        return date.fromisoformat(vintage.strip()) <= made
    except ValueError:  # a vintage that is no day, or none
        return False


def _score(row: pd.Series[str], figure: float, today: date) -> dict[str, str]:
    quantiles = np.array([float(text) for text in row["quantiles"].split(";")])
    low, quarter, three, high = (float(row[name]) for name in ("q05", "q25", "q75", "q95"))
    numbers = {
        "figure": figure,
        "percentile": float(np.mean(quantiles < figure) + 0.5 * np.mean(quantiles == figure)),
        "crps": quantile_crps(figure, quantiles),
        "error": figure - float(row["median"]),
        "error_last": figure - float(row["last"]),
    }
    marks = {"inside_50": quarter <= figure <= three, "inside_90": low <= figure <= high}
    return (
        {name: f"{value:.8g}" for name, value in numbers.items()}
        | {name: str(int(holds)) for name, holds in marks.items()}
        | {"scored": today.isoformat()}
    )


def quantile_crps(figure: float, quantiles: Array) -> float:
    """Continuous ranked probability score of a prediction known by its quantiles at `LEVELS`.

    Twice the mean of the quantile scores, as the integral over all levels is the CRPS (Laio and Tamea, Hydrology and
    Earth System Sciences 11, 2007).
    """
    off = figure - quantiles
    return float(2.0 * np.mean(np.where(off >= 0, LEVELS, LEVELS - 1.0) * off))


def tallies(log: pd.DataFrame, registry: Registry) -> list[Tally]:
    """Scores so far, summed by theme in the order of the log."""
    done = log[log["scored"] != ""]
    themes = [_theme(str(name), registry) for name in done["series"]]
    found = []
    for theme in dict.fromkeys(themes):
        part = done[[item == theme for item in themes]]
        number = {name: part[name].astype(float).to_numpy() for name in (*SAID, *SCORES) if name != "scored"}
        sd = np.maximum((number["q75"] - number["q25"]) / 1.349, 1e-300)
        last = float(np.mean(np.abs(number["error_last"]) / sd))
        crps = float(np.mean(number["crps"] / sd))
        inside = {name: float(number[name].mean()) for name in ("inside_50", "inside_90")}
        against = crps / last if last > 0 else math.nan
        found.append(Tally(theme, len(part), **inside, crps=crps, against_last=against))
    return found


def _theme(series: str, registry: Registry) -> str:
    if series not in registry:
        return series
    theme = registry.series(series).theme
    return registry.heading_of.get(theme, theme)
