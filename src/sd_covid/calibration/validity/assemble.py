"""The whole of a validation, from the stored posterior to the report.

Nothing is fitted again: draws come from ``posterior.parquet``, forecasts of the model from ``fit.json``. Where a series
is left out and weights of the draws would not do, the draws can be moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.forecasts.validation import lag_one, theil
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.results import read_report
from sd_covid.calibration.stored.store import Posterior, read_posterior, tables_hash
from sd_covid.calibration.types import Array, Progress, Simulator
from sd_covid.calibration.validity.checks import check_rows
from sd_covid.calibration.validity.forecasts import holdout_errors, rmse, rolling_errors
from sd_covid.calibration.validity.information import Information, information
from sd_covid.calibration.validity.refit import Refit, refit_without
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
from sd_covid.study_folder import is_there

SHOWN = 5  # parameters, and figures of other series, that move most
CLEAR = 3.0  # standard errors of a weighted mean: the largest of some hundred that stay put comes near it
LEVELS = (0.5, 0.8, 0.9)


@one_thread_of_algebra
def validate(
    path: Path | str,
    *,
    simulator: Simulator | None = None,
    refit: bool = False,
    seed: int = 0,
    progress: Step | None = None,
) -> ValidityReport:
    """Validate the stored posterior of a problem.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    refit : bool
        Whether draws are moved where a series is left out that they cannot be weighted without.
    seed : int
        Of the noise that is drawn, and of these moves.
    progress : callable, optional
        Called with (stage, done, total); stages are draws, information, benchmarks, refits.

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
    fit = read_report(report_file(problem)) if is_there(report_file(problem)) else None
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
        without=_without(objective, found, known, stored.values if refit else None, seed, stage("refits")),
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


def _without(
    objective: Objective,
    found: Replay,
    known: Information,
    draws: Array | None,
    seed: int,
    progress: Progress | None,
) -> tuple[WithoutSeries, ...]:
    """The posterior without each series and soft fact in turn; ``draws`` (chain, draw, parameter) may be moved."""
    given = {item.key for item in found.series if item.given}
    own = {key: known.only(key) for key in found.log_likelihoods if key not in given}
    weights = {key: weights_without(objective, found, key, places) for key, places in own.items()}
    due = [key for key, item in weights.items() if draws is not None and not item.reliable]
    rows = {}
    for key, item in weights.items():
        if key not in due:
            rows[key] = _row(item, found, _weighted(item, found))
            continue
        assert draws is not None
        moved = refit_without(objective, draws, key, own[key], seed=seed)
        rows[key] = _row(item, found, _moved(moved, objective))
        if progress is not None:
            progress(len(set(rows) & set(due)), len(due))
    return tuple(rows.values())


@dataclass(frozen=True, slots=True)
class _Draws:
    """What draws say without a series: their worth, means and spreads of parameters, and medians of every series.

    Attributes
    ----------
    mean, sd : ndarray, shape (parameter,)
    medians : dict
        Series -> posterior means of what the model says of its figures, and their spreads. Shape (figure,) each.
    """

    refitted: bool
    reliable: bool
    effective: float
    mean: Array
    sd: Array
    medians: dict[Key, tuple[Array, Array]]


def _weighted(weights: Weights, found: Replay) -> _Draws:
    """The stored draws with other weights."""
    medians = {
        item.key: (weights.mean(item.predicted.median), weights.sd(item.predicted.median))
        for item in found.series
    }
    numbers = weights.mean(found.parameters), weights.sd(found.parameters)
    return _Draws(False, weights.reliable, weights.effective, *numbers, medians)


def _moved(refit: Refit, objective: Objective) -> _Draws:
    """Draws that were moved, the model run at each."""
    found = replay(objective, refit.values)
    medians = {
        item.key: (item.median, np.asarray(item.predicted.median.std(axis=0))) for item in found.series
    }
    numbers = found.parameters.mean(axis=0), found.parameters.std(axis=0)
    return _Draws(True, not refit.faults, refit.effective, *numbers, medians)


def _row(weights: Weights, found: Replay, draws: _Draws) -> WithoutSeries:
    """What moves most without a series."""
    shared = [place for place, name in enumerate(found.names) if name not in weights.own]
    before = found.parameters[:, shared]
    noise = CLEAR / np.sqrt(draws.effective)
    parameters = _shifts(
        [found.names[k] for k in shared],
        (before.mean(axis=0), before.std(axis=0), draws.mean[shared], draws.sd[shared]),
        noise,
    )
    others = [item for item in found.series if item.key != weights.key and not item.given]
    last = [
        (item.median[-1], item.predicted.median[:, -1].std(), *(part[-1] for part in draws.medians[item.key]))
        for item in others
    ]
    figures = _shifts([_label(item.key) for item in others], np.array(last).reshape(-1, 4).T, noise)
    errors = (np.nan, np.nan)
    for item in found.series:
        if item.key == weights.key:
            alone = draws.medians[item.key][0]
            errors = rmse(item.median - item.series.figures), rmse(alone - item.series.figures)
    return WithoutSeries(
        _label(weights.key),
        weights.k,
        draws.refitted,
        draws.reliable,
        draws.effective,
        weights.own,
        *errors,
        parameters,
        figures,
    )


def _shifts(names: list[str], numbers: Sequence[Array] | Array, noise: float) -> tuple[Shift, ...]:
    """Those that move most in posterior sd, by more than draws move that should stay where they are.

    ``numbers`` are means and sds with the series, and without it.
    """
    rows = [
        Shift(name, *map(float, own)) for name, own in zip(names, zip(*numbers, strict=True), strict=True)
    ]
    clear = [row for row in rows if abs(row.in_sd) > noise]
    return tuple(sorted(clear, key=lambda row: -abs(row.in_sd))[:SHOWN])
