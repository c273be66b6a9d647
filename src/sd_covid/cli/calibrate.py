"""``sd-covid calibrate``: fit a problem and sample its posterior, or check the stored one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.calibration.samplers.methods import DEFAULT, Method, usual
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.identifiability import show_identifiability, show_starts
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError
from sd_covid.study_folder import is_there

if TYPE_CHECKING:
    from sd_covid.calibration.results import FitReport
    from sd_covid.calibration.workflow import CalibrationResult

STAGES = {
    "fit": "fitting from many starts",
    "sample": "sampling the posterior",
    "information": "telling what the figures identify",
    "runs": "running the draws",
    "series": "scoring the series",
    "origins": "forecasting from earlier months",
}

Problem = Annotated[Path, typer.Argument(metavar="PROBLEM", help="A problem.yaml.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")]


def command(
    problem: Problem,
    check: Annotated[
        bool,
        typer.Option("--check", help="Do not fit: check that the stored draws belong to model and figures."),
    ] = False,
    identify: Annotated[
        bool,
        typer.Option(
            "--identify",
            help="Do not fit: tell what the figures identify at the stored fit, and keep it there.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the starts that an interrupted fit had finished.")
    ] = False,
    starts: Annotated[int, typer.Option("--starts", min=1, help="Starts of the fit.")] = 20,
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="Sampler: chains in one batch, one by one, or particles from the prior.",
        ),
    ] = DEFAULT,
    draws: Annotated[
        int | None,
        typer.Option("--draws", min=4, help=f"Draws a chain, or particles an island; {usual('draws')}."),
    ] = None,
    tune: Annotated[
        int | None, typer.Option("--tune", min=1, help=f"Warm-up draws a chain; {usual('tune')}.")
    ] = None,
    chains: Annotated[
        int | None, typer.Option("--chains", min=2, help=f"Chains, or islands; {usual('chains')}.")
    ] = None,
    seed: Seed = 0,
) -> int:
    """Fit a problem, sample its posterior, and store both beside it. Exit code 1 when it did not converge."""
    if check and identify:
        raise RunError("--check and --identify are two things", advice="give one of them")
    if check:
        return _check(problem)
    if identify:
        return _identify(problem)
    from sd_covid.calibration.results import write_report
    from sd_covid.calibration.stored.store import write_posterior
    from sd_covid.calibration.workflow import calibrate

    sizes = partial(calibrate, starts=starts, method=method, draws=draws, tune=tune, chains=chains)
    result = _fit(partial(sizes, problem, seed=seed, resume=resume, write=False))
    if resume:
        note(f"{result.resumed} of {starts} starts came from the interrupted fit")
    write_posterior(result.posterior, result.posterior_file)
    write_report(result.report, result.report_file)
    _show_parameters(result.report)
    _show_series(result.report)
    show_starts(result.report)
    if result.report.identifiability is not None:
        show_identifiability(result.report.identifiability)
    _show_tempering(result.report)
    note(f"wrote {result.posterior_file} and {result.report_file}")
    return _conclude(result.report)


def _fit(work: Callable[..., CalibrationResult]) -> CalibrationResult:
    """Fit and sample with progress; on Ctrl-C say how to go on."""
    from sd_covid.engine.run.kernel import thread_count

    try:
        with stages(STAGES) as step:
            return work(threads=thread_count(), progress=step)
    except KeyboardInterrupt:
        note("finished starts of the fit are kept; the same command with --resume goes on from them")
        raise


def _check(problem: Path) -> int:
    """Compare the stored draws with the model and the figures."""
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.results import read_report
    from sd_covid.calibration.workflow import check_stored, report_file

    found = check_stored(problem)
    stored = report_file(read_problem(problem))
    if is_there(stored):
        _show_series(read_report(stored))
    if not found.matches:
        say(f"the stored fit does not match: {found.reason}; run sd-covid calibrate {problem}")
        return 1
    say(
        f"the stored fit matches model and figures: log posterior of {found.draws_checked} draws recomputed, "
        f"largest difference {found.largest_difference:.2g}"
    )
    return 0


def _identify(problem: Path) -> int:
    """Tell what the figures identify at the stored best fit, and put it into the stored report."""
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.questions import identify_stored
    from sd_covid.calibration.results import write_report
    from sd_covid.calibration.workflow import report_file

    report = identify_stored(problem)
    file = report_file(read_problem(problem))
    write_report(report, file)
    show_starts(report)
    if report.identifiability is not None:
        show_identifiability(report.identifiability)
    note(f"wrote {file}")
    return 0


def _show_parameters(report: FitReport) -> None:
    """Print every parameter with its prior, posterior and diagnostics."""
    headers = (
        "parameter",
        "unit",
        "prior median",
        "mean",
        "sd",
        "5 %",
        "95 %",
        "sd / prior sd",
        "R-hat",
        "ESS",
    )
    rows = [
        (
            row.id,
            row.unit,
            *(f"{value:.4g}" for value in (row.prior_median, row.mean, row.sd, row.low, row.high)),
            f"{row.shrinkage:.2f}",
            f"{row.r_hat:.3f}",
            f"{row.ess_bulk:.0f}",
        )
        for row in report.parameters
    ]
    table("Parameters", headers, rows, numbers=range(2, 10))


def _show_tempering(report: FitReport) -> None:
    """Print the stages by which particles came from the prior, and the evidence."""
    found = report.provenance.get("tempering")
    if found is None:
        return
    headers = ("temperature", "ESS", "Pareto k", "moves", "steps", "acceptance", "correlation left")
    rows = [
        (
            f"{stage['temperature']:.3g}",
            f"{stage['ess']:.0%}",
            _number(stage["k"]),
            str(stage["moves"]),
            str(stage["steps"]),
            f"{stage['acceptance']:.2f}",
            f"{stage['correlation']:.2f}",
        )
        for stage in found["stages"]
    ]
    table("Stages", headers, rows, numbers=range(7))
    note(f"log evidence {found['log_evidence']:.2f} ± {found['log_evidence_error']:.2f}")


def _show_series(report: FitReport) -> None:
    """Print how every series is fitted and forecast."""
    headers = (
        "observable",
        "unit",
        "figures",
        "RMSE",
        "RMSE / sd",
        "in 50 %",
        "in 90 %",
        "hold-out",
        "last value",
    )
    rows = [
        (
            row.observable,
            row.unit,
            str(row.points),
            f"{row.rmse:.3g}",
            f"{row.rmse_share:.2f}",
            f"{row.coverage_50:.0%}",
            f"{row.coverage_90:.0%}",
            _number(row.holdout_rmse),
            _number(row.holdout_naive),
        )
        for row in report.series
    ]
    table(
        "Fit: share of figures within their interval; error on held-out figures",
        headers,
        rows,
        numbers=range(2, 9),
    )
    for item in report.rolling:
        ratio = item.pooled_rmse / item.pooled_naive_rmse
        note(
            f"{item.observable}: 12-month forecasts from {len(item.origins)} origins, {ratio:.2f} × last value's error"
        )


def _number(value: float) -> str:
    """A number, or nothing where there is none."""
    return "" if value != value else f"{value:.3g}"


def _conclude(report: FitReport) -> int:
    """Say whether the fit can be trusted; the exit code."""
    if report.not_identified:
        warn(f"the figures say little about {', '.join(report.not_identified)}")
    if report.divergences:
        warn(f"{report.divergences} of {report.draws} draws diverged")
    if not report.converged:
        say(f"not converged: {', '.join(report.not_converged)}; try more --draws or --tune")
        return 1
    say(f"converged: {report.draws} draws in {report.chains} chains")
    return 0
