"""The whole of a calibration, from the problem file to the stored posterior, and back.

`calibrate` fits, samples, validates and writes; `check_stored` shows that what is stored still belongs to the tables
and the model; `load_predictor` and `sd_covid.calibration.forecasts.predict.predict` give the figures that the posterior
predicts. The command line and the report call these; what they print is their own affair.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.density.objective import Objective, model_names
from sd_covid.calibration.fitting.fit import Fit, fit, laplace
from sd_covid.calibration.fitting.identify import identify
from sd_covid.calibration.fitting.starts import KeptStarts, kept_file
from sd_covid.calibration.forecasts.predict import Predictor
from sd_covid.calibration.forecasts.validation import fact_rows, rolling, series_rows
from sd_covid.calibration.problem.lint import check_series
from sd_covid.calibration.problem.partial import without_unused
from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.calibration.problem.units_lint import check_units
from sd_covid.calibration.results import FitReport, ParameterRow, StoredFitCheck, write_report
from sd_covid.calibration.samplers.methods import DEFAULT, Method
from sd_covid.calibration.samplers.posterior import Diagnostics, Samples, budget_of, diagnostics, sample
from sd_covid.calibration.stored.seen import record
from sd_covid.calibration.stored.store import (
    Posterior,
    read_posterior,
    tables_hash,
    versions,
    write_posterior,
)
from sd_covid.calibration.types import Array, Progress, Simulator
from sd_covid.data import read_registry

IDENTIFIED = 0.9  # a posterior sd above nine tenths of the prior's says that the figures hardly speak
KEEP = 1000  # stored draws
TOLERANCE = 1e-6  # of a log posterior of some hundreds: other processors round differently, other data do not

Step = Callable[[str, int, int], None]
"""Progress: called with (stage, done, total); stages are fit, sample, information, runs, series, origins."""

Stages = Callable[[str], Progress | None]
"""Name of a stage -> what tells of it."""


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What `calibrate` made: the stored posterior, the report, where they are, and how many starts were resumed."""

    posterior: Posterior
    report: FitReport
    posterior_file: Path
    report_file: Path
    resumed: int = 0

    @property
    def converged(self) -> bool:
        """Whether every parameter has R-hat at most 1.01 and a bulk ESS of at least 400."""
        return self.report.converged


def posterior_file(problem: Problem) -> Path:
    """Where a problem's draws are kept: ``posterior.parquet`` beside ``problem.yaml``, a variant's by its name."""
    return problem.path.with_name(
        "posterior.parquet" if problem.base is None else f"{problem.path.stem}.parquet"
    )


def report_file(problem: Problem) -> Path:
    """Where a problem's fit report is kept: ``fit.json`` beside ``problem.yaml``, a variant's under its own name."""
    return problem.path.with_name("fit.json" if problem.base is None else f"{problem.path.stem}.json")


def load_problem(path: Path | str, simulator: Simulator | None = None) -> tuple[Problem, Simulator]:
    """Read a problem and load its model.

    Raises
    ------
    ProblemError, ModelError
    """
    problem = read_problem(path)
    if (problem.folder / "series").is_dir():
        for fault in check_series(problem, read_registry(problem.folder / "series")):
            raise fault
    if simulator is None:
        import sd_covid

        simulator = sd_covid.load(problem.model_path)
    for fault in check_units(problem, simulator):
        raise fault
    return without_unused(problem, simulator) if problem.partial else problem, simulator


def model_hash(simulator: Simulator) -> str:
    """Hash of the model as the engine sees it: results carry the same one."""
    from sd_covid.engine.results import model_hash as of_model

    return of_model(simulator.model, simulator.program)


@one_thread_of_algebra
def calibrate(
    path: Path | str,
    *,
    simulator: Simulator | None = None,
    starts: int = 20,
    method: Method = DEFAULT,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    threads: int = 1,
    seed: int = 0,
    write: bool = True,
    resume: bool = False,
    progress: Step | None = None,
) -> CalibrationResult:
    """Fit and sample a problem, and store draws and report beside it.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    starts : int
        Starts of the multi-start fit.
    method : str
        The sampler, ``lanes``, ``nuts`` or ``smc``; see `sd_covid.calibration.samplers.posterior`.
    draws, tune, chains : int, optional
        Of the sampler, draws and warm-up a chain; by default as is usual for it.
    threads : int
    seed : int
        Of everything random.
    write : bool
        Whether to write ``posterior.parquet`` and ``fit.json``.
    resume : bool
        Whether starts that an interrupted fit of the same problem and seed had finished count.
    progress : callable, optional

    Raises
    ------
    ProblemError, ModelError, DataError, RunError
    """
    stage = _stages(progress)
    # refused before the fit, which takes long
    budget = budget_of(method, chains=chains, draws=draws, tune=tune)
    problem, simulator = load_problem(path, simulator)
    registry = read_registry(problem.folder / "series")
    objective = Objective(problem, simulator)
    kept = kept_starts(problem, simulator, seed, resume=resume)
    found = fit(objective, starts=starts, seed=seed, threads=threads, kept=kept, progress=stage("fit"))
    samples = sample(
        objective,
        laplace(objective, found.best),
        method=method,
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        threads=threads,
        seed=seed,
        progress=stage("sample"),
    )
    posterior = _posterior(problem, simulator, objective, found, samples, seed)
    predictor = Predictor(problem, simulator, registry, posterior, seed=seed, progress=stage("runs"))
    report = _report(objective, simulator, found, samples, posterior, predictor, stage)
    result = CalibrationResult(
        posterior, report, posterior_file(problem), report_file(problem), found.resumed
    )
    if write:
        write_posterior(posterior, result.posterior_file)
        write_report(report, result.report_file)
    return result


def _stages(progress: Step | None) -> Stages:
    """What tells of each stage; nothing where nobody listens."""

    def stage(name: str) -> Progress | None:
        return None if progress is None else lambda done, total: progress(name, done, total)

    return stage


def _report(
    objective: Objective,
    simulator: Simulator,
    found: Fit,
    samples: Samples,
    posterior: Posterior,
    predictor: Predictor,
    stage: Stages,
) -> FitReport:
    """What a fit is worth: convergence, what is identified, fit and forecasts of every series."""
    problem = objective.problem
    tell = stage("information") or (lambda done, total: None)
    tell(0, 1)
    information = identify(objective, found.best, samples.values.reshape(-1, objective.dimension))
    tell(1, 1)
    diagnosed = diagnostics(samples.values)
    rows = parameter_rows(problem, posterior, found.best, samples.values, diagnosed)
    unconverged = tuple(objective.names[index] for index in diagnosed.unconverged())
    kept = ("model_hash", "data_hash", "method", "seed", "versions", "tempering")
    return FitReport(
        converged=not unconverged,
        parameters=rows,
        series=series_rows(problem, simulator, found.best, predictor, stage("series")),
        rolling=rolling(problem, simulator, found.best, stage("origins")),
        starts=found.starts,
        not_identified=tuple(row.id for row in rows if not row.identified),
        not_converged=unconverged,
        divergences=samples.divergences,
        draws=samples.values.shape[0] * samples.values.shape[1],
        chains=samples.values.shape[0],
        provenance={key: posterior.provenance[key] for key in kept if key in posterior.provenance},
        facts=fact_rows(problem, predictor),
        identifiability=information,
    )


def kept_starts(problem: Problem, simulator: Simulator, seed: int, *, resume: bool) -> KeptStarts:
    """Where the finished starts of a fit are kept; they belong to these tables, this model, seed and software."""
    file = kept_file(tables_hash(problem), model_hash(simulator), seed, versions())
    return KeptStarts(file, resume=resume)


def _posterior(
    problem: Problem, simulator: Simulator, objective: Objective, found: Fit, samples: Samples, seed: int
) -> Posterior:
    """The draws to be stored: thinned, with their log posterior."""
    kept = samples.thinned(KEEP)
    chains, count, _ = kept.shape
    flat = kept.reshape(chains * count, -1)
    frame = pd.DataFrame(flat, columns=objective.names)
    frame.insert(0, "chain", np.repeat(np.arange(chains), count))
    frame.insert(1, "draw", np.tile(np.arange(count), chains))
    frame.insert(2, "log_posterior", objective.log_posteriors(flat)[0])
    names = model_names(problem, simulator)
    constants = {name: constant for name in objective.names if (constant := names.constant(name)) is not None}
    provenance = {
        "constants": constants,
        "best": dict(zip(objective.names, found.best.tolist(), strict=True)),
        "model_hash": model_hash(simulator),
        "data_hash": tables_hash(problem),
        **record(problem),
        "method": samples.method,
        "seed": seed,
        "versions": versions(),
    }
    if samples.annealed is not None:
        provenance["tempering"] = samples.annealed.record()
    return Posterior(frame, provenance)


def parameter_rows(
    problem: Problem, posterior: Posterior, best: Array, values: Array, found: Diagnostics
) -> tuple[ParameterRow, ...]:
    """Prior, posterior and diagnostics of every estimated parameter.

    Parameters
    ----------
    problem : Problem
    posterior : Posterior
    best : ndarray, shape (parameter,)
    values : ndarray, shape (chain, draw, parameter)
        All draws, not only the stored ones.
    found : Diagnostics
    """
    flat = values.reshape(-1, values.shape[-1])
    constants = posterior.provenance["constants"]
    rows = []
    for index, item in enumerate(problem.estimated):
        if item.prior is None:
            continue
        sd = float(np.std(flat[:, index], ddof=1))
        low, high = np.quantile(flat[:, index], [0.05, 0.95]).tolist()
        shrinkage = sd / item.prior.sd
        rows.append(
            ParameterRow(
                id=item.id,
                name=item.row.text("parameterName") or item.id,
                unit=item.row.text("unit"),
                constant=constants.get(item.id, ""),
                prior_median=item.prior.median,
                prior_sd=item.prior.sd,
                best=float(best[index]),
                mean=float(flat[:, index].mean()),
                sd=sd,
                low=low,
                high=high,
                shrinkage=shrinkage,
                identified=shrinkage < IDENTIFIED,
                r_hat=float(found.r_hat[index]),
                ess_bulk=float(found.ess_bulk[index]),
                ess_tail=float(found.ess_tail[index]),
            )
        )
    return tuple(rows)


def check_stored(path: Path | str, *, simulator: Simulator | None = None, draws: int = 20) -> StoredFitCheck:
    """Whether the stored posterior still belongs to the tables and the model.

    Hashes tell that something changed; the log posterior recomputed at the best fit and at some draws tells whether it
    matters.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional
    draws : int
        How many of the stored draws are recomputed, spread over all of them.

    Raises
    ------
    ProblemError, ModelError, DataError
    """
    problem, simulator = load_problem(path, simulator)
    stored = read_posterior(posterior_file(problem))
    objective = Objective(problem, simulator)
    same_tables = stored.provenance["data_hash"] == tables_hash(problem)
    same_model = stored.provenance["model_hash"] == model_hash(simulator)
    if list(stored.parameters.columns) != objective.names:
        reason = "the stored draws are of other parameters than the table's"
        return StoredFitCheck(False, same_tables, same_model, 0, math.nan, reason)
    chosen = np.linspace(0, len(stored.frame) - 1, min(draws, len(stored.frame))).astype(int)
    values = stored.parameters.to_numpy(dtype=np.float64)[chosen]
    then = stored.frame["log_posterior"].to_numpy(dtype=np.float64)[chosen]
    now = objective.log_posteriors(values, slopes=False)[0]
    difference = float(np.max(np.abs(now - then))) if np.all(np.isfinite(now)) else math.inf
    agrees = difference <= TOLERANCE * max(1.0, float(np.max(np.abs(then))))
    reasons = [
        text
        for wrong, text in (
            (not same_tables, "the tables have changed since the draws were made"),
            (not same_model, "the model has changed since the draws were made"),
            (not agrees, f"the log posterior of the draws differs by up to {difference:.3g}"),
        )
        if wrong
    ]
    return StoredFitCheck(not reasons, same_tables, same_model, len(chosen), difference, "; ".join(reasons))


def load_predictor(
    path: Path | str, *, simulator: Simulator | None = None, seed: int = 0, progress: Step | None = None
) -> Predictor:
    """The predictor of a problem's stored posterior.

    Raises
    ------
    ProblemError, ModelError, DataError, RunError
    """
    problem, simulator = load_problem(path, simulator)
    registry = read_registry(problem.folder / "series")
    stored = read_posterior(posterior_file(problem))
    runs = None if progress is None else lambda done, total: progress("runs", done, total)
    return Predictor(problem, simulator, registry, stored, seed=seed, progress=runs)
