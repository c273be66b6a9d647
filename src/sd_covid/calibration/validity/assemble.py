"""The whole of a validation, from the stored posterior to the report.

Nothing is fitted again: draws come from ``posterior.parquet``, forecasts of the model from ``fit.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sd_covid.calibration.objective import Objective
from sd_covid.calibration.petab import Problem
from sd_covid.calibration.results import read_report
from sd_covid.calibration.store import Posterior, read_posterior, tables_hash
from sd_covid.calibration.types import Array, Progress, Simulator
from sd_covid.calibration.validation import lag_one, theil
from sd_covid.calibration.validity.checks import check_rows
from sd_covid.calibration.validity.forecasts import holdout_errors, rmse, rolling_errors
from sd_covid.calibration.validity.information import Information, information
from sd_covid.calibration.validity.replay import Key, Replay, SeriesReplay, replay
from sd_covid.calibration.validity.report import (
    Coverage,
    Point,
    SeriesValidity,
    Shift,
    Taught,
    ValidityReport,
    WithoutSeries,
)
from sd_covid.calibration.validity.scores import covered, crps, ljung_box, residuals
from sd_covid.calibration.validity.without import Weights, weights_without
from sd_covid.calibration.workflow import Step, load_problem, model_hash, posterior_file, report_file
from sd_covid.errors import DataError, RunError

SHOWN = 5  # parameters, and figures of other series, that move most
CLEAR = 3.0  # standard errors of a weighted mean: the largest of some hundred that stay put comes near it
LEVELS = (0.5, 0.8, 0.9)


def validate(
    path: Path | str, *, simulator: Simulator | None = None, seed: int = 0, progress: Step | None = None
) -> ValidityReport:
    """Validate the stored posterior of a problem.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    seed : int
        Of the noise that is drawn.
    progress : callable, optional
        Called with (stage, done, total); stages are draws, information, benchmarks.

    Raises
    ------
    ProblemError, ModelError
    DataError
        No draws, or draws or forecasts of other parameters or figures.
    RunError
        The model fails at every draw.
    """

    def stage(name: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, total: progress(name, done, total)

    problem, simulator = load_problem(path, simulator)
    stored = read_posterior(posterior_file(problem))
    objective = Objective(problem, simulator)
    found = _replayed(problem, objective, stored, stage("draws"))
    best = np.array([stored.provenance["best"][name] for name in objective.names])
    known = information(objective, best, seed=seed, progress=stage("information"))
    fit = read_report(report_file(problem)) if report_file(problem).is_file() else None
    # forecasts are of the model as it stands, without an experiment
    plain = {item.key[0]: item.series for item in found.series if not item.key[1]}
    return ValidityReport(
        problem=str(problem.path),
        draws=len(stored.frame),
        failed=found.failed,
        stale=_stale(problem, simulator, stored),
        observed_drivers=problem.extension.observed_drivers,
        series=tuple(_series(item, seed) for item in found.series),
        holdout=() if fit is None else holdout_errors(fit, plain),
        rolling=() if fit is None else rolling_errors(fit, plain, stage("benchmarks")),
        taught=_taught(known, found, objective),
        without=_without(objective, found, known),
        facts=() if fit is None else fit.facts,
        provenance={
            key: stored.provenance.get(key) for key in ("model_hash", "data_hash", "seed", "versions")
        },
    )


def _replayed(problem: Problem, objective: Objective, stored: Posterior, progress: Progress | None) -> Replay:
    """The model at every stored draw."""
    file = posterior_file(problem)
    if list(stored.parameters.columns) != objective.names:
        reason = "the stored draws are of other parameters than the table's"
        raise DataError(reason, advice="run sd-covid calibrate again", file=file)
    found = replay(objective, stored.parameters.to_numpy(dtype=np.float64), progress)
    if not len(found.parameters):
        reason = f"the model fails at all {len(stored.frame)} stored draws"
        raise RunError(reason, advice="run sd-covid calibrate again")
    return found


def _stale(problem: Problem, simulator: Simulator, stored: Posterior) -> tuple[str, ...]:
    """What has changed since the draws were made."""
    same = {
        "tables": stored.provenance["data_hash"] == tables_hash(problem),
        "model": stored.provenance["model_hash"] == model_hash(simulator),
    }
    return tuple(name for name, holds in same.items() if not holds)


def _series(item: SeriesReplay, seed: int) -> SeriesValidity:
    figures, observable = item.series.figures, item.series.observation.observable
    model, ends = item.median, item.series.observation.ends
    drawn, left_out = item.replicates(seed), item.left_out(seed)
    bias, variance, covariance = theil(figures, model)
    residual, new = residuals(item)
    lags, probability = ljung_box(new)
    return SeriesValidity(
        observable=observable.id,
        experiment=item.key[1],
        series=observable.series,
        name=observable.name,
        unit=observable.unit,
        given=item.given,
        rmse=rmse(model - figures),
        mae=float(np.mean(np.abs(model - figures))),
        bias=float(np.mean(model - figures)),
        theil_bias=bias,
        theil_variance=variance,
        theil_covariance=covariance,
        lag_one=lag_one(residual),
        lag_one_new=lag_one(new),
        lags=lags,
        ljung_box=probability,
        drawn=Coverage(*(covered(figures, drawn, level) for level in LEVELS)),
        left_out=Coverage(*(covered(figures, left_out, level) for level in LEVELS)),
        crps=float(np.mean(crps(figures, left_out))),
        checks=() if item.given else check_rows(figures, drawn, ends),
        points=_points(item, drawn),
    )


def _points(item: SeriesReplay, drawn: Array) -> tuple[Point, ...]:
    bands = np.quantile(drawn, [0.05, 0.25, 0.75, 0.95], axis=0).T.tolist()
    middle = np.median(item.predicted.median, axis=0).tolist()
    return tuple(
        Point(row.period or f"{row.time:g}", row.time, row.value, row.holdout, median, *band)
        for row, median, band in zip(item.series.measurements, middle, bands, strict=True)
    )


def _label(key: Key) -> str:
    """What a series is called in a report: its observable, with the experiment where there is one."""
    return key[0] if not key[1] else f"{key[0]} ({key[1]})"


def _taught(known: Information, found: Replay, objective: Objective) -> tuple[Taught, ...]:
    """What every series teaches every parameter, beside how far the stored draws contracted."""
    prior, shares = known.shares()
    spread = known.spread()
    without = {key: known.spread(key) for key in known.matrices}
    rows = []
    for place, item in enumerate(objective.parameters):
        told = {_label(key): float(part[place]) for key, part in shares.items() if part[place] > 0}
        alone = {_label(key): float(part[place]) for key, part in without.items() if shares[key][place] > 0}
        sd = float(np.std(found.parameters[:, place], ddof=1)) if len(found.parameters) > 1 else np.nan
        contracted = np.nan if item.prior is None else sd / item.prior.sd
        rows.append(Taught(item.id, float(prior[place]), told, contracted, float(spread[place]), alone))
    return tuple(rows)


def _without(objective: Objective, found: Replay, known: Information) -> tuple[WithoutSeries, ...]:
    """The posterior without each series and soft fact in turn."""
    by_key = {item.key: item for item in found.series}
    rows = []
    for key in found.log_likelihoods:
        if key in by_key and by_key[key].given:
            continue
        weights = weights_without(objective, found, key, known.only(key))
        rows.append(_moved(weights, found, by_key.get(key)))
    return tuple(rows)


def _moved(weights: Weights, found: Replay, own: SeriesReplay | None) -> WithoutSeries:
    shared = [place for place, name in enumerate(found.names) if name not in weights.own]
    parameters = _shifts([found.names[k] for k in shared], found.parameters[:, shared], weights)
    others = [item for item in found.series if item is not own and not item.given]
    last = np.empty((len(found.parameters), len(others)))
    for place, item in enumerate(others):
        last[:, place] = item.predicted.median[:, -1]
    figures = _shifts([_label(item.key) for item in others], last, weights)
    errors = (np.nan, np.nan)
    if own is not None:
        alone = weights.mean(own.predicted.median)
        errors = rmse(own.median - own.series.figures), rmse(alone - own.series.figures)
    label = _label(weights.key)
    return WithoutSeries(
        label, weights.k, weights.reliable, weights.effective, weights.own, *errors, parameters, figures
    )


def _shifts(names: list[str], values: Array, weights: Weights) -> tuple[Shift, ...]:
    """Those that move most in posterior sd, by more than the weights move what they should leave alone."""
    noise = CLEAR / np.sqrt(weights.effective)
    rows = [
        Shift(name, *numbers)
        for name, *numbers in zip(
            names,
            values.mean(axis=0).tolist(),
            values.std(axis=0).tolist(),
            weights.mean(values).tolist(),
            weights.sd(values).tolist(),
            strict=True,
        )
    ]
    clear = [row for row in rows if abs(row.in_sd) > noise]
    return tuple(sorted(clear, key=lambda row: -abs(row.in_sd))[:SHOWN])
